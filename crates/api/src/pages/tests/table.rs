//! Answers that are wider than a page.

use axum::http::StatusCode;
use render::Language;

use super::fake::{Fake, Stage};
use super::{check, post};

#[tokio::test]
async fn a_wide_answer_is_cut_by_its_size_and_says_so() {
    let fake = Fake::new(Stage::Full);
    let page = post(&fake, "/query", "sql=select+*+from+wide").await;
    assert_eq!(page.status, StatusCode::OK);
    // Among other things that the page is under its bound.
    check("/query", &page.body, Language::Vi);
    let rows = page.body.matches("<tr><td").count();
    assert!((2..200).contains(&rows), "{rows}");
    let bytes = page.body.len();
    assert!(bytes > 50_000, "there is room for more: {bytes}");
    for part in [
        format!("Chỉ hiển thị {rows} dòng đầu"),
        "Giá trị dài chỉ hiển thị 500 ký tự đầu.".to_owned(),
        "…</td>".to_owned(),
    ] {
        assert!(page.body.contains(&part), "{part}: {}", page.body);
    }
    let file = post(&fake, "/query/result", "sql=select+*+from+wide&as=csv").await;
    assert!(file.body.len() > 1_000_000, "the file has all of it");
}

#[tokio::test]
async fn an_answer_that_fits_is_not_said_to_be_cut() {
    let page = post(&Fake::new(Stage::Full), "/query", "sql=select+1").await;
    assert!(!page.body.contains("ký tự đầu"), "{}", page.body);
}
