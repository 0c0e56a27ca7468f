use std::io::Write;

use flate2::write::GzEncoder;

use crate::samples::{contract, judged, judged_with};
use crate::{Coding, Compression, Format, Limits};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;

const BOTH: [(Compression, Pack); 2] = [(Compression::Gzip, gzip), (Compression::Zstd, zstd)];

const ROWS: &[u8] = b"id,count\nA,1\nB,2\n";
const TWO_LANDED: &str = "1: A | 1 | \u{2205} | \u{2205} | \u{2205} | \u{2205} | \u{2205} | \u{2205}\n\
    2: B | 2 | \u{2205} | \u{2205} | \u{2205} | \u{2205} | \u{2205} | \u{2205}\n\
    2 received, 2 landed, 0 quarantined, 0 warned\n";

fn packed(format: Format, compression: Compression) -> Coding {
    Coding {
        compression: Some(compression),
        ..format.into()
    }
}

fn refusal(compression: Compression) -> String {
    format!("the body cannot be unpacked as `{}`: ", compression.token())
}

#[test]
fn several_members_and_frames_are_one_body() {
    for (compression, pack) in BOTH {
        let body = [pack(&ROWS[..11]), pack(b""), pack(&ROWS[11..])].concat();
        assert_eq!(judged(packed(Format::Csv, compression), &body), TWO_LANDED);
    }
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    for (compression, pack) in BOTH {
        let body = pack(ROWS);
        for end in 0..body.len() {
            let shown = judged(packed(Format::Csv, compression), &body[..end]);
            assert!(shown.starts_with(&refusal(compression)), "{end}: {shown}");
        }
    }
}

#[test]
fn something_behind_the_end_is_refused() {
    for (compression, pack) in BOTH {
        for garbage in [
            &b"\0"[..],
            b"A",
            b"garbage of some length",
            b"id,count\nC,3\n",
        ] {
            let body = [&pack(ROWS)[..], garbage].concat();
            let shown = judged(packed(Format::Csv, compression), &body);
            assert!(shown.starts_with(&refusal(compression)), "{shown}");
        }
    }
}

#[test]
fn a_body_that_was_not_compressed_or_otherwise_is_refused() {
    for (compression, _) in BOTH {
        for body in [ROWS.to_vec(), b"".to_vec()] {
            let shown = judged(packed(Format::Ndjson, compression), &body);
            assert!(shown.starts_with(&refusal(compression)), "{shown}");
        }
    }
    let shown = judged(packed(Format::Csv, Compression::Zstd), &gzip(ROWS));
    assert!(shown.starts_with(&refusal(Compression::Zstd)), "{shown}");
}

#[test]
fn a_body_compressed_twice_is_unpacked_once() {
    let body = gzip(&gzip(ROWS));
    let shown = judged(packed(Format::Csv, Compression::Gzip), &body);
    assert!(shown.starts_with("the header is not UTF-8\n"), "{shown}");
}

#[test]
fn a_small_body_does_not_become_a_large_one() {
    let limits = Limits {
        expanded_bytes: 2 * 1024 * 1024,
        expansion_ratio: u64::MAX,
        row_bytes: usize::MAX / 4,
        ..Limits::default()
    };
    for (compression, pack) in BOTH {
        let lines = pack(&vec![b'\n'; 4 * 1024 * 1024]);
        assert!(lines.len() < 5_000);
        for format in [
            Format::Csv,
            Format::Ndjson,
            Format::Parquet,
            Format::ArrowFile,
        ] {
            let judged = |limits: &Limits| {
                judged_with(packed(format, compression), &contract(), limits, &lines)
            };
            assert!(
                judged(&limits)
                    .starts_with("the body is over the limit `expanded_bytes` of 2097152\n")
            );
            assert_eq!(
                judged(&Limits::default()),
                "the body is over the limit `expansion_ratio` of 200\n\
                 Send the body as it is, without the compression.\n"
            );
        }
    }
}

#[test]
fn the_ratio_is_not_held_against_a_short_body() {
    let blank = "\n".repeat(1_000_000);
    let body = [blank.as_bytes(), ROWS].concat();
    for (compression, pack) in BOTH {
        let body = pack(&body);
        assert!(body.len() < 5_000);
        assert_eq!(judged(packed(Format::Csv, compression), &body), TWO_LANDED);
    }
}

#[test]
fn a_frame_that_looks_back_too_far_is_refused() {
    // A frame header that asks for a window of 2 GiB, then a block.
    let body = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
    let shown = judged(packed(Format::Csv, Compression::Zstd), body);
    assert!(shown.contains("too much memory"), "{shown}");
}
