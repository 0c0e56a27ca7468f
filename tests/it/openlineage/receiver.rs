//! Whoever is told, on loopback, in whatever state it is.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use conduct::Sink;
use pull::SecretRef;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::SOON;

/// What opens it.
pub const TOKEN: &str = "receiver-token-of-the-test";

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
pub enum Instead {
    /// It is answered so, and not taken.
    Refuse(StatusCode),
    /// It is taken, and the answer never comes.
    LoseAnswer,
    /// It is not taken, and no answer comes.
    Hang,
    /// It is sent elsewhere on this machine.
    Redirect,
}

/// It lasts as long as the runtime on which it was started, or until it is dropped.
pub struct Receiver {
    pub at: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    instead: Mutex<VecDeque<Instead>>,
    taken: Mutex<Vec<Value>>,
    asked: Mutex<usize>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let answering = Arc::clone(&shared);
        let app = Router::new().fallback(move |headers: HeaderMap, body: String| {
            let shared = Arc::clone(&answering);
            async move { shared.answer(&headers, &body).await }
        });
        let serving = Handle::current().spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            at,
            shared,
            serving,
        }
    }

    /// What becomes of the next requests, one after another; those after them are taken.
    pub fn instead(&self, what: impl IntoIterator<Item = Instead>) {
        self.shared.instead.lock().unwrap().extend(what);
    }

    /// What it has taken, in its order.
    pub fn taken(&self) -> Vec<Value> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        *self.shared.asked.lock().unwrap()
    }

    pub fn sink(&self) -> Sink {
        Sink::Http {
            url: format!("http://{}/api/v1/lineage", self.at),
            plain: true,
            token: Some(SecretRef::Env("TOKEN".to_owned())),
            allow_addresses: vec![self.at.to_string()],
            answer_within: SOON,
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    async fn answer(&self, headers: &HeaderMap, body: &str) -> Response {
        *self.asked.lock().unwrap() += 1;
        let shown = headers.get(header::AUTHORIZATION);
        if shown.is_none_or(|shown| shown != &format!("Bearer {TOKEN}")) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        let instead = self.instead.lock().unwrap().pop_front();
        let take = || {
            let event = serde_json::from_str(body).unwrap();
            self.taken.lock().unwrap().push(event);
        };
        match instead {
            None => {
                take();
                StatusCode::CREATED.into_response()
            }
            Some(Instead::Refuse(status)) => status.into_response(),
            Some(Instead::Redirect) => {
                let to = [(header::LOCATION, "http://127.0.0.1:1/")];
                (StatusCode::TEMPORARY_REDIRECT, to).into_response()
            }
            Some(instead) => {
                if matches!(instead, Instead::LoseAnswer) {
                    take();
                }
                std::future::pending().await
            }
        }
    }
}
