//! A system of an agency's own with an API of pages, on loopback, which fails as it is told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// What opens it.
pub const TOKEN: &str = "portal-token-of-the-test";

/// What a client asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub query: HashMap<String, String>,
    authorization: String,
}

impl Asked {
    pub fn get(&self, parameter: &str) -> &str {
        self.query.get(parameter).map_or("", String::as_str)
    }
}

/// What it does instead of giving a page.
#[derive(Debug, Clone)]
pub enum Instead {
    Fail(StatusCode),
    Redirect(String),
    /// Says nothing until it is told to.
    Hold,
}

/// The API; dropped, it is gone.
pub struct Portal {
    pub at: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    visits: Mutex<Vec<Value>>,
    asked: Mutex<Vec<Asked>>,
    instead: Mutex<Vec<(String, Instead, usize)>>,
    held: Semaphore,
    going: Semaphore,
}

impl Portal {
    /// It answers as long as the runtime lasts on which this is called.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            visits: Mutex::default(),
            asked: Mutex::default(),
            instead: Mutex::default(),
            held: Semaphore::new(0),
            going: Semaphore::new(0),
        });
        let answering = Arc::clone(&shared);
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
            let shared = Arc::clone(&answering);
            async move { shared.answer(&uri, &headers).await }
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

    /// Visits `V-first` to `V-last`, each an hour after the one before.
    pub fn add(&self, first: u32, last: u32) {
        let visit = |n: u32| {
            json!({
                "visit_id": format!("V-{n}"),
                "office": "Ba Đình",
                "visited_at": format!("2026-09-01T{:02}:00:00+07:00", n % 24),
                "minutes": n,
            })
        };
        let mut visits = self.shared.visits.lock().unwrap();
        visits.extend((first..=last).map(visit));
    }

    /// A visit that no rule lets pass.
    pub fn add_bad(&self, n: u32) {
        self.add(n, n);
        let mut visits = self.shared.visits.lock().unwrap();
        visits.last_mut().unwrap()["minutes"] = json!(-1);
    }

    /// What the page of that number is answered with, so many times.
    pub fn instead(&self, page: &str, what: Instead, times: usize) {
        let mut instead = self.shared.instead.lock().unwrap();
        instead.push((page.to_owned(), what, times));
    }

    /// Waits until a client waits for a page that is held.
    pub async fn is_waited_for(&self) {
        self.shared.held.acquire().await.unwrap().forget();
    }

    /// Lets a page go that is held.
    pub fn go_on(&self) {
        self.shared.going.add_permits(1);
    }

    /// What was asked since this was asked.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.shared.asked.lock().unwrap())
    }

    /// The numbers of the pages that were asked for.
    pub fn pages(&self) -> Vec<String> {
        let asked = self.asked();
        asked
            .iter()
            .map(|asked| asked.get("page").to_owned())
            .collect()
    }

    /// A connector that reads it two records at a time.
    pub fn connector(&self) -> String {
        let at = self.at;
        format!(
            "name: inbox\ntitle: {{ vi: Cổng, en: Portal }}\nkind: http\nsource:\n  url: \
             http://{at}/v1/visits\n  allow_http: true\n  allow_addresses: ['{at}']\n  bearer: \
             env:PORTAL_TOKEN\n  paging: {{ page: page }}\n  page_size: {{ parameter: size, size: \
             2, short_ends: true }}\n  records: /data/items\n  total: /data/total\n  since: {{ \
             parameter: updated_from, field: /visited_at }}\ndataset: raw.visits\nagency: \
             H26\nperiod: 2026-09\nschedule: {{ every: 15m }}\nrepeated: new\n"
        )
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    async fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        let url = url::Url::parse(&format!("http://x{uri}")).unwrap();
        let authorization = headers.get(header::AUTHORIZATION);
        let asked = Asked {
            path: url.path().to_owned(),
            query: url.query_pairs().into_owned().collect(),
            authorization: authorization.map_or("", |v| v.to_str().unwrap()).to_owned(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        match self.what_instead(asked.get("page")) {
            None => {}
            Some(Instead::Fail(status)) => return status.into_response(),
            Some(Instead::Redirect(to)) => {
                return (StatusCode::FOUND, [(header::LOCATION, to)]).into_response();
            }
            Some(Instead::Hold) => {
                self.held.add_permits(1);
                self.going.acquire().await.unwrap().forget();
            }
        }
        if asked.authorization != format!("Bearer {TOKEN}") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let page = match asked.path.as_str() {
            "/v1/visits" => self.page(&asked),
            "/cong/luot" => self.envelope(),
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        (
            [(header::CONTENT_TYPE, "application/json")],
            page.to_string(),
        )
            .into_response()
    }

    fn what_instead(&self, page: &str) -> Option<Instead> {
        let mut instead = self.instead.lock().unwrap();
        let found = instead
            .iter_mut()
            .find(|(of, _, left)| of == page && *left > 0);
        found.map(|(_, what, left)| {
            *left -= 1;
            what.clone()
        })
    }

    fn page(&self, asked: &Asked) -> Value {
        let number = |parameter| asked.get(parameter).parse::<usize>().unwrap();
        let visits = self.visits.lock().unwrap();
        let is_new =
            |visit: &&Value| visit["visited_at"].as_str().unwrap() > asked.get("updated_from");
        let found: Vec<&Value> = visits.iter().filter(is_new).collect();
        let size = number("size");
        let before = match asked.get("skip") {
            "" => (number("page") - 1) * size,
            _ => number("skip"),
        };
        let items: Vec<&&Value> = found.iter().skip(before).take(size).collect();
        json!({ "data": { "items": items, "total": found.len() } })
    }

    /// All visits, in the words of another system.
    fn envelope(&self) -> Value {
        let visits = self.visits.lock().unwrap();
        let foreign = |visit: &Value| {
            let at = visit["visited_at"].as_str().unwrap();
            json!({
                "MaLuot": visit["visit_id"],
                "TruSo": visit["office"],
                "ThoiDiem": at[..19].replace(['-', 'T', ':'], ""),
                "SoPhut": visit["minutes"],
                "GhiChu": "none of ours",
            })
        };
        let items: Vec<Value> = visits.iter().map(foreign).collect();
        json!({ "phien": "S-1", "madonvi": "H26", "dulieu": items })
    }
}
