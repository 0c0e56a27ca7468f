use std::sync::Arc;

use axum::http::Request;
use service::Call;

use super::*;
use crate::testing::{Double, state};

type Headers<'h> = &'h [(&'h str, &'h str)];

async fn call_of(headers: Headers<'_>) -> Result<Call, Problem> {
    let mut request = Request::builder();
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let peer: SocketAddr = "[::ffff:10.0.0.7]:4000".parse().unwrap();
    parts.extensions.insert(ConnectInfo(peer));
    let double: Arc<Double> = Double::new();
    ApiCall::from_request_parts(&mut parts, &state(&double))
        .await
        .map(|ApiCall(call)| call)
}

fn token(text: &str) -> Option<Credential> {
    Some(Credential::Token(Secret::new(text)))
}

fn session_of(text: &str) -> Option<Credential> {
    Some(Credential::Session(Secret::new(text)))
}

#[tokio::test]
async fn credentials_are_a_bearer_token_or_the_session_cookie() {
    let cases: [(Headers<'_>, Option<Credential>); 6] = [
        (&[], None),
        (&[("authorization", "Bearer abc")], token("abc")),
        (&[("authorization", "bearer  abc ")], token("abc")),
        (
            &[("cookie", "a=b; dtm_session=xyz; c=d")],
            session_of("xyz"),
        ),
        (&[("cookie", "dtm_session=")], None),
        (
            &[
                ("authorization", "Bearer abc"),
                ("cookie", "dtm_session=xyz"),
            ],
            token("abc"),
        ),
    ];
    for (headers, expected) in cases {
        assert_eq!(
            call_of(headers).await.unwrap().credential,
            expected,
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn an_authorization_header_that_is_no_bearer_token_is_refused() {
    for header in ["Basic abc", "Bearer", "Bearer ", "abc"] {
        let problem = call_of(&[("authorization", header)]).await.unwrap_err();
        assert_eq!(problem.status, 401, "{header}");
    }
}

#[tokio::test]
async fn a_call_knows_its_peer_and_client() {
    let agent = "x".repeat(500);
    let call = call_of(&[("user-agent", &agent)]).await.unwrap();
    assert_eq!(call.peer, Some("10.0.0.7".parse().unwrap()));
    assert_eq!(call.user_agent.unwrap().len(), 200);
    assert_eq!(call.correlation_id, "c1");
}

#[test]
fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let shown = |cookie: Option<HeaderValue>| cookie.unwrap().to_str().unwrap().to_owned();
    let secret = Secret::new("xyz");
    assert_eq!(
        shown(session_cookie(&secret, false)),
        "dtm_session=xyz; Path=/; HttpOnly; SameSite=Lax"
    );
    assert_eq!(
        shown(session_cookie(&secret, true)),
        "dtm_session=xyz; Path=/; HttpOnly; SameSite=Lax; Secure"
    );
    assert_eq!(
        shown(clear_session_cookie(false)),
        "dtm_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    );
    assert_eq!(session_cookie(&Secret::new("a\nb"), false), None);
}
