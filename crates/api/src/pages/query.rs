//! The query box.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use service::{ErrorKind, QueryRequest, Result, ServiceError};

use super::ask::Rows;
use super::shell::Shell;
use super::table::{ROWS, Table, VALUE_CHARS};
use super::visit::{Refusal, Sent, Visit, fields, written};
use crate::ApiState;
use crate::dto::at_from_text;

const FIRST: &str = include_str!("../../sql/query_first.sql");

struct Answer {
    table: Table,
    rows: String,
    /// How many characters of a value are shown, if values were cut.
    value_chars: Option<usize>,
    versions: Vec<(String, i64)>,
    /// The versions as `at` takes them, so that a file holds what the page shows.
    at: String,
}

#[derive(Template)]
#[template(path = "query.html")]
struct Page {
    shell: Shell,
    sql: String,
    at: String,
    answer: Option<Answer>,
    refusal: Option<Refusal>,
}

impl Page {
    /// The lines of the box: it shows a query of usual length whole.
    fn lines(&self) -> usize {
        self.sql.lines().count().clamp(10, 24)
    }
}

pub(super) async fn form(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = blank(&state, &visit).await;
    visit.answer(page)
}

async fn blank(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let sql = visit.param("sql").unwrap_or(FIRST).trim().to_owned();
    let at = visit.param("at").unwrap_or_default().to_owned();
    written(
        StatusCode::OK,
        &Page {
            shell,
            sql,
            at,
            answer: None,
            refusal: None,
        },
    )
}

pub(super) async fn run(State(state): State<ApiState>, visit: Visit, sent: Sent) -> Response {
    let page = answered(&state, &visit, sent).await;
    visit.answer(page)
}

async fn answered(state: &ApiState, visit: &Visit, sent: Sent) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let mut fields = fields(sent)?;
    let sql = fields.remove("sql").unwrap_or_default();
    let at = fields.remove("at").unwrap_or_default();
    let answer = if sql.trim().is_empty() {
        let error = ServiceError::new(ErrorKind::Invalid, "there is no query in the box");
        Err(error.hint("Write one `select`."))
    } else {
        read(state, visit, &sql, &at).await
    };
    match answer {
        Ok(answer) => {
            let page = Page {
                shell,
                sql,
                at,
                answer: Some(answer),
                refusal: None,
            };
            written(StatusCode::OK, &page)
        }
        Err(error) if error.kind == ErrorKind::Unauthenticated => Err(error),
        Err(error) => {
            let (status, refusal) = visit.refusal(error);
            written(
                status,
                &Page {
                    shell,
                    sql,
                    at,
                    answer: None,
                    refusal: Some(refusal),
                },
            )
        }
    }
}

async fn read(state: &ApiState, visit: &Visit, sql: &str, at: &str) -> Result<Answer> {
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at: at_from_text(at)?,
    };
    let answer = state.service.query(&visit.call, request).await?;
    let rows = Rows::first(answer.batches, ROWS).await?;
    let formats = visit.formats()?;
    let table = Table::new(&answer.schema, &rows, &formats);
    let versions = answer.versions.iter().map(|(d, v)| (d.to_string(), *v));
    let versions: Vec<(String, i64)> = versions.collect();
    let at: BTreeMap<&str, i64> = versions.iter().map(|(d, v)| (d.as_str(), *v)).collect();
    Ok(Answer {
        rows: formats.integer(table.rows.len() as u64),
        value_chars: table.shortened.then_some(VALUE_CHARS),
        table,
        at: serde_json::json!(at).to_string(),
        versions,
    })
}
