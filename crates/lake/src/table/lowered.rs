//! A table's files read as what they are: a plain scan of Parquet.
//!
//! The log has already told which files there are, how large they are and what lies between which
//! bounds; so the scan prunes files by the log, knows its rows before it reads one, and is made of
//! the query engine's own nodes, which can be sent to another process.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::SortOptions;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use deltalake::datafusion::catalog::{Session, TableProvider};
use deltalake::datafusion::common::pruning::PruningStatistics;
use deltalake::datafusion::common::stats::Precision;
use deltalake::datafusion::common::tree_node::TreeNode as _;
use deltalake::datafusion::common::{
    Column, DFSchema, Result as QueryResult, ScalarValue, Statistics,
};
use deltalake::datafusion::datasource::listing::PartitionedFile;
use deltalake::datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use deltalake::datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfig, FileScanConfigBuilder, ParquetSource,
};
use deltalake::datafusion::datasource::source::DataSourceExec;
use deltalake::datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::datafusion::logical_expr::utils::conjunction;
use deltalake::datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use deltalake::datafusion::physical_expr::expressions::Column as PhysicalColumn;
use deltalake::datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use deltalake::datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use deltalake::datafusion::physical_plan::ExecutionPlan;
use deltalake::datafusion::physical_plan::empty::EmptyExec;

use super::provider::bring_store;
use super::{DataFile, Layout};
use crate::lake::Place;

/// Reads exactly these files.
#[derive(Debug)]
pub(super) struct Lowered {
    place: Arc<Place>,
    layout: Arc<Layout>,
    files: Arc<Vec<Arc<DataFile>>>,
}

impl Lowered {
    pub(super) fn new(
        place: Arc<Place>,
        layout: Arc<Layout>,
        files: Arc<Vec<Arc<DataFile>>>,
    ) -> Self {
        Self {
            place,
            layout,
            files,
        }
    }

    /// Whether the log alone decides over the filter: it is about partition columns only.
    fn is_decided(&self, filter: &Expr) -> bool {
        let columns = filter.column_refs();
        !columns.is_empty()
            && columns
                .iter()
                .all(|column| self.layout.is_partition(&column.name))
            && is_settled(filter)
    }

    /// The files that may hold rows that pass all filters.
    fn kept(&self, session: &dyn Session, filters: &[Expr]) -> QueryResult<Vec<PartitionedFile>> {
        let layout = &self.layout;
        let mut files = Vec::with_capacity(self.files.len());
        for file in self.files.iter() {
            files.push(file.scanned(layout)?);
        }
        let settled = filters.iter().filter(|filter| is_settled(filter)).cloned();
        let (decided, bounded): (Vec<Expr>, Vec<Expr>) =
            settled.partition(|filter| self.is_decided(filter));
        if let Some(filter) = conjunction(decided) {
            let keep = self.by_partition(session, filter, &files)?;
            retain(&mut files, &keep);
        }
        if let Some(filter) = conjunction(bounded)
            && !files.is_empty()
        {
            let keep = self.by_bounds(session, filter, &files)?;
            retain(&mut files, &keep);
        }
        Ok(files)
    }

    /// Compares a filter with the bounds in the log; one that they say nothing about keeps all.
    fn by_bounds(
        &self,
        session: &dyn Session,
        filter: Expr,
        files: &[PartitionedFile],
    ) -> QueryResult<Vec<bool>> {
        let schema = self.layout.scanned.table_schema();
        let known = DFSchema::try_from(schema.as_ref().clone())?;
        let predicate = session.create_physical_expr(filter, &known)?;
        let predicate = PruningPredicateBuilder::new()
            .with_file_schema(schema.clone())
            .build(predicate);
        match predicate {
            None => Ok(vec![true; files.len()]),
            Some(predicate) => predicate.prune(&ByLog {
                schema: schema.clone(),
                files,
            }),
        }
    }

    /// Evaluates a filter over partition columns, a row for each file.
    fn by_partition(
        &self,
        session: &dyn Session,
        filter: Expr,
        files: &[PartitionedFile],
    ) -> QueryResult<Vec<bool>> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let fields = &self.layout.partition_fields;
        let schema = Arc::new(Schema::new(fields.clone()));
        let mut columns = Vec::new();
        for at in 0..fields.len() {
            let values = files.iter().map(|file| file.partition_values[at].clone());
            columns.push(ScalarValue::iter_to_array(values)?);
        }
        let known = DFSchema::try_from(schema.as_ref().clone())?;
        let filter = session.create_physical_expr(filter, &known)?;
        let batch = RecordBatch::try_new(schema, columns)?;
        let passed = filter.evaluate(&batch)?.into_array(files.len())?;
        let passed = passed.as_boolean();
        Ok(passed.iter().map(|passed| passed == Some(true)).collect())
    }

    /// The order that every file has, if it is one and the same.
    fn order(&self, files: &[Arc<DataFile>]) -> Option<LexOrdering> {
        let names = files.first()?.sorted_by();
        if !files.iter().all(|file| file.sorted_by() == names) {
            return None;
        }
        let schema = self.layout.scanned.table_schema();
        let nulls_last = SortOptions {
            descending: false,
            nulls_first: false,
        };
        let mut keys = Vec::new();
        for name in names {
            let at = schema.index_of(&name).ok()?;
            let column = Arc::new(PhysicalColumn::new(&name, at));
            keys.push(PhysicalSortExpr::new(column, nulls_last));
        }
        LexOrdering::new(keys)
    }

    /// The files dealt out to the partitions of the plan; kept in order where that costs nothing.
    fn groups(
        &self,
        files: Vec<PartitionedFile>,
        partitions: usize,
    ) -> (Vec<FileGroup>, Vec<LexOrdering>) {
        let order = self.order(&self.files);
        let all = FileGroup::new(files);
        if let Some(order) = order {
            let schema = self.layout.scanned.table_schema();
            let split = FileScanConfig::split_groups_by_statistics_with_target_partitions(
                schema,
                std::slice::from_ref(&all),
                &order,
                partitions,
            );
            if let Ok(groups) = split
                && groups.len() <= partitions
                && groups.iter().all(|group| follows(group, &order))
            {
                return (groups, vec![order]);
            }
        }
        (all.split_files(partitions), Vec::new())
    }
}

/// Whether one file's rows come after the other's. The bounds say nothing about nulls, which are
/// last in each file and must not stand between two.
fn follows(group: &FileGroup, order: &LexOrdering) -> bool {
    let files = group.files();
    let has_no_null = |file: &PartitionedFile, key: &PhysicalSortExpr| {
        let column = key.expr.downcast_ref::<PhysicalColumn>();
        let known = file.statistics.as_deref().zip(column);
        known.is_some_and(|(known, column)| {
            known.column_statistics[column.index()].null_count == Precision::Exact(0)
        })
    };
    files.len() < 2
        || files
            .iter()
            .all(|file| order.iter().all(|key| has_no_null(file, key)))
}

/// Whether the filter means the same whenever and wherever it is evaluated.
fn is_settled(filter: &Expr) -> bool {
    let unsettled = |part: &Expr| {
        Ok(matches!(
            part,
            Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::Placeholder(_)
        ))
    };
    !filter.is_volatile() && !filter.exists(unsettled).unwrap_or(true)
}

fn retain(files: &mut Vec<PartitionedFile>, keep: &[bool]) {
    let mut keep = keep.iter();
    files.retain(|_| keep.next().copied().unwrap_or(true));
}

#[async_trait]
impl TableProvider for Lowered {
    fn schema(&self) -> SchemaRef {
        self.layout.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        bring_store(&self.place, session);
        let mut files = self.kept(session, filters)?;
        if filters.iter().all(|filter| self.is_decided(filter))
            && let Some(limit) = limit
        {
            enough(&mut files, limit);
        }
        let wanted = self.layout.wanted(projection);
        let schema = self.layout.scanned.table_schema();
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(schema.project(&wanted)?))));
        }
        let of_files = files.iter().filter_map(|file| file.statistics.as_deref());
        let statistics = Statistics::try_merge_iter(of_files, schema)?;
        let partitions = session.config().target_partitions().max(1);
        let (groups, order) = self.groups(files, partitions);
        let url = ObjectStoreUrl::parse(&self.place.url)?;
        let footers = session
            .runtime_env()
            .cache_manager
            .get_file_metadata_cache();
        let reader = CachedParquetFileReaderFactory::new(self.place.store.clone(), footers);
        let source = ParquetSource::new(self.layout.scanned.clone())
            .with_table_parquet_options(session.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(reader));
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_output_ordering(order)
            .with_projection_indices(Some(wanted))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        let decide = |filter: &&Expr| match self.is_decided(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(decide).collect())
    }
}

/// Leaves out the files that are not needed for `limit` rows.
fn enough(files: &mut Vec<PartitionedFile>, limit: usize) {
    let mut rows = 0;
    files.retain(|file| {
        let needed = rows < limit;
        if let Some(Precision::Exact(more)) = file.statistics.as_ref().map(|known| known.num_rows) {
            rows += more;
        }
        needed
    });
}

/// The bounds of the files in the log, in the form of the pruning.
struct ByLog<'a> {
    schema: SchemaRef,
    files: &'a [PartitionedFile],
}

impl ByLog<'_> {
    fn values<'a>(
        &'a self,
        column: &Column,
        bound: impl Fn(&'a Statistics, usize) -> Option<&'a ScalarValue>,
    ) -> Option<ArrayRef> {
        let at = self.schema.index_of(&column.name).ok()?;
        let none = ScalarValue::try_from(self.schema.field(at).data_type()).ok()?;
        let values = self.files.iter().map(|file| {
            let known = file.statistics.as_deref();
            known
                .and_then(|known| bound(known, at))
                .unwrap_or(&none)
                .clone()
        });
        ScalarValue::iter_to_array(values).ok()
    }

    fn counts(&self, count: impl Fn(&Statistics) -> Option<u64>) -> ArrayRef {
        let counts = self
            .files
            .iter()
            .map(|file| file.statistics.as_deref().and_then(&count));
        Arc::new(counts.collect::<UInt64Array>())
    }
}

fn exact(count: &Precision<usize>) -> Option<u64> {
    match count {
        Precision::Exact(count) => u64::try_from(*count).ok(),
        _ => None,
    }
}

impl PruningStatistics for ByLog<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |known, at| {
            known.column_statistics[at].min_value.get_value()
        })
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |known, at| {
            known.column_statistics[at].max_value.get_value()
        })
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let at = self.schema.index_of(&column.name).ok()?;
        Some(self.counts(|known| exact(&known.column_statistics[at].null_count)))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(self.counts(|known| exact(&known.num_rows)))
    }

    fn contained(
        &self,
        _column: &Column,
        _values: &std::collections::HashSet<ScalarValue>,
    ) -> Option<BooleanArray> {
        None
    }
}
