//! Stores on which a lake would lose submissions.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use lake::{LakeError, StoreFacts, probe};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::places::given;

/// What a store does with a put on a condition.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Habit {
    CreatesTwice,
    SwapsBlindly,
    SwapsNever,
}

#[derive(Debug)]
struct Careless {
    inner: InMemory,
    habit: Habit,
}

impl fmt::Display for Careless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Careless")
    }
}

#[async_trait]
impl ObjectStore for Careless {
    async fn put_opts(&self, at: &Path, body: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let overwrite = PutOptions::from(PutMode::Overwrite);
        match (&opts.mode, self.habit) {
            (PutMode::Create, Habit::CreatesTwice) | (PutMode::Update(_), Habit::SwapsBlindly) => {
                self.inner.put_opts(at, body, overwrite).await
            }
            (PutMode::Update(_), Habit::SwapsNever) => Err(Error::NotImplemented {
                operation: "swap".to_owned(),
                implementer: self.to_string(),
            }),
            _ => self.inner.put_opts(at, body, opts).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, opts).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

async fn probed(habit: Habit) -> lake::Result<StoreFacts> {
    let inner = InMemory::new();
    let store: Arc<dyn ObjectStore> = Arc::new(Careless { inner, habit });
    probe(&store, &given()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_creates_twice_is_refused() {
    let refused = probed(Habit::CreatesTwice).await.unwrap_err();
    assert!(matches!(refused, LakeError::Invalid(_)), "{refused:?}");
    assert_eq!(
        refused.to_string(),
        "the store `Careless` cannot hold a lake: two writers create one object; use a store \
         with conditional writes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_swaps_what_has_changed_is_refused() {
    let refused = probed(Habit::SwapsBlindly).await.unwrap_err();
    assert!(matches!(refused, LakeError::Invalid(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_swap_says_so_and_is_used() {
    let facts = probed(Habit::SwapsNever).await.unwrap();
    assert_eq!(
        facts,
        StoreFacts {
            compare_and_swap: false
        }
    );
}
