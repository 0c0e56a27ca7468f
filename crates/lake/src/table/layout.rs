//! How a table's files become its columns: what a scan of plain Parquet files needs to know.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use deltalake::datafusion::datasource::table_schema::TableSchema;
use object_store::path::Path;

/// The columns of a table, in the order that the log declares and in the order of a scan.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The table's folder.
    pub(super) folder: Path,
    /// The columns as declared.
    pub(super) schema: SchemaRef,
    /// File columns, then partition columns.
    pub(super) scanned: TableSchema,
    /// Where each column of `schema` stands in `scanned`.
    pub(super) places: Vec<usize>,
    pub(super) partition_fields: Vec<FieldRef>,
}

impl Layout {
    /// None for a table whose partition columns are not of the types that are read here.
    pub(super) fn new(folder: &Path, schema: &SchemaRef, partition_by: &[String]) -> Option<Self> {
        let mut partition_fields = Vec::new();
        for name in partition_by {
            let (_, field) = schema.fields().find(name)?;
            if !is_read_from_text(field.data_type()) {
                return None;
            }
            partition_fields.push(field.clone());
        }
        let in_files = schema
            .fields()
            .iter()
            .filter(|field| !partition_by.contains(field.name()));
        let in_files = Arc::new(Schema::new(in_files.cloned().collect::<Vec<_>>()));
        let scanned = TableSchema::builder(in_files)
            .with_table_partition_cols(partition_fields.clone())
            .build();
        let full = scanned.table_schema();
        let places = schema
            .fields()
            .iter()
            .map(|field| full.index_of(field.name()).ok());
        let places = places.collect::<Option<_>>()?;
        Some(Self {
            folder: folder.clone(),
            schema: schema.clone(),
            scanned,
            places,
            partition_fields,
        })
    }

    /// Places in the scan of the columns that are wanted; of all of them by default.
    pub(super) fn wanted(&self, projection: Option<&Vec<usize>>) -> Vec<usize> {
        match projection {
            Some(columns) => columns.iter().map(|at| self.places[*at]).collect(),
            None => self.places.clone(),
        }
    }

    pub(super) fn is_partition(&self, name: &str) -> bool {
        self.partition_fields
            .iter()
            .any(|field| field.name() == name)
    }
}

/// Whether a partition's value in the log can be read without knowing who wrote it.
fn is_read_from_text(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Utf8 | DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64
    ) || *kind == DataType::Date32
}
