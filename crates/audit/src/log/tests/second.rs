//! The second implementation, `examples/audit/verify_log.py`, beside ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::{MemoryFiles, cosign_newest, grow, log_key, log_vkey, trust, witness_vkey};
use crate::log::{LocalFolder, against, expire, is_deletable, verify};

async fn whole() -> BTreeMap<String, Bytes> {
    let files = Arc::new(MemoryFiles::default());
    grow(&files, &[20, 300, 520]).await;
    let now = expire(&*files, &*log_key(), &trust(), 256).await.unwrap();
    grow(&files, &[600]).await;
    cosign_newest(&files).await;
    let mut snapshot = files.snapshot();
    snapshot.retain(|path, _| !is_deletable(&path.parse().unwrap(), 600, now));
    snapshot
}

fn copy(files: &BTreeMap<String, Bytes>) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

#[expect(
    clippy::disallowed_methods,
    reason = "the second implementation is a program"
)]
fn run(folder: &Path, more: &[&str]) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/audit/verify_log.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(folder)
        .args(["--key", &log_vkey().to_string()])
        .args(["--witness", &witness_vkey().to_string()])
        .args(more)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn both_implementations_verify_a_copied_log() {
    let folder = copy(&whole().await);
    let verified = verify(&LocalFolder::new(folder.path()), &trust())
        .await
        .unwrap();
    assert_eq!(
        (verified.entries, verified.gone, verified.heads),
        (600, 256, 4)
    );
    let (is_whole, text) = run(folder.path(), &[]);
    assert!(is_whole, "{text}");
    assert!(text.contains("600 entries"), "{text}");
    assert!(text.contains("witness.example/w1"), "{text}");
}

#[tokio::test]
async fn a_rollback_is_found_by_both_against_a_checkpoint_that_was_kept() {
    let files = Arc::new(MemoryFiles::default());
    grow(&files, &[20, 300]).await;
    let old = copy(&files.snapshot());
    grow(&files, &[400]).await;
    let new = copy(&files.snapshot());
    let head = |folder: &TempDir, number: u64| folder.path().join(format!("head/{number:020}"));
    for (folder, kept, holds) in [(&old, head(&new, 3), false), (&new, head(&old, 2), true)] {
        let (is_whole, text) = run(folder.path(), &["--against", kept.to_str().unwrap()]);
        assert_eq!(
            (is_whole, text.contains("rolled back")),
            (holds, !holds),
            "{text}"
        );
        let checkpoint = fs::read(kept).unwrap();
        let held = against(&LocalFolder::new(folder.path()), &trust(), &checkpoint).await;
        assert_eq!(held.is_ok(), holds);
    }
}

#[tokio::test]
async fn both_implementations_find_the_same_damage() {
    let whole = whole().await;
    for path in whole.keys() {
        let mut files = whole.clone();
        let mut bytes = files[path].to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        files.insert(path.clone(), bytes.into());
        let folder = copy(&files);
        assert!(
            verify(&LocalFolder::new(folder.path()), &trust())
                .await
                .is_err(),
            "{path}"
        );
        let (is_whole, text) = run(folder.path(), &[]);
        assert!(!is_whole && text.contains(path), "`{path}`: {text}");
    }
}
