//! What happens to every request and every answer, whatever its route.

mod answer;
mod closed;
mod line;
mod measure;
mod patience;
mod security;

pub(crate) use answer::{finish, method_refused, panicked, unknown_route};
pub(crate) use closed::closed;
pub(crate) use line::line;
pub(crate) use measure::measure;
pub(crate) use patience::patient;
pub(crate) use security::{cross_origin, secure};
