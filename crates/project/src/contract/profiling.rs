//! What of a computed dataset is profiled.

use crate::problem::Sink;
use crate::yaml::Map;
use crate::{DatasetName, Layer};

/// What of a dataset a run profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profiling {
    /// Nothing.
    Nothing,
    /// At most so many of its rows.
    Sample(u64),
    /// Every row.
    Whole,
}

impl Profiling {
    /// A sample has at most so many rows.
    pub const MOST_ROWS: u64 = 1_000_000;
}

impl Default for Profiling {
    fn default() -> Self {
        Self::Sample(100_000)
    }
}

/// Reads the custom property `profile`, if it is there.
pub(super) fn read(
    custom: &mut Map<'_, '_>,
    dataset: &DatasetName,
    sink: &Sink<'_>,
) -> Option<Profiling> {
    let word = custom.text_if("profile")?;
    if !matches!(dataset.layer(), Layer::Refined | Layer::Served) {
        let message = "only datasets that a run computes, of the layers `refined` and `served`, \
                       are profiled";
        sink.at(word.at, message);
        return None;
    }
    let parts: Vec<&str> = word.text.split_whitespace().collect();
    let known = match parts[..] {
        ["none"] => Some(Profiling::Nothing),
        ["whole"] => Some(Profiling::Whole),
        ["sample", rows] => {
            let rows = rows.parse().ok();
            let rows = rows.filter(|rows| (1..=Profiling::MOST_ROWS).contains(rows));
            rows.map(Profiling::Sample)
        }
        _ => None,
    };
    if known.is_none() {
        let (found, most) = (word.text, Profiling::MOST_ROWS);
        let message = format!(
            "`profile` must be `none`, `whole` or a number of rows such as `sample 100000`, at \
             most {most}, found `{found}`"
        );
        sink.at(word.at, message);
    }
    known
}
