//! Events of lineage: what they say, whether OpenLineage's own classes take them, and that none is
//! lost, whatever breaks off.

mod crash;
mod events;
mod receiver;
mod sending;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use conduct::{Delivered, LineageSettings, Sink};
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path as StorePath;
use serde_json::Value;
use service::{RunReport, RunRequest, Service};
use tempfile::TempDir;
use testkit::openlineage::breaches;

use crate::home::{Fixture, Setup, VISITS};
use receiver::Receiver;

const CONTRACT: &str = "warehouse/served/visits_by_office.odcs.yaml";
const SQL: &str = "sql/served/visits_by_office.sql";
const FIGURE: &str = "select coalesce(sum(visits), 0) from visits_by_office";

/// Who is told.
fn telling(sink: Sink) -> LineageSettings {
    LineageSettings {
        sink: Some(sink),
        ..LineageSettings::default()
    }
}

/// A house that adds its events to a file, and the folder of that, which outlives it.
async fn filing() -> (Fixture, Lines) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.ndjson");
    let setup = Setup {
        lineage: telling(Sink::File(path.clone())),
        ..Setup::default()
    };
    let lines = Lines {
        path,
        _folder: folder,
    };
    (Fixture::with(setup).await, lines)
}

/// A house that posts its events to that receiver.
async fn posting(to: &Receiver) -> Fixture {
    let setup = Setup {
        lineage: telling(to.sink()),
        env: [("TOKEN".to_owned(), receiver::TOKEN.to_owned())].into(),
        ..Setup::default()
    };
    Fixture::with(setup).await
}

/// A file of events.
struct Lines {
    path: PathBuf,
    _folder: TempDir,
}

impl Lines {
    fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap_or_default()
    }

    /// Each line is an event.
    fn events(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

async fn submit(f: &Fixture, prefix: &str) {
    f.clock.advance(TimeDelta::hours(1));
    f.submit(&VISITS.replace("V-", prefix), None).await.unwrap();
}

async fn run(f: &Fixture) -> RunReport {
    f.clock.advance(TimeDelta::hours(1));
    f.house.run(&f.admin, RunRequest::default()).await.unwrap()
}

/// Sends, long after whatever failed before.
async fn send(f: &Fixture) -> Delivered {
    f.clock.advance(TimeDelta::hours(1));
    f.house.send_lineage().await.unwrap()
}

/// The objects below that folder of the store.
async fn objects(f: &Fixture, folder: &str) -> Vec<String> {
    let folder = StorePath::from(folder);
    let found = f.store.list(Some(&folder));
    let found: Vec<_> = found.try_collect().await.unwrap();
    let mut paths: Vec<String> = found.iter().map(|of| of.location.to_string()).collect();
    paths.sort();
    paths
}

async fn outbox(f: &Fixture) -> Vec<String> {
    objects(f, "outbox").await
}

fn kind(event: &Value) -> &str {
    event["eventType"].as_str().unwrap()
}

fn job(event: &Value) -> &str {
    event["job"]["name"].as_str().unwrap()
}

/// Kind and job of each, in their order.
fn told(events: &[Value]) -> Vec<String> {
    let one = |event: &Value| format!("{} {}", kind(event), job(event));
    events.iter().map(one).collect()
}

/// OpenLineage's own classes take every one of them.
#[track_caller]
fn are_taken(events: &[Value]) {
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    let breaches = breaches(&texts);
    assert!(breaches.is_empty(), "{breaches:#?}");
}

/// One more figure of what is submitted.
async fn with_two_figures(f: &Fixture) {
    for (path, bytes) in f.files.all().iter() {
        if path.contains("served/visits_by_office") {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let again = |text: &str| text.replace("visits_by_office", "office_visits");
            f.files.put(&again(path), &again(&text));
        }
    }
    f.files.bless().await;
    f.house.apply(&f.admin).await.unwrap();
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

const SOON: Duration = Duration::from_millis(300);
