//! Logs to stderr, metrics in the process.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Sends log lines of at least that level to stderr, as JSON when a server runs.
pub(crate) fn start_logs(filter: &str, json: bool) {
    // The kernel reports as an error that a table is not there, which is how we find that out.
    let filter = EnvFilter::try_new(format!("delta_kernel=off,buoyant_kernel=off,{filter}"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    // A second call, as in tests, keeps the first subscriber.
    let _ = if json {
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .with_writer(std::io::stderr);
        registry.with(layer).try_init()
    } else {
        let layer = tracing_subscriber::fmt::layer()
            .with_target(false)
            .with_writer(std::io::stderr);
        registry.with(layer).try_init()
    };
}

/// Bounds of the histograms of seconds.
const SECONDS: [f64; 12] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

/// Starts counting; the handle renders what was counted.
pub(crate) fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?)
}
