use std::fs::File;
use std::io::Read;

use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::{ALIGN, CACHED_BYTES, PAST_BYTES, Reader, Waiting, Way, Writer, pass};

/// Bytes of which no two stretches are alike.
fn bytes(count: usize) -> Vec<u8> {
    let words = (0..count.div_ceil(8) as u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    bytes.truncate(count);
    bytes
}

fn read(file: &NamedTempFile, from_bytes: u64, piece: usize) -> (Vec<u8>, Way) {
    let mut reader = Reader::with(File::open(file.path()).unwrap(), from_bytes);
    let (mut found, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        match reader.read(&mut buffer).unwrap() {
            0 => return (found, reader.way),
            count => found.extend_from_slice(&buffer[..count]),
        }
    }
}

#[test]
fn a_large_file_passes_the_cache_where_it_can() {
    let mut writer = Writer::with(NamedTempFile::new().unwrap(), CACHED_BYTES as u64);
    let can = pass(writer.file.as_file(), true);
    pass(writer.file.as_file(), false);
    let passes = if can { Way::Past } else { Way::CacheOnly };
    let body = bytes(CACHED_BYTES + 3 * PAST_BYTES + 5);
    writer.write(&body[..CACHED_BYTES - 1]).unwrap();
    assert_eq!(writer.way, Way::Cache);
    writer.write(&body[CACHED_BYTES - 1..]).unwrap();
    assert_eq!(writer.way, passes);
    let file = writer.finish().unwrap();
    assert!(std::fs::read(file.path()).unwrap() == body);
    assert!(read(&file, u64::MAX, 7777) == (body.clone(), Way::Cache));
    assert!(read(&file, PAST_BYTES as u64, 7777).0 == body);
}

#[test]
fn a_file_system_that_refuses_is_used_by_its_cache() {
    let mut writer = Writer::with(NamedTempFile::new().unwrap(), 0);
    // Memory that begins anywhere is what a file system refuses.
    let room = 2 * ALIGN;
    writer.waiting = Waiting::new(room);
    writer.waiting.bytes.push(0);
    writer.waiting.start += 1;
    let body = bytes(20 * ALIGN + 1);
    if pass(writer.file.as_file(), true) {
        writer.way = Way::Past;
    }
    writer.write(&body).unwrap();
    // Some take it all the same.
    assert_ne!(writer.way, Way::Cache);
    assert!(std::fs::read(writer.finish().unwrap().path()).unwrap() == body);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_written_in_pieces_is_read_in_others(
        count in 0..4 * PAST_BYTES,
        pieces in prop::collection::vec(1..2 * PAST_BYTES, 1..4),
        from_bytes in prop::sample::select(vec![0, CACHED_BYTES, PAST_BYTES, 1 << 40]),
        piece in 1..2 * PAST_BYTES,
    ) {
        let (body, from_bytes) = (bytes(count), from_bytes as u64);
        let mut writer = Writer::with(NamedTempFile::new().unwrap(), from_bytes);
        let mut rest = body.as_slice();
        for piece in pieces.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at(rest.len().min(*piece));
            writer.write(now).unwrap();
            rest = later;
        }
        let file = writer.finish().unwrap();
        prop_assert!(std::fs::read(file.path()).unwrap() == body);
        prop_assert!(read(&file, from_bytes, piece).0 == body);
    }
}
