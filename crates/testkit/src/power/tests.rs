use std::path::Path;

use tempfile::TempDir;

use super::{Trace, traced};

/// The trace of a script in an empty folder but for `old`, and the folder's own copy.
fn trace_of(script: &str) -> (TempDir, Trace) {
    let root = TempDir::new().unwrap();
    let (folder, before) = (root.path().join("folder"), root.path().join("before"));
    for place in [&folder, &before] {
        std::fs::create_dir(place).unwrap();
        std::fs::write(place.join("old"), "old").unwrap();
    }
    let log = root.path().join("log");
    let mut command = traced(Path::new("/bin/sh"), &log);
    command.arg("-c").arg(script).current_dir(&folder);
    // The tracer ends after what it traced, and holds the pipe until then.
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::read(&log, &folder, &before);
    (root, trace)
}

/// The trace of calls as `strace` notes them, with paths and texts in brackets of their own.
fn trace_of_calls(calls: &[&str]) -> (TempDir, Trace) {
    let root = TempDir::new().unwrap();
    let (folder, before) = (root.path().join("folder"), root.path().join("before"));
    for place in [&folder, &before] {
        std::fs::create_dir(place).unwrap();
        std::fs::write(place.join("old"), "old").unwrap();
    }
    let hex = |text: &str| {
        text.bytes()
            .map(|byte| format!("\\x{byte:02x}"))
            .collect::<String>()
    };
    let mut log = String::new();
    for call in calls {
        // `{name}` is a path in the folder.
        let mut parts = call.split(['{', '}']);
        log.push_str(parts.next().unwrap());
        while let (Some(name), Some(rest)) = (parts.next(), parts.next()) {
            let path = folder.join(name);
            log.push_str(&format!("\"{}\"", hex(path.to_str().unwrap())));
            log.push_str(rest);
        }
        log.push('\n');
    }
    let path = root.path().join("log");
    std::fs::write(&path, log).unwrap();
    let trace = Trace::read(&path, &folder, &before);
    (root, trace)
}

/// What is left at each moment, without repetitions: the names with what they hold.
fn left(trace: &Trace) -> Vec<String> {
    let mut left: Vec<String> = Vec::new();
    for moment in 0..=trace.moments() {
        let image = TempDir::new().unwrap();
        trace.image(moment, image.path());
        let mut files: Vec<String> = std::fs::read_dir(image.path())
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let held = std::fs::read_to_string(&path).unwrap_or_else(|_| "/".to_owned());
                format!("{name}={held}")
            })
            .collect();
        files.sort();
        let files = files.join(" ");
        if left.last() != Some(&files) {
            left.push(files);
        }
    }
    left
}

#[test]
fn what_was_not_synced_is_gone() {
    let (_root, trace) =
        trace_of("printf new > new; printf more >> old; mkdir \"$PWD/folder\"; rm old");
    assert_eq!(left(&trace), ["old=old"]);
}

#[test]
fn a_file_is_there_when_its_bytes_and_its_name_are_synced() {
    let (_root, trace) = trace_of("printf new > a; /bin/sync a; /bin/sync .");
    assert_eq!(left(&trace), ["old=old", "a=new old=old"]);
    let (_root, trace) = trace_of("printf new > a; /bin/sync .; /bin/sync a; printf x >> a");
    assert_eq!(left(&trace), ["old=old", "a= old=old", "a=new old=old"]);
}

#[test]
fn a_new_name_is_kept_when_its_folder_is_synced() {
    let (_root, trace) =
        trace_of("printf new > t; /bin/sync t; mv t old; /bin/sync .; ln old b; rm old");
    assert_eq!(left(&trace), ["old=old", "old=new"]);
    let (_root, trace) = trace_of("mkdir \"$PWD/d\"; printf n > d/a; /bin/sync d/a; /bin/sync d");
    assert_eq!(left(&trace), ["old=old"]);
}

#[test]
fn what_was_sent_is_found_at_the_moment_before() {
    let script = "printf a > a; /bin/sync a; /bin/sync .; \
                  python3 -c 'import socket; a, b = socket.socketpair(); a.send(b\"receipt 7\")'";
    let (_root, trace) = trace_of(script);
    let sent = trace.sent("receipt 7").unwrap();
    let image = TempDir::new().unwrap();
    trace.image(sent, image.path());
    assert!(image.path().join("a").exists());
    assert_eq!(trace.sent("receipt 8"), None);
}

#[test]
fn a_sync_that_began_before_another_takes_nothing_of_it_back() {
    let (_root, trace) = trace_of_calls(&[
        "1 openat(AT_FDCWD, {}, O_RDONLY) = 3",
        "1 fsync(3<d> <unfinished ...>",
        "2 openat(AT_FDCWD, {new}, O_WRONLY|O_CREAT) = 4",
        "2 openat(AT_FDCWD, {}, O_RDONLY) = 5",
        "2 fsync(5<d>) = 0",
        "1 <... fsync resumed>) = 0",
    ]);
    assert_eq!(left(&trace), ["old=old", "new= old=old"]);
}

#[test]
fn a_descriptor_is_another_s_when_its_close_has_begun() {
    let (_root, trace) = trace_of_calls(&[
        "1 openat(AT_FDCWD, {new}, O_WRONLY|O_CREAT) = 3",
        "1 close(3<f> <unfinished ...>",
        "2 openat(AT_FDCWD, {}, O_RDONLY) = 3",
        "1 <... close resumed>) = 0",
        "2 fsync(3<d>) = 0",
    ]);
    assert_eq!(left(&trace), ["old=old", "new= old=old"]);
}
