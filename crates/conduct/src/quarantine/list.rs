//! Searching the quarantine.

use arrow::array::RecordBatch;
use project::Text;
use service::{
    Action, Call, ErrorKind, Page, QuarantineFilter, QuarantinePage, QuarantinedRow, Result,
    ServiceError,
};

use crate::perform::{About, Gate};
use crate::system::{self, own};

const LIST: &str = include_str!("list.sql");

/// Rows in a page at the most.
const PAGE: u64 = 1000;

/// A page of the quarantine; a principal bound to an agency sees its own.
pub(crate) async fn list(
    gate: &Gate,
    call: &Call,
    filter: QuarantineFilter,
    page: Page,
) -> Result<QuarantinePage> {
    let agency = match &filter.agency {
        Some(agency) => Some(agency.clone()),
        None => gate.agency_of(call).await?,
    };
    let about = match &filter.dataset {
        Some(dataset) => About::dataset(dataset),
        None => About::named("quarantine"),
    };
    let about = about.of_agency(agency);
    gate.perform(
        call,
        Action::ReadSubmission,
        about,
        |handles, principal| async move {
            let within = access::scope(&principal).map(ToString::to_string);
            let wanted = [
                (
                    "dataset = $dataset",
                    filter.dataset.map(|name| name.to_string()),
                ),
                (
                    "agency = $agency",
                    filter.agency.map(|code| code.to_string()),
                ),
                (
                    "period = $period",
                    filter.period.map(|code| code.to_string()),
                ),
                ("rule = $rule", filter.rule),
                (
                    "submission_id = $submission",
                    filter.submission.map(|id| id.to_string()),
                ),
                ("starts_with(agency || '.', $within || '.')", within),
            ];
            let (sql, mut params) = own::filtered(LIST, wanted);
            let last = page.offset.saturating_add(page.limit.min(PAGE));
            params.insert("first".to_owned(), own::number(page.offset));
            params.insert("last".to_owned(), own::number(last));
            let batches = own::read(&handles, system::QUARANTINE, &sql, params).await?;
            let mut found = QuarantinePage::default();
            for batch in &batches {
                for row in 0..batch.num_rows() {
                    found.total = own::count_at(batch, 0, row);
                    let read = read(batch, row);
                    found.rows.push(read.ok_or_else(broken)?);
                }
            }
            Ok(found)
        },
    )
    .await
}

fn read(batch: &RecordBatch, row: usize) -> Option<QuarantinedRow> {
    let text = |column| own::text_at(batch, column, row);
    Some(QuarantinedRow {
        row: own::count_at(batch, 1, row),
        received_at: own::instant_at(batch, 2, row)?,
        submission: text(3)?.parse().ok()?,
        dataset: text(4)?.parse().ok()?,
        agency: text(5)?.parse().ok()?,
        period: text(6)?.parse().ok()?,
        column: text(7),
        rule: text(8)?,
        value_excerpt: text(9),
        message: Text {
            vi: text(10)?,
            en: text(11)?,
        },
    })
}

fn broken() -> ServiceError {
    ServiceError::new(
        ErrorKind::Corrupt,
        "a row of `system.quarantine` cannot be read",
    )
    .hint("Look who else writes to that table.")
}
