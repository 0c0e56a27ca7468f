//! A column of few values as the bytes of a Parquet column chunk.

use bytes::Bytes;
use parquet::basic::{
    BoundaryOrder, Compression, Encoding, EncodingMask, PageType, Type, ZstdLevel,
};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats,
};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::bounds::{Bounds, Range};
use super::coded::{Coded, NULL, Values};
use super::hybrid::{hybrid, run};

/// As many rows can be skipped together.
pub(super) const PAGE_ROWS: usize = 20_000;

/// The column as bytes, and what is told of it: a page for its values, and pages for its rows.
pub(super) fn chunk(
    column: &Coded,
    descriptor: &ColumnDescPtr,
    level: ZstdLevel,
) -> Result<(Bytes, ColumnCloseResult)> {
    let bounds = Bounds::new(&column.values, descriptor.physical_type());
    let mut chunk = Chunk {
        sink: TrackedWrite::new(Vec::new()),
        compressor: Compressor::new(level.compression_level())?,
        uncompressed: 0,
        first: None,
        pages: 0,
        nulls: 0,
        offsets: OffsetIndexBuilder::new(),
        index: ColumnIndexBuilder::new(descriptor.physical_type()),
        whole: None,
        last: None,
        ascends: true,
    };
    let dictionary = plain(&column.values, descriptor.physical_type());
    chunk.dictionary(&dictionary, column.values.len())?;
    let is_optional = descriptor.max_def_level() > 0;
    for rows in column.codes.chunks(PAGE_ROWS) {
        chunk.rows(rows, column.values.width(), is_optional, &bounds)?;
    }
    chunk.finish(column.codes.len(), descriptor, level, &bounds)
}

/// A chunk on its way.
struct Chunk {
    sink: TrackedWrite<Vec<u8>>,
    compressor: Compressor<'static>,
    uncompressed: usize,
    /// Where the first page of rows is, and how many there are.
    first: Option<u64>,
    pages: i32,
    nulls: usize,
    offsets: OffsetIndexBuilder,
    index: ColumnIndexBuilder,
    /// The least and the greatest value of all pages, and of the last one that has any.
    whole: Option<Range>,
    last: Option<Range>,
    ascends: bool,
}

impl Chunk {
    fn dictionary(&mut self, values: &[u8], count: usize) -> Result<()> {
        let page = |buf| {
            Ok(Page::DictionaryPage {
                buf,
                num_values: whole(count)?,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            })
        };
        self.page(values, page).map(|_| ())
    }

    fn rows(&mut self, rows: &[u16], width: u8, is_optional: bool, bounds: &Bounds) -> Result<()> {
        let present: Vec<u16> = rows.iter().copied().filter(|code| *code != NULL).collect();
        let nulls = rows.len() - present.len();
        let mut body = Vec::with_capacity(rows.len() * 2);
        if is_optional {
            body.extend([0; 4]);
            if nulls == 0 {
                run(rows.len(), 1, 1, &mut body);
            } else {
                let levels: Vec<u16> = rows.iter().map(|code| u16::from(*code != NULL)).collect();
                hybrid(&levels, 1, &mut body);
            }
            let levels = whole::<_, u32>(body.len() - 4)?;
            body[..4].copy_from_slice(&levels.to_le_bytes());
        }
        body.push(width);
        hybrid(&present, width, &mut body);
        let page = |buf| {
            Ok(Page::DataPage {
                buf,
                num_values: whole(rows.len())?,
                encoding: Encoding::RLE_DICTIONARY,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            })
        };
        let written = self.page(&body, page)?;
        self.first.get_or_insert(written.offset);
        self.pages += 1;
        self.nulls += nulls;
        let (offset, bytes) = (whole(written.offset)?, whole(written.compressed_size)?);
        self.offsets.append_row_count(whole(rows.len())?);
        self.offsets.append_offset_and_size(offset, bytes);
        let range = bounds.range(&present);
        let (least, most) = range.map_or_else(Default::default, |range| bounds.bytes(range));
        self.index
            .append(range.is_none(), least, most, whole(nulls)?);
        self.watch(range);
        Ok(())
    }

    /// Notes the least and the greatest value of a page.
    fn watch(&mut self, range: Option<Range>) {
        let Some(range) = range else { return };
        let last = self.last.replace(range);
        self.ascends &=
            last.is_none_or(|last| last.least <= range.least && last.most <= range.most);
        self.whole = Some(self.whole.map_or(range, |whole| whole.with(range)));
    }

    fn page(
        &mut self,
        body: &[u8],
        page: impl FnOnce(Bytes) -> Result<Page>,
    ) -> Result<PageWriteSpec> {
        let compressed = self.compressor.compress(body)?;
        let page = CompressedPage::new(page(compressed.into())?, body.len());
        let written = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.uncompressed += written.uncompressed_size;
        Ok(written)
    }

    fn finish(
        mut self,
        rows: usize,
        descriptor: &ColumnDescPtr,
        level: ZstdLevel,
        bounds: &Bounds,
    ) -> Result<(Bytes, ColumnCloseResult)> {
        if self.ascends {
            self.index.set_boundary_order(BoundaryOrder::ASCENDING);
        }
        let pages = |page_type, encoding, count| PageEncodingStats {
            page_type,
            encoding,
            count,
        };
        let encodings = [Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY];
        let bytes = Bytes::from(self.sink.into_inner()?);
        let metadata = ColumnChunkMetaData::builder(descriptor.clone())
            .set_compression(Compression::ZSTD(level))
            .set_encodings_mask(EncodingMask::new_from_encodings(encodings.iter()))
            .set_page_encoding_stats(vec![
                pages(PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1),
                pages(PageType::DATA_PAGE, Encoding::RLE_DICTIONARY, self.pages),
            ])
            .set_total_compressed_size(whole(bytes.len())?)
            .set_total_uncompressed_size(whole(self.uncompressed)?)
            .set_num_values(whole(rows)?)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(whole(self.first.unwrap_or_default())?)
            .set_statistics(bounds.statistics(self.whole, self.nulls as u64))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index: Some(self.index.build()?),
            offset_index: Some(self.offsets.build()),
        };
        Ok((bytes, close))
    }
}

/// The values side by side, in the order of their numbers.
fn plain(values: &Values, kind: Type) -> Vec<u8> {
    let mut bytes = Vec::new();
    match values {
        Values::Texts(texts) => {
            for text in &texts.values {
                // A dictionary has no more bytes than that.
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                bytes.extend(length.to_le_bytes());
                bytes.extend(text);
            }
        }
        Values::Numbers(numbers) => {
            for number in &numbers.values {
                let number = number.to_le_bytes();
                bytes.extend(if kind == Type::INT32 {
                    &number[..4]
                } else {
                    &number
                });
            }
        }
    }
    bytes
}

/// The number in another type.
fn whole<F, T: TryFrom<F>>(number: F) -> Result<T> {
    T::try_from(number).map_err(|_| ParquetError::General("a column chunk is too large".to_owned()))
}
