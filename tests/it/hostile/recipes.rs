//! Bodies that are too large to be kept, made the same each time.

use std::io::{Cursor, Write};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::properties::WriterProperties;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const MIB: usize = 1 << 20;

/// The columns of a dataset that are all text or taken for it, a good row, and which of its cells
/// is a text that may be long.
#[derive(Clone, Copy)]
pub struct Table {
    pub names: &'static [&'static str],
    pub cells: &'static [&'static str],
    pub long: usize,
}

pub const SYSTEMS: Table = Table {
    names: &[
        "system_code",
        "name",
        "owner_agency_code",
        "owner_kind",
        "transaction_kind",
        "monthly_active_users",
        "security_level",
    ],
    cells: &["S1", "Một cửa", "H26", "state", "public", "125000", "3"],
    long: 1,
};

pub const VISITS: Table = Table {
    names: &["visit_id", "office", "visited_at", "minutes"],
    cells: &["V-1", "Ba Đình", "2026-09-01T08:30:00+07:00", "12"],
    long: 1,
};

pub type Recipe = fn(Table) -> Vec<u8>;

/// Every body that is made, by its name in the catalogue.
pub const RECIPES: [(&str, Recipe); 24] = [
    ("arrow-bomb.arrows", arrow_bomb),
    ("cell-100kb.csv", |table| csv(table, &"x".repeat(100_000))),
    ("cell-10mb.csv", |table| csv(table, &"x".repeat(10 * MIB))),
    ("cell-10mb.json", |table| json(table, 10 * MIB)),
    ("cell-10mb.ndjson", |table| object(table, 10 * MIB)),
    ("cell-10mb.parquet", |table| parquet(table, 1, 10 * MIB)),
    ("cell-10mb.xlsx", |table| {
        xlsx(&sheet(table, &"x".repeat(10 * MIB)), "")
    }),
    ("cell-10mb.xml", |table| xml(table, 10 * MIB)),
    ("columns-100000.csv", columns),
    ("fields-100000.ndjson", fields),
    ("gzip-bomb-in-gzip.csv.gz", |_| gzip(&gzip_zeros())),
    ("gzip-bomb-rows.csv.gz", gzip_rows),
    ("gzip-bomb.csv.gz", |_| gzip_zeros()),
    ("json-envelope-large.json", |_| envelope()),
    ("no-line-breaks.csv", |_| vec![b'x'; 3 * MIB]),
    ("parquet-bomb.parquet", |table| {
        parquet(table, 2_000, 60_000)
    }),
    ("quote-unclosed-long.csv", unclosed),
    ("shared-text-bomb.xlsx", shared),
    ("xml-attributes-bomb.xml", attributes),
    ("zip-bomb-in-zip.xlsx", |table| {
        archive(&[("systems.xlsx", &zip_bomb(table))])
    }),
    ("zip-bomb.xlsx", zip_bomb),
    ("zip-entries.xlsx", |_| entries()),
    ("zstd-bomb.csv.zst", |_| zstd_zeros()),
    ("zstd-bomb.parquet.zst", |_| zstd_zeros()),
];

fn header(table: Table) -> String {
    table.names.join(",") + "\n"
}

/// The good row with another long text.
fn cells(table: Table, long: &str) -> Vec<String> {
    let mut cells: Vec<String> = table.cells.iter().map(|cell| (*cell).to_owned()).collect();
    long.clone_into(&mut cells[table.long]);
    cells
}

fn csv(table: Table, long: &str) -> Vec<u8> {
    let good = table.cells.join(",");
    let row = cells(table, long).join(",");
    format!("{}{good}\n{row}\n", header(table)).into_bytes()
}

fn object(table: Table, long_bytes: usize) -> Vec<u8> {
    let row = cells(table, &"x".repeat(long_bytes));
    let fields = table.names.iter().zip(&row);
    let fields = fields.map(|(name, value)| format!("\"{name}\":\"{value}\""));
    format!("{{{}}}\n", fields.collect::<Vec<_>>().join(",")).into_bytes()
}

fn json(table: Table, long_bytes: usize) -> Vec<u8> {
    [b"[".as_slice(), &object(table, long_bytes), b"]"].concat()
}

fn xml(table: Table, long_bytes: usize) -> Vec<u8> {
    let row = cells(table, &"x".repeat(long_bytes));
    let fields = table.names.iter().zip(&row);
    let fields = fields.map(|(name, value)| format!("<{name}>{value}</{name}>"));
    format!("<rows><row>{}</row></rows>", fields.collect::<String>()).into_bytes()
}

fn columns(table: Table) -> Vec<u8> {
    let mut names = table.names.join(",");
    for more in 0..100_000 {
        names += &format!(",c{more}");
    }
    names.into_bytes()
}

fn fields(_: Table) -> Vec<u8> {
    let fields: Vec<String> = (0..100_000).map(|field| format!("\"{field}\":1")).collect();
    format!("{{{}}}", fields.join(",")).into_bytes()
}

fn attributes(_: Table) -> Vec<u8> {
    let attributes: String = (0..90_000).map(|n| format!(" a{n}=\"\"")).collect();
    format!("<rows><row{attributes}/></rows>").into_bytes()
}

fn unclosed(table: Table) -> Vec<u8> {
    let good = table.cells.join(",") + "\n";
    let open = cells(table, "\"Một cửa").join(",") + "\n";
    (header(table) + &open + &good.repeat(2 * MIB / good.len())).into_bytes()
}

fn envelope() -> Vec<u8> {
    let session = "x".repeat(70_000);
    format!("{{\"session\":\"{session}\",\"data\":[]}}").into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Half a GiB of zeros: members of gzip may stand behind each other.
fn gzip_zeros() -> Vec<u8> {
    gzip(&vec![0; MIB]).repeat(512)
}

/// Half a GiB of zeros as frames of zstd.
fn zstd_zeros() -> Vec<u8> {
    zstd::bulk::compress(&vec![0; MIB], 3).unwrap().repeat(512)
}

/// A hundred thousand rows alike.
fn gzip_rows(table: Table) -> Vec<u8> {
    let rows = (table.cells.join(",") + "\n").repeat(10_000);
    let mut packed = gzip(header(table).as_bytes());
    packed.extend(gzip(rows.as_bytes()).repeat(10));
    packed
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"#;
const RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const BOOK_RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;

/// A workbook of one sheet; `shared` are the elements of its shared texts.
fn xlsx(sheet: &str, shared: &str) -> Vec<u8> {
    let main = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main""#;
    let sheet = format!("<worksheet {main}><sheetData>{sheet}</sheetData></worksheet>");
    let shared = format!("<sst {main}>{shared}</sst>");
    archive(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", RELS.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", shared.as_bytes()),
    ])
}

fn sheet_row<C: AsRef<str>>(number: usize, cells: &[C]) -> String {
    let cells = (b'A'..).zip(cells).map(|(column, cell)| {
        let (column, cell) = (char::from(column), cell.as_ref());
        format!("<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>")
    });
    format!("<row r=\"{number}\">{}</row>", cells.collect::<String>())
}

/// The header, the good row, and one with another long text.
fn sheet(table: Table, long: &str) -> String {
    let rows = [
        sheet_row(1, table.names),
        sheet_row(2, table.cells),
        sheet_row(3, &cells(table, long)),
    ];
    rows.concat()
}

/// A sheet that says thirty-two MiB of nothing.
fn zip_bomb(table: Table) -> Vec<u8> {
    let nothing = format!("<x a=\"{}\"/>", " ".repeat(2_000));
    let nothing = nothing.repeat(32 * MIB / nothing.len());
    xlsx(&(sheet(table, "x") + &nothing), "")
}

fn entries() -> Vec<u8> {
    let names: Vec<String> = (0..70_000).map(|n| format!("x/{n}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    archive(&entries)
}

/// One text of thirty thousand bytes in twenty thousand cells.
fn shared(table: Table) -> Vec<u8> {
    let mut rows = sheet_row(1, table.names);
    let column = char::from(b'A' + u8::try_from(table.long).unwrap());
    for number in 2..20_002 {
        rows +=
            &format!("<row r=\"{number}\"><c r=\"{column}{number}\" t=\"s\"><v>0</v></c></row>");
    }
    xlsx(&rows, &format!("<si><t>{}</t></si>", "x".repeat(30_000)))
}

/// The good row with another long text, so many times, in the types that the columns have.
fn rows(table: Table, rows: usize, long_bytes: usize) -> RecordBatch {
    let long = cells(table, &"x".repeat(long_bytes));
    let columns = table.names.iter().zip(&long).map(|(name, cell)| {
        let array: ArrayRef = match *name {
            "monthly_active_users" => Arc::new(Int64Array::from_value(1, rows)),
            "security_level" | "minutes" => Arc::new(Int32Array::from_value(3, rows)),
            "visited_at" => {
                let at = TimestampMicrosecondArray::from_value(1_788_226_200_000_000, rows);
                Arc::new(at.with_timezone("UTC"))
            }
            _ => {
                let cells = std::iter::repeat_n(cell.as_str(), rows);
                Arc::new(StringArray::from_iter_values(cells))
            }
        };
        (*name, array)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

/// All values of a column in one page, packed.
fn parquet(table: Table, many: usize, long_bytes: usize) -> Vec<u8> {
    let batch = rows(table, many, long_bytes);
    let properties = WriterProperties::builder()
        .set_compression(Codec::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_data_page_size_limit(usize::MAX)
        .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn arrow_bomb(table: Table) -> Vec<u8> {
    let batch = rows(table, 2_000, 60_000);
    let options = IpcWriteOptions::default();
    let options = options
        .try_with_compression(Some(CompressionType::ZSTD))
        .unwrap();
    let mut writer =
        StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}
