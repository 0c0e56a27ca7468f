//! `dtm serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::{ApiLimits, ApiState};
use clap::Args;
use conduct::House;
use service::Service;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::init::tell;
use super::untold;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::home::{Announced, Held, Home};
use crate::machine;
use crate::open::{self, held_by};
use crate::settings::Settings;
use crate::shipped::Origin;
use crate::telemetry;

/// Serve pages and API until SIGTERM or Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm serve --home ./dtm-home --listen 127.0.0.1:8080")]
pub(crate) struct Serve {
    /// The address; by default `listen` of the settings
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

impl Serve {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        context.logs.serve()?;
        let home = &context.place.home;
        if !home.exists() {
            return Err(Failure::Unavailable(format!(
                "there is no home in `{}`; make one with `dtm init`",
                home.root().display()
            )));
        }
        let held = match home.hold()? {
            Ok(held) => held,
            Err(holder) => return Err(held_by(home, holder.map(|h| h.pid))),
        };
        let settings = Settings::read(&home.settings_file(), &open::env)?;
        let listener = bind(self.listen.as_deref().unwrap_or(&settings.listen)).await?;
        machine::raise_open_files();
        let metrics = telemetry::start_metrics()?;
        let project = Origin::of(context.place.project.as_deref())?;
        let house = open::house(home, &settings, &project, untold()).await?;
        let address = listener.local_addr()?;
        let doorway = Doorway::of(home, &settings)?;
        tell(&format!("serving on http://{address}"))?;
        serve(Arc::new(house), held, project, listener, doorway, metrics).await
    }
}

/// Takes the port. A port in use is told before any other work.
pub(crate) async fn bind(listen: &str) -> Outcome<TcpListener> {
    let address: SocketAddr = listen.parse().map_err(|_| {
        Failure::Usage(format!(
            "`{listen}` is no address; write it as `127.0.0.1:8080`"
        ))
    })?;
    TcpListener::bind(address).await.map_err(|e| {
        Failure::Unavailable(format!(
            "cannot listen on `{address}`: {e}; name another address with `--listen`, such as \
             `127.0.0.1:0` for any free port"
        ))
    })
}

/// How long a client waits for an act that answers at once when it is done. A run of all
/// transformations is one; it goes on to its end in any case.
const ACT_WAIT_MS: u64 = 3_600_000;

/// What the HTTP door takes from the home.
pub(crate) struct Doorway {
    /// The largest submission.
    body_bytes: u64,
    /// How long a stop waits for clients.
    stop_wait: Duration,
    /// Time between two looks at which transformations are due.
    look: Duration,
    /// Where results are put together that cannot be sent as they come.
    spool_folder: PathBuf,
    /// Told to stop: heard from before anyone can know that the node serves.
    terminate: Signal,
}

impl Doorway {
    pub(crate) fn of(home: &Home, settings: &Settings) -> Outcome<Self> {
        Ok(Self {
            body_bytes: settings.submission.body_bytes,
            stop_wait: Duration::from_millis(settings.stop_ms),
            look: Duration::from_millis(settings.run.look_ms),
            spool_folder: home.spool_folder(),
            terminate: signal(SignalKind::terminate())?,
        })
    }
}

/// Serves until told to stop: then no new work is taken, what was begun is finished, and clients
/// have a moment to take their answers.
pub(crate) async fn serve(
    house: Arc<House>,
    mut held: Held,
    project: Origin,
    listener: TcpListener,
    doorway: Doorway,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
) -> Outcome {
    let address = listener.local_addr()?;
    let url = format!("http://{address}");
    held.announce(Some(Announced { url, project }))?;
    let state = ApiState {
        service: Arc::clone(&house) as Arc<dyn Service>,
        metrics: Arc::new(move || metrics.render()),
        correlation_ids: Arc::new(|| open::fresh_id().to_string()),
        limits: ApiLimits {
            body_bytes: doorway.body_bytes,
            wait_ms: ACT_WAIT_MS,
            ..ApiLimits::default()
        },
        spool_folder: doorway.spool_folder,
        https: false,
    };
    let app = api::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let mut terminate = doorway.terminate;
    let stopping = Arc::clone(&house);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping: no new work is taken, and what was begun is finished");
        stopping.stop();
    };
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop);
    let served = tokio::select! {
        served = serving.into_future() => served,
        () = left(&house, doorway.look, doorway.stop_wait) => {
            tracing::warn!("clients that neither send nor take their answers are left");
            Ok(())
        }
    };
    house.close_with_log().await;
    served.map_err(Failure::from)
}

/// Runs connectors and transformations, sends what they tell, and keeps the audit log, until a stop;
/// ends when that has nothing left to wait for but clients, and they had their time.
async fn left(house: &House, look: Duration, wait: Duration) {
    tokio::join!(
        house.pull_when_due(),
        house.run_when_due(look),
        house.send_lineage_when_due(),
        house.sequence_when_due()
    );
    house.settled().await;
    tokio::time::sleep(wait).await;
}
