use super::{Charset, Compression, Delimiter, Quote};

#[test]
fn labels_are_read_in_any_case_and_unknown_ones_are_not_guessed() {
    for (label, charset) in [
        ("UTF-8", Some(Charset::Utf8)),
        ("utf-16", Some(Charset::Utf16)),
        ("UTF-16LE", Some(Charset::Utf16Le)),
        ("Windows-1258", Some(Charset::Windows1258)),
        ("TCVN-5712", Some(Charset::Tcvn3)),
        ("x-viet-tcvn5712", Some(Charset::Tcvn3)),
        ("windows-1252", None),
        ("", None),
    ] {
        assert_eq!(Charset::from_label(label), charset, "{label}");
    }
    assert_eq!(Compression::from_token("GZIP"), Some(Compression::Gzip));
    for token in ["identity", "br", "gzip, zstd", ""] {
        assert_eq!(Compression::from_token(token), None, "{token}");
    }
}

#[test]
fn every_name_is_a_label_again() {
    for charset in [
        Charset::Utf8,
        Charset::Utf16,
        Charset::Utf16Le,
        Charset::Utf16Be,
        Charset::Windows1258,
        Charset::Tcvn3,
    ] {
        assert_eq!(Charset::from_label(charset.name()), Some(charset));
    }
    for compression in [Compression::Gzip, Compression::Zstd] {
        let token = compression.token();
        assert_eq!(Compression::from_token(token), Some(compression));
    }
    for delimiter in Delimiter::ALL {
        let label = char::from(delimiter.byte()).to_string();
        assert_eq!(Delimiter::from_label(&label), Some(delimiter));
    }
    assert_eq!(Quote::from_label("none"), Some(Quote::None));
    assert_eq!(Quote::from_label("`"), None);
}
