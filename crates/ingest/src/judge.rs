//! Rules over decoded rows: who lands, who does not, and why.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::FilterBuilder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use project::{Contract, Severity, Text};

use crate::examine::{Examined, Examiner, PERSONAL_DATA, REQUIRED};
use crate::personal::excerpt;
use crate::row_text::shown;
use crate::rows::{Decoded, Finding};
use crate::unique::{Keys, Repeated};
use crate::{Checked, Counts, Envelope, IngestError, RowRule, Verdict};

/// Gives the text of a row by its number; the function says which columns to mask.
pub(crate) type RowTexts<'a> = &'a dyn Fn(u64, &dyn Fn(&str) -> bool) -> String;

/// Judges one body, batch after batch.
pub(crate) struct Judge<'a> {
    contract: &'a Contract,
    examiner: Arc<Examiner<'a>>,
    sink: &'a mut dyn FnMut(Checked) -> Result<(), IngestError>,
    table_schema: SchemaRef,
    keys: Keys,
    counts: Counts,
    personal: bool,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        contract: &'a Contract,
        rules: &'a [RowRule],
        envelope: &'a Envelope,
        sink: &'a mut dyn FnMut(Checked) -> Result<(), IngestError>,
    ) -> Self {
        Self {
            contract,
            examiner: Arc::new(Examiner::new(contract, rules, envelope)),
            sink,
            table_schema: Arc::new(contract.table_schema()),
            keys: Keys::new(),
            counts: Counts::default(),
            personal: false,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Who examines rows for this judge.
    pub(crate) fn examiner(&self) -> Arc<Examiner<'a>> {
        Arc::clone(&self.examiner)
    }

    /// Judges rows and hands them on.
    pub(crate) fn decide(
        &mut self,
        decoded: Decoded,
        row_texts: RowTexts<'_>,
    ) -> Result<(), IngestError> {
        let examined = self.examiner.examine(decoded)?;
        self.settle(examined, row_texts)
    }

    /// Judges rows that were examined, which come in the body's order, and hands them on.
    pub(crate) fn settle(
        &mut self,
        mut examined: Examined,
        row_texts: RowTexts<'_>,
    ) -> Result<(), IngestError> {
        self.examiner.examine_in_order(&mut examined)?;
        let repeated = self.repeated_keys(&examined)?;
        let Examined {
            decoded,
            batch,
            mut findings,
            malformed,
            ..
        } = examined;
        findings.extend(repeated);
        let rows = decoded.row_numbers.len();

        let mut refused = vec![false; rows];
        let mut warned = vec![false; rows];
        for finding in &findings {
            let marks = match finding.verdict.severity {
                Severity::Error | Severity::Quarantine => &mut refused,
                Severity::Warning => &mut warned,
            };
            if let Some(slot) = finding.slot {
                marks[slot] = true;
            }
        }
        findings.extend(self.missing_values(&decoded, &mut refused));
        let warned = warned
            .iter()
            .zip(&refused)
            .filter(|(w, r)| **w && !**r)
            .count() as u64;
        let landed = self.landed(&batch, &refused)?;
        let landed_rows = landed.num_rows() as u64;
        self.counts.received += rows as u64 + malformed;
        self.counts.quarantined += rows as u64 - landed_rows + malformed;
        self.counts.landed += landed_rows;
        self.counts.warned += warned;
        if let Some(places) = &decoded.places {
            for Finding { slot, verdict } in &mut findings {
                if let Some(slot) = slot {
                    places.say(*slot, self.contract, verdict);
                }
            }
        }
        let verdicts = verdicts(findings, &refused, row_texts);
        self.personal |= decoded.personal || verdicts.iter().any(Verdict::hides);
        (self.sink)(Checked {
            landed,
            verdicts,
            personal: self.personal,
        })
    }

    /// Says that something that looks personal stands where no row is.
    pub(crate) fn meet_personal(&mut self) -> Result<(), IngestError> {
        if std::mem::replace(&mut self.personal, true) {
            return Ok(());
        }
        (self.sink)(Checked {
            landed: RecordBatch::new_empty(self.table_schema.clone()),
            verdicts: Vec::new(),
            personal: true,
        })
    }

    fn repeated_keys(&mut self, examined: &Examined) -> Result<Vec<Finding>, IngestError> {
        let decoded = &examined.decoded;
        // A row of a sheet is named as the sheet names it.
        let rows = match &decoded.places {
            Some(places) => &places.rows,
            None => &decoded.row_numbers,
        };
        let repeated = self.keys.take(&examined.keys, rows)?;
        let key = &self.examiner.keys;
        let column = key.column();
        let finding = |repeated: Repeated| {
            let slot = repeated.slot;
            let verdict = Verdict {
                row: decoded.row_numbers[slot],
                column: column.map(|c| self.contract.columns[c].name.clone()),
                rule: "unique".to_owned(),
                severity: Severity::Error,
                value_excerpt: column
                    .and_then(|c| shown(&decoded.columns[c], slot))
                    .map(|value| excerpt(&value, false)),
                cell: None,
                message: key.message(repeated.first_row),
                row_text: None,
            };
            Finding {
                slot: Some(slot),
                verdict,
            }
        };
        Ok(repeated.into_iter().map(finding).collect())
    }

    /// A null in a required column cannot land even if no rule was handed in that says so.
    fn missing_values(&self, decoded: &Decoded, refused: &mut [bool]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (column, array) in self.contract.columns.iter().zip(&decoded.columns) {
            if !column.required || array.null_count() == 0 {
                continue;
            }
            for (slot, refused) in refused.iter_mut().enumerate() {
                if array.is_valid(slot) || std::mem::replace(refused, true) {
                    continue;
                }
                let verdict = Verdict {
                    row: decoded.row_numbers[slot],
                    column: Some(column.name.clone()),
                    rule: REQUIRED.to_owned(),
                    severity: Severity::Error,
                    value_excerpt: None,
                    cell: None,
                    message: Text {
                        vi: format!("`{}` không được để trống", column.name),
                        en: format!("`{}` must not be empty", column.name),
                    },
                    row_text: None,
                };
                findings.push(Finding {
                    slot: Some(slot),
                    verdict,
                });
            }
        }
        findings
    }

    fn landed(&self, batch: &RecordBatch, refused: &[bool]) -> Result<RecordBatch, ArrowError> {
        let columns = &batch.columns()[..self.table_schema.fields().len()];
        if !refused.contains(&true) {
            return RecordBatch::try_new(self.table_schema.clone(), columns.to_vec());
        }
        let kept: BooleanArray = refused.iter().map(|refused| Some(!refused)).collect();
        let filter = FilterBuilder::new(&kept).optimize().build();
        let columns = columns.iter().map(|column| filter.filter(column));
        RecordBatch::try_new(
            self.table_schema.clone(),
            columns.collect::<Result<_, _>>()?,
        )
    }
}

/// The verdicts by row, those of refused rows with the row's text.
fn verdicts(findings: Vec<Finding>, refused: &[bool], row_texts: RowTexts<'_>) -> Vec<Verdict> {
    let personal: HashSet<(u64, String)> = findings
        .iter()
        .filter(|finding| finding.verdict.rule == PERSONAL_DATA)
        .filter_map(|f| Some((f.verdict.row, f.verdict.column.clone()?)))
        .collect();
    let mut last: Option<(u64, Arc<str>)> = None;
    let mut verdicts: Vec<(bool, Verdict)> = findings
        .into_iter()
        .map(|f| (f.slot.is_some_and(|slot| refused[slot]), f.verdict))
        .collect();
    // Stable, so what was found first in a row stays first.
    verdicts.sort_by_key(|(_, verdict)| verdict.row);
    for (refused, verdict) in &mut verdicts {
        if !*refused {
            continue;
        }
        let row = verdict.row;
        let text = match last.take().filter(|(last_row, _)| *last_row == row) {
            Some((_, text)) => text,
            None => {
                let masked = |name: &str| personal.contains(&(row, name.to_owned()));
                row_texts(row, &masked).into()
            }
        };
        verdict.row_text = Some(text.clone());
        last = Some((row, text));
    }
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

#[cfg(test)]
mod tests;
