//! The description of the API, generated from the handlers and committed as `openapi.json`.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::{ApiState, SESSION_COOKIE, routes};

/// The committed description, which is also what is served.
pub const COMMITTED: &str = include_str!("../openapi.json");

#[derive(OpenApi)]
#[openapi(
    info(title = "DTM", description = "The national data lakehouse for digital-transformation \
        reporting: submissions in, checked tables, queries and reports out. Errors are problem \
        details (RFC 9457) of media type `application/problem+json`."),
    components(schemas(crate::Problem)),
    security(("token" = []), ("session" = [])),
    modifiers(&Credentials),
    tags(
        (name = "submissions", description = "What agencies send, and what they get back"),
        (name = "query", description = "Questions to the data"),
        (name = "catalogue", description = "Datasets, contracts, versions, lineage, and what is \
            behind a figure"),
        (name = "reports", description = "Report definitions and renditions"),
        (name = "connectors", description = "What is fetched from other systems, and when"),
        (name = "runs", description = "Transformations, and the project against the lake"),
        (name = "audit", description = "Who did what"),
        (name = "access", description = "Principals and their credentials"),
        (name = "operation", description = "The node itself")))]
struct Description;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let session = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
        components.add_security_scheme("session", SecurityScheme::ApiKey(session));
    }
}

/// The description, generated anew.
pub fn generate(state: &ApiState) -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    description.merge(routes::routes(state).to_openapi());
    description
}

#[cfg(test)]
mod tests;
