//! Many small submissions: a real server, and clients that send on time whether or not they were
//! answered.

mod clients;
pub mod node;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::cli::Bench;
use crate::ingest::dossiers::{Data, Form};
use crate::table::{Table, grouped};
use crate::talk::{say, tell};

use clients::{Body, Outcome};
use node::Node;

/// Rows of a submission.
const ROWS: usize = 20;
/// Read for the comparison: every row, and most columns.
const READ: &str = "select state, channel, count(*) as dossiers, sum(fee_amount) as fees, \
                    count(distinct procedure_code) as procedures, max(updated_at) as newest \
                    from raw.dossiers group by state, channel order by state, channel";
/// How often it is read; the median counts.
const READS: usize = 7;

/// How many send how much for how long.
#[derive(Debug, Clone, Copy, Args)]
pub struct Crowd {
    /// Submissions in a second, of all clients together
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub rate: u64,
    /// For how many seconds
    #[arg(long, value_name = "N", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// Clients, each with connections of its own
    #[arg(long, value_name = "N", default_value_t = 64,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub clients: u64,
}

/// Sends, maintains, and compares with the same rows in bulk.
pub fn run(bench: &Bench, crowd: Crowd) -> Result<()> {
    let submissions = crowd.rate * crowd.seconds;
    let rows = submissions * ROWS as u64;
    let data = Data::ready(&bench.place, rows + rows / 50)?;
    let bodies = bodies(&data, submissions)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let folder = bench.place.fresh()?;
    let (outcome, small) = runtime.block_on(small(folder.path(), crowd, &bodies))?;
    drop(folder);
    let folder = bench.place.fresh()?;
    let bulk = runtime.block_on(bulk(folder.path(), &bodies))?;
    ensure!(
        small.answer == bulk.answer,
        "the rows of the crowd are not those of the bulk load"
    );
    say(&format!(
        "\n## {rate} submissions of {ROWS} rows a second for {seconds} s, from {clients} clients\n\n\
         Every client sends on time, whether or not it was answered; an answer's time is counted \
         from when its body was due. The server keeps each body and its claim, judges every row, \
         and answers with a signed receipt when its commit is on the disk. It shares the machine \
         with the clients.\n\n{}\n\n\
         `read` is the median of {READS} answers to a query over all rows and most columns, after \
         `dtm maintain`, beside a table that took the same rows in bulk: {small:.3} s against \
         {bulk:.3} s, ratio {ratio:.2}.",
        figures(&outcome, crowd.seconds).text(),
        rate = grouped(crowd.rate),
        seconds = crowd.seconds,
        clients = crowd.clients,
        small = small.seconds,
        bulk = bulk.seconds,
        ratio = small.seconds / bulk.seconds,
    ))
}

fn figures(outcome: &Outcome, seconds: u64) -> Table {
    let mut table = Table::new([
        "",
        "sent",
        "committed",
        "refused",
        "p50 s",
        "p99 s",
        "max s",
        "until the last s",
        "commits",
        "commits/s",
        "peak MiB",
    ]);
    let mut latencies = outcome.latencies.clone();
    latencies.sort_unstable();
    let at = |share: f64| {
        let last = latencies.len().saturating_sub(1);
        let found = latencies.get((last as f64 * share).round() as usize);
        let seconds = found.map_or(f64::NAN, Duration::as_secs_f64);
        format!("{seconds:.3}")
    };
    let whole = outcome.seconds.max(seconds as f64);
    table.row([
        "crowd".to_owned(),
        grouped(outcome.sent),
        grouped(outcome.committed),
        grouped(outcome.sent - outcome.committed),
        at(0.5),
        at(0.99),
        at(1.0),
        format!("{:.1}", outcome.seconds),
        grouped(outcome.commits),
        format!("{:.2}", outcome.commits as f64 / whole),
        grouped(outcome.peak_bytes >> 20),
    ]);
    table
}

/// What reading the table took, and what it answered.
struct Read {
    seconds: f64,
    answer: String,
}

async fn small(folder: &Path, crowd: Crowd, bodies: &[Body]) -> Result<(Outcome, Read)> {
    let node = Node::start(folder).await?;
    tell(&format!("sending {} submissions", bodies.len()))?;
    let before = node.version().await?;
    let mut outcome = clients::send(&node, crowd, bodies).await?;
    outcome.commits = node.version().await? - before;
    outcome.peak_bytes = node.peak_bytes()?;
    for (refusal, times) in &outcome.refusals {
        tell(&format!("refused {times} times: {refusal}"))?;
    }
    ensure!(
        outcome.committed == outcome.sent,
        "{} of {} submissions were not committed",
        outcome.sent - outcome.committed,
        outcome.sent
    );
    let rows = node.rows().await?;
    ensure!(
        rows == outcome.committed * ROWS as u64,
        "{} submissions were committed, and the table has {rows} rows",
        outcome.committed
    );
    let read = read(&node).await?;
    node.stop()?;
    Ok((outcome, read))
}

async fn bulk(folder: &Path, bodies: &[Body]) -> Result<Read> {
    let node = Node::start(folder).await?;
    tell("sending the same rows in bulk")?;
    let mut whole: Vec<Body> = Vec::new();
    for body in bodies {
        match whole.iter_mut().find(|bulk| bulk.agency == body.agency) {
            Some(bulk) => bulk.lines.push_str(&body.lines),
            None => whole.push(body.clone()),
        }
    }
    for body in &whole {
        let answered = node.submit(body).await?;
        ensure!(answered.is_ok(), "a bulk load was refused: {answered:?}");
    }
    let read = read(&node).await?;
    node.stop()?;
    Ok(read)
}

async fn read(node: &Node) -> Result<Read> {
    node.maintain()?;
    let mut times = Vec::new();
    let mut answer = String::new();
    for _ in 0..=READS {
        let started = std::time::Instant::now();
        answer = node.query(READ).await?;
        times.push(started.elapsed().as_secs_f64());
    }
    // The first warms up.
    times.remove(0);
    times.sort_by(f64::total_cmp);
    Ok(Read {
        seconds: times[READS / 2],
        answer,
    })
}

/// The bodies, each of rows that no other has.
fn bodies(data: &Data, submissions: u64) -> Result<Vec<Body>> {
    let wanted = usize::try_from(submissions)?;
    let mut bodies = Vec::with_capacity(wanted);
    for part in data.bodies(Form::Ndjson) {
        let text = std::fs::read_to_string(&part.file)
            .with_context(|| format!("cannot read `{}`", part.file.display()))?;
        let lines: Vec<&str> = text.lines().collect();
        for lines in lines.chunks_exact(ROWS) {
            if bodies.len() == wanted {
                return Ok(bodies);
            }
            bodies.push(Body {
                agency: part.agency.clone(),
                lines: lines.join("\n") + "\n",
            });
        }
    }
    ensure!(
        bodies.len() == wanted,
        "there are rows for {} submissions only",
        bodies.len()
    );
    Ok(bodies)
}
