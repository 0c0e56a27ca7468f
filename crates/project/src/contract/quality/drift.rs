//! Rules on how far a column's profile is from the one before.

use super::super::{Check, ColumnType, Missing, Statistic, Steadiness};
use crate::problem::{Mark, Sink};
use crate::yaml::{Map, Word};

const STATISTICS: [(&str, Statistic); 4] = [
    ("psi", Statistic::Psi),
    ("nullShare", Statistic::NullShare),
    ("mean", Statistic::Mean),
    ("distinct", Statistic::Distinct),
];

/// `drift: { column, period, statistic, atLeast, atMost }`.
pub(super) fn drift(
    map: &mut Map<'_, '_>,
    missing: Option<Missing>,
    sink: &Sink<'_>,
) -> Option<Check> {
    map.choice("engine", &[("dtm", ())]);
    let mut implementation = map.map("implementation")?;
    let mut drift = implementation.map("drift")?;
    let column = drift.text("column");
    let period = drift.text_if("period");
    let statistic = drift.choice("statistic", &STATISTICS);
    let (least, most) = (drift.number_if("atLeast"), drift.number_if("atMost"));
    let at = drift.at();
    drift.close();
    implementation.close();
    let statistic = statistic?;
    if let Some(least) = least.filter(|_| !statistic.is_ratio()) {
        sink.at(
            least.at,
            "`atLeast` is for ratios, which are those of `mean` and `distinct`: a distance has \
             `atMost` alone",
        );
        return None;
    }
    if least.is_none() && most.is_none() {
        sink.at(
            at,
            "`drift` needs a bound: `atMost`, or of a ratio `atLeast`",
        );
        return None;
    }
    let min = least.map(|word| bound(word, sink));
    let max = most.map(|word| bound(word, sink));
    if min == Some(None) || max == Some(None) {
        return None;
    }
    let (min, max) = (min.flatten(), max.flatten());
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        sink.at(at, "no ratio lies within these bounds");
        return None;
    }
    Some(Check::Drift(Steadiness {
        column: column?.text.to_owned(),
        period: period.map(|word| word.text.to_owned()),
        statistic,
        min,
        max,
        missing: lacking(missing, at, sink)?,
    }))
}

fn lacking(missing: Option<Missing>, at: Mark, sink: &Sink<'_>) -> Option<Missing> {
    match missing {
        Some(Missing::Zero) => {
            sink.at(
                at,
                "`missing: zero` is not for `drift`: a profile that is not there is none",
            );
            None
        }
        Some(missing) => Some(missing),
        None => {
            let message = "`drift` needs the custom property `missing`: whether a profile with \
                           nothing before it to be held against keeps the rule (`skip`) or breaks \
                           it (`fail`)";
            sink.at(at, message);
            None
        }
    }
}

fn bound(word: Word<'_>, sink: &Sink<'_>) -> Option<f64> {
    let value = word.text.parse::<f64>().ok();
    let value = value.filter(|value| value.is_finite() && *value >= 0.0);
    if value.is_none() {
        sink.at(word.at, "the bound of `drift` is a number from 0");
    }
    value
}

/// What is wrong with the columns that a rule names; `type_of` knows those of the table.
pub(in super::super) fn misfit(
    terms: &Steadiness,
    type_of: &dyn Fn(&str) -> Option<ColumnType>,
) -> Option<String> {
    let Some(found) = type_of(&terms.column) else {
        return Some(format!(
            "`drift` names column `{}`, which is not there",
            terms.column
        ));
    };
    let is_number = !matches!(
        found,
        ColumnType::String | ColumnType::Boolean | ColumnType::Date | ColumnType::Timestamp
    );
    if terms.statistic == Statistic::Mean && !is_number {
        let column = &terms.column;
        return Some(format!(
            "column `{column}` is `{found}`, and only numbers have a mean"
        ));
    }
    let period = terms.period.as_ref()?;
    match type_of(period) {
        Some(ColumnType::String) => None,
        Some(found) => Some(format!(
            "codes of periods are text, but column `{period}` is `{found}`"
        )),
        None => Some(format!(
            "`drift` names column `{period}`, which is not there"
        )),
    }
}
