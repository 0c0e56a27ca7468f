//! Arrow batches in, documents out: reports as HTML, XLSX and CSV, SVG charts, encoded query results.
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

pub use error::RenderError;
pub use format::Language;
