//! The outermost layer: a span that ties everything logged about a request together, and one line
//! when its answer is complete.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::measure::{method, route};
use crate::{ApiState, CorrelationId};

/// What balancers ask every few seconds.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Gives the request its correlation id, and logs its end. Neither the query string, nor a header,
/// nor a body is logged: they may hold data or secrets. Who acts, and through which door, is added
/// to the span behind the service, once it is known.
pub(crate) async fn line(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = (state.correlation_ids)();
    let route = route(&request);
    let span = tracing::info_span!(
        "request",
        method = method(&request),
        route,
        correlation_id = id,
        door = Empty,
        principal = Empty,
    );
    let mut asked = Asked {
        span: span.clone(),
        probe: PROBES.contains(&route),
        started: Instant::now(),
        status: None,
        sent_bytes: 0,
        end: End::Left,
    };
    let to_head = request.method() == Method::HEAD;
    request.extensions_mut().insert(CorrelationId(id));
    let answer = next.run(request).instrument(span).await;
    asked.status = Some(answer.status().as_u16());
    let (head, body) = answer.into_parts();
    if to_head || body.is_end_stream() {
        asked.end = End::Complete;
        return Response::from_parts(head, body);
    }
    let told = head.headers.get(CONTENT_LENGTH);
    let told_bytes = told.and_then(|length| length.to_str().ok()?.parse().ok());
    let counted = Counted {
        body,
        told_bytes,
        asked,
    };
    Response::from_parts(head, Body::new(counted))
}

/// How the answer ended.
#[derive(Clone, Copy)]
enum End {
    Complete,
    /// It failed after its head was sent.
    Broken,
    /// The client went away, or the connection was cut.
    Left,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Broken => "broken",
            Self::Left => "left",
        }
    }
}

/// A request. Dropped, it is logged.
struct Asked {
    span: Span,
    probe: bool,
    started: Instant,
    /// None until there is an answer.
    status: Option<u16>,
    /// Bytes of the answer's body, as they go over the wire.
    sent_bytes: u64,
    end: End,
}

impl Drop for Asked {
    fn drop(&mut self) {
        let _within = self.span.enter();
        let took_ms = self.started.elapsed().as_micros() as f64 / 1000.0;
        let end = self.end.as_str();
        let (status, sent_bytes) = (self.status, self.sent_bytes);
        if self.probe {
            tracing::debug!(status, took_ms, sent_bytes, end, "a request ended");
        } else {
            tracing::info!(status, took_ms, sent_bytes, end, "a request ended");
        }
    }
}

/// The body of an answer, counted on its way.
struct Counted {
    body: Body,
    /// The length that the head told, where it did.
    told_bytes: Option<u64>,
    asked: Asked,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self {
            body,
            told_bytes,
            asked,
        } = self.get_mut();
        let polled = asked.span.in_scope(|| Pin::new(&mut *body).poll_frame(cx));
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.data_ref().map_or(0, Bytes::len);
                asked.sent_bytes += data as u64;
                // Whoever knows by the length that this was the last frame asks for no other.
                if body.is_end_stream() || *told_bytes == Some(asked.sent_bytes) {
                    asked.end = End::Complete;
                }
            }
            Poll::Ready(Some(Err(_))) => asked.end = End::Broken,
            Poll::Ready(None) => asked.end = End::Complete,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
