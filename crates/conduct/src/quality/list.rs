//! The results of rules read back.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use engine::Param;
use project::{DatasetName, Severity, Text};
use service::{Action, Call, ErrorKind, Page, Result, RuleOutcome, ServiceError};

use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::system::{self, own};

const LIST: &str = include_str!("list.sql");

/// Results in a page at the most.
const PAGE: u64 = 1000;

/// What runs found of the rules of a dataset, newest first.
pub(crate) async fn list(
    gate: &Gate,
    call: &Call,
    dataset: &DatasetName,
    page: Page,
) -> Result<Vec<RuleOutcome>> {
    let (about, name) = (About::dataset(dataset), dataset.clone());
    let act = Action::ReadCatalogue;
    gate.perform(call, act, about, |handles, _| async move {
        handles.contract(&name)?;
        outcomes(&handles, &name, page).await
    })
    .await
}

async fn outcomes(
    handles: &Handles,
    dataset: &DatasetName,
    page: Page,
) -> Result<Vec<RuleOutcome>> {
    let last = page.offset.saturating_add(page.limit.min(PAGE));
    let params = BTreeMap::from([
        ("dataset".to_owned(), Param::Text(dataset.to_string())),
        ("first".to_owned(), own::number(page.offset)),
        ("last".to_owned(), own::number(last)),
    ]);
    let batches = own::read(handles, system::QUALITY, LIST, params).await?;
    let mut found = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            found.push(outcome(batch, row).ok_or_else(broken)?);
        }
    }
    Ok(found)
}

fn outcome(batch: &RecordBatch, row: usize) -> Option<RuleOutcome> {
    let text = |column| own::text_at(batch, column, row);
    let severity = text(4)?;
    let null_rows = own::integer_at(batch, 8, row);
    Some(RuleOutcome {
        run: text(0)?,
        version: own::integer_at(batch, 1, row),
        rule: text(2)?,
        column: text(3),
        severity: Severity::ALL
            .into_iter()
            .find(|known| known.as_str() == severity)?,
        passed: own::boolean_at(batch, 5, row)?,
        failed_rows: own::count_at(batch, 6, row),
        checked_rows: own::count_at(batch, 7, row),
        null_rows: null_rows.and_then(|rows| u64::try_from(rows).ok()),
        message: Text {
            vi: text(9)?,
            en: text(10)?,
        },
        checked_at: own::instant_at(batch, 11, row)?,
    })
}

fn broken() -> ServiceError {
    ServiceError::new(
        ErrorKind::Corrupt,
        "a row of `system.quality` cannot be read",
    )
    .hint("Look who else writes to that table.")
}
