//! Reports as standalone HTML documents: one file that reads the same from a disk, from the node, on
//! paper and in a screen reader. And as what analysts go on with: workbooks and CSV.

mod answer;
mod block;
mod csv;
mod extract;
mod words;
mod workbook;

use std::collections::BTreeMap;
use std::path::Path;

use arrow::record_batch::RecordBatch;
use askama::Template;
use project::{Block, ReportDefinition};
use service::Manifest;

use crate::format::Formats;
use crate::{Language, RenderError};
use answer::Answer;
use block::Shown;
use extract::{Extract, Kind};
use words::Words;

/// The style that every report carries in itself; a Content-Security-Policy allows it by its hash.
const STYLE: &str = include_str!("../../templates/report.css");

/// The report as a document. Refuses a block whose query was not answered, or whose column is
/// missing or has no such format. The hashes of the outputs are not shown: one is the document's own.
pub fn html(
    definition: &ReportDefinition,
    language: Language,
    answers: &BTreeMap<String, Vec<RecordBatch>>,
    manifest: &Manifest,
) -> Result<String, RenderError> {
    let formats = Formats::new(language)?;
    let answers = by_query(answers);
    let document = Document {
        language,
        style: STYLE,
        words: Words::of(language),
        title: language.of(&definition.title),
        description: language.of(&definition.description),
        params: params(definition, language, manifest),
        blocks: block::blocks(definition, &answers, &formats)?,
        rendered_at: formats.date_time(manifest.rendered_at),
        manifest,
        formats: &formats,
    };
    Ok(document.render()?)
}

/// The report as a workbook: a sheet for its figures and for every table, in the number formats of
/// the definition, and a last one with the manifest. Refuses what [`html`] refuses. The rows wait in
/// the folder `spool`.
pub fn workbook(
    definition: &ReportDefinition,
    language: Language,
    answers: &BTreeMap<String, Vec<RecordBatch>>,
    manifest: &Manifest,
    spool: &Path,
) -> Result<Vec<u8>, RenderError> {
    let answers = by_query(answers);
    let extracts = extract::extracts(definition, language, &answers)?;
    workbook::workbook(definition, language, &extracts, manifest, spool)
}

/// One table of the report as CSV: that over the query `table`, else the first table, else the
/// first figures. None if the report has neither.
pub fn csv(
    definition: &ReportDefinition,
    language: Language,
    answers: &BTreeMap<String, Vec<RecordBatch>>,
    table: Option<&str>,
) -> Result<Option<Vec<u8>>, RenderError> {
    if let Some(table) = table {
        check_table(definition, table)?;
    }
    let answers = by_query(answers);
    let extracts = extract::extracts(definition, language, &answers)?;
    let is_table = |extract: &&Extract<'_>| extract.kind == Kind::Table;
    let named = |extract: &&Extract<'_>| table.is_none_or(|table| extract.query == table);
    let chosen = extracts.iter().filter(is_table).find(named);
    match chosen.or(extracts.first()) {
        Some(chosen) => Ok(Some(csv::csv(chosen)?)),
        None => Ok(None),
    }
}

/// The tables of the report in order, by the query of each.
pub fn tables(definition: &ReportDefinition) -> Vec<&str> {
    let queries = definition.layout.iter().filter_map(|block| match block {
        Block::Table { query, .. } => Some(query.as_str()),
        _ => None,
    });
    queries.collect()
}

/// Refuses the name of a query that no table of the report shows.
pub fn check_table(definition: &ReportDefinition, table: &str) -> Result<(), RenderError> {
    let tables = tables(definition);
    if tables.contains(&table) {
        return Ok(());
    }
    Err(RenderError::UnknownTable {
        report: definition.name.clone(),
        table: table.to_owned(),
        known: answer::listed(tables.into_iter()),
    })
}

fn by_query(answers: &BTreeMap<String, Vec<RecordBatch>>) -> BTreeMap<&str, Answer<'_>> {
    let answers = answers.iter();
    answers
        .map(|(query, batches)| (query.as_str(), Answer { query, batches }))
        .collect()
}

/// The parameters in the order of the definition, by label.
fn params(
    definition: &ReportDefinition,
    language: Language,
    manifest: &Manifest,
) -> Vec<(String, String)> {
    let declared = definition.parameters.iter();
    let params = declared.filter_map(|parameter| {
        let value = manifest.params.get(&parameter.name)?;
        Some((language.of(&parameter.label).to_owned(), value.clone()))
    });
    params.collect()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Document<'a> {
    language: Language,
    style: &'static str,
    words: &'static Words,
    title: &'a str,
    description: &'a str,
    params: Vec<(String, String)>,
    blocks: Vec<Shown>,
    rendered_at: String,
    manifest: &'a Manifest,
    formats: &'a Formats,
}

#[cfg(test)]
mod tests;
