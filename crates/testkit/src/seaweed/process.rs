//! Starting `weed server`, knowing when it is ready, and ending it.

use std::fs;
use std::future::Future;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use object_store::aws::AmazonS3;
use object_store::path::Path as ObjectPath;
use object_store::signer::Signer;
use object_store::{ObjectStoreExt, PutPayload};
use tempfile::TempDir;

use super::{ACCESS_KEY, S3Target, SECRET_KEY, SHARED_BUCKET, place};
use crate::log::tail;

const WATCH: &str = include_str!("watch.sh");
/// Between choosing a free port and binding it another process may take it.
const STARTS: usize = 3;
const READY_WITHIN: Duration = Duration::from_secs(120);
const POLL_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Process {
    endpoint: String,
    server: Child,
}

#[derive(Debug)]
struct Ports {
    master: u16,
    master_grpc: u16,
    volume: u16,
    volume_grpc: u16,
    filer: u16,
    filer_grpc: u16,
    s3: u16,
    s3_grpc: u16,
}

impl Process {
    pub(super) fn start(weed: &Path) -> Result<Self, String> {
        let mut failures = Vec::new();
        for _ in 0..STARTS {
            match Self::start_once(weed) {
                Ok(process) => return Ok(process),
                Err(reason) => failures.push(reason),
            }
        }
        Err(failures.join("\n"))
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    fn start_once(weed: &Path) -> Result<Self, String> {
        let ports = Ports::free().map_err(|error| format!("no free port: {error}"))?;
        let data = data_folder().map_err(|error| format!("no folder for its data: {error}"))?;
        let server = command(weed, &data, &ports)
            .spawn()
            .map_err(|error| format!("cannot run `sh`: {error}"))?;
        let mut process = Self {
            endpoint: format!("http://127.0.0.1:{}", ports.s3),
            server,
        };
        match process.wait_until_ready() {
            Ok(()) => Ok(process),
            Err(reason) => {
                let log = fs::read_to_string(data.join("log")).unwrap_or_default();
                process.stop();
                Err(format!(
                    "`weed server` {reason}; its log ends with:\n{}",
                    tail(&log)
                ))
            }
        }
    }

    /// Ready is when the shared bucket exists and takes an object: an open port is not enough, for
    /// the parts of the server find each other later.
    fn wait_until_ready(&mut self) -> Result<(), String> {
        let started = Instant::now();
        let target = place(&self.endpoint, SHARED_BUCKET);
        let client = target.client();
        wait_for(async {
            loop {
                let Err(not_ready) = probe(&target, &client).await else {
                    return Ok(());
                };
                if let Ok(Some(status)) = self.server.try_wait() {
                    return Err(format!("ended with {status}"));
                }
                if started.elapsed() > READY_WITHIN {
                    return Err(format!("is not ready after {READY_WITHIN:?}: {not_ready}"));
                }
                tokio::time::sleep(POLL_EVERY).await;
            }
        })
    }

    /// Closes the pipe that the watcher reads, and waits for what it then does.
    pub(super) fn stop(mut self) {
        drop(self.server.stdin.take());
        self.server.wait().ok();
    }
}

impl Ports {
    /// All are held while the last is chosen, so that they differ.
    fn free() -> std::io::Result<Self> {
        let mut held = Vec::new();
        let mut next = || {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let port = listener.local_addr()?.port();
            held.push(listener);
            std::io::Result::Ok(port)
        };
        Ok(Self {
            master: next()?,
            master_grpc: next()?,
            volume: next()?,
            volume_grpc: next()?,
            filer: next()?,
            filer_grpc: next()?,
            s3: next()?,
            s3_grpc: next()?,
        })
    }

    fn grpc(&self) -> String {
        let Self {
            master_grpc,
            volume_grpc,
            filer_grpc,
            s3_grpc,
            ..
        } = self;
        format!("{master_grpc} {volume_grpc} {filer_grpc} {s3_grpc}")
    }
}

/// The watcher removes it: a destructor would not run in a process that is killed.
fn data_folder() -> std::io::Result<PathBuf> {
    let folder = TempDir::with_prefix("dtm-seaweedfs-")?.keep();
    let identity = format!(
        r#"{{"identities": [{{"name": "tests", "actions": ["Admin", "Read", "Write", "List"],
        "credentials": [{{"accessKey": "{ACCESS_KEY}", "secretKey": "{SECRET_KEY}"}}]}}]}}"#
    );
    fs::write(folder.join("s3.json"), identity)?;
    fs::create_dir(folder.join("data"))?;
    Ok(folder)
}

fn command(weed: &Path, data: &Path, ports: &Ports) -> Command {
    let at = |name: &str| data.join(name).display().to_string();
    let mut command = Command::new("sh");
    command
        .args(["-c", WATCH, "sh"])
        .arg(data)
        .arg(data.join("log"))
        .arg(weed);
    command.args(["-logtostderr=true", "server", "-s3", "-s3.iam=false"]);
    command.args([
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
    ]);
    command.args(["-volume.max=400", "-master.volumeSizeLimitMB=64"]);
    command.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
    for (flag, port) in [
        ("master.port", ports.master),
        ("master.port.grpc", ports.master_grpc),
        ("volume.port", ports.volume),
        ("volume.port.grpc", ports.volume_grpc),
        ("filer.port", ports.filer),
        ("filer.port.grpc", ports.filer_grpc),
        ("s3.port", ports.s3),
        ("s3.port.grpc", ports.s3_grpc),
    ] {
        command.arg(format!("-{flag}={port}"));
    }
    command
        .arg(format!("-dir={}", at("data")))
        .arg(format!("-s3.config={}", at("s3.json")))
        .arg(format!("-filer.localSocket={}", at("filer.sock")))
        .arg(format!("-s3.localSocket={}", at("s3.sock")))
        // It looks for settings in the home and in the current folder: it shall find none.
        .env("HOME", data)
        .env("DTM_GRPC_PORTS", ports.grpc())
        .current_dir(data)
        // A Ctrl-C at the terminal is for the tests; the watcher then does its work.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

async fn probe(target: &S3Target, client: &AmazonS3) -> Result<(), String> {
    create_bucket(target).await?;
    let path = ObjectPath::from("ready");
    let put = client.put(&path, PutPayload::from_static(b"ready"));
    match tokio::time::timeout(Duration::from_secs(5), put).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(late) => Err(late.to_string()),
    }
}

/// `object_store` makes no buckets, but it signs the request that does.
pub(super) async fn create_bucket(target: &S3Target) -> Result<(), String> {
    let valid_for = Duration::from_secs(60);
    let url = target
        .client()
        .signed_url(reqwest::Method::PUT, &ObjectPath::ROOT, valid_for)
        .await
        .map_err(|error| error.to_string())?;
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(5))
        .build()
        .map_err(|error| error.to_string())?;
    let answer = client
        .put(url)
        .send()
        .await
        .map_err(|error| error.to_string())?;
    match answer.status() {
        status if status.is_success() || status == reqwest::StatusCode::CONFLICT => Ok(()),
        status => Err(format!(
            "{status}: {}",
            answer.text().await.unwrap_or_default()
        )),
    }
}

/// On a thread of its own, for the caller may stand inside a runtime.
pub(super) fn wait_for<T: Send>(
    work: impl Future<Output = Result<T, String>> + Send,
) -> Result<T, String> {
    let on_thread = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        runtime.block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(on_thread).join())
        .unwrap_or_else(|_| Err("the thread that asked ended early".to_owned()))
}
