//! Rolling back on the page of a run.

use axum::http::StatusCode;
use render::Language;
use service::{ErrorKind, ServiceError};

use super::fake::{Fake, Stage};
use super::{check, get, get_with, post};

const PAGE: &str = "/runs/r1";
const FORM: &str = "/runs/r1/rollback";

#[tokio::test]
async fn whoever_may_roll_back_sees_the_form_and_others_do_not() {
    for (role, offered) in [
        ("administrator", true),
        ("data_engineer", true),
        ("operator", true),
        ("analyst", false),
    ] {
        let body = get(&Fake::for_role(role), PAGE).await.body;
        assert_eq!(
            body.contains(&format!("action=\"{FORM}\"")),
            offered,
            "{role}"
        );
    }
}

#[tokio::test]
async fn a_rollback_tells_which_runs_it_undid_and_which_datasets_it_restored() {
    let fake = Fake::new(Stage::Full);
    let page = post(&fake, FORM, "sure=true").await;
    assert_eq!(page.status, StatusCode::OK);
    check(FORM, &page.body, Language::Vi);
    for part in [
        "<a href=\"/runs/r2\">",
        "<a href=\"/datasets/served.visits\">served.visits</a>",
        "<td class=\"number\">6</td>",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("action=\"/runs/r1/rollback\""));
    // In the other language the page is asked for anew.
    let back = get_with(&fake, &format!("{FORM}?lang=en"), "dtm_session=known").await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert_eq!(back.header("location"), PAGE);
}

#[tokio::test]
async fn a_rollback_that_is_not_confirmed_or_refused_is_told_beside_the_form() {
    let fake = Fake::new(Stage::Full);
    let page = post(&fake, FORM, "").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    check(FORM, &page.body, Language::Vi);
    assert!(page.body.contains("was not confirmed"), "{}", page.body);
    let asked = fake.asked.lock().unwrap().clone();
    assert!(!asked.contains(&"rollback r1".to_owned()), "{asked:?}");

    let fake = Fake::failing(|| {
        ServiceError::new(ErrorKind::Conflict, "there is nothing to undo").hint("Look.")
    });
    let page = post(&fake, FORM, "sure=true").await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    check(FORM, &page.body, Language::Vi);
    for part in ["there is nothing to undo", "action=\"/runs/r1/rollback\""] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
}

#[tokio::test]
async fn a_rollback_that_is_forbidden_or_of_no_run_is_a_page_of_its_own() {
    let fake = Fake::failing(|| ServiceError::new(ErrorKind::Forbidden, "no"));
    let page = post(&fake, FORM, "sure=true").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let fake = Fake::new(Stage::Full);
    let page = post(&fake, "/runs/absent/rollback", "").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    check(FORM, &page.body, Language::Vi);
}
