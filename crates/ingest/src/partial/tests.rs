use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use expect_test::expect;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Checksum, Found, PartialBody};

fn begun(folder: &Path, length: u64) -> PartialBody {
    PartialBody::create(folder, "u1", length, &json!({ "of": "H26" }), 1).unwrap()
}

/// A part that arrives whole.
fn push(body: &mut PartialBody, bytes: &[u8]) {
    let mut part = body.part(None).unwrap();
    part.push(bytes).unwrap();
    assert!(part.finish(2).unwrap());
    body.advance(part.offset());
}

fn opened(folder: &Path) -> Option<Found> {
    PartialBody::open(folder, "u1").unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn parts_become_one_body_which_is_hashed_and_left_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut body = begun(folder.path(), 3);
    push(&mut body, b"a");
    assert!(!body.is_complete());
    push(&mut body, b"bc");
    assert!(body.is_complete());
    let spooled = body.spooled().unwrap();
    expect!["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]
        .assert_eq(spooled.sha256());
    assert_eq!(spooled.size_bytes(), 3);
    drop(spooled);
    assert_eq!(files(folder.path()), ["u1.data", "u1.log"]);
    assert_eq!(body.spooled().unwrap().size_bytes(), 3);
}

#[test]
fn after_a_crash_it_is_as_it_was_last_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut body = begun(folder.path(), 10);
    push(&mut body, b"abc");
    let mut part = body.part(None).unwrap();
    part.push(b"de").unwrap();
    part.sync(7).unwrap();
    part.push(b"lost").unwrap();
    drop((part, body));
    let found = opened(folder.path()).unwrap();
    assert_eq!((found.body.offset(), found.body.length()), (5, 10));
    assert_eq!((found.about, found.stamp), (json!({ "of": "H26" }), 7));
    let mut body = found.body;
    push(&mut body, b"fghij");
    let spooled = body.spooled().unwrap();
    assert_eq!(spooled.bytes(), b"abcdefghij");
}

#[test]
fn bytes_that_a_power_cut_left_behind_are_not_taken_for_the_body() {
    let folder = tempfile::tempdir().unwrap();
    let mut body = begun(folder.path(), 6);
    push(&mut body, b"abc");
    append(&folder.path().join("u1.data"), &[0; 3]);
    // A line that was cut off says nothing, and the next one stands by itself.
    append(&folder.path().join("u1.log"), b"{\"offset\":6,\"st");
    let mut body = opened(folder.path()).unwrap().body;
    assert_eq!(body.offset(), 3);
    push(&mut body, b"def");
    let body = opened(folder.path()).unwrap().body;
    assert!(body.is_complete());
    let spooled = body.spooled().unwrap();
    assert_eq!(spooled.bytes(), b"abcdef");
}

#[test]
fn one_that_was_never_acknowledged_or_lost_its_bytes_is_gone() {
    for spoil in ["first line", "data", "short data"] {
        let folder = tempfile::tempdir().unwrap();
        let mut body = begun(folder.path(), 6);
        push(&mut body, b"abc");
        let (data, log) = (folder.path().join("u1.data"), folder.path().join("u1.log"));
        match spoil {
            "first line" => std::fs::write(log, b"{\"length\":6,").unwrap(),
            "data" => std::fs::remove_file(data).unwrap(),
            _ => std::fs::write(data, b"ab").unwrap(),
        }
        assert!(opened(folder.path()).is_none(), "{spoil}");
        assert!(files(folder.path()).is_empty(), "{spoil}");
    }
}

#[test]
fn a_part_that_is_not_what_its_checksum_says_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut body = begun(folder.path(), 6);
    push(&mut body, b"abc");
    let sums = [
        Checksum::Sha1(Sha1::digest(b"def").into()),
        Checksum::Sha256(Sha256::digest(b"def").into()),
    ];
    for sum in sums {
        let mut part = body.part(Some(sum)).unwrap();
        part.push(b"dEf").unwrap();
        part.sync(3).unwrap();
        assert_eq!(part.offset(), 3);
        assert!(!part.finish(3).unwrap());
        body.advance(part.offset());
        assert_eq!(opened(folder.path()).unwrap().body.offset(), 3);
        assert_eq!(
            std::fs::read(folder.path().join("u1.data")).unwrap(),
            b"abc"
        );
    }
    for sum in sums {
        let mut body = opened(folder.path()).unwrap().body;
        let mut part = body.part(Some(sum)).unwrap();
        part.push(b"de").unwrap();
        part.push(b"f").unwrap();
        assert!(part.finish(3).unwrap());
        body.advance(part.offset());
        assert!(body.is_complete());
        std::fs::write(folder.path().join("u1.data"), b"abc").unwrap();
        let log = std::fs::read_to_string(folder.path().join("u1.log")).unwrap();
        let kept: Vec<&str> = log.lines().take(2).collect();
        std::fs::write(folder.path().join("u1.log"), kept.join("\n") + "\n").unwrap();
    }
}

#[test]
fn bytes_beyond_the_length_are_refused_and_none_of_them_kept() {
    let folder = tempfile::tempdir().unwrap();
    let body = begun(folder.path(), 3);
    let mut part = body.part(None).unwrap();
    part.push(b"ab").unwrap();
    let error = part.push(b"cd").unwrap_err();
    expect!["the body is over the limit `Upload-Length` of 3"].assert_eq(&error.to_string());
    assert!(part.finish(2).unwrap());
    assert_eq!(part.offset(), 2);
}

#[test]
fn what_became_of_it_is_kept_and_its_bytes_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut body = begun(folder.path(), 3);
    push(&mut body, b"abc");
    body.settle(&json!({ "submission": "s1" }), 9).unwrap();
    assert_eq!(files(folder.path()), ["u1.log"]);
    let found = opened(folder.path()).unwrap();
    assert_eq!(found.outcome, Some(json!({ "submission": "s1" })));
    assert_eq!((found.stamp, found.body.is_complete()), (9, true));
    found.body.delete().unwrap();
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_sweep_finds_them_and_takes_away_what_belongs_to_none() {
    let folder = tempfile::tempdir().unwrap();
    begun(folder.path(), 3);
    for left in ["body-x7", "u0.data"] {
        std::fs::write(folder.path().join(left), b"x").unwrap();
    }
    assert_eq!(PartialBody::sweep(folder.path()).unwrap(), ["u1"]);
    assert_eq!(files(folder.path()), ["u1.data", "u1.log"]);
    let again = PartialBody::create(folder.path(), "u1", 1, &Value::Null, 1);
    assert!(again.is_err(), "a name is given once");
}
