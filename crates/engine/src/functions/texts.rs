//! Vietnamese text: one spelling, a form for search, an order.

use std::fmt::Write as _;
use std::sync::LazyLock;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::DocSection;
use icu_collator::options::CollatorOptions;
use icu_collator::{CollatorBorrowed, CollatorPreferences};

use super::function::{Argument, Function, Takes, arg};
use super::given::Given;
use super::spelling;

const SECTION: DocSection = DocSection {
    include: true,
    label: "Vietnamese text",
    description: Some(
        "For names that people typed, in whatever form. Columns stay as they were received: \
         normalise where you compare or show.",
    ),
};

const TEXT: &[Argument] = &[arg("text", Takes::Text, "a text")];

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new(
            ("vn_normalize", SECTION),
            "The text in one spelling: composed (NFC); runs of spaces as one, none at the ends, \
             nothing of no width; `Đ` where another letter was taken for it; the tone of each \
             syllable where the country's names have it, `hòa` and `thủy` rather than `hoà` and \
             `thuỷ`. Words that are no Vietnamese syllables keep their letters; `i` and `y` stay \
             as written.",
            (TEXT, 1),
            (DataType::Utf8, normalize),
            include_str!("examples/vn_normalize.sql"),
        ),
        Function::new(
            ("vn_fold", SECTION),
            "The text for search: lower case, without tones and other marks, `đ` as `d`, spaces \
             folded as by `vn_normalize`. Compare folded text with folded text.",
            (TEXT, 1),
            (DataType::Utf8, fold),
            include_str!("examples/vn_fold.sql"),
        ),
        Function::new(
            ("vn_sort_key", SECTION),
            "What texts are ordered by as Vietnamese has it: a ă â b c d đ e ê … o ô ơ … u ư …, \
             then by the tones, ngang huyền hỏi ngã sắc nặng, then small before large. The key is \
             text in hexadecimal digits, good for `order by` and for nothing else: a later \
             version may make other keys, so do not keep them. Texts that differ in their \
             composition only have one key; add the text itself for an order without ties.",
            (TEXT, 1),
            (DataType::Utf8, sort_key),
            include_str!("examples/vn_sort_key.sql"),
        ),
    ]
}

fn normalize(given: &Given<'_>) -> Result<ArrayRef> {
    given.told(0, |text| Some(spelling::normalized(text)))
}

fn fold(given: &Given<'_>) -> Result<ArrayRef> {
    given.told(0, |text| Some(spelling::folded(text)))
}

static ORDER: LazyLock<Option<CollatorBorrowed<'static>>> = LazyLock::new(|| {
    let locale = "vi".parse().ok()?;
    let preferences = CollatorPreferences::from_locale_strict(&locale);
    let preferences = preferences.unwrap_or_else(|lenient| lenient);
    CollatorBorrowed::try_new(preferences, CollatorOptions::default()).ok()
});

fn sort_key(given: &Given<'_>) -> Result<ArrayRef> {
    let Some(order) = &*ORDER else {
        return exec_err!("the order of Vietnamese texts cannot be loaded");
    };
    given.told(0, |text| {
        let mut bytes = Vec::with_capacity(text.len() * 2);
        order.write_sort_key_to(text, &mut bytes).ok()?;
        let mut key = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            write!(key, "{byte:02x}").ok()?;
        }
        Some(key)
    })
}
