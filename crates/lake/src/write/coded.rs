//! A column of few values: each is told once, in a dictionary, and the rows are numbers of it.
//!
//! The writer of `parquet` looks up, compares and measures the value of every row, and forgets the
//! dictionary of a column of many values only when it is full. Here what is asked of values is asked
//! of each once, a column of many values is found out early, and numbers are put in order in place of
//! the values. The format is that of <https://parquet.apache.org/docs/file-format/>.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray as _, Decimal128Array, Int64Array, StringArray,
    UInt16Array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// The number of a row without a value.
pub(super) const NULL: u16 = u16::MAX;
/// So many values and bytes of a dictionary pay; numbers of rows have two bytes.
const MOST_VALUES: usize = NULL as usize;
const MOST_BYTES: usize = 1 << 20;
/// From so many values on they have to come twice on average.
const FEW_VALUES: usize = 4096;

/// The rows of a column so far.
#[derive(Debug)]
pub(super) struct Coded {
    data_type: DataType,
    pub(super) values: Values,
    /// The number of each row's value, or [`NULL`].
    pub(super) codes: Vec<u16>,
}

/// The values, in the order in which they came.
#[derive(Debug)]
pub(super) enum Values {
    Texts(Distinct<Box<[u8]>>),
    Numbers(Distinct<i64>),
}

/// Values, each once.
#[derive(Debug)]
pub(super) struct Distinct<T> {
    pub(super) values: Vec<T>,
    /// The hash and the number of each.
    numbers: HashTable<(u64, u16)>,
    hasher: RandomState,
    bytes: usize,
}

/// There are too many values.
struct Many;

impl Coded {
    /// None for a type whose values are not told in this way.
    pub(super) fn new(data_type: &DataType) -> Option<Self> {
        let values = match data_type {
            DataType::Utf8 => Values::Texts(Distinct::new()),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Timestamp(TimeUnit::Microsecond, _) => Values::Numbers(Distinct::new()),
            // Parquet keeps them in 64 bits, or in 32.
            DataType::Decimal128(1..=18, _) => Values::Numbers(Distinct::new()),
            _ => return None,
        };
        Some(Self {
            data_type: data_type.clone(),
            values,
            codes: Vec::new(),
        })
    }

    /// Adds rows, those at the places if they are told. False if the values are too many: then none
    /// was added.
    pub(super) fn add<'a>(
        &mut self,
        arrays: impl Iterator<Item = &'a ArrayRef>,
        order: Option<&[u32]>,
    ) -> bool {
        let before = self.codes.len();
        let mut as_they_came = Vec::new();
        let codes = match order {
            None => &mut self.codes,
            Some(_) => &mut as_they_came,
        };
        for array in arrays {
            if self.values.number(array, codes).is_err() {
                self.codes.truncate(before);
                return false;
            }
        }
        if let Some(order) = order {
            let in_order = order.iter().map(|at| as_they_came[*at as usize]);
            self.codes.extend(in_order);
        }
        true
    }

    /// The rows so far as an array of their type.
    pub(super) fn plain(&self) -> Result<ArrayRef, ArrowError> {
        let values: ArrayRef = match &self.values {
            Values::Texts(texts) => {
                let texts = texts.values.iter().map(|text| std::str::from_utf8(text));
                Arc::new(StringArray::from(texts.collect::<Result<Vec<_>, _>>()?))
            }
            Values::Numbers(numbers) => {
                let numbers = numbers.values.iter().copied();
                match self.data_type {
                    DataType::Decimal128(precision, scale) => {
                        let numbers = Decimal128Array::from_iter_values(numbers.map(i128::from));
                        Arc::new(numbers.with_precision_and_scale(precision, scale)?)
                    }
                    // Days count in 32 bits.
                    DataType::Date32 => {
                        cast(&Int64Array::from_iter_values(numbers), &DataType::Int32)?
                    }
                    _ => Arc::new(Int64Array::from_iter_values(numbers)),
                }
            }
        };
        let values = cast(&values, &self.data_type)?;
        let codes = self
            .codes
            .iter()
            .map(|code| (*code != NULL).then_some(*code));
        take(&values, &UInt16Array::from_iter(codes), None)
    }

    /// About how many bytes the rows would have in a file.
    pub(super) fn size(&self) -> usize {
        self.values.bytes() + self.codes.len() * usize::from(self.values.width()).div_ceil(8)
    }
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.values.len(),
            Self::Numbers(numbers) => numbers.values.len(),
        }
    }

    /// The numbers of the values, in the order of the values.
    pub(super) fn in_order(&self) -> Vec<u16> {
        let mut in_order: Vec<u16> = (0..NULL).take(self.len()).collect();
        match self {
            Self::Texts(texts) => in_order.sort_by_key(|code| &texts.values[usize::from(*code)]),
            Self::Numbers(numbers) => {
                in_order.sort_by_key(|code| numbers.values[usize::from(*code)]);
            }
        }
        in_order
    }

    /// The bits of a number.
    pub(super) fn width(&self) -> u8 {
        let last = self.len().saturating_sub(1);
        u8::try_from(usize::BITS - last.leading_zeros()).unwrap_or(16)
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.bytes,
            Self::Numbers(numbers) => numbers.bytes,
        }
    }

    /// Adds the numbers of an array's values.
    fn number(&mut self, array: &ArrayRef, codes: &mut Vec<u16>) -> Result<(), Many> {
        match self {
            Self::Texts(texts) => {
                let values = array.as_string::<i32>().iter();
                let values = values.map(|text| text.map(|text| Text::of(text.as_bytes())));
                number(values, codes, |text, rows| {
                    let hash = text.hash(&texts.hasher);
                    let own = (|| text.bytes.into(), text.bytes.len());
                    texts.code(hash, |known| Text::of(known) == text, own, rows)
                })
            }
            Self::Numbers(numbers) => match array.data_type() {
                DataType::Int8 => numbers.number::<Int8Type>(array, codes),
                DataType::Int16 => numbers.number::<Int16Type>(array, codes),
                DataType::Int32 => numbers.number::<Int32Type>(array, codes),
                DataType::Date32 => numbers.number::<Date32Type>(array, codes),
                DataType::Decimal128(..) => numbers.number::<Decimal128Type>(array, codes),
                DataType::Timestamp(..) => numbers.number::<TimestampMicrosecondType>(array, codes),
                _ => numbers.number::<Int64Type>(array, codes),
            },
        }
    }
}

impl Distinct<i64> {
    fn number<T>(&mut self, array: &ArrayRef, codes: &mut Vec<u16>) -> Result<(), Many>
    where
        T: ArrowPrimitiveType<Native: TryInto<i64>>,
    {
        let values = array.as_primitive::<T>().iter();
        number(values, codes, |value, rows| {
            let value: i64 = value.try_into().map_err(|_| Many)?;
            let hash = self.hasher.hash_one(value);
            let own = (|| value, size_of::<i64>());
            self.code(hash, |known| *known == value, own, rows)
        })
    }
}

/// For each number its place among those in order.
pub(super) fn places(in_order: &[u16]) -> Vec<u16> {
    let mut places = vec![0; in_order.len()];
    for (place, code) in (0..NULL).zip(in_order) {
        places[usize::from(*code)] = place;
    }
    places
}

/// A text of which a short one is compared without a call.
#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    /// The first and the last bytes; of up to 16 that is all of them.
    ends: [u64; 2],
}

impl<'a> Text<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let ends = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => [u64::from_le_bytes(*first), u64::from_le_bytes(*last)],
            _ => match (bytes.first_chunk(), bytes.last_chunk()) {
                (Some(first), Some(last)) => {
                    [first, last].map(|four| u64::from(u32::from_le_bytes(*four)))
                }
                _ => [
                    bytes
                        .iter()
                        .fold(0, |word, byte| word << 8 | u64::from(*byte)),
                    0,
                ],
            },
        };
        Self { bytes, ends }
    }

    fn is_short(&self) -> bool {
        self.bytes.len() <= 16
    }

    fn hash(&self, state: &RandomState) -> u64 {
        let mut hasher = state.build_hasher();
        hasher.write_u64(self.ends[0]);
        hasher.write_u64(self.ends[1]);
        if !self.is_short() {
            hasher.write(self.bytes);
        }
        hasher.finish()
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.len() == other.bytes.len()
            && self.ends == other.ends
            && (self.is_short() || self.bytes == other.bytes)
    }
}

/// Adds the numbers of values; the function gives that of one which comes after so many rows.
fn number<V: Copy + PartialEq>(
    values: impl Iterator<Item = Option<V>>,
    codes: &mut Vec<u16>,
    mut code: impl FnMut(V, usize) -> Result<u16, Many>,
) -> Result<(), Many> {
    codes.reserve(values.size_hint().0);
    // Those of rows side by side are often the same.
    let mut last = None;
    for value in values {
        codes.push(match (value, last) {
            (None, _) => NULL,
            (Some(value), Some((same, code))) if value == same => code,
            (Some(value), _) => {
                let code = code(value, codes.len())?;
                last = Some((value, code));
                code
            }
        });
    }
    Ok(())
}

impl<T> Distinct<T> {
    fn new() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashTable::new(),
            hasher: RandomState::default(),
            bytes: 0,
        }
    }

    /// The number of a value; of a new one it is told how to keep it, and how many bytes it has, and
    /// after how many rows it comes.
    fn code(
        &mut self,
        hash: u64,
        is: impl Fn(&T) -> bool,
        (own, bytes): (impl FnOnce() -> T, usize),
        rows: usize,
    ) -> Result<u16, Many> {
        let known = |(_, code): &(u64, u16)| is(&self.values[usize::from(*code)]);
        if let Some((_, code)) = self.numbers.find(hash, known) {
            return Ok(*code);
        }
        let count = self.values.len();
        self.bytes += bytes;
        let many = count >= MOST_VALUES || self.bytes > MOST_BYTES;
        if many || (count >= FEW_VALUES && count > rows / 2) {
            return Err(Many);
        }
        let code = u16::try_from(count).map_err(|_| Many)?;
        self.numbers
            .insert_unique(hash, (hash, code), |(hash, _)| *hash);
        self.values.push(own());
        Ok(code)
    }
}
