//! The arguments of a call, read row by row. A constant is read once and not repeated.

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, LargeStringArray, ListArray, PrimitiveArray,
    StringArray, StringViewArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, Date32Type, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ColumnarValue;

pub(super) struct Given<'a> {
    pub function: &'a str,
    pub rows: usize,
    arguments: Vec<(ArrayRef, bool)>,
}

impl<'a> Given<'a> {
    pub fn new(function: &'a str, arguments: &[ColumnarValue], rows: usize) -> Result<Self> {
        let arguments = arguments.iter().map(|argument| match argument {
            ColumnarValue::Array(array) => Ok((Arc::clone(array), false)),
            ColumnarValue::Scalar(scalar) => Ok((scalar.to_array()?, true)),
        });
        Ok(Self {
            function,
            rows,
            arguments: arguments.collect::<Result<_>>()?,
        })
    }

    fn argument(&self, index: usize) -> Result<&(ArrayRef, bool)> {
        match self.arguments.get(index) {
            Some(argument) => Ok(argument),
            None => exec_err!("`{}` lacks its argument {}", self.function, index + 1),
        }
    }

    pub fn texts(&self, index: usize) -> Result<Texts<'_>> {
        let (array, constant) = self.argument(index)?;
        let (values, keys) = match array.as_any_dictionary_opt() {
            Some(dictionary) => (dictionary.values(), Some(dictionary.normalized_keys())),
            None => (array, None),
        };
        Ok(Texts {
            values: Values::of(values, self.function)?,
            keys,
            nulls: array.logical_nulls(),
            constant: *constant,
        })
    }

    /// The argument's texts, each as `told` tells it. What a dictionary repeats, or the row before
    /// has, is told once.
    pub fn told(&self, index: usize, told: impl Fn(&str) -> Option<String>) -> Result<ArrayRef> {
        let (array, _) = self.argument(index)?;
        if let Some(dictionary) = array.as_any_dictionary_opt() {
            let values = each(dictionary.values(), self.function, &told)?;
            return Ok(take(&values, dictionary.keys(), None)?);
        }
        each(array, self.function, &told)
    }

    pub fn days(&self, index: usize) -> Result<Dates<'_>> {
        Ok(Dates(self.numbers::<Date32Type>(index)?))
    }

    pub fn whole(&self, index: usize) -> Result<Numbers<'_, Int64Type>> {
        self.numbers(index)
    }

    /// A whole number that may be left out.
    pub fn whole_or(&self, index: usize, default: i64) -> Result<impl Fn(usize) -> Option<i64>> {
        let numbers = match self.arguments.get(index) {
            Some(_) => Some(self.whole(index)?),
            None => None,
        };
        Ok(move |row| match &numbers {
            Some(numbers) => numbers.get(row),
            None => Some(default),
        })
    }

    pub fn numbers<T: ArrowPrimitiveType>(&self, index: usize) -> Result<Numbers<'_, T>> {
        let (array, constant) = self.argument(index)?;
        match array.as_primitive_opt::<T>() {
            Some(array) => Ok(Numbers {
                array,
                constant: *constant,
            }),
            None => exec_err!(
                "argument {} of `{}` cannot be a {}",
                index + 1,
                self.function,
                array.data_type()
            ),
        }
    }

    /// The lists of an argument; none in every row if it was left out.
    pub fn lists(&self, index: usize) -> Result<Lists<'_>> {
        let Some((array, constant)) = self.arguments.get(index) else {
            return Ok(Lists {
                array: None,
                constant: true,
            });
        };
        match array.as_list_opt::<i32>() {
            Some(lists) => Ok(Lists {
                array: Some(lists),
                constant: *constant,
            }),
            None => exec_err!(
                "argument {} of `{}` is a list, not a {}",
                index + 1,
                self.function,
                array.data_type()
            ),
        }
    }

    /// The type of an argument's values, or of those in its lists.
    pub fn type_of(&self, index: usize) -> Result<&DataType> {
        let (array, _) = self.argument(index)?;
        Ok(array.data_type())
    }
}

fn each(
    array: &ArrayRef,
    function: &str,
    told: &dyn Fn(&str) -> Option<String>,
) -> Result<ArrayRef> {
    let values = Values::of(array, function)?;
    let nulls = array.logical_nulls();
    let mut last: Option<(&str, Option<String>)> = None;
    let answers = (0..array.len()).map(|row| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        let text = values.get(row);
        match &last {
            Some((same, answer)) if *same == text => answer.clone(),
            _ => {
                let answer = told(text);
                last = Some((text, answer.clone()));
                answer
            }
        }
    });
    Ok(Arc::new(answers.collect::<StringArray>()))
}

pub(super) struct Texts<'a> {
    values: Values<'a>,
    keys: Option<Vec<usize>>,
    nulls: Option<NullBuffer>,
    constant: bool,
}

impl<'a> Texts<'a> {
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let row = if self.constant { 0 } else { row };
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        let place = match &self.keys {
            Some(keys) => *keys.get(row)?,
            None => row,
        };
        Some(self.values.get(place))
    }
}

/// Texts in one of the ways that the engine holds them.
enum Values<'a> {
    Short(&'a StringArray),
    Long(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Values<'a> {
    fn of(array: &'a ArrayRef, function: &str) -> Result<Self> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Short(array.as_string())),
            DataType::LargeUtf8 => Ok(Self::Long(array.as_string())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view())),
            other => exec_err!("`{function}` takes a text, not a {other}"),
        }
    }

    fn get(&self, row: usize) -> &'a str {
        match self {
            Self::Short(array) => array.value(row),
            Self::Long(array) => array.value(row),
            Self::View(array) => array.value(row),
        }
    }
}

pub(super) struct Numbers<'a, T: ArrowPrimitiveType> {
    array: &'a PrimitiveArray<T>,
    constant: bool,
}

impl<T: ArrowPrimitiveType> Numbers<'_, T> {
    pub fn get(&self, row: usize) -> Option<T::Native> {
        let row = if self.constant { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}

pub(super) struct Dates<'a>(Numbers<'a, Date32Type>);

impl Dates<'_> {
    pub fn get(&self, row: usize) -> Option<NaiveDate> {
        civil(self.0.get(row)?)
    }
}

/// The day of its number from 1970-01-01; none beyond the calendar.
fn civil(number: i32) -> Option<NaiveDate> {
    let count = Days::new(u64::from(number.unsigned_abs()));
    if number < 0 {
        NaiveDate::default().checked_sub_days(count)
    } else {
        NaiveDate::default().checked_add_days(count)
    }
}

/// The days as a column.
pub(super) fn dates(days: impl Iterator<Item = Option<NaiveDate>>) -> ArrayRef {
    Arc::new(
        days.map(|day| day.and_then(number_of))
            .collect::<Date32Array>(),
    )
}

pub(super) fn number_of(day: NaiveDate) -> Option<i32> {
    i32::try_from((day - NaiveDate::default()).num_days()).ok()
}

pub(super) struct Lists<'a> {
    array: Option<&'a ListArray>,
    constant: bool,
}

impl Lists<'_> {
    /// The list of the row; none if it is null or was left out.
    pub fn get(&self, row: usize) -> Option<ArrayRef> {
        let row = if self.constant { 0 } else { row };
        let array = self.array?;
        array.is_valid(row).then(|| array.value(row))
    }
}

/// What is made of lists, kept while they stay the same from row to row.
pub(super) struct Made<T> {
    lists: Vec<Option<ArrayRef>>,
    of_constants: bool,
    made: Option<T>,
}

impl<T> Made<T> {
    pub fn new(lists: &[Lists<'_>]) -> Self {
        Self {
            lists: Vec::new(),
            of_constants: lists.iter().all(|lists| lists.constant),
            made: None,
        }
    }

    pub fn of(
        &mut self,
        lists: &[Lists<'_>],
        row: usize,
        make: impl FnOnce(&[Option<ArrayRef>]) -> Result<T>,
    ) -> Result<&T> {
        if self.made.is_none() || !self.of_constants {
            let now: Vec<_> = lists.iter().map(|lists| lists.get(row)).collect();
            if self.made.is_none() || !same(&now, &self.lists) {
                self.made = Some(make(&now)?);
                self.lists = now;
            }
        }
        match &self.made {
            Some(made) => Ok(made),
            None => exec_err!("nothing was made of the lists"),
        }
    }
}

fn same(one: &[Option<ArrayRef>], other: &[Option<ArrayRef>]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|pair| match pair {
            (Some(one), Some(other)) => one.as_ref() == other.as_ref(),
            (None, None) => true,
            _ => false,
        })
}

/// The days in a list, without the nulls in it.
pub(super) fn days_in(list: Option<&ArrayRef>) -> Result<Vec<NaiveDate>> {
    let Some(list) = list else {
        return Ok(Vec::new());
    };
    let list = cast(list, &DataType::Date32)?;
    let days = list.as_primitive::<Date32Type>();
    Ok(days.iter().flatten().filter_map(civil).collect())
}
