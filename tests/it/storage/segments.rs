//! Small bodies, many to an object.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::join_all;
use lake::{LakeError, SegmentSettings, Segments};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use testkit::{Fault, Op};
use tokio::runtime::Handle;

use super::on_every_store;
use super::places::Place;

on_every_store!(
    bodies_that_come_together_share_a_segment_that_any_program_reads,
    a_segment_whose_answer_is_lost_is_put_again_as_it_was,
    a_body_that_is_not_its_hash_is_refused_on_the_way_in_and_out,
    a_drained_writer_keeps_what_waits_and_takes_no_more,
);

fn body(n: usize) -> Bytes {
    Bytes::from(format!("{{\"dossier_id\":\"H26-{n}\"}}\n").repeat(n))
}

fn hash(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

fn start(place: &Place) -> Segments {
    let settings = SegmentSettings::default();
    place.lake().segments(settings, &Handle::current())
}

async fn bodies_that_come_together_share_a_segment_that_any_program_reads(place: Place) {
    let segments = start(&place);
    let bodies: Vec<Bytes> = (0..40).chain([7]).map(body).collect();
    let puts = bodies.iter().map(|body| {
        let (segments, body) = (&segments, body.clone());
        async move { segments.put(&hash(&body), body).await.unwrap() }
    });
    let places = join_all(puts).await;
    let paths: BTreeSet<&String> = places.iter().map(|place| &place.path).collect();
    assert!(paths.len() <= 3, "{} segments", paths.len());
    let evidence = place.lake().evidence();
    for (body, place) in bodies.iter().zip(&places) {
        let size = body.len() as u64;
        let kept = evidence.get_in(place, &hash(body), size).await.unwrap();
        assert_eq!(kept.size, size);
        let parts: Vec<Bytes> = kept.bytes.try_collect().await.unwrap();
        assert_eq!(parts.concat(), *body);
    }
    for path in paths {
        let object = place.store.get(&Path::from(path.as_str())).await.unwrap();
        let object = object.bytes().await.unwrap();
        assert!(path.contains(&hash(&object)), "{path}");
        let mut archive = zip::ZipArchive::new(Cursor::new(object)).unwrap();
        for at in 0..archive.len() {
            let mut entry = archive.by_index(at).unwrap();
            let mut found = Vec::new();
            entry.read_to_end(&mut found).unwrap();
            assert_eq!(entry.name().unwrap(), hash(&found));
        }
    }
}

async fn a_segment_whose_answer_is_lost_is_put_again_as_it_was(place: Place) {
    let segments = start(&place);
    place
        .faults
        .plan(Fault::after(Op::Put, "evidence/segments"));
    let lost = segments.put(&hash(&body(3)), body(3)).await;
    assert!(matches!(lost, Err(LakeError::Unavailable(_))), "{lost:?}");
    segments.put(&hash(&body(3)), body(3)).await.unwrap();
    let folder = Path::from("evidence/segments");
    let listed: Vec<_> = place.store.list(Some(&folder)).try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
}

async fn a_body_that_is_not_its_hash_is_refused_on_the_way_in_and_out(place: Place) {
    let segments = start(&place);
    let other = hash(&body(5));
    let refused = segments.put(&other, body(4)).await;
    assert!(matches!(refused, Err(LakeError::Corrupt(_))), "{refused:?}");
    let mut at = segments.put(&hash(&body(4)), body(4)).await.unwrap();
    let evidence = place.lake().evidence();
    let size = body(4).len() as u64;
    let read = evidence.get_in(&at, &other, size).await;
    assert!(matches!(read, Err(LakeError::Corrupt(_))));
    at.path.push_str(".gone");
    let read = evidence.get_in(&at, &hash(&body(4)), size).await;
    assert!(matches!(read, Err(LakeError::NotFound(_))));
}

async fn a_drained_writer_keeps_what_waits_and_takes_no_more(place: Place) {
    let segments = start(&place);
    let put = |n| {
        let segments = segments.clone();
        async move { segments.put(&hash(&body(n)), body(n)).await }
    };
    let mut waiting = Box::pin(join_all((1..6).map(put)));
    assert!(futures::poll!(&mut waiting).is_pending());
    let (done, ()) = futures::future::join(waiting, segments.drain()).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert!(matches!(put(9).await, Err(LakeError::Unavailable(_))));
}
