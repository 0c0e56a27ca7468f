//! Small bodies, many to an object.

use std::collections::BTreeSet;
use std::io::{Cursor, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::join_all;
use lake::{LakeError, SegmentSettings, Segments};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use testkit::{Fault, Gate, Op};
use tokio::runtime::Handle;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::on_every_store;
use super::places::Place;

on_every_store!(
    bodies_that_come_together_share_a_segment_that_any_program_reads,
    a_body_whose_answer_is_lost_is_kept_again_in_a_segment_of_its_own,
    a_body_that_is_erased_is_zeros_and_every_place_stays,
    segments_are_found_by_what_their_directories_name,
    a_segment_of_another_program_is_not_written_anew,
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

async fn a_body_whose_answer_is_lost_is_kept_again_in_a_segment_of_its_own(place: Place) {
    let segments = start(&place);
    place
        .faults
        .plan(Fault::after(Op::Put, "evidence/segments"));
    let lost = segments.put(&hash(&body(3)), body(3)).await;
    assert!(matches!(lost, Err(LakeError::Unavailable(_))), "{lost:?}");
    let kept = segments.put(&hash(&body(3)), body(3)).await.unwrap();
    let folder = Path::from("evidence/segments");
    let listed: Vec<_> = place.store.list(Some(&folder)).try_collect().await.unwrap();
    // No two are alike: what is erased from one is not put back by writing the other.
    assert_eq!(listed.len(), 2);
    let evidence = place.lake().evidence();
    for meta in listed
        .iter()
        .filter(|meta| meta.location.as_ref() != kept.path)
    {
        let stray = meta.location.as_ref();
        evidence.blank(stray, &hash(&body(3))).await.unwrap();
    }
    let size = body(3).len() as u64;
    assert!(evidence.get_in(&kept, &hash(&body(3)), size).await.is_ok());
}

async fn a_body_that_is_erased_is_zeros_and_every_place_stays(place: Place) {
    let segments = start(&place);
    let bodies: Vec<Bytes> = (1..30).map(body).collect();
    let puts = bodies.iter().map(|body| {
        let (segments, body) = (&segments, body.clone());
        async move { segments.put(&hash(&body), body).await.unwrap() }
    });
    let places = join_all(puts).await;
    let evidence = place.lake().evidence();
    let erased = [3, 11, 28];
    // Neighbours are erased at the same time.
    let erasing = erased.iter().map(|at| {
        let (evidence, path, hash) = (&evidence, &places[*at].path, hash(&bodies[*at]));
        async move { evidence.blank(path, &hash).await.unwrap() }
    });
    join_all(erasing).await;
    // Again, and from where it never was.
    evidence
        .blank(&places[3].path, &hash(&bodies[3]))
        .await
        .unwrap();
    evidence
        .blank(&places[3].path, &hash(b"nobody's"))
        .await
        .unwrap();
    evidence
        .blank("evidence/segments/no.zip", &hash(&bodies[3]))
        .await
        .unwrap();
    for (at, (body, place)) in bodies.iter().zip(&places).enumerate() {
        let read = evidence.get_in(place, &hash(body), body.len() as u64).await;
        match read {
            Err(LakeError::Corrupt(_)) if erased.contains(&at) => {}
            Ok(kept) if !erased.contains(&at) => {
                let parts: Vec<Bytes> = kept.bytes.try_collect().await.unwrap();
                assert_eq!(parts.concat(), *body);
            }
            other => panic!("{at}: {:?}", other.map(|body| body.size)),
        }
    }
}

async fn segments_are_found_by_what_their_directories_name(place: Place) {
    let settings = SegmentSettings {
        queue: 1024,
        at_once: 1,
        ..SegmentSettings::default()
    };
    let segments = place.lake().segments(settings, &Handle::current());
    let mut places = Vec::new();
    for n in [4, 5] {
        places.push(segments.put(&hash(&body(n)), body(n)).await.unwrap());
    }
    // Bodies enough for a directory that is longer than what is read of the end at first: they
    // gather while another is under way.
    let gate = Gate::new();
    place
        .faults
        .plan(Fault::held(Op::Put, "evidence/segments", &gate));
    let asked = AtomicUsize::new(0);
    let many = (0..900).map(|n| Bytes::from(format!("{n}")));
    let puts = many.map(|body| {
        let (segments, asked) = (&segments, &asked);
        async move {
            asked.fetch_add(1, Ordering::Relaxed);
            segments.put(&hash(&body), body).await.unwrap()
        }
    });
    let gathering = async {
        gate.arrived(1).await;
        let all = join_all(puts);
        let opening = async {
            while asked.load(Ordering::Relaxed) < 900 {
                tokio::task::yield_now().await;
            }
            gate.open();
        };
        tokio::join!(all, opening).0
    };
    let other = hash(&body(6));
    let (_, many) = tokio::join!(segments.put(&other, body(6)), gathering);
    let together = many.iter().filter(|place| place.path == many[899].path);
    assert!(together.count() > 700, "the directory is short");
    let broken = Path::from("evidence/segments/zz/broken.zip");
    place
        .store
        .put(&broken, "PK, but no more".into())
        .await
        .unwrap();
    let evidence = place.lake().evidence();
    let wanted = [hash(&body(5)), hash(b"899"), hash(b"nobody's")];
    let wanted: BTreeSet<String> = wanted.into_iter().collect();
    let found = evidence.segments_with(&wanted).await.unwrap();
    let found: BTreeSet<(String, String)> = found
        .into_iter()
        .flat_map(|one| {
            let path = one.path;
            one.sha256s
                .into_iter()
                .map(move |hash| (path.clone(), hash))
        })
        .collect();
    let expected = [(&places[1], hash(&body(5))), (&many[899], hash(b"899"))];
    let expected: BTreeSet<(String, String)> = expected
        .into_iter()
        .map(|(place, hash)| (place.path.clone(), hash))
        .collect();
    assert_eq!(found, expected);
}

/// Manifests name places in it, which writing it anew would move.
async fn a_segment_of_another_program_is_not_written_anew(place: Place) {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let longer = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(true);
    for n in [4, 5] {
        zip.start_file(hash(&body(n)), longer).unwrap();
        zip.write_all(&body(n)).unwrap();
    }
    let archive = Bytes::from(zip.finish().unwrap().into_inner());
    let path = Path::from("evidence/segments/ab/other.zip");
    place
        .store
        .put(&path, archive.clone().into())
        .await
        .unwrap();
    let evidence = place.lake().evidence();
    let refused = evidence.blank(path.as_ref(), &hash(&body(4))).await;
    let Err(LakeError::Corrupt(message)) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        message
            .to_string()
            .contains("was not written by this program")
    );
    let there = place.store.get(&path).await.unwrap().bytes().await;
    assert_eq!(there.unwrap(), archive);
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
