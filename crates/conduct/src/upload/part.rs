//! A part on its way to the disk.

use ingest::Part;
use service::{ByteStream, Checksum, Door, ErrorKind, Principal, Result, ServiceError, UploadPart};

use super::kept::{Held, Kept};
use super::record::stamp;
use crate::handles::Handles;
use crate::submit::{self, blocking};

/// Bytes gathered before they are written.
const GATHER_BYTES: usize = 256 << 10;
/// Bytes that a power cut may take from a part: those before them were synced.
const SYNC_BYTES: u64 = 8 << 20;

/// Takes a part. What arrived of it is kept however it ends, unless it has a checksum.
pub(super) async fn take(
    handles: &Handles,
    door: Door,
    principal: &Principal,
    (kept, part): (&Kept, UploadPart),
    body: ByteStream,
) -> Result<()> {
    let mut held = kept.hold().ok_or_else(|| kept.locked())?;
    if part.offset != held.offset() || kept.is_settled() {
        return Err(elsewhere(kept, part.offset, &held));
    }
    let _seat = submit::seat_again(handles, principal, &kept.record.agency)?;
    let _receiving = submit::InWork::of("receiving");
    let checksum = part.checksum.map(|checksum| match checksum {
        Checksum::Sha1(sum) => ingest::Checksum::Sha1(sum),
        Checksum::Sha256(sum) => ingest::Checksum::Sha256(sum),
    });
    let writing = held.part(checksum).map_err(crate::failure::body)?;
    let arriving = Arriving {
        handles,
        door,
        kept,
        writing: Some(writing),
        gathered: Vec::new(),
    };
    arriving.all(body, &mut held).await
}

/// A part that arrives.
struct Arriving<'a> {
    handles: &'a Handles,
    door: Door,
    kept: &'a Kept,
    /// None after it could not be written.
    writing: Option<Part>,
    gathered: Vec<u8>,
}

impl Arriving<'_> {
    async fn all(mut self, body: ByteStream, held: &mut Held) -> Result<()> {
        let ended = self.receive(body).await;
        let is_checked = self.writing.as_ref().is_some_and(Part::is_checked);
        // A checked part that is cut off is not what its checksum says.
        let finished = if ended.is_err() && is_checked {
            Ok(true)
        } else {
            self.finish().await
        };
        self.stands();
        held.advance(self.kept.offset());
        ended?;
        if finished? { Ok(()) } else { Err(damaged()) }
    }

    async fn receive(&mut self, mut body: ByteStream) -> Result<()> {
        let mut interrupted = std::pin::pin!(self.kept.interrupted());
        loop {
            let next = tokio::select! {
                biased;
                () = &mut interrupted => return Err(self.kept.locked()),
                next = submit::next(self.handles, self.door, &mut body) => next,
            };
            let Some(chunk) = next.map_err(go_on)? else {
                return Ok(());
            };
            let bytes = chunk.len() as u64;
            metrics::counter!("dtm_body_bytes_total", "way" => "upload").increment(bytes);
            self.gathered.extend_from_slice(&chunk);
            if self.gathered.len() >= GATHER_BYTES {
                self.write().await?;
            }
        }
    }

    /// Writes what was gathered, and syncs it when that is much.
    async fn write(&mut self) -> Result<()> {
        let Some(mut writing) = self.writing.take() else {
            return Ok(());
        };
        let bytes = std::mem::take(&mut self.gathered);
        let now = stamp(self.handles.now());
        let written = move || {
            let pushed = writing.push(&bytes);
            let synced = if writing.pending() >= SYNC_BYTES {
                writing.sync(now)
            } else {
                Ok(())
            };
            Ok((writing, pushed.and(synced)))
        };
        let (writing, written) = blocking(written).await?;
        self.writing = Some(writing);
        self.stands();
        written.map_err(crate::failure::body)
    }

    async fn finish(&mut self) -> Result<bool> {
        self.write().await?;
        let Some(mut writing) = self.writing.take() else {
            return Ok(true);
        };
        let now = stamp(self.handles.now());
        let finished = move || {
            let finished = writing.finish(now);
            Ok((writing, finished))
        };
        let (writing, finished) = blocking(finished).await?;
        self.writing = Some(writing);
        finished.map_err(crate::failure::body)
    }

    fn stands(&self) {
        if let Some(writing) = &self.writing {
            self.kept.stands_at(writing.offset(), self.handles.now());
            self.handles.uploads.count();
        }
    }
}

fn elsewhere(kept: &Kept, offset: u64, held: &Held) -> ServiceError {
    let id = kept.id;
    if held.is_complete() {
        return ServiceError::new(ErrorKind::Conflict, format!("upload `{id}` is complete")).hint(
            format!("`GET /api/v1/uploads/{id}` tells what became of it."),
        );
    }
    ServiceError::new(
        ErrorKind::Conflict,
        format!(
            "the part begins at {offset}, and upload `{id}` stands at {}",
            held.offset()
        ),
    )
    .hint("Ask for its offset with `HEAD`, and go on from there.")
}

/// What a body that came at once would be told is not so of a part.
fn go_on(mut error: ServiceError) -> ServiceError {
    error.hint = Some(
        "What arrived is kept, unless it had a checksum. Ask for the offset with `HEAD`, and go on \
         from there."
            .to_owned(),
    );
    error
}

fn damaged() -> ServiceError {
    ServiceError::new(
        ErrorKind::Damaged,
        "the part is not what its `Upload-Checksum` says",
    )
    .hint("Nothing of it was kept. Send it again from the same offset.")
}
