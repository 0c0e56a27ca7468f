//! Tables of figures, in Markdown that also reads well in a terminal.

#[cfg(test)]
mod tests;

/// A table; its first column is text, the others are figures.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self {
            rows: vec![columns.map(str::to_owned).to_vec()],
        }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// The text, without a line break at its end.
    pub fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
                .max(3)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut lines = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            let cells = widths.iter().enumerate().map(|(at, &width)| {
                let cell = row.get(at).map_or("", String::as_str);
                if at == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
            lines.push(format!("| {} |", cells.collect::<Vec<_>>().join(" | ")));
            if number == 0 {
                let rules = widths.iter().enumerate().map(|(at, &width)| {
                    let end = if at == 0 { "-" } else { ":" };
                    format!("{}{end}", "-".repeat(width - 1))
                });
                lines.push(format!("| {} |", rules.collect::<Vec<_>>().join(" | ")));
            }
        }
        lines.join("\n")
    }
}

/// A whole number in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many a second, in millions from one million on.
pub fn rate(count: u64, seconds: f64) -> String {
    let rate = count as f64 / seconds.max(1e-9);
    if rate >= 1e6 {
        format!("{:.2} M", rate / 1e6)
    } else {
        grouped(rate.round() as u64)
    }
}

/// Megabytes of a million bytes.
pub fn megabytes(bytes: u64) -> String {
    grouped((bytes as f64 / 1e6).round() as u64)
}

/// Mebibytes, in which memory is counted.
pub fn mebibytes(bytes: u64) -> String {
    grouped(bytes.div_ceil(1 << 20))
}

/// Seconds to the millisecond.
pub fn seconds(seconds: f64) -> String {
    format!("{seconds:.3}")
}

/// How many times as long.
pub fn ratio(one: f64, other: f64) -> String {
    if other > 0.0 {
        format!("{:.2}", one / other)
    } else {
        "–".to_owned()
    }
}
