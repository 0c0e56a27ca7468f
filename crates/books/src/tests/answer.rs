use std::error::Error;
use std::fmt;

use sqlx::error::{DatabaseError, ErrorKind};

/// An answer that a test cannot bring about, such as that of a read-only disk, by its code.
#[derive(Debug)]
pub struct Answer(pub String);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {}", self.0)
    }
}

impl Error for Answer {}

impl DatabaseError for Answer {
    fn message(&self) -> &str {
        "an answer"
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(self.0.as_str().into())
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// The database's answer of that code.
pub fn answer(code: &str) -> sqlx::Error {
    sqlx::Error::Database(Box::new(Answer(code.to_owned())))
}
