//! What keeps data from being made.

use project::{AgencyCode, ColumnType, DatasetName};

/// Why the generator cannot work on this project.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The dataset is none of those that the generator knows.
    #[error("cannot generate dataset `{0}`: the generator knows {known}", known = super::KNOWN)]
    UnknownDataset(DatasetName),
    /// A dataset's contract is missing.
    #[error("cannot generate dataset `{0}`: the project has no contract for it")]
    NoContract(String),
    /// A contract and the generator disagree about a column's type.
    #[error(
        "cannot generate dataset `{dataset}`: column `{column}` is `{contract}` in the contract, \
         the generator makes `{made}`"
    )]
    ColumnType {
        dataset: String,
        column: String,
        contract: ColumnType,
        made: ColumnType,
    },
    /// A contract requires a column that the generator does not make.
    #[error(
        "cannot generate dataset `{dataset}`: the contract requires column `{column}`, which the \
         generator does not make"
    )]
    ExtraColumn { dataset: String, column: String },
    /// A code list that the data rests on is missing.
    #[error("cannot generate data: the project has no code list `codes.{0}`")]
    NoCodeList(String),
    /// A code list lacks a column.
    #[error("cannot generate data: code list `codes.{list}` has no column `{column}`")]
    NoCodeColumn { list: String, column: String },
    /// A code list has no code that is valid in the period.
    #[error(
        "cannot generate data: code list `codes.{list}` has no valid code in period `{period}`"
    )]
    NoValidCode { list: String, period: String },
    /// The agency is not open in the period.
    #[error(
        "cannot generate data of agency `{agency}`: `codes.agencies` has no such agency in period \
         `{period}`"
    )]
    UnknownAgency { agency: AgencyCode, period: String },
    /// The share of spoiled rows is not a share.
    #[error("cannot spoil a share of `{0}`: expected a number from 0 to 0.5")]
    Spoil(f64),
}
