//! The figures computed from some of the submissions, by the engine's library alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches, filter_record_batch};
use arrow::datatypes::DataType;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;

use super::graph::{DATASETS, Dataset};

/// Submissions.
pub type Ids = BTreeSet<String>;
/// The values of a row by column, the key's among them.
type Row = BTreeMap<String, Option<String>>;

/// What was received, and the figures of every choice of it that was asked for.
pub struct Oracle {
    raw: RecordBatch,
    agencies: RecordBatch,
    known: HashMap<Ids, Arc<BTreeMap<&'static str, Vec<Row>>>>,
}

impl Oracle {
    pub fn new(raw: RecordBatch, agencies: RecordBatch) -> Self {
        Self {
            raw,
            agencies,
            known: HashMap::new(),
        }
    }

    /// Every submission that rows came with.
    pub fn all(&self) -> Ids {
        texts(&self.raw, "_submission_id")
            .into_iter()
            .flatten()
            .collect()
    }

    /// The rows of a dataset, were only these submissions there.
    pub async fn rows(&mut self, dataset: &Dataset, kept: &Ids) -> Vec<Row> {
        if !self.known.contains_key(kept) {
            let figures = self.compute(kept).await;
            self.known.insert(kept.clone(), Arc::new(figures));
        }
        self.known[kept][dataset.name].clone()
    }

    /// The value of a cell, or of a whole row if no column is named; none if the row is not there.
    pub async fn cell(
        &mut self,
        dataset: &Dataset,
        key: &Row,
        column: Option<&str>,
        kept: &Ids,
    ) -> Option<Row> {
        let rows = self.rows(dataset, kept).await;
        let is_it = |row: &&Row| key.iter().all(|(column, value)| row[column] == *value);
        let mut row = rows.iter().find(is_it)?.clone();
        if let Some(column) = column {
            row.retain(|name, _| name == column);
        }
        Some(row)
    }

    async fn compute(&self, kept: &Ids) -> BTreeMap<&'static str, Vec<Row>> {
        let context = SessionContext::new();
        for function in engine::functions::all() {
            context.register_udf(function.as_ref().clone());
        }
        let catalog = context.catalog("datafusion").unwrap();
        for layer in ["raw", "codes", "refined", "served"] {
            let schema = Arc::new(MemorySchemaProvider::new());
            catalog.register_schema(layer, schema).unwrap();
        }
        let table = |name: &str, batches: Vec<RecordBatch>| {
            let (layer, name) = name.split_once('.').unwrap();
            let schema: Arc<dyn SchemaProvider> = catalog.schema(layer).unwrap();
            let of = batches[0].schema();
            let table = MemTable::try_new(of, vec![batches]).unwrap();
            schema
                .register_table(name.to_owned(), Arc::new(table))
                .unwrap();
        };
        let ids = texts(&self.raw, "_submission_id");
        let chosen = ids
            .iter()
            .map(|id| Some(kept.contains(id.as_ref().unwrap())));
        table(
            "raw.visits",
            vec![filter_record_batch(&self.raw, &chosen.collect()).unwrap()],
        );
        table("codes.agencies", vec![self.agencies.clone()]);
        let mut figures = BTreeMap::new();
        for dataset in &DATASETS {
            let frame = context.sql(dataset.sql).await.unwrap();
            let schema = Arc::new(frame.schema().as_arrow().clone());
            let batches = frame.collect().await.unwrap();
            let schema = batches.first().map_or(schema, RecordBatch::schema);
            let batch = concat_batches(&schema, &batches).unwrap();
            figures.insert(dataset.name, rows(&batch));
            table(dataset.name, vec![batch]);
        }
        figures
    }
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column = cast(batch.column_by_name(column).unwrap(), &DataType::Utf8).unwrap();
    let texts = column.as_string::<i32>().iter();
    texts.map(|text| text.map(str::to_owned)).collect()
}

fn rows(batch: &RecordBatch) -> Vec<Row> {
    let mut rows = vec![Row::new(); batch.num_rows()];
    for field in batch.schema_ref().fields() {
        for (row, text) in rows.iter_mut().zip(texts(batch, field.name())) {
            row.insert(field.name().clone(), text);
        }
    }
    rows
}
