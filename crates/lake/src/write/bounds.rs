//! The least and the greatest of a column's few values.

use parquet::basic::Type;
use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

use super::coded::{Values, places};

/// Longer texts are cut, the lower bound down and the upper bound up.
pub(super) const BOUND_BYTES: usize = 64;

/// The values in their order.
pub(super) struct Bounds<'v> {
    values: &'v Values,
    kind: Type,
    /// The numbers of the values, in the order of the values, and the place of each number there.
    in_order: Vec<u16>,
    places: Vec<u16>,
}

/// Places of values in their order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) least: u16,
    pub(super) most: u16,
}

impl Range {
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }
}

impl<'v> Bounds<'v> {
    pub(super) fn new(values: &'v Values, kind: Type) -> Self {
        let in_order = values.in_order();
        let places = places(&in_order);
        Self {
            values,
            kind,
            in_order,
            places,
        }
    }

    /// Between which values those with these numbers lie; none for no number.
    pub(super) fn range(&self, codes: &[u16]) -> Option<Range> {
        let first = self.places[usize::from(*codes.first()?)];
        let mut range = Range {
            least: first,
            most: first,
        };
        for code in codes {
            let place = self.places[usize::from(*code)];
            range.least = range.least.min(place);
            range.most = range.most.max(place);
        }
        Some(range)
    }

    /// The ends of a range as the index of pages has them.
    pub(super) fn bytes(&self, range: Range) -> (Vec<u8>, Vec<u8>) {
        let (least, most) = self.codes(range);
        match self.values {
            Values::Texts(texts) => (
                lower(&texts.values[least]).to_vec(),
                upper(&texts.values[most]),
            ),
            Values::Numbers(numbers) => {
                let bytes = if self.kind == Type::INT32 { 4 } else { 8 };
                let number = |code: usize| numbers.values[code].to_le_bytes()[..bytes].to_vec();
                (number(least), number(most))
            }
        }
    }

    /// What is told of the whole column.
    pub(super) fn statistics(&self, range: Option<Range>, nulls: u64) -> Statistics {
        let ends = range.map(|range| self.codes(range));
        let (least, most) = (ends.map(|ends| ends.0), ends.map(|ends| ends.1));
        match self.values {
            Values::Texts(texts) => {
                let text = |code: usize| &*texts.values[code];
                let low = least.map(|code| lower(text(code)));
                let high = most.map(|code| upper(text(code)));
                let is_exact =
                    |code: Option<usize>| code.is_some_and(|code| text(code).len() <= BOUND_BYTES);
                let bounds = ValueStatistics::new(
                    low.map(|low| ByteArray::from(low.to_vec())),
                    high.map(ByteArray::from),
                    None,
                    Some(nulls),
                    false,
                );
                let bounds = bounds.with_min_is_exact(is_exact(least));
                Statistics::ByteArray(bounds.with_max_is_exact(is_exact(most)))
            }
            Values::Numbers(numbers) => {
                let number = |code: usize| numbers.values[code];
                let (low, high) = (least.map(number), most.map(number));
                match self.kind {
                    Type::INT32 => {
                        let narrow = |number: Option<i64>| number.map(|number| number as i32);
                        Statistics::Int32(
                            ValueStatistics::new(
                                narrow(low),
                                narrow(high),
                                None,
                                Some(nulls),
                                false,
                            )
                            .with_backwards_compatible_min_max(true),
                        )
                    }
                    _ => Statistics::Int64(
                        ValueStatistics::new(low, high, None, Some(nulls), false)
                            .with_backwards_compatible_min_max(true),
                    ),
                }
            }
        }
    }

    fn codes(&self, range: Range) -> (usize, usize) {
        let code = |place: u16| usize::from(self.in_order[usize::from(place)]);
        (code(range.least), code(range.most))
    }
}

/// A text that is not greater, of at most [`BOUND_BYTES`] bytes.
fn lower(text: &[u8]) -> &[u8] {
    let mut end = text.len().min(BOUND_BYTES);
    // No character is cut.
    while end > 0 && text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    &text[..end]
}

/// A text that is not less: a longer one is cut, and its last character that can be is followed by
/// the next one; the text as it is if none can.
fn upper(text: &[u8]) -> Vec<u8> {
    if text.len() <= BOUND_BYTES {
        return text.to_vec();
    }
    let Ok(cut) = std::str::from_utf8(lower(text)) else {
        return text.to_vec();
    };
    for (at, last) in cut.char_indices().rev() {
        let next = (u32::from(last) + 1..)
            .map_while(|code| (code <= 0x10_ffff).then(|| char::from_u32(code)));
        if let Some(next) = next.flatten().next()
            && next.len_utf8() == last.len_utf8()
        {
            let mut upper = cut.as_bytes()[..at].to_vec();
            upper.extend(next.encode_utf8(&mut [0; 4]).as_bytes());
            return upper;
        }
    }
    text.to_vec()
}
