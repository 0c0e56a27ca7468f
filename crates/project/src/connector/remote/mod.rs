//! Sources that are other systems' own: an API, a server of files, a database.

mod http;
mod reach;
mod sftp;
mod sql;

pub use http::{HttpAuth, HttpPageSize, HttpPaging, HttpSince, HttpSource};
pub use sftp::{SftpAuth, SftpSource};
pub use sql::{SqlSource, SqlTls};

pub(super) use http::http;
pub(super) use reach::{allowed, host_and_port, quiet};
pub(super) use sftp::sftp;
pub(super) use sql::sql;

#[cfg(test)]
mod tests;
