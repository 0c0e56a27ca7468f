//! The bytes of files: what stands in them, and what is told of row groups and pages, is what was
//! written, whatever the values of a column are.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Int64Array, RecordBatch, StringArray, UInt64Array,
};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use bytes::Bytes;
use lake::{TableShape, WriteSettings};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::basic::{BoundaryOrder, Encoding, PageType};
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

use super::places::{Place, raw};

/// More than three pages, and the last of them not full.
const GROUP_ROWS: usize = 70_000;
const ROWS: usize = 150_000;

/// Columns of few values and of many, in every type that has a dictionary.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let key = numbers(|at| Some(at as i64 * 7919 % 97));
    let mut columns = vec![("key", key)];
    columns.extend(columns_of_texts());
    columns.extend(columns_of_numbers());
    columns
}

fn texts(text: impl Fn(usize) -> Option<String>) -> ArrayRef {
    Arc::new(StringArray::from_iter((0..ROWS).map(text)))
}

fn numbers(number: impl Fn(usize) -> Option<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter((0..ROWS).map(number)))
}

fn columns_of_texts() -> Vec<(&'static str, ArrayRef)> {
    let agency = |at| (at % 5 > 0).then(|| format!("H{:02} Hà Nội", at % 34));
    let long = |at: usize| {
        // Cut within a character, and before one that none follows.
        let tail = ["đ", "ệ\u{10ffff}", "z", "\u{d7ff}"][at % 4];
        format!("{}{tail}{:09}", "x".repeat(61 + at % 4), at % 5)
    };
    let unlike = |at: usize| format!("{:05}-{at}", at * 7919 % ROWS);
    let later = |at| match at {
        ..30_000 => "same".to_owned(),
        at => unlike(at),
    };
    let thousand = |at: usize| format!("{:03}", at / 1000);
    let but = |one: usize, other: &'static str| {
        move |at| {
            Some(match at {
                at if at == one => other.to_owned(),
                at => thousand(at),
            })
        }
    };
    let runs = |at: usize| (at / (1 + at % 40)).to_string().len().to_string();
    vec![
        ("agency", texts(agency)),
        ("constant", texts(|_| Some("01J-a submission".to_owned()))),
        ("empty", texts(|at| (at % 2 > 0).then(String::new))),
        ("none", texts(|_| None)),
        (
            "none_at_first",
            texts(|at| (at > 90_000).then(|| thousand(at))),
        ),
        ("long", texts(|at| Some(long(at)))),
        ("top", texts(|_| Some("\u{10ffff}".repeat(20)))),
        ("unlike", texts(|at| Some(unlike(at)))),
        ("unlike_later", texts(|at| Some(later(at)))),
        ("runs", texts(|at| Some(runs(at)))),
        ("ascends", texts(|at| Some(thousand(at)))),
        ("ascends_but_for_a_greater", texts(but(5, "z"))),
        ("ascends_but_for_a_lesser", texts(but(25_000, ""))),
    ]
}

fn columns_of_numbers() -> Vec<(&'static str, ArrayRef)> {
    let ends = |least: i64, most: i64| {
        numbers(move |at| [Some(least), Some(most), None, Some(0)][at * 7 % 11 % 4])
    };
    let narrow = |wide: ArrayRef, narrow| cast(&wide, &narrow).unwrap();
    let cents = |numbers: ArrayRef, precision| -> ArrayRef {
        let numbers = numbers.as_primitive::<Int64Type>().iter();
        let cents = numbers.map(|number| number.map(i128::from));
        let cents = Decimal128Array::from_iter(cents);
        Arc::new(cents.with_precision_and_scale(precision, 2).unwrap())
    };
    let int32 = ends(i32::MIN.into(), i32::MAX.into());
    let days = numbers(|at| Some(20_000 + at as i64 % 800));
    let days = narrow(narrow(days, DataType::Int32), DataType::Date32);
    let nines = 10_i64.pow(18) - 1;
    vec![
        ("int8", narrow(ends(-128, 127), DataType::Int8)),
        ("int16", narrow(ends(-32_768, 32_767), DataType::Int16)),
        ("int32", narrow(int32, DataType::Int32)),
        ("int64", ends(i64::MIN, i64::MAX)),
        ("decimal9", cents(ends(-999_999_999, 999_999_999), 9)),
        ("decimal18", cents(ends(-nines, nines), 18)),
        (
            "decimal_many",
            cents(numbers(|at| Some(at as i64 * 7919)), 18),
        ),
        ("day", days),
        (
            "some",
            numbers(|at| Some(at as i64 % GROUP_ROWS as i64 / 3)),
        ),
        ("many", numbers(|at| Some(at as i64 * 7919 % 1_000_003))),
    ]
}

struct File {
    bytes: Bytes,
    rows: RecordBatch,
}

impl File {
    /// Writes the columns, so many rows at a time, and reads them.
    async fn written(
        columns: Vec<(&str, ArrayRef)>,
        settings: WriteSettings,
        at_once: usize,
    ) -> (RecordBatch, Self) {
        let given = RecordBatch::try_from_iter_with_nullable(
            columns
                .into_iter()
                .map(|(name, column)| (name, column, name != "key")),
        );
        let given = given.unwrap();
        let place = Place::memory();
        let shape = TableShape::new(given.schema());
        let table = place.lake().create(&raw(), shape).await.unwrap();
        let mut writer = table.stage(&settings).unwrap();
        for start in (0..given.num_rows()).step_by(at_once) {
            let rows = at_once.min(given.num_rows() - start);
            writer.write(given.slice(start, rows)).await.unwrap();
        }
        let files = writer.finish().await.unwrap();
        assert_eq!(files.len(), 1);
        let at = Path::from(format!("delta/raw/dossiers/{}", files[0].path()));
        let bytes = place.store.get(&at).await.unwrap().bytes().await.unwrap();
        let rows = Self::reader(&bytes)
            .with_batch_size(10_000)
            .build()
            .unwrap();
        let rows: Vec<_> = rows.map(Result::unwrap).collect();
        let rows = concat_batches(&rows[0].schema(), &rows).unwrap();
        let given = RecordBatch::try_new(rows.schema(), given.columns().to_vec()).unwrap();
        (given, Self { bytes, rows })
    }

    fn reader(bytes: &Bytes) -> ParquetRecordBatchReaderBuilder<Bytes> {
        let options = ArrowReaderOptions::new()
            .with_page_index_policy(PageIndexPolicy::Required)
            .with_encoding_stats_as_mask(false);
        ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options).unwrap()
    }

    /// The chunks of a column.
    fn chunks(&self, name: &str) -> Vec<ColumnChunkMetaData> {
        let at = self.rows.schema().index_of(name).unwrap();
        let reader = Self::reader(&self.bytes);
        let groups = reader.metadata().row_groups().iter();
        groups.map(|group| group.column(at).clone()).collect()
    }

    /// What is told of row groups and of pages holds for the rows in them.
    fn tells_the_truth(&self) {
        let reader = Self::reader(&self.bytes);
        let metadata = reader.metadata();
        let (indexes, offsets) = (
            metadata.column_index().unwrap(),
            metadata.offset_index().unwrap(),
        );
        let mut start = 0;
        for (at, group) in metadata.row_groups().iter().enumerate() {
            let rows = usize::try_from(group.num_rows()).unwrap();
            for (column, chunk) in group.columns().iter().enumerate() {
                let name = chunk.column_path().string();
                let values = Value::all(self.rows.column(column), start, rows);
                let told = Told::of_chunk(chunk.statistics().unwrap());
                told.holds(&values, &format!("row group {at} of `{name}`"));
                let index = &indexes[at][column];
                if index.get_boundary_order() == Some(BoundaryOrder::ASCENDING) {
                    ascend(index, &name);
                } else {
                    assert!(!["ascends", "constant", "none"].contains(&&*name), "{name}");
                }
                let pages = offsets[at][column].page_locations();
                let firsts = pages.iter().map(|page| page.first_row_index as usize);
                let ends = firsts.clone().skip(1).chain([rows]);
                for (page, (first, end)) in firsts.zip(ends).enumerate() {
                    let what = format!("page {page} in row group {at} of `{name}`");
                    assert!(end - first <= 30_000, "{what}: {first} to {end}");
                    let told = Told::of_page(index, page);
                    told.holds(&values[first..end], &what);
                }
            }
            start += rows;
        }
        assert_eq!(start, self.rows.num_rows());
    }

    /// Rows that are far apart are read without the pages between them.
    fn can_be_skipped_through(&self) {
        let rows = self.rows.num_rows();
        let places = [
            0,
            1,
            19_999,
            20_000,
            61_234,
            GROUP_ROWS,
            GROUP_ROWS + 45_000,
            rows - 1,
        ];
        let mut selectors = Vec::new();
        let mut next = 0;
        for place in places {
            selectors.extend([RowSelector::skip(place - next), RowSelector::select(1)]);
            next = place + 1;
        }
        let reader = Self::reader(&self.bytes).with_row_selection(RowSelection::from(selectors));
        let found: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
        let found = concat_batches(&found[0].schema(), &found).unwrap();
        let places = UInt64Array::from_iter_values(places.iter().map(|at| *at as u64));
        assert_eq!(found, take_record_batch(&self.rows, &places).unwrap());
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Text(Vec<u8>),
    Number(i64),
}

impl Value {
    fn all(column: &ArrayRef, start: usize, rows: usize) -> Vec<Option<Self>> {
        let column = column.slice(start, rows);
        if let Some(texts) = column.as_string_opt::<i32>() {
            let text = |text: &str| Self::Text(text.as_bytes().to_vec());
            return texts.iter().map(|value| value.map(text)).collect();
        }
        let column = match column.data_type() {
            DataType::Date32 => cast(&column, &DataType::Int32).unwrap(),
            DataType::Decimal128(..) => {
                let cents = column.as_primitive::<Decimal128Type>().iter();
                let cents = cents.map(|value| value.map(|value| value.try_into().unwrap()));
                Arc::new(Int64Array::from_iter(cents))
            }
            _ => column,
        };
        let numbers = cast(&column, &DataType::Int64).unwrap();
        let numbers = numbers.as_primitive::<Int64Type>().iter();
        numbers.map(|value| value.map(Self::Number)).collect()
    }
}

/// What is told of some rows.
struct Told {
    least: Option<(Value, bool)>,
    most: Option<(Value, bool)>,
    nulls: u64,
}

impl Told {
    fn of_chunk(told: &Statistics) -> Self {
        let ends = match told {
            Statistics::Int32(told) => {
                let end = |end: Option<&i32>| end.map(|end| Value::Number((*end).into()));
                (end(told.min_opt()), end(told.max_opt()))
            }
            Statistics::Int64(told) => {
                let end = |end: Option<&i64>| end.map(|end| Value::Number(*end));
                (end(told.min_opt()), end(told.max_opt()))
            }
            other => {
                let end = |end: Option<&[u8]>| end.map(|end| Value::Text(end.to_vec()));
                (end(other.min_bytes_opt()), end(other.max_bytes_opt()))
            }
        };
        Self {
            least: ends.0.map(|least| (least, told.min_is_exact())),
            most: ends.1.map(|most| (most, told.max_is_exact())),
            nulls: told.null_count_opt().unwrap(),
        }
    }

    fn of_page(index: &ColumnIndexMetaData, page: usize) -> Self {
        let (least, most) = match index {
            ColumnIndexMetaData::INT32(index) => {
                let end = |end: Option<&i32>| end.map(|end| Value::Number((*end).into()));
                (end(index.min_value(page)), end(index.max_value(page)))
            }
            ColumnIndexMetaData::INT64(index) => {
                let end = |end: Option<&i64>| end.map(|end| Value::Number(*end));
                (end(index.min_value(page)), end(index.max_value(page)))
            }
            ColumnIndexMetaData::BYTE_ARRAY(index) => {
                let end = |end: Option<&[u8]>| end.map(|end| Value::Text(end.to_vec()));
                (end(index.min_value(page)), end(index.max_value(page)))
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(index.is_null_page(page), least.is_none());
        Self {
            least: least.map(|least| (least, false)),
            most: most.map(|most| (most, false)),
            nulls: index.null_count(page).unwrap().try_into().unwrap(),
        }
    }

    #[track_caller]
    fn holds(&self, values: &[Option<Value>], what: &str) {
        let nulls = values.iter().filter(|value| value.is_none()).count();
        assert_eq!(self.nulls, nulls as u64, "{what}");
        let end = |told: &Option<(Value, bool)>, found: Option<&Value>, is_least: bool| {
            let (Some((told, is_exact)), Some(found)) = (told, found) else {
                assert_eq!(told.is_none(), found.is_none(), "{what}");
                return;
            };
            let holds = match is_least {
                _ if *is_exact => told == found,
                true => told <= found,
                false => told >= found,
            };
            assert!(holds, "{what}: {told:?} for {found:?}");
            if let (Value::Text(told), Value::Text(found)) = (told, found) {
                assert!(told.len() <= 64 || told == found, "{what}");
                assert!(!is_least || found.starts_with(told), "{what}");
            } else {
                assert_eq!(told, found, "{what}");
            }
        };
        let values = values.iter().flatten();
        end(&self.least, values.clone().min(), true);
        end(&self.most, values.max(), false);
    }
}

/// Whoever looks for a page by halves trusts in it.
#[track_caller]
fn ascend(index: &ColumnIndexMetaData, name: &str) {
    let pages = (0..index.num_pages()).map(|page| Told::of_page(index, page as usize));
    let (least, most): (Vec<_>, Vec<_>) = pages.map(|told| (told.least, told.most)).unzip();
    let least: Vec<_> = least.into_iter().flatten().collect();
    let most: Vec<_> = most.into_iter().flatten().collect();
    assert!(least.is_sorted() && most.is_sorted(), "{name}");
}

/// Whether a column has a dictionary in each of its chunks.
fn dictionaries(file: &File, name: &str) -> Vec<bool> {
    let chunks = file.chunks(name).into_iter();
    chunks
        .map(|chunk| {
            let is_told = chunk.dictionary_page_offset().is_some();
            let pages = chunk.page_encoding_stats().unwrap().iter();
            let mut pages = pages.filter(|page| page.page_type == PageType::DATA_PAGE);
            assert!(pages.all(|page| is_told == (page.encoding == Encoding::RLE_DICTIONARY)));
            is_told
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_come_in_pieces_are_read_as_they_were_written() {
    let settings = WriteSettings {
        row_group_rows: GROUP_ROWS,
        ..WriteSettings::default()
    };
    let (given, file) = File::written(columns(), settings, 7_001).await;
    assert_eq!(file.rows, given);
    file.tells_the_truth();
    file.can_be_skipped_through();
    for few in [
        "agency",
        "none",
        "long",
        "runs",
        "int64",
        "day",
        "decimal18",
        "some",
    ] {
        assert_eq!(dictionaries(&file, few), [true; 3], "{few}");
    }
    // Found out within the first row group, and the second; what was written before stays.
    assert_eq!(dictionaries(&file, "unlike"), [false; 3]);
    assert_eq!(dictionaries(&file, "unlike_later"), [false; 3]);
    assert_eq!(dictionaries(&file, "many"), [false; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_put_in_order_are_read_in_that_order() {
    let settings = WriteSettings {
        row_group_rows: GROUP_ROWS,
        sort_by: vec!["key".to_owned()],
        threads: 3,
        ..WriteSettings::default()
    };
    let (given, file) = File::written(columns(), settings, 33_000).await;
    let keys = given["key"].as_primitive::<Int64Type>().values();
    let mut order: Vec<u64> = (0..ROWS as u64).collect();
    for group in order.chunks_mut(GROUP_ROWS) {
        group.sort_by_key(|at| keys[*at as usize]);
    }
    let order = UInt64Array::from(order);
    assert_eq!(file.rows, take_record_batch(&given, &order).unwrap());
    file.tells_the_truth();
    file.can_be_skipped_through();
    assert_eq!(dictionaries(&file, "agency"), [true; 3]);
    assert_eq!(dictionaries(&file, "unlike"), [false; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dictionary_is_filled_to_the_brim_and_no_further() {
    const VALUES: usize = 65_535;
    let values = |most: usize| -> ArrayRef {
        let value = |at: usize| Some((at / 3).min(most - 1) as i64);
        Arc::new(Int64Array::from_iter((0..200_000).map(value)))
    };
    let columns = vec![("full", values(VALUES)), ("more", values(VALUES + 1))];
    let (given, file) = File::written(columns, WriteSettings::default(), 9_000).await;
    assert_eq!(file.rows, given);
    file.tells_the_truth();
    assert_eq!(dictionaries(&file, "full"), [true]);
    assert_eq!(dictionaries(&file, "more"), [false]);
}
