//! The sender: in order, at least once, whatever the other side does.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::TimeDelta;
use conduct::Sink;
use futures::future::join_all;
use serde_json::Value;
use testkit::{Fault, Op};

use super::receiver::{Instead, Receiver};
use super::{
    Lines, are_taken, filing, outbox, posting, run, send, submit, telling, text, told,
    with_two_figures,
};
use crate::home::{Fixture, Setup};

const FOUR: [&str; 4] = [
    "START served.visits_by_office",
    "COMPLETE served.visits_by_office",
    "START served.visits_by_office.rules",
    "COMPLETE served.visits_by_office.rules",
];

#[tokio::test(flavor = "multi_thread")]
async fn events_are_posted_in_order_and_one_that_is_refused_holds_back_the_others() {
    let receiver = Receiver::start().await;
    let f = posting(&receiver).await;
    submit(&f, "V-").await;
    run(&f).await;
    let refusals = [
        Instead::Refuse(StatusCode::INTERNAL_SERVER_ERROR),
        Instead::Refuse(StatusCode::BAD_REQUEST),
        Instead::Refuse(StatusCode::NOT_FOUND),
        Instead::Redirect,
        Instead::Hang,
    ];
    for (asked, refusal) in refusals.into_iter().enumerate() {
        receiver.instead([refusal]);
        let sent = send(&f).await;
        assert_eq!((sent.sent, sent.waiting), (0, 4), "{refusal:?}");
        let why = sent.error.unwrap();
        assert!(why.contains(&receiver.at.to_string()), "{why}");
        assert!(!why.contains(super::receiver::TOKEN), "{why}");
        assert_eq!(receiver.asked(), asked + 1, "one is asked, and then none");
        assert_eq!(outbox(&f).await.len(), 4, "{refusal:?}");
        assert!(receiver.taken().is_empty());
    }
    let sent = send(&f).await;
    assert_eq!((sent.sent, sent.waiting, sent.error), (4, 0, None));
    assert_eq!(told(&receiver.taken()), FOUR);
    are_taken(&receiver.taken());
    assert_eq!(outbox(&f).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_the_same_event_once_more() {
    let receiver = Receiver::start().await;
    let f = posting(&receiver).await;
    submit(&f, "V-").await;
    run(&f).await;
    receiver.instead([Instead::LoseAnswer]);
    assert_eq!(send(&f).await.sent, 0);
    assert_eq!(send(&f).await.sent, 4);
    let taken = receiver.taken();
    assert_eq!(taken.len(), 5);
    assert_eq!(taken[0], taken[1]);
    assert_eq!(told(&taken[1..]), FOUR);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_it_failed_it_asks_again_within_five_minutes() {
    let receiver = Receiver::start().await;
    let f = posting(&receiver).await;
    submit(&f, "V-").await;
    run(&f).await;
    receiver.instead([Instead::Refuse(StatusCode::BAD_GATEWAY); 40]);
    for asked in 1..=40 {
        assert!(f.house.send_lineage().await.unwrap().error.is_some());
        assert_eq!(receiver.asked(), asked);
        f.clock.advance(TimeDelta::minutes(5));
    }
    assert_eq!(f.house.send_lineage().await.unwrap().sent, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn within_its_pause_it_asks_nobody() {
    let receiver = Receiver::start().await;
    let f = posting(&receiver).await;
    submit(&f, "V-").await;
    run(&f).await;
    receiver.instead([Instead::Refuse(StatusCode::BAD_GATEWAY); 2]);
    let first = f.house.send_lineage().await.unwrap();
    // The pause is at least half of a second after the first failure.
    f.clock.advance(TimeDelta::milliseconds(499));
    assert_eq!(f.house.send_lineage().await.unwrap(), first);
    assert_eq!(receiver.asked(), 1);
    f.clock.advance(TimeDelta::milliseconds(501));
    f.house.send_lineage().await.unwrap();
    assert_eq!(receiver.asked(), 2);
    f.clock.advance(TimeDelta::milliseconds(999));
    f.house.send_lineage().await.unwrap();
    assert_eq!(receiver.asked(), 2, "twice as long");
    f.clock.advance(TimeDelta::milliseconds(1001));
    assert_eq!(f.house.send_lineage().await.unwrap().sent, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_reached_is_not_and_a_token_that_is_missing_is_named() {
    let receiver = Receiver::start().await;
    let Sink::Http {
        url,
        token,
        answer_within,
        ..
    } = receiver.sink()
    else {
        panic!("it is one")
    };
    for (allow_addresses, plain, why) in [
        (vec![], true, "loopback"),
        (vec![receiver.at.to_string()], false, "plain HTTP"),
        (vec![receiver.at.to_string()], true, "env:TOKEN"),
    ] {
        let sink = Sink::Http {
            url: url.clone(),
            plain,
            token: token.clone(),
            allow_addresses,
            answer_within,
        };
        let env: BTreeMap<String, String> = match why {
            "env:TOKEN" => BTreeMap::new(),
            _ => [("TOKEN".to_owned(), super::receiver::TOKEN.to_owned())].into(),
        };
        let setup = Setup {
            lineage: telling(sink),
            env,
            ..Setup::default()
        };
        let f = Fixture::with(setup).await;
        submit(&f, "V-").await;
        run(&f).await;
        let sent = send(&f).await;
        assert_eq!(sent.waiting, 4, "{why}");
        let told = sent.error.unwrap();
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(receiver.asked(), 0);
}

/// What is on the store is sent by whoever comes next.
#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_the_next_process() {
    let receiver = Receiver::start().await;
    let f = posting(&receiver).await;
    submit(&f, "V-").await;
    run(&f).await;
    let f = f.reopened().await;
    submit(&f, "W-").await;
    run(&f).await;
    assert_eq!(send(&f).await.sent, 8);
    assert_eq!(told(&receiver.taken()), [FOUR, FOUR].concat());
    let runs: Vec<Value> = receiver.taken().iter().map(|e| e["run"].clone()).collect();
    assert_ne!(runs[0]["runId"], runs[4]["runId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_sends_at_a_time_and_each_event_comes_once() {
    let database = tokio::task::spawn_blocking(|| testkit::postgres::database("lineage"));
    let receiver = Receiver::start().await;
    let setup = Setup {
        lineage: telling(receiver.sink()),
        env: [("TOKEN".to_owned(), super::receiver::TOKEN.to_owned())].into(),
        database: Some(database.await.unwrap()),
        ..Setup::default()
    };
    let one = Fixture::with(setup).await;
    let other = one.beside().await;
    for round in 1..=3 {
        submit(&one, &format!("{round}-")).await;
        run(if round % 2 == 0 { &one } else { &other }).await;
        let nodes = [&one, &other].into_iter().cycle().take(6);
        let sent = join_all(nodes.map(|f| f.house.send_lineage())).await;
        let sent = sent.into_iter().map(|sent| sent.unwrap().sent);
        assert_eq!(sent.sum::<u64>(), 4, "{round}");
        let expected = FOUR.repeat(round);
        assert_eq!(told(&receiver.taken()), expected);
    }
}

/// The lease of whoever fell silent runs out, and another goes on.
#[tokio::test(flavor = "multi_thread")]
async fn another_node_goes_on_where_one_fell_silent() {
    let database = tokio::task::spawn_blocking(|| testkit::postgres::database("lineage_silent"));
    let receiver = Receiver::start().await;
    let setup = Setup {
        lineage: telling(receiver.sink()),
        env: [("TOKEN".to_owned(), super::receiver::TOKEN.to_owned())].into(),
        database: Some(database.await.unwrap()),
        ..Setup::default()
    };
    let one = Fixture::with(setup).await;
    let other = one.beside().await;
    submit(&one, "V-").await;
    run(&one).await;
    let gate = testkit::Gate::new();
    one.faults.plan(Fault::held(Op::Delete, "outbox/", &gate));
    let house = std::sync::Arc::clone(&one.house);
    let silent = tokio::runtime::Handle::current().spawn(async move { house.send_lineage().await });
    gate.arrived(1).await;
    assert_eq!(other.house.send_lineage().await.unwrap().sent, 0);
    one.clock.advance(TimeDelta::seconds(121));
    assert_eq!(other.house.send_lineage().await.unwrap().sent, 4);
    gate.open();
    // It deletes what was acknowledged to it, and sends nothing more.
    assert_eq!(silent.await.unwrap().unwrap().sent, 1);
    assert_eq!(told(&receiver.taken()), [&FOUR[..1], &FOUR[..]].concat());
    assert_eq!(outbox(&one).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_a_crash_cut_is_cut_off_and_a_file_keeps_what_it_has() {
    for (before, after) in [
        ("{\"a\":1}\n{\"b", "{\"a\":1}\n"),
        ("{\"a\":1}", "{\"a\":1}\n"),
        ("{\"b", ""),
        ("{\"a\":1}\n", "{\"a\":1}\n"),
        ("", ""),
    ] {
        let (f, lines) = filing().await;
        // Longer than what is read at once.
        let long = format!("{{\"long\":\"{}\"}}\n", "x".repeat(10_000));
        let torn = format!("{long}{before}");
        std::fs::write(&lines.path, &torn).unwrap();
        submit(&f, "V-").await;
        run(&f).await;
        assert_eq!(send(&f).await.sent, 4);
        let text = text(&lines.path);
        let kept = format!("{long}{after}");
        assert!(text.starts_with(&kept), "{before}");
        let new: Vec<Value> = of(&text[kept.len()..]);
        assert_eq!(told(&new), FOUR, "{before}");
    }
}

fn of(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_keeps_the_events() {
    let (f, lines) = filing().await;
    std::fs::create_dir(&lines.path).unwrap();
    submit(&f, "V-").await;
    run(&f).await;
    let sent = send(&f).await;
    assert_eq!((sent.sent, sent.waiting), (0, 4));
    assert!(sent.error.unwrap().contains("events.ndjson"));
    std::fs::remove_dir(&lines.path).unwrap();
    assert_eq!(send(&f).await.sent, 4);
    assert_eq!(told(&lines.events()), FOUR);
}

/// The sender is killed at each of its requests of the store.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_is_killed_anywhere_loses_nothing_and_keeps_the_order() {
    for op in [Op::Get, Op::List, Op::Delete] {
        for nth in 1.. {
            let (f, lines): (Fixture, Lines) = filing().await;
            with_two_figures(&f).await;
            submit(&f, "V-").await;
            run(&f).await;
            f.faults.plan(Fault::before(op, "").nth(nth).times(1 << 40));
            let cut = f.house.send_lineage().await;
            let met = !f.faults.injected().is_empty();
            assert_eq!(cut.is_err(), met, "{op:?} {nth}");
            f.faults.forget();
            let f = f.reopened().await;
            send(&f).await;
            assert_eq!(outbox(&f).await, [""; 0], "{op:?} {nth}");
            let mut events = lines.events();
            let all = events.len();
            events.dedup();
            assert!(all - events.len() <= 1, "{op:?} {nth}");
            let once = told(&events);
            assert_eq!(once.len(), 8, "{op:?} {nth}: {once:?}");
            let starts = &once[..2];
            assert!(starts.iter().all(|of| of.starts_with("START")), "{once:?}");
            if !met {
                assert!(nth > 1, "{op:?}: {nth} requests are too few");
                break;
            }
        }
    }
}
