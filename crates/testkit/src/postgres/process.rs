//! Making a cluster, starting its server, knowing when it is ready, and ending it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{PASSWORD, USER};
use crate::log::tail;

const SUPERVISE: &str = include_str!("supervise.sh");
/// Between choosing a free port and binding it another process may take it.
const STARTS: usize = 3;
const READY_WITHIN: Duration = Duration::from_secs(120);
const POLL_EVERY: Duration = Duration::from_millis(20);

/// A cluster of its own and the server on it. The supervisor makes it and removes its folder, for a
/// destructor would not run in a process that is killed.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) programs: PathBuf,
    pub(super) port: u16,
    folder: PathBuf,
    supervisor: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// Whom the server runs as, if not as the tests: it refuses to run as root.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Process {
    /// `install` holds `bin`, `lib` and `share`.
    pub(super) fn start(wheel: &Path, install: &str) -> Result<Self, String> {
        let mut failures = Vec::new();
        for _ in 0..STARTS {
            let port = free_port().map_err(|error| format!("no free port: {error}"))?;
            match Self::start_at(wheel, install, port) {
                Ok(process) => return Ok(process),
                Err(reason) => failures.push(reason),
            }
        }
        Err(failures.join("\n"))
    }

    pub(super) fn start_at(wheel: &Path, install: &str, port: u16) -> Result<Self, String> {
        let folder = TempDir::with_prefix("dtm-postgres-")
            .map_err(|error| format!("no folder for its data: {error}"))?;
        let user = User::of(folder.path())?;
        let copy = folder.path().join("wheel");
        let home = match can_run(&wheel.join(install).join("bin"), folder.path(), user) {
            Ok(()) => wheel,
            // It lies in a folder that the server's user may not enter.
            Err(_) if user.is_some() => &copy,
            Err(reason) => return Err(reason),
        };
        let programs = home.join(install).join("bin");
        let mut supervisor = supervisor(&programs, folder.path(), port, user)
            .spawn()
            .map_err(|error| format!("cannot run `sh`: {error}"))?;
        // The supervisor removes it from here on.
        let folder = folder.keep();
        let (orders, answers) = (supervisor.stdin.take(), supervisor.stdout.take());
        let answers = answers.ok_or("the supervisor has no output")?;
        let mut process = Self {
            programs,
            port,
            folder,
            supervisor,
            orders,
            answers: BufReader::new(answers),
        };
        let made = match home == copy {
            true => copy_for(user, wheel, &copy),
            false => Ok(()),
        };
        let begun = made
            .and_then(|()| process.make_cluster())
            .and_then(|()| process.begin());
        match begun {
            Ok(()) => Ok(process),
            Err(reason) => {
                process.end();
                Err(reason)
            }
        }
    }

    fn make_cluster(&mut self) -> Result<(), String> {
        let password = self.folder.join("password");
        fs::write(&password, PASSWORD)
            .and_then(|()| fs::set_permissions(&password, fs::Permissions::from_mode(0o644)))
            .map_err(|error| format!("cannot write the password: {error}"))?;
        let made = self.order("make");
        made.map_err(|reason| format!("no cluster: {reason}; its log ends with:\n{}", self.log()))
    }

    /// Starts the server and waits until it takes connections.
    pub(super) fn begin(&mut self) -> Result<(), String> {
        let said_before = self.log().len();
        self.order("start")?;
        let started = Instant::now();
        loop {
            if self.is_ready() {
                return Ok(());
            }
            let log = self.log();
            // Clients that come too early are told so with another such line.
            let failed = log[said_before..].contains("FATAL:  could not");
            if failed || started.elapsed() > READY_WITHIN {
                return Err(format!(
                    "`postgres` is not ready after {:?}; its log ends with:\n{}",
                    started.elapsed(),
                    tail(&log)
                ));
            }
            std::thread::sleep(POLL_EVERY);
        }
    }

    /// Has the supervisor do what that word says, and waits until it is done.
    pub(super) fn order(&mut self, word: &str) -> Result<(), String> {
        let gone = |error: std::io::Error| format!("the supervisor is gone: {error}");
        let orders = self.orders.as_mut().ok_or("the supervisor has ended")?;
        writeln!(orders, "{word}").map_err(gone)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(gone)?;
        match answer.trim() == word {
            true => Ok(()),
            false => Err(format!(
                "the supervisor answered `{}` to `{word}`",
                answer.trim()
            )),
        }
    }

    /// Closes the pipe that the supervisor reads, and waits for what it then does.
    pub(super) fn end(&mut self) {
        drop(self.orders.take());
        self.supervisor.wait().ok();
        // Where the server's user may not remove a folder from among its siblings.
        fs::remove_dir_all(&self.folder).ok();
    }

    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The eighth line of this file is the state of the server that wrote it.
    fn is_ready(&self) -> bool {
        let state = fs::read_to_string(self.folder.join("data/postmaster.pid"));
        let state = state.unwrap_or_default();
        state
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl User {
    /// None if the server can run as who made `folder`; else `nobody`, whose the folder then is.
    fn of(folder: &Path) -> Result<Option<Self>, String> {
        let made = fs::metadata(folder).map_err(|error| format!("no folder: {error}"))?;
        if made.uid() != 0 {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let user = users
            .lines()
            .find_map(Self::nobody)
            .ok_or("PostgreSQL refuses to run as root, and there is no user `nobody`")?;
        chown(folder, Some(user.uid), Some(user.gid))
            .map_err(|error| format!("cannot give the data to `nobody`: {error}"))?;
        Ok(Some(user))
    }

    /// `name:password:uid:gid:…`
    pub(super) fn nobody(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let named = fields.next() == Some("nobody");
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        named.then_some(Self { uid, gid })
    }
}

/// A command that runs as the server's user and sees nothing of the tests' environment.
fn command(program: &Path, folder: &Path, user: Option<User>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs([("LC_ALL", "C"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")])
        .current_dir(folder);
    if let Some(user) = user {
        // It drops the other groups, too.
        command.uid(user.uid).gid(user.gid);
    }
    command
}

fn can_run(programs: &Path, folder: &Path, user: Option<User>) -> Result<(), String> {
    let mut version = command(&programs.join("postgres"), folder, user);
    run(version.arg("--version"))
}

fn copy_for(user: Option<User>, wheel: &Path, copy: &Path) -> Result<(), String> {
    run(Command::new("cp").arg("-R").arg(wheel).arg(copy))?;
    let Some(user) = user else { return Ok(()) };
    let owner = format!("{}:{}", user.uid, user.gid);
    run(Command::new("chown").args(["-R", &owner]).arg(copy))
}

fn supervisor(programs: &Path, folder: &Path, port: u16, user: Option<User>) -> Command {
    let mut command = command(Path::new("/bin/sh"), folder, user);
    command
        .args(["-c", SUPERVISE, "sh"])
        .arg(folder)
        .arg(programs)
        .arg(USER);
    for setting in [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "unix_socket_directories=",
        "fsync=on",
        "max_connections=200",
        "shared_buffers=32MB",
    ] {
        command.args(["-c", setting]);
    }
    command
        // A Ctrl-C at the terminal is for the tests; the supervisor then does its work.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

pub(super) fn run(command: &mut Command) -> Result<(), String> {
    let reason = match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let program = Path::new(command.get_program()).display();
    Err(format!("`{program}` failed: {reason}"))
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
