//! A folder of an SFTP server.

mod inbox;
mod login;
mod session;
mod spec;
#[cfg(test)]
mod tests;

pub use spec::{SftpAuth, SftpSpec};

use std::path::{Path, PathBuf};
use std::time::Instant;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::guard::Guard;
use crate::{Mark, Outcome, Piece, Result, Secrets, Source, mark, spool};
use inbox::{Entry, Looks, Taken};
use login::Login;
use session::Session;

/// A folder into which files are put; a piece is a file.
///
/// Files come in the order of their time, then of their name, once their size and time stayed the
/// same for a while; names that begin with `.` or end in `.part`, `.tmp` or `.filepart` are left
/// alone. A file that is written anew is a new file. One that is larger than
/// [`SftpSpec::max_file_bytes`] is a piece without bytes, with its true size.
///
/// Where files are moved away when they are done, whatever is in the folder is new, however old.
/// Where they are not, a file that appears with a time below one that was pulled is not noticed, as
/// when a sender keeps the times of files: declare [`SftpSpec::done_folder`] there.
pub struct SftpSource {
    spec: SftpSpec,
    guard: Guard,
    login: Login,
    spool: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    looks: Looks,
}

impl SftpSource {
    /// Prepares to read a folder; nothing is connected yet. Pieces are kept in the folder `spool`.
    ///
    /// # Errors
    /// [`PullError::Declared`](crate::PullError::Declared), also for a secret that is not found or a
    /// key that cannot be read.
    pub fn open(
        spec: SftpSpec,
        guard: &Guard,
        secrets: &dyn Secrets,
        spool: &Path,
    ) -> Result<Self> {
        spec.check()?;
        Ok(Self {
            login: Login::new(&spec, secrets)?,
            guard: guard.clone(),
            spool: spool.to_owned(),
            state: Mutex::default(),
            spec,
        })
    }

    /// A mark in words: the name of the file that was taken last.
    pub fn told(mark: &Mark) -> Option<String> {
        let taken: Taken = mark::read(mark).ok()?;
        Some(taken.file.name)
    }

    fn moved_out(&self) -> bool {
        self.spec.done_folder.is_some()
    }

    /// A session that lives, taken out of the state: one that fails is not put back.
    async fn session(&self, state: &mut State) -> Result<Session> {
        match state.session.take() {
            Some(session) if session.lives() => Ok(session),
            _ => Session::open(&self.spec, &self.guard, &self.login).await,
        }
    }

    /// The next file that has settled, after a second look if need be.
    async fn first(
        &self,
        session: &Session,
        looks: &mut Looks,
        mark: Option<&Taken>,
    ) -> Result<Option<Entry>> {
        for look in 0..2 {
            let entries = session.list().await?;
            if let (Some(mark), Some(done)) = (mark, &self.spec.done_folder) {
                // The caller may have ended between keeping a file and saying so.
                for entry in entries.iter().filter(|entry| mark.has(entry)) {
                    session.put_away(entry, done).await?;
                }
            }
            let now = Instant::now();
            looks.look(&entries, now);
            let fresh = inbox::fresh(&entries, mark, self.moved_out());
            // Nothing is taken before the first: it would be behind the mark.
            let Some(first) = fresh.first() else {
                return Ok(None);
            };
            let left = looks.left(first, self.spec.settle, now);
            if left.is_zero() {
                return Ok(Some((*first).clone()));
            }
            if look == 0 {
                tokio::time::sleep(left).await;
            }
        }
        Ok(None)
    }

    async fn fetch(&self, session: &Session, file: &Entry, mark: Mark) -> Result<Piece> {
        let most = self.spec.max_file_bytes;
        let mut body = spool::file_in(&self.spool)?;
        if file.size_bytes > most {
            let (name, size) = (&file.name, file.size_bytes);
            // Those behind it do not wait for a larger limit.
            tracing::debug!(name, size, most, "a file is too large and is not read");
        } else {
            session.download(file, &mut body).await?;
        }
        Ok(Piece {
            name: file.name.clone(),
            content_type: self.spec.content_type.clone(),
            size_bytes: file.size_bytes,
            body,
            mark,
        })
    }

    async fn put_away(&self, piece: &Piece, folder: Option<&str>) -> Result<()> {
        let Some(folder) = folder else {
            return Ok(());
        };
        let taken: Taken = mark::read(&piece.mark)?;
        let mut state = self.state.lock().await;
        let session = self.session(&mut state).await?;
        session.put_away(&taken.file, folder).await?;
        state.session = Some(session);
        Ok(())
    }
}

#[async_trait]
impl Source for SftpSource {
    async fn next(&self, mark: Option<&Mark>) -> Result<Option<Piece>> {
        let taken: Option<Taken> = mark.map(mark::read).transpose()?;
        let mut state = self.state.lock().await;
        let session = self.session(&mut state).await?;
        let file = self
            .first(&session, &mut state.looks, taken.as_ref())
            .await?;
        let Some(file) = file else {
            session.close().await;
            return Ok(None);
        };
        let after = Taken::after(taken.as_ref(), file.clone(), self.moved_out());
        let piece = self.fetch(&session, &file, mark::write(&after)?).await?;
        state.session = Some(session);
        Ok(Some(piece))
    }

    async fn done(&self, piece: &Piece) -> Result<()> {
        self.put_away(piece, self.spec.done_folder.as_deref()).await
    }

    async fn settled(&self, piece: &Piece, outcome: &Outcome) -> Result<()> {
        let spec = &self.spec;
        let refused = spec.refused_folder.as_deref().filter(|_| !outcome.landed);
        self.put_away(piece, refused.or(spec.done_folder.as_deref()))
            .await
    }
}
