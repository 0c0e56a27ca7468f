use proptest::prelude::*;

use super::{Broken, split};
use crate::cell::Cell;
use crate::records::Marks;

const COMMA: Marks = Marks {
    delimiter: b',',
    quote: Some(b'"'),
};

#[test]
fn without_a_quote_quotes_are_characters() {
    let marks = Marks {
        delimiter: b'\t',
        quote: None,
    };
    let mut cells = Vec::new();
    split("5\"\t\"a\t\t'", marks, &mut cells).unwrap();
    let shown: Vec<_> = cells.iter().map(Cell::shown).collect();
    assert_eq!(shown, [Some("5\""), Some("\"a"), None, Some("'")]);
}

#[test]
fn the_other_quote_is_a_character() {
    let marks = Marks {
        delimiter: b';',
        quote: Some(b'\''),
    };
    let mut cells = Vec::new();
    split("'a;''b';\"c;d", marks, &mut cells).unwrap();
    let shown: Vec<_> = cells.iter().map(|c| c.shown().unwrap()).collect();
    assert_eq!(shown, ["a;'b", "\"c", "d"]);
    assert_eq!(split("a'b", marks, &mut cells), Err(Broken::StrayQuote));
    assert_eq!(split("'a", marks, &mut cells), Err(Broken::OpenQuote));
}

proptest! {
    #[test]
    fn cells_are_what_was_written(
        row in prop::collection::vec("[a,;|\t'\"\n ếx]{0,6}", 1..6),
        delimiter in prop::sample::select(b",;|\t".to_vec()),
        quote in prop::sample::select(b"\"'".to_vec()),
    ) {
        let marks = Marks { delimiter, quote: Some(quote) };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote(quote)
            .from_writer(Vec::new());
        writer.write_record(&row).unwrap();
        let record = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let mut cells = Vec::new();
        split(record.strip_suffix('\n').unwrap(), marks, &mut cells).unwrap();
        let cells: Vec<&str> = cells.iter().map(|c| c.shown().unwrap_or_default()).collect();
        prop_assert_eq!(cells, row);
    }

    #[test]
    fn what_is_taken_at_all_is_taken_as_another_reader_takes_it(record in "[a,\" ]{1,12}") {
        let mut cells: Vec<Cell<'_>> = Vec::new();
        if split(&record, COMMA, &mut cells).is_ok() {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(record.as_bytes());
            let other = reader.records().next().unwrap().unwrap();
            let cells: Vec<&str> = cells.iter().map(|c| c.shown().unwrap_or_default()).collect();
            prop_assert_eq!(cells, other.iter().collect::<Vec<_>>());
        }
    }
}
