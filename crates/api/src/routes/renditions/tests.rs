use crate::testing::{Double, get};

#[tokio::test]
async fn a_rendition_may_use_the_style_in_itself_and_nothing_else() {
    let answer = get(&Double::new(), "/api/v1/renditions/0192.html").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(
        answer.body,
        "<html><style>p { color: red }</style><p>x</p></html>"
    );
}

#[tokio::test]
async fn what_is_no_page_is_a_file_to_keep() {
    for (ending, media_type) in [
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ("csv", "text/csv; charset=utf-8; header=present"),
    ] {
        let path = format!("/api/v1/renditions/0192.{ending}");
        let answer = get(&Double::new(), &path).await;
        assert_eq!(answer.header("content-type"), media_type);
        assert_eq!(
            answer.header("content-disposition"),
            format!("attachment; filename=\"monthly.{ending}\"")
        );
    }
}

#[tokio::test]
async fn a_rendition_without_a_known_format_is_not_found() {
    for path in ["/api/v1/renditions/0192", "/api/v1/renditions/0192.pdf"] {
        let double = Double::new();
        assert_eq!(get(&double, path).await.status, 404, "{path}");
        assert!(double.asked().is_empty());
    }
}
