//! Submissions: what came in, what became of it, and what was wrong with which rows.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use project::Severity;
use render::format::{Formats, NOTHING};
use service::{
    ErrorKind, Page as Part, Receipt, Result, RowError, ServiceError, Submission, SubmissionId,
    SubmissionState,
};

use super::shell::Shell;
use super::visit::{Visit, address, written};
use crate::ApiState;

const SUBMISSIONS: u64 = 50;
const ERRORS: u64 = 100;

/// A submission in a list.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) received_at: String,
    pub(super) agency: String,
    pub(super) dataset: String,
    pub(super) period: String,
    pub(super) state: String,
    pub(super) landed: String,
    pub(super) quarantined: String,
}

/// Where the parts before and after this one are.
struct Around {
    before: Option<String>,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "submissions.html")]
struct ListPage {
    shell: Shell,
    submissions: Vec<Line>,
    around: Around,
}

pub(super) fn line(submission: &Submission, shell: &Shell, formats: &Formats) -> Line {
    let receipt = &submission.receipt;
    Line {
        id: receipt.id.to_string(),
        received_at: formats.date_time(receipt.received_at),
        agency: receipt.agency.to_string(),
        dataset: receipt.dataset.to_string(),
        period: receipt.period.to_string(),
        state: state_word(submission.state, shell),
        landed: formats.integer(receipt.rows.landed),
        quarantined: formats.integer(receipt.rows.quarantined),
    }
}

fn state_word(state: SubmissionState, shell: &Shell) -> String {
    shell.say(&format!("state-{}", state.as_str()))
}

pub(super) async fn list(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read_list(&state, &visit).await;
    visit.answer(page)
}

async fn read_list(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let part = part(visit, SUBMISSIONS);
    // One more than is shown tells whether there is another part.
    let asked = Part {
        limit: part.limit.saturating_add(1),
        ..part
    };
    let mut submissions = state.service.submissions(&visit.call, asked).await?;
    let formats = visit.formats()?;
    let more = submissions.len() as u64 > part.limit;
    submissions.truncate(SUBMISSIONS as usize);
    let submissions = submissions
        .iter()
        .map(|s| line(s, &shell, &formats))
        .collect();
    let around = around(&visit.path, part, more);
    written(
        StatusCode::OK,
        &ListPage {
            shell,
            submissions,
            around,
        },
    )
}

fn part(visit: &Visit, limit: u64) -> Part {
    let offset = visit
        .param("offset")
        .and_then(|offset| offset.parse().ok())
        .unwrap_or(0);
    Part { offset, limit }
}

fn around(path: &str, part: Part, more: bool) -> Around {
    let at = |offset: u64| address(path, &[("offset", &offset.to_string())]);
    let before = (part.offset > 0).then(|| at(part.offset.saturating_sub(part.limit)));
    Around {
        before,
        after: more.then(|| at(part.offset.saturating_add(part.limit))),
    }
}

struct ErrorLine {
    row: String,
    column: String,
    rule: String,
    refused: bool,
    value: String,
    message: String,
}

struct Counts {
    received: String,
    landed: String,
    quarantined: String,
    warned: String,
}

#[derive(Template)]
#[template(path = "submission.html")]
struct Page {
    shell: Shell,
    submission: Submission,
    state: String,
    counts: Counts,
    size: String,
    received_at: String,
    committed_at: String,
    errors: Vec<ErrorLine>,
    errors_total: String,
    errors_first: String,
    errors_last: String,
    around: Around,
}

impl Page {
    fn receipt(&self) -> &Receipt {
        &self.submission.receipt
    }
}

pub(super) async fn one(
    State(state): State<ApiState>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let page = read_one(&state, &visit, &id).await;
    visit.answer(page)
}

async fn read_one(state: &ApiState, visit: &Visit, id: &str) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let id: SubmissionId = id.parse().map_err(|_| {
        ServiceError::new(ErrorKind::NotFound, format!("`{id}` is no submission id"))
            .hint("`/submissions` lists the submissions.")
    })?;
    let submission = state.service.submission(&visit.call, id).await?;
    let part = part(visit, ERRORS);
    let errors = state.service.row_errors(&visit.call, id, part).await?;
    let formats = visit.formats()?;
    let last = part.offset.saturating_add(errors.errors.len() as u64);
    let rows = submission.receipt.rows;
    let committed_at = submission.receipt.committed_at;
    let page = Page {
        state: state_word(submission.state, &shell),
        counts: Counts {
            received: formats.integer(rows.received),
            landed: formats.integer(rows.landed),
            quarantined: formats.integer(rows.quarantined),
            warned: formats.integer(rows.warned),
        },
        size: formats.size(submission.receipt.evidence_size_bytes),
        received_at: formats.date_time(submission.receipt.received_at),
        committed_at: committed_at.map_or_else(|| NOTHING.to_owned(), |at| formats.date_time(at)),
        errors: errors
            .errors
            .iter()
            .map(|error| error_line(error, &shell, &formats))
            .collect(),
        errors_total: formats.integer(errors.total),
        errors_first: formats.integer(part.offset.saturating_add(1)),
        errors_last: formats.integer(last),
        around: around(&visit.path, part, last < errors.total),
        submission,
        shell,
    };
    written(StatusCode::OK, &page)
}

fn error_line(error: &RowError, shell: &Shell, formats: &Formats) -> ErrorLine {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| NOTHING.to_owned());
    // Row 0 speaks of the body as a whole.
    let row = if error.row == 0 {
        shell.say("row-all")
    } else {
        formats.integer(error.row)
    };
    ErrorLine {
        row,
        column: shown(&error.column),
        rule: error.rule.clone(),
        refused: error.severity == Severity::Error,
        value: shown(&error.value_excerpt),
        message: error.message.clone(),
    }
}
