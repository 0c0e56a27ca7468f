//! Workbooks for tests: by another's writer, and by hand where no writer would write them.

use std::io::{Cursor, Write};

use rust_xlsxwriter::{Workbook, Worksheet};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A workbook of one sheet.
pub(crate) fn xlsx(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().unwrap()
}

/// A workbook of one sheet of texts; empty ones are no cells.
pub(crate) fn xlsx_of(rows: &[Vec<String>]) -> Vec<u8> {
    xlsx(|sheet| {
        for (row, cells) in (0..).zip(rows) {
            for (column, text) in (0..).zip(cells) {
                if !text.is_empty() {
                    sheet.write_string(row, column, text).unwrap();
                }
            }
        }
    })
}

/// An archive.
pub(crate) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The parts of an XLSX workbook by hand, to be changed at will.
pub(crate) struct Parts(Vec<(String, Vec<u8>)>);

impl Parts {
    /// A workbook whose only sheet has these elements in its root.
    pub(crate) fn of_sheet(inner: &str) -> Self {
        let relation = |id: &str, kind: &str, target: &str| {
            format!("<Relationship Id=\"{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>")
        };
        let relations = |inner: String| format!("<Relationships>{inner}</Relationships>");
        let book = relation("r1", "worksheet", "worksheets/sheet1.xml")
            + &relation("r2", "sharedStrings", "sharedStrings.xml")
            + &relation("r3", "styles", "/xl/styles.xml");
        let root = relation("r1", "officeDocument", "xl/workbook.xml");
        let workbook = "<workbook xmlns:r=\"x\"><workbookPr/><sheets>\
                        <sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
        let mut parts = Self(Vec::new());
        parts.put("[Content_Types].xml", "<Types/>");
        parts.put("_rels/.rels", &relations(root));
        parts.put("xl/_rels/workbook.xml.rels", &relations(book));
        parts.put("xl/workbook.xml", workbook);
        parts.put(
            "xl/worksheets/sheet1.xml",
            &format!("<worksheet>{inner}</worksheet>"),
        );
        parts
    }

    /// A workbook whose only sheet has a header of `id` and `count` and then these rows.
    pub(crate) fn of_rows(rows: &str) -> Self {
        Self::of_sheet(&format!(
            "<sheetData><row r=\"1\">{}{}</row>{rows}</sheetData>",
            inline("A1", "id"),
            inline("B1", "count")
        ))
    }

    /// Adds a part or puts another in its place.
    pub(crate) fn put(&mut self, name: &str, text: &str) -> &mut Self {
        self.0.retain(|(old, _)| old != name);
        self.0.push((name.to_owned(), text.as_bytes().to_vec()));
        self
    }

    /// The archive.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let parts = self.0.iter();
        let parts: Vec<(&str, &[u8])> = parts
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
            .collect();
        archive(&parts)
    }
}

/// A cell of an XLSX sheet with a text in itself.
pub(crate) fn inline(cell: &str, text: &str) -> String {
    format!("<c r=\"{cell}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

/// An ODS workbook with these elements in its spreadsheet.
pub(crate) fn ods(inner: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:automatic-styles>\
         <style:style style:name=\"hid\" style:family=\"table\">\
         <style:table-properties table:display=\"false\"/></style:style>\
         </office:automatic-styles>\
         <office:body><office:spreadsheet>{inner}</office:spreadsheet></office:body>\
         </office:document-content>"
    );
    archive(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("content.xml", content.as_bytes()),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
    ])
}

/// An ODS workbook whose only sheet has a header of `id` and `count` and then these rows.
pub(crate) fn ods_of_rows(rows: &str) -> Vec<u8> {
    let head = ods_row(&(said("id") + &said("count")));
    ods(&format!(
        "<table:table table:name=\"S\">{head}{rows}</table:table>"
    ))
}

/// A row of an ODS sheet.
pub(crate) fn ods_row(cells: &str) -> String {
    format!("<table:table-row>{cells}</table:table-row>")
}

/// A text cell of an ODS sheet.
pub(crate) fn said(text: &str) -> String {
    let text = quick_xml::escape::escape(text).replace('\n', "</text:p><text:p>");
    format!(
        "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
    )
}
