//! The log of `strace`, read.

use std::collections::HashMap;
use std::path::PathBuf;

/// A call that has had its effect, in the order in which they ended; a sync is two, for what is
/// written while it is under way is not promised, and a descriptor is free when its close begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Open {
        fd: i32,
        path: PathBuf,
        create: bool,
        truncate: bool,
        append: bool,
    },
    Close {
        fd: i32,
    },
    Dup {
        from: i32,
        to: i32,
    },
    Seek {
        fd: i32,
        at: u64,
    },
    Write {
        fd: i32,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    Truncate {
        fd: i32,
        size: u64,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    MakeFolder {
        path: PathBuf,
    },
    SyncBegins {
        thread: u32,
        fd: i32,
    },
    SyncEnds {
        thread: u32,
    },
    /// Bytes on their way to another process.
    Sent(Vec<u8>),
}

/// The events of a log.
pub fn read(text: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut unfinished: HashMap<u32, String> = HashMap::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let Ok(thread) = thread.parse::<u32>() else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            begins(thread, begun, &mut events);
            unfinished.insert(thread, begun.to_owned());
        } else if rest.starts_with("<... ") {
            let Some((_, end)) = rest.split_once(" resumed>") else {
                continue;
            };
            if let Some(begun) = unfinished.remove(&thread) {
                ends(thread, &format!("{begun}{end}"), &mut events);
            }
        } else if rest.contains('(') {
            begins(thread, rest, &mut events);
            ends(thread, rest, &mut events);
        }
    }
    events
}

/// What counts from a call's start: what a sync covers, what may have been heard, and the end of a
/// descriptor.
fn begins(thread: u32, line: &str, events: &mut Vec<Event>) {
    let Some((name, arguments)) = line.split_once('(') else {
        return;
    };
    let arguments = split(arguments);
    match name {
        "fsync" | "fdatasync" => events.push(Event::SyncBegins {
            thread,
            fd: fd(&arguments[0]),
        }),
        // Another thread may get its number before this call returns.
        "close" => events.push(Event::Close {
            fd: fd(&arguments[0]),
        }),
        "write" | "writev" | "sendto" | "sendmsg" if is_socket(&arguments[0]) => {
            events.push(Event::Sent(texts(&arguments[1..].join(","))));
        }
        _ => {}
    }
}

fn ends(thread: u32, line: &str, events: &mut Vec<Event>) {
    let Some((call, result)) = line.rsplit_once(" = ") else {
        return;
    };
    let Some((name, arguments)) = call.split_once('(') else {
        return;
    };
    let result = result.split([' ', '<']).next().unwrap_or_default();
    let Ok(result) = result.parse::<i64>() else {
        return;
    };
    if result < 0 {
        return;
    }
    let arguments = split(arguments.trim_end().trim_end_matches(')'));
    let event = match name {
        // What was sent is told where it begins; a range that is synced promises nothing.
        "close" | "sync_file_range" => None,
        "write" | "writev" | "sendto" | "sendmsg" if is_socket(&arguments[0]) => None,
        "write" | "writev" | "pwrite64" | "pwritev" => Some(written(name, &arguments, result)),
        "fsync" | "fdatasync" => Some(Event::SyncEnds { thread }),
        "rename" | "renameat" | "renameat2" | "link" | "linkat" | "unlink" | "unlinkat"
        | "rmdir" | "mkdir" | "mkdirat" => Some(named(name, &arguments)),
        _ => of_descriptor(name, &arguments, result)
            .unwrap_or_else(|| panic!("`{name}` is not modelled: {line}")),
    };
    events.extend(event);
}

fn written(name: &str, arguments: &[String], result: i64) -> Event {
    let last = arguments.last().map(String::as_str);
    let at = name.starts_with('p').then(|| {
        let at = last.and_then(|at| at.parse().ok());
        at.expect("a write at a place says where")
    });
    let mut bytes = texts(&arguments[1..].join(","));
    let size = usize::try_from(result).unwrap();
    assert!(bytes.len() >= size, "a write was not logged whole");
    bytes.truncate(size);
    let fd = fd(&arguments[0]);
    Event::Write { fd, at, bytes }
}

/// A call that changes names.
fn named(name: &str, arguments: &[String]) -> Event {
    let path = |at: usize| {
        let path = path(&arguments[at]);
        assert!(
            path.is_absolute(),
            "nobody knows from where: {name} {arguments:?}"
        );
        path
    };
    let below = |folder: usize| path_at(&arguments[folder], &arguments[folder + 1]);
    match name {
        "rename" => Event::Rename {
            from: path(0),
            to: path(1),
        },
        "renameat" | "renameat2" => {
            let exchange = arguments
                .get(4)
                .is_some_and(|flags| flags.contains("EXCHANGE"));
            assert!(!exchange, "an exchange of names is not modelled");
            Event::Rename {
                from: below(0),
                to: below(2),
            }
        }
        "link" => Event::Link {
            from: path(0),
            to: path(1),
        },
        "linkat" => Event::Link {
            from: below(0),
            to: below(2),
        },
        "mkdir" => Event::MakeFolder { path: path(0) },
        "mkdirat" => Event::MakeFolder { path: below(0) },
        "unlinkat" => Event::Remove { path: below(0) },
        _ => Event::Remove { path: path(0) },
    }
}

/// A call about a descriptor; nothing for one that changes nothing, none for one that is not known.
fn of_descriptor(name: &str, arguments: &[String], result: i64) -> Option<Option<Event>> {
    let of = fd(&arguments[0]);
    let made = i32::try_from(result).unwrap_or(-1);
    Some(Some(match name {
        "open" => opened(result, path(&arguments[0]), &arguments[1]),
        "creat" => opened(result, path(&arguments[0]), "O_CREAT|O_TRUNC"),
        "openat" => opened(result, path_at(&arguments[0], &arguments[1]), &arguments[2]),
        "dup" | "dup2" | "dup3" => Event::Dup { from: of, to: made },
        "fcntl" if arguments[1].starts_with("F_DUPFD") => Event::Dup { from: of, to: made },
        "fcntl" => return Some(None),
        "lseek" => Event::Seek {
            fd: of,
            at: result.cast_unsigned(),
        },
        "ftruncate" => Event::Truncate {
            fd: of,
            size: arguments[1].parse().ok()?,
        },
        _ => return None,
    }))
}

fn opened(fd: i64, path: PathBuf, flags: &str) -> Event {
    assert!(
        !flags.contains("O_TMPFILE"),
        "a file without a name is not modelled"
    );
    Event::Open {
        fd: fd as i32,
        path,
        create: flags.contains("O_CREAT"),
        truncate: flags.contains("O_TRUNC"),
        append: flags.contains("O_APPEND"),
    }
}

/// The arguments, which no text of theirs can break: texts are all hexadecimal.
fn split(arguments: &str) -> Vec<String> {
    let mut depth = 0u32;
    let mut parts = vec![String::new()];
    for character in arguments.chars() {
        match character {
            '[' | '{' | '<' => depth += 1,
            ']' | '}' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    for part in &mut parts {
        *part = part.trim().to_owned();
    }
    parts
}

fn fd(argument: &str) -> i32 {
    let digits = argument.split('<').next().unwrap_or_default();
    digits.parse().unwrap_or(-1)
}

fn is_socket(argument: &str) -> bool {
    let shown = argument.split_once('<').map(|(_, shown)| shown);
    shown.is_some_and(|shown| {
        ["TCP", "UNIX", "socket:", "UDP"]
            .iter()
            .any(|kind| shown.starts_with(kind))
            || String::from_utf8_lossy(&unescaped(shown)).starts_with("socket:")
    })
}

fn path(argument: &str) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&texts(argument)).into_owned())
}

/// A name below the folder of a descriptor.
fn path_at(folder: &str, name: &str) -> PathBuf {
    let folder = folder.split_once('<').map_or("", |(_, shown)| shown);
    let folder = unescaped(folder.trim_end_matches('>'));
    PathBuf::from(String::from_utf8_lossy(&folder).into_owned()).join(path(name))
}

/// The bytes of every quoted text, in order.
fn texts(argument: &str) -> Vec<u8> {
    let quoted = argument.split('"').skip(1).step_by(2);
    quoted.flat_map(unescaped).collect()
}

/// `\x2f\x61` as bytes; other characters as they are.
fn unescaped(text: &str) -> Vec<u8> {
    let text = text.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut at = 0;
    while at < text.len() {
        if let [b'\\', b'x', high, low, ..] = text[at..]
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            bytes.push(high << 4 | low);
            at += 4;
        } else {
            bytes.push(text[at]);
            at += 1;
        }
    }
    bytes
}
