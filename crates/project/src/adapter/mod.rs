//! Adapters: what an agency already exchanges elsewhere, read as a contract's rows without code.
//!
//! A file `warehouse/adapters/<name>.yaml` holds, in this order or any other:
//!
//! - `name`, `title`: as reports have them;
//! - `dataset`: the raw dataset whose rows it gives;
//! - `format`: `json`, `xml`, `ndjson` or `csv`, whose first line names the fields;
//! - `delimiter` (`comma`, `semicolon`, `tab` or `pipe`) and `decimal` (`comma` or `point`): how CSV
//!   is written, unless whoever sends it says otherwise; without them the header tells;
//! - `rows`: where the rows lie: keys joined by `.` down to a list in JSON, element names joined by
//!   `/` from the root to the row in XML; without it a JSON document is the list itself;
//! - `envelope`: what stands around the rows, by path: `{ is: agency }` or `{ is: period }`, which
//!   must be that of the submission, `{ must_be: text }`, or `{ drop: true }`. A field that is not
//!   named refuses the body;
//! - `columns`: for every column of the contract that is fed, `{ is: agency }` or `{ is: period }`,
//!   `{ always: text }`, or `{ from: field }`; with a list of fields the first one that is not empty
//!   counts. How the value is read is one of `date` (a pattern of `yyyy MM dd HH mm ss`, with `zone`), `codes` (a
//!   table; a value that it lacks is refused), `through` (a column of a code list that names
//!   the code by another name; other values stay) and `sum` (of a field over a list of objects).
//!   Empty text is no date and no code;
//! - `drop`: fields that are known and not taken. A field that is neither mapped nor dropped
//!   refuses its row; in CSV, where the header names it for all rows, the body.
//!
//! Names of CSV are compared in NFC and without the spaces around them.
//! An attribute in XML is a field of its element; its path in the envelope ends in `/@name`.

mod column;
mod date;
mod envelope;
mod model;
mod read;

pub use date::{DateForm, DatePart, Zone};
pub use model::{
    AdaptedColumn, Adapter, AdapterFormat, Aliases, ColumnSource, CsvForm, OuterField,
    OuterMeaning, Reading,
};

pub(crate) use read::{Known, read};

#[cfg(test)]
mod tests;
