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
