//! Office Open XML (`.xlsx`): which parts there are, and what they are for.

mod parts;
mod strings;
mod styles;
mod table;

use super::package::Package;
use super::row::{Glance, Rows};
use super::xml::{attribute, attributes};
use super::{MAX_SHEETS, look::Look, malformed};
use crate::{IngestError, Limits};
use parts::Parts;
use quick_xml::events::Event;
use strings::Strings;
use table::{Book, Table};

/// A workbook.
pub(super) struct Workbook {
    package: Package,
    limits: Limits,
    sheets: Vec<Sheet>,
    strings: Strings,
    looks: Vec<Look>,
    from_1904: bool,
    uncomputed: bool,
}

struct Sheet {
    name: String,
    visible: bool,
    part: String,
}

impl Workbook {
    /// Reads all of it but the sheets' cells.
    pub(super) fn open(mut package: Package, limits: &Limits) -> Result<Self, IngestError> {
        let roots = Parts::of(&mut package, "")?;
        let Some(main) = roots.of_kind("officeDocument").map(str::to_owned) else {
            return Err(malformed("the archive holds no workbook"));
        };
        if main.to_ascii_lowercase().ends_with(".bin") {
            let message = "the body is a workbook of the binary form `.xlsb`";
            return Err(malformed(message));
        }
        let parts = Parts::of(&mut package, &main)?;
        let mut book = Self {
            strings: Strings::new(limits),
            looks: Vec::new(),
            sheets: Vec::new(),
            from_1904: false,
            uncomputed: false,
            limits: *limits,
            package,
        };
        book.read_main(&main, &parts)?;
        if let Some(part) = parts.of_kind("styles")
            && let Some(xml) = book.package.part(part)?
        {
            book.looks = styles::looks(xml)?;
        }
        if let Some(part) = parts.of_kind("sharedStrings")
            && let Some(xml) = book.package.part(part)?
        {
            book.strings.read(xml)?;
        }
        Ok(book)
    }

    fn read_main(&mut self, main: &str, parts: &Parts) -> Result<(), IngestError> {
        let Some(mut xml) = self.package.part(main)? else {
            return Err(malformed("the archive holds no workbook"));
        };
        let mut is_workbook = false;
        loop {
            let event = xml.next()?;
            let start = match event {
                Event::Start(start) => start,
                Event::Eof => break,
                _ => continue,
            };
            let is = |name| start.local_name().into_inner() == name;
            is_workbook |= is("workbook");
            if is("workbookPr") {
                // Extensions have an element of that name too, without the attribute.
                let flag = attribute(&start, "date1904")?;
                self.from_1904 |= flag.is_some_and(|flag| is_true(&flag));
            } else if is("calcPr") {
                let flag = attribute(&start, "fullCalcOnLoad")?;
                self.uncomputed |= flag.is_some_and(|flag| is_true(&flag));
            } else if is("sheet") {
                let (mut name, mut id, mut visible) = (String::new(), String::new(), true);
                attributes(&start, |key, value| match key {
                    "name" => name = value.into_owned(),
                    "state" => visible = value == "visible",
                    key if key.ends_with(":id") => id = value.into_owned(),
                    _ => {}
                })?;
                let Some((kind, part)) = parts.by_id(&id) else {
                    return Err(malformed(format!("sheet `{name}` has no part")));
                };
                if self.sheets.len() >= MAX_SHEETS {
                    return Err(IngestError::body_limit("sheets", MAX_SHEETS as u64));
                }
                // Charts and dialogs have no cells.
                if kind == "worksheet" {
                    self.sheets.push(Sheet {
                        name,
                        visible,
                        part: part.to_owned(),
                    });
                }
            }
        }
        if is_workbook {
            return Ok(());
        }
        Err(malformed("the archive holds a document, but no workbook"))
    }

    /// Every sheet at a glance.
    pub(super) fn glances(&mut self) -> Result<Vec<Glance>, IngestError> {
        let mut glances = Vec::with_capacity(self.sheets.len());
        for place in 0..self.sheets.len() {
            let (name, visible) = (self.sheets[place].name.clone(), self.sheets[place].visible);
            let mut rows = self.rows(place)?;
            glances.push(Glance::take(&name, visible, &mut *rows)?);
        }
        Ok(glances)
    }

    /// The rows of a sheet.
    pub(super) fn rows(&mut self, place: usize) -> Result<Box<dyn Rows + '_>, IngestError> {
        let Some(sheet) = self.sheets.get(place) else {
            return Err(malformed("there is no such sheet"));
        };
        let Some(xml) = self.package.part(&sheet.part)? else {
            return Err(malformed(format!("sheet `{}` has no part", sheet.name)));
        };
        let book = Book {
            strings: &self.strings,
            looks: &self.looks,
            from_1904: self.from_1904,
            uncomputed: self.uncomputed,
            limits: &self.limits,
        };
        Ok(Box::new(Table::open(xml, book)?))
    }
}

fn is_true(flag: &str) -> bool {
    matches!(flag, "1" | "true")
}
