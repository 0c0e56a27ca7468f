//! Documents that are compressed, or in another charset than UTF-8.

use expect_test::expect;

use crate::charset::tests::encoded;
use crate::samples::judged;
use crate::unpack::tests::{gzip, zstd};
use crate::{Charset, Coding, Compression, Format};

const ROWS: &str = "1: đ | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅\n\
                    1 received, 1 landed, 0 quarantined, 0 warned\n";

const JSON: &str = r#"[{"id":"đ","count":1}]"#;

fn xml(encoding: &str) -> String {
    let rows = "<rows><row><id>đ</id><count>1</count></row></rows>";
    format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{rows}")
}

fn coding(format: Format, charset: Charset) -> Coding {
    Coding {
        charset: Some(charset),
        ..format.into()
    }
}

fn packed(format: Format, compression: Compression) -> Coding {
    Coding {
        compression: Some(compression),
        ..format.into()
    }
}

#[test]
fn a_declared_charset_is_read_whatever_the_document_says_of_itself() {
    for charset in [
        Charset::Utf8,
        Charset::Utf16Le,
        Charset::Utf16Be,
        Charset::Windows1258,
        Charset::Tcvn3,
    ] {
        let body = encoded(JSON, charset);
        assert_eq!(judged(coding(Format::Json, charset), &body), ROWS);
        for encoding in [charset.name(), "ISO-8859-1"] {
            let body = encoded(&xml(encoding), charset);
            assert_eq!(judged(coding(Format::Xml, charset), &body), ROWS);
        }
    }
}

#[test]
fn a_byte_order_mark_declares_utf_16() {
    for charset in [Charset::Utf16Le, Charset::Utf16Be] {
        let body = encoded(&format!("\u{feff}{JSON}"), charset);
        assert_eq!(judged(Format::Json, &body), ROWS);
        let body = encoded(&format!("\u{feff}{}", xml("UTF-16")), charset);
        assert_eq!(judged(Format::Xml, &body), ROWS);
    }
}

#[test]
fn an_encoding_that_only_the_document_declares_is_not_followed() {
    let body = encoded(&xml("windows-1258"), Charset::Windows1258);
    expect![[r#"
        the document declares the encoding `windows-1258`
        Send it in UTF-8, or name the charset in the media type.
    "#]]
    .assert_eq(&judged(Format::Xml, &body));
}

#[test]
fn a_row_with_bytes_that_its_charset_lacks_names_the_charset() {
    let body = b"[{\"id\":\"A\"},{\"id\":\"\x90\"}]";
    let shown = judged(coding(Format::Json, Charset::Windows1258), body);
    expect![[r#"
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2 refused malformed - «∅»: the row is not windows-1258
            "{\"id\":\"�\"}"
        2 received, 1 landed, 1 quarantined, 0 warned
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_document_is_unpacked() {
    for (format, body) in [(Format::Json, JSON), (Format::Xml, &xml("UTF-8"))] {
        let body = body.as_bytes();
        let packed_as = |compression| packed(format, compression);
        assert_eq!(judged(packed_as(Compression::Gzip), &gzip(body)), ROWS);
        assert_eq!(judged(packed_as(Compression::Zstd), &zstd(body)), ROWS);
    }
}

#[test]
fn a_document_that_cannot_be_unpacked_or_decoded_is_refused_for_that() {
    for (format, body) in [(Format::Json, JSON), (Format::Xml, &xml("UTF-8"))] {
        let gzip = gzip(body.as_bytes());
        let told = judged(packed(format, Compression::Gzip), &gzip[..gzip.len() - 1]);
        let why = "the body cannot be unpacked as `gzip`";
        assert!(told.starts_with(why), "{told}");

        let mut utf16 = encoded(body, Charset::Utf16Le);
        utf16.pop();
        let told = judged(coding(format, Charset::Utf16Le), &utf16);
        assert!(told.starts_with("the body is not UTF-16LE"), "{told}");
    }
}
