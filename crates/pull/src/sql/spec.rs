//! What is declared of a table.

use std::path::PathBuf;
use std::time::Duration;

use crate::SecretRef;

/// A `select` on a PostgreSQL database, read in slices behind a watermark.
///
/// ```
/// # use pull::{SecretRef, SqlSpec};
/// let mut spec = SqlSpec::new(
///     "db.example.gov.vn",
///     "registry",
///     "reader",
///     SecretRef::parse("env:REGISTRY_PASSWORD")?,
///     "select id, status, updated_at from dossiers where updated_at >= $mark",
///     "updated_at",
/// );
/// spec.key = Some("id".into());
/// # Ok::<_, pull::PullError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SqlSpec {
    /// The host: a name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Whom to sign in as; reading rights are enough.
    pub user: String,
    /// By what; none where the server trusts this machine.
    pub password: Option<SecretRef>,
    /// How the connection is protected.
    pub tls: Tls,
    /// A PEM file of certificates to trust beside the public ones.
    pub root_certificates: Option<PathBuf>,
    /// One `select` without a `;`. `$mark` in it stands for the watermark that was reached, in the
    /// watermark's type; in the first slice for [`SqlSpec::start`] or the least value there is.
    ///
    /// The slice is cut around it, so `$mark` only saves the server work and may be left out. With
    /// a key the comparison must let rows of the same watermark through: `>=`, not `>`.
    pub select: String,
    /// The column that grows: of a type `int2`, `int4`, `int8`, `numeric`, `text`, `varchar`,
    /// `date`, `timestamp`, `timestamptz` or `uuid`. Rows without a value are not pulled.
    pub watermark: String,
    /// A column that tells rows of the same watermark apart, of one of the same types. Without it
    /// a slice never ends between rows of the same watermark, however many there are.
    pub key: Option<String>,
    /// The watermark from which on rows are pulled; without it, all.
    pub start: Option<String>,
    /// How old a row's watermark, a `timestamptz`, must be before the row is pulled. Transactions
    /// that stamp their rows when they begin and commit later than others need it: they may take
    /// as long as this.
    pub settle: Option<Duration>,
    /// The most rows of a slice.
    pub max_rows: u64,
    /// The most bytes of a slice.
    pub max_bytes: u64,
    /// How long connecting and signing in may take.
    pub connect_within: Duration,
    /// How long a slice may take, from its first statement to its last row.
    pub answer_within: Duration,
}

/// How the connection is protected, in the words of PostgreSQL's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Disable,
    /// If the server has TLS, whoever it is.
    Prefer,
    /// By TLS, whoever the server is.
    Require,
    /// By TLS, to a server with a certificate that is trusted.
    VerifyCa,
    /// By TLS, to a server with a certificate that is trusted for its host.
    VerifyFull,
}

impl SqlSpec {
    /// A `select`, over a verified connection; everything else is set by the fields.
    pub fn new(
        host: impl Into<String>,
        database: impl Into<String>,
        user: impl Into<String>,
        password: impl Into<Option<SecretRef>>,
        select: impl Into<String>,
        watermark: impl Into<String>,
    ) -> Self {
        Self {
            host: host.into(),
            port: 5432,
            database: database.into(),
            user: user.into(),
            password: password.into(),
            tls: Tls::VerifyFull,
            root_certificates: None,
            select: select.into(),
            watermark: watermark.into(),
            key: None,
            start: None,
            settle: None,
            max_rows: 100_000,
            max_bytes: 256 * 1024 * 1024,
            connect_within: Duration::from_secs(20),
            answer_within: Duration::from_secs(600),
        }
    }
}
