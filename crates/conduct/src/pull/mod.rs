//! Connectors: fetching what other systems hold, and submitting it as any sender does.
//!
//! A run holds the lease of its connector, so that no two run it at once. Each piece is submitted
//! under a key that the piece and its bytes give, then told to its source, and then its mark is
//! kept. So a run that breaks off anywhere is taken up where it was, and what had landed lands no
//! second time.

mod due;
mod papers;
mod request;
mod run;
mod sources;

use std::sync::Arc;

use futures::FutureExt;
use project::Connector;
use serde_json::json;
use service::{
    Action, Call, ConnectorState, ErrorKind, PullReport, PullRequest, Result, ServiceError,
};
use tokio::task::JoinHandle;

use crate::House;
use crate::handles::Handles;
use crate::perform::{About, Gate};

pub(crate) use due::back_off;
pub(crate) use sources::Vault;

/// Connectors that run at the same time by their schedules.
pub(crate) const AT_ONCE: usize = 4;

/// How the connectors stand.
pub(crate) async fn states(gate: &Gate, call: &Call) -> Result<Vec<ConnectorState>> {
    let about = About::named("connectors");
    gate.perform(call, Action::ReadRuns, about, |handles, _| async move {
        due::states(&handles).await
    })
    .await
}

/// Runs connectors now, one after another.
pub(crate) async fn pull(
    gate: &Gate,
    call: &Call,
    request: PullRequest,
) -> Result<Vec<PullReport>> {
    let about = match &request.connector {
        Some(name) => About::named(format!("connector `{name}`")),
        None => About::named("connectors"),
    };
    let about = about.detail(json!({ "asked": true, "from_start": request.from_start }));
    gate.perform(call, Action::Pull, about, |handles, _| async move {
        let mut reports = Vec::new();
        for connector in chosen(&handles, &request)? {
            match run::run(gate, &connector, request.from_start).boxed().await {
                Ok(report) => reports.push(report),
                // Of all of them, one that is at work already needs nobody else.
                Err(error) if error.kind == ErrorKind::Conflict && request.connector.is_none() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(reports)
    })
    .await
}

fn chosen(handles: &Handles, request: &PullRequest) -> Result<Vec<Connector>> {
    let project = handles.project();
    let all = project.connectors.values();
    let Some(name) = &request.connector else {
        if request.from_start {
            let message = "cannot read every connector from its start at once";
            return Err(
                ServiceError::new(ErrorKind::Invalid, message).hint("Name the one that is meant.")
            );
        }
        return Ok(all.filter(|connector| connector.enabled).cloned().collect());
    };
    if let Some(found) = project.connectors.get(name) {
        return Ok(vec![found.clone()]);
    }
    let known: Vec<&str> = all.map(|connector| connector.name.as_str()).collect();
    let hint = match known.as_slice() {
        [] => "The project declares none; write `warehouse/connectors/NAME.yaml`.".to_owned(),
        known => format!("The project declares `{}`.", known.join("`, `")),
    };
    let message = format!("there is no connector `{name}`");
    Err(ServiceError::new(ErrorKind::NotFound, message).hint(hint))
}

impl House {
    /// Begins a run of each connector that is due and not at work. The house waits for them when it
    /// stops; they end with the piece that they have in hand.
    async fn begin_due(&self) -> Result<Vec<JoinHandle<Result<PullReport>>>> {
        let handles = self.gate.own();
        let mut begun = Vec::new();
        for connector in due::due(handles).await? {
            let Some(turn) = due::Turn::take(handles, &connector.name) else {
                continue;
            };
            let gate = Arc::clone(&self.gate);
            begun.push(handles.pull_tasks.spawn(async move {
                let turn = turn;
                let _place = gate.own().pulls.acquire().await;
                let report = run::run(&gate, &connector, false).boxed().await;
                if let Err(error) = &report {
                    tracing::warn!(connector = %turn.name(), %error, "a connector could not run");
                }
                report
            }));
        }
        Ok(begun)
    }

    /// Runs each connector that is due, once, and answers what came of those that ran.
    pub async fn pull_due(&self) -> Result<Vec<PullReport>> {
        let mut reports = Vec::new();
        for running in self.begin_due().await? {
            // Why one could not run is logged, and stands in its state.
            if let Ok(Ok(report)) = running.await {
                reports.push(report);
            }
        }
        Ok(reports)
    }

    /// Runs connectors when they are due, until the house is told to stop.
    pub async fn pull_when_due(&self) {
        let mut stopping = self.gate.own().stopping.subscribe();
        loop {
            if let Err(error) = self.begin_due().await {
                tracing::warn!(%error, "it is not known which connectors are due");
            }
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = tokio::time::sleep(due::LOOK) => {}
            }
        }
    }
}
