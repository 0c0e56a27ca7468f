//! What can keep the books from answering; a variant says what the caller must do next.

mod postgres;
mod sqlite;

use sqlx::migrate::MigrateError;

use crate::place::Place;

/// What the books answer.
pub type Result<T, E = BooksError> = std::result::Result<T, E>;

/// An error of the control database.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// Write the URL as it must be.
    #[error("cannot read the URL of the control database: {why}")]
    Address {
        /// What is wrong with it, without any part of it.
        why: String,
    },
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
    #[error("cannot {doing}: the control database `{place}` {why}")]
    Unavailable {
        /// What was attempted.
        doing: &'static str,
        /// The database.
        place: Place,
        /// Why it does not answer.
        why: &'static str,
        /// What to look at.
        hint: &'static str,
        /// What the database said.
        source: Box<sqlx::Error>,
    },
    /// Call the operator.
    #[error("the control database `{place}` is damaged: {message}")]
    Corrupt {
        /// The database.
        place: Place,
        /// What is wrong in it.
        message: String,
    },
    /// Use the newer version.
    #[error(
        "the control database `{place}` is of a newer version: it has schema {found}, and schema \
         {known} is the newest that this program knows"
    )]
    Newer {
        /// The database.
        place: Place,
        /// The schema it has.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
}

/// What an answer of a database means for the caller.
enum Meaning {
    Conflict(&'static str),
    Unavailable {
        why: &'static str,
        hint: &'static str,
    },
    Corrupt,
}

impl BooksError {
    /// The way out, as a full sentence; none where it depends on what was asked.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } | Self::Conflict { .. } => None,
            Self::Address { .. } => {
                Some("Write it as `postgres://user:password@host:port/database`.")
            }
            Self::Unavailable { hint, .. } => Some(hint),
            Self::Corrupt { place, .. } => match place {
                Place::File(_) => {
                    Some("Keep the file as it is and restore the control database from a copy.")
                }
                Place::Server { .. } => {
                    Some("Keep the database as it is and restore it from a copy under a new name.")
                }
            },
            Self::Newer { .. } => {
                Some("Start the version of `dtm` that last used this home, or a newer one.")
            }
        }
    }

    pub(crate) fn corrupt(place: &Place, message: impl Into<String>) -> Self {
        Self::Corrupt {
            place: place.clone(),
            message: message.into(),
        }
    }

    /// What the database's answer means for the caller.
    pub(crate) fn of(doing: &'static str, place: &Place, source: sqlx::Error) -> Self {
        let meaning = match place {
            Place::File(_) => sqlite::meaning(&source),
            Place::Server { .. } => postgres::meaning(&source),
        };
        match meaning {
            Meaning::Conflict(why) => Self::Conflict {
                message: format!("cannot {doing}: {why}"),
            },
            Meaning::Corrupt => Self::corrupt(place, said(&source)),
            Meaning::Unavailable { why, hint } => Self::Unavailable {
                doing,
                place: place.clone(),
                why,
                hint,
                source: Box::new(source),
            },
        }
    }

    /// Whether the same may go well when it is tried again at once.
    pub(crate) fn is_a_lost_race(source: &sqlx::Error) -> bool {
        let answer = source.as_database_error();
        let state = answer.and_then(|answer| answer.code());
        state.is_some_and(|state| postgres::LOST_RACES.contains(&&*state))
    }

    pub(crate) fn of_migration(place: &Place, known: i64, source: MigrateError) -> Self {
        const DOING: &str = "bring the tables up to date";
        match source {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                Self::of(DOING, place, source)
            }
            MigrateError::VersionMissing(found) if found > known => Self::Newer {
                place: place.clone(),
                found,
                known,
            },
            other => Self::corrupt(place, format!("cannot {DOING}: {other}")),
        }
    }
}

fn said(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(answer) => answer.message().to_owned(),
        None => error.to_string(),
    }
}
