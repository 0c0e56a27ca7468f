//! The words of a chart: what a screen reader says of it, and labels that must fit.

use super::Point;
use crate::Language;
use crate::format::Formats;

/// The width of a character against the font size, on average.
const CHARACTER: f64 = 0.55;
const FONT: f64 = 13.0;

pub(super) struct Words {
    language: Language,
    pub(super) nothing: &'static str,
}

impl Words {
    pub(super) fn of(language: Language) -> Self {
        let nothing = match language {
            Language::Vi => "Không có số liệu để vẽ biểu đồ.",
            Language::En => "There is nothing to draw.",
        };
        Self { language, nothing }
    }

    /// That not every point is drawn.
    pub(super) fn cut(&self, drawn: &str, all: &str) -> String {
        match self.language {
            Language::Vi => format!("Chỉ vẽ {drawn} giá trị đầu trong tổng số {all}."),
            Language::En => format!("Only the first {drawn} of {all} values are drawn."),
        }
    }

    /// How many values there are, and the extremes by name.
    pub(super) fn summary(&self, points: &[Point], formats: &Formats) -> String {
        let valued = || {
            points
                .iter()
                .filter_map(|point| Some((point.value?, point)))
        };
        let highest = valued().reduce(|a, b| if b.0 > a.0 { b } else { a });
        let lowest = valued().reduce(|a, b| if b.0 < a.0 { b } else { a });
        let (Some((_, highest)), Some((_, lowest))) = (highest, lowest) else {
            return self.nothing.to_owned();
        };
        let count = formats.integer(points.len() as u64);
        let name = |point: &Point| format!("{} ({})", point.label, point.shown);
        let (highest, lowest) = (name(highest), name(lowest));
        match self.language {
            Language::Vi => {
                format!("{count} giá trị. Cao nhất: {highest}. Thấp nhất: {lowest}.")
            }
            Language::En => format!("{count} values. Highest: {highest}. Lowest: {lowest}."),
        }
    }
}

/// About how wide a text is drawn.
pub(super) fn width(text: &str) -> f64 {
    text.chars().count() as f64 * FONT * CHARACTER
}

/// The text in at most `lines` lines of about `width`; what does not fit ends in an ellipsis.
pub(super) fn wrapped(text: &str, width: f64, lines: usize) -> Vec<String> {
    let room = ((width / (FONT * CHARACTER)) as usize).max(3);
    let mut wrapped: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match wrapped.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => wrapped.push(word.to_owned()),
        }
    }
    let whole = wrapped.len() <= lines;
    wrapped.truncate(lines);
    let last = wrapped.len().saturating_sub(1);
    for (position, line) in wrapped.iter_mut().enumerate() {
        let cut = position == last && !whole;
        if line.chars().count() > room || cut {
            let kept: String = line.chars().take(room - 1).collect();
            *line = format!("{}…", kept.trim_end());
        }
    }
    wrapped
}
