//! Reports as standalone HTML documents: one file that reads the same from a disk, from the node, on
//! paper and in a screen reader.

mod answer;
mod block;
mod words;

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use askama::Template;
use project::ReportDefinition;
use service::Manifest;

use crate::format::Formats;
use crate::{Language, RenderError};
use answer::Answer;
use block::Shown;
use words::Words;

/// The style that every report carries in itself; a Content-Security-Policy allows it by its hash.
const STYLE: &str = include_str!("../../templates/report.css");

/// The report as a document. Refuses a block whose query was not answered, or whose column is
/// missing or has no such format. The manifest's output hash is not shown: it is the document's own.
pub fn html(
    definition: &ReportDefinition,
    language: Language,
    answers: &BTreeMap<String, Vec<RecordBatch>>,
    manifest: &Manifest,
) -> Result<String, RenderError> {
    let formats = Formats::new(language)?;
    let answers: BTreeMap<&str, Answer<'_>> = answers
        .iter()
        .map(|(query, batches)| (query.as_str(), Answer { query, batches }))
        .collect();
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
