//! A table of a PostgreSQL database.

mod query;
mod relay;
mod slice;
mod spec;
#[cfg(test)]
mod tests;
mod trouble;

pub use spec::{SqlSpec, Tls};

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, SqlSafeStr};
use tokio::time::timeout;

use crate::guard::Guard;
use crate::{Mark, Piece, PullError, Result, Secret, Secrets, Source, mark};
use query::From;
use relay::Relay;
use slice::{Cut, Slice};

/// Rows that are fetched at a time; they pass one by one.
const FETCH: &str = "fetch 2000 from slice_of_dtm";
/// How much longer than its statement may take the server is given to say that it took too long.
const GRACE: Duration = Duration::from_secs(5);

/// A declared `select`, read slice by slice; a piece is a slice, as NDJSON.
///
/// Rows come in the order of the watermark, then of the key, and each is taken once: a slice never
/// ends between two rows of the same place. It is read in one read-only transaction, so it shows
/// one state of the database. Numbers are written exactly, times as ISO 8601 with those of time
/// zones in UTC, `json` as it is; `NaN` and infinities are texts.
///
/// A row is pulled again when its watermark grows. Rows that are removed are not noticed, nor are
/// those that are committed with a watermark below one that was pulled: see [`SqlSpec::settle`].
pub struct SqlSource {
    spec: SqlSpec,
    guard: Guard,
    password: Option<Secret>,
    spool: PathBuf,
}

/// What a mark holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reached {
    /// The columns that it is about: the watermark and the key.
    by: (String, Option<String>),
    watermark: String,
    key: Option<String>,
}

impl SqlSource {
    /// Prepares to read a table; nothing is connected yet. Pieces are kept in the folder `spool`.
    ///
    /// # Errors
    /// [`PullError::Declared`], also for a secret that cannot be found.
    pub fn open(spec: SqlSpec, guard: &Guard, secrets: &dyn Secrets, spool: &Path) -> Result<Self> {
        query::check(&spec)?;
        let password = spec.password.as_ref().map(|at| secrets.get(at));
        Ok(Self {
            guard: guard.clone(),
            password: password.transpose()?,
            spool: spool.to_owned(),
            spec,
        })
    }

    /// A mark in words: the watermark that was reached. The key is left out, for it may be a
    /// person's.
    pub fn told(mark: &Mark) -> Option<String> {
        let reached: Reached = mark::read(mark).ok()?;
        Some(format!("{} = {}", reached.by.0, reached.watermark))
    }

    /// What errors call the database.
    fn place(&self) -> String {
        let SqlSpec {
            host,
            port,
            database,
            ..
        } = &self.spec;
        format!("{host}:{port}/{database}")
    }

    fn failed(&self, error: &sqlx::Error) -> PullError {
        trouble::of(&self.place(), error)
    }

    fn late(&self, within: Duration) -> PullError {
        let place = self.place();
        PullError::Unavailable(format!(
            "cannot pull from `{place}`: it does not answer within {within:?}"
        ))
    }

    /// Connects, and reads the slice after that place.
    async fn slice(&self, reached: Option<&Reached>) -> Result<Option<Cut>> {
        let SqlSpec { host, port, .. } = &self.spec;
        let (connect, answer) = (self.spec.connect_within, self.spec.answer_within);
        let server = self.guard.connect(host, *port, connect).await?;
        server.set_nodelay(true)?;
        let relay = Relay::to(server, *port, &self.spool)?;
        let options = self.options(relay.folder());
        relay
            .during(async {
                let connection = timeout(connect, options.connect()).await;
                let connection = connection.map_err(|_| self.late(connect))?;
                let mut connection = connection.map_err(|error| self.failed(&error))?;
                let cut = timeout(answer + GRACE, self.read(&mut connection, reached)).await;
                // What it still has to say is not waited for: it would be the rest of the rows.
                drop(connection);
                cut.map_err(|_| self.late(answer))?
            })
            .await
    }

    fn options(&self, socket: &Path) -> PgConnectOptions {
        let spec = &self.spec;
        let mode = match spec.tls {
            Tls::Disable => PgSslMode::Disable,
            Tls::Prefer => PgSslMode::Prefer,
            Tls::Require => PgSslMode::Require,
            Tls::VerifyCa => PgSslMode::VerifyCa,
            Tls::VerifyFull => PgSslMode::VerifyFull,
        };
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&spec.host)
            .socket(socket)
            .port(spec.port)
            .database(&spec.database)
            .username(&spec.user)
            .password(self.password.as_ref().map_or("", Secret::reveal))
            .application_name("dtm")
            .ssl_mode(mode)
            .disable_statement_logging();
        if let Some(file) = &spec.root_certificates {
            options = options.ssl_root_cert(file);
        }
        options
    }

    async fn read(
        &self,
        connection: &mut PgConnection,
        reached: Option<&Reached>,
    ) -> Result<Option<Cut>> {
        let spec = &self.spec;
        let failed = |error: sqlx::Error| self.failed(&error);
        let begin = "begin isolation level repeatable read, read only";
        connection.execute(begin).await.map_err(failed)?;
        let within = spec.answer_within.as_millis().clamp(1, i32::MAX as u128);
        let limit = format!("set local statement_timeout = {within}");
        connection
            .execute(AssertSqlSafe(limit))
            .await
            .map_err(failed)?;

        let described = AssertSqlSafe(query::described(spec)).into_sql_str();
        let statement = connection.prepare(described).await.map_err(failed)?;
        let types = query::types(spec, &statement)?;
        let from = match (reached, &spec.start) {
            (Some(reached), _) => From::After(&reached.watermark, reached.key.as_deref()),
            (None, Some(start)) => From::At(start),
            (None, None) => From::Beginning,
        };
        let slice = query::slice(spec, &types, from);
        let declare = slice.values.into_iter();
        let declare = declare.fold(sqlx::query(AssertSqlSafe(slice.sql)), |query, value| {
            query.bind(value)
        });
        declare.execute(&mut *connection).await.map_err(failed)?;
        self.fetch(connection).await
    }

    async fn fetch(&self, connection: &mut PgConnection) -> Result<Option<Cut>> {
        let spec = &self.spec;
        let mut slice = Slice::new(&self.spool, spec.max_rows, spec.max_bytes)?;
        loop {
            let mut rows = sqlx::query(FETCH).fetch(&mut *connection);
            let mut none = true;
            while let Some(row) = rows.try_next().await.map_err(|error| self.failed(&error))? {
                none = false;
                let (json, watermark, key) =
                    query::texts(&row).map_err(|error| self.failed(&error))?;
                if let (Some(name), None) = (&spec.key, &key) {
                    return Err(PullError::Answer(format!(
                        "a row of the `select` has no `{name}`, by which rows of the same \
                         watermark are told apart"
                    )));
                }
                if !slice.push(&json, (watermark, key))? {
                    return slice.cut(false);
                }
            }
            if none {
                return slice.cut(true);
            }
        }
    }

    /// The columns by which rows are placed.
    fn by(&self) -> (String, Option<String>) {
        (self.spec.watermark.clone(), self.spec.key.clone())
    }

    fn reached(&self, mark: &Mark) -> Result<Reached> {
        let reached: Reached = mark::read(mark)?;
        if reached.by == self.by() {
            return Ok(reached);
        }
        let (watermark, key) = &reached.by;
        let key = key.as_ref().map(|key| format!(" and `{key}`"));
        Err(PullError::Mark(format!(
            "the mark that is kept was made by `{watermark}`{}, and other columns are declared now",
            key.unwrap_or_default()
        )))
    }
}

#[async_trait]
impl Source for SqlSource {
    async fn next(&self, mark: Option<&Mark>) -> Result<Option<Piece>> {
        let reached = mark.map(|mark| self.reached(mark)).transpose()?;
        let Some(cut) = self.slice(reached.as_ref()).await? else {
            return Ok(None);
        };
        let (first, last) = (&cut.first.0, &cut.last.0);
        let name = format!(
            "`{}`, `{}` from `{first}` to `{last}`",
            self.place(),
            self.spec.watermark
        );
        let (watermark, key) = cut.last.clone();
        let by = self.by();
        Ok(Some(Piece {
            name,
            content_type: "application/x-ndjson".to_owned(),
            body: cut.body,
            size_bytes: cut.bytes,
            mark: mark::write(&Reached { by, watermark, key })?,
        }))
    }

    async fn done(&self, _: &Piece) -> Result<()> {
        Ok(())
    }
}
