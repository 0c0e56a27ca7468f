//! The functions for the field: their cases in every form of text, their examples, their reference.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use ::engine::{EngineError, Param, Session, Statement, functions};
use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, DictionaryArray, LargeStringArray, RecordBatch,
    StringArray, StringViewArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int8Type};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use expect_test::expect;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::edges::lineage_of;
use super::{LIMITS, engine, refusal_of};

/// Texts as people type them, as they are spelt, and as they are searched.
const TEXTS: &[(&str, &str, &str)] = &[
    // The tone on the first of two open vowels.
    ("Tỉnh Hoà Bình", "Tỉnh Hòa Bình", "tinh hoa binh"),
    ("Thanh Hoá", "Thanh Hóa", "thanh hoa"),
    (
        "khoẻ, loè, tuỳ, Thuý",
        "khỏe, lòe, tùy, Thúy",
        "khoe, loe, tuy, thuy",
    ),
    ("UỶ BAN NHÂN DÂN", "ỦY BAN NHÂN DÂN", "uy ban nhan dan"),
    ("Ủy ban", "Ủy ban", "uy ban"),
    (
        "mùa mưa, của, mía, lúa",
        "mùa mưa, của, mía, lúa",
        "mua mua, cua, mia, lua",
    ),
    (
        "bài báo cáo, hỏi, núi",
        "bài báo cáo, hỏi, núi",
        "bai bao cao, hoi, nui",
    ),
    // On the second where a consonant follows, on the middle one of three.
    ("hòan tòan", "hoàn toàn", "hoan toan"),
    (
        "hùynh, quýnh, huỳnh",
        "huỳnh, quýnh, huỳnh",
        "huynh, quynh, huynh",
    ),
    (
        "hòai, ngóay, khủyu",
        "hoài, ngoáy, khuỷu",
        "hoai, ngoay, khuyu",
    ),
    ("xoong moóc", "xoong moóc", "xoong mooc"),
    // `qu` and `gi` take their vowel along.
    ("Qúy, qủa, qùa", "Quý, quả, quà", "quy, qua, qua"),
    (
        "gía, gìa, gìn giữ, gì",
        "giá, già, gìn giữ, gì",
        "gia, gia, gin giu, gi",
    ),
    (
        "giếng, giường, quyết, quốc",
        "giếng, giường, quyết, quốc",
        "gieng, giuong, quyet, quoc",
    ),
    // A letter with a quality has the tone, the last of two.
    ("Thừa Thiên Huế", "Thừa Thiên Huế", "thua thien hue"),
    (
        "thúơ, mựơn, ngừơi, rựơu",
        "thuớ, mượn, người, rượu",
        "thuo, muon, nguoi, ruou",
    ),
    (
        "nghiêng ngả, nghĩ ngợi",
        "nghiêng ngả, nghĩ ngợi",
        "nghieng nga, nghi ngoi",
    ),
    // Decomposed, with the marks in either order.
    ("Ha\u{300} No\u{323}\u{302}i", "Hà Nội", "ha noi"),
    (
        "Hue\u{301}\u{302}, Vie\u{323}\u{302}t",
        "Huế, Việt",
        "hue, viet",
    ),
    ("Hoa\u{300} Bi\u{300}nh", "Hòa Bình", "hoa binh"),
    ("Đak Lak\u{306}\u{301}", "Đak Lak\u{306}\u{301}", "dak lak"),
    ("Đă\u{301}k Lă\u{301}k", "Đắk Lắk", "dak lak"),
    // Spaces and letters that only look like others.
    (
        " \u{a0}TP.\u{a0}Hồ  Chí\tMinh\n",
        "TP. Hồ Chí Minh",
        "tp. ho chi minh",
    ),
    ("Đồng\u{200b} Nai\u{feff}", "Đồng Nai", "dong nai"),
    ("\u{d0}à Nẵng, \u{f0}ồng", "Đà Nẵng, đồng", "da nang, dong"),
    ("Bà Rịa-Vũng Tàu", "Bà Rịa-Vũng Tàu", "ba ria-vung tau"),
    (
        "Ea H'leo, Krông Pắc",
        "Ea H'leo, Krông Pắc",
        "ea h'leo, krong pac",
    ),
    // No Vietnamese syllables: the letters stay.
    (
        "José, Pérez, Noël, naïve",
        "José, Pérez, Noël, naïve",
        "jose, perez, noel, naive",
    ),
    (
        "café, São Paulo, Åland",
        "café, São Paulo, Åland",
        "cafe, sao paulo, aland",
    ),
    ("HoàBình", "HoàBình", "hoabinh"),
    ("", "", ""),
    ("   ", "", ""),
    ("G06.12 – 35 %", "G06.12 – 35 %", "g06.12 – 35 %"),
];

/// The texts, and a null, in every way that the engine holds texts.
fn forms(texts: &[&str]) -> Vec<ArrayRef> {
    let texts: Vec<Option<&str>> = texts.iter().copied().map(Some).chain([None]).collect();
    let coded: DictionaryArray<Int8Type> = texts.iter().copied().collect();
    vec![
        Arc::new(StringArray::from(texts.clone())),
        Arc::new(LargeStringArray::from(texts.clone())),
        Arc::new(StringViewArray::from(texts)),
        Arc::new(coded),
    ]
}

fn over(column: ArrayRef) -> Session {
    let batch = RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    let table: Arc<dyn TableProvider> = Arc::new(table);
    let tables = BTreeMap::from([("raw.t".parse().unwrap(), table)]);
    engine().session(tables, LIMITS).unwrap()
}

async fn answer(session: &Session, sql: &str) -> Result<Vec<Vec<Option<String>>>, EngineError> {
    let statement = Statement::parse(sql)?;
    let planned = session.plan(&statement, &BTreeMap::new()).await?;
    let mut rows = Vec::new();
    for batch in session.collect(&planned).await? {
        let shown = |column: &ArrayRef| cast(column, &DataType::Utf8).unwrap();
        let columns: Vec<_> = batch.columns().iter().map(shown).collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            let cell = |column: &ArrayRef| {
                let column: &StringArray = column.as_string();
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            columns.iter().map(cell).collect::<Vec<_>>()
        }));
    }
    Ok(rows)
}

async fn answers(session: &Session, sql: &str) -> Vec<Vec<Option<String>>> {
    let answer = answer(session, sql).await;
    answer.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn column(session: &Session, sql: &str) -> Vec<Option<String>> {
    let rows = answers(session, sql).await;
    rows.into_iter().map(|mut row| row.remove(0)).collect()
}

#[tokio::test]
async fn texts_are_spelt_and_folded_alike_in_every_form() {
    let given: Vec<&str> = TEXTS.iter().map(|(given, _, _)| *given).collect();
    let expected = |texts: Vec<&str>| -> Vec<Option<String>> {
        let texts = texts.into_iter().map(|text| Some(text.to_owned()));
        texts.chain([None]).collect()
    };
    let spelt = expected(TEXTS.iter().map(|(_, spelt, _)| *spelt).collect());
    let folded = expected(TEXTS.iter().map(|(_, _, folded)| *folded).collect());
    for form in forms(&given) {
        let told = form.data_type().to_string();
        let session = over(form);
        let found = column(&session, "select vn_normalize(x) from raw.t").await;
        assert_eq!(found, spelt, "{told}");
        // Once is enough.
        let twice = "select vn_normalize(vn_normalize(x)) from raw.t";
        assert_eq!(column(&session, twice).await, spelt, "{told}");
        let found = column(&session, "select vn_fold(x) from raw.t").await;
        assert_eq!(found, folded, "{told}");
        let both = "select vn_fold(vn_normalize(x)) from raw.t";
        assert_eq!(column(&session, both).await, folded, "{told}");
    }
}

#[tokio::test]
async fn a_text_is_ordered_as_the_vietnamese_alphabet_has_it() {
    // By letters first, then by tones, then small before large.
    let ordered = [
        "a", "A", "à", "ả", "ã", "á", "ạ", "an", "ă", "ằ", "ẳ", "ẵ", "ắ", "ặ", "ăn", "â", "ầ", "ẩ",
        "ẫ", "ấ", "ậ", "ân", "b", "c", "ch", "co", "d", "dê", "đ", "đa", "e", "è", "ê", "ề", "ếch",
        "f", "g", "h", "i", "k", "l", "m", "n", "ng", "nh", "o", "ò", "oi", "ô", "ồ", "ôi", "ơ",
        "ờ", "ơi", "p", "q", "r", "s", "t", "th", "tr", "u", "ù", "ui", "ư", "ừ", "ưa", "v", "x",
        "y", "ỳ", "ỷ", "ỹ", "ý", "ỵ",
    ];
    let provinces = [
        "An Giang",
        "Bắc Ninh",
        "Cà Mau",
        "Cao Bằng",
        "Cần Thơ",
        "Đà Nẵng",
        "Đắk Lắk",
        "Điện Biên",
        "Đồng Nai",
        "Đồng Tháp",
        "Gia Lai",
        "Hà Nội",
        "Hà Tĩnh",
        "Hải Phòng",
        "Huế",
        "Hưng Yên",
        "Khánh Hòa",
        "Lai Châu",
        "Lạng Sơn",
        "Lào Cai",
        "Lâm Đồng",
        "Nghệ An",
        "Ninh Bình",
        "Phú Thọ",
        "Quảng Ngãi",
        "Quảng Ninh",
        "Quảng Trị",
        "Sơn La",
        "Tây Ninh",
        "Thái Nguyên",
        "Thanh Hóa",
        "TP. Hồ Chí Minh",
        "Tuyên Quang",
        "Vĩnh Long",
    ];
    for ordered in [&ordered[..], &provinces[..]] {
        let mut mixed: Vec<&str> = ordered.to_vec();
        mixed.sort_unstable();
        assert_ne!(mixed, ordered, "the order of bytes is not theirs");
        mixed.reverse();
        for form in forms(&mixed) {
            let sql = "select x from raw.t where x is not null order by vn_sort_key(x)";
            let found: Vec<_> = column(&over(form), sql)
                .await
                .into_iter()
                .flatten()
                .collect();
            assert_eq!(found, ordered);
        }
    }
}

#[tokio::test]
async fn the_composition_of_a_text_does_not_change_its_place() {
    let session = over(Arc::new(StringArray::from(vec![Some("Việt")])));
    let sql = "select vn_sort_key(x) = vn_sort_key('Vie\u{323}\u{302}t') from raw.t";
    assert_eq!(column(&session, sql).await, [Some("true".to_owned())]);
}

/// Whatever comes in, spelling it twice is spelling it once, and search finds it spelt or not.
#[test]
fn any_text_can_be_spelt_and_folded() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let letters =
        "[ aăâeêioôơuưyAĐđbcghklmnpqrstvx\u{300}\u{301}\u{303}\u{309}\u{323}\u{302}'.-]{0,12}";
    let texts = prop::collection::vec(prop_oneof![letters, ".{0,8}"], 200);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(4));
    let ran = runner.run(&texts, |texts| {
        let session = over(Arc::new(StringArray::from(texts)));
        let sql = "select x from raw.t
            where vn_normalize(vn_normalize(x)) <> vn_normalize(x)
                or vn_fold(vn_normalize(x)) <> vn_fold(x)
                or vn_fold(vn_fold(x)) <> vn_fold(x)";
        let found = runtime.block_on(column(&session, sql));
        prop_assert_eq!(found, Vec::<Option<String>>::new());
        Ok(())
    });
    ran.unwrap();
}

#[tokio::test]
async fn periods_are_read_alike_in_every_form_and_dirty_ones_are_null() {
    let given = [
        "2026-01", "2026-Q4", "2026-9M", "2026", "2026-13", "", "tháng 9",
    ];
    let sql = "select period_is_valid(x), period_kind(x), period_add(x, -1), period_diff(x, x),
        period_parent(x, 'year'), period_start(x), period_end(x, 1),
        period_contains(x, date '2026-01-14') from raw.t";
    let expected = expect![[r#"
        true month 2025-12 0 2026 2025-12-15 2026-01-31 true
        true quarter 2026-Q3 0 2026 2026-09-15 2026-12-31 false
        true nine_months 2025-9M 0 2026 2025-12-15 2026-09-30 true
        true year 2025 0 2026 2025-12-15 2026-12-31 true
        false NULL NULL NULL NULL NULL NULL NULL
        false NULL NULL NULL NULL NULL NULL NULL
        false NULL NULL NULL NULL NULL NULL NULL
        NULL NULL NULL NULL NULL NULL NULL NULL
    "#]];
    for form in forms(&given) {
        let rows = answers(&over(form), sql).await;
        expected.assert_eq(&table(&rows, " "));
    }
}

fn table(rows: &[Vec<Option<String>>], between: &str) -> String {
    let line = |row: &Vec<Option<String>>| {
        let cells = row.iter().map(|cell| cell.as_deref().unwrap_or("NULL"));
        cells.collect::<Vec<_>>().join(between) + "\n"
    };
    rows.iter().map(line).collect()
}

#[tokio::test]
async fn the_shipped_calendar_follows_the_rule_of_the_functions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sources = project::Sources::from_folder(&root).unwrap();
    let (project, _) = project::Project::read(&sources);
    let contract = &project.contracts[&"codes.periods".parse().unwrap()];
    let rows = conduct::code_rows(contract, &project.code_lists["periods"]).unwrap();
    let count = rows.num_rows();
    let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
    let table: Arc<dyn TableProvider> = Arc::new(table);
    let tables = BTreeMap::from([("codes.periods".parse().unwrap(), table)]);
    let session = engine().session(tables, LIMITS).unwrap();
    let sql = "select count(*) from codes.periods
        where start_on = period_start(code) and end_on = period_end(code)
            and kind = period_kind(code)
            and code = period_of(start_on, kind) and code = period_of(end_on, kind)
            and period_contains(code, start_on) and period_contains(code, end_on)
            and not period_contains(code, start_on - interval '1 day')
            and not period_contains(code, end_on + interval '1 day')";
    assert_eq!(column(&session, sql).await, [Some(count.to_string())]);
    assert!(count > 50, "{count}");
}

#[tokio::test]
async fn days_beyond_the_calendar_are_null_and_lists_follow_their_rows() {
    let days = [
        Some(20_697),
        Some(20_701),
        None,
        Some(i32::MAX),
        Some(i32::MIN),
    ];
    let session = over(Arc::new(Date32Array::from(days.to_vec())));
    let sql = "select period_of(x, 'month'), working_days(x, x), working_day_add(x, 1),
        is_working_day(x),
        working_days(date '2026-08-31', date '2026-09-04', [date '2026-09-02', x]) from raw.t";
    let found = answers(&session, sql).await;
    expect![[r#"
        2026-09 0 2026-09-02 true 2
        2026-09 0 2026-09-07 false 3
        NULL NULL NULL NULL 3
        NULL NULL NULL NULL 3
        NULL NULL NULL NULL 3
    "#]]
    .assert_eq(&table(&found, " "));
}

#[tokio::test]
async fn every_example_of_the_reference_gives_the_answer_that_it_shows() {
    let session = super::session(LIMITS);
    let names: BTreeSet<&str> = functions::all().iter().map(|f| f.name()).collect();
    assert!(names.len() == functions::all().len() && names.len() >= 15);
    for function in functions::all() {
        let told = function.documentation().unwrap();
        let example = told.sql_example.as_deref().unwrap();
        let (sql, shown) = example.split_once(";\n").unwrap();
        assert!(sql.contains(function.name()), "{example}");
        let shown: Vec<_> = shown
            .lines()
            .map(|l| l.strip_prefix("-- ").unwrap())
            .collect();
        let found = answers(&session, sql).await;
        assert_eq!(table(&found, " | "), shown.join("\n") + "\n", "{sql}");
    }
}

#[test]
fn no_function_hides_one_of_the_engine() {
    let names = functions::all().iter().map(|f| f.name());
    let theirs = datafusion::functions::all_default_functions();
    let theirs: BTreeSet<_> = theirs.iter().map(|f| f.name().to_owned()).collect();
    let hidden: Vec<_> = names.filter(|name| theirs.contains(*name)).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the switch that accepts what came out"
)]
fn the_reference_is_made_from_the_functions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql/FUNCTIONS.md");
    let made = functions::reference();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = "`sql/FUNCTIONS.md` is stale: `UPDATE_EXPECT=1 cargo test --test it -- reference`";
    assert!(kept == made, "{hint}");
}

#[tokio::test]
async fn lineage_goes_through_the_functions_and_the_lists_that_they_are_given() {
    lineage_of(
        "select vn_fold(a.name) as folded,
            working_days(date '2026-09-01', date '2026-09-30',
                (select array_agg(cast(name as date)) from raw.b)) as days,
            score_band(a.id, (select array_agg(id order by name) from raw.b), ['A']) as band
         from raw.a a",
        expect![[r#"
            band <- raw.a.id transformation
            band <- raw.b.id aggregation
            band <- raw.b.name sort
            days <- raw.b.name aggregation
            folded <- raw.a.name transformation
        "#]],
    )
    .await;
}

#[tokio::test]
async fn what_the_query_has_wrong_is_named() {
    for (sql, expected) in [
        (
            "select period_of(date '2026-09-01', 'fortnight')",
            expect![
                "the statement failed on a value: `period_of` knows no kind of period `fortnight`: it is `month`, `quarter`, `half`, `nine_months` or `year`"
            ],
        ),
        (
            "select period_parent(name, name) from raw.a",
            expect![
                "the statement failed on a value: `period_parent` knows no kind of period `x`: it is `month`, `quarter`, `half`, `nine_months` or `year`"
            ],
        ),
        (
            "select period_start('2026-09', 31)",
            expect![
                "the statement failed on a value: `first_day` of `period_start` is from 1 to 28, not 31"
            ],
        ),
        (
            "select period_of(timestamp '2026-09-01T00:00:00Z', 'month')",
            expect![
                "the SQL cannot be planned: Function 'period_of' user-defined coercion failed with: Error during planning: `day` of `period_of` is a day, not an instant: write `cast(t + interval '7 hours' as date)` for the civil day. No function matches the given name and argument types 'period_of(Timestamp(ns), Utf8)'. You might need to add explicit type casts. Candidate functions: period_of(UserDefined)"
            ],
        ),
        (
            "select score_band(5, [1, 2], ['A'])",
            expect![
                "the statement failed on a value: `score_band` was given 2 bounds and 1 labels"
            ],
        ),
        (
            "select score_band('5', [1, 2], ['A', 'B'])",
            expect![
                "the SQL cannot be planned: Function 'score_band' user-defined coercion failed with: Error during planning: `score` of `score_band` cannot be a Utf8. No function matches the given name and argument types 'score_band(Utf8, List(Int64), List(Utf8))'. You might need to add explicit type casts. Candidate functions: score_band(UserDefined)"
            ],
        ),
        (
            "select working_days(date '2026-09-01')",
            expect![
                "the SQL cannot be planned: Function 'working_days' user-defined coercion failed with: Error during planning: `working_days` is written `working_days(from, to [, days_off [, days_worked]])`, and was given 1 arguments. No function matches the given name and argument types 'working_days(Date32)'. You might need to add explicit type casts. Candidate functions: working_days(UserDefined)"
            ],
        ),
        (
            "select vn_fold(id) from raw.a",
            expect![
                "the SQL cannot be planned: Function 'vn_fold' user-defined coercion failed with: Error during planning: `text` of `vn_fold` cannot be a Int64. No function matches the given name and argument types 'vn_fold(Int64)'. You might need to add explicit type casts. Candidate functions: vn_fold(UserDefined)"
            ],
        ),
        (
            "select agency_at('G06', date '2026-09-01', [named_struct('code', 'G06')])",
            expect![
                "the statement failed on a value: the structs in `agencies` of `agency_at` have no `successor_code`"
            ],
        ),
    ] {
        refusal_of(sql, BTreeMap::<String, Param>::new(), expected).await;
    }
}
