//! The server is killed at every point of receiving while clients send, and started again: what it
//! promised is there, once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use api::client::RemoteService;
use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, stream};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use service::{
    Ack, BodyFormat, Call, Credential, Door, ErrorKind, Relation, Secret, Service, SubmissionId,
    SubmitRequest,
};
use testkit::TestHome;

use super::{Server, done};

const CLIENTS: u64 = 8;
/// Submissions that a client sends before it would stop by itself.
const EACH: u64 = 6;
/// Points that are passed when nobody is killed, about.
const POINTS: usize = 300;

/// A submission that was sent, with its receipt if that was heard.
#[derive(Clone)]
struct Sent {
    key: String,
    body: String,
    corrects: Option<SubmissionId>,
    durable: bool,
    heard: Option<SubmissionId>,
}

pub(super) struct Clients {
    token: String,
    sent: Mutex<BTreeMap<String, Sent>>,
}

/// Two good rows and one that goes to quarantine: for long cells that are too many and make the body
/// a large one, or for an office that is missing. A correction has one row, with another's key.
fn body(name: &str, large: bool) -> String {
    let moment = "2026-09-01T08:30:00+07:00";
    let bad = match large {
        true => ["x".repeat(60_000).as_str(); 5].join(","),
        false => format!(",{moment}"),
    };
    format!(
        "visit_id,office,visited_at,minutes\n\
         {name}-1,Huế,{moment},1\n\
         {name}-2,Huế,{moment},1\n\
         {name}-3,{bad},1\n"
    )
}

fn correction(name: &str) -> String {
    format!(
        "visit_id,office,visited_at,minutes\n\
         {name}-1,Huế,2026-09-01T08:30:00+07:00,99\n"
    )
}

impl Clients {
    /// Clients with the token of a home's operator.
    pub(super) fn of(home: &TestHome) -> Arc<Self> {
        let token = std::fs::read_to_string(home.path().join("operator.token")).unwrap();
        Arc::new(Self {
            token: token.trim().to_owned(),
            sent: Mutex::default(),
        })
    }

    fn call(&self) -> Call {
        Call {
            credential: Some(Credential::Token(Secret::new(self.token.clone()))),
            door: Door::Http,
            peer: None,
            user_agent: None,
            correlation_id: String::new(),
        }
    }

    fn note(&self, sent: Sent) {
        self.sent.lock().unwrap().insert(sent.key.clone(), sent);
    }

    /// Sends it, and gives the receipt's id if that was heard.
    async fn send(&self, server: &RemoteService, sent: &Sent) -> Option<SubmissionId> {
        self.note(sent.clone());
        let dataset = "raw.visits".parse().unwrap();
        let request = SubmitRequest {
            agency: Some("H26".parse().unwrap()),
            key: Some(sent.key.clone()),
            relation: sent.corrects.map(Relation::Corrects),
            ack: if sent.durable {
                Ack::Durable
            } else {
                Ack::Committed
            },
            ..SubmitRequest::new(dataset, "2026-09".parse().unwrap(), BodyFormat::Csv)
        };
        let bytes = stream::iter([Ok(Bytes::from(sent.body.clone()))]).boxed();
        let id = match server.submit(&self.call(), request, bytes).await {
            Ok(answer) => Some(answer.receipt.id),
            Err(error) if error.kind == ErrorKind::Unavailable => None,
            Err(error) => panic!("{}: {error:?}", sent.key),
        };
        let heard = id.or(sent.heard);
        self.note(Sent {
            heard,
            ..sent.clone()
        });
        id
    }

    /// One client, until the server is gone.
    pub(super) async fn run(
        self: Arc<Self>,
        server: Arc<RemoteService>,
        name: String,
        mut dice: ChaCha8Rng,
    ) {
        let mut last: Option<(String, SubmissionId)> = None;
        for n in 0..EACH {
            let key = format!("{name}n{n}");
            let durable = dice.random_ratio(1, 4);
            let corrects = last.take().filter(|_| dice.random_ratio(1, 3));
            let sent = Sent {
                body: match &corrects {
                    Some((corrected, _)) => correction(corrected),
                    None => body(&key, dice.random_ratio(1, 6)),
                },
                corrects: corrects.as_ref().map(|(_, id)| *id),
                durable,
                heard: None,
                key: key.clone(),
            };
            let Some(id) = self.send(&server, &sent).await else {
                return;
            };
            // Only what is committed can be corrected.
            last = (corrects.is_none() && !durable).then_some((key, id));
        }
    }
}

#[test]
fn a_server_that_is_killed_while_clients_send_keeps_every_promise_once() {
    let seeds = testkit::sweep(12);
    let first = testkit::seed();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // A home for a few dozen kills: what one left behind must not trouble the next.
    for start in (first..first + seeds).step_by(25) {
        let home = TestHome::new();
        done(&home, &["init"]);
        done(&home, &["apply"]);
        let clients = Clients::of(&home);
        for seed in start..(start + 25).min(first + seeds) {
            println!("seed {seed}");
            kill_once(&home, &clients, &runtime, seed);
        }
        settle(&home, &clients, &runtime);
    }
}

/// Starts the server, lets clients send, and kills it after it has passed so many points.
fn kill_once(
    home: &TestHome,
    clients: &Arc<Clients>,
    runtime: &tokio::runtime::Runtime,
    seed: u64,
) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let (server, log) = Server::logged(home, "off,conduct::submit=debug", &[]);
    let points = dice.random_range(1..POINTS);
    let kill = server.killer();
    let remote = RemoteService::new(&format!("http://{}", server.address), None).unwrap();
    let remote = Arc::new(remote);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The log ends with the server, if so many points were never passed.
            let _passed = log.take(points).count();
            kill();
        });
        runtime.block_on(async {
            resend(clients, &remote, &mut dice).await;
            let running = (0..CLIENTS).map(|client| {
                let dice = ChaCha8Rng::seed_from_u64(dice.next_u64());
                let name = format!("s{seed}c{client}");
                Arc::clone(clients).run(Arc::clone(&remote), name, dice)
            });
            join_all(running).await;
        });
        // Whoever sent everything before the point came ends it in the quiet.
        drop(server);
    });
}

/// Some of what was sent before is sent again, whether it was answered or not.
async fn resend(clients: &Arc<Clients>, server: &Arc<RemoteService>, dice: &mut ChaCha8Rng) {
    let all: Vec<Sent> = clients.sent.lock().unwrap().values().cloned().collect();
    let unheard = all.iter().filter(|sent| sent.heard.is_none());
    let again: Vec<&Sent> = unheard.filter(|_| dice.random_ratio(1, 2)).collect();
    join_all(again.into_iter().map(|sent| clients.send(server, sent))).await;
}

/// Every client gets its receipt at last, the same as before; then the lake holds each row once.
pub(super) fn settle(home: &TestHome, clients: &Arc<Clients>, runtime: &tokio::runtime::Runtime) {
    let server = Server::of(home);
    let remote = RemoteService::new(&format!("http://{}", server.address), None).unwrap();
    runtime.block_on(clients.hear_all(&remote));
    assert_eq!(server.stop(), Some(0));
    clients.compare(|sql| super::json(&done(home, &["query", sql, "--format", "json"]))[0].clone());
}

impl Clients {
    /// The same clients at an earlier moment, when only some receipts had been heard. What corrects
    /// something was sent after the receipt of that.
    pub(super) fn earlier(&self, heard: impl Fn(SubmissionId) -> bool) -> Arc<Self> {
        let sent = self.sent.lock().unwrap();
        let sent = sent
            .values()
            .filter(|sent| sent.corrects.is_none_or(&heard));
        let then = sent.map(|sent| Sent {
            heard: sent.heard.filter(|id| heard(*id)),
            ..sent.clone()
        });
        Arc::new(Self {
            token: self.token.clone(),
            sent: Mutex::new(then.map(|sent| (sent.key.clone(), sent)).collect()),
        })
    }

    /// Sends everything again until each has its receipt, which must be the one heard before.
    pub(super) async fn hear_all(&self, server: &RemoteService) {
        let all: Vec<Sent> = self.sent.lock().unwrap().values().cloned().collect();
        assert!(all.len() > 10, "too little was sent: {}", all.len());
        for sent in &all {
            let id = loop {
                // One that is durable may be in work.
                if let Some(id) = self.send(server, sent).await {
                    break id;
                }
            };
            let same = sent.heard.is_none_or(|heard| heard == id);
            assert!(same, "{}: another receipt", sent.key);
        }
    }

    /// Compares what was sent with what a query counts.
    pub(super) fn compare(&self, counted: impl Fn(&str) -> Value) {
        let sent = self.sent.lock().unwrap();
        let corrections = sent.values().filter(|sent| sent.corrects.is_some()).count();
        let plain = sent.len() - corrections;
        let rows = counted(
            "select count(*) as n, count(distinct visit_id) as distinct_n, \
             count(*) filter (where minutes = 99) as corrected from raw.visits",
        );
        let expected = json!({
            "n": 2 * plain, "distinct_n": 2 * plain, "corrected": corrections,
        });
        assert_eq!(rows, expected);
        let quarantined = counted(
            "select count(*) as n, count(distinct submission_id) as distinct_n \
             from system.quarantine",
        );
        assert_eq!(quarantined, json!({ "n": plain, "distinct_n": plain }));
    }
}
