//! An API of pages: what lands, what is new, what breaks off.

use axum::http::StatusCode;
use service::{ErrorKind, PullRequest, Service};
use testkit::{Fault, Op};

use super::portal::{Instead, Portal, TOKEN};
use super::{all, entries, pull, pulled, setup, state};
use crate::home::Fixture;

async fn house(connector: &str) -> Fixture {
    house_with(connector, TOKEN).await
}

async fn house_with(connector: &str, token: &str) -> Fixture {
    let mut setup = setup(connector);
    let variable = ("PORTAL_TOKEN".to_owned(), token.to_owned());
    setup.env.extend([variable]);
    Fixture::with(setup).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_an_api_land_and_the_next_pull_brings_what_is_new() {
    let portal = Portal::start().await;
    portal.add(1, 5);
    let f = house(&portal.connector()).await;
    let pieces = pulled(&f).await;
    assert_eq!(pieces.len(), 3, "{pieces:?}");
    assert!(pieces.iter().all(|piece| piece.landed), "{pieces:?}");
    assert_eq!(
        pieces[1].name,
        format!("page 2 of `http://{}/v1/visits`", portal.at)
    );
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3, V-4 4, V-5 5");
    // The last one begins the next walk, which finds nothing.
    assert_eq!(portal.pages(), ["1", "2", "3", "1"]);

    assert_eq!(pulled(&f).await, []);
    let asked = portal.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].get("updated_from"), "2026-09-01T05:00:00+07:00");

    portal.add(6, 8);
    let f = f.reopened().await;
    assert_eq!(pulled(&f).await.len(), 2);
    assert_eq!(f.number("select count(*) from raw.visits").await, 8);
    let state = state(&f).await;
    assert_eq!((state.kind.as_str(), state.failures), ("http", 0));
    assert_eq!(state.mark.as_deref(), Some("2026-09-01T08:00:00+07:00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_once_is_asked_for_again_at_once() {
    let portal = Portal::start().await;
    portal.add(1, 3);
    portal.instead("2", Instead::Fail(StatusCode::BAD_GATEWAY), 1);
    let f = house(&portal.connector()).await;
    assert_eq!(pulled(&f).await.len(), 2);
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3");
    assert_eq!(portal.pages(), ["1", "2", "2", "1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_breaks_off_goes_on_in_the_next_process_where_it_was() {
    let portal = Portal::start().await;
    portal.add(1, 5);
    portal.instead("2", Instead::Fail(StatusCode::NOT_FOUND), 1);
    let f = house(&portal.connector()).await;
    let report = pull(&f).await.unwrap();
    assert_eq!(report.pieces.len(), 1);
    assert!(report.error.unwrap().contains("page 2 of"));
    assert_eq!(all(&f).await, "V-1 1, V-2 2");
    let told = state(&f).await;
    assert_eq!(
        (told.failures, told.error_kind),
        (1, Some(ErrorKind::Invalid))
    );
    assert_eq!(told.mark.as_deref(), Some("+ 1"));
    let f = f.reopened().await;
    portal.asked();
    assert_eq!(pulled(&f).await.len(), 2);
    assert_eq!(portal.pages(), ["2", "3", "1"]);
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3, V-4 4, V-5 5");
    assert_eq!(state(&f).await.error_kind, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_could_not_be_kept_or_landed_is_not_passed_by_the_mark() {
    for (op, at) in [
        (Op::Put, "evidence"),
        (Op::Put, "submissions/by-key"),
        (Op::Put, "raw/visits/_delta_log"),
    ] {
        let portal = Portal::start().await;
        portal.add(1, 5);
        let f = house(&portal.connector()).await;
        f.faults.plan(Fault::before(op, at).times(100));
        let report = pull(&f).await.unwrap();
        assert_eq!(report.pieces, [], "{at}");
        assert!(report.error.is_some(), "{at}");
        assert_eq!(state(&f).await.mark, None, "{at}");
        f.faults.forget();
        let f = f.reopened().await;
        pulled(&f).await;
        let landed = "V-1 1, V-2 2, V-3 3, V-4 4, V-5 5";
        assert_eq!(all(&f).await, landed, "{at}");
        assert!(state(&f).await.mark.is_some(), "{at}");
    }
}

/// Its lease has run out while the portal kept it waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_connector_another_has_taken_over_stops_and_lands_nothing_more() {
    let portal = Portal::start().await;
    portal.add(1, 5);
    portal.instead("2", Instead::Hold, 1);
    let database = tokio::task::spawn_blocking(|| testkit::postgres::database("pull"));
    let mut setup = setup(&portal.connector());
    let variable = ("PORTAL_TOKEN".to_owned(), TOKEN.to_owned());
    setup.env.extend([variable]);
    setup.database = Some(database.await.unwrap());
    let one = Fixture::with(setup).await;
    let other = one.beside().await;
    let taking_over = async {
        portal.is_waited_for().await;
        one.clock.advance(chrono::TimeDelta::minutes(3));
        let taken = pulled(&other).await;
        portal.go_on();
        taken
    };
    let (report, taken) = tokio::join!(pull(&one), taking_over);
    let report = report.unwrap();
    assert_eq!((report.pieces.len(), taken.len()), (1, 2));
    let told = report.error.unwrap();
    assert!(
        told.contains("another process runs connector `inbox` by now"),
        "{told}"
    );
    assert_eq!(all(&one).await, "V-1 1, V-2 2, V-3 3, V-4 4, V-5 5");
    // What it says of itself is not kept over what the other did.
    let state = state(&other).await;
    assert_eq!((state.failures, state.error_kind), (0, None));
    assert_eq!(state.mark.as_deref(), Some("2026-09-01T05:00:00+07:00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_refused_stops_none_behind_it() {
    let portal = Portal::start().await;
    portal.add_bad(1);
    portal.add_bad(2);
    portal.add(3, 4);
    let f = house(&portal.connector()).await;
    let pieces = pulled(&f).await;
    let landed: Vec<bool> = pieces.iter().map(|piece| piece.landed).collect();
    assert_eq!(landed, [false, true]);
    assert!(
        pieces[0]
            .message
            .as_ref()
            .unwrap()
            .contains("none of the 2 rows landed")
    );
    assert_eq!(all(&f).await, "V-3 3, V-4 4");
    assert_eq!(pulled(&f).await, []);
    assert_eq!(state(&f).await.failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_a_private_address_is_told_and_not_followed() {
    let (portal, other) = (Portal::start().await, Portal::start().await);
    portal.add(1, 3);
    other.add(10, 12);
    let to = format!("http://{}/v1/visits?page=2&size=2", other.at);
    portal.instead("2", Instead::Redirect(to), 1);
    // Even where the address may be reached by a connector that says so.
    let connector = portal.connector().replace(
        &format!("['{}']", portal.at),
        &format!("['{}', '{}']", portal.at, other.at),
    );
    let f = house(&connector).await;
    let report = pull(&f).await.unwrap();
    let told = report.error.unwrap();
    let place = format!("redirect to `http://{}/v1/visits`", other.at);
    assert!(
        told.contains(&place) && told.contains("not followed"),
        "{told}"
    );
    assert_eq!(other.asked().len(), 0);
    assert_eq!(all(&f).await, "V-1 1, V-2 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_reads_the_pages_of_another_system() {
    const ADAPTER: &str = "\
name: visits-of-the-portal
title: { vi: Lượt, en: Visits }
dataset: raw.visits
format: json
rows: dulieu
envelope:
  phien: { drop: true }
  madonvi: { is: agency }
columns:
  visit_id: { from: MaLuot }
  office: { from: TruSo }
  visited_at: { from: ThoiDiem, date: yyyyMMddHHmmss, zone: Asia/Ho_Chi_Minh }
  minutes: { from: SoPhut }
drop: [GhiChu]
";
    let portal = Portal::start().await;
    portal.add(1, 3);
    let connector = format!(
        "name: inbox\ntitle: {{ vi: Cổng, en: Portal }}\nkind: http\nsource:\n  url: \
         http://{at}/cong/luot\n  allow_http: true\n  allow_addresses: [127.0.0.0/8]\n  header: {{ \
         name: Authorization, value: env:PORTAL_TOKEN }}\n  records: /dulieu\n  hand_on: page\n\
         dataset: raw.visits\nagency: H26\nperiod: 2026-09\nbody: {{ adapter: \
         visits-of-the-portal }}\nschedule: {{ every: 15m }}\nrepeated: replaces\n",
        at = portal.at
    );
    let mut setup = setup(&connector);
    setup = setup.with_file("warehouse/adapters/visits-of-the-portal.yaml", ADAPTER);
    let variable = ("PORTAL_TOKEN".to_owned(), format!("Bearer {TOKEN}"));
    setup.env.extend([variable]);
    let f = Fixture::with(setup).await;
    assert_eq!(pulled(&f).await.len(), 1);
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3");
    // What is read as a whole is new when anything in it is, and then takes the place of the rest.
    assert_eq!(pulled(&f).await, []);
    portal.add(4, 4);
    assert_eq!(pulled(&f).await.len(), 1);
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3, V-4 4");
    assert_eq!(pulled(&f).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_leads_nowhere_is_told_with_the_way_out_and_the_start_is_one() {
    let portal = Portal::start().await;
    portal.add(1, 4);
    portal.instead("2", Instead::Fail(StatusCode::NOT_FOUND), 1);
    let f = house(&portal.connector()).await;
    assert!(pull(&f).await.unwrap().error.is_some());
    assert_eq!(all(&f).await, "V-1 1, V-2 2");
    f.files.edit("warehouse/connectors/inbox.yaml", |text| {
        text.replace("{ page: page }", "{ offset: skip }")
            .replace("repeated: new", "repeated: corrects")
    });
    f.house.apply(&f.admin).await.unwrap();
    let told = pull(&f).await.unwrap().error.unwrap();
    assert!(told.contains("another kind of paging"), "{told}");
    assert!(told.contains("`dtm pull NAME --from-start`"), "{told}");
    let request = PullRequest {
        connector: Some("inbox".to_owned()),
        from_start: true,
    };
    let reports = f.house.pull(&f.admin, request).await.unwrap();
    assert_eq!(reports[0].error, None);
    assert_eq!(reports[0].pieces.len(), 2);
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3, V-4 4");
    assert_eq!(pulled(&f).await, []);
    let every = PullRequest {
        connector: None,
        from_start: true,
    };
    let refused = f.house.pull(&f.admin, every).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_in_no_error_no_entry_and_no_state() {
    const WRONG: &str = "a-wrong-token-of-the-test";
    let portal = Portal::start().await;
    let f = house_with(&portal.connector(), WRONG).await;
    let report = pull(&f).await.unwrap();
    let told = report.error.clone().unwrap();
    assert!(
        told.contains("(401)") && told.contains("`env:PORTAL_TOKEN`"),
        "{told}"
    );
    let shown = format!("{report:?} {:?} {:?}", state(&f).await, entries(&f).await);
    assert!(!shown.contains(WRONG), "{shown}");
    // Without the variable it is the reference that is told, and nothing is asked.
    portal.asked();
    f.files.edit("warehouse/connectors/inbox.yaml", |text| {
        text.replace("env:PORTAL_TOKEN", "env:NOWHERE")
    });
    f.house.apply(&f.admin).await.unwrap();
    let told = pull(&f).await.unwrap().error.unwrap();
    assert!(
        told.contains("the secret `env:NOWHERE`: it is not set"),
        "{told}"
    );
    assert_eq!(portal.asked().len(), 0);
}
