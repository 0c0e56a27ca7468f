//! How a body is written: its format, and what its sender says beside it.

use std::collections::BTreeMap;
use std::fmt;

/// The formats a body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyFormat {
    /// `application/x-ndjson`
    Ndjson,
    /// `text/csv`
    Csv,
    /// `text/tab-separated-values`
    Tsv,
    /// `application/json`
    Json,
    /// `application/xml`
    Xml,
    /// `application/vnd.openxmlformats-officedocument.spreadsheetml.sheet`
    Xlsx,
    /// `application/vnd.oasis.opendocument.spreadsheet`
    Ods,
    /// `application/vnd.apache.parquet`
    Parquet,
    /// `application/vnd.apache.arrow.stream`
    ArrowStream,
    /// `application/vnd.apache.arrow.file`
    ArrowFile,
}

impl BodyFormat {
    /// Every format.
    pub const ALL: [Self; 10] = [
        Self::Ndjson,
        Self::Csv,
        Self::Tsv,
        Self::Json,
        Self::Xml,
        Self::Xlsx,
        Self::Ods,
        Self::Parquet,
        Self::ArrowStream,
        Self::ArrowFile,
    ];

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::ArrowStream => "application/vnd.apache.arrow.stream",
            Self::ArrowFile => "application/vnd.apache.arrow.file",
        }
    }

    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Xlsx => "xlsx",
            Self::Ods => "ods",
            Self::Parquet => "parquet",
            Self::ArrowStream => "arrows",
            Self::ArrowFile => "arrow",
        }
    }

    /// The format of a media type; parameters such as `charset` are passed over.
    pub fn from_media_type(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        match essence.as_str() {
            "application/ndjson" | "application/jsonl" => Some(Self::Ndjson),
            "application/x-parquet" => Some(Self::Parquet),
            "text/xml" => Some(Self::Xml),
            other => Self::ALL
                .into_iter()
                .find(|format| format.media_type() == other),
        }
    }

    fn from_ending(ending: &str) -> Option<Self> {
        match ending {
            "jsonl" => Some(Self::Ndjson),
            "feather" => Some(Self::ArrowFile),
            other => Self::ALL
                .into_iter()
                .find(|format| format.ending() == other),
        }
    }
}

/// How a body is written. Two bodies with the same bytes and another type are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyType {
    /// The format.
    pub format: BodyFormat,
    /// What its sender declares, by [name](Self::NAMES); what is not here is found out or has its
    /// usual value.
    pub declared: BTreeMap<String, String>,
}

impl From<BodyFormat> for BodyType {
    fn from(format: BodyFormat) -> Self {
        Self {
            format,
            declared: BTreeMap::new(),
        }
    }
}

impl BodyType {
    /// How text is written in bytes.
    pub const CHARSET: &str = "charset";
    /// What the whole body was compressed with: `gzip` or `zstd`.
    pub const COMPRESSION: &str = "compression";
    /// What separates the cells of CSV.
    pub const DELIMITER: &str = "delimiter";
    /// What encloses cells of CSV.
    pub const QUOTE: &str = "quote";
    /// `comma` or `point`: how CSV writes numbers.
    pub const DECIMAL: &str = "decimal";

    /// The project's adapter through which the rows of a foreign system are read.
    pub const ADAPTER: &str = "adapter";

    /// Everything that can be declared.
    pub const NAMES: [&str; 6] = [
        Self::CHARSET,
        Self::COMPRESSION,
        Self::DELIMITER,
        Self::QUOTE,
        Self::DECIMAL,
        Self::ADAPTER,
    ];

    /// The type of a media type with its parameters; those that say nothing here are passed over.
    pub fn from_media_type(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let format = BodyFormat::from_media_type(parts.next()?)?;
        let mut found = Self::from(format);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let name = name.trim().to_ascii_lowercase();
            if Self::NAMES.contains(&name.as_str()) {
                found.declare(&name, value.trim().trim_matches('"'));
            }
        }
        Some(found)
    }

    /// The type of a file, by its ending: `.csv`, `.csv.gz`, `.ndjson.zst` and so on.
    pub fn from_file_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (name, compression) = match name.rsplit_once('.') {
            Some((rest, "gz")) => (rest, Some("gzip")),
            Some((rest, "zst")) => (rest, Some("zstd")),
            _ => (name.as_str(), None),
        };
        let (_, ending) = name.rsplit_once('.')?;
        let mut found = Self::from(BodyFormat::from_ending(ending)?);
        if let Some(compression) = compression {
            found.declare(Self::COMPRESSION, compression);
        }
        Some(found)
    }

    /// What is declared under a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.declared.get(name).map(String::as_str)
    }

    /// Declares it. That text is UTF-8 is so by itself, said or not.
    pub fn declare(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if name == Self::CHARSET && value.eq_ignore_ascii_case("utf-8") {
            return;
        }
        self.declared.insert(name.to_owned(), value);
    }
}

/// The media type with what is declared as its parameters; [`BodyType::from_media_type`] reads it.
impl fmt::Display for BodyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.format.media_type())?;
        for (name, value) in &self.declared {
            // `;` cannot stand in a parameter as this reads them.
            let value = if value == ";" { "semicolon" } else { value };
            write!(f, "; {name}={value}")?;
        }
        Ok(())
    }
}
