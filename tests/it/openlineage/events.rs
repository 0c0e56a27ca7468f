//! What events say, by the judgement of OpenLineage's own classes too.

use lineage::Graph;
use lineage::openlineage::Source;
use serde_json::{Value, json};
use service::{RunReport, Service, StepState};
use testkit::openlineage::breaches;

use super::{
    CONTRACT, FIGURE, SQL, are_taken, filing, job, kind, outbox, run, send, submit, telling, told,
    with_two_figures,
};
use crate::home::{Fixture, Setup, VISITS, example};

const FACETS: &str = "facets";

/// A run that built the one figure, and what it told.
async fn ran_once() -> (RunReport, Vec<Value>) {
    let (f, lines) = filing().await;
    submit(&f, "V-").await;
    let report = run(&f).await;
    let sent = send(&f).await;
    assert_eq!((sent.sent, sent.waiting, sent.error), (4, 0, None));
    let events = lines.events();
    are_taken(&events);
    (report, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_a_run_name_it_and_come_in_their_order() {
    let (report, events) = ran_once().await;
    let figure = "served.visits_by_office";
    assert_eq!(
        told(&events),
        [
            format!("START {figure}"),
            format!("COMPLETE {figure}"),
            format!("START {figure}.rules"),
            format!("COMPLETE {figure}.rules"),
        ]
    );
    let id = report.id.unwrap();
    for event in &events {
        let parent = &event["run"][FACETS]["parent"];
        assert_eq!(parent["run"]["runId"], json!(id));
        assert_eq!(parent["job"], json!({ "namespace": "dtm", "name": "run" }));
    }
    assert_eq!(events[0]["run"]["runId"], events[1]["run"]["runId"]);
    assert_ne!(events[0]["run"]["runId"], events[2]["run"]["runId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_transformation_tells_what_it_read() {
    let (report, events) = ran_once().await;
    let end = &events[1];
    let facets = &end["job"][FACETS];
    assert!(
        facets["sql"]["query"]
            .as_str()
            .unwrap()
            .contains("inner join")
    );
    assert_eq!(facets["ownership"]["owners"][0]["name"], "team:example");
    let input = |name: &str| {
        let mut inputs = end["inputs"].as_array().unwrap().iter();
        inputs.find(|of| of["name"] == name).unwrap().clone()
    };
    assert_eq!(end["inputs"].as_array().unwrap().len(), 2);
    let read = report.steps[0].inputs.iter();
    for (dataset, version) in read {
        let version = version.to_string();
        let found = input(dataset.as_str());
        assert_eq!(found[FACETS]["version"]["datasetVersion"], json!(version));
    }
    let raw = input("raw.visits");
    let fields = raw[FACETS]["schema"]["fields"].as_array().unwrap().clone();
    let names: Vec<&str> = fields
        .iter()
        .map(|of| of["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"minutes") && names.contains(&"_agency"),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_transformation_tells_what_it_made_and_of_which_columns() {
    let (report, events) = ran_once().await;
    let end = &events[1];
    let output = &end["outputs"][0];
    let version = report.steps[0].version.unwrap().to_string();
    assert_eq!(output[FACETS]["version"]["datasetVersion"], json!(version));
    assert_eq!(output["outputFacets"]["outputStatistics"]["rowCount"], 2);
    let columns = &output[FACETS]["columnLineage"];
    let way =
        |class: &str, word: &str| json!([{ "type": class, "subtype": word, "masking": false }]);
    let of = |from: &str, field: &str, ways: Value| {
        let namespace = "dtm";
        json!({ "namespace": namespace, "name": from, "field": field, "transformations": ways })
    };
    assert_eq!(
        columns["fields"]["minutes"]["inputFields"],
        json!([of("raw.visits", "minutes", way("DIRECT", "AGGREGATION"))])
    );
    assert_eq!(
        columns["fields"]["agency_name"]["inputFields"],
        json!([of("codes.agencies", "name_vi", way("DIRECT", "IDENTITY"))])
    );
    let whole = columns["dataset"].as_array().unwrap();
    assert!(whole.contains(&of("raw.visits", "_agency", way("INDIRECT", "JOIN"))));
    assert!(whole.contains(&of("raw.visits", "office", way("INDIRECT", "GROUP_BY"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_said_is_told_of_the_version_that_they_judged() {
    let (report, events) = ran_once().await;
    let version = report.steps[0].version.unwrap().to_string();
    let judged = &events[3]["inputs"][0];
    assert_eq!(judged[FACETS]["version"]["datasetVersion"], json!(version));
    let assertions = &judged["inputFacets"]["dataQualityAssertions"]["assertions"];
    let assertions = assertions.as_array().unwrap();
    assert_eq!(assertions.len(), 7);
    assert!(assertions.iter().all(|of| of["success"] == true));
    let range = assertions
        .iter()
        .find(|of| of["column"] == "minutes")
        .unwrap();
    assert_eq!(range["severity"], "error");
    assert_eq!(
        range["params"],
        json!({ "failedRows": 0, "checkedRows": 2 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_broken_is_told_with_its_name_and_no_value() {
    let (f, lines) = filing().await;
    submit(&f, "V-").await;
    f.files.edit(CONTRACT, |text| {
        text.replace("minimum: 1 }", "minimum: 2 }")
    });
    f.house.apply(&f.admin).await.unwrap();
    assert_eq!(run(&f).await.steps[0].state, StepState::Failed);
    send(&f).await;
    let events = lines.events();
    are_taken(&events);
    let kinds: Vec<&str> = events.iter().map(kind).collect();
    assert_eq!(kinds, ["START", "FAIL", "START", "FAIL"]);
    let why = events[1]["run"][FACETS]["errorMessage"]["message"]
        .as_str()
        .unwrap();
    assert!(
        why.contains("rule `range` of column `visits` on 2 rows"),
        "{why}"
    );
    let judged = &events[3]["inputs"][0];
    assert_eq!(judged[FACETS]["version"], Value::Null, "there is none");
    let assertions = judged["inputFacets"]["dataQualityAssertions"]["assertions"].clone();
    let broken: Vec<&Value> = assertions
        .as_array()
        .unwrap()
        .iter()
        .filter(|of| of["success"] == false)
        .collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0]["column"], "visits");
    assert_eq!(broken[0]["params"]["failedRows"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_says_of_a_value_stays_here() {
    let (f, lines) = filing().await;
    submit(&f, "V-").await;
    f.files.edit(SQL, |text| {
        text.replace("sum(visits.minutes)", "sum(cast(visits.office as bigint))")
    });
    f.files.bless().await;
    f.house.apply(&f.admin).await.unwrap();
    let report = run(&f).await;
    let message = report.steps[0].message.clone().unwrap();
    let values = ["Ba Đình", "Cầu Giấy", "V-1", "V-2"];
    assert!(
        values.iter().any(|value| message.contains(value)),
        "{message}"
    );
    send(&f).await;
    let events = lines.events();
    are_taken(&events);
    assert_eq!(events.len(), 2);
    let why = events[1]["run"][FACETS]["errorMessage"]["message"]
        .as_str()
        .unwrap();
    assert!(why.contains(report.id.as_deref().unwrap()), "{why}");
    for value in values {
        assert!(!lines.text().contains(value), "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_even_begin_is_told_and_what_waits_for_it_is_not() {
    let (f, lines) = filing().await;
    with_two_figures(&f).await;
    f.files.edit("sql/served/office_visits.sql", |text| {
        text.replace("raw.visits as visits", "served.visits_by_office as visits")
            .replace("visits._period", "visits.period")
            .replace("visits._agency", "visits.agency_name")
    });
    f.files.bless().await;
    f.house.apply(&f.admin).await.unwrap();
    submit(&f, "V-").await;
    // The log of what the first one reads cannot be listed nor read.
    let away = testkit::Fault::before(testkit::Op::Get, "raw/visits").times(1 << 40);
    f.faults.plan(away);
    let away = testkit::Fault::before(testkit::Op::List, "raw/visits").times(1 << 40);
    f.faults.plan(away);
    let report = run(&f).await;
    f.faults.forget();
    let states: Vec<StepState> = report.steps.iter().map(|step| step.state).collect();
    assert_eq!(
        states,
        [StepState::Failed, StepState::Skipped],
        "{report:?}"
    );
    send(&f).await;
    let events = lines.events();
    are_taken(&events);
    let figure = "served.visits_by_office";
    assert_eq!(
        told(&events),
        [format!("START {figure}"), format!("FAIL {figure}")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_computes_nothing_and_a_house_that_tells_nobody_leave_nothing() {
    let (f, lines) = filing().await;
    submit(&f, "V-").await;
    run(&f).await;
    send(&f).await;
    let before = lines.text();
    assert_eq!(run(&f).await.steps[0].state, StepState::UpToDate);
    assert_eq!(outbox(&f).await, [""; 0]);
    assert_eq!(send(&f).await, conduct::Delivered::default());
    assert_eq!(lines.text(), before);

    let f = Fixture::on_disk().await;
    submit(&f, "V-").await;
    assert_eq!(run(&f).await.steps[0].state, StepState::Built);
    assert_eq!(f.number(FIGURE).await, 2);
    assert_eq!(outbox(&f).await, [""; 0]);
    assert_eq!(send(&f).await, conduct::Delivered::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_tells_which_datasets_show_older_rows() {
    let (f, lines) = filing().await;
    submit(&f, "V-").await;
    run(&f).await;
    submit(&f, "W-").await;
    let second = run(&f).await.id.unwrap();
    let report = f.house.rollback(&f.admin, &second).await.unwrap();
    assert_eq!(send(&f).await.sent, 9);
    let events = lines.events();
    are_taken(&events);
    let last = &events[8]["dataset"];
    assert_eq!(last["name"], "served.visits_by_office");
    let version = report.restored[0].version.to_string();
    assert_eq!(last[FACETS]["version"]["datasetVersion"], json!(version));
    let change = &last[FACETS]["lifecycleStateChange"]["lifecycleStateChange"];
    assert_eq!(change, "OVERWRITE");
}

/// The judge is no judge if it takes anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_ours_that_is_misspelt_is_refused() {
    let (f, lines) = filing().await;
    submit(&f, "V-").await;
    run(&f).await;
    send(&f).await;
    let events: Vec<String> = lines.events().iter().map(Value::to_string).collect();
    for (at, word) in [
        (0, "\"inputFields\""),
        (0, "\"ordinal_position\""),
        (0, "\"transformations\""),
        (0, "\"owners\""),
        (0, "\"columnLineage\""),
        (1, "\"rowCount\""),
        (1, "\"outputStatistics\""),
        (3, "\"dataQualityAssertions\""),
        (3, "\"assertion\""),
        (3, "\"success\""),
    ] {
        let other = word.replacen('"', "\"x", 1);
        let bad = events[at].replace(word, &other);
        assert_ne!(bad, events[at], "{word}");
        let told = breaches(&[events[at].clone(), bad]);
        assert_eq!(told.len(), 1, "{word}: {told:?}");
        assert!(told[0].starts_with("2: "), "{word}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sql_says_is_told_of_the_whole_project_as_well() {
    for folder in [example(), example().join("../..")] {
        let sources = project::Sources::from_folder(&folder).unwrap();
        let checked = conduct::check(&sources).await;
        let mut edges = Vec::new();
        for dataset in checked.project.transformations.keys() {
            let text = &checked.lineage[&format!("lineage/{}.txt", dataset.path())];
            edges.extend(lineage::parse(dataset, text).unwrap());
        }
        let contracts = checked.project.contracts.keys().cloned();
        let graph = Graph::new(edges).including(contracts);
        let source = Source {
            namespace: "dtm://of.the.test".to_owned(),
            place: Some(lineage::openlineage::Place {
                namespace: "s3://bucket".to_owned(),
                path: "folder/delta".to_owned(),
            }),
        };
        let events = source.at_rest(&checked.project, &graph, "2026-09-20T10:00:00+07:00");
        are_taken(&events);
        assert_eq!(events.len(), checked.project.contracts.len());
        let jobs = events.iter().filter(|event| event["job"].is_object());
        let jobs: Vec<&str> = jobs.map(job).collect();
        let made: Vec<&str> = checked
            .project
            .transformations
            .keys()
            .map(|d| d.as_str())
            .collect();
        assert_eq!(jobs, made);
    }
}

/// The names of a house are those of its settings; where its files lie stands beside them.
#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_and_a_place_are_in_every_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.ndjson");
    let mut lineage = telling(conduct::Sink::File(path.clone()));
    lineage.source.namespace = "dtm://dtm.example".to_owned();
    lineage.source.place = Some(lineage::openlineage::Place {
        namespace: "file".to_owned(),
        path: "/srv/dtm/delta".to_owned(),
    });
    let setup = Setup {
        lineage,
        ..Setup::default()
    };
    let f = Fixture::with(setup).await;
    f.submit(VISITS, None).await.unwrap();
    run(&f).await;
    send(&f).await;
    let text = super::text(&path);
    let events: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    are_taken(&events);
    assert!(!text.contains("\"namespace\":\"dtm\""));
    let link = &events[1]["outputs"][0][FACETS]["symlinks"]["identifiers"][0];
    let name = "/srv/dtm/delta/served/visits_by_office";
    assert_eq!(
        *link,
        json!({ "namespace": "file", "name": name, "type": "TABLE" })
    );
}
