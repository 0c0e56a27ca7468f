//! The key within a body. Keys are kept as 128 bits of a hash that chance has keyed for this body
//! alone: bounded memory for keys of any length, and nobody can make two different keys meet.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use project::{Contract, Text};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::IngestError;

/// Tables that grow one by one, so that no more than one of them is there twice.
const SHARDS: usize = 64;

/// A key, hashed. Words of 32 bits, so that a table has no gaps between its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u32; 4]);

impl Key {
    fn shard(self) -> usize {
        self.0[3] as usize % SHARDS
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.0[0]) << 32 | u64::from(self.0[1]));
    }
}

/// What a contract says of keys, and how those of one body are hashed.
pub(crate) struct KeyRule {
    places: Vec<usize>,
    names: String,
    /// Of SipHash with 128 bits.
    secret: [u64; 2],
}

impl KeyRule {
    pub(crate) fn new(contract: &Contract) -> Self {
        let place = |name: &String| contract.columns.iter().position(|c| c.name == *name);
        let names = contract.key.iter().map(|name| format!("`{name}`"));
        Self {
            places: contract.key.iter().filter_map(place).collect(),
            names: names.collect::<Vec<_>>().join(", "),
            secret: [0, 1].map(|word: u64| RandomState::new().hash_one(word)),
        }
    }

    /// The keys of a batch, row by row; none at all if the contract has no key. A key with a part
    /// that is null or could not be read names no row and is none; other rules speak of it.
    pub(crate) fn keys(&self, columns: &[ArrayRef]) -> Result<Vec<Option<Key>>, ArrowError> {
        let arrays: Vec<&ArrayRef> = self.places.iter().map(|place| &columns[*place]).collect();
        let parts = arrays.iter().map(|array| Part::of(array));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let rows = arrays.first().map_or(0, |array| array.len());
        let nulls = arrays.iter().fold(None, |nulls, array| {
            NullBuffer::union(nulls.as_ref(), array.nulls())
        });
        let mut bytes = Vec::new();
        let keys = (0..rows).map(|row| {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                return None;
            }
            bytes.clear();
            for part in &parts {
                part.append(row, &mut bytes);
            }
            Some(self.hashed(&bytes))
        });
        Ok(keys.collect())
    }

    fn hashed(&self, bytes: &[u8]) -> Key {
        let [low, high] = self.secret;
        let mut hasher = SipHasher13::new_with_keys(low, high);
        hasher.write(bytes);
        let hash = hasher.finish128();
        let halves = |word: u64| [(word >> 32) as u32, word as u32];
        let ([a, b], [c, d]) = (halves(hash.h1), halves(hash.h2));
        Key([a, b, c, d])
    }

    /// What people are told of a repeated key.
    pub(crate) fn message(&self, first_row: u64) -> Text {
        Text {
            vi: format!("khóa ({}) đã có ở dòng {first_row}", self.names),
            en: format!("the key ({}) is already in row {first_row}", self.names),
        }
    }

    /// The key's column, if it is one.
    pub(crate) fn column(&self) -> Option<usize> {
        match self.places[..] {
            [place] => Some(place),
            _ => None,
        }
    }
}

/// A column of the key. Of one type, two values are one if their bytes are; texts say how long they
/// are, so that what stands in one column cannot pass for what stands in the next.
enum Part<'a> {
    Text(&'a StringArray),
    Flag(&'a BooleanArray),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Int128(&'a [i128]),
    Real(&'a [f64]),
}

impl<'a> Part<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self, ArrowError> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::Boolean => Self::Flag(array.as_boolean()),
            DataType::Int32 => Self::Int32(array.as_primitive::<Int32Type>().values()),
            DataType::Date32 => Self::Int32(array.as_primitive::<Date32Type>().values()),
            DataType::Int64 => Self::Int64(array.as_primitive::<Int64Type>().values()),
            DataType::Timestamp(..) => {
                let instants = array.as_primitive_opt::<TimestampMicrosecondType>();
                Self::Int64(instants.ok_or_else(|| no_key(array.data_type()))?.values())
            }
            DataType::Decimal128(..) => {
                Self::Int128(array.as_primitive::<Decimal128Type>().values())
            }
            DataType::Float64 => Self::Real(array.as_primitive::<Float64Type>().values()),
            other => return Err(no_key(other)),
        })
    }

    fn append(&self, row: usize, bytes: &mut Vec<u8>) {
        match self {
            Self::Text(texts) => {
                let text = texts.value(row);
                bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            Self::Flag(flags) => bytes.push(u8::from(flags.value(row))),
            Self::Int32(numbers) => bytes.extend_from_slice(&numbers[row].to_le_bytes()),
            Self::Int64(numbers) => bytes.extend_from_slice(&numbers[row].to_le_bytes()),
            Self::Int128(numbers) => bytes.extend_from_slice(&numbers[row].to_le_bytes()),
            Self::Real(numbers) => {
                bytes.extend_from_slice(&numbers[row].to_bits().to_le_bytes());
            }
        }
    }
}

fn no_key(data_type: &DataType) -> ArrowError {
    ArrowError::SchemaError(format!("`{data_type}` is no type of a key"))
}

/// The keys seen so far, each with the row that had it first.
#[derive(Debug)]
pub(crate) struct Keys {
    shards: Vec<HashMap<Key, u32, Hashed>>,
}

/// A row whose key was seen before.
pub(crate) struct Repeated {
    pub(crate) slot: usize,
    pub(crate) first_row: u64,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let shards = std::iter::repeat_with(HashMap::default).take(SHARDS);
        Self {
            shards: shards.collect(),
        }
    }

    /// Takes the keys of the next rows.
    pub(crate) fn take(
        &mut self,
        keys: &[Option<Key>],
        row_numbers: &[u64],
    ) -> Result<Vec<Repeated>, IngestError> {
        // A table at a time: one of them fits the processor's cache, all together do not.
        let mut slots = vec![Vec::new(); SHARDS];
        for (slot, key) in keys.iter().enumerate() {
            if let Some(key) = key {
                slots[key.shard()].push((slot, *key));
            }
        }
        let mut repeated = Vec::new();
        for (shard, slots) in self.shards.iter_mut().zip(slots) {
            for (slot, key) in slots {
                // A body of more rows would not have room for its keys.
                let row = u32::try_from(row_numbers[slot])
                    .map_err(|_| IngestError::body_limit("rows", u64::from(u32::MAX)))?;
                match shard.entry(key) {
                    Entry::Occupied(first) => repeated.push(Repeated {
                        slot,
                        first_row: u64::from(*first.get()),
                    }),
                    Entry::Vacant(place) => {
                        place.insert(row);
                    }
                }
            }
        }
        repeated.sort_unstable_by_key(|repeated| repeated.slot);
        Ok(repeated)
    }
}

/// Keys are hashes already.
#[derive(Debug, Default, Clone, Copy)]
struct Hashed(u64);

impl BuildHasher for Hashed {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}

#[cfg(test)]
mod tests;
