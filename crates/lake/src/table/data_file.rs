//! A data file as the log tells it, and as a scan takes it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, TimeUnit};
use deltalake::datafusion::common::stats::Precision;
use deltalake::datafusion::common::{
    ColumnStatistics, Result as QueryResult, ScalarValue, Statistics,
};
use deltalake::datafusion::datasource::listing::PartitionedFile;
use deltalake::kernel::{Add, Remove};
use object_store::ObjectMeta;
use object_store::path::Path;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Layout;
use crate::write::SORTED_BY;

/// The log keeps milliseconds, and other writers cut rather than round: a value may lie this much
/// above its upper bound.
const LOST_MICROS: i64 = 999;

/// A file that a version of a table is made of.
#[derive(Debug)]
pub(crate) struct DataFile {
    add: Add,
    scanned: OnceLock<PartitionedFile>,
}

/// Statistics as the log keeps them. Values stay text until their column's type is known: a
/// decimal of 38 digits is a JSON number that no other number holds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounds<'a> {
    num_records: Option<u64>,
    #[serde(borrow, default)]
    min_values: BTreeMap<String, &'a RawValue>,
    #[serde(borrow, default)]
    max_values: BTreeMap<String, &'a RawValue>,
    #[serde(borrow, default)]
    null_count: BTreeMap<String, &'a RawValue>,
    /// Where a writer says no, the values need not reach the bounds.
    tight_bounds: Option<bool>,
}

impl DataFile {
    pub(crate) fn new(add: Add) -> Self {
        Self {
            add,
            scanned: OnceLock::new(),
        }
    }

    /// From the table's folder.
    pub(crate) fn path(&self) -> &str {
        &self.add.path
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        u64::try_from(self.add.size).unwrap_or_default()
    }

    /// Without those that a deletion vector removes. None when the log does not say.
    pub(crate) fn rows(&self) -> Option<u64> {
        let written = self.bounds()?.num_records?;
        match &self.add.deletion_vector {
            None => Some(written),
            Some(vector) => written.checked_sub(u64::try_from(vector.cardinality).ok()?),
        }
    }

    /// The value of a partition column; none for null.
    pub(crate) fn partition_value(&self, column: &str) -> Option<&str> {
        let value = self.add.partition_values.get(column)?.as_deref();
        // The protocol writes null as the empty text.
        value.filter(|value| !value.is_empty())
    }

    /// Whether the file can be read as it lies in the table's folder.
    pub(crate) fn is_plain(&self) -> bool {
        self.add.deletion_vector.is_none()
            && !self.add.path.contains("://")
            && !self.add.path.starts_with('/')
    }

    /// The columns by which all of its rows are sorted, ascending, nulls last.
    pub(crate) fn sorted_by(&self) -> Vec<String> {
        let tag = self.add.tags.as_ref().and_then(|tags| tags.get(SORTED_BY));
        let tag = tag.and_then(Option::as_deref).unwrap_or("[]");
        serde_json::from_str(tag).unwrap_or_default()
    }

    pub(crate) fn removal(&self, now_ms: i64) -> Remove {
        Remove {
            path: self.add.path.clone(),
            data_change: true,
            deletion_timestamp: Some(now_ms),
            extended_file_metadata: Some(true),
            size: Some(self.add.size),
            partition_values: Some(self.add.partition_values.clone()),
            ..Remove::default()
        }
    }

    /// The file as a commit makes it part of the table once more.
    pub(super) fn again(&self) -> Add {
        Add {
            data_change: true,
            ..self.add.clone()
        }
    }

    /// The file as a scan takes it: place, size, partition values and statistics.
    pub(super) fn scanned(&self, layout: &Layout) -> QueryResult<PartitionedFile> {
        if let Some(file) = self.scanned.get() {
            return Ok(file.clone());
        }
        let file = self.to_scan(layout)?;
        Ok(self.scanned.get_or_init(|| file).clone())
    }

    fn to_scan(&self, layout: &Layout) -> QueryResult<PartitionedFile> {
        let last_modified = chrono::DateTime::from_timestamp_millis(self.add.modification_time);
        let path = located(self.path());
        let meta = ObjectMeta {
            location: Path::from_iter(layout.folder.parts().chain(path.parts())),
            last_modified: last_modified.unwrap_or_default(),
            size: self.size_bytes(),
            e_tag: None,
            version: None,
        };
        let mut file = PartitionedFile::from(meta);
        for field in &layout.partition_fields {
            let value = match self.partition_value(field.name()) {
                Some(text) => ScalarValue::try_from_string(text.to_owned(), field.data_type())?,
                None => ScalarValue::try_from(field.data_type())?,
            };
            file.partition_values.push(value);
        }
        file.statistics = Some(Arc::new(self.statistics(layout, &file.partition_values)));
        Ok(file)
    }

    /// Of the columns in the order of the scan. Bounds are exact only where no writer shortens
    /// them.
    fn statistics(&self, layout: &Layout, partition: &[ScalarValue]) -> Statistics {
        let bounds = self.bounds();
        let rows = bounds.as_ref().and_then(|bounds| bounds.num_records);
        let rows = known(rows.and_then(|rows| usize::try_from(rows).ok()));
        let in_files = layout.scanned.file_schema().fields().iter();
        let mut columns: Vec<_> = in_files
            .map(|field| match &bounds {
                Some(bounds) => bounds.column(field.name(), field.data_type()),
                None => ColumnStatistics::new_unknown(),
            })
            .collect();
        for value in partition {
            let value_is_null = value.is_null();
            let bound = |value: &ScalarValue| match value_is_null {
                true => Precision::Absent,
                false => Precision::Exact(value.clone()),
            };
            columns.push(ColumnStatistics {
                null_count: if value_is_null {
                    rows
                } else {
                    Precision::Exact(0)
                },
                min_value: bound(value),
                max_value: bound(value),
                ..ColumnStatistics::new_unknown()
            });
        }
        let size = usize::try_from(self.size_bytes()).ok();
        Statistics {
            num_rows: rows,
            total_byte_size: size.map_or(Precision::Absent, Precision::Inexact),
            column_statistics: columns,
        }
    }

    /// Whether a text column of the file may hold one of `values`: not when its partition or its
    /// bounds say no.
    pub(crate) fn may_hold(&self, column: &str, values: &[String]) -> bool {
        if self.add.partition_values.contains_key(column) {
            let here = self.partition_value(column);
            return here.is_some_and(|here| values.iter().any(|value| value == here));
        }
        let Some(bounds) = self.bounds() else {
            return true;
        };
        let text = |bound: Option<&&RawValue>| -> Option<String> {
            serde_json::from_str(bound?.get()).ok()
        };
        let low = text(bounds.min_values.get(column));
        let high = text(bounds.max_values.get(column));
        values.iter().any(|value| {
            low.as_ref().is_none_or(|low| low <= value)
                && high.as_ref().is_none_or(|high| value <= high)
        })
    }

    /// Whether a column of the file may have one of `values`, none of which is null: not when its
    /// partition or its bounds say no.
    pub(crate) fn may_hold_value(&self, column: &str, values: &[ScalarValue]) -> bool {
        if let Some(text) = self.add.partition_values.get(column) {
            let text = text.as_deref().filter(|text| !text.is_empty());
            return text.is_some_and(|text| {
                values.iter().any(|value| {
                    let here = ScalarValue::try_from_string(text.to_owned(), &value.data_type());
                    here.is_ok_and(|here| here == *value)
                })
            });
        }
        let Some(kind) = values.first().map(ScalarValue::data_type) else {
            return false;
        };
        let Some(bounds) = self.bounds() else {
            return true;
        };
        let known = bounds.column(column, &kind);
        let low = known.min_value.get_value();
        let high = known.max_value.get_value();
        // What cannot be compared says nothing.
        let above = |value: &ScalarValue| {
            low.is_none_or(|low| value.partial_cmp(low) != Some(Ordering::Less))
        };
        let below = |value: &ScalarValue| {
            high.is_none_or(|high| value.partial_cmp(high) != Some(Ordering::Greater))
        };
        values.iter().any(|value| above(value) && below(value))
    }

    fn bounds(&self) -> Option<Bounds<'_>> {
        // Statistics are a help: a file with unreadable ones is read whole.
        serde_json::from_str(self.add.stats.as_deref()?).ok()
    }
}

impl Bounds<'_> {
    fn column(&self, name: &str, kind: &DataType) -> ColumnStatistics {
        let nulls = self.null_count.get(name);
        let nulls = nulls.and_then(|text| text.get().parse().ok());
        let low = self.min_values.get(name);
        let high = self.max_values.get(name);
        let column = ColumnStatistics {
            null_count: known(nulls),
            min_value: bound(low.and_then(|text| value(text.get(), kind)), kind),
            max_value: bound(
                high.and_then(|text| value(text.get(), kind)).map(raised),
                kind,
            ),
            ..ColumnStatistics::new_unknown()
        };
        match self.tight_bounds {
            Some(false) => column.to_inexact(),
            _ => column,
        }
    }
}

/// Where a file of the log lies, from the table's folder: the log has its path as in a URL.
pub(super) fn located(path: &str) -> Path {
    Path::from_url_path(path).unwrap_or_else(|_| Path::from(path))
}

fn known(count: Option<usize>) -> Precision<usize> {
    count.map_or(Precision::Absent, Precision::Exact)
}

fn bound(value: Option<ScalarValue>, kind: &DataType) -> Precision<ScalarValue> {
    match value {
        None => Precision::Absent,
        Some(value) if kind.is_integer() || *kind == DataType::Date32 => Precision::Exact(value),
        Some(value) => Precision::Inexact(value),
    }
}

fn raised(value: ScalarValue) -> ScalarValue {
    match value {
        ScalarValue::TimestampMicrosecond(Some(micros), zone) => {
            ScalarValue::TimestampMicrosecond(Some(micros.saturating_add(LOST_MICROS)), zone)
        }
        other => other,
    }
}

/// A bound, of the kinds that order the same everywhere.
fn value(json: &str, kind: &DataType) -> Option<ScalarValue> {
    match kind {
        DataType::Utf8 | DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let text: String = serde_json::from_str(json).ok()?;
            ScalarValue::try_from_string(text, kind).ok()
        }
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Boolean
        | DataType::Decimal128(_, _) => ScalarValue::try_from_string(json.to_owned(), kind).ok(),
        _ => None,
    }
}
