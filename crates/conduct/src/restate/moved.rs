//! Rows of received datasets that come and go, and the datasets as they would be.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use engine::{Param, QueryLimits, Session, Statement};
use lake::Portion;
use project::{Contract, DatasetName};
use service::{ErrorKind, Relation, Result, ServiceError, SubmissionId};

use crate::failure;
use crate::handles::Handles;
use crate::submit::CORRECTING;

pub(crate) type Provider = Arc<dyn TableProvider>;

/// A dataset with other rows.
pub(crate) struct Moved {
    /// The rows that go; none where there are none, or it is not known.
    pub(super) before: Option<Provider>,
    /// The rows that come.
    pub(super) after: Option<Provider>,
    /// All of its rows as they would be.
    pub(crate) now: Provider,
    /// Why any row may be another one.
    pub(super) whole: Option<String>,
}

impl Moved {
    /// Of which nothing was read.
    pub(super) fn unread(now: Provider) -> Self {
        Self {
            before: None,
            after: Some(Arc::clone(&now)),
            now,
            whole: None,
        }
    }
}

/// What happens to the rows of a received dataset.
pub(super) struct Change<'a> {
    pub(super) contract: &'a Contract,
    /// The submissions of which rows go.
    pub(super) family: Vec<SubmissionId>,
    /// Whether those alone go whose keys come.
    pub(super) by_key: bool,
    /// The rows that come.
    pub(super) come: Vec<RecordBatch>,
}

impl<'a> Change<'a> {
    /// Rows that come, in place of those of the family that is corrected or replaced.
    pub(super) async fn of_body(
        handles: &Handles,
        contract: &'a Contract,
        relation: Option<Relation>,
        come: Vec<RecordBatch>,
    ) -> Result<Self> {
        let family = match relation {
            None => Vec::new(),
            Some(relation) => family(handles, relation.target()).await?,
        };
        Ok(Self {
            contract,
            family,
            by_key: matches!(relation, Some(Relation::Corrects(_))),
            come,
        })
    }

    /// Rows that go.
    pub(super) async fn of_withdrawal(
        handles: &Handles,
        contract: &'a Contract,
        root: SubmissionId,
    ) -> Result<Self> {
        Ok(Self {
            contract,
            family: family(handles, root).await?,
            by_key: false,
            come: Vec::new(),
        })
    }

    /// The dataset after it, over the rows that it has.
    pub(super) async fn to(
        self,
        handles: &Handles,
        there: Provider,
        limits: QueryLimits,
    ) -> Result<Moved> {
        let dataset = &self.contract.dataset;
        let come = shaped(&there.schema(), &self.come)?;
        let columns = there.schema();
        let columns = columns.fields().iter();
        let columns: Vec<String> = columns.map(|f| format!("\"{}\"", f.name())).collect();
        let columns = columns.join(", ");
        let correcting: DatasetName = CORRECTING.parse().map_err(|error: project::NameError| {
            ServiceError::new(ErrorKind::Internal, error.to_string())
        })?;
        let tables = BTreeMap::from([(dataset.clone(), there), (correcting, Arc::clone(&come))]);
        let session = handles.engine.session(tables, limits);
        let session = session.map_err(failure::engine)?;
        let family = self.family.iter().enumerate();
        let params: BTreeMap<String, Param> = family
            .map(|(n, id)| (format!("s{n}"), Param::Text(id.to_string())))
            .collect();
        let old = |condition: &String| {
            format!(
                "select {columns} from {} as t where {condition}",
                quoted(dataset)
            )
        };
        let (stay, go) = self.conditions();
        let new = format!("select {columns} from {CORRECTING}");
        let now: Vec<String> = stay.iter().map(old).chain([new]).collect();
        Ok(Moved {
            before: match go {
                Some(go) => Some(viewed(&session, &old(&go), &params).await?),
                None => None,
            },
            after: (!self.come.is_empty()).then_some(come),
            now: viewed(&session, &now.join(" union all "), &params).await?,
            whole: None,
        })
    }

    /// Which rows stay, in parts, and which go if any can.
    fn conditions(&self) -> (Vec<String>, Option<String>) {
        if self.family.is_empty() {
            return (vec!["true".to_owned()], None);
        }
        let members: Vec<String> = (0..self.family.len()).map(|n| format!("$s{n}")).collect();
        let members = members.join(", ");
        let (of_family, of_others) = (
            format!("_submission_id in ({members})"),
            format!("_submission_id not in ({members})"),
        );
        if !self.by_key {
            return (vec![of_others], Some(of_family));
        }
        let keys = self.contract.key.iter();
        let keys: Vec<String> = keys.map(|k| format!("c.\"{k}\" = t.\"{k}\"")).collect();
        let same = format!(
            "(select 1 from {CORRECTING} as c where {})",
            keys.join(" and ")
        );
        let kept = format!("{of_family} and not exists {same}");
        (
            vec![of_others, kept],
            Some(format!("{of_family} and exists {same}")),
        )
    }
}

async fn viewed(
    session: &Session,
    sql: &str,
    params: &BTreeMap<String, Param>,
) -> Result<Provider> {
    let statement = Statement::parse(sql).map_err(failure::engine)?;
    let planned = session.plan(&statement, params).await;
    Ok(planned.map_err(failure::engine)?.view())
}

/// The rows in the types that the table has.
fn shaped(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<Provider> {
    let broken = |error: arrow::error::ArrowError| {
        ServiceError::new(ErrorKind::Internal, "cannot hold the rows").caused_by(error)
    };
    let mut batches = Vec::new();
    for batch in rows {
        let mut columns = Vec::new();
        for field in schema.fields() {
            columns.push(match batch.column_by_name(field.name()) {
                Some(column) => cast(column, field.data_type()).map_err(broken)?,
                None => new_null_array(field.data_type(), batch.num_rows()),
            });
        }
        batches.push(RecordBatch::try_new(Arc::clone(schema), columns).map_err(broken)?);
    }
    let table = MemTable::try_new(Arc::clone(schema), vec![batches]).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot hold the rows").caused_by(error)
    })?;
    Ok(Arc::new(table))
}

/// A submission and what corrects it.
async fn family(handles: &Handles, root: SubmissionId) -> Result<Vec<SubmissionId>> {
    let corrections = handles.books.corrections(root).await;
    let corrections = corrections.map_err(failure::books)?;
    Ok([root].into_iter().chain(corrections).collect())
}

/// A received dataset whose rows are others than in the version that the last run read; none if
/// they are not.
pub(super) async fn since(
    handles: &Handles,
    dataset: &DatasetName,
    read: i64,
) -> Result<Option<Moved>> {
    let table = handles.table(dataset).await?;
    let now = table.snapshot();
    let same = table.same_rows(read, now.version()).await;
    if same.map_err(failure::lake)? {
        return Ok(None);
    }
    let provider = now.provider().map_err(failure::lake)?;
    let files = table.changed_files(read, &now).await;
    let Some((gone, come)) = files.map_err(failure::lake)? else {
        return Ok(Some(anything(
            provider,
            format!("the columns of `{dataset}` changed"),
        )));
    };
    if !table.are_there(&gone).await.map_err(failure::lake)? {
        let why = format!("version {read} of `{dataset}` is not kept any more");
        return Ok(Some(anything(provider, why)));
    }
    Ok(Some(Moved {
        before: side(&gone)?,
        after: side(&come)?,
        now: provider,
        whole: None,
    }))
}

fn anything(now: Provider, why: String) -> Moved {
    Moved {
        before: None,
        after: None,
        now,
        whole: Some(why),
    }
}

fn side(portion: &Portion) -> Result<Option<Provider>> {
    let files = (portion.count() > 0).then(|| portion.provider());
    files.transpose().map_err(failure::lake)
}

/// A dataset's name in SQL.
pub(super) fn quoted(dataset: &DatasetName) -> String {
    format!("{}.\"{}\"", dataset.layer().as_str(), dataset.name())
}
