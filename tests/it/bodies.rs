//! Rows that are written once, as CSV, and sent in each of the three formats.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use project::{Project, Sources};
use serde_json::{Map, Value};

pub const CSV: &str = "text/csv";
pub const NDJSON: &str = "application/x-ndjson";
pub const PARQUET: &str = "application/vnd.apache.parquet";

/// What the contract of `raw.visits` says of the columns, with room for what is missing.
pub fn visits(sources: &Sources) -> SchemaRef {
    let (project, problems) = Project::read(sources);
    assert!(problems.is_empty(), "{problems:#?}");
    let schema = project.contracts[&"raw.visits".parse().unwrap()].arrow_schema();
    let fields = schema.fields().iter();
    let fields: Vec<Field> = fields
        .map(|f| f.as_ref().clone().with_nullable(true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// The rows as NDJSON: an empty cell is left out, and a number is one where the column is.
pub fn ndjson(csv: &str, schema: &Schema) -> String {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut text = String::new();
    for line in lines {
        let cells = names.iter().zip(line.split(','));
        let fields = cells
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(name, cell)| {
                let is_number =
                    schema.field_with_name(name).unwrap().data_type() == &DataType::Int32;
                let number = cell.parse::<i32>().ok().filter(|_| is_number);
                let value = number.map_or_else(|| Value::from(cell), Value::from);
                ((*name).to_owned(), value)
            });
        text += &Value::Object(fields.collect::<Map<_, _>>()).to_string();
        text.push('\n');
    }
    text
}

/// The rows as one batch; every cell must be of its column's type.
pub fn batch(csv: &str, schema: &SchemaRef) -> RecordBatch {
    let reader = ReaderBuilder::new(Arc::clone(schema)).with_header(true);
    let mut batches = reader.build(csv.as_bytes()).unwrap();
    batches.next().unwrap().unwrap()
}

/// The rows as a Parquet file; every cell must be of its column's type.
pub fn parquet(csv: &str, schema: &SchemaRef) -> Vec<u8> {
    let names = csv.lines().next().unwrap().split(',');
    let fields: Vec<Field> = names
        .map(|name| schema.field_with_name(name).unwrap().clone())
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let reader = ReaderBuilder::new(Arc::clone(&schema)).with_header(true);
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    for batch in reader.build(csv.as_bytes()).unwrap() {
        writer.write(&batch.unwrap()).unwrap();
    }
    writer.into_inner().unwrap()
}
