use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use calamine::Data;
use expect_test::{Expect, expect};
use project::{
    Block, ChartKind, ColumnFormat, Parameter, ParameterType, ReportColumn, ReportDefinition, Text,
};
use service::{Manifest, ManifestQuery};

use super::{check_table, csv, html, workbook};
use crate::Language;
use crate::sheet::testing::{sheets, text as cell};

type Answers = BTreeMap<String, Vec<RecordBatch>>;

fn text(vi: &str, en: &str) -> Text {
    Text {
        vi: vi.to_owned(),
        en: en.to_owned(),
    }
}

fn column(name: &str, format: ColumnFormat) -> ReportColumn {
    ReportColumn {
        name: name.to_owned(),
        label: text(&format!("Cột {name}"), name),
        format,
    }
}

fn definition(layout: Vec<Block>) -> ReportDefinition {
    ReportDefinition {
        name: "monthly".to_owned(),
        title: text("Báo cáo <tháng>", "Report of the <month>"),
        description: text("Dùng để xem", "To look at"),
        parameters: vec![Parameter {
            name: "period".to_owned(),
            parameter_type: ParameterType::Period,
            required: true,
            default: None,
            label: text("Kỳ", "Period"),
        }],
        queries: BTreeMap::from([("scores".to_owned(), "select 1".to_owned())]),
        layout,
        sha256: "cd".repeat(32),
        path: "warehouse/reports/monthly.yaml".to_owned(),
    }
}

fn manifest() -> Manifest {
    Manifest {
        report: "monthly".to_owned(),
        definition_sha256: "cd".repeat(32),
        params: BTreeMap::from([("period".to_owned(), "2026-09".to_owned())]),
        queries: vec![ManifestQuery {
            name: "scores".to_owned(),
            sql_sha256: "ef".repeat(32),
            rows: 1234,
        }],
        input_versions: BTreeMap::from([("served.scores".to_owned(), 7)]),
        outputs: BTreeMap::new(),
        rendered_at: "2026-09-15T01:02:03Z".parse().unwrap(),
    }
}

fn batch(names: Vec<&str>, scores: Vec<Option<i128>>) -> RecordBatch {
    let ranks = Int64Array::from_iter_values(1..=names.len() as i64);
    let scores = Decimal128Array::from(scores)
        .with_precision_and_scale(7, 4)
        .unwrap();
    let columns: [(&str, ArrayRef); 3] = [
        ("name", Arc::new(StringArray::from(names))),
        ("rank", Arc::new(ranks)),
        ("score", Arc::new(scores)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

fn answers(batches: Vec<RecordBatch>) -> Answers {
    BTreeMap::from([("scores".to_owned(), batches)])
}

fn table(columns: Vec<ReportColumn>) -> Block {
    Block::Table {
        query: "scores".to_owned(),
        title: text("Bảng", "Table"),
        columns,
    }
}

fn chart(x: &str, y: &str) -> Block {
    let (query, title) = ("scores".to_owned(), text("Điểm", "Scores"));
    Block::Chart {
        kind: ChartKind::Bar,
        query,
        x: x.to_owned(),
        y: y.to_owned(),
        title,
    }
}

fn figures(columns: Vec<ReportColumn>) -> Block {
    Block::Figures {
        query: "scores".to_owned(),
        columns,
    }
}

fn refused(layout: Vec<Block>, answers: &Answers, expected: &Expect) {
    let error = html(&definition(layout), Language::Vi, answers, &manifest()).unwrap_err();
    expected.assert_eq(&error.to_string());
}

fn rendered(layout: Vec<Block>, language: Language, answers: &Answers) -> String {
    html(&definition(layout), language, answers, &manifest()).unwrap()
}

/// What stands between `<main>` and `</main>`.
fn body(document: &str) -> &str {
    let (_, rest) = document.split_once("<main>").unwrap();
    rest.split_once("</main>").unwrap().0
}

#[test]
fn a_block_that_asks_for_what_is_not_there_is_refused_by_name() {
    let some = answers(vec![batch(vec!["Huế"], vec![Some(1)])]);
    let absent = || vec![column("absent", ColumnFormat::Text)];
    let missing = expect![[
        r#"the answer to query `scores` has no column `absent`; it has `name`, `rank`, `score`"#
    ]];
    refused(vec![table(absent())], &some, &missing);
    refused(vec![figures(absent())], &some, &missing);
    refused(vec![chart("absent", "score")], &some, &missing);
    refused(vec![chart("name", "absent")], &some, &missing);
    let other = BTreeMap::from([("other".to_owned(), vec![])]);
    refused(
        vec![table(absent())],
        &other,
        &expect!["there is no answer to query `scores`; answered were `other`"],
    );
    refused(
        vec![table(absent())],
        &Answers::new(),
        &expect!["there is no answer to query `scores`; answered were none"],
    );
}

#[test]
fn a_column_without_the_wanted_form_is_refused() {
    let some = answers(vec![batch(vec!["Huế"], vec![Some(1)])]);
    refused(
        vec![table(vec![column("name", ColumnFormat::Percent1)])],
        &some,
        &expect![
            "column `name` of query `scores` cannot be shown as `percent1`: it is `Utf8`; cast it in the query or choose another format"
        ],
    );
    refused(
        vec![chart("rank", "name")],
        &some,
        &expect![
            "column `name` of query `scores` cannot be shown as `chart`: it is `Utf8`; cast it in the query or choose another format"
        ],
    );
}

#[test]
fn an_answer_without_rows_is_said_and_not_drawn() {
    let layout = || {
        vec![
            figures(vec![column("score", ColumnFormat::Decimal1)]),
            chart("name", "score"),
            table(vec![column("name", ColumnFormat::Text)]),
        ]
    };
    for batches in [vec![], vec![batch(vec![], vec![])]] {
        let document = rendered(layout(), Language::Vi, &answers(batches));
        let body = body(&document);
        assert_eq!(body.matches("Không có số liệu").count(), 3, "{body}");
        assert!(!body.contains("<table") && !body.contains("<svg"), "{body}");
    }
}

#[test]
fn values_cannot_become_markup() {
    let evil = "<script>alert('x')</script>\"&";
    let some = answers(vec![batch(vec![evil], vec![Some(1)])]);
    let layout = vec![
        figures(vec![column("name", ColumnFormat::Text)]),
        chart("name", "score"),
        table(vec![column("name", ColumnFormat::Text)]),
    ];
    let document = rendered(layout, Language::Vi, &some);
    assert!(!document.contains("<script"), "{document}");
    assert!(document.contains("Báo cáo &#60;tháng&#62;"), "{document}");
}

#[test]
fn a_report_stands_alone_without_inline_styles_scripts_or_addresses() {
    let some = answers(vec![batch(vec!["Huế"], vec![Some(1)])]);
    let document = rendered(vec![chart("name", "score")], Language::En, &some);
    assert!(
        document.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"),
        "{document}"
    );
    assert_eq!(document.matches("<h1>").count(), 1);
    assert_eq!(document.matches("<style>").count(), 1);
    for never in [
        "style=", "<script", "http:", "https:", "url(", "@import", "src=", "onload",
    ] {
        assert!(!document.contains(never), "{never}");
    }
}

#[test]
fn the_blocks_stand_in_order_in_the_language_and_format_that_was_asked_for() {
    let rows = || batch(vec!["Hà Nội", "Huế"], vec![Some(985_450), None]);
    let some = answers(vec![rows(), batch(vec!["Lào Cai"], vec![Some(-12_345)])]);
    let layout = || {
        vec![
            Block::Heading(text("Đầu mục", "Heading")),
            Block::Paragraph(text("Lời", "Words")),
            figures(vec![column("score", ColumnFormat::Percent1)]),
            table(vec![
                column("rank", ColumnFormat::Integer),
                column("name", ColumnFormat::Text),
                column("score", ColumnFormat::Decimal2),
            ]),
        ]
    };
    expect![[r#"

        <h2>Đầu mục</h2>
        <p>Lời</p>
        <dl class="figures">
        <div><dt>Cột score</dt><dd>9.854,5%</dd></div>
        </dl>
        <div class="scroll" role="region" aria-label="Bảng" tabindex="0">
        <table>
        <caption>Bảng</caption>
        <thead><tr><th scope="col" class="number">Cột rank</th><th scope="col">Cột name</th><th scope="col" class="number">Cột score</th></tr></thead>
        <tbody>
        <tr><td class="number">1</td><td>Hà Nội</td><td class="number">98,55</td></tr>
        <tr><td class="number">2</td><td>Huế</td><td class="number">–</td></tr>
        <tr><td class="number">1</td><td>Lào Cai</td><td class="number">-1,23</td></tr>
        </tbody>
        </table>
        </div>
    "#]]
    .assert_eq(body(&rendered(layout(), Language::Vi, &some)));
    let english = rendered(layout(), Language::En, &some);
    assert!(body(&english).contains("<dd>9,854.5%</dd>"), "{english}");
}

#[test]
fn a_chart_is_followed_by_its_numbers_in_the_format_of_the_report() {
    let some = answers(vec![batch(vec!["Hà Nội", "Huế"], vec![Some(5_000), None])]);
    let layout = vec![
        chart("name", "score"),
        table(vec![column("score", ColumnFormat::Percent1)]),
    ];
    let document = rendered(layout, Language::Vi, &some);
    let (_, details) = document.split_once("<details>").unwrap();
    let (details, _) = details.split_once("</details>").unwrap();
    expect![[r#"

        <summary>Số liệu của biểu đồ</summary>
        <div class="scroll" role="region" aria-label="Điểm" tabindex="0">
        <table>
        <caption>Điểm</caption>
        <thead><tr><th scope="col">name</th><th scope="col" class="number">Cột score</th></tr></thead>
        <tbody>
        <tr><td>Hà Nội</td><td class="number">50,0%</td></tr>
        <tr><td>Huế</td><td class="number">–</td></tr>
        </tbody>
        </table>
        </div>
    "#]]
    .assert_eq(details);
}

#[test]
fn the_page_says_what_it_was_made_from() {
    let document = rendered(vec![], Language::Vi, &Answers::new());
    let (_, footer) = document.split_once("<footer>").unwrap();
    for part in [
        "<code>monthly</code>",
        "2026-09",
        "08:02:03 15/09/2026 (+07:00)",
        &"cd".repeat(32),
        &"ef".repeat(32),
        "1.234",
        "<code>served.scores</code></td><td class=\"number\">7</td>",
    ] {
        assert!(footer.contains(part), "{part}: {footer}");
    }
}

fn layout() -> Vec<Block> {
    vec![
        Block::Heading(text("Toàn quốc", "The country")),
        figures(vec![column("score", ColumnFormat::Percent1)]),
        chart("name", "score"),
        table(vec![
            column("rank", ColumnFormat::Integer),
            column("name", ColumnFormat::Text),
            column("score", ColumnFormat::Decimal2),
        ]),
    ]
}

fn scores() -> Answers {
    let first = batch(vec!["=1+1", "Huế"], vec![Some(985_450), None]);
    answers(vec![first, batch(vec!["0042"], vec![Some(-12_345)])])
}

fn made(layout: Vec<Block>, language: Language, answers: &Answers) -> Vec<u8> {
    let spool = tempfile::tempdir().unwrap();
    let definition = definition(layout);
    workbook(&definition, language, answers, &manifest(), spool.path()).unwrap()
}

#[test]
fn a_workbook_has_a_sheet_for_figures_and_tables_and_the_manifest() {
    let found = sheets(&made(layout(), Language::Vi, &scores()));
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Toàn quốc", "Bảng", "manifest"]);
    let figures = &found[0].1;
    assert_eq!(figures[0][0], cell("Toàn quốc"));
    assert_eq!(figures[1], [cell("Chỉ tiêu"), cell("Giá trị")]);
    assert_eq!(figures[2], [cell("Cột score"), Data::Float(98.545)]);
    let rows = &found[1].1;
    assert_eq!(rows[0][0], cell("Bảng"));
    assert_eq!(rows[1], ["Cột rank", "Cột name", "Cột score"].map(cell));
    assert_eq!(
        rows[2..],
        [
            [Data::Float(1.0), cell("=1+1"), Data::Float(98.545)],
            [Data::Float(2.0), cell("Huế"), Data::Empty],
            [Data::Float(1.0), cell("0042"), Data::Float(-1.2345)],
        ]
    );
    let origin = &found[2].1;
    for part in [
        ["Báo cáo", "monthly", "Báo cáo <tháng>"],
        ["Tham số", "period", "2026-09"],
        ["Mã băm câu SQL (SHA-256)", "scores", &"ef".repeat(32)],
        ["Số dòng", "scores", "1234"],
        ["Phiên bản", "served.scores", "7"],
    ] {
        let said = |row: &Vec<Data>| row.iter().map(ToString::to_string).eq(part);
        assert!(origin.iter().any(said), "{part:?}: {origin:?}");
    }
}

#[test]
fn a_workbook_is_in_the_language_asked_for_and_the_same_each_time() {
    let english = sheets(&made(layout(), Language::En, &scores()));
    assert_eq!(english[0].0, "The country");
    assert_eq!(english[1].1[1], ["rank", "name", "score"].map(cell));
    let once = made(layout(), Language::En, &scores());
    assert!(once == made(layout(), Language::En, &scores()));
}

#[test]
fn a_chart_that_no_table_repeats_and_an_empty_table_have_their_sheets() {
    let drawn = sheets(&made(vec![chart("name", "score")], Language::Vi, &scores()));
    assert_eq!(drawn[0].0, "Điểm");
    assert_eq!(drawn[0].1[1], [cell("name"), cell("score")]);
    let columns = vec![column("name", ColumnFormat::Text)];
    let empty = made(vec![table(columns)], Language::Vi, &answers(vec![]));
    assert_eq!(sheets(&empty)[0].1[2], [cell("Không có số liệu.")]);
}

#[test]
fn a_workbook_refuses_what_the_page_refuses() {
    let layout = vec![table(vec![column("name", ColumnFormat::Percent1)])];
    let spool = tempfile::tempdir().unwrap();
    let definition = definition(layout);
    let refused = workbook(
        &definition,
        Language::Vi,
        &scores(),
        &manifest(),
        spool.path(),
    );
    expect![
        "column `name` of query `scores` cannot be shown as `percent1`: it is `Utf8`; cast it in the query or choose another format"
    ]
    .assert_eq(&refused.unwrap_err().to_string());
}

fn written(layout: Vec<Block>, answers: &Answers, table: Option<&str>) -> Option<String> {
    let bytes = csv(&definition(layout), Language::Vi, answers, table).unwrap();
    bytes.map(|bytes| String::from_utf8(bytes).unwrap().replace('\r', "␍"))
}

#[test]
fn csv_holds_the_first_table_with_its_labels_and_every_digit() {
    let expected = expect![[r#"
        Cột rank,Cột name,Cột score␍
        1,=1+1,98.5450␍
        2,Huế,␍
        1,0042,-1.2345␍
    "#]];
    for table in [None, Some("scores")] {
        expected.assert_eq(&written(layout(), &scores(), table).unwrap());
    }
    let empty = written(layout(), &answers(vec![]), None).unwrap();
    assert_eq!(empty, "Cột rank,Cột name,Cột score␍\n");
}

#[test]
fn csv_of_a_report_without_a_table_holds_its_figures_or_is_not_there() {
    let figures = vec![figures(vec![column("score", ColumnFormat::Percent1)])];
    let csv = written(figures, &scores(), None).unwrap();
    assert_eq!(csv, "Cột score␍\n98.5450␍\n");
    assert_eq!(written(vec![], &scores(), None), None);
}

#[test]
fn a_table_that_the_report_does_not_have_is_refused_by_name() {
    let error = check_table(&definition(layout()), "other").unwrap_err();
    expect!["report `monthly` has no table `other`; it has `scores`"].assert_eq(&error.to_string());
}
