//! Report definitions: queries, parameters and a layout.

mod layout;
mod model;
mod read;

pub use model::{
    Block, ChartKind, ColumnFormat, LANGUAGE, Parameter, ParameterType, ReportColumn,
    ReportDefinition,
};

pub(crate) use read::{bilingual, read};

#[cfg(test)]
mod tests;
