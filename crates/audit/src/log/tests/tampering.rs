//! Damage at any place of any file is found, and named.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::{Chance, MemoryFiles, cosign_newest, grow, log_key, memory, newest_head, trust};
use crate::log::{LogError, Verified, against, expire, verify};

type Snapshot = BTreeMap<String, Bytes>;

/// A log of 700 entries in seven batches, with cosignatures, side objects and expired entries.
async fn whole(expired: bool) -> Snapshot {
    let files = Arc::new(MemoryFiles::default());
    grow(&files, &[1, 30, 256]).await;
    cosign_newest(&files).await;
    grow(&files, &[300, 512, 600]).await;
    if expired {
        expire(&*files, &*log_key(), &trust(), 300).await.unwrap();
    }
    grow(&files, &[700]).await;
    cosign_newest(&files).await;
    let mut snapshot = files.snapshot();
    if expired {
        snapshot.remove("tile/entries/000");
        snapshot.retain(|path, _| !path.starts_with("tile/entries/000.p/"));
    }
    snapshot
}

async fn check(files: &Snapshot) -> Result<Verified, LogError> {
    verify(&memory(files), &trust()).await
}

/// Where the damage was said to be.
async fn found(files: &Snapshot, what: &str) -> String {
    match check(files).await {
        Err(LogError::Damaged(damage)) => damage.path,
        other => panic!("{what}: {other:?}"),
    }
}

/// Does something to a file at a place; answers the files that differ, and what it did. Nothing
/// may differ, as when two bytes that are swapped are the same.
fn damage(files: &mut Snapshot, chance: &mut Chance) -> (Vec<String>, String) {
    let paths: Vec<_> = files.keys().cloned().collect();
    let path = paths[chance.below(paths.len())].clone();
    let before = files[&path].clone();
    let mut bytes = before.to_vec();
    let at = chance.below(bytes.len());
    let (other, mut touched) = (chance.below(bytes.len()), vec![path.clone()]);
    let what = match chance.below(7) {
        0 => {
            bytes[at] ^= 1 << chance.below(8);
            "flip a bit"
        }
        1 => {
            bytes[at] = bytes[at].wrapping_add(1 + chance.below(255) as u8);
            "change a byte"
        }
        2 => {
            bytes.remove(at);
            "drop a byte"
        }
        3 => {
            bytes.swap(at, other);
            "swap two bytes"
        }
        4 => {
            bytes.truncate(at);
            "truncate"
        }
        5 => {
            bytes.insert(at, chance.next() as u8);
            bytes.extend_from_slice(&before[..chance.below(3)]);
            "insert or append a byte"
        }
        _ => {
            let with = paths[chance.below(paths.len())].clone();
            bytes = files[&with].to_vec();
            files.insert(with.clone(), before.clone());
            if bytes != before {
                touched.push(with);
            }
            "swap two files"
        }
    };
    if bytes == before {
        touched.clear();
    }
    files.insert(path.clone(), bytes.into());
    (touched, format!("{what} of `{path}` at {at}"))
}

#[tokio::test]
async fn damage_at_thousands_of_places_is_found_and_located() {
    for expired in [false, true] {
        let whole = whole(expired).await;
        assert!(check(&whole).await.is_ok());
        let mut chance = Chance(2026);
        for round in 0..1200 {
            let mut files = whole.clone();
            let (touched, what) = damage(&mut files, &mut chance);
            if touched.is_empty() {
                continue;
            }
            let what = format!("round {round}, {what}");
            let path = found(&files, &what).await;
            assert!(touched.contains(&path), "{what} was found at `{path}`");
        }
    }
}

#[tokio::test]
async fn a_byte_more_or_less_at_the_end_of_any_file_is_found() {
    let whole = whole(true).await;
    for path in whole.keys() {
        for length in [-1_i64, 1] {
            let mut files = whole.clone();
            let mut bytes = whole[path].to_vec();
            bytes.resize((bytes.len() as i64 + length) as usize, b'\n');
            files.insert(path.clone(), bytes.into());
            assert_eq!(found(&files, path).await, *path, "{length}");
        }
    }
}

/// What other files say as well may be gone.
fn is_spare(path: &str, whole: &Snapshot) -> bool {
    let cosigns = path.starts_with("cosignature/");
    let full = path
        .split_once(".p/")
        .is_some_and(|(full, _)| whole.contains_key(full));
    let older = ["tile/1/000.p/1", "tile/0/002.p/88", "tile/entries/002.p/88"].contains(&path);
    cosigns || full || older
}

#[tokio::test]
async fn a_file_that_is_gone_or_does_not_belong_is_found() {
    let whole = whole(false).await;
    let newest = whole
        .keys()
        .rfind(|path| path.starts_with("head/"))
        .unwrap();
    for path in whole.keys().filter(|path| !is_spare(path, &whole)) {
        let mut files = whole.clone();
        files.remove(path);
        if path == newest {
            // A cosignature under it is left; without that nothing here shows it.
            assert!(found(&files, path).await.starts_with("cosignature/"));
        } else {
            let at = found(&files, path).await;
            assert!(at == *path, "`{path}` was found at `{at}`");
        }
    }
    for path in whole.keys().filter(|path| is_spare(path, &whole)) {
        let mut files = whole.clone();
        files.remove(path);
        assert!(check(&files).await.is_ok(), "{path}");
    }
    for path in [
        "notes.txt",
        "head/1",
        "tile/0/000.p/256",
        "tile/entries/x001",
        "side/abc",
    ] {
        let mut files = whole.clone();
        files.insert(path.to_owned(), Bytes::from_static(b"x"));
        assert_eq!(found(&files, path).await, path);
    }
}

#[tokio::test]
async fn an_offset_leads_to_the_damage() {
    let whole = whole(false).await;
    for (path, at) in [
        ("tile/0/001", 700),
        ("tile/0/002.p/188", 64),
        ("tile/1/000.p/2", 40),
    ] {
        let mut files = whole.clone();
        let mut bytes = files[path].to_vec();
        bytes[at] ^= 4;
        files.insert(path.to_owned(), bytes.into());
        let Err(LogError::Damaged(damage)) = check(&files).await else {
            panic!("{path} is damaged");
        };
        assert_eq!(
            (damage.path.as_str(), damage.offset),
            (path, Some(at as u64 / 32 * 32))
        );
    }
    let mut files = whole.clone();
    let mut bytes = files["tile/entries/001"].to_vec();
    let (entries, _) = crate::log::split_bundle(&whole["tile/entries/001"]);
    bytes[entries[9].0 + 20] ^= 1;
    files.insert("tile/entries/001".to_owned(), bytes.into());
    let Err(LogError::Damaged(damage)) = check(&files).await else {
        panic!("an entry is damaged");
    };
    assert_eq!(
        (damage.entry, damage.offset),
        (Some(265), Some(entries[9].0 as u64))
    );
}

/// An older state with everything that was signed then, and nothing that came later.
async fn states() -> (Snapshot, Snapshot) {
    let files = Arc::new(MemoryFiles::default());
    grow(&files, &[100, 300]).await;
    let old = files.snapshot();
    grow(&files, &[500]).await;
    cosign_newest(&files).await;
    (old, files.snapshot())
}

#[tokio::test]
async fn a_rollback_to_an_older_signed_state_is_found_against_a_later_checkpoint() {
    let (old, new) = states().await;
    let later = newest_head(&memory(&new)).await;
    assert!(check(&old).await.is_ok(), "by itself it is a whole log");
    let refused = against(&memory(&old), &trust(), &later).await;
    assert!(matches!(
        refused,
        Err(LogError::RolledBack {
            found: 300,
            signed: 500
        })
    ));
    // A cosignature of the later state alone shows it, too.
    let line = new
        .iter()
        .find(|(path, _)| path.starts_with("cosignature/"))
        .unwrap()
        .1;
    let text = String::from_utf8(later.to_vec()).unwrap();
    let text = text.split("— ").next().unwrap();
    let cosigned = [text.as_bytes(), line].concat();
    let refused = against(&memory(&old), &trust(), &cosigned).await;
    assert!(matches!(
        refused,
        Err(LogError::RolledBack {
            found: 300,
            signed: 500
        })
    ));
    // An empty store is a rollback as well.
    let refused = against(&MemoryFiles::default(), &trust(), &later).await;
    assert!(matches!(
        refused,
        Err(LogError::RolledBack {
            found: 0,
            signed: 500
        })
    ));
    // The newer log holds against the older checkpoint, and against its own.
    let older = newest_head(&memory(&old)).await;
    for checkpoint in [&older, &later] {
        against(&memory(&new), &trust(), checkpoint).await.unwrap();
    }
}

#[tokio::test]
async fn a_fork_is_found_against_a_checkpoint_of_the_other_branch() {
    let files = Arc::new(MemoryFiles::default());
    grow(&files, &[300]).await;
    let branch = Arc::new(memory(&files.snapshot()));
    grow(&files, &[400, 600]).await;
    let mut other = super::open(&branch).await;
    other
        .append(&super::entries_of(301..=450, "served.other"))
        .await
        .unwrap();
    let theirs = newest_head(&branch).await;
    let refused = against(&*files, &trust(), &theirs).await;
    assert!(matches!(refused, Err(LogError::Forked { size: 450 })));
    // Put into the log in the place of a head, it is found without help.
    let mut forged = files.snapshot();
    forged.insert("head/00000000000000000002".to_owned(), theirs);
    assert_eq!(
        found(&forged, "a forged head").await,
        "head/00000000000000000002"
    );
    // A checkpoint of somebody else shows nothing.
    let stranger = b"dtm.example/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\
        \xe2\x80\x94 dtm.example/audit AAAAAAAA\n";
    assert!(matches!(
        against(&*files, &trust(), stranger).await,
        Err(LogError::Unproven { .. })
    ));
}

#[tokio::test]
async fn a_checkpoint_beside_the_heads_is_checked_as_well() {
    let (old, new) = states().await;
    let mut files = new.clone();
    files.insert("checkpoint".to_owned(), newest_head(&memory(&old)).await);
    assert!(
        check(&files).await.is_ok(),
        "an older one is a copy that is late"
    );
    let mut files = old.clone();
    files.insert("checkpoint".to_owned(), newest_head(&memory(&new)).await);
    assert_eq!(found(&files, "a newer checkpoint").await, "checkpoint");
}
