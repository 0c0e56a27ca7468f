//! Functions for the field, in every session and every rule: Vietnamese text, reporting periods,
//! working days, bands of a score, the agency that answers.
//!
//! Each is a function of its arguments and of nothing else: what a table has to say comes in as a
//! list, so that the query names the table. What the data has wrong gives null, what the query has
//! wrong (a kind that is none, lists of two lengths) is an error that names it.

mod agencies;
mod bands;
mod days;
mod function;
mod given;
mod periods;
mod reference;
mod spelling;
mod texts;

use std::sync::{Arc, LazyLock};

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::ScalarUDF;

pub use reference::reference;

static FUNCTIONS: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
    let functions = [
        texts::functions(),
        periods::functions(),
        days::functions(),
        bands::functions(),
        agencies::functions(),
    ];
    let functions = functions.into_iter().flatten();
    functions.map(|f| Arc::new(ScalarUDF::from(f))).collect()
});

/// The functions, as they stand in the reference.
pub fn all() -> &'static [Arc<ScalarUDF>] {
    &FUNCTIONS
}

/// The session's state with the functions.
pub(crate) fn with_functions(mut state: SessionState) -> Result<SessionState> {
    for function in all() {
        state.register_udf(Arc::clone(function))?;
    }
    Ok(state)
}
