use std::fmt::Debug;

use expect_test::{Expect, expect};
use serde::de::DeserializeOwned;
use serde_json::json;
use service::{At, QueryRequest, Rendition, TraceRequest};

use super::*;
use crate::testing;

/// Domain → JSON text → domain.
fn round<D, T>(dto: D) -> T
where
    D: Serialize + DeserializeOwned,
    T: TryFrom<D, Error: Debug>,
{
    let text = serde_json::to_string(&dto).unwrap();
    T::try_from(serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
fn the_receipt_has_exactly_its_fields() {
    let expected: Expect = expect![[r#"
        {
          "id": "0192f0c1-0000-7000-8000-000000000001",
          "agency": "H26.01",
          "dataset": "raw.visits",
          "period": "2026-09",
          "contract_version": "1.2.0",
          "evidence": {
            "sha256": "abababababababababababababababababababababababababababababababab",
            "size_bytes": 4
          },
          "rows": {
            "received": 3,
            "landed": 2,
            "quarantined": 1,
            "warned": 0
          },
          "received_at": "2026-09-15T01:02:03.250Z",
          "timeliness": "late",
          "due_on": "2026-09-14",
          "table_version": 7,
          "committed_at": "2026-09-15T01:02:03.250Z",
          "supersedes": {
            "relation": "corrects",
            "submission": "0192f0c1-0000-7000-8000-000000000001",
            "rows": 2
          },
          "control_totals": [
            {
              "name": "rows",
              "declared": "3",
              "found": "3"
            }
          ]
        }"#]];
    let receipt = ReceiptDto::from(testing::receipt());
    expected.assert_eq(&serde_json::to_string_pretty(&receipt).unwrap());
}

#[test]
fn what_crosses_comes_back_the_same() {
    let receipt: service::Receipt = round(ReceiptDto::from(testing::receipt()));
    assert_eq!(receipt, testing::receipt());
    let submission: service::Submission = round(SubmissionDto::from(testing::submission()));
    assert_eq!(submission, testing::submission());
    let rows: service::RowErrors = round(RowErrorsDto::from(testing::row_errors()));
    assert_eq!(rows, testing::row_errors());
    let principal: service::Principal = round(PrincipalDto::from(testing::principal()));
    assert_eq!(principal, testing::principal());
    let run: service::RunReport = round(RunDto::from(testing::run()));
    assert_eq!(run, testing::run());
    let rollback: service::RollbackReport = round(RollbackDto::from(testing::rollback()));
    assert_eq!(rollback, testing::rollback());
    let plan: service::Plan = round(PlanDto::from(testing::plan()));
    assert_eq!(plan, testing::plan());
    let record: service::AuditRecord = round(AuditRecordDto::from(testing::audit_record()));
    assert_eq!(record, testing::audit_record());
    let trace: service::TraceAnswer = round(TraceDto::from(testing::trace()));
    assert_eq!(trace, testing::trace());
    for outcome in testing::quality() {
        let back: service::RuleOutcome = round(RuleOutcomeDto::from(outcome.clone()));
        assert_eq!(back, outcome);
    }
    for profile in testing::profiles() {
        let back: service::ColumnProfile = round(ColumnProfileDto::from(profile.clone()));
        assert_eq!(back, profile);
    }
}

#[test]
fn a_dataset_comes_back_with_the_contract_that_its_text_states() {
    let detail: service::DatasetDetail = round(DatasetDetailDto::new(testing::dataset(), true));
    assert_eq!(format!("{detail:?}"), format!("{:?}", testing::dataset()));
    let without = DatasetDetailDto::new(testing::dataset(), false);
    assert!(service::DatasetDetail::try_from(without).is_err());
}

#[test]
fn a_report_comes_back_with_its_whole_layout() {
    let report: project::ReportDefinition = round(ReportDto::from(testing::report()));
    assert_eq!(format!("{report:?}"), format!("{:?}", testing::report()));
}

#[test]
fn a_graph_comes_back_with_datasets_that_have_no_edge() {
    let graph = || service::LineageAnswer {
        graph: testing::graph(),
        titles: [("raw.visits".parse().unwrap(), project::Text::default())].into(),
    };
    let back: service::LineageAnswer = round(LineageDto::from(graph()));
    assert_eq!(back.graph.json(), testing::graph().json());
    let dto = serde_json::to_value(LineageDto::from(graph())).unwrap();
    assert_eq!(dto, testing::graph().json());
}

#[test]
fn a_rendition_links_to_its_bytes() {
    let dto = RenditionDto::from(testing::rendition());
    assert_eq!(dto.links["html"], "/api/v1/renditions/0192.html");
    assert_eq!(dto.links["xlsx"], "/api/v1/renditions/0192.xlsx");
    assert_eq!(Rendition::try_from(dto).unwrap(), testing::rendition());
}

fn query(json: serde_json::Value) -> Result<QueryRequest, String> {
    let dto: QueryDto = serde_json::from_value(json).map_err(|error| error.to_string())?;
    QueryRequest::try_from(dto)
        .map_err(|error| format!("{error} / {}", error.hint.as_deref().unwrap_or("-")))
}

#[test]
fn a_query_has_plain_parameters_and_versions_by_dataset() {
    let request = query(json!({
        "sql": "select $a, $b, $c, $d, $e",
        "params": {"a": "x", "b": 1, "c": 1.5, "d": true, "e": null},
        "at": {"raw.visits": 3},
    }));
    expect![[r#"
        QueryRequest {
            sql: "select $a, $b, $c, $d, $e",
            params: {
                "a": Text(
                    "x",
                ),
                "b": Integer(
                    1,
                ),
                "c": Number(
                    1.5,
                ),
                "d": Boolean(
                    true,
                ),
                "e": Null,
            },
            at: Versions(
                {
                    DatasetName {
                        layer: Raw,
                        full: "raw.visits",
                    }: 3,
                },
            ),
        }
    "#]]
    .assert_debug_eq(&request.unwrap());
}

#[test]
fn a_query_comes_back_the_same() {
    let request = query(json!({
        "sql": "select $b",
        "params": {"b": 9_007_199_254_740_993_i64, "c": 1.5, "d": true},
        "at": {"raw.visits": 3},
    }))
    .unwrap();
    let back: QueryRequest = round(QueryDto::from(request.clone()));
    assert_eq!(
        (back.sql, back.params, back.at),
        (request.sql, request.params, request.at)
    );
}

#[test]
fn a_moment_is_read_in_each_of_its_forms() {
    let run = "01996f2e-0000-7000-8000-000000000001";
    let forms = [
        (json!(null), At::Now),
        (json!(""), At::Now),
        (json!(7), At::Version(7)),
        (json!("7"), At::Version(7)),
        (json!(run), At::Run(run.to_owned())),
        (
            json!("2026-09-20T10:00:00+07:00"),
            At::Instant("2026-09-20T03:00:00Z".parse().unwrap()),
        ),
        (
            json!("2026-09-20"),
            At::Instant("2026-09-20T16:59:59.999999Z".parse().unwrap()),
        ),
        (
            json!("{\"raw.visits\": 3}"),
            At::Versions([("raw.visits".parse().unwrap(), 3)].into()),
        ),
    ];
    for (json, moment) in forms {
        let dto: QueryDto = serde_json::from_value(json!({"sql": "x", "at": json})).unwrap();
        let request = QueryRequest::try_from(dto).unwrap();
        assert_eq!(request.at, moment, "{json}");
        let back: QueryRequest = round(QueryDto::from(request));
        assert_eq!(back.at, moment, "{json}");
    }
}

#[test]
fn what_a_query_cannot_be_is_refused_with_the_form_it_has() {
    let check = |json, expected: Expect| expected.assert_eq(&query(json).unwrap_err());
    for (at, refused) in [
        (json!([3]), "`at` is `[3]`"),
        (json!("yesterday"), "`at` is `yesterday`"),
        (json!("2026-13-01"), "`at` is `2026-13-01`"),
        (json!(-1), "`at` names a version that is no whole number"),
        (json!(1.5), "`at` names a version that is no whole number"),
        (
            json!({"visits": 3}),
            "cannot read `at`: `visits` is no dataset name: expected `layer.name`, as in \
             `raw.dossiers`",
        ),
        (
            json!({"raw.visits": "3"}),
            "`at` names a version that is no whole number",
        ),
    ] {
        let told = query(json!({"sql": "x", "at": at})).unwrap_err();
        let (message, hint) = told.split_once(" / ").unwrap();
        assert_eq!(message, refused);
        assert!(hint.contains("the id of a run"), "{hint}");
    }
    check(
        json!({"sql": "x", "params": {"a": [1]}}),
        expect![
            "parameter `a` is neither text, number, boolean nor null / Give each parameter one plain value."
        ],
    );
    check(
        json!({"sql": "x", "limit": 3}),
        expect!["unknown field `limit`, expected one of `sql`, `params`, `at`"],
    );
    check(json!({}), expect!["missing field `sql`"]);
}

#[test]
fn what_is_behind_a_figure_has_exactly_its_fields() {
    let expected: Expect = expect![[r#"
        {
          "dataset": "served.visits",
          "run": "r1",
          "rows": 1,
          "exact": false,
          "stops": [
            {
              "dataset": "refined.visits",
              "operator": "a window function"
            }
          ],
          "verified": true,
          "submissions": [
            {
              "id": "0192f0c1-0000-7000-8000-000000000001",
              "dataset": "raw.offices",
              "agency": "H26.01",
              "period": "2026-09",
              "evidence_sha256": "abababababababababababababababababababababababababababababababab",
              "role": "presence",
              "rows": 1,
              "receipt": "/api/v1/submissions/0192f0c1-0000-7000-8000-000000000001/receipt"
            },
            {
              "id": "0192f0c1-0000-7000-8000-000000000001",
              "dataset": "raw.visits",
              "agency": "H26.01",
              "period": "2026-09",
              "evidence_sha256": "abababababababababababababababababababababababababababababababab",
              "role": "value",
              "rows": 2,
              "receipt": "/api/v1/submissions/0192f0c1-0000-7000-8000-000000000001/receipt"
            }
          ],
          "versions": {
            "raw.visits": 7,
            "served.visits": 3
          }
        }"#]];
    let answer = TraceDto::from(testing::trace());
    expected.assert_eq(&serde_json::to_string_pretty(&answer).unwrap());
}

fn trace(json: serde_json::Value) -> Result<TraceRequest, String> {
    let dto: TraceRequestDto = serde_json::from_value(json).map_err(|error| error.to_string())?;
    TraceRequest::try_from(dto)
        .map_err(|error| format!("{error} / {}", error.hint.as_deref().unwrap_or("-")))
}

#[test]
fn a_trace_asks_about_whole_rows_as_they_are_now_unless_it_says_otherwise() {
    let shortest = json!({"dataset": "served.visits", "where": "office = 'a'"});
    let request = trace(shortest.clone()).unwrap();
    let expected = TraceRequest {
        dataset: "served.visits".parse().unwrap(),
        condition: "office = 'a'".to_owned(),
        column: None,
        at: At::Now,
    };
    assert_eq!(request, expected);
    let dto = TraceRequestDto::from(request);
    assert_eq!(serde_json::to_value(dto).unwrap(), shortest);
}

#[test]
fn a_trace_comes_back_the_same_at_every_moment() {
    let moments = [
        At::Now,
        At::Instant("2026-09-20T03:00:00Z".parse().unwrap()),
        At::Run("01996f2e-0000-7000-8000-000000000001".to_owned()),
        At::Version(7),
        At::Versions([("raw.visits".parse().unwrap(), 3)].into()),
    ];
    for at in moments {
        let request = TraceRequest {
            dataset: "served.visits".parse().unwrap(),
            condition: "office = 'a'".to_owned(),
            column: Some("visits".to_owned()),
            at,
        };
        let back: TraceRequest = round(TraceRequestDto::from(request.clone()));
        assert_eq!(back, request);
    }
}

#[test]
fn what_a_trace_cannot_be_is_refused() {
    let check = |json, expected: Expect| expected.assert_eq(&trace(json).unwrap_err());
    check(
        json!({"dataset": "visits", "where": "true"}),
        expect![
            "`visits` is no dataset name: expected `layer.name`, as in `raw.dossiers` / `GET /api/v1/datasets` lists the datasets."
        ],
    );
    check(
        json!({"dataset": "raw.visits", "where": "true", "filter": "x"}),
        expect!["unknown field `filter`, expected one of `dataset`, `where`, `column`, `at`"],
    );
    check(
        json!({"dataset": "raw.visits"}),
        expect!["missing field `where`"],
    );
    let moment = json!({"dataset": "raw.visits", "where": "true", "at": "yesterday"});
    let told = trace(moment).unwrap_err();
    assert!(told.starts_with("`at` is `yesterday` / "), "{told}");
}
