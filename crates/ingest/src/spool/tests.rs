use expect_test::expect;
use sha2::{Digest, Sha256};

use crate::Spool;

fn files(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_body_over_the_limit_is_refused_by_name_and_its_file_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let half = vec![b'1'; Spool::MEMORY_BYTES];
    let mut spool = Spool::new(folder.path(), 2 * half.len() as u64);
    spool.push(&half).unwrap();
    assert_eq!(files(folder.path()), 0);
    spool.push(&half).unwrap();
    assert_eq!(files(folder.path()), 1);
    let error = spool.push(b"6").unwrap_err();
    expect!["the body is over the limit `body_bytes` of 65536"].assert_eq(&error.to_string());
    drop(spool);
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn a_missing_folder_is_named() {
    let mut spool = Spool::new("/nowhere/at/all".as_ref(), u64::MAX);
    let error = spool.push(&[0; Spool::MEMORY_BYTES + 1]).unwrap_err();
    expect!["cannot create a spool file in `/nowhere/at/all`"].assert_eq(&error.to_string());
}

#[test]
fn a_small_body_is_kept_and_hashed_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(folder.path(), 100);
    spool.push(b"a").unwrap();
    spool.push(b"").unwrap();
    spool.push(b"bc").unwrap();
    let spooled = spool.finish().unwrap();
    expect!["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]
        .assert_eq(spooled.sha256());
    assert_eq!(spooled.size_bytes(), 3);
    assert_eq!(spooled.bytes(), b"abc");
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn a_body_that_grows_is_kept_whole_in_a_file_that_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let body: Vec<u8> = (0..Spool::MEMORY_BYTES * 3).map(|n| n as u8).collect();
    let mut spool = Spool::new(folder.path(), u64::MAX);
    for part in body.chunks(1000) {
        spool.push(part).unwrap();
    }
    let spooled = spool.finish().unwrap();
    assert_eq!(spooled.size_bytes(), body.len() as u64);
    assert_eq!(spooled.sha256(), hex::encode(Sha256::digest(&body)));
    assert_eq!(spooled.bytes(), body);
    assert_eq!(files(folder.path()), 1);
    drop(spooled);
    assert_eq!(files(folder.path()), 0);
}
