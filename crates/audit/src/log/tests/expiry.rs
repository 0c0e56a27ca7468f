//! Entries that expired.

use std::sync::Arc;

use super::{ORIGIN, grow, log_key, log_of, memory, trust};
use crate::log::layout::Place;
use crate::log::{Expired, LogError, expire, expired, is_deletable, prove, verify, verify_proof};

#[tokio::test]
async fn bundles_may_be_missing_only_as_far_as_a_signed_marker_says() {
    let files = log_of(&[100, 600]).await;
    assert_eq!(
        expired(&*files, &trust()).await.unwrap(),
        Expired::default()
    );
    let old = prove(&*files, &trust(), 3).await.unwrap().to_string();
    let now = expire(&*files, &*log_key(), &trust(), 500).await.unwrap();
    assert_eq!(
        now,
        Expired {
            marker: 1,
            entries: 256
        }
    );
    let mut left = files.snapshot();
    left.retain(|path, _| !is_deletable(&path.parse().unwrap(), 600, now));
    assert!(!left.contains_key("tile/entries/000") && left.contains_key("tile/entries/001"));
    assert!(left.contains_key("tile/0/000") && left.contains_key("tile/0/002.p/88"));
    assert!(!left.contains_key("tile/0/000.p/100"));

    let files = Arc::new(memory(&left));
    let verified = verify(&*files, &trust()).await.unwrap();
    assert_eq!(
        (verified.entries, verified.expired, verified.gone),
        (600, 256, 256)
    );
    // The log goes on, the old proof holds, a new one of what is gone cannot be made.
    grow(&files, &[800]).await;
    assert_eq!(verify(&*files, &trust()).await.unwrap().gone, 256);
    assert!(verify_proof(&old, &trust()).is_ok());
    assert!(prove(&*files, &trust(), 3).await.is_err());
    assert!(prove(&*files, &trust(), 256).await.is_ok());

    left.remove("tile/entries/001");
    let refused = verify(&memory(&left), &trust()).await;
    assert!(matches!(refused, Err(LogError::Damaged(d)) if d.path == "tile/entries/001"));
}

#[tokio::test]
async fn a_marker_is_never_taken_back_and_says_no_more_than_there_is() {
    let files = log_of(&[600]).await;
    let first = expire(&*files, &*log_key(), &trust(), 256).await.unwrap();
    assert_eq!(
        expire(&*files, &*log_key(), &trust(), 100).await.unwrap(),
        first
    );
    let second = expire(&*files, &*log_key(), &trust(), 512).await.unwrap();
    assert_eq!((second.marker, second.entries), (2, 512));
    assert!(expire(&*files, &*log_key(), &trust(), 768).await.is_err());
    assert_eq!(verify(&*files, &trust()).await.unwrap().expired, 512);
}

#[tokio::test]
async fn a_marker_that_the_log_did_not_sign_is_refused() {
    let files = log_of(&[600]).await;
    expire(&*files, &*super::key(9), &trust(), 256)
        .await
        .unwrap();
    let refused = verify(&*files, &trust()).await;
    assert!(matches!(refused, Err(LogError::Damaged(d)) if d.path.starts_with("expired/")));
    // A checkpoint is none, though the log signed it.
    let mut files = log_of(&[600]).await.snapshot();
    let head = files["head/00000000000000000001"].clone();
    assert!(head.starts_with(ORIGIN.as_bytes()));
    files.insert(Place::Expired(1).to_string(), head);
    assert!(verify(&memory(&files), &trust()).await.is_err());
}
