//! A statement with its values, and what it answers: the same on both databases.

use serde::Serialize;
use service::Principal;
use sqlx::postgres::PgRow;
use sqlx::query::Query;
use sqlx::sqlite::SqliteRow;
use sqlx::{Database, Encode, Postgres, Sqlite, Type};

/// A statement whose placeholders are `$1`, `$2`, …, which both databases read.
#[derive(Debug, Clone)]
pub struct Statement {
    sql: &'static str,
    shared: Option<&'static str>,
    values: Vec<Value>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

/// A row of either database.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Statement {
    pub fn new(sql: &'static str) -> Self {
        Self {
            sql,
            shared: None,
            values: Vec::new(),
        }
    }

    /// With how SQLite does the same for many callers in one step. There `$1` is a JSON array with
    /// an array of values for each of them. Of a statement that reads, every row has a `turn`: the
    /// place of its caller, from 0. One that writes changes a row for each caller, or leaves some
    /// out; it answers none.
    #[must_use]
    pub fn shared(self, sql: &'static str) -> Self {
        Self {
            shared: Some(sql),
            ..self
        }
    }

    /// How it is done for many callers, if it can be.
    pub fn sharing(&self) -> Option<&'static str> {
        self.shared
    }

    /// The values of many callers, as the statement that they share takes them.
    pub fn values_of<'a>(callers: impl Iterator<Item = &'a Self>) -> String {
        let values: Vec<&Vec<Value>> = callers.map(|caller| &caller.values).collect();
        // Texts and numbers alone are always JSON.
        serde_json::to_string(&values).unwrap_or_default()
    }

    pub fn text(self, text: impl Into<String>) -> Self {
        self.maybe_text(Some(text))
    }

    pub fn maybe_text(mut self, text: Option<impl Into<String>>) -> Self {
        self.values.push(Value::Text(text.map(Into::into)));
        self
    }

    pub fn number(self, number: i64) -> Self {
        self.maybe_number(Some(number))
    }

    pub fn maybe_number(mut self, number: Option<i64>) -> Self {
        self.values.push(Value::Number(number));
        self
    }

    /// Its name, role and agency.
    pub fn principal(self, principal: &Principal) -> Self {
        let agency = principal.agency.as_ref().map(|agency| agency.as_str());
        self.text(&principal.name)
            .text(&principal.role)
            .maybe_text(agency)
    }

    pub fn sqlite(&self) -> Query<'static, Sqlite, <Sqlite as Database>::Arguments> {
        self.bound(str::to_owned)
    }

    /// PostgreSQL has no NUL in text. One that a body brought, as in the reason of a refusal, must
    /// not keep the books from saying so.
    pub fn postgres(&self) -> Query<'static, Postgres, <Postgres as Database>::Arguments> {
        self.bound(|text| text.replace('\0', "\u{fffd}"))
    }

    fn bound<DB>(&self, text_of: fn(&str) -> String) -> Query<'static, DB, DB::Arguments>
    where
        DB: Database,
        for<'q> Option<String>: Encode<'q, DB> + Type<DB>,
        for<'q> Option<i64>: Encode<'q, DB> + Type<DB>,
    {
        let query = sqlx::query(self.sql);
        self.values.iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text.as_deref().map(text_of)),
            Value::Number(number) => query.bind(*number),
        })
    }
}
