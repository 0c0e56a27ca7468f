//! The reference, from the functions' own documentation.

use std::fmt::Write as _;

use super::all;

const WIDTH: usize = 100;
const ABOUT: &str = "Beside DataFusion's own functions every query, transformation and rule can \
    use these. Each gives the same for the same arguments and reads no table: what a table has to \
    say is handed in by the query, so that lineage, runs by windows and `dtm trace` see it. What \
    the data has wrong gives null; what the query has wrong is an error. Nulls give null, unless \
    it says otherwise.";

/// Every function: how it is written, what it gives, an example with its answer. Markdown.
pub fn reference() -> String {
    let mut text = "# Functions for the field\n\n".to_owned();
    text +=
        "<!-- Made from the functions' own documentation: `UPDATE_EXPECT=1 cargo test`. -->\n\n";
    paragraphs(&mut text, ABOUT);
    let mut section = "";
    for function in all() {
        let Some(told) = function.documentation() else {
            continue;
        };
        if told.doc_section.label != section {
            section = told.doc_section.label;
            let _ = write!(text, "\n## {section}\n\n");
            paragraphs(&mut text, told.doc_section.description.unwrap_or_default());
        }
        let _ = write!(text, "\n### `{}`\n\n", told.syntax_example);
        paragraphs(&mut text, &told.description);
        text.push('\n');
        for (name, says) in told.arguments.iter().flatten() {
            wrapped(&mut text, &format!("- `{name}`: {says}"), "  ");
        }
        if let Some(example) = &told.sql_example {
            let _ = write!(text, "\n```sql\n{example}\n```\n");
        }
    }
    text
}

fn paragraphs(text: &mut String, told: &str) {
    for (index, paragraph) in told.split("\n\n").enumerate() {
        if index > 0 {
            text.push('\n');
        }
        wrapped(text, paragraph, "");
    }
}

/// The words in lines that are not too long, the further ones indented.
fn wrapped(text: &mut String, told: &str, indent: &str) {
    let mut width = 0;
    for (index, word) in told.split(' ').enumerate() {
        let letters = word.chars().count();
        if index > 0 && width + 1 + letters > WIDTH {
            text.push('\n');
            text.push_str(indent);
            width = indent.len();
        } else if index > 0 {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += letters;
    }
    text.push('\n');
}
