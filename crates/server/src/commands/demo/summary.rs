//! The one-screen summary at the end of a demo.

use std::collections::BTreeMap;
use std::io::Write;

use futures::StreamExt;
use render::encode::{TABLE_WIDTH, encode_table};
use service::{At, Call, QueryRequest, Service};

use super::Stage;
use crate::failure::Outcome;
use crate::home::Home;

const RECEIVED: &str = include_str!("received.sql");
const REFUSED: &str = include_str!("refused.sql");
const SCOREBOARD: &str = include_str!("scoreboard.sql");

/// Prints what was received, what was refused and why, the scoreboard, and the time per stage.
pub(crate) async fn print(
    house: &dyn Service,
    call: &Call,
    stages: &[Stage],
    seconds: f64,
) -> Outcome {
    let mut out = std::io::stdout();
    for (heading, sql) in [
        ("Received", RECEIVED),
        ("Refused or marked, by rule", REFUSED),
        ("Scoreboard, the first and the last", SCOREBOARD),
    ] {
        writeln!(out, "\n{heading}")?;
        let request = QueryRequest {
            sql: sql.to_owned(),
            params: BTreeMap::new(),
            at: At::Now,
        };
        let answer = house.query(call, request).await?;
        let mut chunks = encode_table(answer.schema, answer.batches, TABLE_WIDTH);
        while let Some(chunk) = chunks.next().await {
            out.write_all(&chunk?)?;
        }
    }
    writeln!(out, "\nTime")?;
    for stage in stages {
        writeln!(out, "{:<22}{:>8.1} s", stage.name, stage.seconds)?;
    }
    writeln!(out, "{:<22}{:>8.1} s", "in all", seconds)?;
    if let Some(peak) = peak_memory_bytes() {
        writeln!(
            out,
            "{:<22}{:>8.0} MiB",
            "peak memory",
            peak as f64 / f64::from(1 << 20)
        )?;
    }
    out.flush()?;
    Ok(())
}

/// Where to look next.
pub(crate) fn where_next(home: &Home, url: &str, code: &str) -> Outcome {
    let mut out = std::io::stdout();
    writeln!(
        out,
        "\nSign in once, within ten minutes:  {url}/sign-in?code={code}\n\
         Pages and API:                     {url}\n\
         The operator's token:              {}\n\
         Ask:    dtm query 'select * from served.provincial_scoreboard order by rank'\n\
         Report: dtm report monthly-summary --param period=2026-09 --out summary.html\n\
         Stop with Ctrl-C; a second `dtm demo` serves the same home.",
        home.token_file().display()
    )?;
    out.flush()?;
    Ok(())
}

/// The most memory that the process held so far, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}
