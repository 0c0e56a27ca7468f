mod connectors;
mod dataset;
mod erasure;
mod fake;
mod lineage;
mod locales;
mod rollback;
mod runs;
mod table;
mod trace;
mod unknown;
mod well_formed;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use render::Language;
use service::{ErrorKind, Service, ServiceError};
use tower::ServiceExt;

use super::sign_in::local;
use crate::ApiState;
use fake::{ERASED, EVIL, Fake, ID, Stage};

struct Read {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Read {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn cookies(&self) -> Vec<&str> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .map(|c| c.to_str().unwrap())
            .collect()
    }
}

fn state(fake: &Arc<Fake>) -> ApiState {
    let service: Arc<dyn Service> = fake.clone();
    ApiState {
        service,
        correlation_ids: Arc::new(|| "c1".to_owned()),
        ..base()
    }
}

fn base() -> ApiState {
    crate::testing::state(&crate::testing::Double::new())
}

async fn send(fake: &Arc<Fake>, request: Request<Body>) -> Read {
    let router = super::router().with_state(state(fake));
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Read {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

async fn get_with(fake: &Arc<Fake>, path: &str, cookie: &str) -> Read {
    let request = Request::builder().uri(path).header("cookie", cookie);
    send(fake, request.body(Body::empty()).unwrap()).await
}

async fn get(fake: &Arc<Fake>, path: &str) -> Read {
    get_with(fake, path, "dtm_session=known").await
}

async fn post(fake: &Arc<Fake>, path: &str, form: &str) -> Read {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("cookie", "dtm_session=known")
        .header("content-type", "application/x-www-form-urlencoded");
    send(fake, request.body(Body::from(form.to_owned())).unwrap()).await
}

fn pages() -> Vec<String> {
    let pages = [
        "/",
        "/?period=2026-08",
        "/datasets",
        "/datasets/served.provincial_scoreboard",
        "/datasets/served.reconciliation",
        "/datasets/raw.dossiers",
        "/datasets/raw.dossiers/history",
        "/datasets/raw.dossiers/history?offset=100",
        "/datasets/raw.dossiers/obligations",
        "/datasets/raw.dossiers/obligations?period=2026-09&offset=100",
        "/datasets/raw.dossiers/trace",
        "/datasets/served.dossiers_by_agency/trace?where=true&column=received_total",
        "/datasets/served.dossiers_by_agency/trace?where=many",
        "/lineage",
        "/lineage/served.provincial_scoreboard",
        "/lineage/served.provincial_scoreboard?depth=9",
        "/lineage/served.reconciliation?columns=1",
        "/lineage/served.reconciliation?columns=1&all=1",
        "/lineage/served.dossiers_by_agency?columns=1&all=1",
        "/lineage/raw.dossiers?columns=1",
        "/lineage/refined.dossiers.agency_code",
        "/query",
        "/reports",
        "/reports/monthly-summary",
        "/quarantine",
        "/quarantine?rule=x&offset=100",
        "/quarantine?rule=none",
        "/submissions",
        "/runs/r1",
    ];
    let submissions = [ID, ERASED].map(|id| format!("/submissions/{id}"));
    pages
        .into_iter()
        .map(ToOwned::to_owned)
        .chain(submissions)
        .collect()
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_sign_in_and_back() {
    let fake = Fake::new(Stage::Full);
    for page in pages() {
        for cookie in ["", "dtm_session=ended"] {
            let answer = get_with(&fake, &page, cookie).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{page}");
            assert!(answer.body.is_empty(), "{page}");
            let to = answer.header("location");
            assert!(to.starts_with("/sign-in"), "{page}: {to}");
        }
    }
    let answer = get_with(&fake, "/datasets/raw.dossiers?offset=5", "").await;
    assert_eq!(
        answer.header("location"),
        "/sign-in?next=%2Fdatasets%2Fraw.dossiers%3Foffset%3D5"
    );
    let form = Request::post("/query").header("content-type", "application/x-www-form-urlencoded");
    let answer = send(&fake, form.body(Body::from("sql=select+1")).unwrap()).await;
    assert_eq!(answer.header("location"), "/sign-in?next=%2Fquery");
}

#[test]
fn nobody_is_sent_to_another_site() {
    for next in [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/a\\b",
        "/a\r\nset-cookie: x",
        "evil",
        "/sign-out",
    ] {
        assert_eq!(local(Some(next)), "/", "{next:?}");
    }
    assert_eq!(local(Some("/datasets?a=1&b=%2F")), "/datasets?a=1&b=%2F");
    assert_eq!(local(None), "/");
}

#[tokio::test]
async fn a_link_preview_does_not_use_up_a_one_time_code() {
    let fake = Fake::new(Stage::Full);
    let page = get_with(&fake, "/sign-in?code=good&next=/datasets", "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body
            .contains(r#"<input type="hidden" name="code" value="good">"#)
    );
    assert!(fake.asked.lock().unwrap().is_empty());
    let answer = post(&fake, "/sign-in", "code=good&next=%2Fdatasets").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/datasets")
    );
    assert_eq!(
        answer.cookies(),
        ["dtm_session=known; Path=/; HttpOnly; SameSite=Lax"]
    );
}

#[tokio::test]
async fn a_wrong_token_is_refused_without_a_cookie_and_the_way_on_is_kept() {
    let fake = Fake::new(Stage::Full);
    for form in [
        "token=bad&next=%2Freports",
        "token=+&next=%2Freports",
        "next=%2Freports",
    ] {
        let answer = post(&fake, "/sign-in", form).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{form}");
        assert!(answer.cookies().is_empty());
        assert!(
            answer.body.contains(r#"name="next" value="/reports""#),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("bad"), "a token is never shown again");
    }
    let answer = post(&fake, "/sign-in", "token=+good+&next=%2F%2Fevil").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/")
    );
}

#[tokio::test]
async fn signing_out_works_even_when_the_session_has_ended() {
    let fake = Fake::new(Stage::Full);
    for cookie in ["dtm_session=known", "dtm_session=ended", ""] {
        let request = Request::post("/sign-out").header("cookie", cookie);
        let answer = send(&fake, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("location"), "/sign-in", "{cookie}");
        assert_eq!(
            answer.cookies(),
            ["dtm_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"],
            "{cookie}"
        );
    }
}

/// What a page and its style are allowed together.
const LARGEST_BYTES: usize = 100_000;

/// What every page must have, whatever it is about.
fn check(name: &str, html: &str, language: Language) {
    assert!(html.starts_with(&format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">",
        language.as_str()
    )));
    assert_eq!(html.matches("<h1").count(), 1, "{name}: one h1");
    assert_eq!(html.matches("<main ").count(), 1, "{name}");
    assert!(html.contains(r##"class="skip" href="#content""##), "{name}");
    for never in [
        "<script", " style=", "<style", " onclick", "http://", "https://", EVIL,
    ] {
        // The SVG picture of a page names no namespace; nothing else may name an address either.
        assert!(!html.contains(never), "{name}: {never}");
    }
    assert_eq!(well_formed::breach(html), None, "{name}");
    let bytes = html.len() + include_str!("../../assets/pages.css").len();
    assert!(
        bytes < LARGEST_BYTES,
        "{name}: {bytes} bytes with its style"
    );
    let values = |attribute: &str| -> Vec<String> {
        let start = format!(" {attribute}=\"");
        let parts = html.split(start.as_str()).skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    };
    let ids = values("id");
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{name}: ids are unique");
    for attribute in ["aria-labelledby", "aria-describedby", "for", "list"] {
        for value in values(attribute) {
            for id in value.split(' ') {
                assert!(
                    ids.iter().any(|known| known == id),
                    "{name}: {attribute} {id}"
                );
            }
        }
    }
    for control in ["<input", "<select", "<textarea"] {
        for part in html.split(control).skip(1) {
            let tag = part.split('>').next().unwrap();
            let labelled = tag.contains("type=\"hidden\"")
                || values("for")
                    .iter()
                    .any(|id| tag.contains(&format!("id=\"{id}\"")));
            assert!(labelled, "{name}: {control}{tag}");
        }
    }
}

#[tokio::test]
async fn every_page_is_whole_in_both_languages_and_at_every_stage() {
    for stage in [
        Stage::Unapplied,
        Stage::Empty,
        Stage::Submitted,
        Stage::Full,
        Stage::Forbidden,
    ] {
        let fake = Fake::new(stage);
        for language in Language::ALL {
            let cookie = format!("dtm_session=known; dtm_lang={}", language.as_str());
            for page in pages() {
                let answer = get_with(&fake, &page, &cookie).await;
                assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.body);
                assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
                check(&page, &answer.body, language);
            }
            let form = get_with(&fake, "/sign-in", &cookie).await;
            check("/sign-in", &form.body, language);
        }
    }
}

#[tokio::test]
async fn an_overview_without_figures_says_what_to_do_next() {
    for (stage, next) in [
        (Stage::Unapplied, "dtm apply"),
        (Stage::Empty, "dtm submit raw.dossiers"),
        (Stage::Submitted, "dtm run"),
        (Stage::Forbidden, "Vai trò của bạn không được xem số liệu"),
    ] {
        let page = get(&Fake::new(stage), "/").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(next), "{next}: {}", page.body);
        assert!(!page.body.contains("<svg"), "{next}");
    }
}

#[tokio::test]
async fn the_overview_shows_figures_bands_and_chart_of_the_period_that_was_chosen() {
    let fake = Fake::new(Stage::Full);
    let page = get(&fake, "/?period=2026-08").await.body;
    for part in [
        r#"<option value="2026-08" selected>Tháng 8 năm 2026 (2026-08)</option>"#,
        "<dd>1.002.317</dd>",
        "<dd>95,6%</dd>",
        r#"<span class="band">A</span>"#,
        r#"<td class="number">95,21</td>"#,
        "<svg class=\"chart-bar\" role=\"img\"",
        r#"<p class="refusal"><a href="/runs/r1">"#,
    ] {
        assert!(page.contains(part), "{part}");
    }
    let newest = get(&fake, "/?period=1999-01").await.body;
    assert!(
        newest.contains(r#"<option value="2026-09" selected>"#),
        "an unknown period"
    );
}

#[tokio::test]
async fn the_language_is_switched_kept_and_defaults_to_vietnamese() {
    let fake = Fake::new(Stage::Full);
    let page = get(&fake, "/submissions?offset=50").await;
    assert!(page.body.contains("<html lang=\"vi\">"));
    assert!(
        page.body
            .contains(r#"href="/submissions?offset=50&#38;lang=en""#),
        "{}",
        page.body
    );
    assert!(page.cookies().is_empty());
    let page = get(&fake, "/submissions?offset=50&lang=en").await;
    assert!(page.body.contains("<html lang=\"en\">"));
    assert_eq!(
        page.cookies(),
        ["dtm_lang=en; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"]
    );
    for cookie in [
        "dtm_session=known; dtm_lang=fr",
        "dtm_lang=; dtm_session=known",
    ] {
        assert!(
            get_with(&fake, "/", cookie)
                .await
                .body
                .contains("<html lang=\"vi\">")
        );
    }
    let page = get_with(&fake, "/?lang=fr", "dtm_lang=en; dtm_session=known").await;
    assert!(page.body.contains("<html lang=\"en\">") && page.cookies().is_empty());
}

#[tokio::test]
async fn a_query_shows_its_first_rows_and_says_that_there_are_more() {
    let fake = Fake::new(Stage::Full);
    let page = post(&fake, "/query", "sql=select+1+as+%3Cb%3E").await;
    assert_eq!(page.status, StatusCode::OK);
    check("/query", &page.body, Language::Vi);
    assert!(
        page.body.contains("\nselect 1 as &#60;b&#62;</textarea>"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("Chỉ hiển thị 200 dòng đầu"),
        "{}",
        page.body
    );
    assert_eq!(page.body.matches("<tr>").count(), 201);
    assert!(page.body.contains("&#60;script&#62;"), "values are escaped");
}

#[tokio::test]
async fn a_query_that_is_refused_is_kept_beside_the_message_and_the_hint() {
    let cases: [(fn() -> ServiceError, u16); 3] = [
        (
            || ServiceError::new(ErrorKind::Invalid, "no `selec` <b>").hint("Write `select`."),
            400,
        ),
        (
            || ServiceError::new(ErrorKind::LimitExceeded, "over `memory_bytes`"),
            422,
        ),
        (|| ServiceError::new(ErrorKind::Forbidden, "not yours"), 403),
    ];
    for (failure, status) in cases {
        let page = post(&Fake::failing(failure), "/query", "sql=selec+1").await;
        assert_eq!(page.status.as_u16(), status);
        check("/query", &page.body, Language::Vi);
        assert!(page.body.contains("\nselec 1</textarea>"));
        assert!(page.body.contains("<code>c1</code>"), "the correlation id");
    }
    let page = post(&Fake::failing(cases[0].0), "/query", "sql=selec+1").await;
    assert!(page.body.contains("no `selec` &#60;b&#62;") && page.body.contains("Write `select`."));
    let page = post(&Fake::new(Stage::Full), "/query", "sql=+").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "an empty box");
}

#[tokio::test]
async fn the_whole_result_of_a_query_is_a_file_to_keep() {
    let fake = Fake::new(Stage::Full);
    let page = post(&fake, "/query", "sql=select+1+as+%3Cb%3E").await.body;
    assert!(
        page.contains(r#"name="sql" value="select 1 as &#60;b&#62;""#),
        "{page}"
    );
    let file = post(&fake, "/query/result", "sql=select+1&as=csv").await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.body);
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"result.csv\""
    );
    assert!(file.body.lines().count() > 200, "{}", file.body);
    let page = post(&fake, "/query/result", "sql=select+1&as=exe").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    check("/query/result", &page.body, Language::Vi);
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_the_way_out() {
    let fake = Fake::new(Stage::Full);
    for path in [
        "/datasets/nonsense",
        "/datasets/served.absent",
        "/datasets/nonsense/history",
        "/datasets/nonsense/trace",
        "/datasets/served.absent/trace?where=true",
        "/reports/absent",
        "/lineage/nonsense",
        "/lineage/served.absent",
        "/lineage/raw.dossiers.absent",
        "/runs/absent",
        "/submissions/nonsense",
    ] {
        let page = get(&fake, path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        check(path, &page.body, Language::Vi);
        assert!(page.body.contains("Không tìm thấy") && page.body.contains("<code>c1</code>"));
    }
}

#[tokio::test]
async fn a_form_that_is_no_form_is_refused() {
    let fake = Fake::new(Stage::Full);
    let request = Request::post("/query").header("cookie", "dtm_session=known");
    let page = send(&fake, request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("cannot read the form"), "{}", page.body);
}

#[tokio::test]
async fn a_report_lists_its_renditions_and_what_superseded_them() {
    let fake = Fake::new(Stage::Full);
    for (language, words) in [("vi", "Đã bị thay thế từ"), ("en", "Superseded since")] {
        let cookie = format!("dtm_session=known; dtm_lang={language}");
        let page = get_with(&fake, "/reports/monthly-summary", &cookie).await;
        assert!(page.body.contains(words), "{}", page.body);
        assert!(page.body.contains(r#"<a href="/runs/r1">"#));
        assert!(page.body.contains(r#"href="/api/v1/renditions/0192.html""#));
        // The superseded one can still be read.
        assert!(page.body.contains(r#"href="/api/v1/renditions/0191.xlsx""#));
        assert_eq!(page.body.matches(words).count(), 1);
    }
}

#[tokio::test]
async fn a_report_is_rendered_by_post_and_the_browser_sent_to_the_document() {
    let fake = Fake::new(Stage::Full);
    let form = get(&fake, "/reports/monthly-summary").await.body;
    assert!(
        form.contains(r#"<option value="2026-09" selected>Tháng 9 năm 2026 (2026-09)</option>"#),
        "{form}"
    );
    assert!(
        !fake
            .asked
            .lock()
            .unwrap()
            .iter()
            .any(|asked| asked.starts_with("render"))
    );
    let given = get(&fake, "/reports/monthly-summary?period=2026-08")
        .await
        .body;
    assert!(
        given.contains(r#"<option value="2026-08" selected>"#),
        "{given}"
    );
    let answer = post(&fake, "/reports/monthly-summary", "period=2026-09&spare=").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/api/v1/renditions/0192.html");
    for format in ["xlsx", "csv", "html"] {
        let form = format!("period=2026-09&_format={format}");
        let answer = post(&fake, "/reports/monthly-summary", &form).await;
        let to = format!("/api/v1/renditions/0192.{format}");
        assert_eq!(answer.header("location"), to);
    }
    let page = post(&fake, "/reports/monthly-summary", "period=%22never%22").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    check("/reports", &page.body, Language::Vi);
    assert!(page.body.contains("value=\"&#34;never&#34;\"") && page.body.contains("is no period"));
}

#[tokio::test]
async fn long_lists_are_shown_in_parts() {
    let fake = Fake::new(Stage::Full);
    let first = get(&fake, "/submissions").await.body;
    assert!(
        first.contains("offset=50") && !first.contains("rel=\"prev\""),
        "{first}"
    );
    let last = get(&fake, "/submissions?offset=50").await.body;
    assert!(
        last.contains("offset=0") && !last.contains("rel=\"next\""),
        "{last}"
    );
    let errors = get(&fake, &format!("/submissions/{ID}?offset=100"))
        .await
        .body;
    assert!(errors.contains("101–130 / 130"), "{errors}");
    for offset in ["-1", "x", "99999999999999999999"] {
        let page = get(&fake, &format!("/submissions?offset={offset}")).await;
        assert_eq!(page.status, StatusCode::OK, "{offset}");
    }
    let page = get(&fake, "/submissions?offset=18446744073709551615").await;
    assert_eq!(page.status, StatusCode::OK);
}
