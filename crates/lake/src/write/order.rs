//! The order of a file's rows: made within a row group, watched across them.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{SortOptions, concat};
use arrow::error::{ArrowError, Result};
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};

/// As SQL orders when it is not told otherwise.
const ORDER: SortOptions = SortOptions {
    descending: false,
    nulls_first: false,
};

/// Rows of so few keys are counted into their places; of more they are compared.
const FEW_KEYS: usize = 1 << 16;

/// The keys of a file, and whether its rows have come in their order so far.
#[derive(Debug)]
pub(super) struct Order {
    keys: Vec<usize>,
    rows: Option<RowConverter>,
    last: Option<OwnedRow>,
    kept: bool,
}

impl Order {
    pub(super) fn by(keys: Vec<usize>) -> Self {
        Self {
            kept: !keys.is_empty(),
            keys,
            rows: None,
            last: None,
        }
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }

    /// The places of the rows of all batches, in order; those of one key stay as they came.
    pub(super) fn of(&mut self, batches: &[RecordBatch]) -> Result<UInt32Array> {
        let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let count = u32::try_from(count)
            .map_err(|_| ArrowError::ComputeError("too many rows to sort at once".to_owned()))?;
        if self.keys.is_empty() || count == 0 {
            return Ok((0..count).collect());
        }
        let key = |at: &usize| {
            let arrays: Vec<&dyn Array> = batches.iter().map(|b| b.column(*at).as_ref()).collect();
            concat(&arrays)
        };
        let keys = self.keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        let rows = match &mut self.rows {
            Some(rows) => rows,
            none => {
                let field =
                    |key: &ArrayRef| SortField::new_with_options(key.data_type().clone(), ORDER);
                none.insert(RowConverter::new(keys.iter().map(field).collect())?)
            }
        };
        let rows = rows.convert_columns(&keys)?;
        let indices = ascending(&rows, count);
        self.watch(&rows, &indices);
        Ok(indices.into())
    }

    /// Notes whether the first row follows the last one before it.
    fn watch(&mut self, rows: &Rows, indices: &[u32]) {
        let (Some(first), Some(last)) = (indices.first(), indices.last()) else {
            return;
        };
        let row = |at: &u32| rows.row(*at as usize);
        let follows = self
            .last
            .as_ref()
            .is_none_or(|before| before.row() <= row(first));
        self.kept &= follows;
        self.last = Some(row(last).owned());
    }
}

/// The places of the rows, in order.
fn ascending(rows: &Rows, count: u32) -> Vec<u32> {
    if let Some((ranks, keys)) = ranks(rows) {
        return counted(&ranks, keys);
    }
    let mut indices: Vec<u32> = (0..count).collect();
    indices.sort_by_key(|at| rows.row(*at as usize));
    indices
}

/// For every row the place of its key among all, and how many there are; none if they are many.
fn ranks(rows: &Rows) -> Option<(Vec<u32>, usize)> {
    let mut ids: HashMap<&[u8], u32> = HashMap::new();
    let mut ranks = Vec::with_capacity(rows.num_rows());
    let mut last: Option<(&[u8], u32)> = None;
    for row in rows {
        let key = row.data();
        let id = match last {
            Some((same, id)) if same == key => id,
            _ => {
                let next = u32::try_from(ids.len()).ok()?;
                *ids.entry(key).or_insert(next)
            }
        };
        if ids.len() > FEW_KEYS {
            return None;
        }
        last = Some((key, id));
        ranks.push(id);
    }
    let keys = ids.len();
    let mut in_order: Vec<(&[u8], u32)> = ids.into_iter().collect();
    in_order.sort_unstable();
    let mut places = vec![0; keys];
    for (place, (_, id)) in (0..).zip(in_order) {
        places[id as usize] = place;
    }
    for rank in &mut ranks {
        *rank = places[*rank as usize];
    }
    Some((ranks, keys))
}

/// The places of the rows by their ranks, of which there are so many.
fn counted(ranks: &[u32], keys: usize) -> Vec<u32> {
    let mut next = vec![0_usize; keys + 1];
    for rank in ranks {
        next[*rank as usize + 1] += 1;
    }
    for rank in 1..next.len() {
        next[rank] += next[rank - 1];
    }
    let mut indices = vec![0; ranks.len()];
    for (at, rank) in (0..).zip(ranks) {
        let place = &mut next[*rank as usize];
        indices[*place] = at;
        *place += 1;
    }
    indices
}
