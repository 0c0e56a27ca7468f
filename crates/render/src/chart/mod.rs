//! Charts as SVG, drawn here.
//!
//! `charts-rs` was the first thought: it writes inline styles, which a strict Content-Security-Policy
//! refuses, and neither `<title>` nor `<desc>`, without which a chart is silent to a screen reader.
//! What is drawn here has presentation attributes and classes only, in the colours of the page.

mod draw;
mod scale;
mod words;

use askama::Template;
use project::ChartKind;

use crate::RenderError;
use crate::format::Formats;

/// Points that one chart draws at the most; more would not be read.
pub const MAX_POINTS: usize = 200;

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart<'a> {
    /// Unique within the page.
    pub id: &'a str,
    /// The shape.
    pub kind: ChartKind,
    /// What it shows.
    pub title: &'a str,
    /// Whether the values are shares, which the axis shows as percentages.
    pub percent: bool,
    /// The points in order.
    pub points: &'a [Point],
}

/// A point of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What it is about.
    pub label: String,
    /// How much; none leaves a gap.
    pub value: Option<f64>,
    /// The value as people read it.
    pub shown: String,
}

/// The chart as an `<svg>` element; a sentence instead if there is no point. Safe to put into a page.
pub fn svg(chart: &Chart<'_>, formats: &Formats) -> Result<String, RenderError> {
    let words = words::Words::of(formats.language());
    if chart.points.is_empty() {
        return Ok(Sentence {
            text: words.nothing,
        }
        .render()?);
    }
    let drawn = &chart.points[..chart.points.len().min(MAX_POINTS)];
    let note = (drawn.len() < chart.points.len()).then(|| {
        words.cut(
            &formats.integer(drawn.len() as u64),
            &formats.integer(chart.points.len() as u64),
        )
    });
    let drawing = draw::draw(chart.kind, drawn, chart.percent, formats);
    let drawing = Drawing {
        id: chart.id,
        title: chart.title,
        description: words.summary(drawn, formats),
        drawing,
        note,
    };
    Ok(drawing.render()?)
}

#[derive(Template)]
#[template(path = "sentence.html")]
struct Sentence {
    text: &'static str,
}

#[derive(Template)]
#[template(path = "chart.svg")]
struct Drawing<'a> {
    id: &'a str,
    title: &'a str,
    description: String,
    drawing: draw::Drawing,
    note: Option<String>,
}

#[cfg(test)]
mod tests;
