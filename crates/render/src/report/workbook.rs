//! Reports as workbooks: a sheet per table, then the manifest.

use std::path::Path;

use project::ReportDefinition;
use service::Manifest;

use super::extract::{Extract, Kind};
use super::words::Words;
use crate::sheet::{Book, Cell, Days, Head, SHEET_ROWS};
use crate::{Language, RenderError};

/// The workbook; the same tables and the same manifest give the same bytes.
pub(super) fn workbook(
    definition: &ReportDefinition,
    language: Language,
    extracts: &[Extract<'_>],
    manifest: &Manifest,
    spool: &Path,
) -> Result<Vec<u8>, RenderError> {
    let mut book = Book::create(spool, manifest.rendered_at, SHEET_ROWS)?;
    for extract in extracts {
        sheet(&mut book, extract, language)?;
    }
    origin(&mut book, definition, language, manifest)?;
    let mut bytes = Vec::new();
    book.finish(&mut bytes)?;
    Ok(bytes)
}

fn sheet(book: &mut Book, extract: &Extract<'_>, language: Language) -> Result<(), RenderError> {
    let words = Words::of(language);
    let labels = match extract.kind {
        Kind::Table => extract.labels(),
        Kind::Figures => [words.figure, words.value].map(str::to_owned).into(),
    };
    book.open(Head {
        name: extract.title.clone(),
        title: Some(extract.title.clone()),
        labels,
    })?;
    let rows = extract.rows();
    if rows.is_empty() {
        book.row(vec![Cell::text(words.nothing)])?;
    }
    for row in rows {
        let cells = extract.columns.iter().map(|c| extract.cell(c, row));
        match extract.kind {
            Kind::Table => book.row(cells.collect::<Result<_, _>>()?)?,
            Kind::Figures => {
                for (column, cell) in extract.columns.iter().zip(cells) {
                    book.row(vec![Cell::text(&column.label), cell?])?;
                }
            }
        }
    }
    Ok(())
}

fn origin(
    book: &mut Book,
    definition: &ReportDefinition,
    language: Language,
    manifest: &Manifest,
) -> Result<(), RenderError> {
    let words = Words::of(language);
    let marks = book.marks();
    book.open_manifest(
        [words.made_from, words.name, words.value]
            .map(str::to_owned)
            .into(),
    )?;
    let mut line = |item: &str, name: &str, value: Cell| {
        book.row(vec![Cell::text(item), Cell::text(name), value])
    };
    let title = language.of(&definition.title);
    line(words.report, &manifest.report, Cell::text(title))?;
    for (name, value) in &manifest.params {
        line(words.parameter, name, Cell::text(value))?;
    }
    let at = Cell::instant(manifest.rendered_at, Days::DayFirst);
    line(words.rendered_at, "+07:00", at)?;
    let definition = Cell::text(&manifest.definition_sha256);
    line(words.definition, &manifest.report, definition)?;
    for query in &manifest.queries {
        line(words.sql_sha256, &query.name, Cell::text(&query.sql_sha256))?;
        line(words.rows, &query.name, Cell::whole(query.rows))?;
    }
    for (dataset, version) in &manifest.input_versions {
        line(words.version, dataset, Cell::whole(*version))?;
    }
    line(words.numbers_as_text, "", Cell::whole(marks.digits))?;
    line(words.texts_cut, "", Cell::whole(marks.cut))?;
    Ok(())
}
