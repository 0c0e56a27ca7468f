//! What can go wrong between an answer and a document.

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A block shows a query that was not answered.
    #[error("there is no answer to query `{query}`; answered were {known}")]
    MissingAnswer {
        /// The query.
        query: String,
        /// What was answered.
        known: String,
    },
    /// A block shows a column that the answer lacks.
    #[error("the answer to query `{query}` has no column `{column}`; it has {known}")]
    MissingColumn {
        /// The query.
        query: String,
        /// The column.
        column: String,
        /// What the answer has.
        known: String,
    },
    /// A chart draws, or a numeric format shows, a column without numbers.
    #[error(
        "column `{column}` of query `{query}` cannot be shown as `{wanted}`: it is `{found}`; \
         cast it in the query or choose another format"
    )]
    WrongType {
        /// The query.
        query: String,
        /// The column.
        column: String,
        /// The format.
        wanted: &'static str,
        /// The column's type.
        found: String,
    },
    /// A table that the report does not have is asked for.
    #[error("report `{report}` has no table `{table}`; it has {known}")]
    UnknownTable {
        /// The report.
        report: String,
        /// The table, by its query.
        table: String,
        /// What the report has.
        known: String,
    },
    /// The formats of a language are not compiled in.
    #[error("there are no formats for language `{0}`")]
    NoFormats(&'static str),
    /// A workbook cannot be written.
    #[error("cannot write the workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A table cannot be written as CSV.
    #[error("cannot write the table: {0}")]
    Csv(#[from] arrow::error::ArrowError),
    /// A template failed to write.
    #[error("cannot write the document: {0}")]
    Write(#[from] std::fmt::Error),
    /// A template failed.
    #[error("cannot fill in the template: {0}")]
    Template(#[from] askama::Error),
}
