//! When tokens, sessions and codes end: pure decisions over the instant and what is recorded.

use chrono::{DateTime, TimeDelta, Utc};

/// A session ends when its holder was away that long.
pub const SESSION_IDLE: TimeDelta = TimeDelta::minutes(15);
/// A session ends after that long, however busy it is.
pub const SESSION_LIFE: TimeDelta = TimeDelta::hours(12);
/// A sign-in code ends after that long if nobody uses it.
pub const SIGN_IN_CODE_LIFE: TimeDelta = TimeDelta::minutes(10);

/// How old the record of a session's last use may grow. Writing it down on every page would make
/// each read of a page a write to the database.
const TOUCH_AFTER: TimeDelta = TimeDelta::minutes(1);

/// Whether the session still holds.
pub fn session_is_live(
    now: DateTime<Utc>,
    created_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
) -> bool {
    now - seen_at < SESSION_IDLE && now - created_at < SESSION_LIFE
}

/// Whether this use of a live session is to be written down.
pub fn session_needs_touch(now: DateTime<Utc>, seen_at: DateTime<Utc>) -> bool {
    now - seen_at >= TOUCH_AFTER
}

/// Whether the token still holds.
pub fn token_is_live(
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
) -> bool {
    revoked_at.is_none() && expires_at.is_none_or(|end| now < end)
}

/// The first instant at which a code made then no longer signs anyone in.
pub fn sign_in_code_expires_at(created_at: DateTime<Utc>) -> DateTime<Utc> {
    created_at + SIGN_IN_CODE_LIFE
}
