//! A workbook that is written from its first row to its last.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::cell::{Cell, Look};

/// Rows of values that a sheet holds beside its title and its labels.
pub(crate) const SHEET_ROWS: u32 = 1_048_576 - 2;

/// Columns that a sheet holds.
pub(crate) const SHEET_COLUMNS: usize = 16_384;

/// The last sheet, which says what the others were made from.
const MANIFEST: &str = "manifest";

/// A name that spreadsheet programs keep for themselves.
const RESERVED: &str = "history";

/// Characters of a sheet's name.
const NAME_CHARACTERS: usize = 31;

/// Characters of a cell, counted as UTF-16 does; what is longer ends in [`CUT`].
const CELL_CHARACTERS: usize = 32_767;
const CUT: &str = " […]";

/// A text cell that is longer is shown as `####` when its number format is text.
const TEXT_CHARACTERS: usize = 255;

/// Rows that decide over the widths.
const WIDTH_ROWS: u32 = 1000;
const WIDTHS: std::ops::RangeInclusive<usize> = 8..=48;

/// An archive with a longer member needs the large form, which old programs do not read.
const LARGE_BYTES: u64 = 2 << 30;

/// What stands above the rows of a sheet.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// The sheet's name; it is made to fit and to be the only one.
    pub(crate) name: String,
    /// A line above the labels.
    pub(crate) title: Option<String>,
    pub(crate) labels: Vec<String>,
}

/// What was done to values so that they fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Texts that were longer than a cell.
    pub(crate) cut: u64,
    /// Numbers with more digits than a spreadsheet keeps, written as text.
    pub(crate) digits: u64,
}

/// A workbook in the making.
pub(crate) struct Book {
    workbook: Workbook,
    styles: Styles,
    sheet: Option<Sheet>,
    sheets: usize,
    names: BTreeSet<String>,
    sheet_rows: u32,
    marks: Marks,
    /// At least as many bytes as the sheets have before compression.
    bytes: u64,
}

/// The sheet at hand.
struct Sheet {
    head: Head,
    part: usize,
    /// The next row.
    row: u32,
    /// Rows of values.
    rows: u32,
    widths: Vec<usize>,
}

impl Book {
    /// A workbook whose rows wait in `spool`, and that says it was made at `made_at`. A sheet takes
    /// `sheet_rows` rows of values, then another one goes on.
    pub(crate) fn create(
        spool: &Path,
        made_at: DateTime<Utc>,
        sheet_rows: u32,
    ) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(spool)?;
        let made_at = ExcelDateTime::from_timestamp(made_at.timestamp())?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made_at));
        Ok(Self {
            workbook,
            styles: Styles::new(),
            sheet: None,
            sheets: 0,
            names: BTreeSet::from([RESERVED.to_owned(), MANIFEST.to_owned()]),
            sheet_rows,
            marks: Marks::default(),
            bytes: 0,
        })
    }

    /// Begins a sheet.
    pub(crate) fn open(&mut self, head: Head) -> Result<(), XlsxError> {
        let name = self.free_name(&head.name, 1);
        self.begin(name, head, 1)
    }

    /// Begins the sheet that says what the others were made from.
    pub(crate) fn open_manifest(&mut self, labels: Vec<String>) -> Result<(), XlsxError> {
        let head = Head {
            name: MANIFEST.to_owned(),
            title: None,
            labels,
        };
        self.begin(MANIFEST.to_owned(), head, 1)
    }

    /// Writes a row of the sheet at hand, or of one that goes on where it is full.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) -> Result<(), XlsxError> {
        if let Some(full) = self.sheet.take_if(|sheet| sheet.rows >= self.sheet_rows) {
            self.settle(&full)?;
            let part = full.part + 1;
            let name = self.free_name(&full.head.name, part);
            self.begin(name, full.head, part)?;
        }
        let Some(sheet) = self.sheet.as_mut() else {
            return Err(XlsxError::ParameterError("a row without a sheet".into()));
        };
        let worksheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        for (column, cell) in (0_u16..).zip(cells) {
            if sheet.rows < WIDTH_ROWS
                && let Some(width) = sheet.widths.get_mut(usize::from(column))
            {
                *width = cell.width().max(*width);
            }
            let pen = Pen {
                worksheet: &mut *worksheet,
                styles: &mut self.styles,
                marks: &mut self.marks,
                bytes: &mut self.bytes,
            };
            pen.write(sheet.row, column, cell)?;
        }
        sheet.row += 1;
        sheet.rows += 1;
        Ok(())
    }

    /// What was done to values so far.
    pub(crate) fn marks(&self) -> Marks {
        self.marks
    }

    /// Puts the workbook together.
    pub(crate) fn finish(mut self, to: impl Write + Send) -> Result<(), XlsxError> {
        if let Some(last) = self.sheet.take() {
            self.settle(&last)?;
        }
        self.workbook.use_zip_large_file(self.bytes > LARGE_BYTES);
        self.workbook.save_to_writer(to)
    }

    fn begin(&mut self, name: String, head: Head, part: usize) -> Result<(), XlsxError> {
        if let Some(last) = self.sheet.take() {
            self.settle(&last)?;
        }
        let worksheet = self.workbook.add_worksheet_with_constant_memory()?;
        self.sheets += 1;
        worksheet.set_name(&name)?;
        self.names.insert(name.to_lowercase());
        let mut row = 0;
        if let Some(title) = &head.title {
            worksheet.write_string_with_format(row, 0, fitted(title).0, &self.styles.title)?;
            row += 1;
        }
        for (column, label) in (0..).zip(&head.labels) {
            worksheet.write_string_with_format(row, column, fitted(label).0, &self.styles.label)?;
        }
        row += 1;
        worksheet.set_freeze_panes(row, 0)?;
        let widths = head.labels.iter().map(|label| label.chars().count());
        self.sheet = Some(Sheet {
            widths: widths.collect(),
            head,
            part,
            row,
            rows: 0,
        });
        Ok(())
    }

    /// Sets the widths of a sheet's columns, after its rows are known.
    fn settle(&mut self, sheet: &Sheet) -> Result<(), XlsxError> {
        let worksheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        for (column, width) in (0..).zip(&sheet.widths) {
            let width = (width + 2).clamp(*WIDTHS.start(), *WIDTHS.end());
            worksheet.set_column_width(column, width as f64)?;
        }
        Ok(())
    }

    /// A name that a sheet may have and that none has; from the second part on it is numbered.
    fn free_name(&self, wanted: &str, part: usize) -> String {
        let allowed = |c: char| !c.is_control() && !"[]:*?/\\".contains(c);
        let clean: String = wanted
            .chars()
            .map(|c| if allowed(c) { c } else { ' ' })
            .collect();
        let clean = clean.trim_matches(['\'', ' ']);
        let mut part = part;
        loop {
            let number = match part {
                1 => String::new(),
                part => format!(" {part}"),
            };
            let room = NAME_CHARACTERS - number.len();
            let name = format!("{}{number}", cut(clean, room).trim_end_matches(['\'', ' ']));
            let name = name.trim_start().to_owned();
            if !name.is_empty() && !self.names.contains(&name.to_lowercase()) {
                return name;
            }
            part += 1;
        }
    }
}

/// What writes a cell.
struct Pen<'b> {
    worksheet: &'b mut Worksheet,
    styles: &'b mut Styles,
    marks: &'b mut Marks,
    bytes: &'b mut u64,
}

impl Pen<'_> {
    fn write(self, row: u32, column: u16, cell: Cell) -> Result<(), XlsxError> {
        // A cell's tags and numbers take less; a character of a text takes at most six as markup.
        *self.bytes += 64;
        match cell {
            Cell::Nothing => {}
            Cell::Text(text) if text.is_empty() => {}
            Cell::Text(text) => {
                *self.bytes += 6 * text.len() as u64;
                let (text, was_cut) = fitted(&text);
                self.marks.cut += u64::from(was_cut);
                let long = text.len() > TEXT_CHARACTERS;
                let style = if long {
                    &self.styles.long_text
                } else {
                    &self.styles.text
                };
                self.worksheet
                    .write_string_with_format(row, column, text, style)?;
            }
            Cell::Digits(text) => {
                self.marks.digits += 1;
                let style = &self.styles.digits;
                self.worksheet
                    .write_string_with_format(row, column, text, style)?;
            }
            Cell::Number(value, look) => {
                let style = self.styles.look(look);
                self.worksheet
                    .write_number_with_format(row, column, value, style)?;
            }
            Cell::Truth(value) => {
                self.worksheet.write_boolean(row, column, value)?;
            }
        }
        Ok(())
    }
}

/// The formats of cells.
struct Styles {
    title: Format,
    label: Format,
    /// Text stays text when somebody edits the cell.
    text: Format,
    long_text: Format,
    digits: Format,
    looks: BTreeMap<Look, Format>,
}

impl Styles {
    fn new() -> Self {
        Self {
            title: Format::new().set_bold().set_font_size(14),
            label: Format::new()
                .set_bold()
                .set_border_bottom(FormatBorder::Thin),
            text: Format::new().set_num_format("@"),
            long_text: Format::new().set_quote_prefix(),
            digits: Format::new()
                .set_num_format("@")
                .set_align(FormatAlign::Right),
            looks: BTreeMap::new(),
        }
    }

    fn look(&mut self, look: Look) -> &Format {
        self.looks
            .entry(look)
            .or_insert_with(|| Format::new().set_num_format(look.code()))
    }
}

/// The text as a cell holds it, and whether it was cut.
pub(crate) fn fitted(text: &str) -> (String, bool) {
    let fits = text.len() <= CELL_CHARACTERS || text.encode_utf16().count() <= CELL_CHARACTERS;
    if fits {
        return (text.to_owned(), false);
    }
    let room = CELL_CHARACTERS - CUT.encode_utf16().count();
    (format!("{}{CUT}", cut(text, room)), true)
}

/// The beginning of a text, at most as many characters as UTF-16 counts them.
pub(crate) fn cut(text: &str, characters: usize) -> &str {
    let mut room = characters;
    for (at, c) in text.char_indices() {
        let Some(left) = room.checked_sub(c.len_utf16()) else {
            return &text[..at];
        };
        room = left;
    }
    text
}
