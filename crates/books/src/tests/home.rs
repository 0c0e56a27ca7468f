//! A control database of a test's own.

use std::fs;
use std::path::PathBuf;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, raw_sql};
use tempfile::TempDir;

use crate::{Books, BooksError, Result};

pub enum Home {
    Sqlite(TempDir),
    Postgres(String),
}

impl Home {
    pub fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().unwrap())
    }

    pub fn postgres() -> Self {
        Self::Postgres(testkit::postgres::database("books"))
    }

    pub async fn open(&self) -> Books {
        self.try_open().await.unwrap()
    }

    pub async fn try_open(&self) -> Result<Books> {
        match self {
            Self::Sqlite(folder) => Books::open(&file(folder)).await,
            Self::Postgres(url) => Books::connect(url).await,
        }
    }

    /// Runs a statement beside the books.
    pub async fn run(&self, sql: &'static str) {
        match self {
            Self::Sqlite(folder) => {
                let url = format!("sqlite://{}", file(folder).display());
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// What the file holds; nothing if it is on a server.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Sqlite(folder) => fs::read(file(folder)).unwrap(),
            Self::Postgres(_) => Vec::new(),
        }
    }

    /// The message, with the database called `books`.
    pub fn message(&self, error: &BooksError) -> String {
        let place = match self {
            Self::Sqlite(folder) => file(folder).display().to_string(),
            Self::Postgres(url) => url.split_once('@').unwrap().1.to_owned(),
        };
        error.to_string().replace(&place, "books")
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("books.sqlite")
}
