//! Hands a connection that was made by the guard to a client that makes its own.
//!
//! The client would resolve the host itself, and not to the address that was checked. It is given
//! a socket of a private folder instead, behind which the checked connection is; it still knows the
//! host's name, by which it verifies the server.

use std::convert::Infallible;
use std::io;
use std::path::Path;

use tempfile::TempDir;
use tokio::net::{TcpStream, UnixListener};

use crate::{PullError, Result};

/// Sockets have short names.
const LONGEST_PATH: usize = 100;

pub(super) struct Relay {
    folder: TempDir,
    listener: UnixListener,
    server: TcpStream,
}

impl Relay {
    /// A socket of the name that clients of PostgreSQL look for, in a folder below `spool` that
    /// only this user may enter.
    pub(super) fn to(server: TcpStream, port: u16, spool: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix_in("pg-", spool)?;
        let socket = folder.path().join(format!(".s.PGSQL.{port}"));
        let length = socket.as_os_str().len();
        if length > LONGEST_PATH {
            let excess = length - LONGEST_PATH;
            return Err(PullError::Declared(format!(
                "the folder `{}` for pieces is too deep for a socket: its path must be {excess} \
                 bytes shorter",
                spool.display()
            )));
        }
        Ok(Self {
            listener: UnixListener::bind(&socket)?,
            folder,
            server,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Does the work while the first connection to the socket is passed on.
    pub(super) async fn during<T>(mut self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.pass() => match never {},
        }
    }

    /// When either end has gone the client sees it, so this has nothing to say.
    async fn pass(&mut self) -> Infallible {
        self.pass_until_end().await.ok();
        std::future::pending().await
    }

    async fn pass_until_end(&mut self) -> io::Result<()> {
        let (mut client, _) = self.listener.accept().await?;
        tokio::io::copy_bidirectional(&mut client, &mut self.server).await?;
        Ok(())
    }
}
