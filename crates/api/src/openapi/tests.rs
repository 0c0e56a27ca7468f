use std::path::Path;

use crate::testing::{Double, get, state};

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the switch that rewrites everything derived"
)]
fn the_committed_description_is_what_the_handlers_say() {
    let description = super::generate(&state(&Double::new()))
        .to_pretty_json()
        .unwrap()
        + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &description).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == description,
        "`crates/api/openapi.json` is stale: run `UPDATE_EXPECT=1 cargo test -p api`"
    );
}

#[tokio::test]
async fn the_description_is_served_to_everyone() {
    let answer = get(&Double::new(), "/api/openapi.json").await;
    assert_eq!(answer.status, 200);
    let description: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
}
