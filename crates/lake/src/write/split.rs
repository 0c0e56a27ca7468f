//! Rows kept apart by the values of the partition columns.

use std::collections::BTreeMap;

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::DataType;

use super::Target;
use crate::error::{LakeError, Result};

/// The rows of each partition, without the partition columns.
pub(super) fn split(
    batch: &RecordBatch,
    target: &Target,
) -> Result<Vec<(Vec<Option<String>>, RecordBatch)>> {
    let doing = "cannot keep the rows of a batch apart";
    let fail = |error| LakeError::internal(doing, error);
    let kept = target
        .file_schema
        .fields()
        .iter()
        .map(|field| target.schema.index_of(field.name()));
    let kept = kept
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(fail)?;
    let rows = batch.project(&kept).map_err(fail)?;
    if target.partition_by.is_empty() {
        return Ok(vec![(Vec::new(), rows)]);
    }
    let mut texts = Vec::new();
    for name in &target.partition_by {
        let at = target.schema.index_of(name).map_err(fail)?;
        let text = cast(batch.column(at), &DataType::Utf8).map_err(fail)?;
        texts.push(text.as_string::<i32>().clone());
    }
    let mut groups = BTreeMap::<Vec<Option<&str>>, Vec<u32>>::new();
    let looked_at = match is_one(&texts) {
        true => batch.num_rows().min(1),
        false => batch.num_rows(),
    };
    for row in 0..looked_at {
        let values: Vec<_> = texts.iter().map(|text| value(text, row)).collect();
        // Delta reads an empty text as null, so it cannot be a partition's value.
        if let Some(at) = values.iter().position(|value| *value == Some("")) {
            return Err(LakeError::invalid(format!(
                "cannot write to dataset `{}`: partition column `{}` holds an empty text",
                target.table.dataset(),
                target.partition_by[at]
            )));
        }
        let row = u32::try_from(row).map_err(|error| LakeError::internal(doing, error))?;
        groups.entry(values).or_default().push(row);
    }
    let whole = groups.len() == 1;
    let owned = |values: Vec<Option<&str>>| -> Vec<Option<String>> {
        values
            .into_iter()
            .map(|value| value.map(str::to_owned))
            .collect()
    };
    let mut parts = Vec::with_capacity(groups.len());
    for (values, indices) in groups {
        let part = if whole {
            rows.clone()
        } else {
            take_record_batch(&rows, &UInt32Array::from(indices)).map_err(fail)?
        };
        parts.push((owned(values), part));
    }
    Ok(parts)
}

/// Whether all rows lie in one partition, as those of a submission do.
fn is_one(texts: &[StringArray]) -> bool {
    let same = |text: &StringArray| (1..text.len()).all(|row| value(text, row) == value(text, 0));
    texts.iter().all(same)
}

fn value(texts: &StringArray, row: usize) -> Option<&str> {
    texts.is_valid(row).then(|| texts.value(row))
}
