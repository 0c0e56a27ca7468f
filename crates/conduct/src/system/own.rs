//! Reading our own books: SQL that is ours, over tables that are ours.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use engine::{Param, Statement};
use lake::{CommitRequest, WriteSettings};
use project::DatasetName;
use serde_json::{Map, Value};
use service::{ErrorKind, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;

/// The answer of a statement over one of our own books, without asking who wants it; nothing if its
/// table is not made yet. Texts are to be cast to `Utf8View` in the statement.
pub(crate) async fn read(
    handles: &Handles,
    book: &str,
    sql: &str,
    params: BTreeMap<String, Param>,
) -> Result<Vec<RecordBatch>> {
    let dataset = named(book)?;
    if let Err(lake::LakeError::NotFound { .. }) = handles.lake.table(&dataset).await {
        return Ok(vec![]);
    }
    let snapshots = handles.newest([&dataset]).await?;
    let session = handles.session(&snapshots, handles.settings.query)?;
    let statement = Statement::parse(sql).map_err(failure::engine)?;
    let planned = session
        .plan(&statement, &params)
        .await
        .map_err(failure::engine)?;
    session.collect(&planned).await.map_err(failure::engine)
}

/// Adds rows to one of our own books.
pub(crate) async fn append(
    handles: &Handles,
    book: &str,
    rows: RecordBatch,
    operation: &str,
    info: Map<String, Value>,
) -> Result<()> {
    let table = handles.table(&named(book)?).await?;
    let mut writer = table
        .stage(&WriteSettings::default())
        .map_err(failure::lake)?;
    writer.write(rows).await.map_err(failure::lake)?;
    let files = writer.finish().await.map_err(failure::lake)?;
    let request = CommitRequest::append(files)
        .with_operation(operation)
        .with_info(info);
    table.commit(request).await.map_err(failure::lake)?;
    Ok(())
}

/// One of our own books as a dataset.
pub(crate) fn named(book: &str) -> Result<DatasetName> {
    book.parse()
        .map_err(|e: project::NameError| ServiceError::new(ErrorKind::Internal, e.to_string()))
}

/// A statement whose `{filters}` are those conditions that have a value, each with one parameter.
pub(crate) fn filtered<const N: usize>(
    sql: &str,
    wanted: [(&str, Option<String>); N],
) -> (String, BTreeMap<String, Param>) {
    let (mut filters, mut params) = (String::new(), BTreeMap::new());
    for (condition, value) in wanted {
        let name = condition.split('$').nth(1).unwrap_or_default();
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next();
        if let (Some(name), Some(value)) = (name, value) {
            filters += &format!("and {condition} ");
            params.insert(name.to_owned(), Param::Text(value));
        }
    }
    (sql.replace("{filters}", &filters), params)
}

/// A number as a parameter.
pub(crate) fn number(n: u64) -> Param {
    Param::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The count in a cell.
pub(crate) fn count_at(batch: &RecordBatch, column: usize, row: usize) -> u64 {
    integer_at(batch, column, row).map_or(0, |n| u64::try_from(n).unwrap_or(0))
}

/// The whole number in a cell.
pub(crate) fn integer_at(batch: &RecordBatch, column: usize, row: usize) -> Option<i64> {
    let array = batch.column(column).as_primitive_opt::<Int64Type>()?;
    (!array.is_null(row)).then(|| array.value(row))
}

/// The number in a cell.
pub(crate) fn float_at(batch: &RecordBatch, column: usize, row: usize) -> Option<f64> {
    let array = batch.column(column).as_primitive_opt::<Float64Type>()?;
    (!array.is_null(row)).then(|| array.value(row))
}

/// The boolean in a cell.
pub(crate) fn boolean_at(batch: &RecordBatch, column: usize, row: usize) -> Option<bool> {
    let array = batch.column(column).as_boolean_opt()?;
    (!array.is_null(row)).then(|| array.value(row))
}

/// The instant in a cell.
pub(crate) fn instant_at(batch: &RecordBatch, column: usize, row: usize) -> Option<DateTime<Utc>> {
    let array = batch
        .column(column)
        .as_primitive_opt::<TimestampMicrosecondType>()?;
    (!array.is_null(row))
        .then(|| array.value(row))
        .and_then(DateTime::from_timestamp_micros)
}

/// The text in a cell.
pub(crate) fn text_at(batch: &RecordBatch, column: usize, row: usize) -> Option<String> {
    let array = batch.column(column).as_string_view_opt()?;
    (!array.is_null(row)).then(|| array.value(row).to_owned())
}
