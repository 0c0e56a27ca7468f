//! Atoms: rows of the tables that a statement reads, as bytes, in lists beside the values.
//!
//! An atom is the number of its table and the row's identity in arrow's row format; the lists are
//! sets. Three functions carry them: one makes an atom of a row, two bring lists together where
//! rows are.

use std::collections::HashSet;
use std::mem::size_of;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, ListArray, ListBuilder, RecordBatch,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Int64Type, Schema};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};

/// Rows behind one figure, at most.
pub(crate) const MOST: usize = 1_000_000;
/// How a figure with more says so.
/// Rows of a window at the most: each of them gets a list of all.
pub(super) const MOST_OF_WINDOW: usize = 2_000;
const WITNESS_NAME: &str = "trace_witness";
pub(super) const TOO_MANY: &str = "too many rows are behind the figures";
/// Bytes of the table's number in front of an atom.
const NUMBER: usize = 2;

/// The type of a list of atoms.
pub(super) fn list_type() -> DataType {
    DataType::List(item())
}

fn item() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Binary, true))
}

/// `trace_atom(number, identity…)`: a list of one atom for each row.
pub(super) fn atom() -> Arc<ScalarUDF> {
    static ATOM: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        let signature = Signature::variadic_any(Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Atom { signature }))
    });
    Arc::clone(&ATOM)
}

/// `trace_union(list…)`: every atom of the rows.
pub(super) fn union() -> Arc<AggregateUDF> {
    static UNION: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
        Arc::new(AggregateUDF::new_from_impl(Gather::new(
            "trace_union",
            MOST,
        )))
    });
    Arc::clone(&UNION)
}

/// The same of a window, each of whose rows gets the whole list.
pub(super) fn union_of_window() -> Arc<AggregateUDF> {
    static UNION: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
        let gather = Gather::new("trace_window", MOST_OF_WINDOW);
        Arc::new(AggregateUDF::new_from_impl(gather))
    });
    Arc::clone(&UNION)
}

/// `trace_witness(list…)`: the atoms of one of the rows, the same one whatever their order.
pub(super) fn witness() -> Arc<AggregateUDF> {
    static WITNESS: LazyLock<Arc<AggregateUDF>> =
        LazyLock::new(|| Arc::new(AggregateUDF::new_from_impl(Gather::new(WITNESS_NAME, 0))));
    Arc::clone(&WITNESS)
}

/// `trace_merge(list…)`: every atom of a row's lists.
pub(super) fn merge() -> Arc<ScalarUDF> {
    static MERGE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        let signature = Signature::variadic_any(Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Merge { signature }))
    });
    Arc::clone(&MERGE)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Atom {
    signature: Signature,
}

impl ScalarUDFImpl for Atom {
    fn name(&self) -> &'static str {
        "trace_atom"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let number = match args.args.first() {
            Some(ColumnarValue::Scalar(ScalarValue::Int64(Some(number)))) => *number,
            Some(ColumnarValue::Array(numbers)) if !numbers.is_empty() => {
                numbers.as_primitive::<Int64Type>().value(0)
            }
            _ => 0,
        };
        let number = u16::try_from(number).map_err(|error| external(&error))?;
        let identity = args.args.iter().skip(1);
        let identity: Vec<ArrayRef> = identity
            .map(|value| value.to_array(rows))
            .collect::<Result<_>>()?;
        let converter = converter(identity.iter().map(|column| column.data_type().clone()))?;
        let encoded = converter.convert_columns(&identity)?;
        let mut atoms = BinaryBuilder::with_capacity(rows, 48 * rows);
        let mut bytes = Vec::new();
        for row in &encoded {
            bytes.clear();
            bytes.extend_from_slice(&number.to_be_bytes());
            bytes.extend_from_slice(row.as_ref());
            atoms.append_value(&bytes);
        }
        let lists = ListArray::try_new(
            item(),
            OffsetBuffer::from_lengths(std::iter::repeat_n(1, rows)),
            Arc::new(atoms.finish()),
            None,
        )?;
        Ok(ColumnarValue::Array(Arc::new(lists)))
    }
}

fn converter(types: impl Iterator<Item = DataType>) -> Result<RowConverter> {
    Ok(RowConverter::new(types.map(SortField::new).collect())?)
}

fn external(error: &dyn std::error::Error) -> DataFusionError {
    DataFusionError::Internal(error.to_string())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Merge {
    signature: Signature,
}

impl ScalarUDFImpl for Merge {
    fn name(&self) -> &'static str {
        "trace_merge"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let lists: Vec<ArrayRef> = args
            .args
            .iter()
            .map(|value| value.to_array(rows))
            .collect::<Result<_>>()?;
        let mut merged = ListBuilder::new(BinaryBuilder::new()).with_field(item());
        for row in 0..rows {
            let mut atoms = HashSet::new();
            each_of_row(&lists, row, |atom| {
                if !atoms.contains(atom) {
                    atoms.insert(Box::<[u8]>::from(atom));
                    merged.values().append_value(atom);
                }
            });
            merged.append(true);
        }
        Ok(ColumnarValue::Array(Arc::new(merged.finish())))
    }
}

/// Every atom of a row, in each of its lists; a list that is not there has none.
fn each_of_row(lists: &[ArrayRef], row: usize, mut of: impl FnMut(&[u8])) {
    for list in lists {
        let list: &ListArray = list.as_list();
        if list.is_null(row) {
            continue;
        }
        let atoms = list.value(row);
        let atoms: &BinaryArray = atoms.as_binary();
        atoms.iter().flatten().for_each(&mut of);
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Gather {
    name: &'static str,
    signature: Signature,
    /// So many atoms at the most; none are of one row only.
    most: usize,
}

impl Gather {
    fn new(name: &'static str, most: usize) -> Self {
        Self {
            name,
            signature: Signature::variadic_any(Volatility::Immutable),
            most,
        }
    }
}

impl AggregateUDFImpl for Gather {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_type())
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(if self.most == 0 {
            Box::new(Witness::default())
        } else {
            Box::new(Union::upto(self.most))
        })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(args.name, list_type(), true))])
    }
}

/// The atoms seen.
#[derive(Debug)]
struct Union {
    atoms: HashSet<Box<[u8]>>,
    bytes: usize,
    most: usize,
}

impl Union {
    fn upto(most: usize) -> Self {
        Self {
            atoms: HashSet::new(),
            bytes: 0,
            most,
        }
    }
}

impl Accumulator for Union {
    fn update_batch(&mut self, lists: &[ArrayRef]) -> Result<()> {
        let rows = lists.first().map_or(0, Array::len);
        for row in 0..rows {
            each_of_row(lists, row, |atom| {
                if !self.atoms.contains(atom) {
                    self.bytes += atom.len() + size_of::<Box<[u8]>>();
                    self.atoms.insert(atom.into());
                }
            });
            if self.atoms.len() > self.most {
                return exec_err!("{TOO_MANY}");
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut atoms: Vec<&[u8]> = self.atoms.iter().map(AsRef::as_ref).collect();
        atoms.sort_unstable();
        Ok(list_of(&atoms))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}

/// The least list of any row.
#[derive(Debug, Default)]
struct Witness {
    least: Option<Vec<Box<[u8]>>>,
}

impl Accumulator for Witness {
    fn update_batch(&mut self, lists: &[ArrayRef]) -> Result<()> {
        let rows = lists.first().map_or(0, Array::len);
        let mut atoms: Vec<Box<[u8]>> = Vec::new();
        for row in 0..rows {
            atoms.clear();
            each_of_row(lists, row, |atom| atoms.push(atom.into()));
            atoms.sort_unstable();
            atoms.dedup();
            // The fewer, the better: a row of code lists alone needs no submission.
            let better = |least: &Vec<_>| (atoms.len(), &atoms) < (least.len(), least);
            if self.least.as_ref().is_none_or(better) {
                self.least = Some(atoms.clone());
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let least = self.least.iter().flatten();
        Ok(list_of(&least.map(AsRef::as_ref).collect::<Vec<_>>()))
    }

    fn size(&self) -> usize {
        let bytes = self
            .least
            .iter()
            .flatten()
            .map(|atom| atom.len())
            .sum::<usize>();
        size_of::<Self>() + bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![match self.least {
            Some(_) => self.evaluate()?,
            None => ScalarValue::try_from(&list_type())?,
        }])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else {
            return Ok(());
        };
        // Whoever saw no row has nothing to say.
        let seen = datafusion::arrow::compute::is_not_null(states)?;
        let states = datafusion::arrow::compute::filter(states, &seen)?;
        self.update_batch(&[states])
    }
}

fn list_of(atoms: &[&[u8]]) -> ScalarValue {
    let values = BinaryArray::from_iter_values(atoms);
    let lists = ListArray::new(
        item(),
        OffsetBuffer::from_lengths([atoms.len()]),
        Arc::new(values),
        None,
    );
    ScalarValue::List(Arc::new(lists))
}

/// The atoms of a list, as rows of their tables: by number, the columns of the identity.
pub(super) fn rows(list: &BinaryArray, identities: &[Fields]) -> Result<Vec<Option<RecordBatch>>> {
    let mut of: Vec<Vec<&[u8]>> = vec![Vec::new(); identities.len()];
    for atom in list.iter().flatten() {
        let Some((number, row)) = atom.split_first_chunk::<NUMBER>() else {
            return exec_err!("an atom without a table");
        };
        match of.get_mut(usize::from(u16::from_be_bytes(*number))) {
            Some(rows) => rows.push(row),
            None => return exec_err!("an atom of a table that is not read"),
        }
    }
    let tables = of.into_iter().zip(identities);
    tables
        .map(|(rows, identity)| {
            if rows.is_empty() {
                return Ok(None);
            }
            let converter = converter(identity.iter().map(|field| field.data_type().clone()))?;
            let parser = converter.parser();
            let columns = converter.convert_rows(rows.into_iter().map(|row| parser.parse(row)))?;
            let schema = Arc::new(Schema::new(identity.clone()));
            Ok(Some(RecordBatch::try_new(schema, columns)?))
        })
        .collect()
}
