//! What PostgreSQL's answers mean to whoever pulls.

use std::io::ErrorKind;

use sqlx::Error;

use crate::PullError;

/// `place` is what errors call the database.
///
/// Messages of the server are shown only where they speak of the statement: others quote values of
/// rows.
pub(super) fn of(place: &str, error: &Error) -> PullError {
    let declared = |why: String| PullError::Declared(format!("cannot pull from `{place}`: {why}"));
    let unavailable =
        |why: String| PullError::Unavailable(format!("cannot pull from `{place}`: {why}"));
    let Some(answer) = error.as_database_error() else {
        return match error {
            Error::Io(error) if error.kind() == ErrorKind::TimedOut => {
                unavailable("it does not answer in time".to_owned())
            }
            // A certificate that is not trusted comes as data that cannot be.
            Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
                unavailable(format!("there is no safe connection: {error}"))
            }
            Error::Io(error) => unavailable(format!("the connection breaks off: {error}")),
            Error::Tls(error) => unavailable(format!("there is no safe connection: {error}")),
            Error::Configuration(error) => declared(error.to_string()),
            Error::Protocol(_) => unavailable("it does not answer as PostgreSQL does".to_owned()),
            _ => unavailable("it does not answer".to_owned()),
        };
    };
    let state = answer.code().unwrap_or_default();
    match &*state {
        "57014" => unavailable("the `select` takes longer than it may".to_owned()),
        "25006" => declared("the `select` wants to write".to_owned()),
        "3D000" => declared("there is no such database".to_owned()),
        "42501" => declared(format!("its user may not: {}", answer.message())),
        _ => match state.get(..2) {
            Some("28") => declared("it refuses the user or the password".to_owned()),
            Some("42" | "0A") => declared(format!("the `select` is wrong: {}", answer.message())),
            Some("22") => declared(format!(
                "the `select` meets a value that it cannot take ({state}); the mark or the start \
                 may be of another type"
            )),
            Some("53") => unavailable("it takes no more connections or work".to_owned()),
            Some("57") => unavailable("it is stopping or starting".to_owned()),
            _ => unavailable(format!("it breaks off ({state})")),
        },
    }
}
