//! A run is a moment: one for all that it reads, and one to ask for by its id.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Value, json};
use service::{At, Page, RunRequest, Service, StepState};
use testkit::{Fault, Gate, Op};

use super::{FIGURE, RECEIVED, ask, submit};
use crate::home::Fixture;
use crate::http::Door;

/// Adds a second figure to the example: the same transformation under another name, of `input`.
async fn with_two_figures(f: &Fixture, input: &str) {
    for (path, bytes) in f.files.all().iter() {
        if path.contains("served/visits_by_office") {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let again = |text: &str| text.replace("visits_by_office", "office_visits");
            let text = again(&text).replace("raw.visits", input);
            f.files.put(&again(path), &text);
        }
    }
    f.files.bless().await;
    f.house.apply(&f.admin).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reads_one_version_of_what_is_submitted_meanwhile() {
    let f = Fixture::on_disk().await;
    with_two_figures(&f, "raw.visits").await;
    submit(&f, "V-").await;
    // The first figure is read and made, and waits to be written.
    let gate = Gate::new();
    f.faults.plan(Fault::held(Op::Put, "delta/served/", &gate));
    let meanwhile = async {
        gate.arrived(1).await;
        submit(&f, "W-").await;
        gate.open();
    };
    let (report, ()) = tokio::join!(f.house.run(&f.admin, RunRequest::default()), meanwhile);
    let report = report.unwrap();

    let states: Vec<StepState> = report.steps.iter().map(|step| step.state).collect();
    assert_eq!(states, [StepState::Built; 2], "{:?}", report.steps);
    assert_eq!(report.steps[0].inputs, report.steps[1].inputs);
    let other = FIGURE.replace("visits_by_office", "office_visits");
    let at = At::Run(report.id.unwrap());
    for sql in [FIGURE, &other, RECEIVED] {
        assert_eq!(ask(&f, sql, at.clone()).await.unwrap().0, 2, "{sql}");
    }
    assert_eq!(ask(&f, RECEIVED, At::Now).await.unwrap().0, 4);
    // What came meanwhile is due.
    super::run(&f).await;
    for sql in [FIGURE, &other] {
        assert_eq!(ask(&f, sql, At::Now).await.unwrap().0, 4, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_transformation_cannot_read_does_not_stop_the_others() {
    let f = Fixture::on_disk().await;
    submit(&f, "V-").await;
    let contract = f.files.all();
    let contract = contract.get("warehouse/raw/visits.odcs.yaml").unwrap();
    let contract = String::from_utf8(contract.to_vec()).unwrap();
    let contract = contract
        .replace("raw.visits", "raw.missing")
        .replace("name: visits", "name: missing");
    f.files.put("warehouse/raw/missing.odcs.yaml", &contract);
    with_two_figures(&f, "raw.missing").await;
    // Somebody has removed the table.
    let folder = Path::from("delta/raw/missing");
    let files: Vec<_> = f.store.list(Some(&folder)).try_collect().await.unwrap();
    for file in files {
        f.store.delete(&file.location).await.unwrap();
    }
    let f = f.reopened().await;

    let report = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let of = |state| {
        let steps = report.steps.iter().filter(move |step| step.state == state);
        steps.collect::<Vec<_>>()
    };
    assert_eq!(of(StepState::Built).len(), 1, "{:?}", report.steps);
    let failed = of(StepState::Failed);
    let told = failed[0].message.as_deref().unwrap();
    assert!(
        told.contains("`raw.missing`") && told.contains("`dtm apply`"),
        "{told}"
    );
    assert_eq!(ask(&f, FIGURE, At::Now).await.unwrap().0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_has_an_id_if_it_can_be_asked_for() {
    let door = Door::new().await;
    submit(&door.fixture, "V-").await;
    let run = async || door.post_as("/api/v1/runs", &json!({}), "*/*").await.json();
    let first = run().await;
    let id = first["id"].as_str().unwrap();
    let of_run = format!("/api/v1/runs/{id}");
    assert_eq!(door.get(&of_run).await.json()["steps"], first["steps"]);
    let body = json!({ "sql": FIGURE, "at": id });
    let then = door.post_as("/api/v1/query", &body, "*/*").await;
    assert_eq!(then.json(), json!([{ "n": 2 }]));

    let second = run().await;
    assert_eq!(second["steps"][0]["state"], "up_to_date");
    assert_eq!(second["id"], Value::Null, "{second}");
    let page = Page {
        offset: 0,
        limit: 10,
    };
    let f = &door.fixture;
    assert_eq!(f.house.runs(&f.admin, page).await.unwrap().len(), 1);

    // One that failed is in the ledger; it published nothing, and says so.
    f.faults
        .plan(Fault::before(Op::Put, "delta/served/").times(100));
    submit(f, "W-").await;
    let failed = run().await;
    assert_eq!(failed["steps"][0]["state"], "failed", "{failed}");
    let id = failed["id"].as_str().unwrap();
    let kept = door.get(&format!("/api/v1/runs/{id}")).await;
    assert_eq!(kept.json()["steps"][0]["state"], "failed");
    let body = json!({ "sql": FIGURE, "at": id });
    let problem = door
        .post_as("/api/v1/query", &body, "*/*")
        .await
        .problem(404);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("published nothing")
    );
}
