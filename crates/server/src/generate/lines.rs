//! The rows of one file in order: clean ones, spoiled ones, and duplicates some way behind.

use std::collections::VecDeque;

use super::cells::{Row, Sheet};
use super::dice::Dice;
use super::faults::{Breakable, Fault};

/// A row for the file, and what is wrong with it.
pub(super) struct Line<'g> {
    /// The cells.
    pub(super) row: Row<'g>,
    /// The fault that was put in, if any.
    pub(super) fault: Option<Fault>,
}

/// The rows of one file: clean rows from a maker, a share of them spoiled, cut at a number.
pub(super) struct Lines<'g> {
    rows: Box<dyn Iterator<Item = Row<'g>> + 'g>,
    dice: Dice,
    breakable: &'static Breakable,
    kinds: Vec<Fault>,
    share: f64,
    days_back: i64,
    limit: u64,
    given: u64,
    turn: usize,
    held: VecDeque<(u64, Row<'g>)>,
    told: Box<dyn FnMut(u64) + 'g>,
}

/// Rows between two words on how many they are.
const TOLD_ROWS: u64 = 1024;

/// How far behind its original a duplicate stands at most: further than one batch of a reader.
const DUPLICATE_DELAY_ROWS: u64 = 20_000;

impl<'g> Lines<'g> {
    /// The first `limit` rows of `rows`, with `share` of them spoiled. `typed` says that the file
    /// format cannot hold a value of the wrong type.
    pub(super) fn new(
        sheet: &'static Sheet,
        rows: Box<dyn Iterator<Item = Row<'g>> + 'g>,
        limit: u64,
        (mut dice, share, days_back, typed): (Dice, f64, i64, bool),
    ) -> Self {
        let breakable = &sheet.breakable;
        let kinds: Vec<Fault> = Fault::ALL
            .into_iter()
            .filter(|f| breakable.allows(*f) && !(typed && *f == Fault::BadType))
            .collect();
        let turn = dice.below(kinds.len() as u64) as usize;
        let held = VecDeque::new();
        Self {
            rows,
            dice,
            breakable,
            kinds,
            share,
            days_back,
            limit,
            given: 0,
            turn,
            held,
            told: Box::new(|_| {}),
        }
    }

    /// With someone who is told now and then how many rows were given.
    pub(super) fn telling(self, told: impl FnMut(u64) + 'g) -> Self {
        let told = Box::new(told);
        Self { told, ..self }
    }

    /// The kinds take turns, so that a few hundred spoiled rows show every one of them.
    fn next_kind(&mut self) -> Fault {
        self.turn += 1;
        self.kinds
            .get(self.turn % self.kinds.len().max(1))
            .copied()
            .unwrap_or(Fault::Duplicate)
    }

    fn hold(&mut self, row: &Row<'g>) {
        let left = self.limit - self.given;
        let after = self.held.back().map_or(self.given, |(at, _)| *at);
        let at = self.given + 1 + self.dice.below(left.clamp(1, DUPLICATE_DELAY_ROWS));
        self.held.push_back((at.max(after + 1), row.clone()));
    }
}

impl<'g> Iterator for Lines<'g> {
    type Item = Line<'g>;

    fn next(&mut self) -> Option<Line<'g>> {
        if self.given >= self.limit {
            return None;
        }
        self.given += 1;
        if self.given.is_multiple_of(TOLD_ROWS) {
            (self.told)(self.given);
        }
        if let Some((_, row)) = self.held.pop_front_if(|(at, _)| *at <= self.given) {
            return Some(Line {
                row,
                fault: Some(Fault::Duplicate),
            });
        }
        let mut row = self.rows.next()?;
        if !self.dice.chance(self.share) {
            return Some(Line { row, fault: None });
        }
        let fault = self.next_kind();
        if fault == Fault::Duplicate {
            self.hold(&row);
            return Some(Line { row, fault: None });
        }
        self.breakable
            .spoil(fault, &mut row, self.days_back, &mut self.dice);
        Some(Line {
            row,
            fault: Some(fault),
        })
    }
}
