//! Tracing: from figures to the submissions behind them.
//!
//! The transformations are planned again, dataset by dataset from the figure down, over the versions
//! that it was computed from; each says which rows of its inputs are behind what was asked about it
//! ([`way`], `engine`'s `behind`). Then the figures are computed again from the submissions found and
//! no others ([`verify`]); where they differ, those that are missing are looked for, and the answer is
//! not called exact.

mod node;
mod verify;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use access::{Decision, Resource};
use engine::{Chosen, Planned, QueryLimits, Session, Wanted};
use project::{DatasetName, Layer, Project, Rule, Severity};
use serde_json::json;
use service::{
    Action, Call, ErrorKind, Principal, Receipt, Result, ServiceError, TraceAnswer, TraceRequest,
    TraceRole, TraceStop, TracedSubmission,
};

use crate::check::run_params;
use crate::failure;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::query::{is_published, unpublished};
use node::Node;
use verify::{Figures, Kept};
use way::{Found, Way, add};

/// The column that says which submission a row came with.
const SUBMISSION: &str = "_submission_id";
/// The columns that say for whom and when it was: what tables are partitioned and sorted by.
const AGENCY: &str = "_agency";
const PERIOD: &str = "_period";
/// So many submissions are looked for among the rows of their agencies and periods alone.
const NEAR: usize = 64;
/// The column that says which row of it.
const ROW: &str = "_row_number";

/// Submissions that are taken away one by one, at most.
const EACH: usize = 16;
/// Rows received that are computed again for each of them, at most.
const WHOLE: u64 = 1_000_000;
/// That a submission can be left out.
const SAME: &str =
    "rows that make up for each other: without some of them the figures are the same";
/// That a row stands for others.
const PICKED: &str = "rows of which one is picked: without it another comes in its place";

/// Answers what is behind figures.
pub(crate) async fn trace(gate: &Gate, call: &Call, request: TraceRequest) -> Result<TraceAnswer> {
    let about = About::dataset(&request.dataset);
    let about = about.detail(json!({ "where": request.condition, "column": request.column }));
    gate.perform(
        call,
        Action::Trace,
        about,
        |handles, principal| async move {
            let queries = may_ask(&handles, &principal, &request.dataset)?;
            let place = Arc::clone(&handles.queries).acquire_owned().await;
            let _place = place.map_err(|_| {
                ServiceError::new(ErrorKind::Unavailable, "the node is stopping")
                    .hint("Ask again in a moment.")
            })?;
            let project = handles.project();
            let tracing = Tracing::begin(&handles, &project, &request).await?;
            let answer = tracing.answer().await;
            answer.map_err(|error| if queries { error } else { untold(error) })
        },
    )
    .await
}

/// Whoever may not query asks about published figures alone: a condition tells what rows hold.
/// Answers whether they may query.
fn may_ask(handles: &Handles, principal: &Principal, dataset: &DatasetName) -> Result<bool> {
    let contract = handles.contract(dataset)?;
    let about = Resource {
        agency: None,
        dataset: Some(dataset),
    };
    let queries = access::decide(principal, Action::Query, &about);
    let queries = matches!(queries, Decision::Allow);
    if queries || is_published(&contract) {
        return Ok(queries);
    }
    Err(unpublished(dataset))
}

/// The error without what it says of rows: the condition is asked of rows behind the figures, too,
/// and its errors name their values.
fn untold(error: ServiceError) -> ServiceError {
    const TOLD: &str = "the condition, or a figure under it, cannot be computed";
    match error.kind {
        kind @ (ErrorKind::Invalid | ErrorKind::Refused | ErrorKind::Internal) => {
            ServiceError::new(kind, TOLD)
                .hint("Compare columns of the dataset with values, such as `period = '2026-09'`.")
        }
        _ => error,
    }
}

/// One trace.
struct Tracing<'a> {
    handles: &'a Arc<Handles>,
    request: &'a TraceRequest,
    /// The dataset and what is behind it, consumers before what they read.
    nodes: Vec<Arc<Node>>,
    stops: BTreeSet<TraceStop>,
    /// Whether it is asked what keeps the rows there, too.
    presence: bool,
}

/// The submissions that are named.
#[derive(Default)]
struct Named {
    ids: Ids,
    listed: Vec<TracedSubmission>,
}

/// Submissions by what they were for.
type Ids = BTreeMap<DatasetName, BTreeSet<String>>;

impl<'a> Tracing<'a> {
    async fn begin(
        handles: &'a Arc<Handles>,
        project: &Project,
        request: &'a TraceRequest,
    ) -> Result<Self> {
        let dataset = &request.dataset;
        let received = dataset.layer() == Layer::Raw;
        if !received && !project.transformations.contains_key(dataset) {
            let message = format!("dataset `{dataset}` is neither computed nor received");
            return Err(ServiceError::new(ErrorKind::Invalid, message)
                .hint("Name a dataset that a transformation computes, or one of layer `raw`."));
        }
        let snapshots = handles.snapshots([dataset], &request.at).await?;
        let version = snapshots.get(dataset).map_or(-1, lake::Snapshot::version);
        Ok(Self {
            handles,
            request,
            nodes: node::nodes(handles, project, dataset, version).await?,
            stops: BTreeSet::new(),
            presence: false,
        })
    }

    async fn answer(mut self) -> Result<TraceAnswer> {
        let nothing = || ServiceError::new(ErrorKind::Internal, "there is nothing to trace");
        let target = self.nodes.first().cloned().ok_or_else(nothing)?;
        let wanted = self.wanted(&target);
        let adds = self.nodes.iter().filter(|node| node.adds);
        for dataset in adds.map(|node| node.place.0.clone()).collect::<Vec<_>>() {
            self.stop(
                &dataset,
                "`write: append`: rows of earlier runs are not followed",
            );
        }
        let aside = |rule: &Rule| rule.severity == Severity::Quarantine;
        let set_aside = self.nodes.iter();
        let set_aside = set_aside.filter(|node| node.contract.rules.iter().any(aside));
        for dataset in set_aside
            .map(|node| node.place.0.clone())
            .collect::<Vec<_>>()
        {
            self.stop(
                &dataset,
                "`severity: quarantine`: rows that were set aside are followed, too",
            );
        }
        let (rows, value, _) = self.ways(&target, &wanted).await?;
        let mut named = Named::default();
        self.name(&mut named, &value.found, TraceRole::Value)
            .await?;
        let figures = self.published(&target, &wanted).await?;
        let mut verified = figures == self.from(&Kept::All(&named.ids), &wanted).await?;
        if !verified {
            let missing = self.complete(&mut named, &target, &wanted, &figures);
            verified = missing.await?;
        } else if self.stops.is_empty() {
            self.check_each(&named.ids, &wanted, &figures).await?;
        }
        named.listed.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(TraceAnswer {
            dataset: self.request.dataset.clone(),
            run: target.run.clone(),
            rows,
            exact: self.stops.is_empty(),
            versions: self.versions(),
            stops: self.stops.into_iter().collect(),
            verified,
            submissions: named.listed,
        })
    }

    /// What is behind the values of the chosen rows, followed to its end, and behind their being
    /// there, which is not.
    async fn ways(&mut self, target: &Node, wanted: &Wanted) -> Result<(u64, Way, Way)> {
        let chosen = Chosen::Condition(self.request.condition.clone());
        let wanted = Wanted {
            presence: self.presence,
            ..wanted.clone()
        };
        let (mut value, mut presence) = (Way::default(), Way::default());
        let rows = self
            .step(target, &wanted, &chosen, &mut value, &mut presence)
            .await?;
        self.follow(&mut value, &mut presence).await?;
        Ok((rows, value, presence))
    }

    /// The columns whose values are asked about: that one, or all that are no part of the key.
    fn wanted(&self, target: &Node) -> Wanted {
        let schema = target.contract.table_schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        let columns: BTreeSet<String> = match &self.request.column {
            Some(column) => BTreeSet::from([column.clone()]),
            None => names.filter(|n| !target.contract.key.contains(n)).collect(),
        };
        let rows = columns.is_empty() || target.run.is_none();
        Wanted {
            columns,
            rows,
            presence: false,
        }
    }

    /// Names more submissions until the figures come out the same from those that are named: such
    /// as keep the rows there, then such as keep other rows out, then all. Whether they do.
    async fn complete(
        &mut self,
        named: &mut Named,
        node: &Node,
        wanted: &Wanted,
        figures: &Figures,
    ) -> Result<bool> {
        let target = self.request.dataset.clone();
        self.presence = true;
        let (_, _, mut presence) = self.ways(node, wanted).await?;
        let mut more = Way::default();
        self.follow(&mut presence, &mut more).await?;
        if self
            .name(named, &presence.found, TraceRole::Presence)
            .await?
        {
            let why = "the row itself, which any of several submissions keep there";
            self.stop(&target, why);
            if *figures == self.from(&Kept::All(&named.ids), wanted).await? {
                return Ok(true);
            }
        }
        let beside = self.beside(&named.ids).await?;
        for (dataset, hiding) in &beside {
            self.stop(dataset, PICKED);
            self.name(named, hiding, TraceRole::Hiding).await?;
        }
        if !beside.is_empty() && *figures == self.from(&Kept::All(&named.ids), wanted).await? {
            return Ok(true);
        }
        let all = self.all_received(None).await?;
        self.name(named, &all, TraceRole::Hiding).await?;
        self.stop(&target, "rows that keep others out, whichever they are");
        Ok(*figures == self.from(&Kept::All(&named.ids), wanted).await?)
    }

    /// Looks whether the figures would be others without each of the submissions. Where one row is
    /// picked of several, that is not sure: another may come in its place, or come out elsewhere.
    async fn check_each(&mut self, named: &Ids, wanted: &Wanted, figures: &Figures) -> Result<()> {
        let count = named.values().map(BTreeSet::len).sum::<usize>();
        let beside = self.beside(named).await?;
        let Some(dataset) = beside.keys().next().cloned() else {
            if count <= EACH {
                return self.check_alone(named, wanted, figures).await;
            }
            return Ok(());
        };
        let mut rows = self.all_received(Some(named)).await?;
        for others in beside.values() {
            add(&mut rows, others);
        }
        // Complete wherever a row of theirs is one of several: nothing else comes in its place.
        let mut sure = count <= EACH && *figures == self.from(&Kept::Rows(&rows), wanted).await?;
        for (received, ids) in named {
            for id in ids {
                if !sure {
                    break;
                }
                let mut others = rows.clone();
                if let Some(of) = others.get_mut(received) {
                    of.remove(id);
                }
                sure = *figures != self.from(&Kept::Rows(&others), wanted).await?;
            }
        }
        if !sure {
            self.stop(&dataset, PICKED);
        }
        Ok(())
    }

    /// The same where no row is picked that the plan tells of: each is left out of all that was
    /// received, or of what is named if that is too much to compute so often.
    async fn check_alone(&mut self, named: &Ids, wanted: &Wanted, figures: &Figures) -> Result<()> {
        let whole = self.rows_received()? <= WHOLE;
        for (received, ids) in named {
            for id in ids {
                let mut others = named.clone();
                if let Some(of) = others.get_mut(received) {
                    of.remove(id);
                }
                let kept = match whole {
                    true => Kept::AllBut(received, id),
                    false => Kept::All(&others),
                };
                if *figures == self.from(&kept, wanted).await? {
                    self.stop(received, SAME);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The rows of all that was received behind the figures.
    fn rows_received(&self) -> Result<u64> {
        let mut rows = 0;
        for node in &self.nodes {
            for (dataset, snapshot) in &node.snapshots {
                if dataset.layer() == Layer::Raw {
                    rows += snapshot.row_count().map_err(failure::lake)?;
                }
            }
        }
        Ok(rows)
    }

    /// Names submissions that are not named yet. Whether there are any.
    async fn name(&self, named: &mut Named, found: &Found, role: TraceRole) -> Result<bool> {
        let before = named.listed.len();
        for (dataset, submissions) in found {
            for (id, rows) in submissions {
                let ids = named.ids.entry(dataset.clone()).or_default();
                if ids.insert(id.clone()) {
                    let submission = self.submission(dataset, id, role, rows.len()).await?;
                    named.listed.push(submission);
                }
            }
        }
        Ok(named.listed.len() > before)
    }

    async fn receipt(&self, id: &str) -> Result<Receipt> {
        let missing = || {
            let message = format!("submission `{id}` has rows and is not in the books");
            ServiceError::new(ErrorKind::Corrupt, message)
                .hint("Restart the node: it reads the store again.")
        };
        let id = id.parse().map_err(|_| missing())?;
        let known = self.handles.books.submission(id).await;
        let known = known.map_err(failure::books)?.ok_or_else(missing)?;
        Ok(known.receipt)
    }

    async fn submission(
        &self,
        dataset: &DatasetName,
        id: &str,
        role: TraceRole,
        rows: usize,
    ) -> Result<TracedSubmission> {
        let receipt = self.receipt(id).await?;
        Ok(TracedSubmission {
            id: receipt.id,
            dataset: dataset.clone(),
            agency: receipt.agency,
            period: receipt.period,
            evidence_sha256: receipt.evidence_sha256,
            role,
            rows: rows as u64,
        })
    }

    /// The same rows of what was received, all of which came with these submissions, found without
    /// reading those of other agencies and periods.
    async fn near<'i>(
        &self,
        session: &Session,
        rows: Planned,
        ids: impl Iterator<Item = &'i String> + Send,
    ) -> Result<Planned> {
        let ids: BTreeSet<&String> = ids.collect();
        if ids.len() > NEAR {
            return Ok(rows);
        }
        let (mut agencies, mut periods) = (BTreeSet::new(), BTreeSet::new());
        for id in ids {
            let receipt = self.receipt(id).await?;
            agencies.insert(receipt.agency.to_string());
            periods.insert(receipt.period.to_string());
        }
        let [agencies, periods] =
            [agencies, periods].map(|all| all.into_iter().collect::<Vec<_>>());
        let rows = session.only(rows, PERIOD, &periods);
        let rows = rows.and_then(|rows| session.only(rows, AGENCY, &agencies));
        rows.map_err(failure::engine)
    }

    /// What each statement on the way may use: rows of it are no answer, and not limited as one.
    fn limits(&self) -> QueryLimits {
        QueryLimits {
            rows: u64::MAX,
            bytes: u64::MAX,
            ..self.handles.settings.query
        }
    }

    fn stop(&mut self, dataset: &DatasetName, operator: &str) {
        self.stops.insert(TraceStop {
            dataset: dataset.clone(),
            operator: operator.to_owned(),
        });
    }

    fn versions(&self) -> BTreeMap<DatasetName, i64> {
        let mut versions = BTreeMap::new();
        for node in &self.nodes {
            versions.insert(node.place.0.clone(), node.place.1);
            let read = node.snapshots.iter().map(|(d, s)| (d.clone(), s.version()));
            versions.extend(read);
        }
        versions
    }
}

/// The statement of a node, as the run planned it.
async fn planned(session: &Session, node: &Node) -> Result<Planned> {
    let params = run_params(&node.sql, node.run_at);
    let planned = session.plan(&node.statement, &params).await;
    let planned = planned.map_err(failure::engine)?;
    if node.run.is_none() {
        return Ok(planned);
    }
    session
        .under_contract(planned, &node.contract)
        .map_err(failure::engine)
}

fn order(s: &TracedSubmission) -> (TraceRole, &DatasetName, &str, &str, String) {
    let id = s.id.to_string();
    (s.role, &s.dataset, s.agency.as_str(), s.period.as_str(), id)
}

fn wrong(error: arrow::error::ArrowError) -> ServiceError {
    ServiceError::new(
        ErrorKind::Internal,
        "rows on the way cannot be put together",
    )
    .caused_by(error)
}
