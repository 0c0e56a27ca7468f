//! A run is a moment: one for all that it reads, and one to ask for by its id.

use project::{Project, Sources};
use serde_json::{Value, json};
use service::{At, Page, RunRequest, Service, StepState};
use testkit::{Fault, Gate, Op};

use super::{FIGURE, RECEIVED, ask, submit};
use crate::home::{Fixture, example};
use crate::http::Door;

/// The example with a second figure from the same visits: the same transformation under another
/// name.
async fn with_two_figures() -> Project {
    let sources = Sources::from_folder(&example()).unwrap();
    let mut files = Vec::new();
    for (path, bytes) in sources.iter() {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        if path.contains("served/visits_by_office") {
            let again = |text: &str| text.replace("visits_by_office", "office_visits");
            files.push((again(path), again(&text).into_bytes()));
        }
        files.push((path.to_owned(), text.into_bytes()));
    }
    let checked = conduct::check(&Sources::from_files(files)).await;
    assert!(checked.problems.is_empty(), "{:#?}", checked.problems);
    checked.project
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reads_one_version_of_what_is_submitted_meanwhile() {
    let f = Fixture::on_disk().await;
    f.house.set_project(with_two_figures().await);
    f.house.apply(&f.admin).await.unwrap();
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
    let mut project = with_two_figures().await;
    f.house.set_project(project.clone());
    f.house.apply(&f.admin).await.unwrap();
    // A dataset that has a contract, and no table since nothing was applied.
    let mut contract = project.contracts[&"raw.visits".parse().unwrap()].clone();
    contract.dataset = "raw.missing".parse().unwrap();
    project.contracts.insert(contract.dataset.clone(), contract);
    let second = "served.office_visits".parse().unwrap();
    let second = project.transformations.get_mut(&second).unwrap();
    second.sql = second.sql.replace("raw.visits", "raw.missing");
    f.house.set_project(project);

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
