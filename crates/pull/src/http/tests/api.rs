//! An API on loopback that answers as it is told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body as Bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::guard::Guard;
use crate::{
    HttpSource, HttpSpec, Mark, Piece, PullError, Result, Retry, Secret, SecretRef, Secrets, Source,
};

/// What a client asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub query: HashMap<String, String>,
    pub headers: HeaderMap,
}

impl Asked {
    pub fn get(&self, parameter: &str) -> &str {
        self.query.get(parameter).map_or("", String::as_str)
    }

    pub fn number(&self, parameter: &str) -> usize {
        self.get(parameter).parse().unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub type Log = Arc<Mutex<Vec<Asked>>>;

/// Does `work` while an API answers at an address of loopback, and ends the API with it.
pub async fn with_api<A, T>(
    answer: impl Fn(&Asked) -> A + Clone + Send + Sync + 'static,
    work: impl AsyncFnOnce(Bench) -> T,
) -> T
where
    A: IntoResponse,
{
    let log = Log::default();
    let kept = log.clone();
    let respond = move |request: Request| {
        let (kept, answer) = (kept.clone(), answer.clone());
        async move {
            let url = url::Url::parse(&format!("http://x{}", request.uri())).unwrap();
            let asked = Asked {
                path: url.path().to_owned(),
                query: url.query_pairs().into_owned().collect(),
                headers: request.headers().clone(),
            };
            kept.lock().unwrap().push(asked.clone());
            answer(&asked).into_response()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = Router::new().fallback(respond);
    let bench = Bench::new(at, log);
    tokio::select! {
        done = work(bench) => done,
        ended = axum::serve(listener, app).into_future() => panic!("the API ended: {ended:?}"),
    }
}

/// What a test needs to read an API.
pub struct Bench {
    pub at: SocketAddr,
    pub log: Log,
    pub guard: Guard,
    spool: TempDir,
}

impl Bench {
    pub fn new(at: SocketAddr, log: Log) -> Self {
        Self {
            at,
            log,
            guard: Guard::new([at.to_string()]).unwrap(),
            spool: TempDir::new().unwrap(),
        }
    }

    /// The records at the top of a single page, with no patience.
    pub fn spec(&self) -> HttpSpec {
        let mut spec = HttpSpec::new(format!("http://{}/list", self.at));
        spec.plain = true;
        spec.retry = Retry {
            tries: 3,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(20),
        };
        spec
    }

    pub fn try_open(&self, spec: HttpSpec) -> Result<HttpSource> {
        HttpSource::open(spec, &self.guard, &Drawer, self.spool.path())
    }

    pub fn open(&self, spec: HttpSpec) -> HttpSource {
        self.try_open(spec).unwrap()
    }

    pub async fn failure(&self, spec: HttpSpec) -> PullError {
        self.open(spec).next(None).await.unwrap_err()
    }

    /// How often the API was asked.
    pub fn asked(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

/// Every secret is `hunter2`, but for those that are not there.
pub struct Drawer;

impl Secrets for Drawer {
    fn get(&self, at: &SecretRef) -> Result<Secret> {
        match at {
            SecretRef::Env(name) if name == "BROKEN" => Ok(Secret::new("hunter\n2")),
            SecretRef::Env(_) => Ok(Secret::new("hunter2")),
            SecretRef::File(_) => Err(PullError::Declared(format!("there is no secret `{at}`"))),
        }
    }
}

pub fn json(body: impl Into<Bytes>) -> Response {
    ([("content-type", "application/json")], body.into()).into_response()
}

pub fn body(piece: &Piece) -> String {
    let text = std::fs::read_to_string(piece.body.path()).unwrap();
    assert_eq!(text.len() as u64, piece.size_bytes);
    text
}

/// Pieces until there is nothing new, and the last mark.
pub async fn drain(source: &dyn Source, from: Option<Mark>) -> (Vec<String>, Option<Mark>) {
    let (mut bodies, mut mark) = (Vec::new(), from);
    while let Some(piece) = source.next(mark.as_ref()).await.unwrap() {
        source.done(&piece).await.unwrap();
        bodies.push(body(&piece));
        mark = Some(piece.mark);
        assert!(bodies.len() < 1000, "it never ends");
    }
    (bodies, mark)
}
