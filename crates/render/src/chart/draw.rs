//! The geometry: where each mark, line and word stands.

use project::ChartKind;

use super::Point;
use super::scale::Scale;
use super::words::{width, wrapped};
use crate::format::Formats;

const BAR_WIDTH: f64 = 600.0;
const WIDTH: f64 = 720.0;
const GAP: f64 = 8.0;
const ROW: f64 = 24.0;
const BAR: f64 = 16.0;
const TEXT: f64 = 16.0;
const PLOT_HEIGHT: f64 = 260.0;
const LABEL_LINES: usize = 3;
const WIDEST_LABEL: f64 = 210.0;
const NARROWEST_SLOT: f64 = 56.0;

/// A length in the drawing.
pub(super) type Px = String;

#[derive(Default)]
pub(super) struct Drawing {
    pub(super) kind: &'static str,
    pub(super) width: Px,
    pub(super) height: Px,
    pub(super) grid: Vec<Line>,
    pub(super) bars: Vec<Bar>,
    pub(super) lines: Vec<String>,
    pub(super) dots: Vec<Dot>,
    pub(super) words: Vec<Words>,
}

pub(super) struct Line {
    pub(super) x1: Px,
    pub(super) y1: Px,
    pub(super) x2: Px,
    pub(super) y2: Px,
    pub(super) zero: bool,
}

pub(super) struct Bar {
    pub(super) x: Px,
    pub(super) y: Px,
    pub(super) width: Px,
    pub(super) height: Px,
    pub(super) title: String,
}

pub(super) struct Dot {
    pub(super) x: Px,
    pub(super) y: Px,
    pub(super) title: String,
}

pub(super) struct Words {
    pub(super) x: Px,
    pub(super) y: Px,
    pub(super) anchor: &'static str,
    pub(super) lines: Vec<String>,
}

pub(super) fn draw(kind: ChartKind, points: &[Point], percent: bool, formats: &Formats) -> Drawing {
    let values = points.iter().filter_map(|point| point.value);
    let scale = Scale::of(values, kind != ChartKind::Line);
    let ticks = scale
        .ticks
        .iter()
        .map(|tick| tick_label(*tick, &scale, percent, formats));
    let ticks: Vec<(f64, String)> = scale.ticks.iter().copied().zip(ticks).collect();
    match kind {
        ChartKind::Bar => bars(points, &scale, &ticks),
        ChartKind::Column | ChartKind::Line => upright(kind, points, &scale, &ticks),
    }
}

fn tick_label(tick: f64, scale: &Scale, percent: bool, formats: &Formats) -> String {
    if percent {
        let decimals = scale.decimals.saturating_sub(2);
        format!("{}%", formats.decimal(tick * 100.0, decimals))
    } else {
        formats.decimal(tick, scale.decimals)
    }
}

/// Horizontal bars: a row each, the label before the axis, the value behind the bar.
fn bars(points: &[Point], scale: &Scale, ticks: &[(f64, String)]) -> Drawing {
    let widest = points
        .iter()
        .map(|point| width(&point.label))
        .fold(0.0, f64::max);
    let left = widest.min(WIDEST_LABEL) + GAP;
    let values = points
        .iter()
        .map(|point| width(&point.shown))
        .fold(0.0, f64::max);
    let right = BAR_WIDTH - values.min(WIDEST_LABEL) - 2.0 * GAP;
    let x = |value: f64| left + scale.share(value) * (right - left);
    let bottom = points.len() as f64 * ROW;
    let mut drawing = Drawing {
        kind: "bar",
        width: px(BAR_WIDTH),
        height: px(bottom + TEXT + GAP),
        ..Drawing::default()
    };
    for (tick, label) in ticks {
        drawing
            .grid
            .push(line(x(*tick), 0.0, x(*tick), bottom, *tick == 0.0));
        drawing
            .words
            .push(word(x(*tick), bottom + TEXT, "middle", label));
    }
    let zero = x(0.0);
    for (row, point) in points.iter().enumerate() {
        let middle = row as f64 * ROW + ROW / 2.0;
        let base = middle + 4.5;
        let label = wrapped(&point.label, WIDEST_LABEL, 1);
        drawing.words.push(words(left - GAP, base, "end", label));
        let end = point.value.map_or(zero, x);
        if point.value.is_some() {
            let (from, to) = (zero.min(end), zero.max(end));
            drawing
                .bars
                .push(bar(from, middle - BAR / 2.0, to - from, BAR, point));
        }
        drawing
            .words
            .push(word(zero.max(end) + GAP / 2.0, base, "start", &point.shown));
    }
    drawing
}

/// Columns and lines: an equal slot each, the label below.
fn upright(kind: ChartKind, points: &[Point], scale: &Scale, ticks: &[(f64, String)]) -> Drawing {
    let left = ticks
        .iter()
        .map(|(_, label)| width(label))
        .fold(0.0, f64::max)
        + GAP;
    let top = TEXT;
    let bottom = top + PLOT_HEIGHT;
    let slot = (WIDTH - left) / points.len() as f64;
    let y = |value: f64| bottom - scale.share(value) * PLOT_HEIGHT;
    let name = if kind == ChartKind::Line {
        "line"
    } else {
        "column"
    };
    let mut drawing = Drawing {
        kind: name,
        width: px(WIDTH),
        height: px(bottom + (LABEL_LINES as f64) * TEXT + GAP),
        ..Drawing::default()
    };
    for (tick, label) in ticks {
        drawing
            .grid
            .push(line(left, y(*tick), WIDTH, y(*tick), *tick == 0.0));
        drawing
            .words
            .push(word(left - GAP / 2.0, y(*tick) + 4.5, "end", label));
    }
    let every = (NARROWEST_SLOT / slot).ceil().max(1.0) as usize;
    let mut run: Vec<String> = Vec::new();
    for (position, point) in points.iter().enumerate() {
        let x = left + slot * (position as f64 + 0.5);
        if position % every == 0 {
            let label = wrapped(&point.label, slot * every as f64 - GAP, LABEL_LINES);
            drawing.words.push(words(x, bottom + TEXT, "middle", label));
        }
        let Some(value) = point.value else {
            drawing.lines.extend(joined(&mut run));
            continue;
        };
        if kind == ChartKind::Line {
            run.push(format!("{},{}", px(x), px(y(value))));
            let title = titled(point);
            drawing.dots.push(Dot {
                x: px(x),
                y: px(y(value)),
                title,
            });
        } else {
            let (from, to) = (y(value).min(y(0.0)), y(value).max(y(0.0)));
            let thick = (slot * 0.7).min(64.0);
            drawing
                .bars
                .push(bar(x - thick / 2.0, from, thick, to - from, point));
        }
        if every == 1 {
            drawing.words.push(word(
                x,
                y(value.max(scale.low)) - 6.0,
                "middle",
                &point.shown,
            ));
        }
    }
    drawing.lines.extend(joined(&mut run));
    drawing
}

/// The points since the last gap as one line; a lone point is only a dot.
fn joined(run: &mut Vec<String>) -> Option<String> {
    let points = std::mem::take(run);
    (points.len() > 1).then(|| points.join(" "))
}

fn titled(point: &Point) -> String {
    format!("{}: {}", point.label, point.shown)
}

fn bar(x: f64, y: f64, width: f64, height: f64, point: &Point) -> Bar {
    let title = titled(point);
    Bar {
        x: px(x),
        y: px(y),
        width: px(width),
        height: px(height),
        title,
    }
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64, zero: bool) -> Line {
    Line {
        x1: px(x1),
        y1: px(y1),
        x2: px(x2),
        y2: px(y2),
        zero,
    }
}

fn word(x: f64, y: f64, anchor: &'static str, text: &str) -> Words {
    words(x, y, anchor, vec![text.to_owned()])
}

fn words(x: f64, y: f64, anchor: &'static str, lines: Vec<String>) -> Words {
    Words {
        x: px(x),
        y: px(y),
        anchor,
        lines,
    }
}

fn px(length: f64) -> Px {
    let text = format!("{length:.1}");
    text.strip_suffix(".0")
        .map(ToOwned::to_owned)
        .unwrap_or(text)
}
