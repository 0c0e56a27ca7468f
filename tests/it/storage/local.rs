//! What only a folder can show.

use std::sync::Arc;

use lake::{LakeError, LocalStore, S3Settings, StoreLocation, open_store, probe};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};

use super::places::given;

fn open(folder: &std::path::Path) -> Arc<dyn ObjectStore> {
    Arc::new(LocalStore::open(folder).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tag_of_a_put_is_the_tag_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for mode in [PutMode::Create, PutMode::Overwrite] {
        let path = Path::from("deep/er/object");
        let put = store
            .put_opts(&path, PutPayload::from_static(b"x"), mode.into())
            .await
            .unwrap();
        assert_eq!(store.head(&path).await.unwrap().e_tag, put.e_tag);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_folder_swap_against_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    let path = Path::from("head");
    let swap = |store: &Arc<dyn ObjectStore>, body: &'static str, version| {
        let store = store.clone();
        let path = path.clone();
        async move {
            let payload = PutPayload::from_static(body.as_bytes());
            store
                .put_opts(&path, payload, PutMode::Update(version).into())
                .await
        }
    };
    let first = one.put(&path, PutPayload::from_static(b"a")).await.unwrap();
    let second = swap(&two, "b", first.clone().into()).await.unwrap();
    let late = swap(&one, "c", first.into()).await;
    assert!(
        matches!(late, Err(object_store::Error::Precondition { .. })),
        "{late:?}"
    );
    swap(&one, "d", second.into()).await.unwrap();
    assert_eq!(two.get(&path).await.unwrap().bytes().await.unwrap(), "d");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_the_making_and_locks_are_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let path = Path::from("a/object");
    let first = store
        .put(&path, PutPayload::from_static(b"a"))
        .await
        .unwrap();
    let mode = PutMode::Update(first.into());
    store
        .put_opts(&path, PutPayload::from_static(b"b"), mode.into())
        .await
        .unwrap();
    std::fs::write(folder.path().join("a/object#7"), "half").unwrap();
    let listed: Vec<_> = futures::TryStreamExt::try_collect(store.list(None))
        .await
        .unwrap();
    let names: Vec<_> = listed.iter().map(|meta| meta.location.as_ref()).collect();
    assert_eq!(names, ["a/object"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_upload_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let path = Path::from("big/object");
    let mut upload = store.put_multipart(&path).await.unwrap();
    upload
        .put_part(PutPayload::from(vec![1u8; 6_000_000]))
        .await
        .unwrap();
    upload
        .put_part(PutPayload::from(vec![2u8; 10]))
        .await
        .unwrap();
    assert!(store.head(&path).await.is_err());
    upload.complete().await.unwrap();
    assert_eq!(store.head(&path).await.unwrap().size, 6_000_010);
    let mut given_up = store.put_multipart(&Path::from("big/other")).await.unwrap();
    given_up
        .put_part(PutPayload::from_static(b"x"))
        .await
        .unwrap();
    given_up.abort().await.unwrap();
    assert!(store.head(&Path::from("big/other")).await.is_err());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for place in [file.clone(), file.join("store"), "/proc/dtm/store".into()] {
        let location = StoreLocation::Folder(place.clone());
        let refused = open_store(&location, &S3Settings::default()).unwrap_err();
        assert!(
            refused.to_string().contains(&place.display().to_string()),
            "{refused}"
        );
    }
    for place in [file.clone(), file.join("store")] {
        let location = StoreLocation::Folder(place);
        let refused = open_store(&location, &S3Settings::default()).unwrap_err();
        assert!(matches!(refused, LakeError::Unavailable(_)), "{refused:?}");
        let way_out = "a part of the path is a file, not a folder; move it away or choose another \
                       place";
        assert!(refused.to_string().ends_with(way_out), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_takes_no_files_fails_the_probe_by_name() {
    // Not even root may make files here.
    let store = open(std::path::Path::new("/proc"));
    let refused = probe(&store, &given()).await.unwrap_err();
    assert!(matches!(refused, LakeError::Unavailable(_)), "{refused:?}");
    let said = refused.to_string();
    assert!(
        said.starts_with("cannot write to the store `LocalStore(/proc)`"),
        "{said}"
    );
}

#[test]
fn locations_are_read_and_shown() {
    let base = std::path::Path::new("/home/dtm");
    for (text, shown) in [
        ("memory://", "memory://"),
        ("store", "file:///home/dtm/store"),
        ("/srv/lake", "file:///srv/lake"),
        ("file:///srv/lake", "file:///srv/lake"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
    ] {
        assert_eq!(StoreLocation::parse(text, base).unwrap().to_string(), shown);
    }
    for text in ["", "s3://", "s3:///a", "gs://bucket", "file://host/a"] {
        let refused = StoreLocation::parse(text, base);
        assert!(
            matches!(refused, Err(LakeError::Invalid(_))),
            "{text}: {refused:?}"
        );
    }
    let bucket = StoreLocation::parse("s3://bucket", base).unwrap();
    let refused = open_store(&bucket, &S3Settings::default()).unwrap_err();
    assert!(
        refused.to_string().contains("AWS_ACCESS_KEY_ID"),
        "{refused}"
    );
    let plain = S3Settings {
        endpoint: Some("http://s3.local".to_owned()),
        access_key: Some("key".to_owned()),
        secret_key: Some("secret".to_owned()),
        ..S3Settings::default()
    };
    let refused = open_store(&bucket, &plain).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`http://s3.local` is not encrypted: use `https://`, or allow plain http with \
         `s3.allow_http` in the settings or `AWS_ALLOW_HTTP=true`"
    );
    assert!(!format!("{plain:?}").contains("secret"));
    let allowed = S3Settings {
        allow_http: true,
        ..plain
    };
    assert!(open_store(&bucket, &allowed).is_ok());
}
