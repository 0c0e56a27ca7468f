//! Submissions: what came in, what became of it, and what was wrong with which rows.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use project::{Contract, Severity};
use render::format::{Formats, NOTHING};
use service::{
    ErrorKind, Receipt, Result, RowError, ServiceError, Submission, SubmissionId, SubmissionState,
    Timeliness,
};

use super::ask::agencies;
use super::erasure::{Erased, Form};
use super::parts::{Around, and_one_more, around, cut, part};
use super::shell::Shell;
use super::visit::{Visit, Words, written};
use crate::ApiState;

const SUBMISSIONS: u64 = 50;
const ERRORS: u64 = 100;

/// A submission in a list.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) received_at: String,
    pub(super) agency: String,
    /// Empty if it is not known.
    pub(super) agency_name: String,
    pub(super) dataset: String,
    pub(super) period: String,
    pub(super) state: String,
    pub(super) late: bool,
    pub(super) landed: String,
    pub(super) quarantined: String,
}

#[derive(Template)]
#[template(path = "submissions.html")]
struct ListPage {
    shell: Shell,
    submissions: Vec<Line>,
    around: Around,
}

/// The submissions as lines, with the names of their agencies.
pub(super) async fn lines(
    state: &ApiState,
    visit: &Visit,
    shell: &Shell,
    submissions: &[Submission],
) -> Result<Vec<Line>> {
    let agencies = agencies(state, visit).await?;
    let formats = visit.formats()?;
    let line = |submission: &Submission| {
        let name = agencies.get(submission.receipt.agency.as_str());
        line(submission, name, shell, &formats)
    };
    Ok(submissions.iter().map(line).collect())
}

fn line(
    submission: &Submission,
    agency_name: Option<&String>,
    shell: &Shell,
    formats: &Formats,
) -> Line {
    let receipt = &submission.receipt;
    Line {
        id: receipt.id.to_string(),
        received_at: formats.date_time(receipt.received_at),
        agency: receipt.agency.to_string(),
        agency_name: agency_name.cloned().unwrap_or_default(),
        dataset: receipt.dataset.to_string(),
        period: receipt.period.to_string(),
        state: state_word(submission.state, shell),
        late: receipt.timeliness() == Some(Timeliness::Late),
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
    let asked = and_one_more(part);
    let mut submissions = state.service.submissions(&visit.call, asked).await?;
    let around = cut(&mut submissions, &visit.path, part);
    let submissions = lines(state, visit, &shell, &submissions).await?;
    written(
        StatusCode::OK,
        &ListPage {
            shell,
            submissions,
            around,
        },
    )
}

struct ErrorLine {
    row: String,
    column: String,
    rule: String,
    refused: bool,
    value: String,
    message: Words,
}

struct Counts {
    received: String,
    landed: String,
    quarantined: String,
    warned: String,
}

#[derive(Template)]
#[template(path = "submission.html")]
pub(super) struct Page {
    shell: Shell,
    submission: Submission,
    /// The agency's name; empty if it is not known.
    agency_name: String,
    state: String,
    counts: Counts,
    size: String,
    received_at: String,
    /// The day that it was due, and whether it was in time; none if there is no deadline.
    due: Option<String>,
    committed_at: String,
    /// Empty while it counts.
    ended_at: String,
    /// Why the evidence is restricted; none if it is not.
    restricted: Option<String>,
    erased: Option<Erased>,
    /// The form that erases, if there is something to erase and the role may.
    erase: Option<Form>,
    errors: Vec<ErrorLine>,
    errors_total: String,
    errors_first: String,
    errors_last: String,
    around: Around,
}

impl Page {
    fn relation(&self) -> String {
        let superseded = self.receipt().supersedes;
        let word = superseded.map_or("", |superseded| superseded.relation.as_str());
        self.shell.say(&format!("relation-{word}"))
    }

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
    let page = page(state, visit, named(id)?, Form::default()).await?;
    written(StatusCode::OK, &page)
}

/// The submission that a path names.
pub(super) fn named(id: &str) -> Result<SubmissionId> {
    id.parse().map_err(|_| {
        ServiceError::new(ErrorKind::NotFound, format!("`{id}` is no submission id"))
            .hint("`/submissions` lists the submissions.")
    })
}

/// The page of a submission, with the form that erases as it was sent.
pub(super) async fn page(
    state: &ApiState,
    visit: &Visit,
    id: SubmissionId,
    form: Form,
) -> Result<Page> {
    let shell = visit.shell(state).await?;
    let submission = state.service.submission(&visit.call, id).await?;
    let (part, path) = (part(visit, ERRORS), format!("/submissions/{id}"));
    let errors = state.service.row_errors(&visit.call, id, part).await?;
    let contract = contract(state, visit, &submission).await?;
    let agency = submission.receipt.agency.as_str();
    let agency_name = agencies(state, visit).await?.remove(agency);
    let formats = visit.formats()?;
    let last = part.offset.saturating_add(errors.errors.len() as u64);
    let rows = submission.receipt.rows;
    let committed_at = submission.receipt.committed_at;
    let erased = submission.erased.as_ref();
    Ok(Page {
        agency_name: agency_name.unwrap_or_default(),
        state: state_word(submission.state, &shell),
        counts: Counts {
            received: formats.integer(rows.received),
            landed: formats.integer(rows.landed),
            quarantined: formats.integer(rows.quarantined),
            warned: formats.integer(rows.warned),
        },
        size: formats.size(submission.receipt.evidence_size_bytes),
        received_at: formats.date_time(submission.receipt.received_at),
        due: due(&submission.receipt, &shell, &formats),
        committed_at: committed_at.map_or_else(|| NOTHING.to_owned(), |at| formats.date_time(at)),
        ended_at: submission
            .ended
            .map_or_else(String::new, |ended| formats.date_time(ended.at)),
        restricted: submission
            .restricted
            .map(|why| shell.say(&format!("restricted-{}", why.as_str().replace('_', "-")))),
        erased: erased.map(|erasure| Erased::new(erasure, formats.date_time(erasure.at))),
        erase: Form::is_offered(&submission, &shell).then_some(form),
        errors: errors
            .errors
            .iter()
            .map(|error| error_line(error, contract.as_ref(), visit, &shell, &formats))
            .collect(),
        errors_total: formats.integer(errors.total),
        errors_first: formats.integer(part.offset.saturating_add(1)),
        errors_last: formats.integer(last),
        around: around(&path, part, last < errors.total),
        submission,
        shell,
    })
}

fn due(receipt: &Receipt, shell: &Shell, formats: &Formats) -> Option<String> {
    let (due_on, timeliness) = (receipt.due_on?, receipt.timeliness()?);
    let word = timeliness.as_str().replace('_', "-");
    let word = shell.say(&format!("timeliness-{word}"));
    Some(format!("{}, {word}", formats.date(due_on)))
}

/// The contract of the submission's dataset, whose rules have their messages in both languages.
async fn contract(
    state: &ApiState,
    visit: &Visit,
    submission: &Submission,
) -> Result<Option<Contract>> {
    let dataset = &submission.receipt.dataset;
    match state.service.dataset(&visit.call, dataset).await {
        Ok(detail) => Ok(Some(detail.summary.contract)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the rule says in both languages, if the contract still has it with these words.
fn message(error: &RowError, contract: Option<&Contract>, visit: &Visit) -> Words {
    let mut rules = contract.into_iter().flat_map(|contract| &contract.rules);
    let said = rules.find(|rule| rule.name == error.rule && rule.message.en == error.message);
    let vi = said.map_or("", |rule| rule.message.vi.as_str());
    visit.words(vi, &error.message)
}

fn error_line(
    error: &RowError,
    contract: Option<&Contract>,
    visit: &Visit,
    shell: &Shell,
    formats: &Formats,
) -> ErrorLine {
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
        message: message(error, contract, visit),
    }
}
