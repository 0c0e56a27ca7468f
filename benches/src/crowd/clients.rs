//! Clients that send on time.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::Crowd;
use super::node::Node;

/// What a client sends.
#[derive(Debug, Clone)]
pub struct Body {
    pub agency: String,
    pub lines: String,
}

/// What became of all of it.
#[derive(Debug, Default)]
pub struct Outcome {
    pub sent: u64,
    pub committed: u64,
    /// From when a body was due until its answer.
    pub latencies: Vec<Duration>,
    /// What others than receipts were answered, and how often.
    pub refusals: BTreeMap<String, u64>,
    /// From the first body to the last answer.
    pub seconds: f64,
    pub commits: u64,
    pub peak_bytes: u64,
}

/// Sends all bodies, spread evenly over clients and time.
pub async fn send(node: &Node, crowd: Crowd, bodies: &[Body]) -> Result<Outcome> {
    let begin = Instant::now();
    let clients = (0..crowd.clients).map(|client| one(node, crowd, client, begin, bodies));
    let mut outcome = Outcome::default();
    for of in try_join_all(clients).await? {
        outcome.sent += of.sent;
        outcome.committed += of.committed;
        outcome.latencies.extend(of.latencies);
        for (refusal, times) in of.refusals {
            *outcome.refusals.entry(refusal).or_default() += times;
        }
    }
    outcome.seconds = begin.elapsed().as_secs_f64();
    Ok(outcome)
}

async fn one(
    node: &Node,
    crowd: Crowd,
    client: u64,
    begin: Instant,
    bodies: &[Body],
) -> Result<Outcome> {
    let connections = node.client()?;
    let due =
        |number: usize| begin + Duration::from_secs(1).mul_f64(number as f64 / crowd.rate as f64);
    let numbers = (client as usize..bodies.len()).step_by(crowd.clients as usize);
    let mut under_way = FuturesUnordered::new();
    let mut outcome = Outcome::default();
    for number in numbers {
        let mut on_time = Box::pin(sleep_until(due(number)));
        loop {
            tokio::select! {
                biased;
                () = &mut on_time => break,
                Some(done) = under_way.next() => take(&mut outcome, done)?,
            }
        }
        let connections = &connections;
        under_way.push(async move {
            let answered = node.submit_by(connections, &bodies[number]).await;
            (answered, due(number).elapsed())
        });
        outcome.sent += 1;
    }
    while let Some(done) = under_way.next().await {
        take(&mut outcome, done)?;
    }
    Ok(outcome)
}

type Done = (Result<Result<(), String>>, Duration);

fn take(outcome: &mut Outcome, (answered, took): Done) -> Result<()> {
    outcome.latencies.push(took);
    match answered? {
        Ok(()) => outcome.committed += 1,
        Err(refusal) => *outcome.refusals.entry(refusal).or_default() += 1,
    }
    Ok(())
}
