//! The band that a score reaches, with the bounds handed in as a list.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::{
    ArrowNativeTypeOp, ArrowPrimitiveType, DataType, Decimal128Type, Float64Type,
};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::DocSection;

use super::function::{Function, Takes, arg};
use super::given::{Given, Made};

const SECTION: DocSection = DocSection {
    include: true,
    label: "Bands of a score",
    description: Some(
        "Bounds are rows of `codes.thresholds`, in force at a time: hand them in from there, in an \
         order that both lists share, such as `array_agg(value order by code)` and \
         `array_agg(code order by code)`.",
    ),
};

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new(
        ("score_band", SECTION),
        "The label of the highest bound that the score reaches, being it or above; null if it \
         reaches none. Decimals are compared as they are, without rounding: round the score \
         before, so that what is printed is what was judged. The bounds need no order; a bound \
         that is null is passed over. Lists of two lengths are an error.",
        (
            &[
                arg("score", Takes::Number, "a number; not a number gives null"),
                arg("bounds", Takes::Numbers, "the lower bound of each band"),
                arg("labels", Takes::Texts, "the label of each band"),
            ],
            3,
        ),
        (DataType::Utf8, band),
        include_str!("examples/score_band.sql"),
    )]
}

fn band(given: &Given<'_>) -> Result<ArrayRef> {
    match given.type_of(0)? {
        DataType::Float64 => labelled::<Float64Type>(given, |score| !score.is_nan()),
        _ => labelled::<Decimal128Type>(given, |_| true),
    }
}

fn labelled<T: ArrowPrimitiveType>(
    given: &Given<'_>,
    is_number: fn(T::Native) -> bool,
) -> Result<ArrayRef> {
    let (scores, lists) = (given.numbers::<T>(0)?, [given.lists(1)?, given.lists(2)?]);
    let mut made = Made::new(&lists);
    let labels = (0..given.rows).map(|row| {
        let Some(score) = scores.get(row).filter(|score| is_number(*score)) else {
            return Ok(None);
        };
        let bands = made.of(&lists, row, |lists| bands::<T>(given.function, lists))?;
        let reached = bands.partition_point(|(bound, _)| bound.is_le(score));
        Ok(reached
            .checked_sub(1)
            .and_then(|last| bands[last].1.clone()))
    });
    Ok(Arc::new(labels.collect::<Result<StringArray>>()?))
}

type Bands<N> = Vec<(N, Option<String>)>;

/// The bounds with their labels, the lowest first; nothing where a list is null.
fn bands<T: ArrowPrimitiveType>(
    function: &str,
    lists: &[Option<ArrayRef>],
) -> Result<Bands<T::Native>> {
    let [Some(bounds), Some(labels)] = lists else {
        return Ok(Vec::new());
    };
    if bounds.len() != labels.len() {
        return exec_err!(
            "`{function}` was given {} bounds and {} labels",
            bounds.len(),
            labels.len()
        );
    }
    let labels: &StringArray = labels.as_string();
    let pairs = bounds.as_primitive::<T>().iter().zip(labels.iter());
    let mut bands: Bands<T::Native> = pairs
        .filter_map(|(bound, label)| Some((bound?, label.map(str::to_owned))))
        .collect();
    bands.sort_by(|(one, _), (other, _)| one.compare(*other));
    Ok(bands)
}
