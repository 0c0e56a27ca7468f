//! What PostgreSQL's answers mean.

use std::io::ErrorKind;

use sqlx::Error;

use super::Meaning;

/// Serialization failure and deadlock: PostgreSQL took the transaction back.
pub const LOST_RACES: [&str; 2] = ["40001", "40P01"];

const REACH: &str = "Check that the server runs, that this machine reaches it and that the URL of \
                     the control database is right; then try again.";
const SIGN_IN: &str = "Check the user and the password in the URL of the control database.";
const CREATE: &str = "Create the database, as with `createdb`, or name another in the URL of the \
                      control database.";
const RIGHTS: &str = "Make the user in the URL of the control database its owner.";
const SERVER: &str = "Look at the server's log and its disk; then try again.";
const LATER: &str = "Try again in a moment; if that does not help, look at the server's log.";

pub fn meaning(error: &Error) -> Meaning {
    let answer = error.as_database_error();
    if let Some(state) = answer.and_then(|answer| answer.code()) {
        return meaning_of_state(&state);
    }
    let unavailable = |why, hint| Meaning::Unavailable { why, hint };
    match error {
        Error::PoolTimedOut => unavailable("is busy or cannot be reached", REACH),
        Error::PoolClosed => unavailable("is closed", LATER),
        Error::Tls(_) => unavailable("cannot be reached safely: TLS fails", REACH),
        Error::Protocol(_) => unavailable("does not answer as PostgreSQL does", REACH),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => unavailable("refuses the connection", REACH),
            ErrorKind::TimedOut => unavailable("does not answer in time", REACH),
            _ => unavailable("cannot be reached", REACH),
        },
        Error::ColumnDecode { .. } | Error::ColumnNotFound(_) => Meaning::Corrupt,
        _ => unavailable("does not answer", LATER),
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>; the first two characters are
/// the class.
fn meaning_of_state(state: &str) -> Meaning {
    let unavailable = |why, hint| Meaning::Unavailable { why, hint };
    if LOST_RACES.contains(&state) {
        return Meaning::Conflict("others changed the same at the same time");
    }
    match state {
        "3D000" => unavailable("does not exist on its server", CREATE),
        "25006" => unavailable("cannot be written: it is read-only", REACH),
        "42501" => unavailable("does not let its user do this", RIGHTS),
        "53100" => unavailable("cannot grow: the disk is full", SERVER),
        "53300" => unavailable("takes no more connections", LATER),
        "55P03" => unavailable("is locked by another program", LATER),
        "57014" => unavailable("broke this off", LATER),
        "42P01" | "42703" | "XX001" | "XX002" => Meaning::Corrupt,
        _ => match state.get(..2) {
            Some("08") => unavailable("cannot be reached", REACH),
            Some("23") => Meaning::Conflict("it is there already"),
            Some("28") => unavailable("refuses its user or the password", SIGN_IN),
            Some("53") => unavailable("has not the memory or the space for it", SERVER),
            Some("57") => unavailable("is stopping or starting", LATER),
            Some("58") => unavailable("cannot be read or written: the disk fails", SERVER),
            _ => unavailable("does not answer", LATER),
        },
    }
}
