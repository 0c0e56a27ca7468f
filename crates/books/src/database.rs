//! The file: its connections, its migrations, its transactions.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{SqlSafeStr, Sqlite, Transaction};

use crate::{BooksError, Result};

/// The migrations in their order; what is released here is never changed again.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "books", include_str!("../migrations/0001_books.sql")),
    (
        2,
        "renditions",
        include_str!("../migrations/0002_renditions.sql"),
    ),
    (
        3,
        "relations",
        include_str!("../migrations/0003_relations.sql"),
    ),
];

/// How the database is used.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Connections for reading; there is always one for writing.
    pub readers: u32,
    /// How long to wait for a lock that another program holds.
    pub busy: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            readers: 4,
            busy: Duration::from_secs(5),
        }
    }
}

/// The control database.
#[derive(Debug, Clone)]
pub struct Books {
    pub(crate) file: Arc<PathBuf>,
    /// One connection, so that writers wait here in turn and not for each other's locks.
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl Books {
    /// Opens the database; makes it if it is not there and brings its tables up to date.
    pub async fn open(file: &Path) -> Result<Self> {
        Self::open_with(file, Settings::default()).await
    }

    /// Opens the database with other settings.
    pub async fn open_with(file: &Path, settings: Settings) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(settings.busy);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .map_err(|error| BooksError::of("use this home", file, error))?;
        if let Err(error) = migrate(file, &writer).await {
            writer.close().await;
            return Err(error);
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(settings.readers)
            .connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self {
            file: Arc::new(file.to_owned()),
            writer,
            readers,
        })
    }

    /// Finishes what is under way and folds the write-ahead log into the file, which can then be
    /// copied.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let answer = sqlx::query("select 1").execute(&self.readers).await;
        answer.map(|_| ()).map_err(self.fault("reach"))
    }

    /// A transaction that holds the write lock from its start, so it never has to give up halfway.
    pub(crate) async fn begin(&self, doing: &'static str) -> Result<Transaction<'static, Sqlite>> {
        self.writer
            .begin_with("begin immediate")
            .await
            .map_err(self.fault(doing))
    }

    /// What an error of SQLite means, with what was attempted.
    pub(crate) fn fault(&self, doing: &'static str) -> impl Fn(sqlx::Error) -> BooksError + '_ {
        move |error| BooksError::of(doing, &self.file, error)
    }
}

async fn migrate(file: &Path, writer: &SqlitePool) -> Result<()> {
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        let simple = MigrationType::Simple;
        Migration::new(
            version,
            Cow::Borrowed(name),
            simple,
            sql.into_sql_str(),
            false,
        )
    };
    let known = MIGRATIONS
        .iter()
        .map(|(version, ..)| *version)
        .max()
        .unwrap_or_default();
    let migrator = Migrator::with_migrations(MIGRATIONS.into_iter().map(migration).collect());
    let done = migrator.run(writer).await;
    done.map_err(|error| BooksError::of_migration(file, known, error))
}
