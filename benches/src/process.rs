//! A process for each measurement: its memory is its own, and nothing is warm that should not be.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::task::{Measured, Task};

/// Has one of our own tasks done by this program in another process.
pub fn ours(task: &Task) -> Result<Measured> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = command(&program);
    command.arg("child");
    ask(command, task)
}

/// Asks a program on its stdin and reads the one line that it answers.
pub fn ask(mut command: Command, task: &impl Serialize) -> Result<Measured> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let text = serde_json::to_vec(task)?;
    let mut input = child.stdin.take().context("a child has no stdin")?;
    let asked = input.write_all(&text);
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}, as said above",
        output.status
    );
    asked?;
    serde_json::from_slice(&output.stdout).with_context(|| {
        let said = String::from_utf8_lossy(&output.stdout);
        format!("cannot read the answer of {command:?}: `{said}`")
    })
}

/// Runs a program that prepares something; what it prints is not wanted.
pub fn run(mut command: Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// A program to be started.
#[expect(
    clippy::disallowed_methods,
    reason = "the home of processes in this program: each measurement has its own"
)]
pub fn command(program: &Path) -> Command {
    Command::new(program)
}
