use std::io::{Cursor, Read};

use expect_test::expect;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::decoded;
use crate::samples::judged;
use crate::{Charset, Coding, Format, IngestError};

/// The text in one of the charsets; of TCVN3 and windows-1258 what they have.
pub(crate) fn encoded(text: &str, charset: Charset) -> Vec<u8> {
    let units = || text.encode_utf16();
    match charset {
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::Utf16 | Charset::Utf16Le => units().flat_map(u16::to_le_bytes).collect(),
        Charset::Utf16Be => units().flat_map(u16::to_be_bytes).collect(),
        Charset::Windows1258 => single_bytes(&windows(text), &super::windows_1258()),
        Charset::Tcvn3 => single_bytes(text, &crate::tcvn3::upper_half()),
    }
}

/// Letters as Windows writes Vietnamese: the vowel composed, its tone mark behind it.
fn windows(text: &str) -> String {
    const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];
    let mut out = String::new();
    for letter in text.chars() {
        let parts: Vec<char> = letter.nfd().collect();
        let (tones, vowel): (Vec<char>, Vec<char>) =
            parts.iter().partition(|part| TONES.contains(part));
        out.extend(vowel.into_iter().nfc());
        out.extend(tones);
    }
    out
}

fn single_bytes(text: &str, upper: &[Option<char>; 128]) -> Vec<u8> {
    let byte = |letter: char| match u8::try_from(letter) {
        Ok(ascii) if ascii.is_ascii() => ascii,
        _ => {
            let place = upper.iter().position(|found| *found == Some(letter));
            128 + u8::try_from(place.unwrap_or_else(|| panic!("no {letter:?}"))).unwrap()
        }
    };
    text.chars().map(byte).collect()
}

fn read(bytes: &[u8], charset: Option<Charset>) -> Result<Vec<u8>, String> {
    let body: Box<dyn Read + Send> = Box::new(Cursor::new(bytes.to_vec()));
    let mut text = Vec::new();
    let mut reader = decoded(body, charset).map_err(|error| error.to_string())?;
    match reader.read_to_end(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(IngestError::read(error).to_string()),
    }
}

fn text(bytes: &[u8], charset: Charset) -> String {
    let text = String::from_utf8(read(bytes, Some(charset)).unwrap()).unwrap();
    text.nfc().collect()
}

#[test]
fn words_in_tcvn3_are_the_words() {
    for (bytes, word) in [
        (&b"H\xb5 N\xe9i"[..], "Hà Nội"),
        (b"\xa7\xb5 N\xbdng", "Đà Nẵng"),
        (b"Th\xf5a Thi\xaan Hu\xd5", "Thừa Thiên Huế"),
        (b"Nguy\xd4n", "Nguyễn"),
        (b"\xa6u ti\xaan", "Ưu tiên"),
        (b"B\xb6o Th\xbeng", "Bảo Thắng"),
        (b"M\xad\xeang Kh\xad\xacng", "Mường Khương"),
        (b"B\xb8t X\xb8t", "Bát Xát"),
        (b"Qu\xb6ng Ng\xb7i", "Quảng Ngãi"),
        (b"th\xf1 t\xf4c h\xb5nh ch\xddnh", "thủ tục hành chính"),
    ] {
        assert_eq!(text(bytes, Charset::Tcvn3), word);
    }
}

#[test]
fn every_vowel_with_every_tone_is_in_tcvn3() {
    // The order of tones: none, grave, hook, tilde, acute, dot below.
    let rows: [(&[u8], &str); 12] = [
        (b"a\xb5\xb6\xb7\xb8\xb9", "aàảãáạ"),
        (b"\xa8\xbb\xbc\xbd\xbe\xc6", "ăằẳẵắặ"),
        (b"\xa9\xc7\xc8\xc9\xca\xcb", "âầẩẫấậ"),
        (b"e\xcc\xce\xcf\xd0\xd1", "eèẻẽéẹ"),
        (b"\xaa\xd2\xd3\xd4\xd5\xd6", "êềểễếệ"),
        (b"i\xd7\xd8\xdc\xdd\xde", "iìỉĩíị"),
        (b"o\xdf\xe1\xe2\xe3\xe4", "oòỏõóọ"),
        (b"\xab\xe5\xe6\xe7\xe8\xe9", "ôồổỗốộ"),
        (b"\xac\xea\xeb\xec\xed\xee", "ơờởỡớợ"),
        (b"u\xef\xf1\xf2\xf3\xf4", "uùủũúụ"),
        (b"\xad\xf5\xf6\xf7\xf8\xf9", "ưừửữứự"),
        (b"y\xfa\xfb\xfc\xfd\xfe", "yỳỷỹýỵ"),
    ];
    for (bytes, letters) in rows {
        assert_eq!(text(bytes, Charset::Tcvn3), letters);
    }
    assert_eq!(
        text(b"\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xae", Charset::Tcvn3),
        "ĂÂÊÔƠƯĐđ"
    );
    let known = crate::tcvn3::upper_half().into_iter().flatten().count();
    // 60 small vowels with tones, 7 small letters and 7 capitals beyond ASCII, and a space.
    assert_eq!(known, 60 + 7 + 7 + 1);
}

#[test]
fn tone_marks_of_windows_1258_become_part_of_their_letters() {
    for (bytes, word) in [
        (&b"Ha\xcc N\xf4\xf2i"[..], "Hà Nội"),
        (b"\xd0a\xcc N\xe3\xdeng", "Đà Nẵng"),
        (b"Th\xfd\xcca Thi\xean Hu\xea\xec", "Thừa Thiên Huế"),
        (b"Nguy\xea\xden", "Nguyễn"),
        (b"\xddu ti\xean", "Ưu tiên"),
        (b"Qua\xd2ng", "Quảng"),
        (b"15 000 \xfe", "15 000 ₫"),
    ] {
        assert_eq!(text(bytes, Charset::Windows1258), word);
    }
    let coding = Coding {
        charset: Some(Charset::Windows1258),
        ..Format::Csv.into()
    };
    let shown = judged(coding, b"id\nHu\xea\xec\n");
    assert!(shown.starts_with("1: Huế | "), "{shown}");
}

#[test]
fn bytes_that_a_charset_does_not_have_break_their_row_and_no_other() {
    let check = |charset: Charset, expected: expect_test::Expect| {
        let coding = |format: Format| Coding {
            charset: Some(charset),
            ..format.into()
        };
        let csv = judged(coding(Format::Csv), b"id\nA\n\x90\nB\n");
        let ndjson = judged(
            coding(Format::Ndjson),
            b"{\"id\":\"A\"}\n{\"id\":\"\x90\"}\n{\"id\":\"B\"}\n",
        );
        expected.assert_eq(&(csv + &ndjson));
    };
    check(
        Charset::Tcvn3,
        expect![[r#"
            1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 refused malformed - «∅»: the row is not TCVN3
                "�"
            3 received, 2 landed, 1 quarantined, 0 warned
            1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 refused malformed - «∅»: the line is not TCVN3
                "{\"id\":\"�\"}"
            3 received, 2 landed, 1 quarantined, 0 warned
        "#]],
    );
    check(
        Charset::Windows1258,
        expect![[r#"
            1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 refused malformed - «∅»: the row is not windows-1258
                "�"
            3 received, 2 landed, 1 quarantined, 0 warned
            1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 refused malformed - «∅»: the line is not windows-1258
                "{\"id\":\"�\"}"
            3 received, 2 landed, 1 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_byte_order_mark_speaks_where_nothing_is_declared() {
    for bytes in [
        &b"\xef\xbb\xbfid"[..],
        b"\xff\xfei\0d\0",
        b"\xfe\xff\0i\0d",
        b"id",
    ] {
        assert_eq!(read(bytes, None).unwrap(), b"id");
    }
    assert_eq!(read(b"\xff\xfei\0", Some(Charset::Utf16)).unwrap(), b"i");
    assert_eq!(read(b"\xff\xfei\0", Some(Charset::Utf16Le)).unwrap(), b"i");
    assert_eq!(read(b"i\0", Some(Charset::Utf16Le)).unwrap(), b"i");
    assert_eq!(read(b"", None).unwrap(), b"");
    assert_eq!(read(b"\xff\xfe", None).unwrap(), b"");
}

#[test]
fn a_byte_order_mark_that_contradicts_is_refused() {
    let refused = |bytes: &[u8], charset| read(bytes, Some(charset)).unwrap_err();
    assert_eq!(
        refused(b"\xff\xfei\0", Charset::Utf8),
        "the body is declared as UTF-8, its byte order mark says UTF-16LE"
    );
    assert_eq!(
        refused(b"\xff\xfei\0", Charset::Utf16Be),
        "the body is declared as UTF-16BE, its byte order mark says UTF-16LE"
    );
    assert_eq!(
        refused(b"\xef\xbb\xbfid", Charset::Tcvn3),
        "the body is declared as TCVN3, its byte order mark says UTF-8"
    );
    assert_eq!(
        refused(b"i\0d\0", Charset::Utf16),
        "the body is declared as UTF-16 and has no byte order mark"
    );
}

#[test]
fn only_the_first_byte_order_mark_is_one() {
    assert_eq!(
        read("\u{feff}\u{feff}id".as_bytes(), None).unwrap(),
        "\u{feff}id".as_bytes()
    );
    assert_eq!(
        read(b"\xff\xfe\xff\xfei\0", None).unwrap(),
        "\u{feff}i".as_bytes()
    );
    let shown = judged(Format::Csv, "\u{feff}\u{feff}id\nA\n".as_bytes());
    assert!(
        shown.starts_with("the body begins with two byte order marks\n"),
        "{shown}"
    );
}

#[test]
fn utf16_with_half_a_character_refuses_the_body() {
    let broken = "the body is not UTF-16LE: half of a character stands without its other half";
    for bytes in [
        &b"i\0d"[..],
        b"i\0\x00\xd8",
        b"\x00\xd8i\0",
        b"\x00\xdci\0",
        b"\x00\xd8\x00\xd8\x00\xdc",
    ] {
        assert_eq!(read(bytes, Some(Charset::Utf16Le)).unwrap_err(), broken);
        let coding = Coding {
            charset: Some(Charset::Utf16Le),
            ..Format::Ndjson.into()
        };
        assert!(judged(coding, bytes).starts_with(broken));
    }
    assert_eq!(
        read(b"\x3d\xd8\x00\xde", Some(Charset::Utf16Le)).unwrap(),
        "😀".as_bytes()
    );
}

/// Gives its bytes so many at a time.
struct Dripping(Cursor<Vec<u8>>, usize);

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

proptest! {
    #[test]
    fn text_is_the_same_wherever_it_is_cut(
        text in "[a-z\nàẵđ₫😀]{0,30}",
        drip in 1..5_usize,
        little: bool,
    ) {
        let charset = if little { Charset::Utf16Le } else { Charset::Utf16Be };
        let bytes = Dripping(Cursor::new(encoded(&text, charset)), drip);
        let mut out = String::new();
        decoded(Box::new(bytes), Some(charset)).unwrap().read_to_string(&mut out).unwrap();
        prop_assert_eq!(out, text);
    }

    #[test]
    fn what_is_written_in_a_charset_of_single_bytes_is_read(words in "[a-zàảãáạăằđêễưựỵỹòộơợíẽA-ZĐ ]{0,40}") {
        for charset in [Charset::Tcvn3, Charset::Windows1258] {
            prop_assert_eq!(&text(&encoded(&words, charset), charset), &words);
        }
    }
}
