//! The routes of the API: each handler extracts, calls one method of the service, encodes.

mod access;
mod audit;
mod catalogue;
mod connectors;
mod erasure;
mod lineage;
mod maintenance;
mod obligations;
mod operation;
mod quarantine;
mod query;
mod renditions;
mod rollback;
mod runs;
mod submissions;
mod trace;
mod uploads;

use axum::Json;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use serde::Deserialize;
use service::Page;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{ApiState, Problem, layers};

pub(crate) use quarantine::filter as quarantine_filter;

/// What a handler answers.
type Answer<T> = Result<T, Problem>;

/// A part of a longer list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParams {
    /// How many to pass over.
    #[serde(default)]
    offset: u64,
    /// How many to answer, at most 1,000.
    #[serde(default = "default_limit")]
    limit: u64,
}

fn default_limit() -> u64 {
    100
}

impl From<PageParams> for Page {
    fn from(params: PageParams) -> Self {
        Self {
            offset: params.offset,
            limit: params.limit,
        }
    }
}

/// The list as its JSON forms.
fn list<T, D: From<T>>(items: Vec<T>) -> Json<Vec<D>> {
    Json(items.into_iter().map(D::from).collect())
}

/// The routes that need credentials.
fn closed(state: &ApiState) -> OpenApiRouter<ApiState> {
    let short = OpenApiRouter::new()
        .routes(routes!(submissions::list))
        .routes(routes!(submissions::one))
        .routes(routes!(submissions::receipt))
        .routes(routes!(submissions::errors))
        .routes(routes!(obligations::list))
        .routes(routes!(quarantine::search))
        .routes(routes!(catalogue::datasets))
        .routes(routes!(catalogue::dataset))
        .routes(routes!(catalogue::contract))
        .routes(routes!(catalogue::history))
        .routes(routes!(catalogue::quality))
        .routes(routes!(catalogue::profiles))
        .routes(routes!(catalogue::template))
        .routes(routes!(lineage::lineage))
        .routes(routes!(renditions::reports))
        .routes(routes!(renditions::document))
        .routes(routes!(renditions::manifest))
        .routes(routes!(renditions::list))
        .routes(routes!(runs::list))
        .routes(routes!(runs::one))
        .routes(routes!(runs::plan))
        .routes(routes!(connectors::list))
        .routes(routes!(audit::entries))
        .routes(routes!(audit::side))
        .route("/audit/tile/entries/{*path}", get(audit::bundle))
        .routes(routes!(access::whoami))
        .routes(routes!(access::create_token))
        .routes(routes!(access::create_sign_in_code))
        .routes(routes!(operation::metrics))
        .route_layer(from_fn_with_state(state.clone(), layers::patient));
    let uploads = OpenApiRouter::new()
        .routes(routes!(uploads::options, uploads::create))
        .routes(routes!(
            uploads::one,
            uploads::resume,
            uploads::go_on,
            uploads::end,
            uploads::overridden
        ))
        .route_layer(from_fn(uploads::protocol));
    OpenApiRouter::new()
        .merge(short)
        .merge(uploads)
        .routes(routes!(submissions::submit))
        .routes(routes!(submissions::withdraw))
        .routes(routes!(submissions::evidence))
        .routes(routes!(erasure::erase))
        .routes(routes!(quarantine::csv))
        .routes(routes!(quarantine::xlsx))
        .routes(routes!(quarantine::release))
        .routes(routes!(obligations::extend))
        .routes(routes!(query::query))
        .routes(routes!(query::figures))
        .routes(routes!(trace::trace))
        .routes(routes!(renditions::render))
        .routes(routes!(runs::restatement))
        .routes(routes!(runs::run))
        .routes(routes!(rollback::rollback))
        .routes(routes!(runs::preview))
        .routes(routes!(runs::apply))
        .routes(routes!(connectors::pull))
        .routes(routes!(maintenance::maintain))
        .route_layer(from_fn(layers::closed))
}

/// Every route of the API with its description.
pub(crate) fn routes(state: &ApiState) -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(closed(state))
        .routes(routes!(operation::alive))
        .routes(routes!(operation::ready))
        .routes(routes!(submissions::keys))
        .routes(routes!(audit::checkpoint))
        .route("/audit/tile/{level}/{*index}", get(audit::hashes))
        .routes(routes!(operation::openapi))
}
