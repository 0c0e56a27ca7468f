//! Figures that pages ask for: bounded, and read by column name.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use project::{ColumnFormat, DatasetName};
use render::format::{Formats, is_number, number};
use service::{At, ErrorKind, QueryAnswer, QueryRequest, Result, Value};

use super::visit::Visit;
use crate::ApiState;

const PERIODS: &str = include_str!("../../sql/periods.sql");
const PERIODS_OFFERED: usize = 60;

const AGENCIES: &str = include_str!("../../sql/agencies.sql");
const AGENCIES_KNOWN: usize = 5000;

/// The first rows of an answer.
pub(super) struct Rows {
    pub(super) schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// Whether there are more rows.
    pub(super) more: bool,
    /// The versions that were read.
    pub(super) versions: BTreeMap<DatasetName, i64>,
}

/// A table of a page.
pub(super) struct Table {
    pub(super) columns: Vec<Head>,
    pub(super) rows: Vec<Vec<String>>,
}

/// The head of a column.
pub(super) struct Head {
    pub(super) label: String,
    /// Numbers are aligned to the right.
    pub(super) number: bool,
}

/// The first `most` rows of published figures; what follows is not waited for.
pub(super) async fn ask(
    state: &ApiState,
    visit: &Visit,
    sql: &str,
    params: &[(&str, &str)],
    most: usize,
) -> Result<Rows> {
    let text =
        |(name, value): &(&str, &str)| ((*name).to_owned(), Value::Text((*value).to_owned()));
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: params.iter().map(text).collect(),
        at: At::Now,
    };
    let answer = state.service.figures(&visit.call, request).await?;
    Rows::first(answer, most).await
}

/// The periods that have national figures, newest first: code and name.
pub(super) async fn periods(state: &ApiState, visit: &Visit) -> Result<Vec<(String, String)>> {
    let language = [("language", visit.language.as_str())];
    let rows = ask(state, visit, PERIODS, &language, PERIODS_OFFERED).await?;
    let formats = visit.formats()?;
    let codes = rows.texts("period", Some(ColumnFormat::Text), &formats);
    Ok(codes
        .into_iter()
        .zip(rows.texts("name", Some(ColumnFormat::Text), &formats))
        .collect())
}

/// The names of the agencies by code; none for whoever may not read figures, or before they are there.
pub(super) async fn agencies(state: &ApiState, visit: &Visit) -> Result<BTreeMap<String, String>> {
    let language = [("language", visit.language.as_str())];
    let rows = match ask(state, visit, AGENCIES, &language, AGENCIES_KNOWN).await {
        Ok(rows) => rows,
        Err(error) => {
            return match error.kind {
                ErrorKind::Unauthenticated | ErrorKind::Internal | ErrorKind::Corrupt => Err(error),
                _ => Ok(BTreeMap::new()),
            };
        }
    };
    let formats = visit.formats()?;
    let codes = rows.texts("code", Some(ColumnFormat::Text), &formats);
    let names = rows.texts("name", Some(ColumnFormat::Text), &formats);
    Ok(codes.into_iter().zip(names).collect())
}

impl Rows {
    /// The first `most` rows of an answer.
    pub(super) async fn first(mut answer: QueryAnswer, most: usize) -> Result<Self> {
        let mut rows = Self {
            schema: answer.schema,
            batches: vec![],
            more: false,
            versions: answer.versions,
        };
        let mut room = most;
        while let Some(batch) = answer.batches.next().await.transpose()? {
            if batch.num_rows() > room {
                rows.batches.push(batch.slice(0, room));
                rows.more = true;
                break;
            }
            room -= batch.num_rows();
            rows.batches.push(batch);
        }
        Ok(rows)
    }

    pub(super) fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The values of a column as people read them; none where the column is missing.
    pub(super) fn texts(
        &self,
        column: &str,
        format: Option<ColumnFormat>,
        formats: &Formats,
    ) -> Vec<String> {
        let cell = |array: &ArrayRef, row| {
            let formatted = format.and_then(|format| formats.cell(array, row, format));
            formatted.unwrap_or_else(|| formats.value(array, row))
        };
        let arrays = self
            .batches
            .iter()
            .filter_map(|batch| batch.column_by_name(column));
        arrays
            .flat_map(|array| (0..array.len()).map(move |row| cell(array, row)))
            .collect()
    }

    /// The numbers of a column.
    pub(super) fn numbers(&self, column: &str) -> Vec<Option<f64>> {
        let arrays = self
            .batches
            .iter()
            .filter_map(|batch| batch.column_by_name(column));
        arrays
            .flat_map(|array| (0..array.len()).map(|row| number(array, row)))
            .collect()
    }

    /// All of it as a table, under the names that the query gave.
    pub(super) fn table(&self, formats: &Formats) -> Table {
        let head = |field: &std::sync::Arc<arrow::datatypes::Field>| Head {
            label: field.name().clone(),
            number: is_number(field.data_type()),
        };
        let mut rows = Vec::with_capacity(self.len());
        for batch in &self.batches {
            for row in 0..batch.num_rows() {
                // By position: a query may give two columns one name.
                rows.push(
                    batch
                        .columns()
                        .iter()
                        .map(|c| formats.value(c, row))
                        .collect(),
                );
            }
        }
        Table {
            columns: self.schema.fields().iter().map(head).collect(),
            rows,
        }
    }
}
