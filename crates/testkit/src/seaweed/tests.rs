use super::*;
use std::process::{Command, Stdio};

use futures::future::join_all;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutOptions};

#[tokio::test]
async fn eight_racing_creates_have_one_winner() {
    let target = Seaweed::shared().target();
    // A client each, so that no connection puts the requests in a row.
    let stores: Vec<_> = (0..8).map(|_| target.store()).collect();
    for race in 0..20 {
        let path = Path::from(format!("{}/{race:020}.json", target.prefix));
        let runners = stores.iter().cloned().enumerate().map(|(runner, store)| {
            let path = path.clone();
            tokio::spawn(async move {
                let body = format!("runner {runner}").into();
                let create = PutOptions::from(PutMode::Create);
                (runner, store.put_opts(&path, body, create).await)
            })
        });
        let answers: Vec<_> = join_all(runners)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let winners: Vec<_> = answers
            .iter()
            .filter(|(_, answer)| answer.is_ok())
            .collect();
        assert_eq!(winners.len(), 1, "race {race}: {answers:?}");
        for (_, answer) in &answers {
            let lost = matches!(answer, Err(Error::AlreadyExists { .. }));
            assert!(answer.is_ok() || lost, "race {race}: {answer:?}");
        }
        let stored = target
            .store()
            .get(&path)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        assert_eq!(stored, format!("runner {}", winners[0].0));
    }
}

#[tokio::test]
async fn an_update_on_an_old_etag_is_refused() {
    let target = Seaweed::shared().target();
    let (store, path) = (
        target.store(),
        Path::from(format!("{}/head", target.prefix)),
    );
    let first = store.put(&path, "1".into()).await.unwrap();
    let update = PutOptions::from(PutMode::Update(first.into()));
    store
        .put_opts(&path, "2".into(), update.clone())
        .await
        .unwrap();
    let stale = store.put_opts(&path, "3".into(), update).await.unwrap_err();
    assert!(matches!(stale, Error::Precondition { .. }), "{stale}");
}

#[test]
fn every_target_is_a_place_of_its_own() {
    let server = Seaweed::shared();
    let (one, other) = (server.target(), server.target());
    assert_ne!(one.url(), other.url());
    assert!(one.url().starts_with("s3://dtm-tests/test-"));
}

#[tokio::test]
async fn a_bucket_can_be_created_twice_and_is_apart_from_others() {
    let server = Seaweed::shared();
    let (one, again) = (server.bucket("apart"), server.bucket("apart"));
    one.store().put(&"a".into(), "x".into()).await.unwrap();
    assert!(again.store().head(&"a".into()).await.is_ok());
    assert!(server.target().store().head(&"a".into()).await.is_err());
    assert_eq!(one.url(), "s3://apart");
}

#[test]
fn the_environment_names_the_server() {
    let target = Seaweed::shared().target();
    let env = target.env();
    assert!(env.contains(&("AWS_ENDPOINT", target.endpoint.clone())));
}

#[test]
fn wrong_credentials_are_refused() {
    let target = S3Target {
        secret_key: "wrong".to_owned(),
        ..Seaweed::shared().target()
    };
    let put = async move { target.store().put(&"a".into(), "x".into()).await };
    let refused = process::wait_for(async move { put.await.map_err(|error| error.to_string()) });
    assert!(refused.is_err());
}

/// The watcher, in front of something that ends by no other means.
#[test]
fn the_server_ends_when_the_pipe_closes() {
    let home = crate::TestHome::new();
    let log = home.write("data/log", "");
    let mut server = Command::new("sh")
        .args(["-c", include_str!("watch.sh"), "sh"])
        .arg(log.parent().unwrap())
        .arg(&log)
        .args(["sleep", "600"])
        .env("DTM_GRPC_PORTS", "")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(server.try_wait().unwrap().is_none());
    drop(server.stdin.take());
    assert!(!server.wait().unwrap().success());
}
