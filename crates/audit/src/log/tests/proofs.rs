//! Proofs of single entries.

use super::{Chance, WITNESS, cosign_newest, entries, grow, log_of, memory, trust};
use crate::log::{KeyKind, Leaf, LogError, Proof, Trust, VerifierKey, prove, verify_proof};

#[tokio::test]
async fn every_entry_is_proved_without_the_log() {
    let files = log_of(&[1, 255, 300, 600]).await;
    let all = entries(1..=600);
    for index in [0, 1, 254, 255, 256, 511, 512, 598, 599] {
        let proof = prove(&*files, &trust(), index).await.unwrap();
        let text = proof.to_string();
        assert_eq!(text.parse::<Proof>().unwrap(), proof);
        let proven = verify_proof(&text, &trust()).unwrap();
        assert_eq!(proven.leaf, all[index as usize].leaf);
        assert_eq!(proven.checkpoint.head.size, 600);
        assert!(proven.checkpoint.cosigned_by.is_empty());
    }
    for index in [600, u64::MAX] {
        assert!(prove(&*files, &trust(), index).await.is_err());
    }
}

#[tokio::test]
async fn a_proof_has_the_form_of_the_specification_and_the_cosignatures() {
    let files = log_of(&[5]).await;
    cosign_newest(&files).await;
    let text = prove(&*files, &trust(), 4).await.unwrap().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "c2sp.org/tlog-proof@v1");
    assert!(lines[1].starts_with("extra ey"));
    assert_eq!(lines[2], "index 4");
    assert_eq!(
        (lines[3].len(), lines[4], lines[5]),
        (44, "", "dtm.example/audit")
    );
    assert!(lines[10].starts_with("— witness.example/w1 "));
    let proven = verify_proof(&text, &trust()).unwrap();
    assert_eq!(proven.checkpoint.cosigned_by[0].name, WITNESS);
    // Who does not trust the witness sees that nobody did.
    let without = Trust::new(trust().log_keys().to_vec(), Vec::new()).unwrap();
    assert!(
        verify_proof(&text, &without)
            .unwrap()
            .checkpoint
            .cosigned_by
            .is_empty()
    );
}

#[tokio::test]
async fn a_proof_is_under_the_newest_cosigned_checkpoint_that_has_the_entry() {
    let files = log_of(&[100]).await;
    cosign_newest(&files).await;
    grow(&files, &[200, 300]).await;
    for (index, size, witnesses) in [(99, 100, 1), (100, 300, 0), (299, 300, 0)] {
        let proof = prove(&*files, &trust(), index).await.unwrap();
        let proven = verify_proof(&proof.to_string(), &trust()).unwrap();
        assert_eq!(proven.checkpoint.head.size, size);
        assert_eq!(proven.checkpoint.cosigned_by.len(), witnesses);
    }
}

#[tokio::test]
async fn a_proof_that_was_changed_anywhere_is_refused() {
    let files = log_of(&[300]).await;
    cosign_newest(&files).await;
    let text = prove(&*files, &trust(), 123).await.unwrap().to_string();
    let mut chance = Chance(7);
    for round in 0..2000 {
        let mut bytes = text.clone().into_bytes();
        let at = chance.below(bytes.len());
        match chance.below(3) {
            0 => bytes[at] ^= 1 << chance.below(7),
            1 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        // A signature that nobody knows is passed over: the witness is gone then.
        let witnessed = verify_proof(&changed, &trust())
            .is_ok_and(|proven| !proven.checkpoint.cosigned_by.is_empty());
        assert!(!witnessed, "round {round}:\n{changed}");
        let logged = text.split("— witness").next().unwrap();
        let logged = changed.starts_with(logged);
        assert!(
            logged || verify_proof(&changed, &trust()).is_err(),
            "round {round}:\n{changed}"
        );
    }
}

#[tokio::test]
async fn a_proof_by_a_key_that_is_not_trusted_is_refused() {
    let files = log_of(&[3]).await;
    let text = prove(&*files, &trust(), 0).await.unwrap().to_string();
    let stranger = VerifierKey::new(
        "dtm.example/audit",
        KeyKind::Ed25519,
        super::key(9).public(),
    );
    let other = Trust::new(vec![stranger.unwrap()], Vec::new()).unwrap();
    assert!(matches!(
        verify_proof(&text, &other),
        Err(LogError::Unproven { .. })
    ));
    assert!(Trust::new(Vec::new(), Vec::new()).is_err());
    assert!(Trust::new(trust().witnesses().to_vec(), Vec::new()).is_err());
    assert!(Trust::new(trust().log_keys().to_vec(), trust().log_keys().to_vec()).is_err());
}

#[tokio::test]
async fn no_proof_is_made_of_damaged_files() {
    let mut files = log_of(&[300]).await.snapshot();
    let mut bundle = files["tile/entries/000"].to_vec();
    bundle[50] ^= 1;
    files.insert("tile/entries/000".to_owned(), bundle.into());
    let refused = prove(&memory(&files), &trust(), 0).await;
    assert!(matches!(refused, Err(LogError::Damaged(damage)) if damage.entry == Some(0)));
    assert!(Leaf::parse(b"{}").is_err());
}
