//! An adapter against its contract: which foreign field feeds which column, and how it is read.

use project::{AdaptedColumn, Adapter, AdapterFormat, ColumnSource, ColumnType, Contract};
use project::{Reading, Text};

use crate::cell::{Cell, Fault};
use crate::foreign;
use crate::{Coding, Delimiter, Dialect, Format};

/// How the rows of a foreign body become the rows of a contract.
#[derive(Debug)]
pub struct Mapping<'a> {
    adapter: &'a Adapter,
    contract: &'a Contract,
    /// Every field that is known, the dropped ones last.
    names: Vec<&'a str>,
    /// For every column of the contract what feeds it.
    feeds: Vec<Feed<'a>>,
}

/// What feeds a column.
#[derive(Debug)]
pub(crate) enum Feed<'a> {
    Nothing,
    Agency,
    Period,
    Constant(&'a str),
    /// The first of these fields that is not empty, by their place among the names.
    Fields(Vec<usize>, &'a Reading),
}

impl<'a> Mapping<'a> {
    /// The adapter under its contract. Columns that the contract does not have feed nothing: the
    /// project's reader refuses them.
    pub fn new(adapter: &'a Adapter, contract: &'a Contract) -> Self {
        let mut names: Vec<&'a str> = Vec::new();
        let feeds = contract.columns.iter().map(|column| {
            let fed = adapter.columns.iter().find(|fed| fed.column == column.name);
            match fed.map(|fed| &fed.source) {
                None => Feed::Nothing,
                Some(ColumnSource::Agency) => Feed::Agency,
                Some(ColumnSource::Period) => Feed::Period,
                Some(ColumnSource::Constant(text)) => Feed::Constant(text),
                Some(ColumnSource::Fields {
                    names: from,
                    reading,
                }) => {
                    let place = |name: &'a String| {
                        let known = names.iter().position(|known| known == name);
                        known.unwrap_or_else(|| {
                            names.push(name);
                            names.len() - 1
                        })
                    };
                    Feed::Fields(from.iter().map(place).collect(), reading)
                }
            }
        });
        let feeds = feeds.collect();
        names.extend(adapter.drop.iter().map(String::as_str));
        Self {
            adapter,
            contract,
            names,
            feeds,
        }
    }

    /// The contract.
    pub fn contract(&self) -> &'a Contract {
        self.contract
    }

    /// The format of the bodies that it reads.
    pub fn format(&self) -> Format {
        match self.adapter.format {
            AdapterFormat::Json => Format::Json,
            AdapterFormat::Xml => Format::Xml,
            AdapterFormat::Ndjson => Format::Ndjson,
            AdapterFormat::Csv => Format::Csv,
        }
    }

    /// The coding of a body whose sender declares nothing.
    pub fn coding(&self) -> Coding {
        self.declared(self.format().into())
    }

    /// The coding with what the adapter says of CSV where the sender does not say it.
    pub(crate) fn declared(&self, coding: Coding) -> Coding {
        let form = self.adapter.csv;
        let mut all = Delimiter::ALL.into_iter();
        let delimiter = all.find(|known| form.delimiter == Some(char::from(known.byte())));
        let dialect = Dialect {
            delimiter: coding.dialect.delimiter.or(delimiter),
            decimal_comma: coding.dialect.decimal_comma.or(form.decimal_comma),
            ..coding.dialect
        };
        Coding { dialect, ..coding }
    }

    pub(crate) fn adapter(&self) -> &'a Adapter {
        self.adapter
    }

    pub(crate) fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// How many of the names feed columns; those behind them are passed over.
    pub(crate) fn fed(&self) -> usize {
        self.names.len() - self.adapter.drop.len()
    }

    pub(crate) fn feeds(&self) -> &[Feed<'a>] {
        &self.feeds
    }

    /// Whether a field's value stays hidden where a refused row is kept: it is not taken, or it
    /// feeds a column whose values are hidden.
    pub(crate) fn hides(&self, name: &str, masked: &dyn Fn(&str) -> bool) -> bool {
        let feeds = |fed: &AdaptedColumn| match &fed.source {
            ColumnSource::Fields { names, .. } => names.iter().any(|from| from == name),
            ColumnSource::Agency | ColumnSource::Period | ColumnSource::Constant(_) => false,
        };
        let mut fed = self.adapter.columns.iter().filter(|c| feeds(c)).peekable();
        fed.peek().is_none() || fed.any(|column| masked(&column.column))
    }
}

/// Why a foreign value does not fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reason<'a> {
    /// It is not of the form.
    Form(&'a str),
    /// It is of the form, and no day or instant that is believed.
    Time(Fault, ColumnType),
    /// The table lacks it.
    Code,
    /// It cannot be added.
    Sum(&'a str, Fault),
    /// It is no single value.
    Value(Fault, ColumnType),
}

/// A foreign value that does not fit its column's reading.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Misfit<'a> {
    /// The column's place in the contract.
    pub(crate) column: usize,
    /// The foreign field.
    pub(crate) field: &'a str,
    /// Its value.
    pub(crate) value: Cell<'a>,
    pub(crate) reason: Reason<'a>,
}

impl Misfit<'_> {
    /// The rule that it breaks.
    pub(crate) fn rule(&self) -> &'static str {
        match self.reason {
            Reason::Code => "code",
            _ => "type",
        }
    }

    /// What people are told.
    pub(crate) fn message(&self, column: &str) -> Text {
        let field = self.field;
        match &self.reason {
            Reason::Form(pattern) => Text {
                vi: format!("`{column}` (từ `{field}`) không theo dạng `{pattern}`"),
                en: format!("`{column}` (from `{field}`) is not of the form `{pattern}`"),
            },
            Reason::Code => Text {
                vi: format!("bảng mã của `{column}` (từ `{field}`) không có giá trị này"),
                en: format!("the codes of `{column}` (from `{field}`) lack the value"),
            },
            Reason::Sum(part, fault) => {
                let of = fault.reason();
                Text {
                    vi: format!(
                        "không cộng được `{part}` của `{field}` thành `{column}`: {}",
                        of.vi
                    ),
                    en: format!(
                        "`{part}` of `{field}` cannot be added up to `{column}`: {}",
                        of.en
                    ),
                }
            }
            Reason::Time(fault, of) | Reason::Value(fault, of) => {
                fault.message(column, Some(field), *of)
            }
        }
    }
}

/// A foreign value as the cell that the column's type is read from.
pub(crate) fn read<'a>(
    value: &Cell<'a>,
    reading: &'a Reading,
    of: ColumnType,
) -> Result<Cell<'a>, Reason<'a>> {
    let text = || value.scalar().map_err(|fault| Reason::Value(fault, of));
    match reading {
        Reading::AsIs => Ok(value.clone()),
        Reading::Date(form) => foreign::iso(&text()?, form, of).map(|iso| Cell::Text(iso.into())),
        Reading::Codes(codes) => match codes.get(&*text()?) {
            Some(code) => Ok(Cell::Text(code.as_str().into())),
            None => Err(Reason::Code),
        },
        Reading::Through(aliases) => Ok(match aliases.get(&*text()?) {
            Some(code) => Cell::Text(code.as_str().into()),
            None => value.clone(),
        }),
        Reading::Sum(part) => {
            let sum = foreign::sum(value, part, of).map_err(|fault| Reason::Sum(part, fault))?;
            Ok(Cell::Text(sum.into()))
        }
    }
}

/// Whether the field says nothing: empty text is no date and no code.
pub(crate) fn is_blank(value: &Cell<'_>, reading: &Reading) -> bool {
    match value {
        Cell::Null => true,
        Cell::Text(text) => {
            text.is_empty() && matches!(reading, Reading::Date(_) | Reading::Codes(_))
        }
        _ => false,
    }
}
