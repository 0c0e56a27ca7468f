//! Connectors as people see them.

use axum::http::StatusCode;
use render::Language;

use super::fake::{Fake, Stage};
use super::{check, get, get_with};

#[tokio::test]
async fn connectors_are_shown_in_both_languages_with_what_is_wrong() {
    let fake = Fake::new(Stage::Full);
    let vi = get(&fake, "/connectors").await;
    assert_eq!(vi.status, StatusCode::OK);
    check("/connectors", &vi.body, Language::Vi);
    for part in [
        "<code>province-inbox</code> Hộp nhận của tỉnh",
        "<td>Thư mục</td>",
        "<td>Kho đối tượng</td>",
        "<td>API HTTP</td>",
        "<td>SFTP</td>",
        "<td>Cơ sở dữ liệu</td>",
        "Lỗi, 3 lần liên tiếp. Chưa kết nối được tới hệ thống kia hoặc kho lưu trữ; sẽ tự thử lại: \
         <span lang=\"en\">cannot list",
        "cần sửa: <span lang=\"en\">told by the test",
        "Vượt giới hạn; phần còn lại chưa được lấy: <span",
        "Không thể chạy tiếp: <span",
        // A failure of an older version, of which no kind was kept.
        "Lỗi, 1 lần liên tiếp <span lang=\"en\">told by the test",
        "Lỗi, 3 lần liên tiếp",
        "Chưa chạy lần nào",
        "Đang tắt",
        "Đang chạy",
        "1.200",
        "aria-current=\"page\">Kết nối</a>",
    ] {
        assert!(vi.body.contains(part), "{part}: {}", vi.body);
    }
    let en = get_with(&fake, "/connectors", "dtm_session=known; dtm_lang=en").await;
    check("/connectors", &en.body, Language::En);
    for part in [
        "Inbox of the province",
        "Failed, 3 in a row",
        "cannot list `s3://drop`: &#60;no route&#62;",
        "it is tried again by itself: <span",
        "<td>Object store</td>",
        "<td>HTTP API</td>",
        "<td>Database</td>",
        "Has never run",
    ] {
        assert!(en.body.contains(part), "{part}: {}", en.body);
    }
}

#[tokio::test]
async fn without_connectors_the_page_says_where_they_are_declared() {
    let page = get(&Fake::new(Stage::Empty), "/connectors").await;
    assert_eq!(page.status, StatusCode::OK);
    check("/connectors", &page.body, Language::Vi);
    assert!(page.body.contains("<code>warehouse/connectors/</code>"));
    let page = get(&Fake::new(Stage::Forbidden), "/connectors").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}
