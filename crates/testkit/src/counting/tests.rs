use super::*;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

fn count(requests: u64, sent_bytes: u64, received_bytes: u64) -> Count {
    Count {
        requests,
        sent_bytes,
        received_bytes,
    }
}

async fn counts_are_exact(inner: Arc<dyn ObjectStore>) {
    let store = CountingStore::new(inner);
    store.put(&"a".into(), "12345".into()).await.unwrap();
    store.put(&"b".into(), "678".into()).await.unwrap();
    store.head(&"a".into()).await.unwrap();
    store.get(&"a".into()).await.unwrap().bytes().await.unwrap();
    store.get_range(&"a".into(), 1..3).await.unwrap();
    store.get(&"missing".into()).await.unwrap_err();
    assert_eq!(
        store
            .list(None)
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .len(),
        2
    );
    store.copy(&"a".into(), &"c".into()).await.unwrap();
    store.delete(&"a".into()).await.unwrap();

    let mut upload = store.put_multipart(&"big".into()).await.unwrap();
    upload.put_part("1234567".into()).await.unwrap();
    upload.complete().await.unwrap();

    let counts = store.reset();
    assert_eq!(counts.of(Op::Put), count(2, 8, 0));
    assert_eq!(counts.of(Op::Head), count(1, 0, 0));
    assert_eq!(counts.of(Op::Get), count(3, 0, 7));
    assert_eq!(counts.of(Op::List), count(1, 0, 0));
    assert_eq!(counts.of(Op::Copy), count(1, 0, 0));
    assert_eq!(counts.of(Op::Delete), count(1, 0, 0));
    assert_eq!(counts.of(Op::StartUpload), count(1, 0, 0));
    assert_eq!(counts.of(Op::PutPart), count(1, 7, 0));
    assert_eq!(counts.of(Op::CompleteUpload), count(1, 0, 0));
    assert_eq!(counts.requests(), 12);
    assert_eq!((counts.sent_bytes(), counts.received_bytes()), (15, 7));
    assert_eq!(store.counts(), Counts::default());
}

#[tokio::test]
async fn requests_and_bytes_are_counted_exactly_in_memory() {
    counts_are_exact(Arc::new(InMemory::new())).await;
}

#[tokio::test]
async fn requests_and_bytes_are_counted_exactly_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let local = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
    counts_are_exact(Arc::new(local)).await;
}

#[tokio::test]
async fn far_apart_ranges_are_a_request_each() {
    let store = CountingStore::new(Arc::new(InMemory::new()));
    let size_bytes = 4 * 1024 * 1024;
    store
        .put(&"a".into(), vec![0; size_bytes].into())
        .await
        .unwrap();
    let ranges = [0..10, 20..30, 3_000_000..3_000_010];
    store.get_ranges(&"a".into(), &ranges).await.unwrap();
    assert_eq!(store.counts().of(Op::Get).requests, 2);
}
