//! What SQLite's answers mean.

use sqlx::Error;

use super::Meaning;

const HINT: &str = "Check that the file and its folder can be written, that the disk has space \
                    and that no other program has the database open; then try again.";

pub fn meaning(error: &Error) -> Meaning {
    let unavailable = |why| Meaning::Unavailable { why, hint: HINT };
    let code = error.as_database_error().and_then(|answer| {
        let code: u32 = answer.code()?.parse().ok()?;
        Some(code)
    });
    let Some(code) = code else {
        return match error {
            Error::PoolTimedOut => unavailable("is busy"),
            Error::PoolClosed => unavailable("is closed"),
            Error::Io(_) => unavailable("cannot be read or written"),
            Error::ColumnDecode { .. } | Error::ColumnNotFound(_) => Meaning::Corrupt,
            _ => unavailable("does not answer"),
        };
    };
    // https://www.sqlite.org/rescode.html; the lower byte is the primary code.
    match code & 0xff {
        5 | 6 => unavailable("is locked by another program"),
        3 | 8 | 23 => unavailable("cannot be written: it or its disk is read-only"),
        10 => unavailable("cannot be read or written: the disk fails"),
        13 => unavailable("cannot grow: the disk is full"),
        14 => unavailable("cannot be opened: it or its folder is missing or read-only"),
        11 | 26 => Meaning::Corrupt,
        19 => Meaning::Conflict("it is there already"),
        _ => unavailable("does not answer"),
    }
}
