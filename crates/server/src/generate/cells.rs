//! A row as it is made: cells in the sheet's order, still free of any file format.

use std::borrow::Cow;

use project::{ColumnType, Contract};

use super::GenerateError;
use super::faults::Breakable;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'g> {
    /// No value.
    Null,
    /// Text, or text where something else belongs.
    Text(Cow<'g, str>),
    /// A whole number.
    Int(i64),
    /// A number with two decimals, counted in hundredths.
    Hundredths(i64),
    /// True or false.
    Bool(bool),
    /// A civil day, counted from 1970-01-01.
    Day(i32),
    /// An instant in seconds since 1970-01-01T00:00:00Z.
    At(i64),
}

impl<'g> Cell<'g> {
    /// Borrowed text.
    pub(super) fn text(text: &'g str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Text of its own.
    pub(super) fn owned(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// The text of a text cell.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, day or instant as a whole number.
    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Hundredths(value) | Self::At(value) => Some(*value),
            Self::Day(day) => Some(i64::from(*day)),
            Self::Null | Self::Text(_) | Self::Bool(_) => None,
        }
    }

    /// The truth value.
    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(at: Option<i64>) -> Self {
        at.map_or(Self::Null, Self::At)
    }
}

/// The cells of one row.
pub(super) type Row<'g> = Vec<Cell<'g>>;

/// What a maker makes: the columns of its rows, and how they can be spoiled.
pub(super) struct Sheet {
    /// The dataset.
    pub(super) dataset: &'static str,
    /// The columns in the order of the cells.
    pub(super) columns: &'static [(&'static str, ColumnType)],
    /// Where a row can be broken.
    pub(super) breakable: Breakable,
}

/// A column of the file: its name and type by the contract, and the cell that fills it.
#[derive(Debug, Clone)]
pub(super) struct LaidColumn {
    /// The name.
    pub(super) name: String,
    /// The type.
    pub(super) column_type: ColumnType,
    /// The index of the cell; none for an optional column that no maker fills.
    pub(super) cell: Option<usize>,
}

/// A sheet laid out by the contract's columns, in the contract's order.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The columns of the file.
    pub(super) columns: Vec<LaidColumn>,
}

impl Layout {
    /// Lays a sheet out; refuses a contract whose columns the sheet cannot fill.
    pub(super) fn new(sheet: &Sheet, contract: &Contract) -> Result<Self, GenerateError> {
        let dataset = || sheet.dataset.to_owned();
        let mut columns = Vec::with_capacity(contract.columns.len());
        for column in &contract.columns {
            let cell = sheet
                .columns
                .iter()
                .position(|(name, _)| *name == column.name);
            match cell.and_then(|index| sheet.columns.get(index)) {
                Some((_, made)) if *made != column.column_type => {
                    return Err(GenerateError::ColumnType {
                        dataset: dataset(),
                        column: column.name.clone(),
                        contract: column.column_type,
                        made: *made,
                    });
                }
                None if column.required => {
                    return Err(GenerateError::ExtraColumn {
                        dataset: dataset(),
                        column: column.name.clone(),
                    });
                }
                _ => columns.push(LaidColumn {
                    name: column.name.clone(),
                    column_type: column.column_type,
                    cell,
                }),
            }
        }
        Ok(Self { columns })
    }
}
