//! The same rows mean the same in every format of text, and any bytes are judged.

use proptest::prelude::*;

use crate::samples::{Judgement, contract, judge, rules, shown};
use crate::{Format, IngestError, Limits};

const COLUMNS: [&str; 8] = [
    "id", "count", "small", "price", "ratio", "flag", "day", "at",
];

/// What an agency might write into any cell; without control characters, which XML cannot hold.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        2 => "[A-D]",
        2 => "-?[0-9]{1,3}",
        1 => "[0-9]{9,12}",
        1 => "-?[0-9]{1,5}\\.[0-9]{1,3}",
        1 => "true|FALSE|0|1|NaN|1e3",
        1 => "(1899|2026)-(02|09)-(01|29|31)",
        1 => "2026-09-0[1-9][T ](08|24):30(:00)?(Z|\\+07:00)?",
        1 => "e\u{302}\u{301}|001099012345|<&>|,|\"|a\nb| ",
    ]
}

type Row = Vec<String>;

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(prop::collection::vec(cell(), COLUMNS.len()), 0..12)
}

fn given(row: &Row) -> impl Iterator<Item = (&str, &str)> {
    let fields = COLUMNS.into_iter().zip(row.iter().map(String::as_str));
    fields.filter(|(_, value)| !value.is_empty())
}

fn object(row: &Row) -> String {
    let object: serde_json::Map<_, _> = given(row)
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    serde_json::Value::from(object).to_string()
}

fn ndjson(rows: &[Row]) -> String {
    rows.iter().map(|row| object(row) + "\n").collect()
}

fn json(rows: &[Row]) -> String {
    let rows: Vec<String> = rows.iter().map(object).collect();
    format!("[ {} ]", rows.join(" ,\n"))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('"', "&quot;").replace('\n', "&#10;")
}

/// The first fields as attributes, the others as elements.
fn xml(rows: &[Row], attributes: usize) -> String {
    let mut body = String::from("<rows>");
    for row in rows {
        body += "<row";
        for (name, value) in given(row).take(attributes) {
            body += &format!(" {name}=\"{}\"", escaped(value));
        }
        body += ">";
        for (name, value) in given(row).skip(attributes) {
            body += &format!("\n<{name}>{}</{name}>", escaped(value));
        }
        body += "</row>";
    }
    body + "</rows>"
}

fn judged(format: Format, body: &str, batch_rows: usize) -> String {
    let limits = Limits {
        batch_rows,
        ..Limits::default()
    };
    let judgement = judge(format, &contract(), &rules(), &limits, body.as_bytes());
    told(judgement.unwrap())
}

fn told(mut judgement: Judgement) -> String {
    // The order of an object's fields is not that of the columns: only whether there is a text.
    for verdict in &mut judgement.verdicts {
        verdict.row_text = verdict.row_text.take().map(|_| "…".into());
    }
    shown(&judgement, COLUMNS.len())
}

/// What may become of a body that nobody wrote for a contract.
fn is_answer(answer: Result<Judgement, IngestError>) -> bool {
    matches!(
        answer,
        Ok(_) | Err(IngestError::Refused { .. } | IngestError::Limit { .. })
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_rows_as_lines_as_a_list_and_as_elements_are_judged_the_same(
        rows in rows(),
        batch_rows in 1..7_usize,
        attributes in 0..9_usize,
    ) {
        let expected = judged(Format::Ndjson, &ndjson(&rows), 1000);
        prop_assert_eq!(&judged(Format::Json, &json(&rows), batch_rows), &expected);
        prop_assert_eq!(&judged(Format::Json, &json(&rows), 1000), &expected);
        prop_assert_eq!(&judged(Format::Xml, &xml(&rows, attributes), batch_rows), &expected);
        prop_assert_eq!(&judged(Format::Xml, &xml(&rows, attributes), 1000), &expected);
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..80), start in 0..3_usize) {
        for (format, starts) in [
            (Format::Json, ["", "[", "[{\"id\":"]),
            (Format::Xml, ["", "<", "<rows><row><id>"]),
        ] {
            let body = [starts[start].as_bytes(), &bytes].concat();
            let answer = judge(format, &contract(), &rules(), &Limits::default(), &body);
            prop_assert!(is_answer(answer));
        }
    }

    #[test]
    fn a_document_with_some_bytes_changed_is_judged(
        rows in rows(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        letters in "[<>&;/!\\[\\]{}\",:]{1,4}",
    ) {
        for (format, body) in [(Format::Json, json(&rows)), (Format::Xml, xml(&rows, 2))] {
            let mut body = body.into_bytes();
            for (at, byte) in &changes {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            for (letter, (at, _)) in letters.bytes().zip(&changes) {
                let at = at.index(body.len());
                body.insert(at, letter);
            }
            let limits = Limits { batch_rows: 3, ..Limits::default() };
            prop_assert!(is_answer(judge(format, &contract(), &rules(), &limits, &body)));
        }
    }
}
