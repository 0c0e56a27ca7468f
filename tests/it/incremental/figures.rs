//! Published figures before and after a run, held against those that were announced.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt;
use project::{Contract, DatasetName, Project};
use service::{At, QueryRequest, RestatedDataset, Restatement, Service, StepState};

use crate::home::Fixture;

/// Rows that are announced of a dataset; the others are counted.
const SHOWN: usize = 200;

/// The columns of a row, as text.
type Values = BTreeMap<String, Option<String>>;

/// Every computed table as it is published.
pub struct Figures(BTreeMap<DatasetName, Table>);

struct Table {
    key: Vec<String>,
    /// The columns that hold no numbers.
    texts: BTreeSet<String>,
    rows: BTreeMap<Vec<String>, Values>,
}

/// A row that changes.
#[derive(Debug, PartialEq)]
struct Change {
    how: String,
    key: Vec<(String, String)>,
    values: Vec<Value>,
}

/// A value that changes, by its column.
#[derive(Debug, PartialEq, PartialOrd, Eq, Ord)]
struct Value {
    column: String,
    before: Option<String>,
    after: Option<String>,
}

impl Figures {
    pub async fn published(f: &Fixture, project: &Project) -> Self {
        let mut tables = BTreeMap::new();
        for dataset in project.transformations.keys() {
            let request = QueryRequest {
                sql: format!("select * from {dataset}"),
                params: BTreeMap::new(),
                at: At::Now,
            };
            let answer = f.house.query(&f.admin, request).await.unwrap();
            let batches: Vec<RecordBatch> = answer.batches.map(Result::unwrap).collect().await;
            let table = Table::of(&project.contracts[dataset], &batches);
            tables.insert(dataset.clone(), table);
        }
        Self(tables)
    }

    /// That what was announced changed from these to `after`, and nothing else did. What a column
    /// of `unforeseen` would hold nobody could say before.
    pub fn became(&self, after: &Self, announced: &Restatement, unforeseen: &[&str]) {
        assert_eq!((announced.hidden, announced.waiting.len()), (0, 0));
        let mut found = BTreeMap::new();
        for (dataset, table) in &self.0 {
            let changes = table.changes(&after.0[dataset]);
            if !changes.is_empty() {
                found.insert(dataset, changes);
            }
        }
        let datasets: BTreeSet<_> = announced.datasets.iter().map(|of| &of.dataset).collect();
        let changed: BTreeSet<_> = found.keys().copied().collect();
        assert_eq!(datasets, changed);
        for of in &announced.datasets {
            let dataset = &of.dataset;
            assert_eq!(of.state, StepState::Built, "{dataset}: {:?}", of.message);
            let mut changes = found.remove(dataset).unwrap();
            let count = |how: &str| changes.iter().filter(|row| row.how == how).count() as u64;
            assert_eq!(
                (of.added, of.removed, of.changed),
                (count("added"), count("removed"), count("changed")),
                "{dataset}"
            );
            changes.truncate(SHOWN);
            let mut told = told(of);
            assert_eq!(told.len(), changes.len(), "{dataset}");
            let values = told.iter_mut().chain(&mut changes);
            for value in values.flat_map(|row| &mut row.values) {
                if unforeseen.contains(&value.column.as_str()) {
                    value.after = None;
                }
            }
            for (told, change) in told.iter().zip(&changes) {
                assert_eq!(told, change, "{dataset}");
            }
        }
    }
}

impl Table {
    fn of(contract: &Contract, batches: &[RecordBatch]) -> Self {
        let (schema, key) = (contract.table_schema(), contract.key.clone());
        assert!(!key.is_empty(), "{}", contract.dataset);
        let texts = schema.fields().iter();
        let texts = texts.filter(|field| !field.data_type().is_numeric());
        let texts = texts.map(|field| field.name().clone()).collect();
        let mut rows = BTreeMap::new();
        for batch in batches {
            let columns: Vec<Vec<Option<String>>> = batch.columns().iter().map(shown).collect();
            let names = batch.schema();
            for row in 0..batch.num_rows() {
                let values = names.fields().iter().zip(&columns);
                let values = values.map(|(field, all)| (field.name().clone(), all[row].clone()));
                let values: Values = values.collect();
                let of = key.iter().map(|name| values[name].clone().unwrap());
                let twice = rows.insert(of.collect(), values);
                assert!(twice.is_none(), "{}: {twice:?}", contract.dataset);
            }
        }
        Self { key, texts, rows }
    }

    /// The rows that are not the same in `after`, in the order of their keys.
    fn changes(&self, after: &Self) -> Vec<Change> {
        let keys: BTreeSet<&Vec<String>> = self.rows.keys().chain(after.rows.keys()).collect();
        let changes = keys.into_iter();
        let changes = changes.filter_map(|key| {
            let (before, after) = (self.rows.get(key), after.rows.get(key));
            let values = self.values(before, after);
            let how = match (before, after) {
                (None, _) => "added",
                (_, None) => "removed",
                _ if values.is_empty() => return None,
                _ => "changed",
            };
            let key = self.key.iter().zip(key);
            let key = key.map(|(name, value)| (name.clone(), self.as_told(name, value)));
            Some(Change {
                how: how.to_owned(),
                key: key.collect(),
                values,
            })
        });
        changes.collect()
    }

    /// The values that are not the same, by column.
    fn values(&self, before: Option<&Values>, after: Option<&Values>) -> Vec<Value> {
        let rows = [before, after];
        let columns: BTreeSet<&String> = rows.iter().flatten().flat_map(|row| row.keys()).collect();
        let of = |row: Option<&Values>, column: &String| row?.get(column)?.clone();
        let columns = columns.into_iter().filter(|name| !self.key.contains(name));
        let values = columns.filter_map(|column| {
            let (before, after) = (of(before, column), of(after, column));
            let told = |value: Option<String>| value.map(|value| self.as_told(column, &value));
            (before != after).then(|| Value {
                column: column.clone(),
                before: told(before),
                after: told(after),
            })
        });
        values.collect()
    }

    /// A value as it may be told.
    fn as_told(&self, column: &str, value: &str) -> String {
        if self.texts.contains(column) && ingest::looks_personal(value) {
            ingest::mask(value)
        } else {
            value.to_owned()
        }
    }
}

/// The rows that were announced of a dataset.
fn told(of: &RestatedDataset) -> Vec<Change> {
    let rows = of.rows.iter().map(|row| {
        let values = row.figures.iter().map(|figure| Value {
            column: figure.column.clone(),
            before: figure.before.clone(),
            after: figure.after.clone(),
        });
        let mut values: Vec<Value> = values.collect();
        values.sort();
        Change {
            how: row.how.clone(),
            key: row.key.clone(),
            values,
        }
    });
    rows.collect()
}

/// A column as text.
fn shown(column: &ArrayRef) -> Vec<Option<String>> {
    let options = FormatOptions::default();
    let texts = ArrayFormatter::try_new(column, &options).unwrap();
    let text = |row| column.is_valid(row).then(|| texts.value(row).to_string());
    (0..column.len()).map(text).collect()
}
