//! Which submissions are behind a figure, asked on a page.

use std::sync::Arc;

use axum::http::StatusCode;
use render::Language;
use service::{ErrorKind, ServiceError};

use super::fake::{EVIL, Fake, Stage};
use super::{Read, check, get, get_with};
use crate::pages::visit::address;

const ENGLISH: &str = "dtm_session=known; dtm_lang=en";
const PATH: &str = "/datasets/served.dossiers_by_agency/trace";

async fn ask(fake: &Arc<Fake>, condition: &str) -> Read {
    get_with(fake, &address(PATH, &[("where", condition)]), ENGLISH).await
}

#[tokio::test]
async fn the_form_alone_offers_the_columns_and_asks_for_nothing() {
    let fake = Fake::new(Stage::Full);
    let page = get_with(&fake, PATH, ENGLISH).await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "<form method=\"get\" action=\"/datasets/served.dossiers_by_agency/trace\">",
        "<code>agency_code = &#39;…&#39; and period = &#39;…&#39;</code>",
        "<option value=\"\">The whole row</option>",
        "<option value=\"received_total\">received_total (Dossiers received)</option>",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("id=\"answer\""), "{}", page.body);
    let empty = get(&fake, &format!("{PATH}?where=&column=&at=")).await;
    assert_eq!(empty.status, StatusCode::OK);
    check(PATH, &empty.body, Language::Vi);
    let asked = fake.asked.lock().unwrap().clone();
    assert!(
        !asked.iter().any(|asked| asked.starts_with("trace")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn an_answer_tells_how_many_of_which_run_and_how_far_to_trust_it() {
    let fake = Fake::new(Stage::Full);
    let given = [
        ("where", "period = '2026-09'"),
        ("column", "received_total"),
        ("at", "2026-09-30"),
    ];
    let path = address(PATH, &given);
    let page = get_with(&fake, &path, ENGLISH).await;
    assert_eq!(page.status, StatusCode::OK);
    check(&path, &page.body, Language::En);
    let id = crate::testing::ID;
    let hash = "ab".repeat(32);
    for part in [
        "\nperiod = &#39;2026-09&#39;</textarea>",
        "<option value=\"received_total\" selected>",
        "value=\"2026-09-30\"",
        "1 row was chosen, computed by the run <a href=\"/runs/r1\"><code>r1</code></a>; \
         2 submissions are behind this.",
        "<p class=\"next\">Computed again from the submissions",
        "and from no others, the figures came out the same.",
        "The list may name too many submissions, but none is missing.",
        "<li><a href=\"/datasets/refined.visits\">refined.visits</a>: \
         <span lang=\"en\">a window function</span></li>",
        &format!("<a href=\"/submissions/{id}\"><code>{id}</code></a>"),
        "<td><a href=\"/datasets/raw.visits\">raw.visits</a></td><td>H26.01</td><td>2026-09</td>",
        "<td>It keeps the row there</td><td class=\"number\">1</td>",
        "<td>Its rows are in the figure</td><td class=\"number\">2</td>",
        &format!("<td><code title=\"{hash}\">abababababab…</code></td>"),
        "<a href=\"/datasets/raw.visits\">raw.visits</a> 7",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let asked = fake.asked.lock().unwrap().clone();
    let question = "trace period = '2026-09' Some(\"received_total\") Instant(";
    assert!(
        asked.iter().any(|asked| asked.starts_with(question)),
        "{asked:?}"
    );
    let page = get(&fake, &path).await.body;
    for part in ["Đã chọn 1 dòng", "<td>Nhờ nó mà dòng số liệu có mặt</td>"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn what_is_exact_empty_different_or_cut_is_said_to_be() {
    let fake = Fake::new(Stage::Full);
    let table = "<th scope=\"row\">";
    for (condition, said, rows) in [
        ("exact", "The list is exact", 2),
        ("no row", "<p role=\"status\">No row meets the condition", 0),
        ("no submission", "; no submission is behind this.", 0),
        ("not the same", "the figures came out different", 2),
        ("not the same", "<p class=\"refusal\">", 2),
        ("many", "1,234 rows were chosen", 100),
        ("many", "; 1,500 submissions are behind this.", 100),
        ("many", "Only the first 100 submissions are shown.", 100),
    ] {
        let page = ask(&fake, condition).await;
        assert_eq!(page.status, StatusCode::OK);
        check(condition, &page.body, Language::En);
        assert!(page.body.contains(said), "{said}: {}", page.body);
        assert_eq!(page.body.matches(table).count(), rows, "{condition}");
    }
    let page = ask(&fake, "no row").await.body;
    assert!(!page.contains("Computed again"), "{page}");
}

#[tokio::test]
async fn what_is_refused_is_kept_beside_the_message_and_the_hint() {
    let cases: [(fn() -> ServiceError, u16); 3] = [
        (
            || ServiceError::new(ErrorKind::Invalid, "no `perod` <b>").hint("Write `period`."),
            400,
        ),
        (
            || ServiceError::new(ErrorKind::LimitExceeded, "over `trace.rows`"),
            422,
        ),
        (|| ServiceError::new(ErrorKind::Forbidden, "not yours"), 403),
    ];
    for (failure, status) in cases {
        let page = ask(&Fake::failing(failure), "perod = '2026-09'").await;
        assert_eq!(page.status.as_u16(), status);
        check(PATH, &page.body, Language::En);
        for part in [
            "\nperod = &#39;2026-09&#39;</textarea>",
            "aria-describedby=\"where-hint refusal\" aria-invalid=\"true\"",
            "<code>c1</code>",
        ] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
    }
    let page = ask(&Fake::failing(cases[0].0), "perod").await.body;
    assert!(
        page.contains("no `perod` &#60;b&#62;") && page.contains("Write `period`."),
        "{page}"
    );
}

#[tokio::test]
async fn what_was_entered_is_escaped_and_kept_even_if_it_is_none_of_the_choices() {
    let fake = Fake::new(Stage::Full);
    let evil = "&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#34;&#38;";
    for (at, status) in [("", StatusCode::OK), (EVIL, StatusCode::BAD_REQUEST)] {
        let path = address(PATH, &[("where", EVIL), ("column", EVIL), ("at", at)]);
        let page = get(&fake, &path).await;
        assert_eq!(page.status, status);
        check(&path, &page.body, Language::Vi);
        for part in [
            format!("\n{evil}</textarea>"),
            format!("<option value=\"{evil}\" selected>{evil}</option>"),
        ] {
            assert!(page.body.contains(&part), "{part}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn only_what_can_be_traced_is_offered_to_those_who_may() {
    let served = "served.dossiers_by_agency";
    for (role, dataset, is_offered) in [
        ("administrator", served, true),
        ("administrator", "raw.dossiers", true),
        ("administrator", "codes.agencies", false),
        ("analyst", "refined.dossiers", true),
        ("auditor", served, true),
        ("auditor", "raw.dossiers", false),
        ("official", served, false),
    ] {
        let page = get(&Fake::for_role(role), &format!("/datasets/{dataset}")).await;
        let link = format!("href=\"/datasets/{dataset}/trace\"");
        assert_eq!(page.body.contains(&link), is_offered, "{role} {dataset}");
    }
    let page = get(&Fake::new(Stage::Unapplied), "/datasets/raw.dossiers").await;
    assert!(!page.body.contains("/trace\""), "{}", page.body);
}

#[tokio::test]
async fn an_answer_links_to_nothing_that_the_role_may_not_see() {
    for (role, submissions, runs) in [
        ("administrator", true, true),
        ("analyst", false, true),
        ("auditor", false, false),
    ] {
        let page = ask(&Fake::for_role(role), "true").await.body;
        check(PATH, &page, Language::En);
        assert_eq!(page.contains("href=\"/submissions/"), submissions, "{role}");
        assert_eq!(page.contains("href=\"/runs/"), runs, "{role}");
        assert!(page.contains("<code>r1</code>"), "{role}: {page}");
    }
}
