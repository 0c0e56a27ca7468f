//! A judge of lineage events: the classes that OpenLineage generates from its own schemas.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::wheel::Wheel;

#[cfg(test)]
mod tests;

const WHEEL: Wheel = Wheel {
    name: "openlineage",
    requirements: include_str!("../../openlineage.requirements.txt"),
    keep: "",
    programs: &["openlineage/client/generated/base.py", "attr/__init__.py"],
};
const JUDGE: &str = include_str!("judge.py");

/// What is wrong with the events, a JSON object each: a line for each breach.
///
/// # Panics
/// If the judge cannot be obtained or does not run to its end. Tests never pass by being skipped.
#[must_use]
pub fn breaches(events: &[String]) -> Vec<String> {
    let packages = WHEEL
        .obtain()
        .unwrap_or_else(|reason| panic!("no judge of events for the test: {reason}"));
    let mut judge = Command::new("python3")
        .args(["-c", JUDGE])
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`python3` runs");
    let mut input = judge.stdin.take().expect("it is piped");
    let text: String = events.iter().map(|event| format!("{event}\n")).collect();
    // It reads as it goes, and may write before it has read all.
    let writing = std::thread::scope(|scope| {
        let writing = scope.spawn(move || input.write_all(text.as_bytes()));
        let output = judge.wait_with_output().expect("it ends");
        (writing.join().expect("it does not panic"), output)
    });
    let (written, output) = writing;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the judge failed:\n{complaint}");
    written.expect("it reads all");
    let told = String::from_utf8(output.stdout).expect("it writes UTF-8");
    let mut lines: Vec<String> = told.lines().map(str::to_owned).collect();
    let last = lines.pop();
    assert_eq!(last, Some(format!("judged {}", events.len())), "{told}");
    lines
}
