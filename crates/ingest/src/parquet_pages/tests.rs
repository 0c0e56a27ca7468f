use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Pages, unzigzag};
use crate::samples::{contract, judge, judged};
use crate::{Format, IngestError, Limits};

/// Ten thousand rows in many pages, with statistics in their headers.
fn body(compression: Compression) -> Vec<u8> {
    let ids: Vec<String> = (0..10_000).map(|id| format!("id {id}")).collect();
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(ids));
    let counts: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
    let batch = RecordBatch::try_from_iter([("id", ids), ("count", counts)]).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_data_page_row_count_limit(500)
        .set_write_batch_size(500)
        .set_max_row_group_row_count(Some(4_000))
        .set_write_page_header_statistics(true)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn pages_of_a_file_are_walked_to_their_end() {
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        let told = judged(Format::Parquet, &body(compression));
        assert!(told.ends_with("10000 received, 10000 landed, 0 quarantined, 9900 warned\n"));
    }
}

/// The file with another size in the header of its first page.
fn claiming(zigzag: &[u8]) -> Vec<u8> {
    let mut body = body(Compression::UNCOMPRESSED);
    assert_eq!((body[4], body[6]), (0x15, 0x15));
    let digits = body[7..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
    body.splice(7..7 + digits, zigzag.iter().copied());
    body
}

#[test]
fn a_page_that_claims_more_than_is_taken_is_refused_before_it_is_unpacked() {
    let limit =
        |body: &[u8], limits: &Limits| match judge(Format::Parquet, &contract(), &[], limits, body)
        {
            Err(IngestError::Limit { name, .. }) => name.to_owned(),
            Err(error) => error.to_string(),
            Ok(judgement) => panic!("{:?}", judgement.counts),
        };
    let two_gib = claiming(b"\xfe\xff\xff\xff\x0f");
    assert_eq!(limit(&two_gib, &Limits::default()), "message_bytes");
    let limits = Limits {
        message_bytes: u64::MAX,
        row_bytes: 1024,
        ..Limits::default()
    };
    assert_eq!(limit(&two_gib, &limits), "row_bytes");
    let negative = claiming(b"\x01");
    assert_eq!(
        limit(&negative, &Limits::default()),
        "the body is no readable Parquet file: the header of a page is broken"
    );
}

/// The pages that bytes are read as.
fn pages(bytes: &[u8]) -> Vec<Result<Option<u64>, String>> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let mut pages = Pages::open(&file, 0, bytes.len() as u64).unwrap();
    let mut found = Vec::new();
    loop {
        let page = pages.next().map_err(|error| error.to_string());
        let is_last = !matches!(page, Ok(Some(_)));
        found.push(page);
        if is_last {
            return found;
        }
    }
}

#[test]
fn headers_of_any_shape_are_walked_and_lies_end_with_the_column() {
    // A type, both sizes, a checksum, a structure with every kind of value, two bytes of a page.
    let whole = b"\x15\x00\x15\x08\x15\x04\x15\x01\x1c\x11\x12\x13\x07\x14\x02\x17\0\0\0\0\0\0\0\0\
        \x18\x03abc\x19\x21\x01\x02\x1a\x15\x02\x1b\x00\x1b\x01\x58\x02\x01z\x00\x00xy";
    assert_eq!(pages(whole), [Ok(Some(4)), Ok(None)]);
    assert_eq!(pages(&whole.repeat(2)).len(), 3);
    let broken = Err("the header of a page is broken".to_owned());
    for end in 1..whole.len() {
        assert_eq!(pages(&whole[..end]), std::slice::from_ref(&broken), "{end}");
    }
    // Lists without end, of structures within structures without end, of a kind that there is not.
    assert_eq!(
        pages(b"\x19\xf1\xff\xff\xff\xff\x0f\x01"),
        std::slice::from_ref(&broken)
    );
    assert_eq!(pages(&[0x1c; 100]), std::slice::from_ref(&broken));
    assert_eq!(pages(b"\x1d\x00\x00"), [broken]);
}

#[test]
fn numbers_are_folded_back() {
    let folded: Vec<i64> = [0, 1, 2, 3, u64::MAX - 1, u64::MAX].map(unzigzag).into();
    assert_eq!(folded, [0, -1, 1, -2, i64::MAX, i64::MIN]);
}
