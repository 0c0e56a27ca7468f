use expect_test::expect;

use crate::Spool;

#[test]
fn a_body_over_the_limit_is_refused_by_name_and_its_file_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::create(folder.path(), 5).unwrap();
    spool.push(b"12345").unwrap();
    let error = spool.push(b"6").unwrap_err();
    expect!["the body is over the limit `body_bytes` of 5"].assert_eq(&error.to_string());
    drop(spool);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_folder_is_named() {
    let error = Spool::create("/nowhere/at/all".as_ref(), 5).unwrap_err();
    expect!["cannot create a spool file in `/nowhere/at/all`"].assert_eq(&error.to_string());
}

#[test]
fn a_body_is_kept_and_hashed_as_it_came_and_deleted_when_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::create(folder.path(), 100).unwrap();
    spool.push(b"a").unwrap();
    spool.push(b"").unwrap();
    spool.push(b"bc").unwrap();
    let spooled = spool.finish().unwrap();
    expect!["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]
        .assert_eq(spooled.sha256());
    assert_eq!(spooled.size_bytes(), 3);
    assert_eq!(std::fs::read(spooled.path()).unwrap(), b"abc");
    drop(spooled);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
