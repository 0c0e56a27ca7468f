//! What a sender declares of a body, as the decoders take it.

use ingest::{Charset, Coding, Compression, Delimiter, Dialect, Format, Quote};
use project::{Adapter, DatasetName, Project};
use service::{BodyFormat, BodyType, ErrorKind, Result, ServiceError};

/// The coding of a body, or what of it is not known.
pub(crate) fn coding(body: &BodyType) -> Result<Coding> {
    let format = match body.format {
        BodyFormat::Ndjson => Format::Ndjson,
        BodyFormat::Csv | BodyFormat::Tsv => Format::Csv,
        BodyFormat::Json => Format::Json,
        BodyFormat::Xml => Format::Xml,
        BodyFormat::Xlsx => Format::Xlsx,
        BodyFormat::Ods => Format::Ods,
        BodyFormat::Parquet => Format::Parquet,
        BodyFormat::ArrowStream => Format::ArrowStream,
        BodyFormat::ArrowFile => Format::ArrowFile,
    };
    let usual = match body.format {
        BodyFormat::Tsv => Dialect::TSV,
        _ => Dialect::default(),
    };
    let delimiter = known(
        body,
        BodyType::DELIMITER,
        "`,`, `;`, `tab` or `|`",
        Delimiter::from_label,
    )?;
    let quote = known(
        body,
        BodyType::QUOTE,
        "`double`, `single` or `none`",
        Quote::from_label,
    )?;
    let decimal = known(
        body,
        BodyType::DECIMAL,
        "`comma` or `point`",
        |label| match label {
            "comma" => Some(true),
            "point" => Some(false),
            _ => None,
        },
    )?;
    let charsets = "`utf-8`, `utf-16`, `windows-1258` or `tcvn3`";
    Ok(Coding {
        format,
        compression: known(
            body,
            BodyType::COMPRESSION,
            "`gzip` or `zstd`",
            Compression::from_token,
        )?,
        charset: known(body, BodyType::CHARSET, charsets, Charset::from_label)?,
        dialect: Dialect {
            delimiter: delimiter.or(usual.delimiter),
            quote: quote.unwrap_or(usual.quote),
            decimal_comma: decimal.or(usual.decimal_comma),
        },
    })
}

/// The adapter that the body names, which must be made for the dataset.
pub(crate) fn adapter<'p>(
    body: &BodyType,
    project: &'p Project,
    dataset: &DatasetName,
) -> Result<Option<&'p Adapter>> {
    let Some(name) = body.get(BodyType::ADAPTER) else {
        return Ok(None);
    };
    let found = project.adapters.get(name);
    if let Some(adapter) = found.filter(|adapter| adapter.dataset == *dataset) {
        return Ok(Some(adapter));
    }
    let made = project.adapters.values();
    let made: Vec<&str> = made
        .filter(|adapter| adapter.dataset == *dataset)
        .map(|adapter| adapter.name.as_str())
        .collect();
    let hint = match made.as_slice() {
        [] => "There is none; send the rows as the contract has them.".to_owned(),
        made => format!("Give `{}`.", made.join("` or `")),
    };
    let message = format!("there is no adapter `{name}` for `{dataset}`");
    Err(ServiceError::new(ErrorKind::Invalid, message).hint(hint))
}

fn known<T>(
    body: &BodyType,
    name: &str,
    all: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    let Some(given) = body.get(name) else {
        return Ok(None);
    };
    let found = read(given).ok_or_else(|| {
        let message = format!("the body's {name} is `{given}`, which is not read");
        ServiceError::new(ErrorKind::Invalid, message).hint(format!("Give {all}."))
    })?;
    Ok(Some(found))
}
