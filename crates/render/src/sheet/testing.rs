//! Workbooks read back, for tests.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};

/// The sheets by name with their cells, none of which is a formula or a link.
pub(crate) fn sheets(bytes: &[u8]) -> Vec<(String, Vec<Vec<Data>>)> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let names = book.sheet_names();
    let read = |name: String| {
        let range = book.worksheet_range(&name).unwrap();
        let formulas = book.worksheet_formula(&name).unwrap();
        assert!(formulas.is_empty(), "{formulas:?}");
        (name, range.rows().map(<[Data]>::to_vec).collect())
    };
    names.into_iter().map(read).collect()
}

/// A text cell.
pub(crate) fn text(text: &str) -> Data {
    Data::String(text.to_owned())
}
