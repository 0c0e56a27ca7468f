//! Objects beside the tables, and the promises of a store that commits rest on.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::join_all;
use lake::{Evidence, LakeError, PutOutcome, StoreFacts, probe};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion};
use sha2::{Digest, Sha256};
use testkit::{Fault, Op};

use super::on_every_store;
use super::places::{Place, given};

on_every_store!(
    of_eight_creations_of_an_object_one_wins,
    compare_and_swap_counts_every_step,
    evidence_is_stored_once_and_read_back,
    a_spooled_file_that_changed_is_refused,
    a_given_file_is_evidence_and_outlives_its_name,
    a_given_file_of_another_length_is_refused,
    a_given_file_takes_the_place_of_one_that_was_cut_off,
    small_objects_are_created_once_and_listed,
    a_fit_store_passes_the_probe_and_keeps_no_trace_of_it,
    a_store_that_refuses_writes_fails_the_probe,
);

async fn of_eight_creations_of_an_object_one_wins(place: Place) {
    let objects = place.lake().objects();
    for round in 0..5 {
        let path = format!("race/{round}");
        let racers = (0..8).map(|n| {
            let (objects, path) = (objects.clone(), path.clone());
            async move {
                objects
                    .create(&path, Bytes::from(format!("racer {n}")))
                    .await
            }
        });
        let outcomes = join_all(racers).await;
        let winner = outcomes
            .iter()
            .position(|o| matches!(o, Ok(PutOutcome::Created)))
            .unwrap();
        let lost = outcomes
            .iter()
            .filter(|o| matches!(o, Err(LakeError::Conflict(_))))
            .count();
        assert_eq!(lost, 7);
        let body = objects.get(&path).await.unwrap();
        assert_eq!(body, format!("racer {winner}"));
    }
}

async fn compare_and_swap_counts_every_step(place: Place) {
    let path = Path::from("head");
    place
        .store
        .put(&path, PutPayload::from_static(b"0"))
        .await
        .unwrap();
    let writers = (0..4).map(|_| async {
        for _ in 0..5 {
            while !step(&place.store, &path).await {
                tokio::task::yield_now().await;
            }
        }
    });
    join_all(writers).await;
    let counted = place.store.get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(counted, "20");
}

async fn step(store: &Arc<dyn ObjectStore>, path: &Path) -> bool {
    let got = store.get(path).await.unwrap();
    let version = UpdateVersion {
        e_tag: got.meta.e_tag.clone(),
        version: got.meta.version.clone(),
    };
    let text = String::from_utf8(got.bytes().await.unwrap().to_vec()).unwrap();
    let next = (text.parse::<u32>().unwrap() + 1).to_string();
    let put = store
        .put_opts(
            path,
            PutPayload::from(next),
            PutMode::Update(version).into(),
        )
        .await;
    match put {
        Ok(_) => true,
        Err(object_store::Error::Precondition { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn evidence_is_stored_once_and_read_back(place: Place) {
    let (evidence, folder) = (place.lake().evidence(), tempfile::tempdir().unwrap());
    for size in [0, 5, 100_000, 21_000_000] {
        let body: Vec<u8> = (0..size).map(|n: u32| (n % 251) as u8).collect();
        let hash = hex::encode(Sha256::digest(&body));
        let file = folder.path().join(size.to_string());
        std::fs::write(&file, &body).unwrap();
        let size = body.len() as u64;
        assert!(!evidence.exists(&hash).await.unwrap());
        assert!(matches!(
            evidence.get(&hash).await,
            Err(LakeError::NotFound(_))
        ));
        for outcome in [PutOutcome::Created, PutOutcome::AlreadyThere] {
            assert_eq!(
                evidence.put_file(&file, &hash, size).await.unwrap(),
                outcome
            );
        }
        assert!(evidence.exists(&hash).await.unwrap());
        let stored = evidence.get(&hash).await.unwrap();
        assert_eq!(stored.size, size);
        let parts: Vec<Bytes> = stored.bytes.try_collect().await.unwrap();
        assert!(parts.concat() == body);
    }
}

async fn a_spooled_file_that_changed_is_refused(place: Place) {
    let (evidence, folder) = (place.lake().evidence(), tempfile::tempdir().unwrap());
    for size in [10, 9_000_000] {
        let file = folder.path().join(size.to_string());
        std::fs::write(&file, vec![1u8; size]).unwrap();
        let other = hex::encode(Sha256::digest(vec![2u8; size]));
        let refused = evidence.put_file(&file, &other, size as u64).await;
        assert!(matches!(refused, Err(LakeError::Corrupt(_))), "{refused:?}");
        assert!(!evidence.exists(&other).await.unwrap());
    }
    let gone = evidence
        .put_file(&folder.path().join("gone"), &"ab".repeat(32), 1)
        .await;
    assert!(matches!(gone, Err(LakeError::NotFound(_))));
    assert!(matches!(
        Evidence::path("../etc"),
        Err(LakeError::Invalid(_))
    ));
}

async fn a_given_file_is_evidence_and_outlives_its_name(place: Place) {
    let (evidence, folder) = (place.lake().evidence(), tempfile::tempdir().unwrap());
    // Of a small file the answer alone is lost, of a large one what it was begun for.
    let sizes = [
        (100_000, Op::Put, PutOutcome::AlreadyThere),
        (21_000_000, Op::StartUpload, PutOutcome::Created),
    ];
    for (size, lost, outcome) in sizes {
        let body: Vec<u8> = (0..size).map(|n: u32| (n % 249) as u8).collect();
        let (hash, size) = (hex::encode(Sha256::digest(&body)), u64::from(size));
        let file = folder.path().join("given");
        std::fs::write(&file, &body).unwrap();
        place.faults.plan(Fault::after(lost, "evidence"));
        let lost = evidence.give_file(&file, &hash, size).await;
        assert!(matches!(lost, Err(LakeError::Unavailable(_))), "{lost:?}");
        let given = evidence.give_file(&file, &hash, size).await;
        assert_eq!(given.unwrap(), outcome);
        let again = evidence.give_file(&file, &hash, size).await;
        assert_eq!(again.unwrap(), PutOutcome::AlreadyThere);
        std::fs::remove_file(&file).unwrap();
        let stored = evidence.get(&hash).await.unwrap();
        let parts: Vec<Bytes> = stored.bytes.try_collect().await.unwrap();
        assert!(parts.concat() == body);
    }
}

async fn a_given_file_of_another_length_is_refused(place: Place) {
    let (evidence, folder) = (place.lake().evidence(), tempfile::tempdir().unwrap());
    let (file, size) = (folder.path().join("given"), 9_000_000);
    std::fs::write(&file, vec![1u8; size]).unwrap();
    let hash = hex::encode(Sha256::digest(vec![1u8; size + 1]));
    let refused = evidence.give_file(&file, &hash, size as u64 + 1).await;
    assert!(matches!(refused, Err(LakeError::Corrupt(_))), "{refused:?}");
    assert!(!evidence.exists(&hash).await.unwrap());
}

async fn a_given_file_takes_the_place_of_one_that_was_cut_off(place: Place) {
    let (evidence, folder) = (place.lake().evidence(), tempfile::tempdir().unwrap());
    let (file, body) = (folder.path().join("given"), vec![7u8; 9_000_000]);
    std::fs::write(&file, &body).unwrap();
    let hash = hex::encode(Sha256::digest(&body));
    let path = Path::from(Evidence::path(&hash).unwrap());
    let cut = PutPayload::from_static(b"77");
    place.store.put(&path, cut).await.unwrap();
    let given = evidence.give_file(&file, &hash, body.len() as u64).await;
    assert_eq!(given.unwrap(), PutOutcome::Created);
    let stored = evidence.get(&hash).await.unwrap();
    assert_eq!(stored.size, body.len() as u64);
}

async fn small_objects_are_created_once_and_listed(place: Place) {
    let objects = place.lake().objects();
    assert!(matches!(
        objects.get("a/b").await,
        Err(LakeError::NotFound(_))
    ));
    place.faults.plan(Fault::after(Op::Put, "a/b"));
    let lost = objects.create("a/b", Bytes::from_static(b"one")).await;
    assert!(matches!(lost, Err(LakeError::Unavailable(_))), "{lost:?}");
    let again = objects
        .create("a/b", Bytes::from_static(b"one"))
        .await
        .unwrap();
    assert_eq!(again, PutOutcome::AlreadyThere);
    let other = objects.create("a/b", Bytes::from_static(b"two")).await;
    assert!(matches!(other, Err(LakeError::Conflict(_))));
    objects
        .put("a/c", Bytes::from_static(b"one"))
        .await
        .unwrap();
    objects
        .put("a/c", Bytes::from_static(b"two"))
        .await
        .unwrap();
    assert_eq!(objects.get("a/c").await.unwrap(), "two");
    assert_eq!(objects.list("a").await.unwrap(), ["a/b", "a/c"]);
    objects.delete("a/b").await.unwrap();
    objects.delete("a/b").await.unwrap();
    assert!(!objects.exists("a/b").await.unwrap());
}

async fn a_fit_store_passes_the_probe_and_keeps_no_trace_of_it(place: Place) {
    let facts = probe(&place.store, &given()).await.unwrap();
    assert_eq!(
        facts,
        StoreFacts {
            compare_and_swap: true
        }
    );
    assert!(
        place
            .lake()
            .objects()
            .list("probe")
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_store_that_refuses_writes_fails_the_probe(place: Place) {
    place.faults.cut();
    let refused = probe(&place.store, &given()).await.unwrap_err();
    assert!(matches!(refused, LakeError::Unavailable(_)), "{refused:?}");
    assert!(
        refused.to_string().starts_with("cannot write to the store"),
        "{refused}"
    );
}
