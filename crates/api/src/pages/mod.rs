//! The pages: what people see in a browser. Forms and links only; there is no script.
//!
//! A page extracts a `visit::Visit`, asks the service, and fills in a template of `templates/`.
//! Its words are in `locales/`, its looks in `assets/`, its SQL in `sql/`.

mod ask;
mod assets;
mod connectors;
mod dataset;
mod datasets;
mod download;
mod erasure;
mod history;
mod lineage;
mod obligations;
mod overview;
mod parts;
mod profiles;
mod quality;
mod quarantine;
mod query;
mod reports;
mod rollback;
mod runs;
mod shell;
mod sign_in;
mod submissions;
mod table;
mod texts;
mod trace;
mod unknown;
mod visit;

use axum::Router;
use axum::routing::{get, post};

use crate::ApiState;

/// The routes of the pages. `/sign-in` and `/assets` are open; every other page sends those who are
/// not signed in to `/sign-in`. A path that is no route is answered here too.
pub fn router() -> Router<ApiState> {
    Router::new()
        .route("/", get(overview::page))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", post(sign_in::leave))
        .route("/datasets", get(datasets::list))
        .route("/datasets/{name}", get(dataset::page))
        .route("/datasets/{name}/history", get(history::page))
        .route("/datasets/{name}/obligations", get(obligations::page))
        .route("/datasets/{name}/trace", get(trace::page))
        .route("/lineage", get(lineage::all))
        .route("/lineage/{name}", get(lineage::one))
        .route("/query", get(query::form).post(query::run))
        .route("/query/result", post(download::run))
        .route("/reports", get(reports::list))
        .route("/reports/{name}", get(reports::form).post(reports::render))
        .route("/quarantine", get(quarantine::page))
        .route("/submissions", get(submissions::list))
        .route("/submissions/{id}", get(submissions::one))
        .route(
            "/submissions/{id}/erase",
            get(erasure::back).post(erasure::erase),
        )
        .route("/connectors", get(connectors::list))
        .route("/runs", get(runs::list))
        .route("/runs/{id}", get(runs::one))
        .route(
            "/runs/{id}/rollback",
            get(rollback::back).post(rollback::rollback),
        )
        .route("/assets/pages.css", get(assets::style))
        .route("/assets/icon.svg", get(assets::icon))
        .fallback(unknown::unknown)
}

#[cfg(test)]
mod tests;
