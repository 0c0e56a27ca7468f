//! Formats whose cells hold one value.

use arrow::datatypes::Schema;
use service::{ErrorKind, Result, ServiceError};

/// Refuses a column of lists or structs.
pub(super) fn flat(schema: &Schema, format: &str) -> Result<()> {
    let nested = schema.fields().iter().find(|f| f.data_type().is_nested());
    let Some(field) = nested else {
        return Ok(());
    };
    let message = format!(
        "cannot write column `{}` as {format}: it is a `{}`",
        field.name(),
        field.data_type()
    );
    Err(ServiceError::new(ErrorKind::Invalid, message)
        .hint("Ask for JSON, or select the parts of the column as columns of their own."))
}
