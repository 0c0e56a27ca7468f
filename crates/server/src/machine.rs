//! What the machine has and what the process holds of it, as the system tells.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The memory that this process may use: the machine's, or less in a container. 0 if the system
/// does not say.
pub(crate) fn memory_bytes() -> u64 {
    memory_under(Path::new("/"))
}

/// The memory that this process holds now, without its code and other pages that the system can
/// read again from their files. 0 if the system does not say.
pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    kib_after(&status, "RssAnon:").unwrap_or(0)
}

/// Takes as many open files as the system gives for the asking: every connection is one, and many
/// shells start programs with 1,024.
pub(crate) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum.or(limit.current),
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, "open files stay at the limit of {:?}", limit.current);
    }
}

/// `memory_bytes` by the files below that root.
pub fn memory_under(root: &Path) -> u64 {
    let read = |path: PathBuf| std::fs::read_to_string(path).ok();
    let whole = read(root.join("proc/meminfo")).and_then(|text| kib_after(&text, "MemTotal:"));
    let groups = read(root.join("proc/self/cgroup")).unwrap_or_default();
    let limits = groups.lines().flat_map(|line| limit_files(root, line));
    let limits = limits.filter_map(|file| read(file)?.trim().parse::<u64>().ok());
    // A group without a limit says `max`, or a number beyond any machine.
    limits.chain(whole).min().unwrap_or(0)
}

/// The files that may hold a limit for that line of `/proc/self/cgroup`: the group's own and those
/// of the groups around it.
fn limit_files(root: &Path, line: &str) -> Vec<PathBuf> {
    let mut parts = line.splitn(3, ':');
    let (_, kinds, group) = (parts.next(), parts.next(), parts.next());
    let (folder, file) = match kinds {
        Some("") => ("sys/fs/cgroup", "memory.max"),
        Some(kinds) if kinds.split(',').any(|kind| kind == "memory") => {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        }
        _ => return Vec::new(),
    };
    let group = Path::new(group.unwrap_or_default().trim_start_matches('/'));
    let around = group.ancestors();
    around
        .map(|group| root.join(folder).join(group).join(file))
        .collect()
}

fn kib_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
