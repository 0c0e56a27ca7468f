//! A run: the pieces of one connector, one after another, under its lease.

use std::pin::pin;
use std::time::{Duration, Instant};

use audit::Outcome as Ended;
use books::Lease;
use chrono::TimeDelta;
use futures::{FutureExt, StreamExt};
use project::Connector;
use pull::{Mark, Outcome, Piece, Source};
use serde_json::json;
use service::{
    Action, ErrorKind, Principal, PullReport, PulledPiece, Result, RowCounts, ServiceError,
    SubmitAnswer, SubmitRequest,
};
use tokio_util::io::ReaderStream;

use super::request::{keyed, principal, request, sha256, stem};
use super::{papers, sources};
use crate::failure;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::submit;

/// How long a lease lasts without being renewed.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Time after which it is renewed.
const RENEW: Duration = Duration::from_secs(30);
/// Pieces in a report; the rest are counted in the state of the connector.
const SHOWN: usize = 1_000;

/// Runs a connector once, to the end of what its source has. An error means that it did not begin;
/// what stops it on the way stands in the report.
pub(super) async fn run(
    gate: &Gate,
    connector: &Connector,
    from_start: bool,
) -> Result<PullReport> {
    let agent = gate.agent(Principal {
        name: principal(&connector.name),
        role: access::Role::Operator.as_str().to_owned(),
        agency: None,
    });
    let about = About::named(format!("connector `{}`", connector.name)).detail(json!({
        "kind": connector.source.as_str(),
        "definition_sha256": connector.sha256,
        "from_start": from_start,
    }));
    let acting = gate.begin(&agent.call, Action::Pull, about).await?;
    // Boxed, for the compiler gives up on futures that nest as deep as these.
    let report = walk(gate, &acting.handles, connector, from_start)
        .boxed()
        .await;
    let (ended, detail) = match &report {
        Ok(report) => {
            let landed = report.pieces.iter().filter(|piece| piece.landed).count();
            let detail = json!({
                "landed": landed,
                "refused": report.pieces.len() - landed,
                "error": report.error,
            });
            match report.error {
                None => (Ended::Done, detail),
                Some(_) => (Ended::Failed, detail),
            }
        }
        Err(error) => (Ended::Failed, json!({ "error": error.message })),
    };
    acting.end(ended, detail).await?;
    report
}

async fn walk(
    gate: &Gate,
    handles: &Handles,
    connector: &Connector,
    from_start: bool,
) -> Result<PullReport> {
    let (started_at, started) = (handles.now(), Instant::now());
    let lease = lease(handles, connector).await?;
    let mut walk = Walk {
        gate,
        handles,
        connector,
        in_hand: lease.in_hand.clone(),
        lease,
        pieces: Vec::new(),
    };
    let ended = walk.take_all(from_start).await;
    // Whoever stops the node has not been failed by the source.
    let error = ended.err().filter(|_| !handles.is_stopping());
    let error = error.map(|error| (error.kind, told(&error)));
    let pieces = walk.pieces;
    match &error {
        None => tracing::info!(
            connector = connector.name,
            pieces = pieces.len(),
            "a connector has run"
        ),
        Some((_, error)) => tracing::warn!(
            connector = connector.name,
            pieces = pieces.len(),
            error,
            "a connector stopped until its next time"
        ),
    }
    let ended_at = handles.now();
    let failed = error.as_ref().map(|(kind, told)| (*kind, told.as_str()));
    let released = handles
        .books
        .release_connector(&walk.lease, ended_at, failed);
    released.await.map_err(failure::books)?;
    let outcome = if error.is_some() { "failed" } else { "done" };
    let labels = [
        ("connector", connector.name.clone()),
        ("outcome", outcome.to_owned()),
    ];
    metrics::counter!("dtm_pulls_total", &labels).increment(1);
    Ok(PullReport {
        connector: connector.name.clone(),
        started_at,
        seconds: started.elapsed().as_secs_f64(),
        pieces,
        error: error.map(|(_, told)| told),
    })
}

/// Message and hint of what stopped a run.
fn told(error: &ServiceError) -> String {
    match &error.hint {
        Some(hint) => format!("{}. {hint}", error.message),
        None => error.message.clone(),
    }
}

async fn lease(handles: &Handles, connector: &Connector) -> Result<Lease> {
    let now = handles.now();
    let holder = format!("process {}", (handles.given.ids)());
    let lease = handles
        .books
        .lease_connector(&connector.name, &holder, now, now + LEASE)
        .await;
    lease.map_err(failure::books)?.ok_or_else(|| {
        let message = format!("connector `{}` runs already", connector.name);
        ServiceError::new(ErrorKind::Conflict, message)
            .hint("Wait until it has ended; `GET /api/v1/connectors` shows it.")
    })
}

struct Walk<'a> {
    gate: &'a Gate,
    handles: &'a Handles,
    connector: &'a Connector,
    lease: Lease,
    /// The key of the piece that a run before had in hand when it broke off.
    in_hand: Option<String>,
    pieces: Vec<PulledPiece>,
}

impl Walk<'_> {
    /// Takes piece after piece, until there is none, there were enough, or the house stops.
    async fn take_all(&mut self, from_start: bool) -> Result<()> {
        let opening = sources::open(self.handles, self.connector);
        let source = self.holding(opening).await??;
        let kept = self.lease.mark.clone().map(Mark);
        let mut mark = kept.filter(|_| !from_start && !source.begins_anew());
        for _ in 0..self.connector.limits.pieces {
            let mut stopping = self.handles.stopping.subscribe();
            let next = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return Ok(()),
                next = self.holding(source.next(mark.as_ref())) => next?,
            };
            let Some(piece) = next.map_err(sources::failed)? else {
                return Ok(());
            };
            tracing::debug!(piece = piece.name, "a piece is here");
            self.take(source.as_ref(), &piece).await?;
            mark = Some(piece.mark);
        }
        Ok(())
    }

    /// Submits a piece, tells its source, keeps its mark.
    async fn take(&mut self, source: &dyn Source, piece: &Piece) -> Result<()> {
        let (pulled, outcome) = self.submitted(piece, !source.begins_anew()).await?;
        tracing::debug!(
            piece = piece.name,
            landed = pulled.landed,
            "a piece is settled"
        );
        self.holding(source.settled(piece, &outcome))
            .await?
            .map_err(sources::failed)?;
        tracing::debug!(piece = piece.name, "a piece is put away");
        let mark = self.handles.books.keep_mark(
            &self.lease,
            &piece.mark.0,
            pulled.landed,
            self.handles.now() + LEASE,
        );
        self.counts(mark.await.map_err(failure::books)?)?;
        tracing::debug!(piece = piece.name, "a mark is kept");
        if let Some(message) = &pulled.message {
            // Whoever put it there may have no folder in which it is told.
            let connector = &self.connector.name;
            tracing::warn!(
                connector,
                piece = piece.name,
                message,
                "a piece was refused"
            );
        }
        let outcome = if pulled.landed { "landed" } else { "refused" };
        let labels = [
            ("connector", self.connector.name.clone()),
            ("outcome", outcome.to_owned()),
        ];
        metrics::counter!("dtm_pulled_pieces_total", &labels).increment(1);
        if self.pieces.len() < SHOWN {
            self.pieces.push(pulled);
        }
        Ok(())
    }

    async fn submitted(
        &mut self,
        piece: &Piece,
        with_mark: bool,
    ) -> Result<(PulledPiece, Outcome)> {
        let path = piece.body.path().to_owned();
        let hashed = tokio::task::spawn_blocking(move || sha256(&path)).await;
        let hashed = hashed.map_err(std::io::Error::other).and_then(|hash| hash);
        let sha256 = hashed.map_err(|error| sources::failed(error.into()))?;
        let limit = sources::limit_bytes(self.handles, self.connector);
        if piece.size_bytes > limit {
            let size = piece.size_bytes;
            let message = format!("the file has {size} bytes, and the limit is {limit}");
            let error = ServiceError::new(ErrorKind::BodyTooLarge, message)
                .hint("Send the rows in several files.");
            return Ok(refused(piece, &sha256, error, None));
        }
        let project = self.handles.project();
        let request = match request(&project, self.connector, piece, self.handles.now()) {
            Ok(request) => request,
            Err(error) if error.kind == ErrorKind::Invalid => {
                return Ok(refused(piece, &sha256, error, None));
            }
            Err(error) => return Err(error),
        };
        let stem = stem(&self.connector.name, piece, &sha256, with_mark);
        let in_hand = self.in_hand.as_deref();
        let request = keyed(self.handles, self.connector, request, &stem, in_hand).await?;
        let key = request.key.as_deref().unwrap_or(&stem);
        let until = self.handles.now() + LEASE;
        let taken = self.handles.books.take_in_hand(&self.lease, key, until);
        self.counts(taken.await.map_err(failure::books)?)?;
        match self.holding(self.submit(request, piece)).await? {
            Ok(answer) => self.landed(piece, answer).await,
            Err(error) if is_the_piece_s(&error) => {
                let errors = match error.submission {
                    Some(id) => papers::row_errors(self.handles, id).await?,
                    None => None,
                };
                Ok(refused(piece, &sha256, error, errors))
            }
            Err(error) => Err(error),
        }
    }

    /// Submits as every sender does, for the one agency that the piece is of.
    async fn submit(&self, request: SubmitRequest, piece: &Piece) -> Result<SubmitAnswer> {
        let agent = self.gate.agent(Principal {
            name: principal(&self.connector.name),
            role: access::Role::Submitter.as_str().to_owned(),
            agency: request.agency.clone(),
        });
        let body = tokio::fs::File::open(piece.body.path()).await;
        let body = body.map_err(|error| sources::failed(error.into()))?;
        let body = ReaderStream::with_capacity(body, 256 << 10).boxed();
        submit::submit(self.gate, &agent.call, request, body)
            .boxed()
            .await
    }

    async fn landed(&self, piece: &Piece, answer: SubmitAnswer) -> Result<(PulledPiece, Outcome)> {
        let id = answer.receipt.id;
        let mut papers: Vec<_> = answer
            .sealed
            .as_deref()
            .map(papers::receipt)
            .into_iter()
            .collect();
        if answer.errors.total > 0 {
            papers.extend(papers::row_errors(self.handles, id).await?);
        }
        let pulled = PulledPiece {
            name: piece.name.clone(),
            landed: true,
            submission: Some(id),
            rows: answer.receipt.rows,
            message: None,
        };
        let outcome = Outcome {
            landed: true,
            slot: id.to_string(),
            papers,
        };
        Ok((pulled, outcome))
    }

    /// Work during which the lease is renewed. Once another has the lease, it is given up.
    async fn holding<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(RENEW) => {
                    let until = self.handles.now() + LEASE;
                    let renewed = self.handles.books.renew_connector(&self.lease, until).await;
                    self.counts(renewed.map_err(failure::books)?)?;
                }
            }
        }
    }

    fn counts(&self, counts: bool) -> Result<()> {
        if counts {
            return Ok(());
        }
        let message = format!(
            "another process runs connector `{}` by now",
            self.connector.name
        );
        Err(ServiceError::new(ErrorKind::Conflict, message)
            .hint("It goes on from what was kept here."))
    }
}

/// Whether what went wrong lies in the piece, so that the walk goes on with the next one.
fn is_the_piece_s(error: &ServiceError) -> bool {
    matches!(
        error.kind,
        ErrorKind::Refused
            | ErrorKind::Invalid
            | ErrorKind::NotFound
            | ErrorKind::BodyTooLarge
            | ErrorKind::LimitExceeded
    )
}

fn refused(
    piece: &Piece,
    sha256: &str,
    error: ServiceError,
    errors: Option<pull::Paper>,
) -> (PulledPiece, Outcome) {
    let slot = match error.submission {
        Some(id) => id.to_string(),
        None => sha256[..16].to_owned(),
    };
    let outcome = Outcome {
        landed: false,
        slot,
        papers: vec![errors.unwrap_or_else(|| papers::refusal(&error))],
    };
    let pulled = PulledPiece {
        name: piece.name.clone(),
        landed: false,
        submission: error.submission,
        rows: RowCounts::default(),
        message: Some(told(&error)),
    };
    (pulled, outcome)
}
