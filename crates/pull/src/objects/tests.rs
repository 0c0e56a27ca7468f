use std::fs;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use tempfile::TempDir;
use testkit::seaweed::Seaweed;
use testkit::{Fault, FaultyStore, Op};

use super::{Objects, ObjectsOptions};
use crate::{Mark, Outcome, Paper, PullError, Source};

/// A bucket's folder with what is needed to look at it.
struct Bucket {
    store: Arc<dyn ObjectStore>,
    spool: TempDir,
    moves: bool,
}

impl Bucket {
    fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            store,
            spool: TempDir::new().unwrap(),
            moves: true,
        }
    }

    fn in_memory() -> Self {
        Self::over(Arc::new(InMemory::new()))
    }

    async fn put(&self, name: &str, text: &str) {
        let path = Path::parse(name).unwrap();
        self.store.put(&path, text.to_owned().into()).await.unwrap();
    }

    fn look(&self) -> Objects {
        self.look_at(Arc::clone(&self.store))
    }

    fn look_at(&self, store: Arc<dyn ObjectStore>) -> Objects {
        Objects::new(
            store,
            ObjectsOptions {
                address: "s3://drop/h26".to_owned(),
                moves: self.moves,
                spool_folder: self.spool.path().to_owned(),
                limit_bytes: 100,
            },
        )
    }

    async fn names(&self, mut mark: Option<Mark>) -> Vec<String> {
        let look = self.look();
        let mut names = Vec::new();
        while let Some(piece) = look.next(mark.as_ref()).await.unwrap() {
            names.push(piece.name);
            mark = Some(piece.mark);
        }
        names
    }

    async fn lies(&self) -> Vec<String> {
        let all: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        let mut names: Vec<String> = all.iter().map(|meta| meta.location.to_string()).collect();
        names.sort();
        names
    }
}

fn landed() -> Outcome {
    Outcome {
        landed: true,
        slot: "s1".to_owned(),
        papers: vec![Paper {
            ending: "receipt.json",
            bytes: b"{}".to_vec(),
        }],
    }
}

async fn taken_and_moved(bucket: Bucket) {
    bucket.put("H26/số liệu.csv", "rows").await;
    bucket.put("H26/.hidden.csv", "x").await;
    bucket.put("H26/x.csv.part", "x").await;
    let look = bucket.look();
    let piece = look.next(None).await.unwrap().unwrap();
    assert_eq!(piece.name, "H26/số liệu.csv");
    assert_eq!(fs::read(piece.body.path()).unwrap(), b"rows");
    look.settled(&piece, &landed()).await.unwrap();
    assert!(look.next(Some(&piece.mark)).await.unwrap().is_none());
    look.settled(&piece, &landed()).await.unwrap();
    assert_eq!(bucket.names(None).await, [""; 0]);
    assert_eq!(
        bucket.lies().await,
        [
            "H26/.hidden.csv",
            "H26/done/s1/số liệu.csv",
            "H26/done/s1/số liệu.csv.receipt.json",
            "H26/x.csv.part",
        ]
    );
}

#[tokio::test]
async fn what_landed_is_moved_beside_its_receipt() {
    taken_and_moved(Bucket::in_memory()).await;
}

#[tokio::test]
async fn on_s3_what_landed_is_moved_beside_its_receipt() {
    let target = tokio::task::spawn_blocking(|| Seaweed::shared().target())
        .await
        .unwrap();
    let store = PrefixStore::new(target.store(), target.prefix.as_str());
    taken_and_moved(Bucket::over(Arc::new(store))).await;
}

#[tokio::test]
async fn where_objects_stay_only_names_that_follow_are_new() {
    let bucket = Bucket {
        moves: false,
        ..Bucket::in_memory()
    };
    for name in ["2026-09-02.csv", "2026-09-01.csv", "2026-09-03.csv"] {
        bucket.put(name, "rows").await;
    }
    let all = ["2026-09-01.csv", "2026-09-02.csv", "2026-09-03.csv"];
    assert_eq!(bucket.names(None).await, all);
    let look = bucket.look();
    let mark = Mark("2026-09-02.csv".to_owned());
    assert_eq!(bucket.names(Some(mark.clone())).await, all[2..]);
    let piece = look.next(Some(&mark)).await.unwrap().unwrap();
    look.settled(&piece, &landed()).await.unwrap();
    assert_eq!(bucket.lies().await, all);
    assert!(!look.begins_anew());
}

#[tokio::test]
async fn a_put_away_that_breaks_off_anywhere_is_finished_by_the_next() {
    for (op, at) in [(Op::Put, "receipt"), (Op::Copy, ""), (Op::Delete, "a.csv")] {
        for fault in [Fault::before(op, at), Fault::after(op, at)] {
            let bucket = Bucket::in_memory();
            bucket.put("a.csv", "rows").await;
            let faulty = FaultyStore::new(Arc::clone(&bucket.store));
            let look = bucket.look_at(Arc::new(faulty.clone()));
            let piece = look.next(None).await.unwrap().unwrap();
            faulty.plan(fault);
            look.settled(&piece, &landed()).await.unwrap_err();
            faulty.assert_all_met();
            let look = bucket.look();
            if let Some(again) = look.next(None).await.unwrap() {
                look.settled(&again, &landed()).await.unwrap();
            }
            assert_eq!(
                bucket.lies().await,
                ["done/s1/a.csv", "done/s1/a.csv.receipt.json"],
                "{op:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_object_that_is_written_again_is_left_and_is_a_piece_again() {
    let bucket = Bucket::in_memory();
    bucket.put("a.csv", "rows").await;
    let look = bucket.look();
    let piece = look.next(None).await.unwrap().unwrap();
    bucket.put("a.csv", "more rows").await;
    look.settled(&piece, &landed()).await.unwrap();
    let again = bucket.look().next(None).await.unwrap().unwrap();
    assert_eq!(fs::read(again.body.path()).unwrap(), b"more rows");
}

#[tokio::test]
async fn an_object_over_the_limit_comes_without_its_bytes() {
    let bucket = Bucket::in_memory();
    bucket.put("a.csv", &"x".repeat(101)).await;
    let piece = bucket.look().next(None).await.unwrap().unwrap();
    assert_eq!(fs::metadata(piece.body.path()).unwrap().len(), 0);
    assert_eq!(piece.size_bytes, 101);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable_and_named() {
    let bucket = Bucket::in_memory();
    let faulty = FaultyStore::new(Arc::clone(&bucket.store));
    faulty.plan(Fault::before(Op::List, "").times(9));
    let error = bucket
        .look_at(Arc::new(faulty))
        .next(None)
        .await
        .unwrap_err();
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("s3://drop/h26"), "{error}");
}
