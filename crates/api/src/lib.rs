//! The HTTP door: routes, problems and pages over `service`, and a client that is one again.
//!
//! *What is here*: [`router`] with every route of the fixed outside, the JSON forms of what crosses
//! it, problem details, the pages, and [`client::RemoteService`]. *What is never here*: a table, a
//! query engine, a decision about who may do what; a handler extracts, calls one method of
//! [`service::Service`], and encodes. *How it is checked*: unit tests beside the code
//! (`cargo test -p api`) over a recording double; the whole house behind it in `tests/it`.
//! *Where to go next*: `openapi.json` for the routes, `render::encode` for query results.

mod body;
mod call;
pub mod client;
pub mod dto;
mod extract;
mod layers;
pub mod openapi;
pub mod pages;
mod problem;
mod router;
mod routes;
mod state;

pub use call::{
    ApiCall, CorrelationId, PageCall, SESSION_COOKIE, clear_session_cookie, session_cookie,
};
pub use client::RemoteService;
pub use problem::{PROBLEM_MEDIA_TYPE, Problem};
pub use router::router;
pub use state::{ApiLimits, ApiState, Source};

#[cfg(test)]
mod testing;
