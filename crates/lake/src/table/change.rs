//! Changes of a table's shape, and its checkpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use deltalake::{DeltaTable, checkpoints};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt as _};
use project::DatasetName;
use serde_json::{Map, Value};

use super::head::{Parts, load};
use super::shape::{TableShape, check_properties};
use super::{Head, Table};
use crate::commit::{Committed, Landed, Plan, put_entry};
use crate::error::{LakeError, Result};
use crate::lake::Place;

/// Where a table's newest checkpoint is named, from its folder.
const LAST_CHECKPOINT: &str = "_delta_log/_last_checkpoint";

impl Table {
    pub(crate) async fn create(
        place: Arc<Place>,
        dataset: DatasetName,
        shape: TableShape,
    ) -> Result<Self> {
        shape.check(&dataset)?;
        let given = &place.given;
        let metadata = shape.metadata(None, given)?;
        let entry = Plan::created(metadata).entry(given, None)?;
        let parts = Parts::new(place.clone(), dataset)?;
        match put_entry(&parts.files, &parts.dataset, given, 0, &entry).await? {
            Landed::Here => parts.load().await,
            Landed::Elsewhere => Err(LakeError::conflict(format!(
                "cannot create the table of dataset `{}`: it has one",
                parts.dataset
            ))),
        }
    }

    /// Adds columns, which read as null in the rows that are there.
    ///
    /// # Errors
    /// `Invalid` for a required column or one that is there; `Conflict` when the table changes
    /// meanwhile.
    pub async fn add_columns(
        &self,
        fields: Vec<Field>,
        info: Map<String, Value>,
    ) -> Result<Committed> {
        self.refresh().await?;
        let head = self.head();
        if let Some(field) = fields.iter().find(|field| !field.is_nullable()) {
            return Err(LakeError::invalid(format!(
                "cannot add column `{}` to dataset `{}`: the rows that are there have no value \
                 for it; make it optional",
                field.name(),
                self.dataset()
            )));
        }
        let columns = head.schema().fields().iter().cloned();
        let columns: Vec<_> = columns.chain(fields.into_iter().map(Arc::new)).collect();
        let shape = TableShape {
            schema: Arc::new(Schema::new(columns)),
            partition_by: head.partition_by().to_vec(),
            properties: head.properties(),
        };
        self.change(&head, &shape, "ADD COLUMNS", false, info).await
    }

    /// Gives the table another shape and removes every row: for a contract's new major version,
    /// whose rows are then computed or submitted anew. Older versions stay readable.
    ///
    /// # Errors
    /// `Invalid` when a column cannot be kept; `Conflict` when the table changes meanwhile.
    pub async fn replace_schema(
        &self,
        shape: TableShape,
        info: Map<String, Value>,
    ) -> Result<Committed> {
        self.refresh().await?;
        self.change(&self.head(), &shape, "REPLACE COLUMNS", true, info)
            .await
    }

    /// Sets some of the table's own properties and leaves the others.
    ///
    /// # Errors
    /// `Invalid` for a property of the Delta protocol; `Conflict` when the table changes
    /// meanwhile.
    pub async fn set_properties(
        &self,
        properties: BTreeMap<String, String>,
        info: Map<String, Value>,
    ) -> Result<Committed> {
        check_properties(self.dataset(), &properties)?;
        self.refresh().await?;
        let head = self.head();
        let mut all = head.properties();
        all.extend(properties);
        let shape = TableShape {
            schema: head.schema().clone(),
            partition_by: head.partition_by().to_vec(),
            properties: all,
        };
        self.change(&head, &shape, "SET PROPERTIES", false, info)
            .await
    }

    async fn change(
        &self,
        head: &Head,
        shape: &TableShape,
        operation: &str,
        empty: bool,
        info: Map<String, Value>,
    ) -> Result<Committed> {
        shape.check(self.dataset())?;
        let metadata = shape.metadata(Some(head), &self.place().given)?;
        let plan = Plan::changed(metadata, head.version(), operation, empty, info);
        self.carry_out(plan).await
    }

    /// The version of the newest checkpoint, if there is one.
    ///
    /// # Errors
    /// `Corrupt` when `_last_checkpoint` cannot be read.
    pub async fn last_checkpoint(&self) -> Result<Option<i64>> {
        let doing = format!(
            "cannot read the newest checkpoint of dataset `{}`",
            self.dataset()
        );
        let got = match self.store().get(&Path::from(LAST_CHECKPOINT)).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(LakeError::store(&doing, error)),
        };
        let bytes = got.bytes().await;
        let bytes = bytes.map_err(|error| LakeError::store(&doing, error))?;
        let told: Value =
            serde_json::from_slice(&bytes).map_err(|error| LakeError::damaged(&doing, error))?;
        let version = told["version"].as_i64();
        version.map(Some).ok_or_else(|| {
            LakeError::corrupt(format!("{doing}: `{LAST_CHECKPOINT}` names no version"))
        })
    }

    /// Writes a checkpoint of the newest version and reads it back; gives the version. For the
    /// one maintenance job, never for writers.
    ///
    /// # Errors
    /// `Corrupt` when the state read from the checkpoint is not the state read from the log.
    pub async fn checkpoint(&self) -> Result<i64> {
        self.refresh().await?;
        let doing = format!("cannot write a checkpoint of dataset `{}`", self.dataset());
        let mut table = DeltaTable::new(self.log().0.clone());
        table
            .load()
            .await
            .map_err(|error| LakeError::delta(&doing, error))?;
        let before = table
            .snapshot()
            .map_err(|error| LakeError::delta(&doing, error))?
            .clone();
        let before = Head::replayed(self.folder(), before);
        checkpoints::create_checkpoint(&table, None)
            .await
            .map_err(|error| LakeError::delta(&doing, error))?;
        let version = u64::try_from(before.version()).ok();
        let after = load(self.dataset(), self.log(), version).await?;
        let after = Head::replayed(self.folder(), after);
        if paths(&before) != paths(&after) || before.schema() != after.schema() {
            return Err(LakeError::corrupt(format!(
                "{doing}: the checkpoint of version {} does not hold what the log holds; remove \
                 it and `_last_checkpoint` from the table's `_delta_log`",
                before.version()
            )));
        }
        Ok(before.version())
    }
}

fn paths(head: &Head) -> BTreeSet<&str> {
    head.files().iter().map(|file| file.path()).collect()
}
