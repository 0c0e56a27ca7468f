//! A witness: what it cosigns and what it refuses.

use std::sync::Arc;

use super::{
    MemoryFiles, WITNESS, entries_of, grow, log_of, log_vkey, memory, open, trust, witness_key,
};
use crate::log::{
    AddCheckpoint, Refusal, TreeHead, Witness, consistency_request, newest_checkpoint, read_answer,
    record_cosignature, verify,
};

const AT: u64 = 1_789_466_400;

async fn request(files: &MemoryFiles, old_size: u64) -> (u64, AddCheckpoint) {
    consistency_request(files, &trust(), old_size)
        .await
        .unwrap()
        .unwrap()
}

fn check(latest: Option<&TreeHead>, request: &AddCheckpoint) -> Result<TreeHead, Refusal> {
    let (key, logs) = (witness_key(), [log_vkey()]);
    let witness = Witness::new(WITNESS, &*key, &logs);
    witness
        .check(latest, request, AT)
        .map(|cosigned| cosigned.head)
}

#[tokio::test]
async fn a_growing_log_is_cosigned_and_shows_it() {
    let files = Arc::new(MemoryFiles::default());
    assert!(
        consistency_request(&*files, &trust(), 0)
            .await
            .unwrap()
            .is_none()
    );
    let (key, logs) = (witness_key(), [log_vkey()]);
    let witness = Witness::new(WITNESS, &*key, &logs);
    let mut kept: Option<String> = None;
    for size in [1, 5, 256, 300, 1000] {
        grow(&files, &[size]).await;
        let latest = kept.map(|note| witness.recall(note.as_bytes()).unwrap());
        let old = latest.as_ref().map_or(0, |head| head.size);
        let (number, request) = request(&files, old).await;
        let text = request.to_string();
        assert_eq!(text.parse::<AddCheckpoint>().unwrap(), request);
        let cosigned = witness.check(latest.as_ref(), &request, AT).unwrap();
        assert_eq!(cosigned.head.size, size);
        let lines = read_answer(&cosigned.line.to_string()).unwrap();
        record_cosignature(&*files, &trust(), number, &lines[0])
            .await
            .unwrap();
        kept = Some(cosigned.note.to_string());
        let verified = verify(&*files, &trust()).await.unwrap();
        let newest = &verified.cosigned_by[0];
        assert_eq!((newest.size, newest.by.at_unix_s), (size, Some(AT)));
        assert_eq!(verified.checkpoint.unwrap().cosigned_by[0].name, WITNESS);
    }
    grow(&files, &[1001]).await;
    let verified = verify(&*files, &trust()).await.unwrap();
    assert_eq!(
        (verified.cosigned_by[0].size, verified.entries),
        (1000, 1001)
    );
    assert!(verified.checkpoint.unwrap().cosigned_by.is_empty());
    let (_, newest) = newest_checkpoint(&*files, &trust()).await.unwrap().unwrap();
    assert!(newest.cosigned_by.is_empty());
}

#[tokio::test]
async fn an_older_tree_and_a_fork_are_refused() {
    let files = log_of(&[100]).await;
    let branch = Arc::new(memory(&files.snapshot()));
    let (_, first) = request(&files, 0).await;
    let head = check(None, &first).unwrap();
    assert_eq!(
        check(Some(&head), &first),
        Err(Refusal::Stale {
            latest: 100,
            given: 0
        })
    );
    let (_, again) = request(&files, 100).await;
    assert_eq!(
        check(Some(&head), &again).unwrap(),
        head,
        "to ask again is no fault"
    );

    grow(&files, &[300]).await;
    let (_, next) = request(&files, 100).await;
    let newer = check(Some(&head), &next).unwrap();
    // The older checkpoint comes again.
    assert_eq!(
        check(Some(&newer), &again),
        Err(Refusal::Stale {
            latest: 300,
            given: 100
        })
    );
    let mut malformed = again.clone();
    malformed.old_size = 300;
    assert!(matches!(
        check(Some(&newer), &malformed),
        Err(Refusal::Malformed(_))
    ));
    assert!(consistency_request(&*branch, &trust(), 300).await.is_err());

    // The log forgets the entries from 101 on and writes others.
    let mut other = open(&branch).await;
    other
        .append(&entries_of(101..=300, "served.other"))
        .await
        .unwrap();
    let (_, same_size) = request(&branch, 300).await;
    assert_eq!(
        check(Some(&newer), &same_size),
        Err(Refusal::Forked { size: 300 })
    );
    other
        .append(&entries_of(301..=310, "served.other"))
        .await
        .unwrap();
    let (_, longer) = request(&branch, 300).await;
    assert_eq!(check(Some(&newer), &longer), Err(Refusal::Inconsistent));
    let mut empty = longer.clone();
    empty.proof.clear();
    assert_eq!(check(Some(&newer), &empty), Err(Refusal::Inconsistent));
    let mut first_with_proof = first.clone();
    first_with_proof.proof = longer.proof;
    assert_eq!(check(None, &first_with_proof), Err(Refusal::Inconsistent));
}

#[tokio::test]
async fn a_bad_signature_and_an_unknown_log_are_refused() {
    let files = log_of(&[10]).await;
    let (_, good) = request(&files, 0).await;
    let mut bad = good.clone();
    bad.checkpoint.signatures[0].bytes[0] ^= 1;
    assert_eq!(check(None, &bad), Err(Refusal::Unsigned));
    let mut bad = good.clone();
    bad.checkpoint.text = bad.checkpoint.text.replace("\n10\n", "\n11\n");
    assert_eq!(check(None, &bad), Err(Refusal::Unsigned));
    let mut other = good.clone();
    other.checkpoint.text = other.checkpoint.text.replace("dtm", "dtn");
    assert!(matches!(
        check(None, &other),
        Err(Refusal::UnknownOrigin(_))
    ));
    let statuses: Vec<_> = [
        Refusal::Malformed(String::new()),
        Refusal::Unsigned,
        Refusal::UnknownOrigin(String::new()),
        Refusal::Stale {
            latest: 1,
            given: 0,
        },
        Refusal::Inconsistent,
    ]
    .iter()
    .map(Refusal::http_status)
    .collect();
    assert_eq!(statuses, [400, 403, 404, 409, 422]);
    let key = witness_key();
    let witness = Witness::new(WITNESS, &*key, &[]);
    assert!(
        witness
            .recall(good.checkpoint.to_string().as_bytes())
            .is_err()
    );
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let files = log_of(&[10, 20]).await;
    let good = request(&files, 10).await.1.to_string();
    assert!(good.parse::<AddCheckpoint>().is_ok());
    for bad in [
        good.replace("old 10", "old 010"),
        good.replace("old 10", "old -1"),
        good.replace("old 10", "old  10"),
        good.replace("old ", "new "),
        good.replacen("=\n", "=", 1),
        good.replacen("=\n", "\n", 1),
        good.replacen(
            "old 10\n",
            &format!("old 10\n{}", format!("{}=\n", "A".repeat(43)).repeat(64)),
            1,
        ),
        good.trim_end().to_owned(),
        String::new(),
    ] {
        assert!(bad.parse::<AddCheckpoint>().is_err(), "{bad}");
    }
    assert!(read_answer("— w AAAAAAAA").is_err());
    assert!(read_answer("").is_err());
}
