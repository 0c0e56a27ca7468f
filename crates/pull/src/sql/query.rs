//! From the declared `select` to the statement of a slice.

use sqlx::postgres::{PgTypeInfo, PgTypeKind};
use sqlx::{Column, Row, Statement, TypeInfo};

use super::spec::SqlSpec;
use crate::{PullError, Result};

#[cfg(test)]
mod tests;

/// Types of columns that JSON can say without loss.
const COLUMN_TYPES: &[&str] = &[
    "BOOL",
    "INT2",
    "INT4",
    "INT8",
    "FLOAT4",
    "FLOAT8",
    "NUMERIC",
    "TEXT",
    "VARCHAR",
    "CHAR",
    "NAME",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "UUID",
    "JSON",
    "JSONB",
];

/// Types that have an order and whose texts lead back to the value, with the least value of each.
const WATERMARK_TYPES: &[(&str, &str)] = &[
    ("INT2", "-32768"),
    ("INT4", "-2147483648"),
    ("INT8", "-9223372036854775808"),
    // `-infinity` came with PostgreSQL 14.
    ("NUMERIC", "-1e1000"),
    ("TEXT", ""),
    ("VARCHAR", ""),
    ("DATE", "-infinity"),
    ("TIMESTAMP", "-infinity"),
    ("TIMESTAMPTZ", "-infinity"),
    ("UUID", "00000000-0000-0000-0000-000000000000"),
];

/// What the database says of the declared `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Types {
    /// The type of the watermark, and its least value.
    watermark: (&'static str, &'static str),
    key: Option<&'static str>,
}

/// A statement and its values, in the order of its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) values: Vec<String>,
}

/// From where on rows are taken.
#[derive(Debug, Clone, Copy)]
pub(super) enum From<'a> {
    Beginning,
    /// This watermark, rows that have it among them.
    At(&'a str),
    /// After this watermark and key.
    After(&'a str, Option<&'a str>),
}

/// What can be seen without asking the database.
pub(super) fn check(spec: &SqlSpec) -> Result<()> {
    let declared = |why: String| Err(PullError::Declared(why));
    let select = spec.select.trim();
    let first = select.split(|c: char| !c.is_ascii_alphabetic()).next();
    let first = first.unwrap_or_default().to_ascii_lowercase();
    if !matches!(first.as_str(), "select" | "with") {
        return declared("the statement begins with neither `select` nor `with`".to_owned());
    }
    if select.ends_with(';') {
        return declared("leave out the `;` at the end of the `select`".to_owned());
    }
    let numbered = select
        .match_indices('$')
        .any(|(at, _)| select[at + 1..].starts_with(|next: char| next.is_ascii_digit()));
    if numbered {
        return declared("the only placeholder of the `select` is `$mark`".to_owned());
    }
    if spec.key.is_some() && marks(select).any(|at| select[..at].trim_end().ends_with('>')) {
        return declared(
            "with a key the `select` must say `>= $mark`, not `> $mark`: it would leave out rows \
             that have the watermark at which a slice ended"
                .to_owned(),
        );
    }
    if spec.max_rows == 0 {
        return declared("a slice has at least one row".to_owned());
    }
    Ok(())
}

/// The declared `select` as the database can describe it: the type of `$mark` follows from where
/// it stands.
pub(super) fn described(spec: &SqlSpec) -> String {
    with_marks(&spec.select, "$1")
}

/// Whether every column can be handed on and every row be placed.
pub(super) fn types<S: Statement<Database = sqlx::Postgres>>(
    spec: &SqlSpec,
    statement: &S,
) -> Result<Types> {
    let declared = |why: String| PullError::Declared(why);
    let columns = statement.columns();
    for (index, column) in columns.iter().enumerate() {
        let (name, of) = (column.name(), column.type_info());
        if name == "?column?" {
            let number = index + 1;
            return Err(declared(format!(
                "column {number} of the `select` needs a name"
            )));
        }
        if columns[..index].iter().any(|other| other.name() == name) {
            return Err(declared(format!("the `select` has two columns `{name}`")));
        }
        let known = COLUMN_TYPES.contains(&of.name()) || matches!(of.kind(), PgTypeKind::Enum(_));
        if !known {
            let of = of.name().to_lowercase();
            return Err(declared(format!(
                "column `{name}` is of the type `{of}`, which cannot be pulled; cast it in the \
                 `select`, as in `{name}::text as {name}`"
            )));
        }
    }
    let place = |name: &str| {
        let column = columns.iter().find(|column| column.name() == name);
        let column = column.ok_or_else(|| declared(format!("the `select` has no column `{name}`")));
        place_type(name, column?.type_info())
    };
    let watermark = place(&spec.watermark)?;
    if spec.settle.is_some() && watermark.0 != "TIMESTAMPTZ" {
        let name = &spec.watermark;
        return Err(declared(format!(
            "rows cannot be left to settle by `{name}`, which is no `timestamptz`"
        )));
    }
    let key = spec.key.as_deref().map(place).transpose()?;
    Ok(Types {
        watermark,
        key: key.map(|(name, _)| name),
    })
}

fn place_type(name: &str, of: &PgTypeInfo) -> Result<(&'static str, &'static str)> {
    let found = WATERMARK_TYPES
        .iter()
        .find(|(known, _)| *known == of.name());
    found.copied().ok_or_else(|| {
        let of = of.name().to_lowercase();
        PullError::Declared(format!(
            "column `{name}` is of the type `{of}`, by which rows cannot be placed; take one of \
             whole numbers, numeric, text, date, timestamp or uuid"
        ))
    })
}

/// A cursor over the rows from there on, in order: each as JSON, its watermark and its key.
pub(super) fn slice(spec: &SqlSpec, types: &Types, from: From<'_>) -> Query {
    let (of, least) = types.watermark;
    let watermark = format!("rows_of_dtm.{}", quoted(&spec.watermark));
    let key = spec.key.as_deref().zip(types.key);
    let key = key.map(|(name, of)| (format!("rows_of_dtm.{}", quoted(name)), of));
    let (mark, after) = match from {
        From::Beginning => (least, None),
        From::At(mark) | From::After(mark, _) => (mark, Some(mark)),
    };
    let mut values = vec![mark.to_owned()];
    let placeholder = format!("cast($1 as {of})");
    let mut conditions = vec![format!("{watermark} is not null")];
    match (from, &key) {
        (From::After(_, Some(last)), Some((key, of))) => {
            values.push(last.to_owned());
            conditions.push(format!(
                "({watermark}, {key}) > ({placeholder}, cast($2 as {of}))"
            ));
        }
        (From::After(..), _) => conditions.push(format!("{watermark} > {placeholder}")),
        (From::At(_), _) => conditions.push(format!("{watermark} >= {placeholder}")),
        (From::Beginning, _) => {}
    }
    if let Some(settle) = spec.settle {
        let seconds = settle.as_secs_f64();
        conditions.push(format!(
            "{watermark} <= now() - make_interval(secs => {seconds})"
        ));
    }
    let select = with_marks(&spec.select, &placeholder);
    // A statement must have the parameters that it is given.
    if after.is_none() && marks(&spec.select).next().is_none() {
        values.clear();
    }
    let (key_text, key_order) = match &key {
        Some((key, _)) => (format!("{key}::text"), format!(", {key}")),
        None => ("null::text".to_owned(), String::new()),
    };
    let conditions = conditions.join(" and ");
    let sql = format!(
        "declare slice_of_dtm no scroll cursor for \
         select row_to_json(rows_of_dtm.*)::text, {watermark}::text, {key_text} \
         from (\n{select}\n) as rows_of_dtm where {conditions} order by {watermark}{key_order}"
    );
    Query { sql, values }
}

fn with_marks(select: &str, with: &str) -> String {
    let mut written = String::with_capacity(select.len());
    let mut from = 0;
    for at in marks(select) {
        written.push_str(&select[from..at]);
        written.push_str(with);
        from = at + "$mark".len();
    }
    written.push_str(&select[from..]);
    written
}

/// Where `$mark` stands, and not `$marker` or `$mark$`.
fn marks(select: &str) -> impl Iterator<Item = usize> {
    let goes_on = |next: char| next.is_alphanumeric() || next == '_' || next == '$';
    let places = select.match_indices("$mark");
    let ends = move |at: &usize| !select[at + "$mark".len()..].starts_with(goes_on);
    places.map(|(at, _)| at).filter(ends)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The three texts of a row of the cursor.
pub(super) fn texts(row: &sqlx::postgres::PgRow) -> sqlx::Result<(String, String, Option<String>)> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}
