//! Edits of a project that is in force: what a plan, an apply and a run make of them, and what goes
//! on meanwhile.

use futures::future::join_all;
use service::{ErrorKind, PlannedChange, RunRequest, Service, ServiceError, StepState};

use crate::home::{Fixture, VISITS};

const RAW: &str = "warehouse/raw/visits.odcs.yaml";
const SERVED: &str = "warehouse/served/visits_by_office.odcs.yaml";
const SQL: &str = "sql/served/visits_by_office.sql";
const AGENCIES: &str = "warehouse/codes/agencies.csv";

/// One more column, which a row may lack.
pub const NOTE: &str = "      - name: note
        businessName: Ghi chú
        logicalType: string
        physicalType: string
        description: A note
        customProperties: [ { property: businessName.en, value: Note } ]
";

/// A contract with the column, before its rules.
pub fn with_note(contract: String) -> String {
    contract.replacen("    quality:\n", &format!("{NOTE}    quality:\n"), 1)
}

/// What the plan would change, `dataset change` each.
async fn planned(f: &Fixture) -> Result<Vec<String>, ServiceError> {
    let plan = f.house.plan(&f.admin).await?;
    let items = plan.items.iter().map(|item| {
        let change = match &item.change {
            PlannedChange::AddColumns(names) => format!("adds {}", names.join(", ")),
            other => format!("{other:?}"),
        };
        format!("{} {change}", item.dataset)
    });
    Ok(items.collect())
}

async fn run(f: &Fixture) -> Result<StepState, ServiceError> {
    let report = f.house.run(&f.admin, RunRequest::default()).await?;
    Ok(report.steps[0].state)
}

async fn landed(f: &Fixture, body: &str) -> (u64, u64) {
    let rows = f.submit(body, None).await.unwrap().receipt.rows;
    (rows.landed, rows.quarantined)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_shows_in_the_plan_and_comes_in_force_with_apply() {
    let f = Fixture::on_disk().await;
    f.files.edit(RAW, with_note);
    f.files.edit(RAW, |text| {
        text.replacen("version: 1.0.0", "version: 1.1.0", 1)
    });
    let noted = "visit_id,office,visited_at,minutes,note\n\
        N-1,Ba Đình,2026-09-01T08:30:00+07:00,12,late\n";
    for _ in 0..2 {
        assert_eq!(planned(&f).await.unwrap(), ["raw.visits adds note"]);
        // A plan is a question: what is received is received as before.
        let receipt = f.submit(VISITS, None).await.unwrap().receipt;
        assert_eq!(receipt.contract_version, "1.0.0");
    }
    f.house.apply(&f.admin).await.unwrap();
    assert!(planned(&f).await.unwrap().is_empty());
    let receipt = f.submit(noted, None).await.unwrap().receipt;
    assert_eq!(receipt.contract_version, "1.1.0");
    assert_eq!(f.number("select count(note) from raw.visits").await, 1);
    assert_eq!(f.number("select count(*) from raw.visits").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_takes_new_sql_and_refuses_what_is_not_applied() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    assert_eq!(run(&f).await.unwrap(), StepState::Built);
    let figure = "select sum(visits) from visits_by_office";
    f.files
        .edit(SQL, |text| text.replace("count(*)", "count(*) * 10"));
    f.files.bless().await;
    assert!(planned(&f).await.unwrap().is_empty());
    assert_eq!(run(&f).await.unwrap(), StepState::Built);
    assert_eq!(f.number(figure).await, 20);

    f.files
        .edit(SERVED, |text| text.replace("minimum: 1 }", "minimum: 0 }"));
    f.files
        .edit(SQL, |text| text.replace("count(*) * 10", "count(*) * 100"));
    let refused = run(&f).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(
        refused.message.contains("`served.visits_by_office`"),
        "{refused}"
    );
    assert_eq!(f.number(figure).await, 20);
    f.house.apply(&f.admin).await.unwrap();
    assert_eq!(run(&f).await.unwrap(), StepState::Built);
    assert_eq!(f.number(figure).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_problems_are_refused_with_their_place_and_the_project_before_stays() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    f.files.edit(RAW, |text| text.replace("status:", "stat:"));
    f.files.edit(SQL, |text| {
        text.replace("from raw.visits", "from raw.visit")
    });
    let refusals = [
        f.house.plan(&f.admin).await.unwrap_err(),
        f.house.apply(&f.admin).await.unwrap_err(),
        run(&f).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.kind, ErrorKind::Refused);
        let told = &refusal.message;
        assert!(told.contains(&format!("{RAW}:6:1:")), "{told}");
        assert!(told.contains(SQL) && told.contains("`raw.visit`"), "{told}");
    }
    assert_eq!(landed(&f, &VISITS.replace("V-", "W-")).await, (2, 1));
    assert_eq!(f.number("select count(*) from raw.visits").await, 4);

    f.files.edit(RAW, |text| text.replace("stat:", "status:"));
    f.files.edit(SQL, |text| {
        text.replace("from raw.visit ", "from raw.visits ")
    });
    assert!(planned(&f).await.unwrap().is_empty());
    assert_eq!(run(&f).await.unwrap(), StepState::Built);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_would_break_readers_puts_nothing_in_force() {
    let f = Fixture::on_disk().await;
    f.files.edit(RAW, |text| {
        text.replace("physicalType: int32", "physicalType: int64")
    });
    let refused = f.house.apply(&f.admin).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert_eq!(landed(&f, VISITS).await, (2, 1));
    f.files.edit(RAW, |text| {
        text.replacen("version: 1.0.0", "version: 2.0.0", 1)
    });
    f.house.apply(&f.admin).await.unwrap();
    assert_eq!(f.number("select count(*) from raw.visits").await, 0);
    assert_eq!(landed(&f, VISITS).await, (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_code_list_or_rule_judges_the_next_submission_after_apply() {
    let f = Fixture::on_disk().await;
    let office = "description: Name of the office\n";
    let known = "        quality:
          - { type: library, metric: invalidValues, name: office_is_known,
              arguments: { codeList: agencies }, mustBe: 0, unit: rows, severity: error }\n";
    f.files.edit(RAW, |text| {
        text.replace(office, &format!("{office}{known}"))
    });
    f.house.apply(&f.admin).await.unwrap();
    let body = "visit_id,office,visited_at,minutes\n\
        V-1,H26,2026-09-01T08:30:00+07:00,12\n\
        V-2,H30,2026-09-02T14:15:00+07:00,8\n";
    assert_eq!(landed(&f, body).await, (1, 1));
    f.files
        .edit(AGENCIES, |text| format!("{text}H30,Mới,New,2020-01-01,\n"));
    assert_eq!(planned(&f).await.unwrap(), ["codes.agencies LoadCodes"]);
    assert_eq!(landed(&f, body).await, (1, 1), "it is not in force yet");
    f.house.apply(&f.admin).await.unwrap();
    assert_eq!(landed(&f, body).await, (2, 0));
    assert_eq!(f.number("select count(*) from codes.agencies").await, 3);

    // The contract's version is as it was.
    f.files
        .edit(RAW, |text| text.replace("maximum: 600", "maximum: 10"));
    f.house.apply(&f.admin).await.unwrap();
    assert_eq!(landed(&f, body).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn submissions_that_meet_an_apply_all_land() {
    let f = Fixture::on_disk().await;
    f.files.edit(RAW, with_note);
    let submissions = (0..12).map(|n| {
        let body = VISITS.replace("V-", &format!("{n}-"));
        let f = &f;
        async move { f.submit(&body, None).await }
    });
    let (answers, applied) = futures::join!(join_all(submissions), f.house.apply(&f.admin));
    assert_eq!(applied.unwrap().items.len(), 1);
    for answer in answers {
        assert_eq!(answer.unwrap().receipt.rows.landed, 2);
    }
    assert_eq!(f.number("select count(*) from raw.visits").await, 24);
}
