//! What an agency can hold us to: a submission is received once, can be corrected and withdrawn, and
//! its receipt can be verified without us.

mod corrections;
mod faults;
mod meanwhile;
mod once;
mod receipts;
mod totals;

use service::{At, Relation, ServiceError, SubmissionId, SubmitAnswer, SubmitRequest};

use crate::home::{Fixture, visits};

/// Visits of these ids, offices and minutes, as CSV.
fn rows(rows: &[(&str, &str, u32)]) -> String {
    let mut text = "visit_id,office,visited_at,minutes\n".to_owned();
    for (id, office, minutes) in rows {
        text.push_str(&format!(
            "{id},{office},2026-09-01T08:30:00+07:00,{minutes}\n"
        ));
    }
    text
}

fn key(key: &str) -> SubmitRequest {
    SubmitRequest {
        key: Some(key.to_owned()),
        ..visits()
    }
}

fn related(relation: Relation) -> SubmitRequest {
    SubmitRequest {
        relation: Some(relation),
        ..visits()
    }
}

async fn submit(
    f: &Fixture,
    request: SubmitRequest,
    of: &[(&str, &str, u32)],
) -> Result<SubmitAnswer, ServiceError> {
    f.submit_this(&f.admin, request, &rows(of)).await
}

async fn landed(f: &Fixture, request: SubmitRequest, of: &[(&str, &str, u32)]) -> SubmissionId {
    submit(f, request, of).await.unwrap().receipt.id
}

const ALL: &str = "select string_agg(visit_id || ' ' || minutes, ', ' order by visit_id, minutes) from raw.visits";

/// The ids and minutes of all visits, in order.
async fn all(f: &Fixture) -> String {
    f.text_at(ALL, At::Now).await
}
