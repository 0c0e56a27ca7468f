//! Numbers, days and times as people of each language write them, and texts in their order.

mod exact;
mod language;
pub(crate) mod when;

use std::cmp::Ordering;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, NaiveDate, Utc};
use icu_collator::options::CollatorOptions;
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_decimal::input::Decimal;
use icu_decimal::{DecimalFormatter, DecimalFormatterPreferences};
use project::ColumnFormat;

use crate::RenderError;
use when::When;

pub(crate) use exact::Number;
pub use language::{Language, UnknownLanguage};

/// What stands where there is no value.
pub const NOTHING: &str = "–";

/// Decimals of a floating point number that is shown without a format of its own.
const FLOAT_DECIMALS: u32 = 6;

/// The formats of a language.
pub struct Formats {
    language: Language,
    numbers: DecimalFormatter,
    when: When,
    order: CollatorBorrowed<'static>,
}

impl Formats {
    /// The formats of `language`.
    pub fn new(language: Language) -> Result<Self, RenderError> {
        let missing = || RenderError::NoFormats(language.as_str());
        let locale = language.as_str().parse().map_err(|_| missing())?;
        let preferences = DecimalFormatterPreferences::from_locale_strict(&locale);
        let preferences = preferences.unwrap_or_else(|lenient| lenient);
        let numbers = DecimalFormatter::try_new(preferences, Default::default());
        let preferences = CollatorPreferences::from_locale_strict(&locale);
        let preferences = preferences.unwrap_or_else(|lenient| lenient);
        let order = CollatorBorrowed::try_new(preferences, CollatorOptions::default());
        Ok(Self {
            language,
            numbers: numbers.map_err(|_| missing())?,
            when: When::new(language).ok_or_else(missing)?,
            order: order.map_err(|_| missing())?,
        })
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A grouped whole number.
    pub fn integer(&self, value: impl Into<i128>) -> String {
        self.localised(&value.into().to_string())
    }

    /// A number with that many decimals.
    pub fn decimal(&self, value: f64, decimals: u32) -> String {
        Number::Float(value)
            .fixed(decimals)
            .map_or_else(|| NOTHING.to_owned(), |text| self.localised(&text))
    }

    /// A size in bytes, in the unit of 1,000s that leaves few digits.
    pub fn size(&self, bytes: u64) -> String {
        const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
        let mut unit = 0;
        let mut divisor: u64 = 1;
        while unit + 1 < UNITS.len() && bytes / divisor >= 1000 {
            divisor *= 1000;
            unit += 1;
        }
        if unit == 0 {
            return format!("{} B", self.integer(bytes));
        }
        // The tenths as an exact number: a size has more digits than a float.
        let tenths = i128::from(bytes) * 10 / i128::from(divisor);
        let number = Number::Exact {
            digits: tenths,
            scale: 1,
        };
        let text = number.fixed(1).unwrap_or_default();
        format!("{} {}", self.localised(&text), UNITS[unit])
    }

    /// A civil day.
    pub fn date(&self, day: NaiveDate) -> String {
        self.when.date(day)
    }

    /// An instant, in the civil time of Vietnam.
    pub fn date_time(&self, at: DateTime<Utc>) -> String {
        self.when.date_time(at)
    }

    /// The order of two texts in the language: Đà Nẵng after Cà Mau and before Huế.
    pub fn compare(&self, one: &str, other: &str) -> Ordering {
        self.order.compare(one, other)
    }

    /// The value of a cell by its type alone: grouped numbers, exact decimals, days, civil time.
    pub fn value(&self, column: &dyn Array, row: usize) -> String {
        if is_absent(column, row) {
            return NOTHING.to_owned();
        }
        if let Some(number) = Number::of(column, row) {
            return self.natural(&number);
        }
        if let Some(text) = self.when.of(column, row) {
            return text;
        }
        match column.data_type() {
            DataType::Boolean => self.truth(column.as_boolean().value(row)).to_owned(),
            _ => plain(column, row),
        }
    }

    /// The value of a cell in a format; none if the column's type does not have that format.
    pub fn cell(&self, column: &dyn Array, row: usize, format: ColumnFormat) -> Option<String> {
        if column.data_type() == &DataType::Null {
            return Some(NOTHING.to_owned());
        }
        let decimals = |decimals: u32, percent: bool| {
            Number::is_type(column.data_type()).then(|| {
                let number = Number::of(column, row);
                let number = number.map(|n| if percent { n.times_hundred() } else { n });
                match number.and_then(|number| number.fixed(decimals)) {
                    Some(text) if percent => format!("{}%", self.localised(&text)),
                    Some(text) => self.localised(&text),
                    None => NOTHING.to_owned(),
                }
            })
        };
        match format {
            ColumnFormat::Text => Some(self.text(column, row)),
            ColumnFormat::Integer => decimals(0, false),
            ColumnFormat::Decimal1 => decimals(1, false),
            ColumnFormat::Decimal2 => decimals(2, false),
            ColumnFormat::Percent1 => decimals(1, true),
            ColumnFormat::Date => self.when.day_of(column, row),
            ColumnFormat::DateTime => self.when.instant_of(column, row),
        }
    }

    /// As it is: numbers keep their digits ungrouped, because a code is no amount.
    fn text(&self, column: &dyn Array, row: usize) -> String {
        match Number::of(column, row) {
            Some(Number::Exact { digits, scale: 0 }) => digits.to_string(),
            _ => self.value(column, row),
        }
    }

    fn natural(&self, number: &Number) -> String {
        let text = match number {
            Number::Exact { scale, .. } => number.fixed(*scale),
            Number::Float(_) => number
                .fixed(FLOAT_DECIMALS)
                .map(|text| text.trim_end_matches('0').trim_end_matches('.').to_owned()),
        };
        text.map_or_else(|| NOTHING.to_owned(), |text| self.localised(&text))
    }

    fn truth(&self, value: bool) -> &'static str {
        match (self.language, value) {
            (Language::Vi, true) => "có",
            (Language::Vi, false) => "không",
            (Language::En, true) => "yes",
            (Language::En, false) => "no",
        }
    }

    /// Plain digits with a point, in the language's own signs.
    fn localised(&self, digits: &str) -> String {
        match digits.parse::<Decimal>() {
            Ok(number) => self.numbers.format(&number).to_string(),
            Err(_) => digits.to_owned(),
        }
    }
}

/// Whether values of the type are numbers, which tables align to the right.
pub fn is_number(data_type: &DataType) -> bool {
    Number::is_type(data_type)
}

/// The number in a cell as a chart draws it; none for null and for what is no number.
pub fn number(column: &dyn Array, row: usize) -> Option<f64> {
    Number::of(column, row)?.to_f64()
}

/// A column of type null has no validity of its own.
pub(crate) fn is_absent(column: &dyn Array, row: usize) -> bool {
    column.is_null(row) || column.data_type() == &DataType::Null
}

/// The value of a cell that is neither number, truth, day nor time.
pub(crate) fn plain(column: &dyn Array, row: usize) -> String {
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => column.as_string_view().value(row).to_owned(),
        _ => ArrayFormatter::try_new(column, &FormatOptions::default())
            .map_or_else(|_| NOTHING.to_owned(), |cells| cells.value(row).to_string()),
    }
}

#[cfg(test)]
mod tests;
