//! What can keep the books from answering; a variant says what the caller must do next.

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

/// What the books answer.
pub type Result<T, E = BooksError> = std::result::Result<T, E>;

/// An error of the control database.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// Name something that exists.
    #[error("{what} is not in the control database")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// Look at what is there already.
    #[error("{message}")]
    Conflict {
        /// What stands against what.
        message: String,
    },
    /// Try again later.
    #[error("cannot {doing}: the control database `{}` {why}", file.display())]
    Unavailable {
        /// What was attempted.
        doing: &'static str,
        /// The database.
        file: PathBuf,
        /// Why it does not answer.
        why: &'static str,
        /// What SQLite said.
        source: Box<sqlx::Error>,
    },
    /// Call the operator.
    #[error("the control database `{}` is damaged: {message}", file.display())]
    Corrupt {
        /// The database.
        file: PathBuf,
        /// What is wrong in it.
        message: String,
    },
    /// Use the newer version.
    #[error(
        "the control database `{}` is of a newer version: it has schema {found}, and schema \
         {known} is the newest that this program knows",
        file.display()
    )]
    Newer {
        /// The database.
        file: PathBuf,
        /// The schema it has.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
}

impl BooksError {
    /// The way out, as a full sentence; none where it depends on what was asked.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } | Self::Conflict { .. } => None,
            Self::Unavailable { .. } => Some(
                "Check that the file and its folder can be written, that the disk has space and \
                 that no other program has the database open; then try again.",
            ),
            Self::Corrupt { .. } => {
                Some("Keep the file as it is and restore the control database from a copy.")
            }
            Self::Newer { .. } => {
                Some("Start the version of `dtm` that last used this home, or a newer one.")
            }
        }
    }

    pub(crate) fn corrupt(file: &Path, message: impl Into<String>) -> Self {
        Self::Corrupt {
            file: file.to_owned(),
            message: message.into(),
        }
    }

    /// What SQLite's answer means for the caller.
    pub(crate) fn of(doing: &'static str, file: &Path, source: sqlx::Error) -> Self {
        let unavailable = |why, source| Self::Unavailable {
            doing,
            file: file.to_owned(),
            why,
            source: Box::new(source),
        };
        let Some(code) = code(&source) else {
            return match source {
                sqlx::Error::PoolTimedOut => unavailable("is busy", source),
                sqlx::Error::PoolClosed => unavailable("is closed", source),
                sqlx::Error::Io(_) => unavailable("cannot be read or written", source),
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
                    Self::corrupt(file, source.to_string())
                }
                _ => unavailable("does not answer", source),
            };
        };
        // https://www.sqlite.org/rescode.html; the lower byte is the primary code.
        match code & 0xff {
            5 | 6 => unavailable("is locked by another program", source),
            3 | 8 | 23 => unavailable("cannot be written: it or its disk is read-only", source),
            10 => unavailable("cannot be read or written: the disk fails", source),
            13 => unavailable("cannot grow: the disk is full", source),
            14 => unavailable(
                "cannot be opened: it or its folder is missing or read-only",
                source,
            ),
            11 | 26 => Self::corrupt(file, said(&source)),
            19 => Self::Conflict {
                message: format!("cannot {doing}: it is there already"),
            },
            _ => unavailable("does not answer", source),
        }
    }

    pub(crate) fn of_migration(file: &Path, known: i64, source: MigrateError) -> Self {
        const DOING: &str = "bring the tables up to date";
        match source {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                Self::of(DOING, file, source)
            }
            MigrateError::VersionMissing(found) if found > known => Self::Newer {
                file: file.to_owned(),
                found,
                known,
            },
            other => Self::corrupt(file, format!("cannot {DOING}: {other}")),
        }
    }
}

fn said(error: &sqlx::Error) -> String {
    error
        .as_database_error()
        .map(|answer| answer.message().to_owned())
        .unwrap_or_default()
}

fn code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}
