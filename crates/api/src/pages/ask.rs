//! Figures that pages ask for: bounded, and read by column name.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use project::ColumnFormat;
use render::format::{Formats, number};
use service::{At, Batches, ErrorKind, QueryRequest, Result, Value};

use super::visit::Visit;
use crate::ApiState;

const PERIODS: &str = include_str!("../../sql/periods.sql");
const PERIODS_OFFERED: usize = 60;

const AGENCIES: &str = include_str!("../../sql/agencies.sql");
const AGENCIES_KNOWN: usize = 5000;

/// The first rows of an answer.
pub(super) struct Rows {
    pub(super) batches: Vec<RecordBatch>,
    /// Whether there are more rows.
    pub(super) more: bool,
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
    Rows::first(answer.batches, most).await
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
    pub(super) async fn first(mut answer: Batches, most: usize) -> Result<Self> {
        let mut rows = Self {
            batches: vec![],
            more: false,
        };
        let mut room = most;
        while let Some(batch) = answer.next().await.transpose()? {
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
}
