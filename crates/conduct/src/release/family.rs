//! Landing released rows among those of their family.

use std::collections::{BTreeMap, BTreeSet};

use engine::{Param, Statement};
use lake::{CommitRequest, LakeError, Portion, StagedFile, Table, WriteSettings};
use project::Contract;
use serde_json::Map;
use service::{ErrorKind, Result, ServiceError, Submission, SubmissionId};

use super::Release;
use super::judged::Judged;
use super::noted::{Landed, NOTE, Rows};
use crate::handles::Handles;
use crate::submit::{Amendment, CORRECTING, Change, ENDED};
use crate::system::own;
use crate::{failure, staging};

/// Tries while others amend the same family.
const TRIES: usize = 20;

/// What became of rows that passed: they landed, none was left to land, or why they did not.
pub(crate) type Outcome = std::result::Result<Option<Landed>, String>;

/// Lands the rows that passed, but not those of whose keys the family has rows.
pub(crate) async fn land(
    handles: &Handles,
    release: &Release,
    family: (&Table, &Contract, &Submission),
    submission: &Submission,
    judged: Judged,
) -> Result<Outcome> {
    let (table, ..) = family;
    let landed = tried(handles, release, family, submission, &judged).await?;
    let is_used = |landed: &Landed| landed.rows == judged.passed;
    if !matches!(&landed, Ok(Some(landed)) if is_used(landed)) {
        let left = table.discard(judged.files).await;
        left.map_err(failure::lake)?;
    }
    Ok(landed)
}

async fn tried(
    handles: &Handles,
    release: &Release,
    (table, contract, root): (&Table, &Contract, &Submission),
    submission: &Submission,
    judged: &Judged,
) -> Result<Outcome> {
    let id = submission.receipt.id;
    let since = submission.receipt.table_version.unwrap_or(-1);
    let app = format!("dtm/{}/family/{}", table.dataset(), root.receipt.id);
    let own_id = release.id.parse().map_err(|error: uuid::Error| {
        ServiceError::new(ErrorKind::Internal, "a release has no id").caused_by(error)
    })?;
    let amendment = Amendment {
        table,
        contract,
        root,
        change: Change::Correct(own_id, &judged.files),
        since,
        info: Map::new(),
    };
    for _ in 0..TRIES {
        table.refresh().await.map_err(failure::lake)?;
        let known = table.number_of(&app).await.map_err(failure::lake)?;
        let known = known.unwrap_or(0);
        if known == ENDED {
            return Ok(Err("it was replaced or withdrawn meanwhile".to_owned()));
        }
        if released_by_another(table, since, id, &judged.passed).await? {
            return Ok(Err(
                "rows of it were released meanwhile; ask again".to_owned()
            ));
        }
        let (files, rows) = free(handles, &amendment, judged, known).await?;
        if rows.is_empty() {
            return Ok(Ok(None));
        }
        let version = contract.version.to_string();
        let note = Landed::note(release, id, &version, &rows);
        let request = CommitRequest::append(files.clone())
            .with_app(app.clone(), known + 1)
            .with_operation("RELEASE")
            .with_info(Map::from_iter([(NOTE.to_owned(), note)]));
        match table.commit(request).await {
            Ok(committed) if !committed.already => {
                return Ok(Ok(Some(Landed {
                    release: release.id.clone(),
                    submission: id,
                    contract_version: version,
                    by: release.by.clone(),
                    rows,
                    version: committed.version,
                })));
            }
            Ok(_) | Err(LakeError::Conflict(_)) => {
                // The rows as they were judged are needed again.
                if rows != judged.passed {
                    table.discard(files).await.map_err(failure::lake)?;
                }
            }
            Err(error) => return Err(failure::lake(error)),
        }
    }
    let message = format!("submission `{id}` was changed {TRIES} times meanwhile");
    Err(ServiceError::new(ErrorKind::Unavailable, message).hint("Try again in a moment."))
}

async fn released_by_another(
    table: &Table,
    since: i64,
    id: SubmissionId,
    rows: &Rows,
) -> Result<bool> {
    let records = table.noted_since(since, NOTE).await;
    let records = records.map_err(failure::lake)?;
    let landed = records.iter().filter_map(Landed::of);
    let mut of = landed.filter(|landed| landed.submission == id);
    Ok(of.any(|landed| rows.iter().any(|row| landed.rows.contains(row))))
}

/// The rows of whose keys the family has none, and files that hold just these.
async fn free(
    handles: &Handles,
    amendment: &Amendment<'_>,
    judged: &Judged,
    known: i64,
) -> Result<(Vec<StagedFile>, Rows)> {
    let all = || (judged.files.clone(), judged.passed.clone());
    let Amendment {
        table, contract, ..
    } = amendment;
    if contract.key.is_empty() {
        return Ok(all());
    }
    let family = amendment.family(handles, known).await?;
    let portion = table.snapshot().holding("_submission_id", &family);
    let portion: Portion = portion.map_err(failure::lake)?;
    if portion.count() == 0 {
        return Ok(all());
    }
    let session = amendment.session(handles, &portion)?;
    let params: BTreeMap<String, Param> = (0..)
        .zip(&family)
        .map(|(n, id)| (format!("s{n}"), Param::Text(id.clone())))
        .collect();
    let of = |columns: &str| {
        let sql = sql(table, contract, family.len(), columns);
        Statement::parse(&sql).map_err(failure::engine)
    };
    let numbers = session.plan(&of("c._row_number")?, &params).await;
    let numbers = session.collect(&numbers.map_err(failure::engine)?).await;
    let mut rows = BTreeSet::new();
    for batch in &numbers.map_err(failure::engine)? {
        rows.extend((0..batch.num_rows()).map(|row| own::count_at(batch, 0, row)));
    }
    let mut left = Rows::default();
    for row in &rows {
        left.push(*row);
    }
    if left == judged.passed {
        return Ok(all());
    }
    let planned = session.plan(&of("c.*")?, &params).await;
    let planned = planned.map_err(failure::engine)?;
    let settings = WriteSettings {
        sort_by: contract.sort_by.clone(),
        ..WriteSettings::default()
    };
    let files = staging::staged(&session, &planned, table, &settings).await?;
    Ok((files, left))
}

fn sql(table: &Table, contract: &Contract, family: usize, columns: &str) -> String {
    let dataset = table.dataset();
    let table = format!("{}.\"{}\"", dataset.layer().as_str(), dataset.name());
    let members: Vec<String> = (0..family).map(|n| format!("$s{n}")).collect();
    let keys = contract.key.iter();
    let keys: Vec<String> = keys.map(|k| format!("t.\"{k}\" = c.\"{k}\"")).collect();
    format!(
        "select {columns} from {CORRECTING} as c where not exists (select 1 from {table} as t \
         where t._submission_id in ({}) and {}) order by c._row_number",
        members.join(", "),
        keys.join(" and ")
    )
}
