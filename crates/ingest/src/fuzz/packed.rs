//! Bodies that are packed: what is within is spoilt and packed again, else a checksum is all that a
//! decoder would ever see.

use std::io::{Cursor, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::mutate::MAX_BYTES;

/// How a target's bodies are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Zstd,
    Zip,
}

/// Changes what is within a packed body; none if it cannot be unpacked.
pub(super) fn within(
    body: &[u8],
    packing: Packing,
    choose: usize,
    change: &mut dyn FnMut(&mut Vec<u8>),
) -> Option<Vec<u8>> {
    match packing {
        Packing::None => None,
        Packing::Gzip => {
            let mut bytes = read(GzDecoder::new(body))?;
            change(&mut bytes);
            Some(gzip(&bytes))
        }
        Packing::Zstd => {
            let mut bytes = read(zstd::stream::read::Decoder::new(body).ok()?)?;
            change(&mut bytes);
            zstd::bulk::compress(&bytes, 1).ok()
        }
        Packing::Zip => within_entry(body, choose, change),
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn read(reader: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn within_entry(
    body: &[u8],
    choose: usize,
    change: &mut dyn FnMut(&mut Vec<u8>),
) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(body)).ok()?;
    let chosen = choose % archive.len().max(1);
    let mut packed = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for at in 0..archive.len().min(64) {
        let entry = archive.by_index(at).ok()?;
        let name = entry.name().ok()?.into_owned();
        let mut bytes = read(entry)?;
        if at == chosen {
            change(&mut bytes);
        }
        packed.start_file(name, options).ok()?;
        packed.write_all(&bytes).ok()?;
    }
    Some(packed.finish().ok()?.into_inner())
}
