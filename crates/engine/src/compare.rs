//! How two answers of one dataset differ: rows by key, values by column.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::compute::cast as to_type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Int64Type, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::JoinType;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::utils::disjunction;
use datafusion::logical_expr::{Expr, Operator, binary_expr, cast, ident, lit, when};
use datafusion::prelude::DataFrame;
use project::{DatasetName, NameError};

use crate::{Engine, EngineError, Planned, QueryLimits, Result, Session};

/// The two sides, as tables of the session and as the first word of their columns.
const BEFORE: &str = "before";
const AFTER: &str = "after";

/// How the rows differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowDifference {
    /// The rows before.
    pub before: u64,
    /// The rows after.
    pub after: u64,
    /// Rows whose key is new; without a key, rows that are new as a whole.
    pub added: u64,
    /// Rows whose key is gone; without a key, rows that are gone as a whole.
    pub removed: u64,
    /// Rows of one key with other values; without a key there is none.
    pub changed: u64,
    /// Each column that both have and that differs, and in how many of those rows.
    pub columns: Vec<(String, u64)>,
    /// A few of the rows, in the order of their keys.
    pub examples: Vec<DifferentRow>,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentRow {
    /// `added`, `removed` or `changed`.
    pub how: String,
    /// The key's columns and their values as text.
    pub key: Vec<(String, String)>,
    /// The other columns that both have and that differ in it.
    pub values: Vec<DifferentValue>,
}

/// A value on both sides, as text; none where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentValue {
    /// The column.
    pub column: String,
    /// The value before.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
}

impl Engine {
    /// Compares two tables over the columns that both have. Without a key, rows are told apart as
    /// multisets. Only the counts and the first `examples` rows are held; what does not fit into
    /// memory is sorted on temporary disk.
    pub async fn compare(
        &self,
        limits: QueryLimits,
        (before, after): (Arc<dyn TableProvider>, Arc<dyn TableProvider>),
        key: &[String],
        examples: usize,
    ) -> Result<RowDifference> {
        let common = Common::of(&before.schema(), &after.schema(), key);
        let mut tables = BTreeMap::new();
        for (side, table) in [(BEFORE, before), (AFTER, after)] {
            let name: DatasetName = format!("system.{side}")
                .parse()
                .map_err(|error: NameError| EngineError::invalid(error.to_string(), ""))?;
            tables.insert(name, table);
        }
        let session = self.session(tables, limits)?;
        // Counts ask the same of a row; see `rules/tables.rs`.
        let context = session.context();
        context.remove_optimizer_rule("common_sub_expression_eliminate");
        if key.is_empty() {
            as_multisets(&session, &common, limits).await
        } else {
            by_key(&session, &common, key, examples, limits).await
        }
    }
}

/// The columns that both sides have.
struct Common {
    /// Those that are not of the key, and whether their types differ.
    values: Vec<(String, bool)>,
    /// Those of the key, and whether their types differ.
    key: Vec<(String, bool)>,
}

impl Common {
    fn of(before: &Schema, after: &Schema, key: &[String]) -> Self {
        let both = after.fields().iter().filter_map(|field| {
            let old = before.field_with_name(field.name()).ok()?;
            let retyped = old.data_type() != field.data_type();
            Some((field.name().clone(), retyped))
        });
        let (key, values) = both.partition(|(name, _)| key.contains(name));
        Self { values, key }
    }

    /// A side with every column named after it, and a column that says that the row is there.
    async fn side(&self, session: &Session, side: &str) -> Result<DataFrame> {
        let table = session.context().table(format!("system.{side}")).await;
        let table = table.map_err(EngineError::Failed)?;
        let columns = self.key.iter().chain(&self.values).map(|(name, retyped)| {
            // Values of two types are compared as they are written.
            let column = if *retyped {
                cast(ident(name), DataType::Utf8)
            } else {
                ident(name)
            };
            column.alias(of(side, name))
        });
        let there = lit(true).alias(side);
        let columns: Vec<Expr> = columns.chain([there]).collect();
        table.select(columns).map_err(EngineError::planning)
    }
}

fn of(side: &str, column: &str) -> String {
    format!("{side} {column}")
}

async fn by_key(
    session: &Session,
    common: &Common,
    key: &[String],
    examples: usize,
    limits: QueryLimits,
) -> Result<RowDifference> {
    let run = |e| EngineError::running(e, &limits);
    let (before, after) = (
        common.side(session, BEFORE).await?,
        common.side(session, AFTER).await?,
    );
    let same = key
        .iter()
        .map(|name| ident(of(BEFORE, name)).eq(ident(of(AFTER, name))));
    let joined = before
        .join_on(after, JoinType::Full, same)
        .map_err(EngineError::planning)?;
    let (added, removed) = (ident(BEFORE).is_null(), ident(AFTER).is_null());
    let both = ident(BEFORE).is_not_null().and(ident(AFTER).is_not_null());
    let differs = |name: &str| {
        let (old, new) = (ident(of(BEFORE, name)), ident(of(AFTER, name)));
        both.clone()
            .and(binary_expr(old, Operator::IsDistinctFrom, new))
    };
    let values = common.values.iter().map(|(name, _)| differs(name));
    let changed = disjunction(values.clone()).unwrap_or_else(|| lit(false));
    let conditions = [
        ident(BEFORE).is_not_null(),
        ident(AFTER).is_not_null(),
        added.clone(),
        removed.clone(),
        changed.clone(),
    ];
    let mut counts = Vec::new();
    for (at, condition) in conditions.into_iter().chain(values).enumerate() {
        let one = when(condition, lit(1_i64)).end().map_err(run)?;
        counts.push(count(one).alias(format!("n{at}")));
    }
    let counted = joined.clone().aggregate(Vec::new(), counts).map_err(run)?;
    let counted = numbers(session, counted).await?;
    let at = |at: usize| counted.get(at).copied().unwrap_or_default();
    let of_columns = common.values.iter().enumerate();
    let of_columns = of_columns.map(|(n, (name, _))| (name.clone(), at(n + 5)));
    let any = added.clone().or(removed.clone()).or(changed);
    let differing = joined.filter(any).map_err(run)?;
    Ok(RowDifference {
        before: at(0),
        after: at(1),
        added: at(2),
        removed: at(3),
        changed: at(4),
        columns: of_columns.filter(|(_, rows)| *rows > 0).collect(),
        examples: shown(session, differing, (key, common), examples, limits).await?,
    })
}

/// The first rows by key.
async fn shown(
    session: &Session,
    differing: DataFrame,
    (key, common): (&[String], &Common),
    examples: usize,
    limits: QueryLimits,
) -> Result<Vec<DifferentRow>> {
    let run = |e| EngineError::running(e, &limits);
    let (added, removed) = (ident(BEFORE).is_null(), ident(AFTER).is_null());
    let how = when(added.clone(), lit("added"))
        .when(removed, lit("removed"))
        .otherwise(lit("changed"))
        .map_err(run)?;
    let mut columns = vec![how.alias("how")];
    let mut order = Vec::new();
    for (at, name) in key.iter().enumerate() {
        let value = when(added.clone(), ident(of(AFTER, name)))
            .otherwise(ident(of(BEFORE, name)))
            .map_err(run)?;
        columns.push(value.alias(format!("k{at}")));
        order.push(ident(format!("k{at}")).sort(true, false));
    }
    for (name, _) in &common.values {
        columns.extend([ident(of(BEFORE, name)), ident(of(AFTER, name))]);
    }
    let frame = differing
        .select(columns)
        .and_then(|frame| frame.sort(order))
        .and_then(|frame| frame.limit(0, Some(examples)))
        .map_err(run)?;
    let mut rows = Vec::new();
    for batch in session.collect(&Planned::of(frame)).await? {
        let texts: Vec<_> = batch
            .columns()
            .iter()
            .take(key.len() + 1)
            .map(|column| to_type(column, &DataType::Utf8))
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| EngineError::Failed(error.into()))?;
        for row in 0..batch.num_rows() {
            let text = |at: usize| match texts.get(at) {
                Some(column) if column.is_valid(row) => column.as_string::<i32>().value(row),
                _ => "",
            };
            let named = key.iter().enumerate();
            rows.push(DifferentRow {
                how: text(0).to_owned(),
                key: named
                    .map(|(at, name)| (name.clone(), text(at + 1).to_owned()))
                    .collect(),
                values: values(&batch, row, key.len() + 1, common)?,
            });
        }
    }
    Ok(rows)
}

/// The values of a row that differ; the columns of both sides stand in turn from `first` on.
fn values(
    batch: &RecordBatch,
    row: usize,
    first: usize,
    common: &Common,
) -> Result<Vec<DifferentValue>> {
    let options = FormatOptions::default();
    let text = |at: usize| -> Result<Option<String>> {
        let column = batch.column(at);
        if column.is_null(row) {
            return Ok(None);
        }
        let shown = ArrayFormatter::try_new(column, &options);
        let shown = shown.map_err(|error| EngineError::Failed(error.into()))?;
        Ok(Some(shown.value(row).to_string()))
    };
    let mut different = Vec::new();
    for (at, (name, _)) in common.values.iter().enumerate() {
        let (before, after) = (text(first + 2 * at)?, text(first + 2 * at + 1)?);
        if before != after {
            different.push(DifferentValue {
                column: name.clone(),
                before,
                after,
            });
        }
    }
    Ok(different)
}

async fn as_multisets(
    session: &Session,
    common: &Common,
    limits: QueryLimits,
) -> Result<RowDifference> {
    let run = |e| EngineError::running(e, &limits);
    let mut sides = Vec::new();
    for (side, sign) in [(BEFORE, -1_i64), (AFTER, 1)] {
        let frame = common.side(session, side).await?;
        let values = common.values.iter();
        let columns = values.map(|(name, _)| ident(of(side, name)).alias(of("of", name)));
        let marks = [lit(sign).alias("sign"), lit(1_i64).alias("all")];
        let columns: Vec<Expr> = columns.chain(marks).collect();
        sides.push(frame.select(columns).map_err(EngineError::planning)?);
    }
    let mut sides = sides.into_iter();
    let (Some(before), Some(after)) = (sides.next(), sides.next()) else {
        return Ok(RowDifference::default());
    };
    let rows = common.values.iter().map(|(name, _)| ident(of("of", name)));
    let sums = vec![
        sum(ident("sign")).alias("more"),
        sum(ident("all")).alias("all"),
    ];
    let more = ident("more");
    let added = when(more.clone().gt(lit(0_i64)), more.clone()).otherwise(lit(0_i64));
    let removed = when(more.clone().lt(lit(0_i64)), more.clone()).otherwise(lit(0_i64));
    let totals = vec![
        sum(ident("all")).alias("n0"),
        sum(more).alias("n1"),
        sum(added.map_err(run)?).alias("n2"),
        sum(removed.map_err(run)?).alias("n3"),
    ];
    let frame = before
        .union(after)
        .and_then(|frame| frame.aggregate(rows.collect(), sums))
        .and_then(|frame| frame.aggregate(Vec::new(), totals))
        .map_err(run)?;
    let batches = session.collect(&Planned::of(frame)).await?;
    let number = |at: usize| batches.first().map_or(0, |batch| cell(batch, at));
    let (all, more) = (number(0), number(1));
    Ok(RowDifference {
        before: ((all - more) / 2).unsigned_abs(),
        after: i64::midpoint(all, more).unsigned_abs(),
        added: number(2).unsigned_abs(),
        removed: number(3).unsigned_abs(),
        ..RowDifference::default()
    })
}

async fn numbers(session: &Session, frame: DataFrame) -> Result<Vec<u64>> {
    let batches = session.collect(&Planned::of(frame)).await?;
    let Some(batch) = batches.first() else {
        return Ok(Vec::new());
    };
    let cells = (0..batch.num_columns()).map(|at| cell(batch, at).unsigned_abs());
    Ok(cells.collect())
}

/// A whole number of the one row; nothing counts as none.
fn cell(batch: &RecordBatch, at: usize) -> i64 {
    let column = batch.column(at).as_primitive_opt::<Int64Type>();
    let value = column.filter(|column| !column.is_empty() && column.is_valid(0));
    value.map_or(0, |column| column.value(0))
}
