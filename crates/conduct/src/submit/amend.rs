//! Taking rows of an earlier submission out of the table, in the commit that lands what is to be in
//! their place.
//!
//! A submission and its corrections are a family. The table counts the corrections of each family
//! under an application name of its own, so of two who amend one family at the same time one is
//! first, and the other sees what the first did. A family that was replaced or withdrawn has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Param, Session, Statement};
use lake::{
    CommitRecord, Committed, LakeError, Portion, SUPERSEDED_ROWS, StagedFile, Table, WriteSettings,
};
use project::{Contract, DatasetName};
use serde_json::{Map, Value, json};
use service::{
    ErrorKind, Relation, Result, ServiceError, Submission, SubmissionId, SubmissionState,
};

use crate::failure;
use crate::handles::Handles;
use crate::staging;

/// The number of a family that has ended.
pub(crate) const ENDED: i64 = i64::MAX;
/// Tries while others rewrite the same files.
const TRIES: usize = 20;
/// The name under which the rows of a correction are read; no dataset has it.
pub(crate) const CORRECTING: &str = "system.correcting";

/// What is done to a family.
pub(crate) struct Amendment<'a> {
    pub table: &'a Table,
    pub contract: &'a Contract,
    /// The family's first submission.
    pub root: &'a Submission,
    pub change: Change<'a>,
    /// A version of the table at which the change had not happened.
    pub since: i64,
    /// Notes for the history.
    pub info: Map<String, Value>,
}

/// How a family's rows change.
pub(crate) enum Change<'a> {
    /// Those with the keys of these rows go; these rows come.
    Correct(SubmissionId, &'a [StagedFile]),
    /// All go; these rows come.
    Replace(SubmissionId, &'a [StagedFile]),
    /// All go.
    Withdraw,
}

/// What became of it.
pub(crate) struct Amended {
    pub committed: Committed,
    /// Rows that went.
    pub rows: u64,
}

impl Change<'_> {
    fn landed(&self) -> &[StagedFile] {
        match self {
            Self::Correct(_, files) | Self::Replace(_, files) => files,
            Self::Withdraw => &[],
        }
    }

    fn operation(&self) -> &'static str {
        match self {
            Self::Correct(..) => "CORRECT",
            Self::Replace(..) => "REPLACE",
            Self::Withdraw => "WITHDRAW",
        }
    }
}

/// The first submission of the family that `relation` is about, or why nothing can be done to it.
pub(crate) async fn root(
    handles: &Handles,
    relation: Relation,
    contract: &Contract,
) -> Result<Submission> {
    let target = super::known(handles, relation.target()).await?;
    let root = match (target.receipt.supersedes, relation) {
        (Some(superseded), relation) => match (superseded.relation, relation) {
            (Relation::Corrects(root), Relation::Corrects(_)) => {
                super::known(handles, root).await?
            }
            (Relation::Corrects(root), Relation::Replaces(_)) => {
                return Err(is_a_correction(target.receipt.id, root));
            }
            (Relation::Replaces(_), _) => target,
        },
        (None, _) => target,
    };
    if matches!(relation, Relation::Corrects(_)) && contract.key.is_empty() {
        return Err(ServiceError::new(
            ErrorKind::Invalid,
            format!(
                "`{}` has no key, so it is not known which rows a correction is of",
                contract.dataset
            ),
        )
        .hint("Send the whole submission again with `replaces=`."));
    }
    stands(&root)?;
    Ok(root)
}

/// Whether the submission is committed and counts.
pub(crate) fn stands(root: &Submission) -> Result<()> {
    let id = root.receipt.id;
    let conflict = |message: String, hint: &str| {
        Err(ServiceError::new(ErrorKind::Conflict, message).hint(hint))
    };
    match (root.state, root.ended) {
        (SubmissionState::Committed, None) => Ok(()),
        (SubmissionState::Committed, Some(ended)) => match ended.by {
            Some(by) => conflict(
                format!("submission `{id}` was replaced by `{by}`"),
                "Name the submission that replaced it.",
            ),
            None => conflict(
                format!("submission `{id}` was withdrawn"),
                "Send the data as a submission of its own.",
            ),
        },
        (SubmissionState::Durable, _) => conflict(
            format!("submission `{id}` has not landed yet"),
            "Wait until it is committed, then send this again.",
        ),
        (SubmissionState::Refused, _) => conflict(
            format!("submission `{id}` was refused, so there is nothing of it to change"),
            "Send the data as a submission of its own.",
        ),
    }
}

fn is_a_correction(id: SubmissionId, root: SubmissionId) -> ServiceError {
    ServiceError::new(
        ErrorKind::Conflict,
        format!("submission `{id}` is a correction of `{root}`"),
    )
    .hint(format!(
        "Replace or withdraw `{root}`, which takes its corrections along, or send another \
         correction."
    ))
}

/// The rows that an amendment took out, as its commit noted.
pub(crate) fn superseded_rows(record: &CommitRecord) -> u64 {
    let noted = record.info.get(SUPERSEDED_ROWS);
    noted.and_then(Value::as_u64).unwrap_or(0)
}

/// Refuses what is a correction, which goes with what it corrects.
pub(crate) fn is_root(submission: &Submission) -> Result<()> {
    match submission.receipt.supersedes.map(|s| s.relation) {
        Some(Relation::Corrects(root)) => Err(is_a_correction(submission.receipt.id, root)),
        _ => Ok(()),
    }
}

impl Amendment<'_> {
    /// Commits the change once, whoever else commits to the table at the same time.
    pub(crate) async fn commit(&self, handles: &Handles) -> Result<Amended> {
        let app = format!(
            "dtm/{}/family/{}",
            self.table.dataset(),
            self.root.receipt.id
        );
        for _ in 0..TRIES {
            if let Some(before) = self.before().await? {
                return Ok(before);
            }
            let known = self.table.number_of(&app).await.map_err(failure::lake)?;
            let known = known.unwrap_or(0);
            if known == ENDED {
                return Err(self.ended_meanwhile());
            }
            let number = match self.change {
                Change::Correct(..) => known + 1,
                Change::Replace(..) | Change::Withdraw => ENDED,
            };
            let family = self.family(handles, known).await?;
            let snapshot = self.table.snapshot();
            let portion = snapshot.holding("_submission_id", &family);
            let portion = portion.map_err(failure::lake)?;
            let kept = self.kept(handles, &portion, &family).await?;
            let rows = portion.rows() - kept.iter().map(StagedFile::rows).sum::<u64>();
            let files = kept.iter().chain(self.change.landed()).cloned().collect();
            let operation = self.change.operation();
            let mut info = self.info.clone();
            info.insert(SUPERSEDED_ROWS.to_owned(), json!(rows));
            let app = (app.clone(), number);
            let done = self
                .table
                .amend(&portion, files, app, operation, info)
                .await;
            match done {
                Ok(committed) if !committed.already => return Ok(Amended { committed, rows }),
                Ok(_) | Err(LakeError::Conflict(_)) => {
                    self.table.discard(kept).await.map_err(failure::lake)?;
                }
                Err(error) => return Err(failure::lake(error)),
            }
        }
        Err(ServiceError::new(
            ErrorKind::Unavailable,
            format!(
                "the files of dataset `{}` were rewritten {TRIES} times meanwhile",
                self.table.dataset()
            ),
        )
        .hint("Try again in a moment."))
    }

    /// The ids of the family, of which the table has counted `corrections`.
    pub(crate) async fn family(&self, handles: &Handles, corrections: i64) -> Result<Vec<String>> {
        let root = &self.root.receipt;
        let known = handles.books.corrections(root.id).await;
        let known = known.map_err(failure::books)?;
        let mut family = vec![root.id.to_string()];
        if i64::try_from(known.len()).ok() == Some(corrections) {
            family.extend(known.iter().map(ToString::to_string));
            return Ok(family);
        }
        // Another process corrected it and has not told the books yet: the log knows.
        let since = root.table_version.unwrap_or(-1);
        let landed = self.table.submissions_since(since).await;
        for (record, ids) in landed.map_err(failure::lake)? {
            let corrects = |id: &String| {
                record.info["dtm.notes"][id]["corrects"].as_str() == Some(family[0].as_str())
            };
            let corrections: Vec<String> = ids.into_iter().filter(corrects).collect();
            family.extend(corrections);
        }
        Ok(family)
    }

    /// The rows of a portion that stay.
    async fn kept(
        &self,
        handles: &Handles,
        portion: &Portion,
        family: &[String],
    ) -> Result<Vec<StagedFile>> {
        if portion.count() == 0 {
            return Ok(Vec::new());
        }
        let session = self.session(handles, portion)?;
        let statement = Statement::parse(&self.sql(family.len())).map_err(failure::engine)?;
        let params: BTreeMap<String, Param> = (0..)
            .zip(family)
            .map(|(n, id)| (format!("s{n}"), Param::Text(id.clone())))
            .collect();
        let planned = session.plan(&statement, &params).await;
        let planned = planned.map_err(failure::engine)?;
        let settings = WriteSettings {
            sort_by: self.contract.sort_by.clone(),
            ..WriteSettings::default()
        };
        let kept = staging::staged(&session, &planned, self.table, &settings).await;
        kept.map_err(|error| match error.kind {
            // The rows are those of the table itself: what fails is reading its files.
            ErrorKind::Internal => ServiceError {
                kind: ErrorKind::Unavailable,
                ..error
            },
            _ => error,
        })
    }

    pub(crate) fn session(&self, handles: &Handles, portion: &Portion) -> Result<Session> {
        let provider = portion.provider().map_err(failure::lake)?;
        let mut tables = BTreeMap::from([(self.table.dataset().clone(), provider)]);
        if let Change::Correct(_, files) = self.change {
            let name: DatasetName = CORRECTING.parse().map_err(|e: project::NameError| {
                ServiceError::new(ErrorKind::Internal, e.to_string())
            })?;
            let staged = self.table.staged_provider(files).map_err(failure::lake)?;
            tables.insert(name, staged);
        }
        let limits = staging::limits(handles);
        handles
            .engine
            .session(tables, limits)
            .map_err(failure::engine)
    }

    /// The statement for the rows that stay, in the order of the files; `$s0`, `$s1`, … are the
    /// family.
    fn sql(&self, family: usize) -> String {
        let dataset = self.table.dataset();
        let table = format!("{}.\"{}\"", dataset.layer().as_str(), dataset.name());
        let members: Vec<String> = (0..family).map(|n| format!("$s{n}")).collect();
        let members = members.join(", ");
        let others = format!("select * from {table} where _submission_id not in ({members})");
        let all = match self.change {
            Change::Replace(..) | Change::Withdraw => others,
            Change::Correct(..) => {
                let keys = self.contract.key.iter();
                let keys: Vec<String> = keys.map(|k| format!("c.\"{k}\" = t.\"{k}\"")).collect();
                let keys = keys.join(" and ");
                format!(
                    "{others} union all select * from {table} as t where _submission_id in \
                     ({members}) and not exists (select 1 from {CORRECTING} as c where {keys})"
                )
            }
        };
        let order = self.table.partition_by().into_iter();
        let order = order.chain(self.contract.sort_by.iter().cloned());
        let mut order: Vec<String> = order.map(|column| format!("\"{column}\"")).collect();
        if order.is_empty() {
            order.push("1".to_owned());
        }
        format!("{all} order by {}", order.join(", "))
    }

    /// This very change, when it was committed before and the answer was lost.
    pub(crate) async fn before(&self) -> Result<Option<Amended>> {
        let found = match self.change {
            Change::Correct(id, _) | Change::Replace(id, _) => {
                self.table.find_after(self.since, &id.to_string()).await
            }
            Change::Withdraw => {
                let noted = json!(self.root.receipt.id.to_string());
                let withdraws =
                    |record: &CommitRecord| record.info.get(super::withdraw::NOTE) == Some(&noted);
                self.table.find_since(self.since, withdraws).await
            }
        };
        Ok(found.map_err(failure::lake)?.map(|record| Amended {
            rows: superseded_rows(&record),
            committed: Committed {
                version: record.version,
                committed_at: record.committed_at,
                already: true,
                info: Arc::new(record.info),
            },
        }))
    }

    fn ended_meanwhile(&self) -> ServiceError {
        let id = self.root.receipt.id;
        ServiceError::new(
            ErrorKind::Conflict,
            format!("submission `{id}` was replaced or withdrawn meanwhile"),
        )
        .hint("Look at the submission, and send this again if it is still what you mean.")
    }
}
