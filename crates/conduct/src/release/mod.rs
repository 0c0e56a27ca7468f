//! Releasing: quarantined rows are judged again, from the evidence, by the contract in force, and
//! those that pass land as rows of their own submission.
//!
//! The table's log is what counts: the commit that lands rows notes which they are, under the name
//! by which the family is amended, so of a release and a correction at the same time one is first
//! and the other sees what it did. The quarantine is marked afterwards; a release that a crash left
//! unmarked is marked on start, or by the next one.

mod family;
mod judged;
mod marks;
mod noted;
mod open;

use std::sync::Arc;

use audit::Outcome;
use chrono::{DateTime, Utc};
use lake::Table;
use project::Layer;
use serde_json::json;
use service::{
    Action, Call, ErrorKind, Relation, ReleaseReport, ReleaseRequest, ReleasedSubmission, Result,
    ServiceError, Submission, SubmissionId, SubmissionState,
};

use crate::erase;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::submit::{self, Terms};
use noted::{Noted, Rows};

pub(crate) use marks::recover;

/// What a release is, while it is under way.
struct Release {
    id: String,
    by: String,
    at: DateTime<Utc>,
}

/// Judges quarantined rows again.
pub(crate) async fn release(
    gate: &Gate,
    call: &Call,
    request: ReleaseRequest,
) -> Result<ReleaseReport> {
    let about = About::dataset(&request.dataset)
        .of_agency(request.agency.clone())
        .detail(json!({
            "period": request.period.as_ref().map(ToString::to_string),
            "submission": request.submission.map(|id| id.to_string()),
        }));
    let acting = gate.begin(call, Action::Release, about).await?;
    let handles = Arc::clone(&acting.handles);
    let done = act(&handles, &acting.principal.name, &request).await;
    let (outcome, detail) = match &done {
        Ok(report) => {
            let rows = |of: fn(&ReleasedSubmission) -> u64| -> u64 {
                report.submissions.iter().map(of).sum()
            };
            let detail = json!({
                "release": report.id,
                "contract_version": report.contract_version,
                "released": rows(|s| s.released),
                "held": rows(|s| s.held),
            });
            (Outcome::Done, detail)
        }
        Err(error) => (Outcome::Failed, json!({ "error": error.message })),
    };
    acting.end(outcome, detail).await?;
    done
}

async fn act(handles: &Arc<Handles>, by: &str, request: &ReleaseRequest) -> Result<ReleaseReport> {
    let dataset = &request.dataset;
    let contract = handles.contract(dataset)?;
    if dataset.layer() != Layer::Raw {
        let message = format!("dataset `{dataset}` takes no submissions, so none of it is held");
        return Err(
            ServiceError::new(ErrorKind::NotFound, message).hint("Name a dataset of layer `raw`.")
        );
    }
    let _landing = handles.landing.read().await;
    let release = Release {
        id: (handles.given.ids)().to_string(),
        by: by.to_owned(),
        at: handles.now(),
    };
    let table = handles.table(dataset).await?;
    let open = open::rows(handles, request).await?;
    let noted = Noted::read(handles, &table, open.keys().copied()).await?;
    marks::mend(handles, &table, &noted).await?;
    let mut submissions = Vec::new();
    for (id, rows) in open {
        let rows = noted.without_released(id, rows);
        if !rows.is_empty() {
            let done = one(handles, &release, &table, id, &rows).await?;
            submissions.push(done);
        }
    }
    Ok(ReleaseReport {
        id: release.id,
        dataset: dataset.clone(),
        contract_version: contract.version.to_string(),
        submissions,
    })
}

/// Releases what it can of one submission.
async fn one(
    handles: &Arc<Handles>,
    release: &Release,
    table: &Table,
    id: SubmissionId,
    rows: &Rows,
) -> Result<ReleasedSubmission> {
    let mut done = ReleasedSubmission {
        submission: id,
        released: 0,
        held: 0,
        rules: Vec::new(),
        superseded: 0,
        passed_over: None,
        table_version: None,
    };
    let (submission, root, terms) = match judgeable(handles, id).await? {
        Ok(found) => found,
        Err(why) => {
            done.passed_over = Some(why);
            return Ok(done);
        }
    };
    let judged = match judged::judge(handles, &terms, &submission, table, rows).await {
        Err(error) if error.kind == ErrorKind::Gone => {
            done.passed_over = Some(error.message);
            return Ok(done);
        }
        judged => judged?,
    };
    done.held = judged.held();
    done.rules = judged.rules();
    if judged.passed.is_empty() {
        return Ok(done);
    }
    let passed = judged.passed.len();
    let receipt = &submission.receipt;
    let intent = marks::intend(handles, release, receipt).await?;
    let family = (table, &terms.contract, &root);
    let landed = family::land(handles, release, family, &submission, judged).await?;
    if !matches!(landed, Ok(Some(_))) {
        marks::forget(handles, release, receipt).await?;
    }
    match landed {
        Ok(None) => done.superseded = passed,
        Ok(Some(landed)) => {
            done.released = landed.rows.len();
            done.superseded = passed - done.released;
            done.table_version = Some(landed.version);
            marks::mark(handles, &intent, &landed, receipt).await?;
        }
        Err(why) => {
            done.passed_over = Some(why);
            (done.held, done.rules) = (0, Vec::new());
        }
    }
    Ok(done)
}

/// The submission, the first of its family, and what its rows are judged by; or why they are not.
async fn judgeable(
    handles: &Handles,
    id: SubmissionId,
) -> Result<std::result::Result<(Submission, Submission, Terms), String>> {
    let found = handles.books.submission(id).await;
    let Some(found) = found.map_err(crate::failure::books)? else {
        return Ok(Err("the books do not know it".to_owned()));
    };
    match found.state {
        SubmissionState::Committed => {}
        SubmissionState::Durable => return Ok(Err("it has not landed yet".to_owned())),
        SubmissionState::Refused => {
            let why = "no row of it landed, and its sender was told to send it again";
            return Ok(Err(why.to_owned()));
        }
    }
    if let Some(erasure) = &found.erased {
        return Ok(Err(format!("its evidence {}", erase::how(erasure))));
    }
    let root = match found.receipt.supersedes.map(|s| s.relation) {
        Some(Relation::Corrects(root)) => submit::known(handles, root).await?,
        _ => found.clone(),
    };
    if let Some(ended) = root.ended {
        return Ok(Err(match ended.by {
            Some(by) => format!("it was replaced by `{by}`"),
            None => "it was withdrawn".to_owned(),
        }));
    }
    let receipt = &found.receipt;
    let agency = Some(receipt.agency.clone());
    let terms = submit::terms(
        &handles.project(),
        &receipt.dataset,
        &receipt.period,
        agency,
    );
    Ok(match terms {
        Ok(terms) => Ok((found, root, terms)),
        Err(error) => Err(error.message),
    })
}
