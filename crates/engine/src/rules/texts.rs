//! What a rule asks of a text, prepared once: the functions of SQL that say the same prepare it anew
//! for every batch, and take several passes where one is enough.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::{as_large_string_array, as_string_array, as_string_view_array};
use datafusion::common::{HashSet, Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use regex::Regex;

/// Whether a text looks like personal data.
pub type LooksPersonal = fn(&str) -> bool;

/// Whether the pattern is found in the text; null where that is null.
pub(super) fn matches(text: Expr, pattern: &str) -> std::result::Result<Expr, regex::Error> {
    let regex = Regex::new(pattern)?;
    let asked = pattern.to_owned();
    Ok(ask("matches", asked, text, move |text| {
        regex.is_match(text)
    }))
}

/// Whether the text is one of the codes; null where it is null.
pub(super) fn one_of(text: Expr, codes: Vec<String>) -> Expr {
    let codes: HashSet<String> = codes.into_iter().collect();
    let mut asked: Vec<&str> = codes.iter().map(String::as_str).collect();
    asked.sort_unstable();
    let asked = format!("{asked:?}");
    ask("one_of", asked, text, move |text| codes.contains(text))
}

/// Whether the text has so many characters; null where it is null.
pub(super) fn length_within(text: Expr, min: Option<u64>, max: Option<u64>) -> Expr {
    let asked = format!("{min:?} {max:?}");
    let (min, max) = (min.unwrap_or(0), max.unwrap_or(u64::MAX));
    ask("length_within", asked, text, move |text| {
        // A character takes one to four bytes.
        let bytes = text.len() as u64;
        if bytes <= max && bytes.div_ceil(4) >= min {
            return true;
        }
        (min..=max).contains(&(text.chars().count() as u64))
    })
}

/// Whether the text does not look like personal data; null where it is null.
pub(super) fn impersonal(text: Expr, looks_personal: LooksPersonal) -> Expr {
    let asked = String::new();
    ask("impersonal", asked, text, move |text| !looks_personal(text))
}

fn ask(
    name: &'static str,
    asked: String,
    text: Expr,
    holds: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Expr {
    let question = Question {
        name,
        asked,
        holds: Arc::new(holds),
        signature: Signature::uniform(
            1,
            vec![DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View],
            Volatility::Immutable,
        ),
    };
    ScalarUDF::from(question).call(vec![text])
}

/// Something that is asked of every text.
struct Question {
    name: &'static str,
    /// What tells it from others of the name.
    asked: String,
    holds: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    signature: Signature,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, self.asked)
    }
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        (self.name, &self.asked) == (other.name, &other.asked)
    }
}

impl Eq for Question {}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, &self.asked).hash(state);
    }
}

impl ScalarUDFImpl for Question {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = matches!(args.args[..], [ColumnarValue::Scalar(_)]);
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [texts] = &arrays[..] else {
            return exec_err!("`{}` takes one text", self.name);
        };
        let answers: ArrayRef = Arc::new(self.of(texts)?);
        Ok(if scalar {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&answers, 0)?)
        } else {
            ColumnarValue::Array(answers)
        })
    }
}

impl Question {
    fn of(&self, texts: &ArrayRef) -> Result<BooleanArray> {
        Ok(match texts.data_type() {
            DataType::Utf8 => {
                let texts = as_string_array(texts)?;
                self.each(texts, |row| texts.value(row))
            }
            DataType::LargeUtf8 => {
                let texts = as_large_string_array(texts)?;
                self.each(texts, |row| texts.value(row))
            }
            DataType::Utf8View => {
                let texts = as_string_view_array(texts)?;
                self.each(texts, |row| texts.value(row))
            }
            other => return exec_err!("`{}` takes a text, not {other}", self.name),
        })
    }

    /// A text like the one before is not asked again: what comes in order, or is the same in a whole
    /// body, repeats itself.
    fn each<'a>(&self, texts: &dyn Array, text: impl Fn(usize) -> &'a str) -> BooleanArray {
        let nulls = texts.logical_nulls();
        let mut last: Option<(&str, bool)> = None;
        let answers = BooleanBuffer::collect_bool(texts.len(), |row| {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                return false;
            }
            let text = text(row);
            match last {
                Some((same, answer)) if same == text => answer,
                _ => {
                    let answer = (self.holds)(text);
                    last = Some((text, answer));
                    answer
                }
            }
        });
        BooleanArray::new(answers, nulls)
    }
}
