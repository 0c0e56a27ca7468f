//! Bodies: submissions in, results out, never held whole.

mod linger;
mod result;

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt, stream};
use render::encode::Chunks;
use service::{ByteStream, ServiceError};

pub(crate) use linger::lingering;
pub(crate) use result::result;

/// Bytes of a result that are held back until its status is sent, so that an error among them is a
/// problem and not a broken answer.
const HELD_BYTES: usize = 64 << 10;

/// The bytes of a request as the service takes them.
pub(crate) fn received(body: Body) -> ByteStream {
    let bytes = body.into_data_stream();
    bytes
        .map(|chunk| chunk.map_err(std::io::Error::other))
        .boxed()
}

/// The bytes of an answer. Fails with an error that comes early; one that comes later ends the
/// connection, so that nobody takes the part for the whole.
pub(crate) async fn answered(mut chunks: Chunks) -> Result<Body, ServiceError> {
    let mut held: Vec<Bytes> = Vec::new();
    let mut size = 0;
    while size < HELD_BYTES {
        match chunks.next().await.transpose()? {
            Some(chunk) => {
                size += chunk.len();
                held.push(chunk);
            }
            None => return Ok(Body::from(held.concat())),
        }
    }
    let later = chunks.inspect(|chunk| {
        if let Err(error) = chunk {
            tracing::warn!(%error, "an answer broke off after its beginning was sent");
        }
    });
    Ok(Body::from_stream(
        stream::iter(held.into_iter().map(Ok)).chain(later),
    ))
}

#[cfg(test)]
mod tests;
