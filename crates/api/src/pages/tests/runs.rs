//! Runs, and who is offered what.

use axum::http::StatusCode;
use render::Language;

use super::fake::{Fake, Stage};
use super::{check, get, get_with};

#[tokio::test]
async fn runs_are_listed_in_parts_and_one_shows_its_steps() {
    let fake = Fake::new(Stage::Full);
    let first = get(&fake, "/runs").await;
    assert_eq!(first.status, StatusCode::OK);
    check("/runs", &first.body, Language::Vi);
    assert_eq!(first.body.matches("href=\"/runs/r1\"").count(), 50);
    assert!(
        first.body.contains("/runs?offset=50\" rel=\"next\""),
        "{}",
        first.body
    );
    let last = get(&fake, "/runs?offset=50").await.body;
    assert_eq!(last.matches("href=\"/runs/r1\"").count(), 10);
    assert!(!last.contains("rel=\"next\""));
    let run = get_with(&fake, "/runs/r1", "dtm_session=known; dtm_lang=en")
        .await
        .body;
    for part in [
        "<a href=\"/datasets/served.reconciliation\">",
        "<td>Failed</td>",
        "rule `score_in_range` does not hold for 3 rows",
        "<li><code>raw.dossiers</code> 7</li>",
    ] {
        assert!(run.contains(part), "{part}: {run}");
    }
}

#[tokio::test]
async fn whoever_may_not_see_runs_is_told_so() {
    let page = get(&Fake::new(Stage::Forbidden), "/runs").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    check("/runs", &page.body, Language::Vi);
}

#[tokio::test]
async fn provinces_are_sorted_by_rank_or_by_name() {
    let fake = Fake::new(Stage::Full);
    let place = |page: &str, name: &str| page.find(&format!("<th scope=\"row\">{name}<")).unwrap();
    let by_rank = get(&fake, "/").await.body;
    assert!(place(&by_rank, "Hà Nội") < place(&by_rank, "Đà Nẵng"));
    let by_name = get(&fake, "/?sort=name").await.body;
    let names = [
        "Cà Mau",
        "Đà Nẵng",
        "Điện Biên",
        "Hà Nội",
        "Huế",
        "Lâm Đồng",
    ];
    for pair in names.windows(2) {
        assert!(
            place(&by_name, pair[0]) < place(&by_name, pair[1]),
            "{pair:?}"
        );
    }
}

#[tokio::test]
async fn a_row_error_is_told_in_the_language_of_the_page() {
    let fake = Fake::new(Stage::Full);
    let page = get(&fake, &format!("/submissions/{}", super::fake::ID))
        .await
        .body;
    assert!(page.contains("<td lang=\"vi\">"), "{page}");
    assert!(page.contains("H26 Thành phố Hà Nội"), "{page}");
}
