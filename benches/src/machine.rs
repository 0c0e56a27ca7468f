//! What the machine has, and what only it can give: memory, time, chance.

use std::path::Path;

use chrono::{DateTime, Utc};

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Memory that this process may use.
pub fn memory_bytes() -> u64 {
    server::machine::memory_under(Path::new("/"))
}

/// What engines may hold, ours and others: half of the machine, as the product takes by default.
pub fn pool_bytes() -> u64 {
    (memory_bytes() / 2).max(1 << 30)
}

/// The most memory that this process held so far.
pub fn peak_bytes() -> u64 {
    peak_in(&own_status())
}

/// The most memory that a process held so far, by its `/proc/…/status`.
pub fn peak_in(status: &str) -> u64 {
    value_in(status, "VmHWM:")
}

/// The memory that this process holds now, without what can be read again from files.
pub fn resident_bytes() -> u64 {
    value_in(&own_status(), "RssAnon:")
}

fn own_status() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap_or_default()
}

fn value_in(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB"));
    kib.and_then(|kib| kib.trim().parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

/// The processor, as it calls itself.
pub fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    name.map_or_else(
        || std::env::consts::ARCH.to_owned(),
        |(_, name)| name.trim().to_owned(),
    )
}

/// The clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the home of the clock in this program; a house is given it"
)]
pub fn now() -> DateTime<Utc> {
    // The books and Parquet keep microseconds.
    chrono::SubsecRound::trunc_subsecs(Utc::now(), 6)
}

/// A fresh id.
#[expect(
    clippy::disallowed_methods,
    reason = "the home of ids in this program; a house is given them"
)]
pub fn fresh_id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

/// Unpredictable bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "the home of chance in this program; a house is given it"
)]
pub fn chance() -> [u8; 32] {
    rand::random()
}
