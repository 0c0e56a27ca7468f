//! Whether a value is one of many.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::row::{RowConverter, SortField};
use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result as PlanResult, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::{EngineError, Result};

/// Whether `value` is one of `values`, which are of one type and not null; null where it is null. An
/// expression of one call: a list that is written out is copied by every rule of the planner.
pub(super) fn within(value: Expr, values: &[ScalarValue]) -> Result<Expr> {
    let set = Set::of(values).map_err(EngineError::Failed)?;
    Ok(ScalarUDF::from(set).call(vec![value]))
}

struct Set {
    values: Arc<HashSet<Box<[u8]>>>,
    kind: DataType,
    signature: Signature,
}

impl Set {
    fn of(values: &[ScalarValue]) -> PlanResult<Self> {
        let array = ScalarValue::iter_to_array(values.iter().cloned())?;
        let kind = array.data_type().clone();
        let rows = converter(&kind)?.convert_columns(&[array])?;
        let values = rows.iter().map(|row| Box::from(row.as_ref())).collect();
        Ok(Self {
            values: Arc::new(values),
            kind,
            signature: Signature::any(1, Volatility::Immutable),
        })
    }

    fn holds(&self, values: &ArrayRef) -> PlanResult<BooleanArray> {
        let values = cast(values, &self.kind)?;
        let nulls = values.logical_nulls();
        let rows = converter(&self.kind)?.convert_columns(&[values])?;
        let found = BooleanBuffer::collect_bool(rows.num_rows(), |at| {
            self.values.contains(rows.row(at).as_ref())
        });
        Ok(BooleanArray::new(found, nulls))
    }
}

fn converter(kind: &DataType) -> PlanResult<RowConverter> {
    Ok(RowConverter::new(vec![SortField::new(kind.clone())])?)
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.values.len())
    }
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.values, &other.values)
    }
}

impl Eq for Set {}

impl Hash for Set {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.values).hash(state);
    }
}

impl ScalarUDFImpl for Set {
    fn name(&self) -> &str {
        "one_of_many"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> PlanResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let [value] = &args.args[..] else {
            return exec_err!("`{}` takes one value", self.name());
        };
        Ok(match value {
            ColumnarValue::Array(values) => {
                ColumnarValue::Array(Arc::new(self.holds(values)?) as ArrayRef)
            }
            ColumnarValue::Scalar(value) => {
                let found: ArrayRef = Arc::new(self.holds(&value.to_array()?)?);
                ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?)
            }
        })
    }
}
