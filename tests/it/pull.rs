//! Connectors, from what others put somewhere to rows that landed, by the path of every submission.

mod folder;
mod guarded;
mod http;
mod objects;
mod once;
pub mod portal;
mod repeated;
mod schedule;
mod sftp;
mod sql;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use service::{
    AuditRecord, ConnectorState, Page, PullReport, PullRequest, PulledPiece, Result, Service,
};

use crate::home::{Fixture, Setup};

const PATH: &str = "warehouse/connectors/inbox.yaml";

/// A drop folder of the home, in which the path says everything.
const INBOX: &str = "\
name: inbox
title: { vi: Hộp nhận, en: Inbox }
kind: folder
source: { folder: inbox, quiet: 30s }
layout: '{agency}/{dataset}/{period}'
schedule: { every: 15m }
repeated: new
";

/// The same for one agency and dataset, in the period that ended last.
const FIXED: &str = "\
name: inbox
title: { vi: Hộp nhận, en: Inbox }
kind: folder
source: { folder: inbox, quiet: 30s }
dataset: raw.visits
agency: H26
period: { calendar: month, which: previous }
schedule: { every: 15m }
repeated: new
";

const PLACE: &str = "H26/raw.visits/2026-09";

fn setup(connector: &str) -> Setup {
    Setup::default().with_file(PATH, connector)
}

/// A house with that connector and an empty drop folder.
async fn house(connector: &str) -> Fixture {
    let f = Fixture::with(setup(connector)).await;
    fs::create_dir(f.folder().join("inbox")).unwrap();
    f
}

fn inbox(f: &Fixture) -> PathBuf {
    f.folder().join("inbox")
}

/// Drops a file that has stood still for a minute.
fn drop_file(f: &Fixture, name: &str, text: &str) {
    let path = inbox(f).join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    stood(f, name, 60);
}

/// Makes a file as old as that.
fn stood(f: &Fixture, name: &str, seconds: i64) {
    let file = File::options()
        .write(true)
        .open(inbox(f).join(name))
        .unwrap();
    let at = f.clock.now() - TimeDelta::seconds(seconds);
    file.set_modified(at.into()).unwrap();
}

/// The names of all files below the drop folder, in order.
fn lies(f: &Fixture) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.push(name.to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&inbox(f), &inbox(f), &mut found);
    found.sort();
    found
}

/// The text of the file whose name ends so; there must be one.
#[track_caller]
fn text(f: &Fixture, ending: &str) -> String {
    let found: Vec<String> = lies(f)
        .into_iter()
        .filter(|name| name.ends_with(ending))
        .collect();
    assert_eq!(found.len(), 1, "{ending}: {:?}", lies(f));
    fs::read_to_string(inbox(f).join(&found[0])).unwrap()
}

fn visits(of: &[(&str, &str, u32)]) -> String {
    let mut text = "visit_id,office,visited_at,minutes\n".to_owned();
    for (id, office, minutes) in of {
        text.push_str(&format!(
            "{id},{office},2026-09-01T08:30:00+07:00,{minutes}\n"
        ));
    }
    text
}

async fn pull(f: &Fixture) -> Result<PullReport> {
    let request = PullRequest {
        connector: Some("inbox".to_owned()),
        from_start: false,
    };
    let mut reports = f.house.pull(&f.admin, request).await?;
    assert_eq!(reports.len(), 1);
    Ok(reports.remove(0))
}

/// The pieces of a run that came to its end.
async fn pulled(f: &Fixture) -> Vec<PulledPiece> {
    let report = pull(f).await.unwrap();
    assert_eq!(report.error, None);
    report.pieces
}

async fn state(f: &Fixture) -> ConnectorState {
    let mut states = f.house.connectors(&f.admin).await.unwrap();
    assert_eq!(states.len(), 1);
    states.remove(0)
}

const ALL: &str = "select coalesce(string_agg(visit_id || ' ' || minutes, ', ' \
                   order by visit_id, minutes), '') from raw.visits";

async fn all(f: &Fixture) -> String {
    f.text_at(ALL, service::At::Now).await
}

async fn entries(f: &Fixture) -> Vec<AuditRecord> {
    let page = Page {
        offset: 0,
        limit: 1_000,
    };
    f.house.audit_entries(&f.admin, page).await.unwrap()
}
