//! TLS before a server whose build has none.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;

use super::Postgres;

/// What takes connections over TLS, and no others, and passes them on to a server. It ends with its
/// owner, and with the test process, however that ends.
#[derive(Debug)]
pub struct Front {
    port: u16,
    process: Child,
    _certificate: NamedTempFile,
}

impl Front {
    /// One that shows this certificate, in PEM with its key.
    ///
    /// # Panics
    /// If it cannot be started: it needs Python 3.
    #[must_use]
    pub fn of(server: &Postgres, certificate: &str) -> Self {
        let mut file = NamedTempFile::with_prefix("dtm-front-").expect("a file can be made");
        file.write_all(certificate.as_bytes())
            .expect("a file can be written");
        let mut process = Command::new("python3")
            .args(["-c", include_str!("front.py"), &server.port.to_string()])
            .arg(file.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`python3` runs");
        let mut line = String::new();
        let output = process.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).ok();
        let port = line.trim().parse().expect("it says its port");
        Self {
            port,
            process,
            _certificate: file,
        }
    }

    /// Where it listens, on `127.0.0.1` only.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Closes the pipe that it reads, and waits for its end.
impl Drop for Front {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}
