//! The picture: what the layout is given, and what the template draws of it.

use super::layout::{Arrow, End, Item, Layout, lay_out};

/// A box with what people see of it.
pub(super) struct Card {
    pub(super) column: usize,
    pub(super) title: String,
    /// What is read out: the visible title is part of it.
    pub(super) label: String,
    /// Where it leads; none for what is no dataset of its own.
    pub(super) href: String,
    pub(super) lines: Vec<Row>,
    /// Whether it is what the picture is about.
    pub(super) main: bool,
}

/// A line of a box.
pub(super) struct Row {
    pub(super) text: String,
    pub(super) label: String,
    /// Where it leads; empty for what stands for every column.
    pub(super) href: String,
}

/// An arrow between cards.
pub(super) struct Flow {
    pub(super) from: End,
    pub(super) to: End,
    /// Whether values flow, rather than only decide.
    pub(super) direct: bool,
}

/// A picture as the template draws it.
pub(super) struct Picture {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) heads: Vec<Word>,
    pub(super) flows: Vec<Course>,
    pub(super) cards: Vec<Drawn>,
}

/// A text at a place.
pub(super) struct Word {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) text: String,
}

/// An arrow as drawn.
pub(super) struct Course {
    pub(super) path: String,
    pub(super) direct: bool,
}

/// A card as drawn.
pub(super) struct Drawn {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) main: bool,
    pub(super) label: String,
    pub(super) href: String,
    pub(super) title: Word,
    pub(super) lines: Vec<DrawnRow>,
}

/// A line of a card as drawn.
pub(super) struct DrawnRow {
    pub(super) top: i32,
    pub(super) label: String,
    pub(super) href: String,
    pub(super) word: Word,
}

/// Left of the text of a box.
const INDENT: i32 = 8;
/// Where the heads of the columns are written.
const HEAD_LINE: i32 = 16;

/// Draws the cards under the heads of their columns.
pub(super) fn draw(cards: Vec<Card>, flows: &[Flow], heads: &[String]) -> Picture {
    let item = |card: &Card| Item {
        column: card.column,
        title: card.title.clone(),
        lines: card.lines.iter().map(|row| row.text.clone()).collect(),
    };
    let items: Vec<Item> = cards.iter().map(item).collect();
    let arrow = |flow: &Flow| Arrow {
        from: flow.from,
        to: flow.to,
    };
    let arrows: Vec<Arrow> = flows.iter().map(arrow).collect();
    let layout = lay_out(&items, &arrows);
    let course = |(path, flow): (&String, &Flow)| Course {
        path: path.clone(),
        direct: flow.direct,
    };
    let head = |(text, (x, _)): (&String, &(i32, i32))| Word {
        x: *x,
        y: HEAD_LINE,
        text: text.clone(),
    };
    Picture {
        width: layout.width,
        height: layout.height,
        heads: heads.iter().zip(&layout.columns).map(head).collect(),
        flows: layout.courses.iter().zip(flows).map(course).collect(),
        cards: drawn(cards, &layout),
    }
}

fn drawn(cards: Vec<Card>, layout: &Layout) -> Vec<Drawn> {
    let draw = |(card, place): (Card, &super::layout::Place)| {
        let word = |line: Option<usize>, text: String| Word {
            x: place.x + INDENT,
            y: place.baseline(line),
            text,
        };
        let rows = card.lines.into_iter().enumerate();
        Drawn {
            x: place.x,
            y: place.y,
            width: place.width,
            height: place.height,
            main: card.main,
            label: card.label,
            href: card.href,
            title: word(None, card.title),
            lines: rows
                .map(|(line, row)| DrawnRow {
                    top: place.line_top(line),
                    label: row.label,
                    href: row.href,
                    word: word(Some(line), row.text),
                })
                .collect(),
        }
    };
    cards.into_iter().zip(&layout.places).map(draw).collect()
}
