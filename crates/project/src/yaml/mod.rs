//! Strict YAML: a tree with places, and a way to read it that collects every problem.

mod map;
mod tree;

pub(crate) use map::{Map, Word, word};
pub(crate) use tree::{Node, Value, parse};

#[cfg(test)]
mod tests;
