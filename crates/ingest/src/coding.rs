//! How a body's bytes are to be read, as its sender declares it.

use project::Text;

/// A body's coding. A [`Format`] alone is the coding of most: UTF-8 unless a byte order mark says
/// otherwise, not compressed, the dialect found from the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coding {
    /// What the bytes are once they are unpacked.
    pub format: Format,
    /// What was done to the whole body, as `Content-Encoding` says.
    pub compression: Option<Compression>,
    /// How text is written in bytes; ignored by formats that are no text.
    pub charset: Option<Charset>,
    /// How a CSV body separates its cells; ignored by other formats.
    pub dialect: Dialect,
}

impl From<Format> for Coding {
    fn from(format: Format) -> Self {
        Self {
            format,
            compression: None,
            charset: None,
            dialect: Dialect::default(),
        }
    }
}

/// The formats a body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Ndjson,
    /// RFC 4180 with a header, in one of its dialects.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Arrow's IPC stream, with its end mark.
    ArrowStream,
    /// Arrow's IPC file, also known as Feather version 2.
    ArrowFile,
    /// A sheet of an Office Open XML workbook.
    Xlsx,
    /// A sheet of an OpenDocument workbook.
    Ods,
    /// A JSON document: a list of objects, one object, or what an adapter finds a list in.
    Json,
    /// An XML document whose rows are the root's children, or what an adapter says.
    Xml,
}

/// What was done to the whole body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952, one member or several.
    Gzip,
    /// RFC 8878, one frame or several.
    Zstd,
}

impl Compression {
    /// By a token of `Content-Encoding`; none for any other, `identity` among them.
    pub fn from_token(token: &str) -> Option<Self> {
        match token.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Its token in `Content-Encoding`.
    pub fn token(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// How text is written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// UTF-16 in the order that its byte order mark says; refused without one.
    Utf16,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// Vietnamese Windows: letters with their tone marks behind them.
    Windows1258,
    /// TCVN 5712:1993 VN3, as the ABC fonts have it. It has no capital with a tone mark: those are
    /// small letters in a font of capitals, and arrive as small letters.
    Tcvn3,
}

impl Charset {
    /// By the `charset` of a media type: IANA's names and aliases, and for TCVN3, which IANA does
    /// not have, `tcvn3`, `x-viet-tcvn5712` and `TCVN-5712`.
    pub fn from_label(label: &str) -> Option<Self> {
        Some(match label.trim().to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "csutf8" | "us-ascii" | "ascii" => Self::Utf8,
            "utf-16" | "utf16" | "csutf16" => Self::Utf16,
            "utf-16le" | "csutf16le" => Self::Utf16Le,
            "utf-16be" | "csutf16be" => Self::Utf16Be,
            "windows-1258" | "cswindows1258" | "cp1258" | "x-cp1258" => Self::Windows1258,
            "tcvn3" | "x-viet-tcvn5712" | "tcvn-5712" => Self::Tcvn3,
            _ => return None,
        })
    }

    /// Its name: IANA's where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1258 => "windows-1258",
            Self::Tcvn3 => "TCVN3",
        }
    }

    /// What people are told of a row with bytes that the charset does not have.
    pub(crate) fn undecodable(self, row_en: &str) -> Text {
        let name = self.name();
        Text {
            vi: format!("dòng không phải {name}"),
            en: format!("the {row_en} is not {name}"),
        }
    }
}

/// How a CSV body separates its cells and writes its numbers.
///
/// What is not declared is found from the header line alone, for a body is read once: the
/// delimiter is the one by which every name is a column of the contract. `;` says that numbers
/// have a decimal comma unless the opposite is declared, for that is what spreadsheets write in
/// Vietnamese. A first line of `sep=` and a character, as Excel has it, declares the delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect {
    /// What separates cells.
    pub delimiter: Option<Delimiter>,
    /// What encloses cells that hold delimiters or line breaks.
    pub quote: Quote,
    /// Whether numbers are written as in `1.250,50` (true) or as in `1250.50` (false).
    pub decimal_comma: Option<bool>,
}

impl Dialect {
    /// The dialect of `text/tab-separated-values`.
    pub const TSV: Self = Self {
        delimiter: Some(Delimiter::Tab),
        quote: Quote::Double,
        decimal_comma: None,
    };
}

/// What separates cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    /// Every one, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// By the character itself or its name: `comma`, `semicolon`, `tab`, `pipe`.
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "," | "comma" => Some(Self::Comma),
            ";" | "semicolon" => Some(Self::Semicolon),
            "\t" | "tab" => Some(Self::Tab),
            "|" | "pipe" => Some(Self::Pipe),
            _ => None,
        }
    }

    /// As it stands in hints.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Comma => "`,`",
            Self::Semicolon => "`;`",
            Self::Tab => "tabs",
            Self::Pipe => "`|`",
        }
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }
}

/// What encloses cells that hold delimiters or line breaks; doubled, it stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quote {
    /// `"`
    #[default]
    Double,
    /// `'`
    Single,
    /// Nothing: a cell holds neither delimiters nor line breaks, and quotes are characters.
    None,
}

impl Quote {
    /// By the character itself or its name: `double`, `single`, `none`.
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "\"" | "double" => Some(Self::Double),
            "'" | "single" => Some(Self::Single),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
