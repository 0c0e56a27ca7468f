//! Profiles read back.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use engine::Param;
use project::DatasetName;
use serde_json::Value;
use service::{
    Action, Call, ColumnProfile, ErrorKind, Page, ProfiledBin, ProfiledValue, Result, ServiceError,
};

use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::system::{self, own};

const LIST: &str = include_str!("list.sql");

/// Profiles in a page at the most.
const PAGE: u64 = 1000;

/// The profiles of a dataset, newest first.
pub(crate) async fn list(
    gate: &Gate,
    call: &Call,
    dataset: &DatasetName,
    page: Page,
) -> Result<Vec<ColumnProfile>> {
    let (about, name) = (About::dataset(dataset), dataset.clone());
    let act = Action::ReadCatalogue;
    gate.perform(call, act, about, |handles, _| async move {
        handles.contract(&name)?;
        let last = page.offset.saturating_add(page.limit.min(PAGE));
        let sql = LIST.replace("{period}", "");
        let sql = sql.replace("{wanted}", "position > $first and position <= $last");
        let params = BTreeMap::from([
            ("dataset".to_owned(), Param::Text(name.to_string())),
            ("first".to_owned(), own::number(page.offset)),
            ("last".to_owned(), own::number(last)),
        ]);
        read(&handles, &sql, params).await
    })
    .await
}

/// The newest profiles of a period, or of a table without periods.
pub(super) async fn newest(
    handles: &Handles,
    dataset: &DatasetName,
    period: Option<&str>,
) -> Result<Vec<ColumnProfile>> {
    let mut params = BTreeMap::from([("dataset".to_owned(), Param::Text(dataset.to_string()))]);
    let of_period = match period {
        Some(period) => {
            params.insert("period".to_owned(), Param::Text(period.to_owned()));
            "and period = $period"
        }
        None => "and period is null",
    };
    let sql = LIST.replace("{period}", of_period);
    read(handles, &sql.replace("{wanted}", "age = 1"), params).await
}

async fn read(
    handles: &Handles,
    sql: &str,
    params: BTreeMap<String, Param>,
) -> Result<Vec<ColumnProfile>> {
    let batches = own::read(handles, system::PROFILES, sql, params).await?;
    let mut found = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            found.push(profile(batch, row).ok_or_else(broken)?);
        }
    }
    Ok(found)
}

fn profile(batch: &RecordBatch, row: usize) -> Option<ColumnProfile> {
    let text = |column| own::text_at(batch, column, row);
    let count = |column| own::count_at(batch, column, row);
    let number = |column| own::float_at(batch, column, row);
    let distinct = own::integer_at(batch, 10, row);
    Some(ColumnProfile {
        run: text(0)?,
        version: own::integer_at(batch, 1, row)?,
        period: text(2),
        column: text(3)?,
        kind: text(4)?,
        rows: count(5),
        seen_rows: count(6),
        sampled: own::boolean_at(batch, 7, row)?,
        null_rows: count(8),
        not_finite_rows: count(9),
        distinct_values: distinct.and_then(|count| u64::try_from(count).ok()),
        min: text(11),
        max: text(12),
        mean: number(13),
        quantiles: listed(text(14), |value| value.as_str().map(str::to_owned))?,
        top: listed(text(15), top)?,
        histogram: listed(text(16), bin)?,
        hidden: text(17),
        psi: number(18),
        null_share_change: number(19),
        compared_run: text(20),
        compared_period: text(21),
        profiled_at: own::instant_at(batch, 22, row)?,
    })
}

/// The items of a list in JSON; none if it is no such list.
fn listed<T>(text: Option<String>, item: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    let Some(text) = text else {
        return Some(Vec::new());
    };
    let list: Vec<Value> = serde_json::from_str(&text).ok()?;
    list.iter().map(item).collect()
}

fn top(value: &Value) -> Option<ProfiledValue> {
    Some(ProfiledValue {
        value: value.get("value")?.as_str()?.to_owned(),
        rows: value.get("rows")?.as_u64()?,
    })
}

fn bin(value: &Value) -> Option<ProfiledBin> {
    let edge = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
    Some(ProfiledBin {
        from: edge("from")?,
        to: edge("to")?,
        rows: value.get("rows")?.as_u64()?,
    })
}

fn broken() -> ServiceError {
    ServiceError::new(
        ErrorKind::Corrupt,
        "a row of `system.profiles` cannot be read",
    )
    .hint("Look who else writes to that table.")
}
