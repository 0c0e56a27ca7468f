//! Quarantined rows land when the contract lets them: once, as rows of their own submission.

use service::{
    ErrorKind, Page, Principal, QuarantineFilter, Relation, ReleaseReport, ReleaseRequest, Service,
    ServiceError, SubmissionId, SubmitRequest, WithdrawRequest,
};
use testkit::{Fault, Gate, Op};

use crate::home::{Fixture, call, visits};

const RAW: &str = "warehouse/raw/visits.odcs.yaml";

/// One row that lands; one whose visit was too long; one without an office.
const BODY: &str = "visit_id,office,visited_at,minutes\n\
    V-1,Ba Đình,2026-09-01T08:30:00+07:00,12\n\
    V-2,Huế,2026-09-02T14:15:00+07:00,650\n\
    V-3,,2026-09-02T15:00:00+07:00,5\n";

fn row(id: &str, office: &str, minutes: u32) -> String {
    format!("{id},{office},2026-09-02T14:15:00+07:00,{minutes}\n")
}

fn body(rows: &[String]) -> String {
    format!("visit_id,office,visited_at,minutes\n{}", rows.concat())
}

async fn sent(f: &Fixture, request: SubmitRequest, body: &str) -> SubmissionId {
    let answer = f.submit_this(&f.admin, request, body).await;
    answer.unwrap().receipt.id
}

fn related(relation: Relation) -> SubmitRequest {
    SubmitRequest {
        relation: Some(relation),
        ..visits()
    }
}

/// The contract comes to take visits of up to 700 minutes.
async fn longer(f: &Fixture) {
    f.files.edit(RAW, |text| {
        let text = text.replace("maximum: 600", "maximum: 700");
        text.replace("version: 1.0.0", "version: 1.1.0")
    });
    f.house.apply(&f.admin).await.unwrap();
}

fn everything() -> ReleaseRequest {
    ReleaseRequest {
        dataset: "raw.visits".parse().unwrap(),
        agency: None,
        period: None,
        submission: None,
    }
}

async fn release(f: &Fixture) -> Result<ReleaseReport, ServiceError> {
    f.house.release(&f.admin, everything()).await
}

fn counts(report: &ReleaseReport) -> Vec<(u64, u64, u64, Option<&str>)> {
    let of = report.submissions.iter();
    of.map(|s| (s.released, s.held, s.superseded, s.passed_over.as_deref()))
        .collect()
}

const ALL: &str = "select coalesce(string_agg(visit_id || ' ' || office || ' ' || minutes, ', ' \
                   order by visit_id, minutes), 'nothing') from raw.visits";

async fn all(f: &Fixture) -> String {
    f.text_at(ALL, service::At::Now).await
}

/// The rules that rows break which are held.
async fn held(f: &Fixture) -> Vec<String> {
    let page = Page {
        offset: 0,
        limit: 100,
    };
    let found = f
        .house
        .quarantine(&f.admin, QuarantineFilter::default(), page);
    let rows = found.await.unwrap().rows;
    rows.into_iter()
        .map(|row| format!("{} {}", row.row, row.rule))
        .collect()
}

async fn what_passes_now_lands_once_and_the_rest_is_told(f: Fixture) {
    let id = sent(&f, visits(), BODY).await;
    let before = f.house.submission(&f.admin, id).await.unwrap();
    // Nothing has changed, so nothing passes.
    assert_eq!(counts(&release(&f).await.unwrap()), [(0, 2, 0, None)]);
    longer(&f).await;
    let report = release(&f).await.unwrap();
    assert_eq!(counts(&report), [(1, 1, 0, None)]);
    assert_eq!(report.contract_version, "1.1.0");
    assert_eq!(report.submissions[0].rules, [("required".to_owned(), 1)]);
    let version = report.submissions[0].table_version;
    assert_eq!(all(&f).await, "V-1 Ba Đình 12, V-2 Huế 650");
    let own = format!(
        "select count(*) from raw.visits where _submission_id = '{id}' and _row_number = 2 \
         and _received_at = timestamp '2026-09-20T03:00:00Z'"
    );
    assert_eq!(f.number(&own).await, 1);
    // The receipt is what it was.
    assert_eq!(f.house.submission(&f.admin, id).await.unwrap(), before);
    let errors = f.house.row_errors(
        &f.admin,
        id,
        Page {
            offset: 0,
            limit: 10,
        },
    );
    assert_eq!(errors.await.unwrap().total, 2);
    // The quarantine keeps its history and says that the row is not held any more.
    assert_eq!(held(&f).await, ["3 required"]);
    let marks = "select count(*) from system.quarantine where severity = 'released'";
    assert_eq!(f.number(marks).await, 1);
    let detail = f
        .house
        .dataset(&f.admin, &everything().dataset)
        .await
        .unwrap();
    assert_eq!(detail.quarantined, Some(1));
    assert_eq!(detail.history[0].operation, "RELEASE");
    assert_eq!(Some(detail.history[0].version), version);

    assert_eq!(counts(&release(&f).await.unwrap()), [(0, 1, 0, None)]);
    let f = f.reopened().await;
    assert_eq!(counts(&release(&f).await.unwrap()), [(0, 1, 0, None)]);
    assert_eq!(all(&f).await, "V-1 Ba Đình 12, V-2 Huế 650");
    assert_eq!(f.number(marks).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_what_passes_now_lands_once_and_the_rest_is_told() {
    what_passes_now_lands_once_and_the_rest_is_told(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_what_passes_now_lands_once_and_the_rest_is_told() {
    what_passes_now_lands_once_and_the_rest_is_told(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_its_sender_mended_meanwhile_is_not_landed_beside() {
    let f = Fixture::on_disk().await;
    let two = body(&[
        row("V-1", "Huế", 1),
        row("V-2", "Huế", 650),
        row("V-4", "Huế", 660),
    ]);
    let first = sent(&f, visits(), &two).await;
    let fix = related(Relation::Corrects(first));
    sent(&f, fix, &body(&[row("V-2", "Huế", 65)])).await;
    longer(&f).await;
    assert_eq!(counts(&release(&f).await.unwrap()), [(1, 0, 1, None)]);
    assert_eq!(all(&f).await, "V-1 Huế 1, V-2 Huế 65, V-4 Huế 660");
    // Held it stays, and lands no later either.
    assert_eq!(counts(&release(&f).await.unwrap()), [(0, 0, 1, None)]);
    assert_eq!(all(&f).await, "V-1 Huế 1, V-2 Huế 65, V-4 Huế 660");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_what_does_not_stand_are_not_released() {
    let f = Fixture::on_disk().await;
    let replaced = sent(&f, visits(), BODY).await;
    let whole = related(Relation::Replaces(replaced));
    sent(&f, whole, &body(&[row("W-1", "Huế", 1)])).await;
    let withdrawn = sent(&f, visits(), BODY).await;
    let fix = related(Relation::Corrects(withdrawn));
    let fixed = body(&[row("V-1", "Huế", 2), row("V-5", "Huế", 651)]);
    let correction = sent(&f, fix, &fixed).await;
    let reason = "sent by mistake".to_owned();
    let request = WithdrawRequest {
        id: withdrawn,
        reason,
    };
    f.house.withdraw(&f.admin, request).await.unwrap();
    let refused = body(&[row("X-1", "Huế", 650)]);
    let refused = f
        .submit_this(&f.admin, visits(), &refused)
        .await
        .unwrap_err();
    longer(&f).await;
    let report = release(&f).await.unwrap();
    let over = |id: SubmissionId| {
        let of = report
            .submissions
            .iter()
            .find(|s| s.submission == id)
            .unwrap();
        assert_eq!((of.released, of.held), (0, 0));
        of.passed_over.clone().unwrap()
    };
    assert!(over(replaced).starts_with("it was replaced by"));
    assert_eq!(over(withdrawn), "it was withdrawn");
    assert_eq!(over(correction), "it was withdrawn");
    assert!(over(refused.submission.unwrap()).starts_with("no row of it landed"));
    assert_eq!(all(&f).await, "W-1 Huế 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_while_it_is_released_lands_nothing() {
    let f = Fixture::on_disk().await;
    let id = sent(&f, visits(), BODY).await;
    longer(&f).await;
    // Its rows are judged, and about to land.
    let gate = Gate::new();
    f.faults.plan(Fault::held(Op::Put, "releases/", &gate));
    let withdrawing = async {
        gate.arrived(1).await;
        let reason = "sent by mistake".to_owned();
        let request = WithdrawRequest { id, reason };
        f.house.withdraw(&f.admin, request).await.unwrap();
        gate.open();
    };
    let (report, ()) = tokio::join!(release(&f), withdrawing);
    let [of] = &report.unwrap().submissions[..] else {
        panic!("one is released")
    };
    assert_eq!((of.released, of.held), (0, 0));
    let why = of.passed_over.as_deref().unwrap();
    assert_eq!(why, "it was replaced or withdrawn meanwhile");
    assert_eq!(all(&f).await, "nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn released_rows_go_with_their_family() {
    let f = Fixture::on_disk().await;
    let first = sent(&f, visits(), BODY).await;
    longer(&f).await;
    release(&f).await.unwrap();
    let fix = related(Relation::Corrects(first));
    sent(&f, fix, &body(&[row("V-2", "Huế", 66)])).await;
    assert_eq!(all(&f).await, "V-1 Ba Đình 12, V-2 Huế 66");
    let reason = "sent by mistake".to_owned();
    let request = WithdrawRequest { id: first, reason };
    f.house.withdraw(&f.admin, request).await.unwrap();
    assert_eq!(all(&f).await, "nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_whose_commit_s_answer_is_lost_happens_once() {
    let f = Fixture::on_disk().await;
    sent(&f, visits(), BODY).await;
    longer(&f).await;
    f.faults
        .plan(Fault::after(Op::Put, "raw/visits/_delta_log"));
    f.faults
        .plan(Fault::after(Op::Put, "system/quarantine/_delta_log"));
    assert_eq!(counts(&release(&f).await.unwrap()), [(1, 1, 0, None)]);
    f.faults.assert_all_met();
    let f = f.reopened().await;
    assert_eq!(counts(&release(&f).await.unwrap()), [(0, 1, 0, None)]);
    assert_eq!(all(&f).await, "V-1 Ba Đình 12, V-2 Huế 650");
    assert_eq!(held(&f).await, ["3 required"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_cut_off_before_its_marks_is_marked_by_the_next_one_and_on_start() {
    for reopen in [false, true] {
        let f = Fixture::on_disk().await;
        sent(&f, visits(), BODY).await;
        longer(&f).await;
        f.faults
            .plan(Fault::before(Op::Put, "system/quarantine/_delta_log").times(99));
        let cut = release(&f).await.unwrap_err();
        assert_eq!(cut.kind, ErrorKind::Unavailable, "{cut:?}");
        f.faults.forget();
        assert_eq!(held(&f).await, ["2 range", "3 required"]);
        let f = if reopen { f.reopened().await } else { f };
        if !reopen {
            assert_eq!(counts(&release(&f).await.unwrap()), [(0, 1, 0, None)]);
        }
        assert_eq!(held(&f).await, ["3 required"], "reopened: {reopen}");
        assert_eq!(all(&f).await, "V-1 Ba Đình 12, V-2 Huế 650");
        let marks = "select count(*) from system.quarantine where severity = 'released'";
        assert_eq!(f.number(marks).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_releases_at_once_each_row_lands_once() {
    let f = Fixture::on_disk().await;
    for n in 0..3 {
        let rows = [
            row(&format!("A-{n}"), "Huế", 1),
            row(&format!("B-{n}"), "Huế", 650),
        ];
        sent(&f, visits(), &body(&rows)).await;
    }
    longer(&f).await;
    let (one, two) = futures::join!(release(&f), release(&f));
    for report in [one, two] {
        for of in report.unwrap().submissions {
            assert!(of.released == 1 || of.passed_over.is_some(), "{of:?}");
        }
    }
    assert_eq!(f.number("select count(*) from raw.visits").await, 6);
    assert_eq!(
        f.number("select count(distinct visit_id) from raw.visits")
            .await,
        6
    );
    assert_eq!(held(&f).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_masked_lands_with_its_true_value_from_the_evidence() {
    let f = Fixture::on_disk().await;
    let rows = [row("V-1", "Huế", 1), row("V-2", "phòng 0912345678", 2)];
    sent(&f, visits(), &body(&rows)).await;
    f.files.edit(RAW, |text| {
        let office = "description: Name of the office\n        customProperties: [ ";
        assert!(text.contains(office));
        let allowed = format!("{office}{{ property: personalData, value: allowed }}, ");
        text.replace(office, &allowed)
    });
    f.house.apply(&f.admin).await.unwrap();
    assert_eq!(counts(&release(&f).await.unwrap()), [(1, 0, 0, None)]);
    assert_eq!(all(&f).await, "V-1 Huế 1, V-2 phòng 0912345678 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_of_what_was_asked_for_and_for_those_who_may() {
    let f = Fixture::on_disk().await;
    let first = sent(&f, visits(), BODY).await;
    let other = SubmitRequest {
        agency: Some("H29".parse().unwrap()),
        ..visits()
    };
    let second = sent(&f, other, BODY).await;
    longer(&f).await;
    let principal = Principal {
        name: "lan".to_owned(),
        role: "submitter".to_owned(),
        agency: Some("H26".parse().unwrap()),
    };
    let token = f.house.create_token(&f.admin, &principal).await.unwrap();
    let denied = f
        .house
        .release(&call(&token), everything())
        .await
        .unwrap_err();
    assert_eq!(denied.kind, ErrorKind::Forbidden);
    let of = |change: fn(&mut ReleaseRequest)| {
        let mut request = everything();
        change(&mut request);
        request
    };
    let nothing = of(|r| r.period = Some("2026-10".parse().unwrap()));
    let report = f.house.release(&f.admin, nothing).await.unwrap();
    assert_eq!(report.submissions, []);
    let agency = of(|r| r.agency = Some("H29".parse().unwrap()));
    let report = f.house.release(&f.admin, agency).await.unwrap();
    assert_eq!(report.submissions.len(), 1);
    assert_eq!(report.submissions[0].submission, second);
    let mut own = everything();
    own.submission = Some(first);
    let report = f.house.release(&f.admin, own).await.unwrap();
    assert_eq!(report.submissions[0].submission, first);
    assert_eq!(f.number("select count(*) from raw.visits").await, 4);
    for (dataset, kind) in [
        ("raw.nothing", ErrorKind::NotFound),
        ("served.visits_by_office", ErrorKind::NotFound),
    ] {
        let mut request = everything();
        request.dataset = dataset.parse().unwrap();
        let error = f.house.release(&f.admin, request).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_recorded_with_its_rows_and_answered_over_http() {
    let door = crate::http::Door::new().await;
    let f = &door.fixture;
    sent(f, visits(), BODY).await;
    longer(f).await;
    let request = axum::http::Request::post("/api/v1/quarantine/release")
        .header("authorization", door.bearer())
        .header("content-type", "application/json");
    let body = axum::body::Body::from(r#"{"dataset":"raw.visits","agency":"H26"}"#);
    let answer = door.send(request.body(body).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let report = answer.json();
    assert_eq!(
        (&report["released"], &report["held"]),
        (&1.into(), &1.into()),
        "{report}"
    );
    assert_eq!(report["submissions"][0]["rules"]["required"], 1);
    let page = Page {
        offset: 0,
        limit: 5,
    };
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let effect = entries
        .iter()
        .find(|e| e.action == "release" && e.phase == "effect");
    let detail: serde_json::Value = serde_json::from_str(&effect.unwrap().detail).unwrap();
    assert_eq!(detail["release"], report["id"]);
    assert_eq!(
        (&detail["released"], &detail["held"]),
        (&1.into(), &1.into())
    );
}
