//! Transformations: one SQL file each, with a header that says what SQL cannot.

mod model;
mod read;

pub use model::{Refresh, Transformation, Write};

pub(crate) use read::read;

#[cfg(test)]
mod tests;
