//! Reading on after an early answer.
//!
//! A server that answers before it has read the body and then closes makes the client's system
//! drop the answer with the connection: the client sees a reset where a problem was sent. So what
//! is left of a body is read, within bounds, when nobody wants it any more.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use bytes::Bytes;
use futures::{Stream, StreamExt};

/// Bytes that are read for nobody at the most.
const BYTES: usize = 32 << 20;
/// How long they are waited for.
const WAIT: Duration = Duration::from_secs(5);

/// The same bytes; dropped before its end, the rest is read in the background.
pub(crate) fn lingering(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::from_stream(Lingering {
        inner: Some(body.into_data_stream()),
    })
}

struct Lingering {
    inner: Option<BodyDataStream>,
}

impl Stream for Lingering {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(inner) = self.inner.as_mut() else {
            return Poll::Ready(None);
        };
        let item = inner.poll_next_unpin(cx);
        if !matches!(item, Poll::Pending | Poll::Ready(Some(Ok(_)))) {
            self.inner = None;
        }
        item
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let (Some(mut rest), Ok(runtime)) =
            (self.inner.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            let read = async {
                let mut size = 0;
                while size < BYTES
                    && let Some(Ok(chunk)) = rest.next().await
                {
                    size += chunk.len();
                }
            };
            // Whether the end was reached or the time was up makes no difference: nobody reads on.
            let _ = tokio::time::timeout(WAIT, read).await;
        });
    }
}
