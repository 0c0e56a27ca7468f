//! How a number is shown decides whether it is a number or a day: a spreadsheet has no other sign.

/// What a number format makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Look {
    /// A number, whatever its decimals.
    #[default]
    Number,
    /// A day, a time of day or both.
    Moment,
    /// A span of time, counted in hours, minutes or seconds without end.
    Span,
}

impl Look {
    /// The look of a format that every program has, by its number; `None` for others.
    pub(super) fn built_in(number: u32) -> Option<Self> {
        match number {
            // 27 to 36 and 50 to 58 are days and times in East Asian programs.
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Some(Self::Moment),
            46 => Some(Self::Span),
            0..=49 => Some(Self::Number),
            _ => None,
        }
    }

    /// The look of a format by its code, as `dd/mm/yyyy;@` or `[h]:mm`. The first section counts:
    /// it is that of positive numbers.
    pub(super) fn of_code(code: &str) -> Self {
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            match c {
                ';' => break,
                // The next one is shown, left out or repeated: it is no sign.
                '\\' | '_' | '*' => {
                    chars.next();
                }
                '"' => {
                    let _quoted = chars.find(|c| *c == '"');
                }
                '[' => {
                    let inner: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    let inner = inner.to_ascii_lowercase();
                    let one = |sign: &str| !inner.is_empty() && inner.replace(sign, "").is_empty();
                    if one("h") || one("m") || one("s") {
                        return Self::Span;
                    }
                }
                // `General` and `Standard` have letters that are signs elsewhere.
                'G' | 'g' if chars.as_str().to_ascii_lowercase().starts_with("eneral") => {
                    chars.nth("eneral".len() - 1);
                }
                'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return Self::Moment,
                _ => {}
            }
        }
        Self::Number
    }
}

#[cfg(test)]
mod tests;
