//! What a table can look like, and its form in the Delta log.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel as _;
use project::DatasetName;
use serde_json::{Value, json};

use super::Head;
use crate::error::{LakeError, Result};
use crate::given::Given;

/// The columns, partitions and properties of a table.
#[derive(Debug, Clone)]
pub struct TableShape {
    /// The columns. A field's metadata is kept; the key `comment` is what other engines show.
    pub schema: SchemaRef,
    /// Columns by whose values the files are kept apart.
    pub partition_by: Vec<String>,
    /// The table's own properties. Those of the Delta protocol (`delta.…`) are not for callers.
    pub properties: BTreeMap<String, String>,
}

impl TableShape {
    /// A table without partitions and properties.
    pub fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            partition_by: Vec::new(),
            properties: BTreeMap::new(),
        }
    }

    /// The same with partitions.
    #[must_use]
    pub fn partitioned_by(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.partition_by = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The same with properties.
    #[must_use]
    pub fn with_properties(mut self, properties: BTreeMap<String, String>) -> Self {
        self.properties = properties;
        self
    }

    /// Refuses what a plain Delta table cannot keep.
    pub(crate) fn check(&self, dataset: &DatasetName) -> Result<()> {
        let refuse = |why: String| {
            Err(LakeError::invalid(format!(
                "cannot shape the table of `{dataset}`: {why}"
            )))
        };
        let mut seen = BTreeSet::new();
        for field in self.schema.fields() {
            let name = field.name();
            if name.is_empty()
                || name.contains([' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='])
            {
                return refuse(format!("`{name}` is no column name"));
            }
            if !seen.insert(name.to_lowercase()) {
                return refuse(format!("column `{name}` is there twice"));
            }
            if !is_kept(field.data_type()) {
                return refuse(format!("column `{name}` has type `{}`", field.data_type()));
            }
        }
        for name in &self.partition_by {
            let kind = self.schema.field_with_name(name).map(Field::data_type);
            if !matches!(
                kind,
                Ok(DataType::Utf8 | DataType::Int32 | DataType::Int64 | DataType::Date32)
            ) {
                return refuse(format!(
                    "partition column `{name}` is not a string, integer or date column"
                ));
            }
        }
        if !self.partition_by.is_empty() && self.partition_by.len() >= self.schema.fields().len() {
            return refuse("every column is a partition column".to_owned());
        }
        check_properties(dataset, &self.properties)
    }

    /// The `metaData` action; `old` is what it replaces.
    pub(crate) fn metadata(&self, old: Option<&Head>, given: &Given) -> Result<Value> {
        let schema = delta_schema(&self.schema)?;
        let (id, created_ms) = match old {
            Some(head) => (
                head.metadata().id().to_owned(),
                head.metadata().created_time(),
            ),
            None => (given.id(), Some(given.now().timestamp_millis())),
        };
        let text = serde_json::to_string(&schema)
            .map_err(|error| LakeError::internal("cannot write the columns", error))?;
        let mut configuration = self.properties.clone();
        // The one maintenance job cleans the log; no other engine does it on its way.
        configuration.insert(
            "delta.enableExpiredLogCleanup".to_owned(),
            "false".to_owned(),
        );
        Ok(json!({ "metaData": {
            "id": id,
            "format": { "provider": "parquet", "options": {} },
            "schemaString": text,
            "partitionColumns": self.partition_by,
            "configuration": configuration,
            "createdTime": created_ms,
        }}))
    }
}

pub(super) fn check_properties(
    dataset: &DatasetName,
    properties: &BTreeMap<String, String>,
) -> Result<()> {
    match properties.keys().find(|key| key.starts_with("delta.")) {
        Some(key) => Err(LakeError::invalid(format!(
            "cannot set property `{key}` of dataset `{dataset}`: properties of the Delta protocol \
             are fixed"
        ))),
        None => Ok(()),
    }
}

/// The columns as Delta writes them.
fn delta_schema(schema: &Schema) -> Result<StructType> {
    schema
        .try_into_kernel()
        .map_err(|error| LakeError::refused("cannot write the columns", error))
}

fn is_kept(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8
        | DataType::Binary
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32 => true,
        DataType::Decimal128(precision, scale) => {
            *precision <= 38 && u8::try_from(*scale).is_ok_and(|scale| scale <= *precision)
        }
        // A time without a zone needs a table feature that older readers refuse.
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => zone.as_ref() == "UTC",
        _ => false,
    }
}
