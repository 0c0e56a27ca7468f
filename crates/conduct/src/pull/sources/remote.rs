//! Other systems of their own: an API, a server of files, a database.

use project::{Connector, HttpAuth, HttpPaging, SecretRef, SqlTls};
use pull::{
    Auth, Body, Guard, HttpSource, HttpSpec, Paging, Result, SftpAuth, SftpSource, SftpSpec, Since,
    SqlSource, SqlSpec, Tls,
};

use super::secrets::{Vault, reference};
use crate::handles::Handles;

/// A page is held in memory, so it may not be as large as a file, unless the connector says so.
const PAGE_BYTES: u64 = 64 << 20;
/// A slice of a table is read in one go, in one transaction.
const SLICE_BYTES: u64 = 256 << 20;

/// With what sources are opened.
pub(super) struct At<'a> {
    pub(super) handles: &'a Handles,
    pub(super) guard: &'a Guard,
    /// The largest piece.
    pub(super) limit_bytes: u64,
}

impl At<'_> {
    pub(super) fn http(
        &self,
        connector: &Connector,
        source: &project::HttpSource,
    ) -> Result<HttpSource> {
        let mut spec = HttpSpec::new(&source.url);
        spec.plain = source.allow_http;
        spec.parameters.clone_from(&source.parameters);
        spec.headers.clone_from(&source.headers);
        spec.auth = match &source.auth {
            HttpAuth::None => Auth::None,
            HttpAuth::Bearer(token) => Auth::Bearer(reference(token)),
            HttpAuth::Basic(user, password) => Auth::Basic {
                user: user.clone(),
                password: reference(password),
            },
            HttpAuth::Header(name, value) => Auth::Header {
                name: name.clone(),
                value: reference(value),
            },
        };
        spec.paging = paging(&source.paging);
        if let Some(page_size) = &source.page_size {
            spec.page_size = Some((page_size.parameter.clone(), page_size.size));
            spec.short_page_ends = page_size.short_ends;
        }
        spec.records.clone_from(&source.records);
        spec.total.clone_from(&source.total);
        if source.whole_page {
            spec.body = Body::Page;
        }
        spec.since = source.since.as_ref().map(|since| Since {
            parameter: since.parameter.clone(),
            field: since.field.clone(),
            start: since.start.clone(),
        });
        if let Some(media_type) = &source.media_type {
            spec.content_type.clone_from(media_type);
        }
        spec.root_certificates = self.in_home(source.certificates.as_ref());
        let is_declared = connector.limits.bytes.is_some();
        spec.max_page_bytes = self.at_most(PAGE_BYTES, is_declared);
        HttpSource::open(spec, self.guard, &Vault(self.handles), self.spool())
    }

    pub(super) fn sftp(&self, source: &project::SftpSource) -> Result<SftpSource> {
        let optional = |declared: &Option<SecretRef>| declared.as_ref().map(reference);
        let auth = match &source.auth {
            project::SftpAuth::Password(password) => SftpAuth::Password(reference(password)),
            project::SftpAuth::Key(key, passphrase) => SftpAuth::Key {
                key: reference(key),
                passphrase: optional(passphrase),
            },
        };
        let mut spec = SftpSpec::new(&source.host, &source.user, auth, "", &source.folder);
        spec.port = source.port;
        spec.host_keys.clone_from(&source.host_keys);
        if let Some(pattern) = &source.pattern {
            spec.pattern.clone_from(pattern);
        }
        // What a file is its name says, or the connector.
        "application/octet-stream".clone_into(&mut spec.content_type);
        spec.settle = source.quiet;
        spec.done_folder.clone_from(&source.done_folder);
        spec.refused_folder.clone_from(&source.refused_folder);
        spec.max_file_bytes = self.limit_bytes;
        SftpSource::open(spec, self.guard, &Vault(self.handles), self.spool())
    }

    pub(super) fn sql(&self, source: &project::SqlSource) -> Result<SqlSource> {
        let mut spec = SqlSpec {
            port: source.port,
            tls: match source.tls {
                SqlTls::Disable => Tls::Disable,
                SqlTls::VerifyCa => Tls::VerifyCa,
                SqlTls::VerifyFull => Tls::VerifyFull,
            },
            root_certificates: self.in_home(source.certificates.as_ref()),
            key: source.key.clone(),
            start: source.start.clone(),
            settle: source.quiet,
            max_bytes: self.at_most(SLICE_BYTES, false),
            ..SqlSpec::new(
                &source.host,
                &source.database,
                &source.user,
                source.password.as_ref().map(reference),
                &source.select,
                &source.watermark,
            )
        };
        if let Some(rows) = source.rows {
            spec.max_rows = rows;
        }
        SqlSource::open(spec, self.guard, &Vault(self.handles), self.spool())
    }

    fn spool(&self) -> &std::path::Path {
        &self.handles.settings.spool_folder
    }

    fn in_home(&self, path: Option<&String>) -> Option<std::path::PathBuf> {
        path.map(|path| self.handles.settings.home.join(path))
    }

    /// The limit on pieces, or what is usual if that is less and nothing else was declared.
    fn at_most(&self, usual_bytes: u64, is_declared: bool) -> u64 {
        if is_declared {
            self.limit_bytes
        } else {
            self.limit_bytes.min(usual_bytes)
        }
    }
}

fn paging(declared: &HttpPaging) -> Paging {
    match declared {
        HttpPaging::Single => Paging::Single,
        HttpPaging::Page(parameter, first) => Paging::Page {
            parameter: parameter.clone(),
            first: *first,
        },
        HttpPaging::Offset(parameter) => Paging::Offset {
            parameter: parameter.clone(),
        },
        HttpPaging::Cursor(parameter, next) => Paging::Cursor {
            parameter: parameter.clone(),
            next: next.clone(),
        },
        HttpPaging::Link => Paging::Link,
    }
}
