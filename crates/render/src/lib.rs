//! Arrow batches in, documents out: reports as HTML, XLSX and CSV, SVG charts, encoded query results;
//! and the workbook that a contract asks its senders to fill in.
//!
//! *What is here*: number and date formats of both languages, charts, report pages, the encoders of
//! query results. *What is never here*: queries, tables, HTTP. *How it is checked*: unit tests beside
//! the code (`cargo test -p render`). *Where to go next*: `warehouse/reports` for what is rendered.

pub mod chart;
pub mod encode;
mod error;
pub mod format;
pub mod report;
mod sheet;
mod template;

pub use error::RenderError;
pub use format::Language;
pub use template::{CodeLists, ListedCode, template};
