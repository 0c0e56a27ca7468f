//! A server of its own process, and what is asked of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use project::Sources;
use serde_json::{Value, json};

use super::clients::Body;
use crate::house;
use crate::ingest::DOSSIERS;
use crate::ingest::dossiers::PERIOD;
use crate::machine;
use crate::process;

/// A home that is served.
pub struct Node {
    child: Child,
    home: PathBuf,
    project: PathBuf,
    url: String,
    token: String,
    client: reqwest::Client,
}

impl Drop for Node {
    fn drop(&mut self) {
        // One that ended is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    /// Makes a home with the dossiers of the benches and serves it.
    pub async fn start(folder: &Path) -> Result<Self> {
        Self::of(folder, &house::received()?).await
    }

    /// Makes a home with that project and serves it.
    pub async fn of(folder: &Path, sources: &Sources) -> Result<Self> {
        let (home, project) = (folder.join("home"), folder.join("project"));
        for (path, bytes) in sources.iter() {
            let path = project.join(path);
            std::fs::create_dir_all(path.parent().context("a file has no folder")?)?;
            std::fs::write(path, bytes)?;
        }
        process::run(dtm(&home, &project, &["init"])?)?;
        process::run(dtm(&home, &project, &["apply"])?)?;
        let log = folder.join("log");
        let mut serve = dtm(&home, &project, &["serve", "--listen", "127.0.0.1:0"])?;
        let child = serve
            .args(["--log", "warn"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {serve:?}"))?;
        let token = std::fs::read_to_string(home.join("operator.token"))?;
        let mut node = Self {
            child,
            home,
            project,
            url: String::new(),
            token: token.trim().to_owned(),
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
        };
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        while node.url.is_empty() {
            looks.tick().await;
            let ended = node.child.try_wait()?;
            let said = std::fs::read_to_string(&log)?;
            ensure!(ended.is_none(), "the server ended and said `{said}`");
            if let Some((_, url)) = said.split_once("serving on ")
                && let Some((url, _)) = url.split_once('\n')
            {
                url.trim().clone_into(&mut node.url);
            }
        }
        Ok(node)
    }

    /// Connections that nobody else uses.
    pub fn client(&self) -> Result<reqwest::Client> {
        Ok(reqwest::Client::builder().no_proxy().build()?)
    }

    pub async fn submit(&self, body: &Body) -> Result<Result<(), String>> {
        self.submit_by(&self.client, body).await
    }

    /// Submits a body under a key of its own; the refusal, if it is not received.
    pub async fn submit_by(
        &self,
        client: &reqwest::Client,
        body: &Body,
    ) -> Result<Result<(), String>> {
        let (url, agency) = (&self.url, &body.agency);
        let answer = client
            .post(format!(
                "{url}/api/v1/datasets/{DOSSIERS}/submissions?period={PERIOD}&agency={agency}"
            ))
            .bearer_auth(&self.token)
            .header("content-type", "application/x-ndjson")
            .header("idempotency-key", machine::fresh_id().to_string())
            .body(body.lines.clone())
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status == reqwest::StatusCode::CREATED {
            return Ok(Ok(()));
        }
        let detail = serde_json::from_str::<Value>(&text).map_or(text, |problem| {
            let detail = problem["detail"].as_str().unwrap_or_default();
            detail.to_owned()
        });
        Ok(Err(format!("{status}: {detail}")))
    }

    /// The answer to a query, as JSON.
    pub async fn query(&self, sql: &str) -> Result<String> {
        let answer = self
            .client
            .post(format!("{}/api/v1/query", self.url))
            .bearer_auth(&self.token)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(json!({ "sql": sql }).to_string())
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "a query was answered {status}: {text}");
        Ok(text)
    }

    /// Signs in as a person does; the cookie for the pages.
    pub async fn sign_in(&self) -> Result<String> {
        let answer = self
            .client
            .post(format!("{}/sign-in", self.url))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={}", self.token))
            .send()
            .await?;
        let (status, headers) = (answer.status(), answer.headers());
        let cookie = headers
            .get("set-cookie")
            .context("signing in gave no cookie");
        let cookie = cookie.with_context(|| format!("it was answered {status}"))?;
        let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
        Ok(pair.to_owned())
    }

    /// The body of an answer, by token and cookie.
    pub async fn get(&self, address: &str, cookie: &str) -> Result<Bytes> {
        let mut asked = self.client.get(format!("{}{address}", self.url));
        asked = match address.starts_with("/api/") {
            true => asked.bearer_auth(&self.token),
            false => asked.header("cookie", cookie),
        };
        let answer = asked.send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "`{address}` was answered {status}");
        Ok(answer.bytes().await?)
    }

    pub async fn version(&self) -> Result<u64> {
        Ok(self.table().await?.0)
    }

    pub async fn rows(&self) -> Result<u64> {
        Ok(self.table().await?.1)
    }

    async fn table(&self) -> Result<(u64, u64)> {
        let answer = self
            .client
            .get(format!("{}/api/v1/datasets/{DOSSIERS}", self.url))
            .bearer_auth(&self.token)
            .send()
            .await?;
        let detail: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let number = |name: &str| {
            let number = detail["table"][name].as_u64();
            number.with_context(|| format!("`table.{name}` is missing in {detail}"))
        };
        Ok((number("version")?, number("rows")?))
    }

    pub fn maintain(&self) -> Result<()> {
        process::run(dtm(&self.home, &self.project, &["maintain"])?)
    }

    /// The most memory that the server held so far.
    pub fn peak_bytes(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        Ok(machine::peak_in(&std::fs::read_to_string(path)?))
    }

    pub fn stop(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// The product's own command line, which this program carries.
fn dtm(home: &Path, project: &Path, arguments: &[&str]) -> Result<Command> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = process::command(&program);
    command.arg("dtm").args(arguments);
    command
        .arg("--home")
        .arg(home)
        .arg("--project")
        .arg(project);
    Ok(command)
}
