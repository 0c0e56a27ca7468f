//! Receipts are verified with public keys alone.

use audit::seal::{PublicKeys, VerifyError, verify, verify_evidence};
use serde_json::{Value, json};
use service::{Relation, Service};
use sha2::{Digest, Sha256};

use super::{key, related, rows, submit};
use crate::bodies::CSV;
use crate::home::visits;
use crate::http::Door;

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_verified_with_the_published_keys_and_no_others() {
    let door = Door::new().await;
    let body = rows(&[("V-1", "Ba Đình", 12), ("V-2", "", 8)]);
    let answer = door.submit(CSV, Some("k"), body.clone()).await.json();
    let path = format!(
        "/api/v1/submissions/{}/receipt",
        answer["id"].as_str().unwrap()
    );
    let receipt = door.get(&path).await;
    let keys = door.open("/api/v1/keys").await;
    assert_eq!(keys.status.as_u16(), 200, "{}", keys.text);
    let keys = PublicKeys::parse(&keys.text).unwrap();
    let verified = verify(&receipt.text, &keys).unwrap();
    assert_eq!(verified.value["rows"]["landed"], 1);
    let sha256 = hex::encode(Sha256::digest(&body));
    verify_evidence(&verified, &sha256, body.len() as u64).unwrap();
    let changed = hex::encode(Sha256::digest(b"other"));
    assert!(verify_evidence(&verified, &changed, body.len() as u64).is_err());

    // What was answered at first is the same receipt, with the row errors beside it.
    let mut shown: Value = answer.clone();
    shown
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !name.starts_with("errors"));
    assert_eq!(shown, receipt.json());

    assert!(matches!(
        verify(&receipt.text, &PublicKeys::default()),
        Err(VerifyError::NoKey)
    ));
    let mut forged = receipt.json();
    forged["rows"]["landed"] = json!(2);
    assert!(matches!(
        verify(&forged.to_string(), &keys),
        Err(VerifyError::Differs(_))
    ));
    let other = Door::new().await;
    let strangers = PublicKeys::parse(&other.open("/api/v1/keys").await.text).unwrap();
    assert!(verify(&receipt.text, &strangers).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receipt_says_what_was_superseded_and_a_lost_one_is_rebuilt() {
    let door = Door::new().await;
    let f = &door.fixture;
    let first = submit(f, visits(), &[("V-1", "Huế", 1)])
        .await
        .unwrap()
        .receipt
        .id;
    let fix = submit(f, related(Relation::Corrects(first)), &[("V-1", "Huế", 2)])
        .await
        .unwrap();
    let signed: Value = serde_json::from_str(&fix.sealed.unwrap()).unwrap();
    let supersedes = json!({ "relation": "corrects", "submission": first.to_string(), "rows": 1 });
    assert_eq!(signed["supersedes"], supersedes);

    // The books lose what they knew of a submission: the manifest and the log know it.
    let kept = submit(f, key("k"), &[("V-2", "Huế", 3)]).await.unwrap();
    let other = f.beside().await;
    let rebuilt = submit(&other, key("k"), &[("V-2", "Huế", 3)])
        .await
        .unwrap();
    assert_eq!(rebuilt.receipt, kept.receipt);
    let keys = PublicKeys::parse(&other.house.keys().await.unwrap()).unwrap();
    let one = verify(&kept.sealed.unwrap(), &keys).unwrap();
    let two = verify(&rebuilt.sealed.unwrap(), &keys).unwrap();
    assert_eq!(one.payload, two.payload);
    assert_ne!(
        one.key_id(),
        two.key_id(),
        "each process signs with a key of its own"
    );
}
