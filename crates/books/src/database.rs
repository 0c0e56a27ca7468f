//! The database: its connections and how statements run on it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use crate::codec::Reader;
use crate::lookups::Lookups;
use crate::migrations::{self, migrate};
use crate::place::Place;
use crate::statement::{Row, Statement};
use crate::writer::{Made, Writer};
use crate::{BooksError, Result};

const OPENING: &str = "use this home";
/// How often a write is tried that PostgreSQL gave up in favour of another.
const TRIES: usize = 5;

/// How the database is used.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Connections for reading; there is always one more, for writing.
    pub readers: u32,
    /// How long to wait for a lock that another program holds, and for a connection.
    pub busy: Duration,
    /// How long a PostgreSQL server may take to answer; a connection that takes longer is given
    /// up.
    pub answer: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            readers: 4,
            busy: Duration::from_secs(5),
            answer: Duration::from_secs(30),
        }
    }
}

/// The control database.
#[derive(Debug, Clone)]
pub struct Books {
    pub(crate) place: Arc<Place>,
    pub(crate) pools: Pools,
}

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Sqlite {
        /// One connection, so that writers wait here in turn and not for each other's locks.
        writer: Writer,
        readers: SqlitePool,
        /// One connection, which those who ask the same of the books share.
        lookups: Lookups,
    },
    Postgres {
        pool: PgPool,
        answer: Duration,
    },
}

impl Books {
    /// Opens a file of SQLite; makes it if it is not there and brings its tables up to date.
    pub async fn open(file: &Path) -> Result<Self> {
        Self::open_with(file, Settings::default()).await
    }

    /// Opens a file of SQLite with other settings.
    pub async fn open_with(file: &Path, settings: Settings) -> Result<Self> {
        let place = Place::File(file.to_owned());
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(settings.busy);
        let failed = |error| BooksError::of(OPENING, &place, error);
        // Nobody but this process has an end of a connection: there is nothing to test.
        let pool = || SqlitePoolOptions::new().test_before_acquire(false);
        let writer = pool()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        let mut first = writer.acquire().await.map_err(failed)?;
        let migrated = migrate(&place, migrations::SQLITE, &mut *first).await;
        drop(first);
        if let Err(error) = migrated {
            writer.close().await;
            return Err(error);
        }
        let reading = options.pragma("query_only", "on");
        let readers = pool()
            .max_connections(settings.readers)
            .connect_lazy_with(reading.clone());
        let lookups = pool().max_connections(1).connect_lazy_with(reading);
        Ok(Self {
            place: Arc::new(place),
            pools: Pools::Sqlite {
                writer: Writer::start(writer),
                readers,
                lookups: Lookups::start(lookups),
            },
        })
    }

    /// Connects to a database of PostgreSQL, `postgres://user:password@host:port/database`, and
    /// brings its tables up to date. What the URL leaves out is taken from the `PG…` variables and
    /// the password file, as every client of PostgreSQL does; `sslmode=verify-full` and
    /// `sslrootcert` in it make sure of the server.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, Settings::default()).await
    }

    /// Connects to a database of PostgreSQL with other settings.
    pub async fn connect_with(url: &str, settings: Settings) -> Result<Self> {
        let options = parse(url)?;
        let place = Place::of(&options);
        let failed = |error| BooksError::of(OPENING, &place, error);
        // Its own connection: others may take long over their migrations.
        let first = timeout(settings.answer, options.connect()).await;
        let mut first = first.unwrap_or_else(|_| Err(late())).map_err(failed)?;
        migrate(&place, migrations::POSTGRES, &mut first).await?;
        first.close().await.map_err(failed)?;

        let patience = format!("{}ms", settings.busy.as_millis().max(1));
        let pool = PgPoolOptions::new()
            .max_connections(settings.readers.saturating_add(1))
            .acquire_timeout(settings.busy)
            .connect_lazy_with(options.options([("lock_timeout", patience)]));
        Ok(Self {
            place: Arc::new(place),
            pools: Pools::Postgres {
                pool,
                answer: settings.answer,
            },
        })
    }

    /// Which database it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Finishes what is under way. A file of SQLite can then be copied: the write-ahead log is
    /// folded into it.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite {
                writer,
                readers,
                lookups,
            } => {
                lookups.close().await;
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { pool, .. } => pool.close().await,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let answer = self.read("reach", &Statement::new("select 1")).await;
        answer.map(|_| ())
    }

    /// The rows of a statement that only reads.
    pub(crate) async fn read(&self, doing: &'static str, reading: &Statement) -> Result<Vec<Row>> {
        let rows = match &self.pools {
            Pools::Sqlite { lookups, .. } if reading.sharing().is_some() => {
                lookups.read(reading).await
            }
            Pools::Sqlite { readers, .. } => {
                let rows = reading.sqlite().fetch_all(readers).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Pools::Postgres { pool, answer } => run_on_postgres(pool, *answer, &[reading]).await,
        };
        rows.map_err(|error| BooksError::of(doing, &self.place, error))
    }

    /// The row of a statement that reads at most one.
    pub(crate) async fn read_one(
        &self,
        doing: &'static str,
        reading: &Statement,
    ) -> Result<Option<Row>> {
        let mut rows = self.read(doing, reading).await?;
        Ok(rows.pop())
    }

    /// Makes a change, which is durable when this returns; answers the rows that it returns.
    pub(crate) async fn write(&self, doing: &'static str, change: &Statement) -> Result<Vec<Row>> {
        self.write_all(doing, &[change]).await
    }

    /// Makes a change of one row, which is durable when this returns, unless it does not apply;
    /// says whether it did.
    pub(crate) async fn write_one(&self, doing: &'static str, change: &Statement) -> Result<bool> {
        let made = self.make(doing, &[change]).await?;
        Ok(made.any())
    }

    /// Makes all of the changes or none; answers the rows that they return.
    pub(crate) async fn write_all(
        &self,
        doing: &'static str,
        changes: &[&Statement],
    ) -> Result<Vec<Row>> {
        let made = self.make(doing, changes).await?;
        Ok(made.rows())
    }

    async fn make(&self, doing: &'static str, changes: &[&Statement]) -> Result<Made> {
        let mut tries = 1;
        loop {
            let made = match &self.pools {
                Pools::Sqlite { writer, .. } => writer.write(changes).await,
                Pools::Postgres { pool, answer } => {
                    let rows = run_on_postgres(pool, *answer, changes).await;
                    rows.map(Made::Rows)
                }
            };
            match made {
                // Nothing of it was done.
                Err(error) if tries < TRIES && BooksError::is_a_lost_race(&error) => tries += 1,
                made => return made.map_err(|error| BooksError::of(doing, &self.place, error)),
            }
        }
    }

    pub(crate) fn reader<'a>(&'a self, row: &'a Row) -> Reader<'a> {
        let place = &self.place;
        Reader { place, row }
    }
}

/// A connection that does not answer in time is left alone for good: it may be to a machine that
/// is no more.
async fn run_on_postgres(
    pool: &PgPool,
    answer: Duration,
    statements: &[&Statement],
) -> sqlx::Result<Vec<Row>> {
    let mut connection = pool.acquire().await?;
    match timeout(answer, run_on(&mut connection, statements)).await {
        Ok(rows) => rows,
        Err(_) => {
            drop(connection.detach());
            Err(late())
        }
    }
}

async fn run_on(
    connection: &mut PgConnection,
    statements: &[&Statement],
) -> sqlx::Result<Vec<Row>> {
    // One statement is a transaction of its own.
    if let [only] = statements {
        let rows = only.postgres().fetch_all(connection).await?;
        return Ok(rows.into_iter().map(Row::Postgres).collect());
    }
    let mut transaction = connection.begin().await?;
    let mut rows = Vec::new();
    for statement in statements {
        let more = statement.postgres().fetch_all(&mut *transaction).await?;
        rows.extend(more.into_iter().map(Row::Postgres));
    }
    transaction.commit().await?;
    Ok(rows)
}

/// What it answers quotes nothing of the URL: a password may be anywhere in one that is wrong.
fn parse(url: &str) -> Result<PgConnectOptions> {
    let wrong = |why: &str| BooksError::Address {
        why: why.to_owned(),
    };
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if !matches!(scheme, Some("postgres" | "postgresql")) {
        return Err(wrong("it does not begin with `postgres://`"));
    }
    if let Some((place, parameters)) = url.split_once('?') {
        // The library would log such a parameter.
        if parameters.contains('@') {
            return Err(wrong("a `?` of the password must be written `%3F`"));
        }
        parse(place)?;
    }
    let options: PgConnectOptions = url.parse().map_err(|error| match error {
        sqlx::Error::Configuration(_) if url.contains('?') => {
            wrong("a parameter after its `?` has a value that is not known")
        }
        sqlx::Error::Configuration(error) => wrong(&error.to_string()),
        _ => wrong("it is no URL"),
    })?;
    match options.get_application_name() {
        Some(_) => Ok(options),
        None => Ok(options.application_name("dtm")),
    }
}

fn late() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}
