//! A row of named fields put in the contract's order, directly or through a mapping.

use std::borrow::Cow;

use project::{Contract, Reading};

use crate::cell::{Cell, quoted};
use crate::json::{Broken, Visit};
use crate::mapping::{self, Feed, Mapping, Misfit};
use crate::personal::{looks_personal, mask};
use crate::{Envelope, Limits, row_text, words};

/// What rows are read by.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) contract: &'a Contract,
    pub(crate) mapping: Option<&'a Mapping<'a>>,
    pub(crate) envelope: &'a Envelope,
    pub(crate) limits: &'a Limits,
}

impl Terms<'_> {
    /// A refused row as it is kept. Only what is taken is shown, and of a list or an object of a
    /// foreign row nothing: it holds more than is taken of it.
    pub(crate) fn kept(
        &self,
        mut fields: Vec<(Cow<'_, str>, Cell<'_>)>,
        masked: &dyn Fn(&str) -> bool,
    ) -> String {
        let Some(mapping) = self.mapping else {
            let fields = fields.iter().map(|(name, cell)| (name.as_ref(), cell));
            let hidden = |name: &str| self.contract.column(name).is_none() || masked(name);
            return row_text::object(fields, &hidden);
        };
        for (_, cell) in &mut fields {
            if let Cell::Nested(text) = cell {
                *cell = Cell::Text(mask(text).into());
            }
        }
        let hidden = |name: &str| mapping.hides(name, masked);
        let fields = fields.iter().map(|(name, cell)| (name.as_ref(), cell));
        row_text::object(fields, &hidden)
    }

    /// A row without fields as it is kept.
    pub(crate) fn kept_fragment(&self, row: &str) -> String {
        match self.mapping {
            Some(_) => quoted(&mask(row)),
            None => row_text::fragment(row),
        }
    }
}

/// The values of one row after the other.
pub(crate) struct Fields<'a> {
    terms: Terms<'a>,
    /// The known names: of the contract's columns, or of the foreign fields.
    names: Vec<&'a str>,
    /// Each of them as it stands in JSON, if it has no escapes.
    quoted: Vec<Option<String>>,
    /// By name what was given.
    given: Vec<Cell<'a>>,
    seen: Vec<bool>,
    unknown: Vec<(Cow<'a, str>, Cell<'a>)>,
    count: usize,
    /// Most writers keep to one order: the name behind the last one is tried first.
    next: usize,
    /// By column of the contract; used only with a mapping.
    cells: Vec<Cell<'a>>,
    origins: Vec<Option<&'a str>>,
    misfits: Vec<Misfit<'a>>,
    /// Whether numbers are written with a decimal comma.
    decimal_comma: bool,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(terms: Terms<'a>) -> Self {
        let columns = &terms.contract.columns;
        let names: Vec<&'a str> = match terms.mapping {
            Some(mapping) => mapping.names().to_vec(),
            None => columns.iter().map(|column| column.name.as_str()).collect(),
        };
        let known = names.len();
        let quoted = names.iter().map(|name| {
            let plain = words::end_of_plain(name.as_bytes()).is_none();
            plain.then(|| format!("\"{name}\":"))
        });
        Self {
            terms,
            quoted: quoted.collect(),
            names,
            given: vec![Cell::Null; known],
            seen: vec![false; known],
            unknown: Vec::new(),
            count: 0,
            next: 0,
            cells: vec![Cell::Null; columns.len()],
            origins: vec![None; columns.len()],
            misfits: Vec::new(),
            decimal_comma: false,
        }
    }

    /// Numbers that are text have a decimal comma, or a point.
    pub(crate) fn with_decimal_comma(mut self, decimal_comma: bool) -> Self {
        self.decimal_comma = decimal_comma;
        self
    }

    /// Forgets the row before.
    pub(crate) fn start(&mut self) {
        self.given.fill(Cell::Null);
        self.seen.fill(false);
        self.unknown.clear();
        self.misfits.clear();
        self.count = 0;
        self.next = 0;
    }

    /// Takes a field. Refuses one that was given before, and more of them than are taken.
    pub(crate) fn take(&mut self, name: Cow<'a, str>, cell: Cell<'a>) -> Result<(), Broken> {
        self.count()?;
        let place = match self.names.get(self.next) {
            Some(next) if **next == *name => Some(self.next),
            _ => self.place(&name),
        };
        let Some(place) = place else {
            self.unknown.push((name, cell));
            return Ok(());
        };
        self.give(place, cell)
    }

    fn count(&mut self) -> Result<(), Broken> {
        self.count += 1;
        if self.count > self.terms.limits.columns {
            return Err(Broken::TooManyFields);
        }
        Ok(())
    }

    fn give(&mut self, place: usize, cell: Cell<'a>) -> Result<(), Broken> {
        if std::mem::replace(&mut self.seen[place], true) {
            return Err(Broken::DuplicateKey);
        }
        self.given[place] = cell;
        self.next = place + 1;
        Ok(())
    }

    /// The place of a name. One that was left out stands before: behind the next is looked first.
    fn place(&self, name: &str) -> Option<usize> {
        let (before, behind) = self.names.split_at(self.next.min(self.names.len()));
        let is_it = |known: &&str| *known == name;
        match behind.iter().position(is_it) {
            Some(place) => Some(before.len() + place),
            None => before.iter().position(is_it),
        }
    }

    /// Takes a field that is known, by its place among the names, once.
    pub(crate) fn put(&mut self, place: usize, cell: Cell<'a>) {
        if let Some(given) = self.given.get_mut(place) {
            *given = cell;
        }
    }

    /// Ends the row: no field may have been given twice, and foreign values are read.
    pub(crate) fn finish(&mut self) -> Result<(), Broken> {
        if self.unknown.is_empty() {
            self.end();
            return Ok(());
        }
        let mut names: Vec<&str> = self.unknown.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Broken::DuplicateKey);
        }
        self.end();
        Ok(())
    }

    /// Ends a row whose fields are known and stand once: foreign values are read.
    pub(crate) fn end(&mut self) {
        if let Some(mapping) = self.terms.mapping {
            self.read_foreign(mapping);
        }
    }

    fn read_foreign(&mut self, mapping: &'a Mapping<'a>) {
        for (column, feed) in mapping.feeds().iter().enumerate() {
            let (cell, origin) = match feed {
                Feed::Nothing => (Cell::Null, None),
                Feed::Agency => (Cell::Text(self.terms.envelope.agency.as_str().into()), None),
                Feed::Period => (Cell::Text(self.terms.envelope.period.as_str().into()), None),
                Feed::Constant(text) => (Cell::Text((*text).into()), None),
                Feed::Fields(places, reading) => {
                    let says = |place: &&usize| !mapping::is_blank(&self.given[**place], reading);
                    match places.iter().find(says) {
                        None => (Cell::Null, None),
                        Some(place) => {
                            let (name, value) = (self.names[*place], &self.given[*place]);
                            let of = self.terms.contract.columns[column].column_type;
                            let cell = mapping::read(value, reading, of).unwrap_or_else(|reason| {
                                self.misfits.push(Misfit {
                                    column,
                                    field: name,
                                    value: value.clone(),
                                    reason,
                                });
                                Cell::Null
                            });
                            let is_raw = self.decimal_comma && matches!(reading, Reading::AsIs);
                            let cell = if is_raw { cell.with_comma(of) } else { cell };
                            (cell, Some(name))
                        }
                    }
                }
            };
            self.cells[column] = cell;
            self.origins[column] = origin;
        }
    }

    /// Whether the fields are those of a foreign system.
    pub(crate) fn are_foreign(&self) -> bool {
        self.terms.mapping.is_some()
    }

    /// A cell for every column of the contract.
    pub(crate) fn cells(&self) -> &[Cell<'a>] {
        match self.terms.mapping {
            Some(_) => &self.cells,
            None => &self.given,
        }
    }

    /// Whether a field that is passed over holds what looks personal.
    pub(crate) fn drop_personal(&self) -> bool {
        let Some(mapping) = self.terms.mapping else {
            return false;
        };
        let dropped = self.given.iter().skip(mapping.fed());
        let mut texts = dropped.filter_map(Cell::shown);
        texts.any(looks_personal)
    }

    /// The fields that nobody knows.
    pub(crate) fn unknown(&self) -> &[(Cow<'a, str>, Cell<'a>)] {
        &self.unknown
    }

    /// The foreign field that a column's value came from.
    pub(crate) fn origin(&self, column: usize) -> Option<&'a str> {
        self.origins.get(column).copied().flatten()
    }

    /// The foreign values that do not fit.
    pub(crate) fn misfits(&self) -> &[Misfit<'a>] {
        &self.misfits
    }
}

/// The fields of a row of JSON on their way.
pub(crate) struct Taking<'f, 'a>(pub(crate) &'f mut Fields<'a>);

impl<'a> Visit<'a> for Taking<'_, 'a> {
    fn field(&mut self, name: Cow<'a, str>, value: Cell<'a>) -> Result<(), Broken> {
        self.0.take(name, value)
    }

    fn guess(&self) -> Option<&str> {
        self.0.quoted.get(self.0.next)?.as_deref()
    }

    fn guessed(&mut self, value: Cell<'a>) -> Result<(), Broken> {
        self.0.count()?;
        self.0.give(self.0.next, value)
    }
}
