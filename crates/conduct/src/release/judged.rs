//! Judging held rows again: the whole body is read, and only they are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use futures::StreamExt;
use ingest::{Checked, Verdict};
use lake::{StagedFile, StagedWriter, Table, WriteSettings};
use project::Severity;
use service::{Door, ErrorKind, Result, ServiceError, Submission};

use super::noted::Rows;
use crate::failure;
use crate::handles::Handles;
use crate::submit::{self, Terms};

/// What became of held rows.
pub(crate) struct Judged {
    /// Those that may land.
    pub passed: Rows,
    /// They themselves, nothing of it visible yet.
    pub files: Vec<StagedFile>,
    held: BTreeSet<u64>,
    rules: BTreeMap<String, u64>,
}

impl Judged {
    /// How many may not.
    pub(crate) fn held(&self) -> u64 {
        self.held.len() as u64
    }

    /// How many of these break which rule.
    pub(crate) fn rules(&self) -> Vec<(String, u64)> {
        let rules = self.rules.iter();
        rules.map(|(rule, rows)| (rule.clone(), *rows)).collect()
    }
}

/// Judges the rows by the terms and writes those that pass.
pub(crate) async fn judge(
    handles: &Arc<Handles>,
    terms: &Terms,
    submission: &Submission,
    table: &Table,
    rows: &Rows,
) -> Result<Judged> {
    let bytes = submit::open_evidence(handles, submission).await?.bytes;
    let bytes = bytes.map(|chunk| chunk.map_err(std::io::Error::other));
    let spooled = submit::spool(handles, Door::Cli, bytes.boxed()).await?;
    let (_seat, _place) = submit::guest(handles, terms, spooled.size_bytes()).await?;
    let (checking, mut receiver) =
        submit::decoded(handles, terms, submission, spooled.into(), Vec::new())?;
    let settings = WriteSettings {
        sort_by: terms.contract.sort_by.clone(),
        ..WriteSettings::default()
    };
    let mut desk = Desk {
        rows,
        writer: table.stage(&settings).map_err(failure::lake)?,
        passed: Rows::default(),
        held: BTreeSet::new(),
        rules: BTreeMap::new(),
    };
    let sorting = async {
        while let Some(checked) = receiver.recv().await {
            if let Err(error) = desk.take(checked).await {
                receiver.close();
                return Err(error);
            }
        }
        Ok(())
    };
    let (checked, sorted) = tokio::join!(checking, sorting);
    match sorted.and(checked.map(drop)) {
        Ok(()) => desk.close().await,
        Err(error) => desk.give_up(error).await,
    }
}

struct Desk<'a> {
    rows: &'a Rows,
    writer: StagedWriter,
    passed: Rows,
    held: BTreeSet<u64>,
    rules: BTreeMap<String, u64>,
}

impl Desk<'_> {
    async fn take(&mut self, checked: Checked) -> Result<()> {
        for verdict in &checked.verdicts {
            self.hold(verdict);
        }
        let numbers = numbers(&checked.landed)?;
        let wanted: Vec<bool> = numbers.iter().map(|row| self.rows.contains(*row)).collect();
        if !wanted.contains(&true) {
            return Ok(());
        }
        let passed = numbers.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        for (row, _) in passed {
            self.passed.push(*row);
        }
        let wanted = BooleanArray::from(wanted);
        let batch = filter_record_batch(&checked.landed, &wanted).map_err(broken)?;
        self.writer.write(batch).await.map_err(failure::lake)
    }

    fn hold(&mut self, verdict: &Verdict) {
        if verdict.severity == Severity::Error && self.rows.contains(verdict.row) {
            self.held.insert(verdict.row);
            *self.rules.entry(verdict.rule.clone()).or_default() += 1;
        }
    }

    async fn close(self) -> Result<Judged> {
        Ok(Judged {
            files: self.writer.finish().await.map_err(failure::lake)?,
            passed: self.passed,
            held: self.held,
            rules: self.rules,
        })
    }

    /// A body that is refused as a whole has every row held; any other error is one.
    async fn give_up(self, error: ServiceError) -> Result<Judged> {
        if let Err(error) = self.writer.abort().await {
            tracing::warn!(%error, "staged files were left behind");
        }
        if error.kind != ErrorKind::Refused {
            return Err(error);
        }
        let rule = error.rows.and_then(|rows| rows.errors.into_iter().next());
        let rule = rule.map_or_else(|| "body".to_owned(), |error| error.rule);
        Ok(Judged {
            passed: Rows::default(),
            files: Vec::new(),
            held: self.rows.iter().collect(),
            rules: BTreeMap::from([(rule, self.rows.len())]),
        })
    }
}

/// The numbers in the body of the rows of a batch.
fn numbers(batch: &RecordBatch) -> Result<Vec<u64>> {
    let column = batch.column_by_name("_row_number");
    let column = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
    let column = column.ok_or_else(|| {
        let message = "rows have no `_row_number`";
        ServiceError::new(ErrorKind::Internal, message).hint("Report the defect.")
    })?;
    let numbers = column.values().iter();
    Ok(numbers.map(|row| row.cast_unsigned()).collect())
}

fn broken(error: arrow::error::ArrowError) -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "cannot take rows of a batch").caused_by(error)
}
