//! Rules over more than a row: which rows, or what of the table, breaks them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use calendar::Calendar;
use datafusion::arrow::array::{RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::common::{Column, JoinType, NullEquality, ScalarValue};
use datafusion::error::Result as Planning;
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlanBuilder, cast, ident, lit, when};
use datafusion::prelude::{DataFrame, SessionContext};
use project::{Bound, Check, Contract, Expects, Missing, Rule, Steady};

use super::tables::Subject;
use crate::{EngineError, Param, Result, Session, Statement};

/// A rule as questions.
pub(super) struct Wide {
    /// How many rows break it.
    pub(super) broken: DataFrame,
    /// How many leave it open because something is missing, where that keeps the rule.
    pub(super) open: Option<DataFrame>,
    /// Those that break it, or what shows how.
    pub(super) rows: DataFrame,
}

/// The error with the rule that it is about.
pub(super) fn unplanned(contract: &Contract, rule: &Rule, error: &dyn Display) -> EngineError {
    EngineError::invalid(
        format!(
            "rule `{}` of dataset `{}` cannot be planned: {error}",
            rule.name, contract.dataset
        ),
        "Mend the rule in the contract.",
    )
}

/// The rows, with what the reference found of each in the other dataset beside it.
pub(super) async fn beside(
    context: &SessionContext,
    frame: DataFrame,
    place: usize,
    rule: &Rule,
) -> Planning<DataFrame> {
    let Check::References {
        columns,
        dataset,
        keys,
    } = &rule.check
    else {
        return Ok(frame);
    };
    let names: Vec<String> = (0..keys.len()).map(|key| mark(place, key)).collect();
    let found = keys.iter().zip(&names);
    let found = found.map(|(key, name)| ident(key).alias(name));
    let other = context.table(dataset.as_str()).await?;
    let other = other.select(found.collect::<Vec<Expr>>())?.distinct()?;
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    frame.join(other, JoinType::Left, &columns, &names, None)
}

/// Whether what the reference looks for was found, or cannot be looked for.
pub(super) fn found(place: usize, columns: &[String]) -> Expr {
    let missing = columns.iter().map(|column| ident(column).is_null());
    missing.fold(ident(mark(place, 0)).is_not_null(), Expr::or)
}

fn mark(place: usize, key: usize) -> String {
    format!("_found_{place}_{key}")
}

/// The rule as questions; none if it looks at single rows or at their number.
pub(super) async fn asked(
    session: &Session,
    frame: &DataFrame,
    subject: &Subject<'_>,
    rule: &Rule,
) -> Result<Option<Wide>> {
    let planning = EngineError::planning;
    Ok(Some(match &rule.check {
        Check::Unique(key) => doubled(session, frame.clone(), key).map_err(planning)?,
        Check::Fresh {
            column,
            within_hours,
        } => {
            let within = i64::from(*within_hours) * 3_600_000_000;
            let from = subject.begun_at_micros.saturating_sub(within);
            rows_alone(stale(frame.clone(), column, from).map_err(planning)?)?
        }
        Check::Steady(steady) => {
            jumps(session.context(), frame, steady, subject.calendar).map_err(planning)?
        }
        Check::Query { sql, expects } => {
            let statement = Statement::parse(sql)?;
            let params = if sql.contains("$run_at") {
                BTreeMap::from([("run_at".to_owned(), Param::Instant(subject.begun_at_micros))])
            } else {
                BTreeMap::new()
            };
            let planned = session.plan(&statement, &params).await?;
            let answer = DataFrame::new(session.context().state(), planned.plan);
            match expects {
                Expects::NoRows => rows_alone(answer)?,
                Expects::Number { min, max, missing } => {
                    let bounds = (min.as_ref(), max.as_ref());
                    rows_alone(outside(answer, bounds, *missing)?)?
                }
            }
        }
        _ => return Ok(None),
    }))
}

fn rows_alone(rows: DataFrame) -> Result<Wide> {
    let broken = counted(rows.clone()).map_err(EngineError::planning)?;
    Ok(Wide {
        broken,
        open: None,
        rows,
    })
}

fn counted(rows: DataFrame) -> Planning<DataFrame> {
    rows.aggregate(vec![], vec![count(lit(1_i64)).alias("_n")])
}

/// The rows beyond the first of each key; shown are all that share one.
fn doubled(session: &Session, frame: DataFrame, key: &[String]) -> Planning<Wide> {
    let columns: Vec<Expr> = key.iter().map(ident).collect();
    let several = frame
        .clone()
        .aggregate(columns.clone(), vec![count(lit(1_i64)).alias("_n")])?
        .filter(ident("_n").gt(lit(1_i64)))?;
    let beyond = sum(ident("_n") - lit(1_i64)).alias("_n");
    let broken = several.clone().aggregate(vec![], vec![beyond])?;
    let names: Vec<String> = (0..key.len()).map(|part| format!("_key_{part}")).collect();
    let keys = key.iter().zip(&names);
    let keys = keys.map(|(column, name)| ident(column).alias(name));
    let keys = several.select(keys.collect::<Vec<Expr>>())?;
    let state = session.context().state();
    let columns = frame.schema().columns();
    let rows = joined(&state, (frame, key), (keys, &names), JoinType::LeftSemi)?;
    let rows = rows.select(columns.into_iter().map(Expr::Column).collect::<Vec<_>>())?;
    let order = key.iter().map(|column| ident(column).sort(true, false));
    let rows = rows.sort(order.collect())?;
    Ok(Wide {
        broken,
        open: None,
        rows,
    })
}

/// Joins by columns of which a missing value equals another.
fn joined(
    state: &datafusion::execution::SessionState,
    (left, left_keys): (DataFrame, &[String]),
    (right, right_keys): (DataFrame, &[String]),
    how: JoinType,
) -> Planning<DataFrame> {
    let columns =
        |names: &[String]| -> Vec<Column> { names.iter().map(Column::from_name).collect() };
    let plan = LogicalPlanBuilder::from(left.into_unoptimized_plan())
        .join_detailed(
            right.into_unoptimized_plan(),
            how,
            (columns(left_keys), columns(right_keys)),
            None,
            NullEquality::NullEqualsNull,
        )?
        .build()?;
    Ok(DataFrame::new(state.clone(), plan))
}

/// Civil time is seven hours ahead: a day ends when 17 hours of its UTC namesake have passed.
const DAY_ENDS_MICROS: i64 = 17 * 3_600_000_000;

/// The newest value if it is older than `from`, in microseconds, or if there is none. A day is as
/// old as its end.
fn stale(frame: DataFrame, column: &str, from: i64) -> Planning<DataFrame> {
    let data_type = ident(column).get_type(frame.schema())?;
    let instants = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
    let from = match data_type {
        DataType::Timestamp(_, _) => from,
        DataType::Date32 => from.saturating_sub(DAY_ENDS_MICROS),
        other => {
            let message = format!("column `{column}` is `{other}`: it holds no days or instants");
            return Err(datafusion::error::DataFusionError::Plan(message));
        }
    };
    let from = ScalarValue::TimestampMicrosecond(Some(from), Some(Arc::from("UTC")));
    let newest = frame.aggregate(vec![], vec![max(ident(column)).alias(column)])?;
    let old = cast(ident(column), instants).lt(lit(from));
    newest.filter(ident(column).is_null().or(old))
}

/// What the query answers, if a number of it is out of bounds or missing.
fn outside(
    answer: DataFrame,
    (least, most): (Option<&Bound>, Option<&Bound>),
    missing: Missing,
) -> Result<DataFrame> {
    let [field] = &answer.schema().fields()[..] else {
        let columns = answer.schema().fields().len();
        return Err(EngineError::invalid(
            format!("the query answers {columns} columns, and a number is one"),
            "Answer one number, or leave the bound out: then every row breaks the rule.",
        ));
    };
    if !field.data_type().is_numeric() {
        let (name, found) = (field.name(), field.data_type());
        return Err(EngineError::invalid(
            format!("the query answers `{name}`, which is `{found}` and no number"),
            "Answer one number, or leave the bound out: then every row breaks the rule.",
        ));
    }
    let out = |value: Expr| -> Result<Expr> {
        let mut out = lit(false);
        for (bound, is_least) in [(least, true), (most, false)] {
            let Some(bound) = bound else { continue };
            let number: f64 = bound.value.parse().map_err(|_| {
                let message = format!("the bound `{}` is no number", bound.value);
                EngineError::invalid(message, "Write the bound as a number.")
            })?;
            let bounds = (is_least, bound.exclusive);
            let (value, number) = (value.clone(), lit(number));
            out = out.or(match bounds {
                (true, true) => value.lt_eq(number),
                (true, false) => value.lt(number),
                (false, true) => value.gt_eq(number),
                (false, false) => value.gt(number),
            });
        }
        Ok(out)
    };
    let value = cast(
        Expr::Column(Column::from_name(field.name())),
        DataType::Float64,
    );
    let condition = {
        let lacks = ident("given")
            .lt(ident("rows"))
            .or(ident("rows").eq(lit(0_i64)));
        let lacking = match missing {
            Missing::Skip => lit(false),
            Missing::Zero => lacks.and(out(lit(0_f64))?),
            Missing::Fail => lacks,
        };
        out(ident("least"))?.or(out(ident("greatest"))?).or(lacking)
    };
    let planned = answer
        .select(vec![value.alias("value")])
        .and_then(|answer| {
            let aggregates = vec![
                count(lit(1_i64)).alias("rows"),
                count(ident("value")).alias("given"),
                min(ident("value")).alias("least"),
                max(ident("value")).alias("greatest"),
            ];
            answer.aggregate(vec![], aggregates)
        })
        .and_then(|answer| answer.filter(condition));
    planned.map_err(EngineError::planning)
}

/// Groups whose measure jumps from one period to the next, of the pairs of periods that are both in
/// the table.
fn jumps(
    context: &SessionContext,
    frame: &DataFrame,
    steady: &Steady,
    calendar: &Calendar,
) -> Planning<Wide> {
    let state = context.state();
    let period = ident(&steady.period);
    let measure = state.create_logical_expr(&steady.measure, frame.schema())?;
    let by: Vec<Expr> = steady.by.iter().map(ident).collect();
    let groups = by.iter().cloned().chain([period.clone()]).collect();
    let measured = frame
        .clone()
        .filter(period.clone().is_not_null())?
        .aggregate(
            groups,
            vec![cast(measure, DataType::Float64).alias("_value")],
        )?;
    let seen = || -> Planning<DataFrame> {
        let seen = measured
            .clone()
            .select(vec![period.clone().alias("_seen")])?;
        seen.distinct()
    };
    let pairs = context
        .read_batch(consecutive(calendar)?)?
        .join(seen()?, JoinType::LeftSemi, &["_after"], &["_seen"], None)?
        .join(seen()?, JoinType::LeftSemi, &["_before"], &["_seen"], None)?;
    // The measure in the period itself, or in the one before, under the period itself.
    let side = |of: &str, prefix: &str| -> Planning<DataFrame> {
        let here = measured.clone().join(
            pairs.clone(),
            JoinType::Inner,
            &[&steady.period],
            &[of],
            None,
        )?;
        let mut columns: Vec<Expr> = Vec::new();
        for (place, column) in by.iter().enumerate() {
            columns.push(column.clone().alias(format!("{prefix}{place}")));
        }
        columns.push(ident("_after").alias(format!("{prefix}period")));
        columns.push(ident("_value").alias(format!("{prefix}value")));
        here.select(columns)
    };
    let keys = |prefix: &str| -> Vec<String> {
        let by = (0..by.len()).map(|place| format!("{prefix}{place}"));
        by.chain([format!("{prefix}period")]).collect()
    };
    let (now, was) = (keys("_now_"), keys("_was_"));
    let both = joined(
        &state,
        (side("_after", "_now_")?, &now),
        (side("_before", "_was_")?, &was),
        JoinType::Full,
    )?;
    let either = |place: usize| -> Planning<Expr> {
        when(ident(&now[place]).is_not_null(), ident(&now[place])).otherwise(ident(&was[place]))
    };
    let mut columns: Vec<Expr> = Vec::new();
    for (place, name) in steady.by.iter().enumerate() {
        columns.push(either(place)?.alias(name));
    }
    columns.push(either(by.len())?.alias(&steady.period));
    columns.push(ident("_was_value").alias("before"));
    columns.push(ident("_now_value").alias("now"));
    let changes = both.select(columns)?;
    let (broken, open) = jumped(steady)?;
    let rows = changes.clone().filter(broken)?;
    let open = open.map(|open| changes.filter(open).and_then(counted));
    Ok(Wide {
        broken: counted(rows.clone())?,
        open: open.transpose()?,
        rows,
    })
}

/// Whether the measure `now` is out of bounds beside the one `before`, and whether that is open.
fn jumped(steady: &Steady) -> Planning<(Expr, Option<Expr>)> {
    let lacks = ident("before").is_null().or(ident("now").is_null());
    let taken = |name: &str| match steady.missing {
        Missing::Zero => when(ident(name).is_null(), lit(0_f64)).otherwise(ident(name)),
        Missing::Skip | Missing::Fail => Ok(ident(name)),
    };
    let (before, now) = (taken("before")?, taken("now")?);
    let mut broken = lit(false);
    if let Some(least) = steady.min {
        broken = broken.or(now.clone().lt(before.clone() * lit(least)));
    }
    if let Some(most) = steady.max {
        broken = broken.or(now.gt(before * lit(most)));
    }
    Ok(match steady.missing {
        Missing::Zero => (broken, None),
        Missing::Fail => (lacks.or(broken), None),
        Missing::Skip => (lacks.clone().is_not_true().and(broken), Some(lacks)),
    })
}

/// The pairs of periods of one kind of which one follows the other.
fn consecutive(calendar: &Calendar) -> Planning<RecordBatch> {
    let mut kinds: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for period in calendar.periods() {
        let of_kind = kinds.entry(period.code.kind()).or_default();
        of_kind.insert((period.start_on, period.code.as_str()));
    }
    let pairs = kinds.values().flat_map(|of_kind| {
        let codes = of_kind.iter().map(|(_, code)| *code);
        codes.clone().zip(codes.skip(1))
    });
    let (before, after): (Vec<&str>, Vec<&str>) = pairs.unzip();
    let schema = Schema::new(vec![
        Field::new("_before", DataType::Utf8, false),
        Field::new("_after", DataType::Utf8, false),
    ]);
    let columns = [before, after].map(|codes| Arc::new(StringArray::from(codes)) as _);
    Ok(RecordBatch::try_new(Arc::new(schema), columns.to_vec())?)
}
