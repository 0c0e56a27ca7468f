//! A function: what it takes, what it gives, how it is documented.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, DocSection, Documentation, DocumentationBuilder, ScalarFunctionArgs,
    ScalarUDFImpl, Signature, Volatility,
};

use super::given::Given;

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    /// A civil day. An instant is refused: of which day it is depends on the zone.
    Day,
    Whole,
    /// A number, exact unless one of the numbers is not.
    Number,
    Days,
    Numbers,
    Texts,
    /// Rows as structs, which the function looks into itself.
    Rows,
}

pub(super) struct Argument {
    name: &'static str,
    takes: Takes,
    says: &'static str,
}

pub(super) const fn arg(name: &'static str, takes: Takes, says: &'static str) -> Argument {
    Argument { name, takes, says }
}

type Body = fn(&Given<'_>) -> Result<ArrayRef>;

pub(super) struct Function {
    name: &'static str,
    takes: Vec<Takes>,
    required: usize,
    gives: DataType,
    body: Body,
    documentation: Documentation,
    signature: Signature,
}

impl Function {
    /// A function whose arguments after the first `required` ones may be left out. The example is a
    /// query, and below it, as comments, its answer.
    pub fn new(
        (name, section): (&'static str, DocSection),
        says: &str,
        (arguments, required): (&[Argument], usize),
        (gives, body): (DataType, Body),
        example: &str,
    ) -> Self {
        let mut syntax = format!("{name}(");
        for (index, argument) in arguments.iter().enumerate() {
            syntax += match (index, index < required) {
                (0, _) => "",
                (_, true) => ", ",
                (_, false) => " [, ",
            };
            syntax += argument.name;
        }
        syntax += &"]".repeat(arguments.len() - required);
        syntax.push(')');
        let documentation = arguments
            .iter()
            .fold(
                DocumentationBuilder::new_with_details(section, says, syntax),
                |builder, argument| builder.with_argument(argument.name, argument.says),
            )
            .with_sql_example(example.trim_end())
            .build();
        Self {
            name,
            takes: arguments.iter().map(|argument| argument.takes).collect(),
            required,
            gives,
            body,
            documentation,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.gives.clone())
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() < self.required || given.len() > self.takes.len() {
            return plan_err!(
                "`{}` is written `{}`, and was given {} arguments",
                self.name,
                self.documentation.syntax_example,
                given.len()
            );
        }
        let number = common_number(self.takes.iter().zip(given));
        let arguments = self.documentation.arguments.iter().flatten();
        let mut wanted = Vec::new();
        for ((takes, given), (name, _)) in self.takes.iter().zip(given).zip(arguments) {
            match takes.of(given, &number) {
                Some(data_type) => wanted.push(data_type),
                None if is_instant(given) => {
                    return plan_err!(
                        "`{name}` of `{}` is a day, not an instant: write \
                         `cast(t + interval '7 hours' as date)` for the civil day",
                        self.name
                    );
                }
                None => {
                    return plan_err!("`{name}` of `{}` cannot be a {given}", self.name);
                }
            }
        }
        Ok(wanted)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(_));
        let constant = args.args.iter().all(is_constant);
        let rows = if constant { 1 } else { args.number_rows };
        let given = Given::new(self.name, &args.args, rows)?;
        let answers = (self.body)(&given)?;
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&answers, 0)?)
        } else {
            ColumnarValue::Array(answers)
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

impl Takes {
    /// The type that a value of the type is read as; none if it cannot be.
    fn of(self, given: &DataType, number: &DataType) -> Option<DataType> {
        use DataType as T;
        let missing = *given == T::Null;
        let list_of = |inner: T| T::List(Arc::new(Field::new_list_field(inner, true)));
        match self {
            Self::Text if missing => Some(T::Utf8),
            Self::Text => is_text(given).then(|| given.clone()),
            Self::Day => is_day(given).then_some(T::Date32),
            Self::Whole => (missing || given.is_integer()).then_some(T::Int64),
            Self::Number => (missing || given.is_numeric()).then(|| number.clone()),
            Self::Days => element(given, is_day).then(|| list_of(T::Date32)),
            Self::Numbers => element(given, T::is_numeric).then(|| list_of(number.clone())),
            Self::Texts => element(given, is_text).then(|| list_of(T::Utf8)),
            Self::Rows => match given {
                T::List(field) if matches!(field.data_type(), T::Struct(_)) => Some(given.clone()),
                _ => None,
            },
        }
    }
}

fn is_text(given: &DataType) -> bool {
    match given {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// A text is a day as it is wherever SQL takes one for the other.
fn is_day(given: &DataType) -> bool {
    matches!(given, DataType::Date32 | DataType::Date64 | DataType::Null) || is_text(given)
}

fn is_instant(given: &DataType) -> bool {
    match given {
        DataType::Timestamp(..) => true,
        DataType::List(field) => is_instant(field.data_type()),
        _ => false,
    }
}

/// Whether it is a list of such elements. One without elements has no type of its own.
fn element(given: &DataType, fits: impl Fn(&DataType) -> bool) -> bool {
    match given {
        DataType::Null => true,
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            field.data_type() == &DataType::Null || fits(field.data_type())
        }
        _ => false,
    }
}

/// The type in which all numbers are compared: with the places after the point of the one that has
/// most, so that none is rounded.
fn common_number<'a>(given: impl Iterator<Item = (&'a Takes, &'a DataType)>) -> DataType {
    let mut scale = 0;
    for (takes, data_type) in given {
        let number = match (takes, data_type) {
            (Takes::Number, number) => number,
            (
                Takes::Numbers,
                DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _),
            ) => f.data_type(),
            _ => continue,
        };
        match number {
            DataType::Decimal32(_, s) | DataType::Decimal64(_, s) | DataType::Decimal128(_, s) => {
                scale = scale.max(*s);
            }
            number if number.is_floating() || number.is_decimal() => return DataType::Float64,
            _ => {}
        }
    }
    DataType::Decimal128(38, scale)
}
