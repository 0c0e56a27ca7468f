//! Code lists: dated codes in CSV under a contract, and the calendar, which is one of them.

mod calendar;
mod model;
mod read;
mod rules;

pub use model::{Code, CodeList};

pub(crate) use calendar::calendar;
pub(crate) use read::Table;

#[cfg(test)]
mod tests;
