//! How a query engine reads a table: its committed files, or files still staged.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use deltalake::datafusion::catalog::{Session, TableProvider};
use deltalake::datafusion::common::Result as QueryResult;
use deltalake::datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use deltalake::datafusion::physical_plan::ExecutionPlan;
use deltalake::delta_datafusion::{DeltaScanConfig, DeltaScanNext};
use deltalake::table::state::DeltaTableState;

use super::lowered::Lowered;
use super::{DataFile, Head, Snapshot};
use crate::error::{LakeError, Result};
use crate::lake::Place;
use crate::write::StagedFile;

/// Reads the committed files of `head`: as plain Parquet where the table is plain.
pub(super) fn committed(place: &Arc<Place>, head: &Head) -> Result<Arc<dyn TableProvider>> {
    match head.layout() {
        Some(layout) => Ok(Arc::new(Lowered::new(
            place.clone(),
            layout.clone(),
            head.files().clone(),
        ))),
        None => generic(place, head.state()),
    }
}

/// Reads the table as the library does.
pub(super) fn generic(
    place: &Arc<Place>,
    state: &DeltaTableState,
) -> Result<Arc<dyn TableProvider>> {
    let mut config = DeltaScanConfig::new().with_wrap_partition_values(false);
    // Plain types at the border: what a contract says is what a plan sees.
    config.schema_force_view_types = false;
    let scan = DeltaScanNext::new(state.snapshot().clone(), config)
        .map_err(|error| LakeError::refused("cannot read the table", error))?;
    Ok(Arc::new(Generic {
        place: place.clone(),
        scan,
    }))
}

/// Reads exactly `files`, staged under the table's folder.
pub(super) fn staged(
    place: &Arc<Place>,
    head: &Head,
    files: &[StagedFile],
) -> Result<Arc<dyn TableProvider>> {
    let layout = head.layout().cloned().ok_or_else(|| {
        LakeError::invalid("cannot read staged files: the table is not a plain Delta table")
    })?;
    let files = files
        .iter()
        .map(|file| Arc::new(DataFile::new(file.add(0))));
    let files = Arc::new(files.collect());
    Ok(Arc::new(Lowered::new(place.clone(), layout, files)))
}

/// Reads exactly `files` of a version.
pub(super) fn exactly(
    snapshot: &Snapshot,
    files: Arc<Vec<Arc<DataFile>>>,
) -> Result<Arc<dyn TableProvider>> {
    let layout = snapshot.layout()?.clone();
    Ok(Arc::new(Lowered::new(
        snapshot.place.clone(),
        layout,
        files,
    )))
}

/// The Delta library's own scan, with our store and without its writes.
#[derive(Debug)]
struct Generic {
    place: Arc<Place>,
    scan: DeltaScanNext,
}

#[async_trait]
impl TableProvider for Generic {
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

/// Makes the lake's store known to the session under the lake's name.
pub(super) fn bring_store(place: &Place, session: &dyn Session) {
    session
        .runtime_env()
        .register_object_store(&place.url, place.store.clone());
}
