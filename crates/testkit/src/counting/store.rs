//! The counted store as a store.

use std::fmt;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UploadPart,
};

use super::{CountingStore, Tally};
use crate::op::Op;

#[derive(Debug)]
struct CountedUpload {
    inner: Box<dyn MultipartUpload>,
    tally: Tally,
}

impl fmt::Display for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountingStore({})", self.inner)
    }
}

// `get_ranges` is left to the trait, which asks for each range by `get_opts`, as `AmazonS3` does:
// so the count is that of an object store also when the store below is a folder.
#[async_trait]
impl ObjectStore for CountingStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.tally.sent(Op::Put, payload.content_length());
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.tally.sent(Op::StartUpload, 0);
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        let tally = self.tally.clone();
        Ok(Box::new(CountedUpload { inner, tally }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let op = if options.head { Op::Head } else { Op::Get };
        self.tally.sent(op, 0);
        let result = self.inner.get_opts(location, options).await?;
        Ok(match op {
            Op::Head => result,
            _ => counted(result, self.tally.clone()),
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let tally = self.tally.clone();
        let locations = locations.inspect(move |location| {
            if location.is_ok() {
                tally.sent(Op::Delete, 0);
            }
        });
        self.inner.delete_stream(locations.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.tally.sent(Op::List, 0);
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.tally.sent(Op::List, 0);
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.tally.sent(Op::List, 0);
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.tally.sent(Op::Copy, 0);
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.tally.sent(Op::Rename, 0);
        self.inner.rename_opts(from, to, options).await
    }
}

/// Bytes of a stream count as they are read; a local file is handed over whole.
fn counted(result: GetResult, tally: Tally) -> GetResult {
    let payload = match result.payload {
        GetResultPayload::Stream(stream) => {
            let stream = stream.inspect(move |chunk| {
                if let Ok(bytes) = chunk {
                    tally.received(Op::Get, bytes.len() as u64);
                }
            });
            GetResultPayload::Stream(stream.boxed())
        }
        file @ GetResultPayload::File(..) => {
            tally.received(Op::Get, result.range.end - result.range.start);
            file
        }
    };
    GetResult { payload, ..result }
}

#[async_trait]
impl MultipartUpload for CountedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.tally.sent(Op::PutPart, data.content_length());
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.tally.sent(Op::CompleteUpload, 0);
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.tally.sent(Op::AbortUpload, 0);
        self.inner.abort().await
    }
}
