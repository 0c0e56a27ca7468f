//! How a query engine reads a table: its committed files, or files still staged.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use deltalake::datafusion::catalog::{Session, TableProvider};
use deltalake::datafusion::common::{Result as QueryResult, ScalarValue};
use deltalake::datafusion::datasource::listing::PartitionedFile;
use deltalake::datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetSource,
};
use deltalake::datafusion::datasource::source::DataSourceExec;
use deltalake::datafusion::datasource::table_schema::TableSchema;
use deltalake::datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use deltalake::datafusion::physical_plan::ExecutionPlan;
use deltalake::datafusion::physical_plan::empty::EmptyExec;
use deltalake::delta_datafusion::{DeltaScanConfig, DeltaScanNext};
use object_store::path::Path;

use super::Head;
use crate::error::{LakeError, Result};
use crate::lake::Place;
use crate::write::StagedFile;

/// Reads the committed files of `head`.
pub(super) fn committed(place: &Arc<Place>, head: &Head) -> Result<Arc<dyn TableProvider>> {
    let mut config = DeltaScanConfig::new().with_wrap_partition_values(false);
    // Plain types at the border: what a contract says is what a plan sees.
    config.schema_force_view_types = false;
    let scan = DeltaScanNext::new(head.state().snapshot().clone(), config)
        .map_err(|error| LakeError::refused("cannot read the table", error))?;
    Ok(Arc::new(Committed {
        place: place.clone(),
        scan,
    }))
}

/// Reads exactly `files`, staged under the table's `folder`.
pub(super) fn staged(
    place: &Arc<Place>,
    folder: &Path,
    head: &Head,
    files: &[StagedFile],
) -> Result<Arc<dyn TableProvider>> {
    let schema = head.schema().clone();
    let partition_by = head.partition_by();
    let is_partition = |name: &String| partition_by.contains(name);
    let columns = schema
        .fields()
        .iter()
        .filter(|field| !is_partition(field.name()));
    let file_schema = Arc::new(Schema::new(columns.cloned().collect::<Vec<_>>()));
    let mut partition_fields = Vec::new();
    for name in partition_by {
        let (_, field) = schema.fields().find(name).ok_or_else(|| {
            LakeError::corrupt(format!(
                "partition column `{name}` is not among the columns"
            ))
        })?;
        partition_fields.push(field.clone());
    }
    let mut listed = Vec::new();
    for file in files {
        let path = format!("{folder}/{}", file.path());
        let mut values = Vec::new();
        for (field, value) in partition_fields.iter().zip(file.partition()) {
            let value = match value {
                Some(text) => ScalarValue::try_from_string(text.clone(), field.data_type()),
                None => ScalarValue::try_from(field.data_type()),
            };
            values.push(value.map_err(|error| LakeError::internal("partition value", error))?);
        }
        let file = PartitionedFile::new(path, file.bytes()).with_partition_values(values);
        listed.push(file);
    }
    let order = TableSchema::builder(file_schema)
        .with_table_partition_cols(partition_fields)
        .build();
    let full = order.table_schema();
    let places = schema
        .fields()
        .iter()
        .map(|field| full.index_of(field.name()));
    let places = places.collect::<std::result::Result<Vec<_>, _>>();
    let places = places.map_err(|error| LakeError::internal("column order", error))?;
    Ok(Arc::new(Staged {
        place: place.clone(),
        schema,
        order,
        places,
        files: listed,
    }))
}

/// The Delta library's own scan, with our store and without its writes.
#[derive(Debug)]
struct Committed {
    place: Arc<Place>,
    scan: DeltaScanNext,
}

#[async_trait]
impl TableProvider for Committed {
    fn schema(&self) -> SchemaRef {
        self.scan.schema()
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
        self.scan.scan(session, projection, filters, limit).await
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        self.scan.supports_filters_pushdown(filters)
    }
}

/// A plain Parquet scan over given files.
#[derive(Debug)]
struct Staged {
    place: Arc<Place>,
    schema: SchemaRef,
    /// File columns, then partition columns.
    order: TableSchema,
    /// Where each column of `schema` stands in `order`.
    places: Vec<usize>,
    files: Vec<PartitionedFile>,
}

#[async_trait]
impl TableProvider for Staged {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        bring_store(&self.place, session);
        let wanted: Vec<usize> = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.places.len()).collect(),
        };
        if self.files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(
                self.schema.project(&wanted)?,
            ))));
        }
        let source = ParquetSource::new(self.order.clone())
            .with_table_parquet_options(session.table_options().parquet.clone());
        let groups = FileGroup::new(self.files.clone())
            .split_files(session.config().target_partitions().max(1));
        let url = ObjectStoreUrl::parse(&self.place.url)?;
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(Some(wanted.iter().map(|at| self.places[*at]).collect()))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Makes the lake's store known to the session under the lake's name.
fn bring_store(place: &Place, session: &dyn Session) {
    session
        .runtime_env()
        .register_object_store(&place.url, place.store.clone());
}
