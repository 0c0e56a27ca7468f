//! The lineage of many datasets: how soon a part of the graph and its pages are answered.

mod country;

use std::time::Instant;

use anyhow::Result;

use crate::cli::Bench;
use crate::crowd::node::Node;
use crate::figures::median;
use crate::table::{Table, grouped};
use crate::talk::{say, tell};

use country::{COLUMNS, Country};

/// Datasets of the project.
const DATASETS: usize = 1000;
/// Datasets and columns that are asked about.
const ASKED: usize = 100;

/// Measures what a server answers about a project of many datasets.
pub fn run(bench: &Bench) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(measure(bench))
}

async fn measure(bench: &Bench) -> Result<()> {
    let country = Country::of(DATASETS);
    tell("making a project and its tables")?;
    let folder = bench.place.fresh()?;
    let node = Node::of(folder.path(), &country.sources().await?).await?;
    let cookie = node.sign_in().await?;
    let spread = |number: usize| country.name(number * DATASETS / ASKED);
    let column = |number: usize| format!("&column=c{:02}", number % COLUMNS);
    let api = |direction: &'static str, one_column: bool| -> Vec<String> {
        let part = |number: usize| {
            let of = if one_column {
                column(number)
            } else {
                String::new()
            };
            let dataset = spread(number);
            format!("/api/v1/lineage?dataset={dataset}{of}&direction={direction}")
        };
        (0..ASKED).map(part).collect()
    };
    let pages = |address: &dyn Fn(usize) -> String| (0..ASKED).map(address).collect();
    let last = country.last();
    let asked: [(&str, Vec<String>); 9] = [
        ("a column, up", api("up", true)),
        ("a column, down", api("down", true)),
        ("a dataset, up", api("up", false)),
        ("a dataset, down", api("down", false)),
        (
            "page of a dataset",
            pages(&|n| format!("/lineage/{}", spread(n))),
        ),
        (
            "page of its columns",
            pages(&|n| format!("/lineage/{}?columns=1", spread(n))),
        ),
        (
            "page of the last dataset, all steps",
            pages(&|_| format!("/lineage/{last}?depth=9")),
        ),
        (
            "page of a search",
            pages(&|n| format!("/lineage?q=d{n:03}+cot")),
        ),
        ("page of everything", vec!["/lineage".to_owned(); 5]),
    ];
    let table = answers(&node, &cookie, asked).await?;
    say(&format!(
        "\n## Lineage of {} datasets with {} columns\n\n\
         Answers of a server on the same machine, one after another, read to their end.\n\n{}",
        grouped(DATASETS as u64),
        grouped((DATASETS * COLUMNS) as u64),
        table.text()
    ))
}

/// The times of the answers to every kind of address.
async fn answers(
    node: &Node,
    cookie: &str,
    asked: impl IntoIterator<Item = (&str, Vec<String>)>,
) -> Result<Table> {
    let mut table = Table::new(["what", "answers", "median ms", "max ms", "largest KiB"]);
    for (what, addresses) in asked {
        tell(what)?;
        let (mut times, mut largest) = (Vec::new(), 0);
        for address in &addresses {
            let started = Instant::now();
            let body = node.get(address, cookie).await?;
            times.push(started.elapsed().as_secs_f64() * 1000.0);
            largest = largest.max(body.len());
        }
        table.row([
            what.to_owned(),
            addresses.len().to_string(),
            format!("{:.1}", median(times.iter().copied())),
            format!("{:.1}", times.iter().copied().fold(0.0, f64::max)),
            grouped(largest as u64 / 1024),
        ]);
    }
    Ok(table)
}
