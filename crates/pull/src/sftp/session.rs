//! What is asked of an SFTP server.

use std::io::Write;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use russh::Disconnect;
use russh::client::Handle;
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use tempfile::NamedTempFile;
use tokio::time::timeout;

use super::inbox::{self, Entry};
use super::login::{self, Login, Pinned};
use super::spec::SftpSpec;
use crate::guard::{Guard, unreachable};
use crate::{PullError, Result};

/// Asked for at a time: every server gives this much.
const CHUNK_BYTES: u32 = 32 * 1024;
/// Requests that are under way, so that the distance to the server is not waited for with each.
const UNDER_WAY: usize = 32;
/// How often whoever waits looks whether there is still somebody to wait for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) struct Session {
    ssh: Handle<Pinned>,
    sftp: RawSftpSession,
    spec: SftpSpec,
}

impl Session {
    pub(super) async fn open(spec: &SftpSpec, guard: &Guard, login: &Login) -> Result<Self> {
        let late = |_| {
            let within = spec.connect_within;
            unreachable(
                &spec.host,
                spec.port,
                &format!("it does not answer within {within:?}"),
            )
        };
        let opened = timeout(spec.connect_within, Self::open_slowly(spec, guard, login)).await;
        opened.map_err(late)?
    }

    async fn open_slowly(spec: &SftpSpec, guard: &Guard, login: &Login) -> Result<Self> {
        let SftpSpec { host, port, .. } = spec;
        let ssh = login::connect(spec, guard, login).await?;
        let failed = |error: russh::Error| unreachable(host, *port, &error.to_string());
        let channel = ssh.channel_open_session().await.map_err(failed)?;
        channel
            .request_subsystem(true, "sftp")
            .await
            .map_err(failed)?;
        let sftp = RawSftpSession::new(channel.into_stream());
        // What is beyond is for `within` to say.
        sftp.set_timeout(spec.answer_within.as_secs().saturating_add(60));
        let session = Self {
            ssh,
            sftp,
            spec: spec.clone(),
        };
        let started = session.within(session.sftp.init()).await;
        started.map_err(|error| session.failed("speak SFTP with it", &error))?;
        Ok(session)
    }

    pub(super) fn lives(&self) -> bool {
        !self.ssh.is_closed()
    }

    /// Says good-bye; a server that does not listen is left.
    pub(super) async fn close(self) {
        self.sftp.close_session().ok();
        let bye = self.ssh.disconnect(Disconnect::ByApplication, "", "en");
        timeout(Duration::from_secs(1), bye).await.ok();
    }

    /// The files that are meant.
    pub(super) async fn list(&self) -> Result<Vec<Entry>> {
        let folder = &self.spec.folder;
        let doing = format!("list the folder `{folder}`");
        let failed = |error: SftpError| self.failed(&doing, &error);
        let handle = self
            .within(self.sftp.opendir(folder))
            .await
            .map_err(failed)?
            .handle;
        let (mut found, mut seen) = (Vec::new(), 0);
        loop {
            let names = match self.within(self.sftp.readdir(&handle)).await {
                Ok(names) => names.files,
                Err(error) if is(&error, StatusCode::Eof) => break,
                Err(error) => return Err(failed(error)),
            };
            // An answer without names counts too, or it could go on for ever.
            seen += names.len().max(1);
            for file in names {
                let meant = inbox::is_meant(&self.spec, &file.filename);
                if meant && is_regular(&file.attrs) {
                    found.push(self.entry(file.filename, &file.attrs)?);
                }
            }
            let most = self.spec.max_files;
            if seen > most {
                return Err(PullError::Limit(format!(
                    "the folder `{folder}` has more than {most} files; have those that were \
                     pulled moved away"
                )));
            }
        }
        self.within(self.sftp.close(handle)).await.map_err(failed)?;
        Ok(found)
    }

    /// Writes the file into `body`, all of it or nothing that counts.
    pub(super) async fn download(&self, file: &Entry, body: &mut NamedTempFile) -> Result<()> {
        let name = &file.name;
        let doing = format!("read `{name}`");
        let failed = |error: SftpError| self.failed(&doing, &error);
        let changed = || {
            PullError::Unavailable(format!(
                "`{name}` changed while it was read; it is read again"
            ))
        };
        let path = self.path(&self.spec.folder, name);
        let open = self
            .sftp
            .open(&path, OpenFlags::READ, FileAttributes::empty());
        let handle = self.within(open).await.map_err(failed)?.handle;
        let starts = (0..file.size_bytes).step_by(CHUNK_BYTES as usize);
        let chunks = starts.map(|start| {
            let length = (file.size_bytes - start).min(u64::from(CHUNK_BYTES));
            self.chunk(&handle, start, length as usize)
        });
        let mut chunks = stream::iter(chunks).buffered(UNDER_WAY);
        while let Some(chunk) = chunks.try_next().await.map_err(failed)? {
            body.write_all(&chunk.ok_or_else(changed)?)?;
        }
        body.flush()?;
        drop(chunks);
        self.within(self.sftp.close(handle)).await.map_err(failed)?;
        match self.look_at(&path, name).await? {
            Some(now) if now == *file => Ok(()),
            _ => Err(changed()),
        }
    }

    /// Moves the file into the folder `done`, if it is still there as it was.
    pub(super) async fn put_away(&self, file: &Entry, done: &str) -> Result<()> {
        let name = &file.name;
        let path = self.path(&self.spec.folder, name);
        if self.look_at(&path, name).await?.as_ref() != Some(file) {
            return Ok(());
        }
        let mut to = self.path(done, name);
        // Another file of this name was put away before.
        if self.look_at(&to, name).await?.is_some() {
            to = format!("{to}.{}", file.changed_at);
        }
        let moved = self.within(self.sftp.rename(&path, &to)).await;
        moved.map_err(|error| self.failed(&format!("move `{name}` to `{to}`"), &error))?;
        Ok(())
    }

    /// Exactly `length` bytes, `None` if the file ends before: a server may give less at a time.
    async fn chunk(
        &self,
        handle: &str,
        start: u64,
        length: usize,
    ) -> Result<Option<Vec<u8>>, SftpError> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let at = start + bytes.len() as u64;
            let left = (length - bytes.len()) as u32;
            match self.within(self.sftp.read(handle, at, left)).await {
                Ok(data) if data.data.is_empty() || data.data.len() > left as usize => {
                    return Err(SftpError::UnexpectedPacket);
                }
                Ok(data) => bytes.extend(data.data),
                Err(error) if is(&error, StatusCode::Eof) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(bytes))
    }

    async fn look_at(&self, path: &str, name: &str) -> Result<Option<Entry>> {
        match self.within(self.sftp.lstat(path)).await {
            Ok(found) => self.entry(name.to_owned(), &found.attrs).map(Some),
            Err(error) if is(&error, StatusCode::NoSuchFile) => Ok(None),
            Err(error) => Err(self.failed(&format!("look at `{path}`"), &error)),
        }
    }

    fn entry(&self, name: String, attrs: &FileAttributes) -> Result<Entry> {
        let (Some(size_bytes), Some(changed_at)) = (attrs.size, attrs.mtime) else {
            return Err(PullError::Answer(format!(
                "the server does not tell the size and the time of `{name}`"
            )));
        };
        Ok(Entry {
            name,
            size_bytes,
            changed_at,
        })
    }

    fn path(&self, folder: &str, name: &str) -> String {
        match folder.ends_with('/') {
            true => format!("{folder}{name}"),
            false => format!("{folder}/{name}"),
        }
    }

    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, SftpError>>,
    ) -> Result<T, SftpError> {
        // The library does not tell those who wait that the connection has ended.
        let mut work = pin!(work);
        let began = Instant::now();
        loop {
            let left = self.spec.answer_within.saturating_sub(began.elapsed());
            match timeout(left.min(LOOK_EVERY), &mut work).await {
                Ok(done) => return done,
                Err(_) if !self.lives() => {
                    return Err(SftpError::UnexpectedBehavior("it hung up".to_owned()));
                }
                Err(_) if left.is_zero() => return Err(SftpError::Timeout),
                Err(_) => {}
            }
        }
    }

    fn failed(&self, doing: &str, error: &SftpError) -> PullError {
        let SftpSpec { host, port, .. } = &self.spec;
        let place = format!("cannot {doing} at `{host}:{port}`");
        match error {
            SftpError::Status(status) => match status.status_code {
                StatusCode::NoSuchFile => PullError::Declared(format!(
                    "{place}: it is not there; make the folder, or declare another"
                )),
                StatusCode::PermissionDenied => {
                    let user = &self.spec.user;
                    PullError::Declared(format!("{place}: `{user}` may not"))
                }
                code => PullError::Answer(format!("{place}: {code}")),
            },
            SftpError::Timeout => {
                let within = self.spec.answer_within;
                PullError::Unavailable(format!("{place}: no answer within {within:?}"))
            }
            _ if !self.lives() => PullError::Unavailable(format!("{place}: it hung up")),
            other => PullError::Unavailable(format!("{place}: {other}")),
        }
    }
}

/// The library's own answer is yes for symbolic links and sockets, too.
fn is_regular(attrs: &FileAttributes) -> bool {
    const KIND: u32 = 0o170_000;
    const REGULAR: u32 = 0o100_000;
    attrs.permissions.is_some_and(|mode| mode & KIND == REGULAR)
}

fn is(error: &SftpError, code: StatusCode) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == code)
}
