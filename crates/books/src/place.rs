//! Which database it is.

use std::fmt;
use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;

/// Where the control database is, without the secrets that open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Server {
        /// The host, or the folder of its socket.
        host: String,
        /// The port.
        port: u16,
        /// The name of the database.
        database: String,
    },
}

impl Place {
    pub(crate) fn of(options: &PgConnectOptions) -> Self {
        let socket = options.get_socket();
        let host = socket.map(|folder| folder.display().to_string());
        // Without a name it is the user's own, as for every client of PostgreSQL.
        let database = options.get_database();
        Self::Server {
            host: host.unwrap_or_else(|| options.get_host().to_owned()),
            port: options.get_port(),
            database: database.unwrap_or(options.get_username()).to_owned(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Server {
                host,
                port,
                database,
            } => write!(f, "{host}:{port}/{database}"),
        }
    }
}
