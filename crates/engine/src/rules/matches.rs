//! A text against a pattern that is compiled once: `regexp_like` compiles its own for every batch,
//! which for a body of twenty rows costs more than all else that is done with it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::{as_large_string_array, as_string_array, as_string_view_array};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use regex::Regex;

/// Whether the pattern is found in the text; null where that is null.
pub(super) fn matches(text: Expr, pattern: &str) -> std::result::Result<Expr, regex::Error> {
    let function = Matches {
        regex: Regex::new(pattern)?,
        signature: Signature::uniform(
            1,
            vec![DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View],
            Volatility::Immutable,
        ),
    };
    Ok(ScalarUDF::from(function).call(vec![text]))
}

#[derive(Debug)]
struct Matches {
    regex: Regex,
    signature: Signature,
}

impl PartialEq for Matches {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl Eq for Matches {}

impl Hash for Matches {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.regex.as_str().hash(state);
    }
}

impl ScalarUDFImpl for Matches {
    fn name(&self) -> &'static str {
        "matches"
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
            return exec_err!("`matches` takes one text");
        };
        let found: ArrayRef = Arc::new(self.of(texts)?);
        Ok(if scalar {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?)
        } else {
            ColumnarValue::Array(found)
        })
    }
}

impl Matches {
    fn of(&self, texts: &ArrayRef) -> Result<BooleanArray> {
        let found = |text: Option<&str>| text.map(|text| self.regex.is_match(text));
        Ok(match texts.data_type() {
            DataType::Utf8 => as_string_array(texts)?.iter().map(found).collect(),
            DataType::LargeUtf8 => as_large_string_array(texts)?.iter().map(found).collect(),
            DataType::Utf8View => as_string_view_array(texts)?.iter().map(found).collect(),
            other => return exec_err!("`matches` takes a text, not {other}"),
        })
    }
}
