//! Logs to stderr, metrics in the process.

mod lines;

use std::io::IsTerminal;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::failure::{Failure, Outcome};
use lines::Lines;

/// What a command logs where nobody says otherwise: its talk is enough.
const COMMAND: &str = "warn";
/// What a server logs where nobody says otherwise.
const SERVER: &str = "info";

/// Logs that were started.
#[derive(Clone)]
pub(crate) struct Logs {
    filter: reload::Handle<EnvFilter, Registry>,
    is_given: bool,
    lines: Lines,
}

impl Logs {
    /// Sends log lines that pass the filter to stderr: of a server one JSON object each, except on
    /// a terminal, where people read them; of other commands text.
    pub(crate) fn start(given: Option<&str>, serves: bool) -> Outcome<Self> {
        let given = given.filter(|text| !text.is_empty());
        let is_terminal = std::io::stderr().is_terminal();
        let (filter, handle) = reload::Layer::new(filter(given.unwrap_or(COMMAND))?);
        let lines = Lines::start()?;
        let writer = lines.clone();
        let registry = tracing_subscriber::registry().with(filter);
        let layer = fmt::layer().with_writer(move || writer.clone());
        let layer = layer.with_ansi(is_terminal);
        // A second call, as in tests, keeps the first subscriber.
        let _ = if serves && !is_terminal {
            let layer = layer.json().flatten_event(true).with_span_list(false);
            registry.with(layer).try_init()
        } else {
            registry.with(layer.with_target(false)).try_init()
        };
        Ok(Self {
            filter: handle,
            is_given: given.is_some(),
            lines,
        })
    }

    /// From here on a server is what the command is.
    pub(crate) fn serve(&self) -> Outcome {
        if !self.is_given {
            let reloaded = self.filter.reload(filter(SERVER)?);
            reloaded.map_err(|e| Failure::Other(e.into()))?;
        }
        Ok(())
    }

    /// Writes what is not written yet.
    pub(crate) fn finish(&self) {
        self.lines.finish();
    }
}

fn filter(text: &str) -> Outcome<EnvFilter> {
    // The kernel reports as an error that a table is not there, which is how we find that out.
    EnvFilter::try_new(format!("delta_kernel=off,buoyant_kernel=off,{text}")).map_err(|e| {
        Failure::Usage(format!(
            "cannot read `{text}` of `--log` or `DTM_LOG`: {e}; write it as `info` or `lake=debug`"
        ))
    })
}

/// Bounds of the histograms of seconds.
const SECONDS: [f64; 12] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

/// Bounds of the histogram of submissions in a commit.
const SUBMISSIONS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 256.0];

/// Every metric: a row of a table each, with its name, kind, labels and meaning.
const METRICS: &str = include_str!("metrics.md");

/// Starts counting; the handle renders what was counted.
pub(crate) fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let submissions = Matcher::Full("dtm_commit_submissions".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(submissions, &SUBMISSIONS)?
        .install_recorder()?;
    for row in METRICS.lines() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, name, kind, _, meaning, _] = cells[..] else {
            continue;
        };
        let name = name.trim_matches('`');
        match kind {
            "counter" => metrics::describe_counter!(name, meaning),
            "gauge" => metrics::describe_gauge!(name, meaning),
            "histogram" => metrics::describe_histogram!(name, meaning),
            _ => {}
        }
    }
    Ok(handle)
}
