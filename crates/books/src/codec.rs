//! Between the types of the house and the columns of the tables.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use service::Principal;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use crate::place::Place;
use crate::statement::Row;
use crate::{BooksError, Result};

/// An instant as it is stored.
pub fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// What both databases can hold in a column.
pub trait Column<'a>:
    Decode<'a, Sqlite> + Type<Sqlite> + Decode<'a, Postgres> + Type<Postgres>
{
}

impl<'a, T> Column<'a> for T where
    T: Decode<'a, Sqlite> + Type<Sqlite> + Decode<'a, Postgres> + Type<Postgres>
{
}

/// A row on its way back into types; whatever does not fit is damage.
pub struct Reader<'a> {
    pub place: &'a Place,
    pub row: &'a Row,
}

impl<'a> Reader<'a> {
    pub fn get<T: Column<'a>>(&self, column: &'static str) -> Result<T> {
        let value = match self.row {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        };
        value.map_err(|error| BooksError::of("read", self.place, error))
    }

    pub fn count(&self, column: &'static str) -> Result<u64> {
        let number: i64 = self.get(column)?;
        u64::try_from(number).map_err(|error| self.damage(column, number, error))
    }

    pub fn at(&self, column: &'static str) -> Result<DateTime<Utc>> {
        self.instant(column, self.get(column)?)
    }

    pub fn maybe_at(&self, column: &'static str) -> Result<Option<DateTime<Utc>>> {
        let micros: Option<i64> = self.get(column)?;
        micros
            .map(|micros| self.instant(column, micros))
            .transpose()
    }

    pub fn parse<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T> {
        let text: &str = self.get(column)?;
        text.parse()
            .map_err(|error| self.damage(column, text, error))
    }

    pub fn maybe_parse<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<Option<T>> {
        let text: Option<&str> = self.get(column)?;
        text.map(|_| self.parse(column)).transpose()
    }

    /// A word of a closed list.
    pub fn word<T>(&self, column: &'static str, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        let text: &str = self.get(column)?;
        find(text).ok_or_else(|| self.damage(column, text, "it is not a word of its list"))
    }

    pub fn principal(&self) -> Result<Principal> {
        Ok(Principal {
            name: self.get("name")?,
            role: self.get("role")?,
            agency: self.maybe_parse("agency")?,
        })
    }

    fn instant(&self, column: &'static str, micros: i64) -> Result<DateTime<Utc>> {
        DateTime::from_timestamp_micros(micros)
            .ok_or_else(|| self.damage(column, micros, "it is out of range"))
    }

    fn damage(&self, column: &str, value: impl Display, error: impl Display) -> BooksError {
        BooksError::corrupt(
            self.place,
            format!("column `{column}` holds `{value}`: {error}"),
        )
    }
}
