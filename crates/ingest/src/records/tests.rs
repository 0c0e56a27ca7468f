use std::io::BufReader;

use proptest::prelude::*;

use super::{Block, Framing, Marks, Records};
use crate::Limits;

const CSV: Framing = Framing::Csv(Marks {
    delimiter: b',',
    quote: Some(b'"'),
});

fn cut(
    body: &[u8],
    framing: Framing,
    limits: &Limits,
    buffer: usize,
) -> Result<Vec<String>, String> {
    let reader = BufReader::with_capacity(buffer, body);
    let mut records = Records::new(reader, framing, limits, 1);
    let (mut block, mut found) = (Block::default(), Vec::new());
    loop {
        records.fill(&mut block, 2).map_err(|e| e.to_string())?;
        if block.len() == 0 {
            return Ok(found);
        }
        assert_eq!(block.first_row, found.len() as u64 + 1);
        found.extend(block.texts().map(|text| match text {
            Ok(text) => text.to_owned(),
            Err(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }));
    }
}

fn lines(body: &str) -> Vec<String> {
    cut(body.as_bytes(), Framing::Lines, &Limits::default(), 7).unwrap()
}

fn csv(body: &str) -> Vec<String> {
    cut(body.as_bytes(), CSV, &Limits::default(), 7).unwrap()
}

#[test]
fn a_record_over_the_limit_is_named_by_its_row() {
    let limits = Limits {
        row_bytes: 4,
        rows: 3,
        ..Limits::default()
    };
    for framing in [Framing::Lines, CSV] {
        let cut = |body: &str| cut(body.as_bytes(), framing, &limits, 3);
        assert!(cut("1234\r\n\n1234").is_ok());
        for body in ["1\n12345\n", "1\n12345", "1\n1234567890123\n"] {
            let error = cut(body).unwrap_err();
            assert_eq!(error, "row 2 is over the limit `row_bytes` of 4", "{body}");
        }
        assert_eq!(
            cut("1\n2\n3\n4\n").unwrap_err(),
            "the body is over the limit `rows` of 3"
        );
    }
}

#[test]
fn a_quote_that_stays_open_does_not_swallow_the_body() {
    let limits = Limits {
        row_bytes: 8,
        ..Limits::default()
    };
    let body = format!("a\n\"b{}", "\nc".repeat(1000));
    let error = cut(body.as_bytes(), CSV, &limits, 4).unwrap_err();
    assert_eq!(error, "row 2 is over the limit `row_bytes` of 8");
    assert_eq!(csv("a\n\"b\nc\n"), ["a", "\"b\nc"]);
}

#[test]
fn blank_lines_are_no_records() {
    assert_eq!(lines(""), [""; 0]);
    assert_eq!(lines("a\r\n\r\n \t\nb"), ["a", "b"]);
    assert_eq!(csv("a\r\n\r\n\nb\n"), ["a", "b"]);
    assert_eq!(csv("\"a\"\n"), ["\"a\""]);
}

#[test]
fn only_quotes_that_open_a_cell_hold_a_line_break() {
    assert_eq!(csv("\"a\n\"\"b\",c\nd"), ["\"a\n\"\"b\",c", "d"]);
    assert_eq!(csv("a\"b\nc"), ["a\"b", "c"]);
    assert_eq!(csv("\"a\"b\"\nc"), ["\"a\"b\"", "c"]);
    assert_eq!(csv("a,\"b\nc\",\"\"\nd"), ["a,\"b\nc\",\"\"", "d"]);
}

proptest! {
    #[test]
    fn what_is_written_in_quotes_comes_back_whole(
        rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r ]{0,5}", 2..3), 0..6),
        buffer in 1..9_usize,
    ) {
        let mut writer = csv::WriterBuilder::new()
            .quote_style(csv::QuoteStyle::Always)
            .from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let body = writer.into_inner().unwrap();
        let found = cut(&body, CSV, &Limits::default(), buffer).unwrap();
        prop_assert_eq!(found.join("\n") + if rows.is_empty() { "" } else { "\n" },
            String::from_utf8(body).unwrap());
        prop_assert_eq!(found.len(), rows.len());
    }
}
