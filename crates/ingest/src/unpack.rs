//! Compressed bodies, read to their end and no further than is taken: a small body may not become
//! a large one unseen.

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::{Compression, IngestError, Limits};

const BUFFER_BYTES: usize = 128 * 1024;

/// The ratio is not judged before so much was unpacked: short bodies of like rows are no attack.
const RATIO_FREE_BYTES: u64 = 1024 * 1024;

/// Frames of zstd may look back 128 MiB, which is what the format's own program takes.
const WINDOW_LOG_MAX: u32 = 27;

/// The body's bytes. Truncated and broken bodies, and those with something behind their end,
/// answer with an error that holds the refusal, as do bodies over a limit.
pub(crate) fn unpacked(
    file: File,
    compression: Compression,
    limits: &Limits,
) -> Result<Box<dyn Read + Send>, IngestError> {
    let packed_bytes = file.metadata().map_err(IngestError::read)?.len();
    if packed_bytes == 0 {
        return Err(broken(compression, "it is empty"));
    }
    let file = BufReader::with_capacity(BUFFER_BYTES, file);
    let decoder: Box<dyn Read + Send> = match compression {
        Compression::Gzip => Box::new(MultiGzDecoder::new(file)),
        Compression::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(file).map_err(IngestError::read)?;
            let bounded = decoder.window_log_max(WINDOW_LOG_MAX);
            bounded.map_err(IngestError::read)?;
            Box::new(decoder)
        }
    };
    let by_ratio = packed_bytes.saturating_mul(limits.expansion_ratio);
    Ok(Box::new(Bounded {
        decoder,
        compression,
        bytes: 0,
        by_ratio: by_ratio.max(RATIO_FREE_BYTES),
        limits: *limits,
    }))
}

struct Bounded {
    decoder: Box<dyn Read + Send>,
    compression: Compression,
    /// How many were unpacked.
    bytes: u64,
    /// How many the ratio allows.
    by_ratio: u64,
    limits: Limits,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(buffer).map_err(|error| {
            // What the disk says has a number; what the decoder says has none.
            if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted {
                error
            } else {
                io::Error::other(broken(self.compression, &error.to_string()))
            }
        })?;
        self.bytes += read as u64;
        let Limits {
            expanded_bytes,
            expansion_ratio,
            ..
        } = self.limits;
        let over = if self.bytes > expanded_bytes {
            Some(("expanded_bytes", expanded_bytes))
        } else if self.bytes > self.by_ratio {
            Some(("expansion_ratio", expansion_ratio))
        } else {
            None
        };
        match over {
            Some((name, limit)) => Err(io::Error::other(IngestError::body_limit(name, limit))),
            None => Ok(read),
        }
    }
}

fn broken(compression: Compression, why: &str) -> IngestError {
    let token = compression.token();
    let message = format!("the body cannot be unpacked as `{token}`: {why}");
    let hint = "Look whether it was cut off on its way or compressed in another way, and send it \
        again.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

#[cfg(test)]
pub(crate) mod tests;
