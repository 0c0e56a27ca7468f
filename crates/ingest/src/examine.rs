//! What can be said of a stretch of rows by itself: the rules, and the hashes of its keys. Any
//! number of stretches are examined at once; [`Judge`](crate::judge::Judge) settles them in order.

use std::sync::{Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use project::Contract;

use crate::envelope::{given, rule_batch, rule_schema};
use crate::personal::excerpt;
use crate::row_text::shown;
use crate::rows::{Decoded, Finding};
use crate::unique::{Key, KeyRule};
use crate::{Envelope, IngestError, RowRule, Verdict};

/// The name of the rule whose breaches hide the value.
pub(crate) const PERSONAL_DATA: &str = "personal_data";
/// The name of the rule that an empty value breaks.
pub(crate) const REQUIRED: &str = "required";

/// Examines the rows of one body.
pub(crate) struct Examiner<'a> {
    contract: &'a Contract,
    rules: &'a [RowRule],
    /// How many of the rules need no order.
    side_by_side: usize,
    envelope: &'a Envelope,
    rule_schema: SchemaRef,
    /// What the envelope gives to the rows of a batch of the last size; full ones are all alike.
    given: Mutex<Option<Given>>,
    pub(crate) keys: KeyRule,
}

#[derive(Clone)]
struct Given {
    rows: usize,
    columns: Vec<Option<ArrayRef>>,
}

/// Rows that were examined.
pub(crate) struct Examined {
    pub(crate) decoded: Decoded,
    /// The rows as rules see them.
    pub(crate) batch: RecordBatch,
    /// What the decoder found, and then the rules.
    pub(crate) findings: Vec<Finding>,
    /// How many rows have no place in the columns.
    pub(crate) malformed: u64,
    pub(crate) keys: Vec<Option<Key>>,
}

impl<'a> Examiner<'a> {
    pub(crate) fn new(
        contract: &'a Contract,
        rules: &'a [RowRule],
        envelope: &'a Envelope,
    ) -> Self {
        let in_order = rules.iter().position(|rule| rule.in_order);
        Self {
            contract,
            rules,
            side_by_side: in_order.unwrap_or(rules.len()),
            envelope,
            rule_schema: rule_schema(contract),
            given: Mutex::new(None),
            keys: KeyRule::new(contract),
        }
    }

    /// Examines decoded rows, but for the rules that see the rows in order.
    pub(crate) fn examine(&self, mut decoded: Decoded) -> Result<Examined, IngestError> {
        let given = self.given(decoded.row_numbers.len())?;
        let batch = rule_batch(&self.rule_schema, &decoded, given.columns)?;
        // What the decoder found comes first: it is why the rules saw null.
        let mut findings = std::mem::take(&mut decoded.findings);
        let malformed = findings.iter().filter(|found| found.slot.is_none()).count() as u64;
        for rule in &self.rules[..self.side_by_side] {
            self.apply(rule, &batch, &decoded, &mut findings)?;
        }
        let keys = self.keys.keys(&decoded.columns)?;
        Ok(Examined {
            decoded,
            batch,
            findings,
            malformed,
            keys,
        })
    }

    /// Applies the other rules; the stretches come in the body's order.
    pub(crate) fn examine_in_order(&self, examined: &mut Examined) -> Result<(), IngestError> {
        for rule in &self.rules[self.side_by_side..] {
            let Examined {
                decoded,
                batch,
                findings,
                ..
            } = examined;
            self.apply(rule, batch, decoded, findings)?;
        }
        Ok(())
    }

    fn given(&self, rows: usize) -> Result<Given, ArrowError> {
        let mut last = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(given) if given.rows == rows => Ok(given.clone()),
            _ => {
                let columns = given(&self.rule_schema, self.contract, self.envelope, rows)?;
                Ok(last.insert(Given { rows, columns }).clone())
            }
        }
    }

    fn apply(
        &self,
        rule: &RowRule,
        batch: &RecordBatch,
        decoded: &Decoded,
        findings: &mut Vec<Finding>,
    ) -> Result<(), IngestError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let holds = evaluate(rule, batch)?;
        if holds.true_count() + holds.null_count() == holds.len() {
            return Ok(());
        }
        let column = rule.column.as_deref().and_then(|name| self.place(name));
        for slot in (0..holds.len()).filter(|slot| holds.is_valid(*slot) && !holds.value(*slot)) {
            let read = column.is_none_or(|c| !decoded.unreadable.contains(&(slot, c)));
            if rule.name == REQUIRED && !read {
                continue;
            }
            let personal = rule.name == PERSONAL_DATA;
            let verdict = Verdict {
                row: decoded.row_numbers[slot],
                column: rule.column.clone(),
                rule: rule.name.clone(),
                severity: rule.severity,
                value_excerpt: column.and_then(|c| {
                    shown(&decoded.columns[c], slot).map(|value| excerpt(&value, personal))
                }),
                cell: None,
                message: rule.message.clone(),
                row_text: None,
            };
            findings.push(Finding {
                slot: Some(slot),
                verdict,
            });
        }
        Ok(())
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.contract
            .columns
            .iter()
            .position(|column| column.name == name)
    }
}

fn evaluate(rule: &RowRule, batch: &RecordBatch) -> Result<BooleanArray, IngestError> {
    let failed = |source| IngestError::Rule {
        rule: rule.name.clone(),
        source,
    };
    let holds = (rule.holds)(batch).map_err(failed)?;
    if holds.len() == batch.num_rows() {
        return Ok(holds);
    }
    let (found, rows) = (holds.len(), batch.num_rows());
    let message = format!("the predicate answered {found} times for {rows} rows");
    Err(failed(ArrowError::ComputeError(message)))
}
