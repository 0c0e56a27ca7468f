//! The parts of a multipart upload meet faults too.

use async_trait::async_trait;
use futures::FutureExt;
use object_store::path::Path;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::{FaultKind, FaultyStore, bend, full, refused};
use crate::op::Op;

#[derive(Debug)]
pub(super) struct FaultyUpload {
    pub(super) inner: Box<dyn MultipartUpload>,
    pub(super) store: FaultyStore,
    pub(super) path: Path,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let path = self.path.clone();
        let kind = self.store.decide(Op::PutPart, &path);
        // Some stores take note of a part as soon as they are asked: so they are not asked.
        match kind {
            Some(FaultKind::BeforeEffect) => {
                return async move { Err(refused(Op::PutPart, &path)) }.boxed();
            }
            Some(FaultKind::Full) => return async { Err(full()) }.boxed(),
            _ => {}
        }
        let effect = self.inner.put_part(data);
        async move { bend(kind, Op::PutPart, &path, effect).await }.boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let effect = self.inner.complete();
        self.store.run(Op::CompleteUpload, &self.path, effect).await
    }

    async fn abort(&mut self) -> Result<()> {
        let effect = self.inner.abort();
        self.store.run(Op::AbortUpload, &self.path, effect).await
    }
}
