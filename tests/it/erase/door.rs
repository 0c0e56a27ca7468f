//! Erasing through the HTTP door.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use service::Service;

use super::{as_role, sent, small};
use crate::home::visits;
use crate::http::{Answer, Door};

async fn post(door: &Door, token: &str, id: &str, body: &Value) -> Answer {
    let request = Request::post(format!("/api/v1/submissions/{id}/erase"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    door.send(request).await
}

fn token(call: &service::Call) -> String {
    match &call.credential {
        Some(service::Credential::Token(secret)) => secret.reveal().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_410_and_says_when_by_whom_and_why() {
    let door = Door::new().await;
    let f = &door.fixture;
    let id = sent(f, visits(), &small("H")).await.to_string();
    let path = format!("/api/v1/submissions/{id}");
    let marked = door.get(&path).await.json();
    assert_eq!(marked["restricted"], "personal_data", "{marked}");
    assert_eq!(marked["erased"], Value::Null);
    let receipt = door.get(&format!("{path}/receipt")).await.json();

    let admin = token(&f.admin);
    let wanted = json!({ "reason": "sent by mistake" });
    post(&door, "wrong", &id, &wanted).await.problem(401);
    let official = as_role(f, "official", Some("H26")).await;
    post(&door, &token(&official), &id, &wanted)
        .await
        .problem(403);
    post(&door, &admin, &id, &json!({})).await.problem(400);
    post(&door, &admin, &id, &json!({ "why": "x" }))
        .await
        .problem(400);
    let nobody = "0192f0c1-0000-7000-8000-0000000000ff";
    post(&door, &admin, nobody, &wanted).await.problem(404);

    let done = post(&door, &admin, &id, &wanted).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let done = done.json();
    assert_eq!(done["submissions"], json!([id]));
    assert_eq!(done["evidence"], receipt["evidence"]);
    assert_eq!(done["rows_landed"], 2);
    assert_eq!(done["erased"]["by"], "operator");
    assert_eq!(post(&door, &admin, &id, &wanted).await.json(), done);

    let gone = door.get(&format!("{path}/evidence")).await.problem(410);
    assert_eq!(gone["type"], "urn:dtm:problem:gone");
    let detail = gone["detail"].as_str().unwrap();
    let at = done["erased"]["at"].as_str().unwrap();
    let told = format!("was erased at {at} by `operator`: sent by mistake");
    assert!(detail.ends_with(&told), "{detail}");
    assert!(gone["hint"].as_str().unwrap().contains("receipt"), "{gone}");
    assert_eq!(door.get(&format!("{path}/receipt")).await.json(), receipt);
    let after = door.get(&path).await.json();
    assert_eq!(after["erased"], done["erased"]);
    let keys = f.house.keys().await.unwrap();
    let keys = audit::seal::PublicKeys::parse(&keys).unwrap();
    audit::seal::verify(&receipt.to_string(), &keys).unwrap();
}
