//! A bucket that an agency writes into, on a real S3 server.

use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use service::{PullRequest, Service};
use testkit::seaweed::{S3Target, Seaweed};

use super::{all, entries, pull, pulled, setup, state, visits};
use crate::home::{Fixture, VISITS};

const BODY: &[(&str, &str, u32)] = &[("V-1", "Ba Đình", 12)];

struct Bucket {
    target: S3Target,
    store: Arc<dyn ObjectStore>,
}

impl Bucket {
    async fn new() -> Self {
        let target = tokio::task::spawn_blocking(|| Seaweed::shared().target())
            .await
            .unwrap();
        let store = Arc::new(PrefixStore::new(target.store(), target.prefix.as_str()));
        Self { target, store }
    }

    fn connector(&self) -> String {
        format!(
            "name: inbox\ntitle: {{ vi: Kho, en: Bucket }}\nkind: objects\nsource:\n  url: {}\n  \
             endpoint: {}\n  allow_http: true\n  allow_addresses: [127.0.0.0/8]\n  region: {}\n  access_key: env:DROP_KEY\n  \
             secret_key: file:drop.secret\nlayout: '{{agency}}/{{period}}'\ndataset: raw.visits\n\
             schedule: {{ every: 15m }}\nrepeated: new\n",
            self.target.url(),
            self.target.endpoint,
            self.target.region
        )
    }

    /// A house that reads the bucket by references to its keys.
    async fn house(&self, connector: &str, secret: &str) -> Fixture {
        let mut setup = setup(connector);
        let key = self.target.access_key.clone();
        setup.env.insert("DROP_KEY".to_owned(), key);
        let f = Fixture::with(setup).await;
        let secrets = f.folder().join("secrets");
        std::fs::create_dir(&secrets).unwrap();
        std::fs::write(secrets.join("drop.secret"), format!("{secret}\n")).unwrap();
        f
    }

    async fn put(&self, name: &str, text: &str) {
        let path = Path::parse(name).unwrap();
        self.store.put(&path, text.to_owned().into()).await.unwrap();
    }

    async fn lies(&self) -> Vec<String> {
        let all: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        let mut names: Vec<String> = all.iter().map(|meta| meta.location.to_string()).collect();
        names.sort();
        names
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_go_from_the_bucket_to_rows_with_their_receipts_beside_them() {
    let bucket = Bucket::new().await;
    let secret = bucket.target.secret_key.clone();
    let f = bucket.house(&bucket.connector(), &secret).await;
    bucket.put("H26/2026-09/tháng 9.csv", VISITS).await;
    bucket
        .put("H26/2026-09/bad.csv", "nothing of that\n1\n")
        .await;
    let pieces = pulled(&f).await;
    assert_eq!(pieces.len(), 2, "{pieces:?}");
    assert_eq!(all(&f).await, "V-1 12, V-2 8");
    let id = |landed| {
        let found = pieces.iter().find(|piece| piece.landed == landed);
        found.unwrap().submission.unwrap()
    };
    let (done, refused) = (id(true), id(false));
    assert_eq!(
        bucket.lies().await,
        [
            format!("H26/2026-09/done/{done}/tháng 9.csv"),
            format!("H26/2026-09/done/{done}/tháng 9.csv.errors.csv"),
            format!("H26/2026-09/done/{done}/tháng 9.csv.receipt.json"),
            format!("H26/2026-09/refused/{refused}/bad.csv"),
            format!("H26/2026-09/refused/{refused}/bad.csv.errors.csv"),
        ]
    );
    assert_eq!(pulled(&f).await, []);
    let state = state(&f).await;
    assert_eq!((state.kind.as_str(), state.failures), ("objects", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_may_only_be_read_is_read_on_from_its_mark() {
    let bucket = Bucket::new().await;
    let secret = bucket.target.secret_key.clone();
    let keep = bucket
        .connector()
        .replace("  region:", "  after: keep\n  region:");
    let f = bucket.house(&keep, &secret).await;
    bucket.put("H26/2026-09/01.csv", &visits(BODY)).await;
    assert_eq!(pulled(&f).await.len(), 1);
    assert_eq!(pulled(&f).await, []);
    let f = f.reopened().await;
    bucket
        .put("H26/2026-09/02.csv", &visits(&[("V-2", "Huế", 2)]))
        .await;
    let pieces = pulled(&f).await;
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].name, "H26/2026-09/02.csv");
    assert_eq!(all(&f).await, "V-1 12, V-2 2");
    assert_eq!(bucket.lies().await.len(), 2);
    assert_eq!(state(&f).await.mark.as_deref(), Some("H26/2026-09/02.csv"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_in_no_error_no_entry_and_no_state() {
    const WRONG: &str = "a-wrong-secret-of-the-test";
    let bucket = Bucket::new().await;
    let f = bucket.house(&bucket.connector(), WRONG).await;
    bucket.put("H26/2026-09/a.csv", &visits(BODY)).await;
    let report = pull(&f).await.unwrap();
    let error = report.error.clone().unwrap();
    assert!(error.contains("s3://"), "{error}");
    let shown = format!("{report:?} {:?} {:?}", state(&f).await, entries(&f).await);
    assert!(!shown.contains(WRONG), "{shown}");
    // Without the file it is the reference that is told.
    std::fs::remove_file(f.folder().join("secrets/drop.secret")).unwrap();
    let told = pull(&f).await.unwrap().error.unwrap();
    assert!(told.contains("`file:drop.secret`"), "{told}");
    assert_eq!(
        f.house
            .pull(&f.admin, PullRequest::default())
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(state(&f).await.failures, 3);
    assert_eq!(bucket.lies().await.len(), 1);
}
