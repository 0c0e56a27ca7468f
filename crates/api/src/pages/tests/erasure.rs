//! Erasing evidence on the page of its submission.

use axum::http::StatusCode;

use super::fake::{ERASED, EVIL, Fake, ID, Stage};
use super::{check, get, get_with, post};
use render::Language;

fn page() -> String {
    format!("/submissions/{ID}")
}

#[tokio::test]
async fn whoever_may_erase_sees_the_form_and_others_do_not() {
    let action = format!("action=\"/submissions/{ID}/erase\"");
    for (role, offered) in [
        ("administrator", true),
        ("submitter", false),
        ("official", false),
        ("data_engineer", false),
    ] {
        let fake = Fake::with(Stage::Full, role, None);
        let body = get(&fake, &page()).await.body;
        assert_eq!(body.contains(&action), offered, "{role}");
    }
}

#[tokio::test]
async fn what_was_erased_is_told_in_both_languages_and_cannot_be_fetched_or_erased() {
    let fake = Fake::new(Stage::Full);
    for (language, word) in [(Language::Vi, "Đã xóa"), (Language::En, "Erased")] {
        let cookie = format!("dtm_session=known; dtm_lang={}", language.as_str());
        let path = format!("/submissions/{ERASED}");
        let body = get_with(&fake, &path, &cookie).await.body;
        check(&path, &body, language);
        assert!(body.contains(word), "{body}");
        assert!(!body.contains("/evidence\""), "{body}");
        assert!(!body.contains("/erase\""), "{body}");
        let restricted = get_with(&fake, &page(), &cookie).await.body;
        assert!(restricted.contains("/evidence\""), "{restricted}");
    }
}

#[tokio::test]
async fn a_form_that_is_refused_is_shown_again_with_why_and_what_was_typed() {
    let fake = Fake::new(Stage::Full);
    let path = format!("{}/erase", page());
    let refused = post(
        &fake,
        &path,
        "reason=%3Cscript%3Ealert('x')%3C/script%3E\"%26",
    )
    .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    check(&path, &refused.body, Language::Vi);
    assert!(refused.body.contains("that of another"), "{}", refused.body);
    let asked = fake.asked.lock().unwrap().clone();
    assert!(asked.contains(&format!("erase {EVIL} false")), "{asked:?}");

    let done = post(&fake, &path, "reason=by+mistake&others=true").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(done.header("location"), page());
    let asked = fake.asked.lock().unwrap().clone();
    assert!(
        asked.contains(&"erase by mistake true".to_owned()),
        "{asked:?}"
    );
}
