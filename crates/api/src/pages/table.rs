//! A query's answer as a table of a page: as many of its rows as there is room for.

use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use render::format::{Formats, is_number};

use super::ask::Rows;
use super::parts::excerpt;

/// Rows at the most.
pub(super) const ROWS: usize = 200;
/// Bytes of HTML at the most; the rest of a page and its style take less than 25,000.
const BYTES: usize = 70_000;
/// Characters of a value at the most.
pub(super) const VALUE_CHARS: usize = 500;

/// The bytes of what the template writes around a row, and around a head with its class.
const ROW_BYTES: usize = "\n<tr></tr>".len();
const HEAD_BYTES: usize = "<th scope=\"col\" class=\"number\"></th>".len();

/// The first rows of an answer, as people read them.
pub(super) struct Table {
    pub(super) columns: Vec<Head>,
    pub(super) rows: Vec<Vec<String>>,
    /// Whether there are more rows.
    pub(super) more: bool,
    /// Whether values were too long to be shown whole.
    pub(super) shortened: bool,
}

/// The head of a column.
pub(super) struct Head {
    pub(super) label: String,
    /// Numbers are aligned to the right.
    pub(super) number: bool,
}

impl Table {
    /// The rows that there is room for, under the names that the query gave.
    pub(super) fn new(schema: &Schema, rows: &Rows, formats: &Formats) -> Self {
        let mut table = Self::headed(schema);
        let heads = table.columns.iter();
        let heads = heads.map(|head| HEAD_BYTES + written_bytes(&head.label));
        let mut room = BYTES.saturating_sub(heads.sum());
        table.more = rows.more;
        let all = rows.batches.iter();
        for (batch, row) in all.flat_map(|b| (0..b.num_rows()).map(move |row| (b, row))) {
            let (cells, shortened) = cells(batch, row, formats);
            let bytes = table.row_bytes(&cells);
            if bytes > room {
                table.more = true;
                break;
            }
            room -= bytes;
            table.rows.push(cells);
            table.shortened |= shortened;
        }
        table
    }

    fn headed(schema: &Schema) -> Self {
        let head = |field: &std::sync::Arc<Field>| Head {
            label: field.name().clone(),
            number: is_number(field.data_type()),
        };
        Self {
            columns: schema.fields().iter().map(head).collect(),
            rows: vec![],
            more: false,
            shortened: false,
        }
    }

    fn row_bytes(&self, cells: &[String]) -> usize {
        let around = |head: &Head| match head.number {
            true => "<td class=\"number\"></td>".len(),
            false => "<td></td>".len(),
        };
        let cells = self.columns.iter().zip(cells);
        let bytes = cells.map(|(head, cell)| around(head) + written_bytes(cell));
        ROW_BYTES + bytes.sum::<usize>()
    }
}

/// The values of a row by position, because a query may give two columns one name; and whether one
/// of them was cut.
fn cells(batch: &RecordBatch, row: usize, formats: &Formats) -> (Vec<String>, bool) {
    let mut shortened = false;
    let columns = batch.columns().iter();
    let cells = columns.map(|column| {
        let (cell, cut) = excerpt(formats.value(column, row), VALUE_CHARS);
        shortened |= cut;
        cell
    });
    let cells = cells.collect();
    (cells, shortened)
}

/// The bytes of a text in HTML: what is a sign there is written as five characters.
fn written_bytes(text: &str) -> usize {
    let signs = text.bytes().filter(|byte| b"<>&\"'".contains(byte));
    text.len() + 4 * signs.count()
}
