use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use expect_test::{Expect, expect};
use project::{
    Block, ChartKind, ColumnFormat, Parameter, ParameterType, ReportColumn, ReportDefinition, Text,
};
use service::{Manifest, ManifestQuery};

use super::html;
use crate::Language;

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
        output_sha256: String::new(),
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
