//! The text of a cell: paragraphs of runs, with white space that is said in elements.

use quick_xml::events::Event;

use super::super::xml::{Capped, Xml, attribute, piece};
use crate::IngestError;

/// What an element within a paragraph stands for.
enum Within {
    Run,
    Spaces(usize),
    Tab,
    LineBreak,
    /// A note, a drawing: no text of the cell.
    Aside,
}

/// Appends the paragraph at hand, up to its end.
pub(super) fn paragraph(xml: &mut Xml<'_>, text: &mut Capped) -> Result<(), IngestError> {
    let mut depth = 0_u32;
    // White space of the markup is one space, and none at the beginning.
    let mut behind_space = true;
    loop {
        let within = match xml.next()? {
            Event::Start(start) => match start.name().into_inner() {
                "text:s" => {
                    let count = attribute(&start, "text:c")?;
                    Within::Spaces(count.and_then(|count| count.parse().ok()).unwrap_or(1))
                }
                "text:tab" => Within::Tab,
                "text:line-break" => Within::LineBreak,
                "office:annotation" | "text:note" | "text:ruby-text" => Within::Aside,
                name if name.starts_with("text:") => Within::Run,
                _ => Within::Aside,
            },
            Event::End(_) if depth == 0 => return Ok(()),
            Event::End(_) => {
                depth -= 1;
                continue;
            }
            Event::Eof => return Err(xml.cut_off()),
            event => {
                if let Some(piece) = piece(&event)? {
                    push(&piece, text, &mut behind_space);
                }
                continue;
            }
        };
        match within {
            Within::Run => {
                depth += 1;
                continue;
            }
            Within::Spaces(count) => {
                let most = text.most().saturating_add(1);
                text.push(&" ".repeat(count.min(most)));
            }
            Within::Tab => text.push("\t"),
            Within::LineBreak => text.push("\n"),
            Within::Aside => {
                xml.skip()?;
                continue;
            }
        }
        behind_space = false;
        xml.skip()?;
    }
}

fn push(piece: &str, text: &mut Capped, behind_space: &mut bool) {
    if !piece.contains([' ', '\t', '\r', '\n']) {
        *behind_space &= piece.is_empty();
        text.push(piece);
        return;
    }
    let mut one = String::with_capacity(piece.len());
    for c in piece.chars() {
        let space = matches!(c, ' ' | '\t' | '\r' | '\n');
        match (space, *behind_space) {
            (true, true) => {}
            (true, false) => one.push(' '),
            (false, _) => one.push(c),
        }
        *behind_space = space;
    }
    text.push(&one);
}
