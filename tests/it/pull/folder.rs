//! A drop folder: what lands, what is refused, what is left.

use std::fs;

use service::{ErrorKind, PullRequest, RunRequest, Service, SubmissionState};

use super::{
    FIXED, INBOX, PLACE, all, drop_file, entries, house, inbox, lies, pull, pulled, state, stood,
    text, visits,
};
use crate::home::{Fixture, VISITS, call};

const BODY: &[(&str, &str, u32)] = &[("V-1", "Ba Đình", 12), ("V-2", "Huế", 8)];

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_from_the_drop_folder_to_rows_with_its_receipt_beside_it() {
    let f = house(INBOX).await;
    drop_file(&f, &format!("{PLACE}/lượt tiếp.csv"), &visits(BODY));
    let pieces = pulled(&f).await;
    assert_eq!(pieces.len(), 1);
    assert!(pieces[0].landed && pieces[0].rows.landed == 2, "{pieces:?}");
    assert_eq!(all(&f).await, "V-1 12, V-2 8");
    let id = pieces[0].submission.unwrap();
    let done = format!("{PLACE}/done/{id}/lượt tiếp.csv");
    assert_eq!(lies(&f), [done.clone(), format!("{done}.receipt.json")]);
    let submission = f.house.submission(&f.admin, id).await.unwrap();
    assert_eq!(submission.principal, "connector:inbox");
    assert_eq!(submission.state, SubmissionState::Committed);
    assert_eq!(Some(text(&f, ".receipt.json")), submission.sealed);
    let state = state(&f).await;
    assert_eq!((state.landed, state.refused, state.failures), (1, 0, 0));
    assert!(!state.running && state.mark.unwrap().ends_with("lượt tiếp.csv"));
    // Nothing is left to do, and that is no failure.
    assert_eq!(pulled(&f).await, []);
    let run = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(run.steps[0].rows, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_an_act_of_the_connector_and_each_submission_one_for_its_agency() {
    let f = house(INBOX).await;
    drop_file(&f, &format!("{PLACE}/a.csv"), &visits(BODY));
    pulled(&f).await;
    let entries = entries(&f).await;
    let of = |action: &str| {
        let found = entries.iter().filter(|entry| entry.action == action);
        let mut told: Vec<_> = found
            .map(|e| {
                (
                    e.principal.as_str(),
                    e.phase.as_str(),
                    e.outcome.as_str(),
                    e.door.as_str(),
                )
            })
            .collect();
        told.reverse();
        told
    };
    assert_eq!(
        of("pull"),
        [
            ("operator", "attempt", "allowed", "cli"),
            ("connector:inbox", "attempt", "allowed", "connector"),
            ("connector:inbox", "effect", "done", "connector"),
            ("operator", "effect", "done", "cli"),
        ]
    );
    assert_eq!(
        of("submit"),
        [
            ("connector:inbox", "attempt", "allowed", "connector"),
            ("connector:inbox", "effect", "done", "connector"),
        ]
    );
    let ended = entries
        .iter()
        .find(|e| e.action == "pull" && e.phase == "effect");
    // The newest is that of the one who asked; the connector's own says what was taken.
    let own = entries
        .iter()
        .find(|e| e.principal == "connector:inbox" && e.action == "pull" && e.phase == "effect");
    assert!(ended.is_some());
    assert!(own.unwrap().detail.contains("\"landed\":1"), "{own:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_rows_come_back_in_a_file_that_a_clerk_can_read_and_the_next_file_lands() {
    let f = house(INBOX).await;
    let bad = "visit_id,office,visited_at,minutes\nV-1,,2026-09-01T08:30:00+07:00,-1\n";
    drop_file(&f, &format!("{PLACE}/1-bad.csv"), bad);
    drop_file(&f, &format!("{PLACE}/2-mixed.csv"), VISITS);
    drop_file(
        &f,
        &format!("{PLACE}/3-good.csv"),
        &visits(&[("W-1", "Huế", 3)]),
    );
    let pieces = pulled(&f).await;
    let landed: Vec<bool> = pieces.iter().map(|piece| piece.landed).collect();
    assert_eq!(landed, [false, true, true]);
    assert_eq!(all(&f).await, "V-1 12, V-2 8, W-1 3");
    let refused = text(&f, "1-bad.csv.errors.csv");
    assert!(
        refused.starts_with("\u{feff}\"dòng / row\",\"cột / column\""),
        "{refused}"
    );
    for part in [
        "\"1\",\"office\",\"required\"",
        "\"1\",\"minutes\",\"range\"",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let id = pieces[0].submission.unwrap();
    let kept = f.house.submission(&f.admin, id).await.unwrap();
    assert_eq!(kept.state, SubmissionState::Refused);
    assert!(lies(&f).contains(&format!("{PLACE}/refused/{id}/1-bad.csv")));
    // What landed in part says which rows did not.
    let mixed = text(&f, "2-mixed.csv.errors.csv");
    assert_eq!(mixed.lines().count(), 3, "{mixed}");
    assert!(
        !lies(&f)
            .iter()
            .any(|name| name.ends_with("3-good.csv.errors.csv"))
    );
    let state = state(&f).await;
    assert_eq!((state.landed, state.refused, state.failures), (2, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_wants_to_be_a_formula_is_none_in_the_file_of_errors() {
    let f = house(INBOX).await;
    let bad = "visit_id,office,visited_at,minutes\nV-1,Huế,=cmd|' /C calc'!A0,1\n";
    drop_file(&f, &format!("{PLACE}/a.csv"), bad);
    assert!(!pulled(&f).await[0].landed);
    let told = text(&f, ".errors.csv");
    assert!(told.contains("\"'=cmd|"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_a_wrong_place_or_has_no_format_is_refused_with_the_way_out() {
    let f = house(INBOX).await;
    let body = visits(BODY);
    for (name, told) in [
        ("a.csv", "expected the folder `{agency}/{dataset}/{period}`"),
        ("h26/raw.visits/2026-09/a.csv", "`h26` is no agency code"),
        (
            "H99/raw.visits/2026-09/a.csv",
            "not in the code list `agencies`",
        ),
        (
            "H26/raw.visit/2026-09/a.csv",
            "there is no dataset `raw.visit`",
        ),
        ("H26/raw.visits/2026-13/a.csv", "`2026-13` is no period"),
        ("H26/raw.visits/2031-01/a.csv", "not in the calendar table"),
        ("H26/visits/2026-09/a.doc", "has no known format"),
        ("H26/visits/2026-09/a.json", ""),
    ] {
        drop_file(&f, name, &body);
        let pieces = pulled(&f).await;
        assert_eq!(pieces.len(), 1, "{name}");
        assert!(!pieces[0].landed, "{name}");
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let place = format!("{folder}/refused/");
        let lies = lies(&f);
        let is_its = |lying: &&String| {
            lying.starts_with(place.trim_start_matches('/'))
                && lying.ends_with(&format!("/{file}.errors.csv"))
        };
        let errors = lies
            .iter()
            .find(is_its)
            .unwrap_or_else(|| panic!("{name}: {lies:?}"));
        let errors = fs::read_to_string(inbox(&f).join(errors)).unwrap();
        assert!(errors.contains(told), "{name}: {errors}");
        assert!(!inbox(&f).join(name).exists());
    }
    assert_eq!(all(&f).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_still_written_is_left_until_it_stands_still() {
    let f = house(FIXED).await;
    drop_file(&f, "a.csv", &visits(BODY));
    stood(&f, "a.csv", 29);
    drop_file(&f, "b.csv.part", &visits(BODY));
    assert_eq!(pulled(&f).await, []);
    assert_eq!(lies(&f), ["a.csv", "b.csv.part"]);
    stood(&f, "a.csv", 30);
    assert!(pulled(&f).await[0].landed);
    let period = f.text_at("select _period from raw.visits limit 1", service::At::Now);
    assert_eq!(period.await, "2026-09");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_over_the_limit_is_refused_without_being_read() {
    let limited = format!("{INBOX}limits: {{ bytes: 100 }}\n");
    let f = house(&limited).await;
    drop_file(&f, &format!("{PLACE}/big.csv"), &visits(BODY));
    drop_file(&f, &format!("{PLACE}/small.csv"), &visits(&BODY[..1]));
    let pieces = pulled(&f).await;
    let landed: Vec<bool> = pieces.iter().map(|piece| piece.landed).collect();
    assert_eq!(landed, [false, true]);
    assert!(text(&f, "big.csv.errors.csv").contains("the limit is 100"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_takes_as_many_pieces_as_it_may_and_the_next_goes_on() {
    let limited = format!("{INBOX}limits: {{ pieces: 2 }}\n");
    let f = house(&limited).await;
    for n in 1..=3 {
        let body = visits(&[(&format!("V-{n}"), "Huế", n)]);
        drop_file(&f, &format!("{PLACE}/{n}.csv"), &body);
    }
    assert_eq!(pulled(&f).await.len(), 2);
    assert_eq!(pulled(&f).await.len(), 1);
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_run_connectors() {
    let f = house(INBOX).await;
    let analyst = service::Principal {
        name: "analyst".to_owned(),
        role: "analyst".to_owned(),
        agency: None,
    };
    let token = f.house.create_token(&f.admin, &analyst).await.unwrap();
    let denied = f.house.pull(&call(&token), PullRequest::default()).await;
    assert_eq!(denied.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(f.house.connectors(&call(&token)).await.unwrap().len(), 1);
    let request = PullRequest {
        connector: Some("outbox".to_owned()),
        from_start: false,
    };
    let absent = f.house.pull(&f.admin, request).await.unwrap_err();
    assert_eq!(absent.kind, ErrorKind::NotFound);
    assert!(absent.hint.unwrap().contains("`inbox`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_stops_the_run_and_is_told() {
    let f = house(INBOX).await;
    fs::remove_dir(inbox(&f)).unwrap();
    let report = pull(&f).await.unwrap();
    let error = report.error.unwrap();
    assert!(error.contains("cannot read the folder"), "{error}");
    let state = state(&f).await;
    assert_eq!((state.failures, state.error), (1, Some(error)));
    fs::create_dir(inbox(&f)).unwrap();
    pulled(&f).await;
    assert_eq!(super::state(&f).await.failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_is_off_runs_by_name_only() {
    let f: Fixture = house(&format!("{INBOX}enabled: false\n")).await;
    drop_file(&f, &format!("{PLACE}/a.csv"), &visits(BODY));
    let none = f.house.pull(&f.admin, PullRequest::default()).await;
    assert_eq!(none.unwrap(), []);
    assert_eq!(f.house.pull_due().await.unwrap(), []);
    assert_eq!(state(&f).await.due_at, None);
    assert_eq!(pulled(&f).await.len(), 1);
}
