//! Late corrections: which published figures they change is seen before they land, and the
//! renditions that showed them are marked after.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures::TryStreamExt;
use object_store::ObjectStore;
use service::{
    Call, ErrorKind, Page, Principal, Relation, RenderRequest, Rendition, RenditionFormat,
    RestateRequest, RestatedDataset, RestatedFigure, Restatement, RunRequest, Service,
    ServiceError, StepState, SubmissionId, SubmitAnswer, SubmitRequest, WithdrawRequest,
};
use testkit::{Fault, Op};

use crate::home::{Fixture, Setup, call, visits};

const SQL: &str = "sql/served/visits_by_office.sql";
const CONTRACT: &str = "warehouse/served/visits_by_office.odcs.yaml";
const HEADER: &str = "visit_id,office,visited_at,minutes\n";

/// The example, whose figures are computed by period.
fn setup() -> Setup {
    let setup = Setup::default();
    let sql = String::from_utf8(setup.sources.get(SQL).unwrap().to_vec()).unwrap();
    let sql = sql.replace("-- write: replace\n", "-- write: replace window period\n");
    setup.with_file(SQL, &sql)
}

fn body(rows: &[(&str, &str, u32)], day: &str) -> String {
    let row = |(id, office, minutes): &(&str, &str, u32)| {
        format!("{id},{office},{day}T08:30:00+07:00,{minutes}\n")
    };
    HEADER.to_owned() + &rows.iter().map(row).collect::<String>()
}

fn request(period: &str) -> SubmitRequest {
    SubmitRequest {
        period: period.parse().unwrap(),
        ..visits()
    }
}

async fn submit(
    f: &Fixture,
    request: SubmitRequest,
    rows: &[(&str, &str, u32)],
) -> Result<SubmitAnswer, ServiceError> {
    let day = match request.period.as_str() {
        "2026-08" => "2026-08-01",
        _ => "2026-09-01",
    };
    f.clock.advance(TimeDelta::minutes(1));
    f.submit_this(&f.admin, request, &body(rows, day)).await
}

async fn landed(f: &Fixture, request: SubmitRequest, rows: &[(&str, &str, u32)]) -> SubmissionId {
    submit(f, request, rows).await.unwrap().receipt.id
}

async fn run(f: &Fixture) -> Option<String> {
    f.clock.advance(TimeDelta::minutes(1));
    let report = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let failed = report.steps.iter().find(|s| s.state == StepState::Failed);
    assert_eq!(failed, None);
    report.id
}

async fn render(f: &Fixture, period: &str, language: &str) -> Rendition {
    f.clock.advance(TimeDelta::minutes(1));
    let request = RenderRequest {
        report: "visits".to_owned(),
        params: BTreeMap::from([("period".to_owned(), period.to_owned())]),
        language: language.to_owned(),
        table: None,
    };
    f.house.render(&f.admin, request).await.unwrap()
}

async fn of(f: &Fixture, rendition: &Rendition) -> Rendition {
    f.house.rendition(&f.admin, &rendition.id).await.unwrap()
}

/// The run that superseded a rendition, and what shows the figures now.
async fn superseded(
    f: &Fixture,
    rendition: &Rendition,
) -> Option<(Option<String>, Option<String>)> {
    let found = of(f, rendition).await.superseded;
    found.map(|superseded| (superseded.run, superseded.by))
}

fn dry(relation: Option<Relation>) -> SubmitRequest {
    SubmitRequest {
        relation,
        dry_run: true,
        restatement: true,
        ..request("2026-09")
    }
}

fn corrects(id: SubmissionId) -> SubmitRequest {
    SubmitRequest {
        relation: Some(Relation::Corrects(id)),
        ..request("2026-09")
    }
}

/// A house with figures of two periods, published and rendered.
struct Published {
    september: SubmissionId,
    august: Rendition,
    vietnamese: Rendition,
    english: Rendition,
}

const SEPTEMBER: &[(&str, &str, u32)] = &[("V-1", "Ba Đình", 12), ("V-2", "Cầu Giấy", 8)];
const CORRECTION: &[(&str, &str, u32)] = &[("V-1", "Ba Đình", 15), ("V-4", "Ba Đình", 6)];

async fn published(f: &Fixture) -> Published {
    landed(f, request("2026-08"), &[("A-1", "Ba Đình", 10)]).await;
    let september = landed(f, request("2026-09"), SEPTEMBER).await;
    run(f).await.unwrap();
    Published {
        september,
        august: render(f, "2026-08", "vi").await,
        vietnamese: render(f, "2026-09", "vi").await,
        english: render(f, "2026-09", "en").await,
    }
}

fn figure(column: &str, values: [&str; 4]) -> RestatedFigure {
    let [before, after, difference, relative] = values.map(|text| Some(text.to_owned()));
    RestatedFigure {
        column: column.to_owned(),
        before,
        after,
        difference,
        relative,
    }
}

fn only(restatement: &Restatement) -> &RestatedDataset {
    let [dataset] = &restatement.datasets[..] else {
        panic!("{restatement:?}")
    };
    assert_eq!(dataset.state, StepState::Built, "{dataset:?}");
    dataset
}

async fn objects(f: &Fixture) -> Vec<(String, Option<String>)> {
    let listed: Vec<_> = f.store.list(None).try_collect().await.unwrap();
    let mut objects: Vec<_> = listed
        .iter()
        .map(|object| (object.location.to_string(), object.e_tag.clone()))
        .collect();
    objects.sort();
    objects
}

async fn submissions(f: &Fixture) -> usize {
    let page = Page {
        offset: 0,
        limit: 100,
    };
    f.house.submissions(&f.admin, page).await.unwrap().len()
}

async fn as_role(f: &Fixture, role: &str, agency: Option<&str>) -> Call {
    let principal = Principal {
        name: format!("{role}-{}", agency.unwrap_or("national")),
        role: role.to_owned(),
        agency: agency.map(|agency| agency.parse().unwrap()),
    };
    call(&f.house.create_token(&f.admin, &principal).await.unwrap())
}

/// What the journal says of renditions, oldest first.
async fn told(f: &Fixture) -> Vec<String> {
    let page = Page {
        offset: 0,
        limit: 1000,
    };
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let of_marks = entries.iter().rev().filter(|e| e.principal == "system");
    let told = of_marks.map(|entry| {
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap();
        let word = detail["rendition"].as_str().unwrap();
        format!("{} {} {word}", entry.action, entry.resource)
    });
    told.collect()
}

/// As the journal tells of these renditions.
fn marks(action: &str, renditions: &[&Rendition], word: &str) -> Vec<String> {
    let told = renditions.iter();
    let told = told.map(|of| format!("{action} rendition `{}` {word}", of.id));
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_shows_the_figures_that_it_changes_and_writes_nothing() {
    let (f, counting) = Fixture::counted(setup()).await;
    let p = published(&f).await;
    let (before, known) = (objects(&f).await, submissions(&f).await);
    counting.reset();
    let relation = Some(Relation::Corrects(p.september));
    let answer = submit(&f, dry(relation), CORRECTION).await.unwrap();
    let counts = counting.reset();
    for op in [Op::Put, Op::StartUpload, Op::Delete, Op::Copy, Op::Rename] {
        assert_eq!(counts.of(op).requests, 0, "{counts}");
    }
    assert_eq!((objects(&f).await, submissions(&f).await), (before, known));

    assert!(answer.dry_run && answer.errors.total == 0);
    let restatement = answer.restatement.unwrap();
    let dataset = only(&restatement);
    assert_eq!(dataset.dataset.as_str(), "served.visits_by_office");
    assert_eq!(dataset.scope.as_deref(), Some("windows: period 2026-09"));
    assert_eq!((dataset.added, dataset.removed, dataset.changed), (0, 0, 1));
    let [row] = &dataset.rows[..] else {
        panic!("{dataset:?}")
    };
    assert_eq!(row.how, "changed");
    let key = row
        .key
        .iter()
        .map(|(name, value)| format!("{name} {value}"));
    assert_eq!(
        key.collect::<Vec<_>>(),
        [
            "period 2026-09",
            "agency_name Ủy ban nhân dân thành phố Hà Nội",
            "office Ba Đình"
        ]
    );
    // One visit of 12 minutes becomes one of 15, and one of 6 comes.
    assert_eq!(
        row.figures,
        [
            figure("visits", ["1", "2", "1", "1"]),
            figure("minutes", ["12", "21", "9", "0.75"])
        ]
    );
    let cited = restatement.renditions.iter().map(|of| of.id.as_str());
    let cited: Vec<&str> = cited.collect();
    assert_eq!(cited, [p.english.id.as_str(), p.vietnamese.id.as_str()]);
    assert_eq!(
        restatement.renditions[0].rendered_at,
        p.english.manifest.rendered_at
    );
    assert_eq!(
        (restatement.renditions_total, restatement.renditions_unknown),
        (2, 0)
    );
    assert_eq!((restatement.hidden, &restatement.waiting[..]), (0, &[][..]));

    // What was foretold is what comes of it.
    landed(&f, corrects(p.september), CORRECTION).await;
    run(&f).await.unwrap();
    let sql = "select sum(visits) * 100 + sum(minutes) from visits_by_office \
        where period = '2026-09' and office = 'Ba Đình'";
    assert_eq!(f.number(sql).await, 221);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cited_other_figures_is_superseded_and_stays_as_it_is() {
    let f = Fixture::with(setup()).await;
    let p = published(&f).await;
    let html = RenditionFormat::Html;
    let before = f
        .house
        .document(&f.admin, &p.vietnamese.id, html)
        .await
        .unwrap();
    assert_eq!(before.superseded, None);
    landed(&f, corrects(p.september), CORRECTION).await;
    assert_eq!(
        superseded(&f, &p.vietnamese).await,
        None,
        "no run has taken it"
    );
    let corrected = run(&f).await.unwrap();
    for rendition in [&p.vietnamese, &p.english] {
        let by = Some((Some(corrected.clone()), None));
        assert_eq!(superseded(&f, rendition).await, by);
    }
    assert_eq!(superseded(&f, &p.august).await, None);
    let after = f
        .house
        .document(&f.admin, &p.vietnamese.id, html)
        .await
        .unwrap();
    assert_eq!(after.bytes, before.bytes);
    assert_eq!(after.superseded, of(&f, &p.vietnamese).await.superseded);
    assert_eq!(of(&f, &p.vietnamese).await.manifest, p.vietnamese.manifest);
    let first = marks("run", &[&p.english, &p.vietnamese], "superseded");
    assert_eq!(told(&f).await, first);

    let newer = render(&f, "2026-09", "vi").await;
    let by = Some((Some(corrected.clone()), Some(newer.id.clone())));
    assert_eq!(superseded(&f, &p.vietnamese).await, by);
    let page = Page {
        offset: 0,
        limit: 10,
    };
    let listed = f.house.renditions(&f.admin, "visits", page).await.unwrap();
    let listed = listed
        .iter()
        .map(|of| (of.id.as_str(), of.superseded.is_some()));
    assert_eq!(
        listed.collect::<Vec<_>>(),
        [
            (newer.id.as_str(), false),
            (p.english.id.as_str(), true),
            (p.vietnamese.id.as_str(), true),
            (p.august.id.as_str(), false)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_made_once_and_a_rollback_lifts_them() {
    let f = Fixture::with(setup()).await;
    let p = published(&f).await;
    landed(&f, corrects(p.september), CORRECTION).await;
    let corrected = run(&f).await.unwrap();
    let newer = render(&f, "2026-09", "vi").await;
    let by = Some((Some(corrected.clone()), Some(newer.id.clone())));
    // Another run marks nothing again, nor does a start.
    landed(&f, request("2026-08"), &[("A-2", "Huế", 1)]).await;
    let august = run(&f).await.unwrap();
    assert_eq!(superseded(&f, &p.august).await, Some((Some(august), None)));
    let f = f.reopened().await;
    assert_eq!(superseded(&f, &p.vietnamese).await, by);
    assert_eq!(told(&f).await.len(), 3);

    f.house.rollback(&f.admin, &corrected).await.unwrap();
    for rendition in [&p.vietnamese, &p.english, &p.august] {
        assert_eq!(superseded(&f, rendition).await, None);
    }
    // What showed the corrected figures shows others than are published now.
    assert_eq!(superseded(&f, &newer).await, Some((None, None)));
    let lifted = told(&f).await.split_off(3);
    let mut expected = marks(
        "rollback",
        &[&p.english, &p.vietnamese, &p.august],
        "restored",
    );
    expected.extend(marks("rollback", &[&newer], "superseded"));
    assert_eq!(lifted.len(), expected.len(), "{lifted:?}");
    assert!(
        expected.iter().all(|told| lifted.contains(told)),
        "{lifted:?}"
    );
    // The next run publishes the correction again.
    let again = run(&f).await.unwrap();
    let found = superseded(&f, &p.vietnamese).await;
    assert_eq!(found.unwrap().0, Some(again));
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_come_out_the_same_supersede_nothing() {
    let f = Fixture::with(setup()).await;
    let p = published(&f).await;
    // Other visits, of the same offices and as long.
    let same = [("X-1", "Ba Đình", 12), ("X-2", "Cầu Giấy", 8)];
    let replaces = Some(Relation::Replaces(p.september));
    let answer = submit(&f, dry(replaces), &same).await.unwrap();
    let restatement = answer.restatement.unwrap();
    assert_eq!(
        (restatement.datasets.len(), restatement.renditions_total),
        (0, 0)
    );
    let request = SubmitRequest {
        relation: replaces,
        ..request("2026-09")
    };
    landed(&f, request, &same).await;
    run(&f).await;
    f.house
        .run(
            &f.admin,
            RunRequest {
                select: vec!["served.*".to_owned()],
            },
        )
        .await
        .unwrap();
    for rendition in [&p.vietnamese, &p.english, &p.august] {
        assert_eq!(superseded(&f, rendition).await, None);
    }
    assert_eq!(told(&f).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_shown_before_it_is_done() {
    let f = Fixture::with(setup()).await;
    let p = published(&f).await;
    // The correction goes with what it corrects.
    let correction = landed(&f, corrects(p.september), CORRECTION).await;
    run(&f).await.unwrap();
    let shown = render(&f, "2026-09", "vi").await;
    let request = RestateRequest::Withdrawal(p.september);
    let restatement = f.house.restate(&f.admin, request).await.unwrap();
    let dataset = only(&restatement);
    assert_eq!((dataset.added, dataset.removed, dataset.changed), (0, 2, 0));
    let gone = dataset.rows.iter().map(|row| {
        let minutes = row
            .figures
            .iter()
            .find(|of| of.column == "minutes")
            .unwrap();
        assert_eq!(
            (minutes.after.as_deref(), minutes.difference.as_deref()),
            (None, None)
        );
        (row.how.as_str(), minutes.before.as_deref())
    });
    let gone: Vec<_> = gone.collect();
    assert_eq!(gone, [("removed", Some("21")), ("removed", Some("8"))]);
    let cited: Vec<_> = restatement.renditions.iter().map(|of| &of.id).collect();
    assert_eq!(
        cited,
        [&shown.id],
        "what is superseded already cites other figures"
    );
    let still = f.house.submission(&f.admin, p.september).await.unwrap();
    assert_eq!(still.ended, None);
    // What could not be withdrawn has nothing to show.
    let request = RestateRequest::Withdrawal(correction);
    let refused = f.house.restate(&f.admin, request).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);

    let withdrawal = WithdrawRequest {
        id: p.september,
        reason: "sent by mistake".to_owned(),
    };
    f.house.withdraw(&f.admin, withdrawal).await.unwrap();
    let withdrawn = run(&f).await;
    assert_eq!(superseded(&f, &shown).await, Some((withdrawn, None)));
    assert_eq!(superseded(&f, &p.august).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_unmarked_is_marked_on_start_and_by_the_next_run() {
    for reopens in [true, false] {
        let f = Fixture::with(setup()).await;
        let p = published(&f).await;
        landed(&f, corrects(p.september), CORRECTION).await;
        // It is published, and the node goes away before the run has ended.
        f.faults.plan(Fault::before(Op::Delete, "runs/"));
        let cut_off = f.house.run(&f.admin, RunRequest::default()).await;
        assert_eq!(cut_off.unwrap_err().kind, ErrorKind::Unavailable);
        f.faults.assert_all_met();
        assert_eq!(superseded(&f, &p.english).await, None);
        let f = if reopens { f.reopened().await } else { f };
        if !reopens {
            assert_eq!(run(&f).await, None, "all is up to date");
        }
        let marked = of(&f, &p.english).await.superseded.unwrap();
        assert!(marked.run.is_some(), "{marked:?}");
        assert_eq!(superseded(&f, &p.august).await, None);
        assert_eq!(told(&f).await.len(), 2);
        run(&f).await;
        assert_eq!(told(&f).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sees_what_the_role_may_see() {
    let f = Fixture::with(setup()).await;
    let p = published(&f).await;
    let relation = Some(Relation::Corrects(p.september));
    let rows = body(CORRECTION, "2026-09-01");
    let submitter = as_role(&f, "submitter", Some("H26")).await;
    let answer = f.submit_this(&submitter, dry(relation), &rows).await;
    let restatement = answer.unwrap().restatement.unwrap();
    assert_eq!(only(&restatement).changed, 1, "the figures are public");
    assert_eq!(
        (restatement.renditions.len(), restatement.renditions_total),
        (0, 2)
    );
    let official = as_role(&f, "official", Some("H26")).await;
    let answer = f.submit_this(&official, dry(relation), &rows).await;
    let restatement = answer.unwrap().restatement.unwrap();
    assert_eq!(restatement.renditions.len(), 2);
    // Who works without seeing data is told that there is something to see.
    landed(&f, corrects(p.september), CORRECTION).await;
    let operator = as_role(&f, "operator", None).await;
    let waiting = f
        .house
        .restate(&operator, RestateRequest::Waiting)
        .await
        .unwrap();
    assert_eq!((waiting.datasets.len(), waiting.hidden), (0, 1));
    let refused = f.house.restate(&submitter, RestateRequest::Waiting).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Forbidden);
    let other = as_role(&f, "submitter", Some("H29")).await;
    let request = RestateRequest::Withdrawal(p.september);
    let refused = f.house.restate(&other, request).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_are_not_public_are_left_out_and_counted() {
    let setup = setup();
    let text = String::from_utf8(setup.sources.get(CONTRACT).unwrap().to_vec()).unwrap();
    let text = text.replace("value: public", "value: internal");
    let f = Fixture::with(setup.with_file(CONTRACT, &text)).await;
    let p = published(&f).await;
    let relation = Some(Relation::Corrects(p.september));
    let rows = body(CORRECTION, "2026-09-01");
    for (role, seen) in [("submitter", 0), ("official", 0), ("administrator", 1)] {
        let agency = (seen == 0).then_some("H26");
        let caller = as_role(&f, role, agency).await;
        let answer = f.submit_this(&caller, dry(relation), &rows).await;
        let restatement = answer.unwrap().restatement.unwrap();
        assert_eq!(restatement.datasets.len(), seen, "{role}");
        assert_eq!(restatement.hidden, 1 - seen as u64, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_sent_is_not_in_it_and_shows_as_waiting() {
    let f = Fixture::with(setup()).await;
    let p = published(&f).await;
    let of_others = SubmitRequest {
        agency: Some("H29".parse().unwrap()),
        ..request("2026-09")
    };
    landed(&f, of_others, &[("T-1", "Bến Thành", 30)]).await;
    let relation = Some(Relation::Corrects(p.september));
    let answer = submit(&f, dry(relation), CORRECTION).await.unwrap();
    let restatement = answer.restatement.unwrap();
    assert_eq!(
        (only(&restatement).added, only(&restatement).changed),
        (0, 1)
    );
    assert_eq!(restatement.waiting, ["raw.visits".parse().unwrap()]);
    let waiting = f
        .house
        .restate(&f.admin, RestateRequest::Waiting)
        .await
        .unwrap();
    assert_eq!((only(&waiting).added, only(&waiting).changed), (1, 0));
    let row = &only(&waiting).rows[0];
    let added = row
        .figures
        .iter()
        .map(|of| (of.before.as_deref(), of.after.as_deref()));
    let added: Vec<_> = added.collect();
    assert_eq!(added, [(None, Some("1")), (None, Some("30"))]);
    assert_eq!(waiting.renditions_total, 2);
    run(&f).await.unwrap();
    let none = f
        .house
        .restate(&f.admin, RestateRequest::Waiting)
        .await
        .unwrap();
    assert_eq!(none, Restatement::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_body_shows_its_errors_and_no_figures() {
    let f = Fixture::with(setup()).await;
    let p = published(&f).await;
    let relation = Some(Relation::Corrects(p.september));
    // None of the rows would land.
    let answer = submit(&f, dry(relation), &[("V-1", "", 15)]).await.unwrap();
    assert_eq!((answer.receipt.rows.landed, answer.errors.total), (0, 1));
    assert_eq!(answer.restatement, None);
    let refused = f
        .submit_this(&f.admin, dry(relation), "no,header\n1,2\n")
        .await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Refused);
    // Of rows that break a rule nothing is foretold, of the others it is.
    let mixed = [("V-1", "Ba Đình", 15), ("V-9", "", 1)];
    let answer = submit(&f, dry(relation), &mixed).await.unwrap();
    let restatement = answer.restatement.unwrap();
    let row = &only(&restatement).rows[0];
    assert_eq!(row.figures, [figure("minutes", ["12", "15", "3", "0.25"])]);
    let wet = SubmitRequest {
        dry_run: false,
        ..dry(relation)
    };
    let refused = submit(&f, wet, CORRECTION).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
    assert!(refused.hint.is_some());
}
