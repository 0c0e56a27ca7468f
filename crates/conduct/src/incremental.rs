//! What of a computed dataset a run computes anew: the windows that the changed files of its inputs
//! touch, or everything, and why.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use engine::{Changed, Difference, Followed, Statement, Windows};
use lake::{Holding, Portion, Snapshot, StagedFile, Table};
use project::{Check, Contract, DatasetName, Rule, Transformation};
use service::Result;

use crate::check::{run_params, uses};
use crate::handles::Handles;
use crate::quality::ToJudge;
use crate::{failure, staging};

/// Changed files beyond this size are compared only if they are the smaller part of their table.
const LARGE: u64 = 64 << 20;

/// What the rows that are there were computed from.
pub(crate) struct Previous {
    /// The version of each input.
    pub inputs: BTreeMap<DatasetName, i64>,
}

/// What is computed anew.
pub(crate) enum Scope {
    /// No row: those of the inputs that matter are the same.
    Nothing,
    /// The rows inside the windows.
    Windows(Windows),
    /// Every row, and why.
    All(String),
}

impl Scope {
    /// For the ledger.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Nothing => "nothing: no row that it reads changed".to_owned(),
            Self::Windows(windows) => format!("windows: {}", windows.told()),
            Self::All(reason) => format!("full: {reason}"),
        }
    }
}

/// What changed since the last build of `transformation`, as far as its answer can tell.
pub(crate) async fn scope(
    handles: &Handles,
    contract: &Contract,
    (transformation, statement): (&Transformation, &Statement),
    snapshots: &BTreeMap<DatasetName, Snapshot>,
    previous: &Previous,
) -> Result<Scope> {
    if transformation.write.windows().is_empty() {
        return Ok(Scope::All("it writes no windows".to_owned()));
    }
    if uses(&transformation.sql, "run_at") {
        return Ok(Scope::All("it reads the time of the run".to_owned()));
    }
    let schemas = snapshots.iter();
    let schemas = schemas.map(|(dataset, snapshot)| (dataset.clone(), snapshot.schema()));
    let followed = followed(handles, contract, transformation, statement, schemas).await?;
    let mut touched = Windows::none();
    for (dataset, snapshot) in snapshots {
        let Some(before) = previous.inputs.get(dataset) else {
            return Ok(Scope::All(format!("it did not read `{dataset}` before")));
        };
        let readings = followed.iter().filter(|f| f.dataset == *dataset);
        let readings: Vec<&Followed> = readings.collect();
        match input(handles, dataset, (*before, snapshot), &readings).await? {
            Changed::Inside(windows) => touched = touched.with(windows),
            Changed::Anything(reason) => return Ok(Scope::All(reason)),
        }
    }
    Ok(if touched.is_empty() {
        Scope::Nothing
    } else {
        Scope::Windows(touched)
    })
}

/// The readings of a transformation and how far its windows are followed to them.
pub(crate) async fn followed(
    handles: &Handles,
    contract: &Contract,
    transformation: &Transformation,
    statement: &Statement,
    schemas: impl Iterator<Item = (DatasetName, SchemaRef)>,
) -> Result<Vec<Followed>> {
    let params = run_params(&transformation.sql, 0);
    let schemas = schemas.collect();
    let followed = handles.engine.follow(
        staging::limits(handles),
        &schemas,
        (statement, &params),
        contract,
        transformation.write.windows(),
    );
    followed.await.map_err(failure::engine)
}

/// What the change of one input touches.
async fn input(
    handles: &Handles,
    dataset: &DatasetName,
    (before, now): (i64, &Snapshot),
    readings: &[&Followed],
) -> Result<Changed> {
    let nothing = Ok(Changed::Inside(Windows::none()));
    let anything = |reason: String| Ok(Changed::Anything(reason));
    let table = handles.table(dataset).await?;
    let same = table.same_rows(before, now.version()).await;
    if same.map_err(failure::lake)? {
        return nothing;
    }
    let files = table.changed_files(before, now).await;
    let Some((gone, come)) = files.map_err(failure::lake)? else {
        return anything(format!("the columns of `{dataset}` changed"));
    };
    let all = now.files().map_err(failure::lake)?.bytes;
    if gone.bytes() > LARGE && gone.bytes() > all / 2 {
        return anything(format!("most of `{dataset}` was written anew"));
    }
    if !table.are_there(&gone).await.map_err(failure::lake)? {
        return anything(format!(
            "version {before} of `{dataset}`, which it read before, is not kept any more"
        ));
    }
    let mut touched = Windows::none();
    for reading in readings {
        let difference = Difference {
            before: side(&gone)?,
            after: side(&come)?,
        };
        let changed = handles
            .engine
            .changed(staging::limits(handles), reading, difference);
        match changed.await.map_err(failure::engine)? {
            Changed::Inside(windows) => touched = touched.with(windows),
            anything @ Changed::Anything(_) => return Ok(anything),
        }
    }
    Ok(Changed::Inside(touched))
}

type Provider = std::sync::Arc<dyn datafusion::catalog::TableProvider>;

fn side(portion: &Portion) -> Result<Option<Provider>> {
    let files = (portion.count() > 0).then(|| portion.provider());
    files.transpose().map_err(failure::lake)
}

/// Whether every rule of the contract can be held against the rows inside the windows alone.
pub(crate) fn are_enough(contract: &Contract, windows: &Windows) -> bool {
    let mut rules = contract.rules.iter();
    rules.all(|rule| is_enough(rule, windows))
}

/// Whether a rule can be held against the rows inside the windows alone.
pub(crate) fn is_enough(rule: &Rule, windows: &Windows) -> bool {
    match &rule.check {
        // Rows of one key are inside the same windows.
        Check::Unique(key) => {
            let mut boxes = windows.boxes().iter();
            boxes.all(|values| values.keys().all(|column| key.contains(column)))
        }
        // It is held against the rows that are computed, as the rules of a row are.
        Check::References { .. } => true,
        check => check.is_of_a_row(),
    }
}

/// The rows of the windows, staged, and what stays of the files that hold them.
pub(crate) struct Replaced {
    /// The version that they were computed against.
    pub base: i64,
    pub snapshot: Snapshot,
    pub holding: Holding,
    /// The rows inside the windows.
    pub inside: Vec<StagedFile>,
    /// The other rows of the files that hold some of them.
    pub kept: Vec<StagedFile>,
}

impl Replaced {
    /// What the contract's rules are to be held against: the new rows, and the whole table as it
    /// would be, for rules that speak of more than a row.
    pub(crate) fn to_judge(
        &self,
        table: &Table,
        contract: &Contract,
        windows: &Windows,
    ) -> Result<ToJudge> {
        let new = table.staged_provider(&self.inside).map_err(failure::lake)?;
        if are_enough(contract, windows) {
            return Ok(ToJudge { new, whole: None });
        }
        let files: Vec<StagedFile> = self.kept.iter().chain(&self.inside).cloned().collect();
        let whole = self.snapshot.with(&self.holding.all, &files);
        let whole = whole.map_err(failure::lake)?;
        Ok(ToJudge {
            new,
            whole: Some((whole, windows.clone())),
        })
    }

    /// Every staged file.
    pub(crate) fn files(self) -> Vec<StagedFile> {
        self.inside.into_iter().chain(self.kept).collect()
    }
}
