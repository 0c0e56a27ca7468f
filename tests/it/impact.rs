//! What a plan says of an edit: whether it means anything, whom it concerns, which rows it changes.

use futures::TryStreamExt;
use object_store::ObjectStore;
use service::{
    ErrorKind, Impact, PlannedChange, Preview, PreviewRequest, Principal, RunRequest, Service,
    ServiceError, StepState, TraceRequest,
};

use crate::edits::with_note;
use crate::home::{Fixture, Setup, VISITS, call};
use crate::incremental::datasets;
use crate::trace::graph::with_datasets;

const LATEST: &str = "sql/refined/latest.sql";
const BY_OFFICE: &str = "sql/served/visits_by_office.sql";
const CONTRACT: &str = "warehouse/served/visits_by_office.odcs.yaml";
const REPORT: &str = "warehouse/reports/visits.yaml";
const RAW: &str = "warehouse/raw/visits.odcs.yaml";

/// The example with a dataset of the newest visits and one made of it, filled and run.
async fn filled() -> Fixture {
    let wanted = ["refined.latest", "served.by_office"];
    let chosen = datasets::DATASETS
        .iter()
        .filter(|(d, _)| wanted.contains(&d.name));
    let setup = with_datasets(Setup::default(), chosen.map(|(d, write)| (d, *write))).await;
    let f = Fixture::with(setup).await;
    f.submit(VISITS, None).await.unwrap();
    f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    f
}

async fn impacts(f: &Fixture) -> Vec<Impact> {
    f.house.plan(&f.admin).await.unwrap().impacts
}

async fn preview(f: &Fixture, select: &[&str]) -> Result<Vec<Preview>, ServiceError> {
    let select = select.iter().map(|name| (*name).to_owned()).collect();
    f.house.preview(&f.admin, PreviewRequest { select }).await
}

async fn objects(f: &Fixture) -> Vec<String> {
    let listed: Vec<_> = f.store.list(None).try_collect().await.unwrap();
    let mut paths: Vec<String> = listed.iter().map(|o| o.location.to_string()).collect();
    paths.sort();
    paths
}

fn readers(impact: &Impact) -> Vec<String> {
    let readers = impact.readers.iter();
    let told = readers.map(|of| format!("{} {} {}", of.kind, of.name, of.owners.join(",")));
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_layout_and_case_are_no_change_and_nothing_is_computed_for_them() {
    let f = filled().await;
    f.files.edit(BY_OFFICE, |sql| {
        sql.replace("select", "-- what stands here\nSELECT")
            .replace("from raw.visits", "  FROM\n\n raw.visits /* all */")
            .replace("-- why: how", "-- why: tells how")
    });
    f.files.edit(CONTRACT, |text| {
        let flow = "logicalTypeOptions: { minimum: 1 }";
        text.replace(flow, "logicalTypeOptions:\n          minimum: 1 # at least")
    });
    let plan = f.house.plan(&f.admin).await.unwrap();
    assert_eq!((plan.items, plan.runs, plan.impacts), Default::default());
    assert_eq!(preview(&f, &[]).await.unwrap(), []);
    let report = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(report.id, None, "{report:?}");
    // The figure is still that of its SQL.
    let request = TraceRequest {
        dataset: "served.visits_by_office".parse().unwrap(),
        condition: "true".to_owned(),
        column: None,
        at: service::At::Now,
    };
    let traced = f.house.trace(&f.admin, request).await.unwrap();
    assert!(traced.verified);

    // What stands in quotes is meant, and so is how it is written.
    let quoted = |sql: String| sql.replace("visits._period", "visits._period || ' -- x'");
    f.files.edit(BY_OFFICE, quoted);
    f.files.bless().await;
    assert_eq!(impacts(&f).await[0].what, ["sql"]);
    f.files
        .edit(BY_OFFICE, |sql| sql.replace("' -- x'", "' -- y'"));
    f.files.edit(LATEST, |sql| {
        sql.replace("merge on visit_id", "replace window visit_id")
    });
    let what = impacts(&f).await;
    let what: Vec<_> = what.iter().map(|of| of.dataset.as_str()).collect();
    assert_eq!(what, ["refined.latest", "served.visits_by_office"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_goes_breaks_whoever_reads_it_and_each_is_named() {
    let f = filled().await;
    f.files.edit(CONTRACT, |text| {
        let at = text.find("      - name: minutes\n").unwrap();
        text[..at].replacen("version: 1.0.0", "version: 2.0.0", 1)
    });
    f.files.edit(BY_OFFICE, |sql| {
        sql.replace(",\n    cast(sum(visits.minutes) as bigint) as minutes", "")
    });
    let refused = f.house.plan(&f.admin).await.unwrap_err();
    assert!(refused.message.contains(REPORT), "{refused}");
    f.files.edit(REPORT, |text| {
        let lines = text.lines().filter(|line| !line.contains("name: minutes"));
        let text: Vec<&str> = lines.collect();
        text.join("\n").replace("visits, minutes", "visits") + "\n"
    });
    f.files.bless().await;
    let plan = f.house.plan(&f.admin).await.unwrap();
    assert_eq!(plan.items[0].change, PlannedChange::Rebuild);
    let [impact] = &plan.impacts[..] else {
        panic!("{:?}", plan.impacts)
    };
    assert_eq!(impact.what, ["contract", "sql"]);
    assert!(impact.added.is_empty(), "{impact:?}");
    assert_eq!(impact.removed, ["minutes"]);
    assert_eq!(readers(impact), ["report visits example"]);
    let who = "report `visits`, whoever queries what is published";
    let told = format!("column `minutes` is gone, and it is read by {who}");
    assert_eq!(impact.breaks, [told]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_type_breaks_and_new_sql_or_a_new_column_does_not() {
    let f = filled().await;
    f.files.edit(CONTRACT, |text| {
        let visits = text.find("      - name: visits\n").unwrap();
        let (head, tail) = text.split_at(visits);
        head.to_owned() + &tail.replacen("physicalType: int64", "physicalType: int32", 1)
    });
    f.files.edit(BY_OFFICE, |sql| {
        sql.replace("count(*) as bigint", "count(*) as int")
    });
    f.files.bless().await;
    let found = impacts(&f).await;
    let retyped = &found[0].retyped[0];
    assert_eq!((&*retyped.from, &*retyped.to), ("Int64", "Int32"));
    assert!(found[0].breaks[0].starts_with("column `visits` has a narrower type"));
    assert!(found[0].breaks[0].contains("report `visits`"), "{found:?}");

    let f = filled().await;
    f.files.edit(LATEST, |sql| {
        sql.replace("cast(minutes as bigint)", "cast(minutes + 1 as bigint)")
    });
    f.files.edit(RAW, with_note);
    f.files.bless().await;
    let found = impacts(&f).await;
    let (raw, latest) = (&found[0], &found[1]);
    assert_eq!(
        (raw.dataset.as_str(), &raw.added[..]),
        ("raw.visits", &["note".to_owned()][..])
    );
    let of_raw = [
        "dataset refined.latest example",
        "dataset served.by_office example",
        "dataset served.visits_by_office example",
        "report visits example",
    ];
    assert_eq!(readers(raw), of_raw);
    assert_eq!(
        (latest.owner.as_str(), &latest.what[..]),
        ("example", &["sql".to_owned()][..])
    );
    assert_eq!(readers(latest), ["dataset served.by_office example"]);
    assert!(found.iter().all(|of| of.breaks.is_empty()), "{found:?}");
    // What was applied is told by `apply`, too.
    assert_eq!(f.house.apply(&f.admin).await.unwrap().impacts, found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_that_cannot_be_made_says_why_as_the_run_would() {
    let f = filled().await;
    let unknown = preview(&f, &["served.nothing"]).await.unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::NotFound);
    let reader = Principal {
        name: "reader".to_owned(),
        role: "analyst".to_owned(),
        agency: None,
    };
    let token = f.house.create_token(&f.admin, &reader).await.unwrap();
    let reader = call(&token);
    let asked = f.house.preview(&reader, PreviewRequest::default());
    assert_eq!(asked.await.unwrap_err().kind, ErrorKind::Forbidden);

    let before = objects(&f).await;
    f.files.edit(LATEST, |sql| {
        sql.replacen("select visit_id,", "select 'one' as visit_id,", 1)
    });
    f.files.bless().await;
    let previews = preview(&f, &[]).await.unwrap();
    let states: Vec<_> = previews
        .iter()
        .map(|of| (of.dataset.as_str(), of.state))
        .collect();
    let expected = [
        ("refined.latest", StepState::Failed),
        ("served.by_office", StepState::Skipped),
    ];
    assert_eq!(states, expected);
    assert_eq!(objects(&f).await, before);
    let message = previews[0].message.clone().unwrap();
    let run = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let said = message.split(". ").next().unwrap();
    assert!(run.steps[0].message.clone().unwrap().starts_with(said));
    assert!(message.contains("rule `unique`"), "{message}");
    let skipped = previews[1].message.clone().unwrap();
    assert_eq!(run.steps[1].message.clone().unwrap(), skipped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_the_rows_that_differ_and_leaves_nothing_behind() {
    let f = filled().await;
    f.files.edit(LATEST, |sql| {
        sql.replacen(
            "select visit_id,",
            "select case when visit_id = 'V-2' then '0912345678' else visit_id end as visit_id,",
            1,
        )
        .replace("cast(minutes as bigint)", "cast(minutes + 1 as bigint)")
    });
    f.files.bless().await;
    let before = objects(&f).await;
    let previews = preview(&f, &[]).await.unwrap();
    assert_eq!(objects(&f).await, before);
    let [latest, by_office] = &previews[..] else {
        panic!("{previews:?}")
    };
    assert_eq!((latest.state, &latest.message), (StepState::Built, &None));
    assert_eq!((latest.rows_before, latest.rows_after), (2, 2));
    assert_eq!((latest.added, latest.removed, latest.changed), (1, 1, 1));
    assert_eq!(latest.columns, [("minutes".to_owned(), 1)]);
    assert_eq!(latest.examples.len(), 3, "{latest:?}");
    assert!(
        latest.examples[0].starts_with("added: visit_id 09"),
        "{latest:?}"
    );
    assert!(!latest.examples[0].contains("0912345678"), "{latest:?}");
    assert_eq!(
        latest.examples[1..],
        ["changed: visit_id V-1", "removed: visit_id V-2"]
    );
    assert_eq!(
        (by_office.added, by_office.removed, by_office.changed),
        (0, 0, 2)
    );
    let columns = [("minutes".to_owned(), 2), ("longest".to_owned(), 2)];
    assert_eq!(by_office.columns, columns);
    let only = preview(&f, &["served.by_*"]).await.unwrap();
    assert_eq!(only, std::slice::from_ref(by_office));

    // Readers see what was published, until a run makes it true.
    let sum = "select sum(minutes) from served.by_office";
    assert_eq!(f.number(sum).await, 20);
    f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(f.number(sum).await, 22);
    assert_eq!(preview(&f, &[]).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_reads_columns_and_codes_that_are_not_applied_yet() {
    let f = filled().await;
    f.files.edit(RAW, with_note);
    f.files.edit(BY_OFFICE, |sql| {
        sql.replace("count(*)", "count(visits.note) + 5")
    });
    f.files.edit("warehouse/codes/agencies.csv", |text| {
        let old = "Ủy ban nhân dân thành phố Hà Nội";
        text.replace(old, "Tên mới")
    });
    f.files.bless().await;
    let previews = preview(&f, &["served.visits_by_office"]).await.unwrap();
    let [of] = &previews[..] else {
        panic!("{previews:?}")
    };
    // The agency's name is of the key: two rows go and two come.
    assert_eq!((of.state, &of.message), (StepState::Built, &None));
    assert_eq!((of.added, of.removed, of.changed), (2, 2, 0));
    assert!(
        of.examples.iter().any(|row| row.contains("Tên mới")),
        "{of:?}"
    );
}
