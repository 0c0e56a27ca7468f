//! Wiring: a home becomes a house, or the server that holds it is spoken to.

use std::path::PathBuf;
use std::sync::Arc;

use api::client::RemoteService;
use audit::seal::{SealError, SigningKey, SigningKeys};
use books::Books;
use chrono::{DateTime, Utc};
use conduct::{Given, House, InForce, Parts};
use lake::{Lake, S3Settings, StoreLocation};
use service::{Call, Credential, Door, Secret, Service};

use crate::commands::init::tell;
use crate::failure::{Failure, Outcome};
use crate::home::{Announced, Held, Home};
use crate::machine;
use crate::progress;
use crate::settings::Settings;
use crate::shipped::Origin;

/// What the flags say about where and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub home: Home,
    pub project: Option<PathBuf>,
    pub token: Option<String>,
    pub server: Option<String>,
}

/// Someone who answers a command, and the call to ask with.
pub(crate) struct Opened {
    pub service: Arc<dyn Service>,
    pub call: Call,
    /// The house, when this process holds the home itself.
    pub own: Option<Own>,
}

/// A house and the lock on its home.
pub(crate) struct Own {
    pub house: Arc<House>,
    _held: Held,
}

pub(crate) use conduct::OnStep;

impl Opened {
    /// Closes the house, if it is ours.
    pub(crate) async fn close(self) {
        if let Some(own) = self.own {
            own.house.close_with_log().await;
        }
    }
}

/// What a command is about, where a server that holds the home goes by a project of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    /// The project: the server's must be the one that is meant.
    Project,
    /// Data, under whatever project is in force.
    Data,
}

/// Opens the home, or the server that holds it.
pub(crate) async fn open(place: &Place, on_step: OnStep) -> Outcome<Opened> {
    opened(place, on_step, Concern::Data).await
}

/// The same for a command about the project. Refuses when the server's is another one.
pub(crate) async fn open_project(place: &Place, on_step: OnStep) -> Outcome<Opened> {
    opened(place, on_step, Concern::Project).await
}

async fn opened(place: &Place, on_step: OnStep, concern: Concern) -> Outcome<Opened> {
    if let Some(url) = &place.server {
        if place.project.is_some() {
            tell(&format!(
                "the server at {url} goes by a project of its own, whatever `--project` names"
            ))?;
        }
        return remote(place, url);
    }
    let home = &place.home;
    if !home.exists() {
        return Err(no_home(home));
    }
    match home.hold()? {
        Ok(held) => {
            let settings = Settings::read(&home.settings_file(), &env)?;
            let origin = Origin::of(place.project.as_deref())?;
            let house = house(home, &settings, &origin, on_step).await?;
            let own = Own {
                house: Arc::new(house),
                _held: held,
            };
            Ok(Opened {
                service: Arc::clone(&own.house) as Arc<dyn Service>,
                call: call(token(place)?),
                own: Some(own),
            })
        }
        Err(Some(holder)) => match holder.server {
            Some(server) => {
                agree(place, &server, concern)?;
                remote(place, &server.url)
            }
            None => Err(held_by(home, Some(holder.pid))),
        },
        Err(None) => Err(held_by(home, None)),
    }
}

/// The error where no home is.
pub(crate) fn no_home(home: &Home) -> Failure {
    Failure::Unavailable(format!(
        "there is no home in `{}`; make one with `dtm init` or `dtm demo`, or name another with \
         `--home`",
        home.root().display()
    ))
}

/// The error for a home that another process holds without serving it.
pub(crate) fn held_by(home: &Home, pid: Option<u32>) -> Failure {
    let who = pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    );
    Failure::Unavailable(format!(
        "the home `{}` is open in {who}; wait until that is done, or name another with `--home`",
        home.root().display()
    ))
}

/// A project that the server does not go by is never passed over in silence.
fn agree(place: &Place, server: &Announced, concern: Concern) -> Outcome {
    if concern == Concern::Data && place.project.is_none() {
        return Ok(());
    }
    let ours = Origin::of(place.project.as_deref())?;
    let Announced { url, project } = server;
    match ours.agrees(project) {
        Some(true) => Ok(()),
        // Nobody named a project, and none is here.
        _ if ours == Origin::Carried => tell(&format!("the server at {url} goes by {project}")),
        Some(false) if concern == Concern::Project => Err(Failure::Usage(format!(
            "the home `{}` is open in the server at {url}, which goes by {project}, and {ours} \
             differs from it; ask about the server's, or start the server with this one",
            place.home.root().display()
        ))),
        _ => tell(&format!(
            "the server at {url} goes by {project}, not by {ours}"
        )),
    }
}

fn remote(place: &Place, url: &str) -> Outcome<Opened> {
    let token = token(place)?;
    let call = call(token.clone());
    let token = token.map(Secret::new);
    let service = RemoteService::new(url, token)
        .map_err(|error| Failure::Usage(format!("cannot speak to the server `{url}`: {error}")))?;
    Ok(Opened {
        service: Arc::new(service),
        call,
        own: None,
    })
}

/// `--token` or `DTM_TOKEN`, else `HOME/operator.token`.
pub(crate) fn token(place: &Place) -> Outcome<Option<String>> {
    if let Some(token) = &place.token {
        return Ok(Some(token.trim().to_owned()));
    }
    let file = place.home.token_file();
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Failure::Unavailable(format!(
            "cannot read `{}`: {e}",
            file.display()
        ))),
    }
}

/// A call of the command line.
pub(crate) fn call(token: Option<String>) -> Call {
    Call {
        credential: token.map(|t| Credential::Token(Secret::new(t))),
        door: Door::Cli,
        peer: None,
        user_agent: Some(concat!("dtm/", env!("CARGO_PKG_VERSION")).to_owned()),
        correlation_id: fresh_id().to_string(),
    }
}

/// A house over the home's store, books and journal, with a project that it reads again later.
pub(crate) async fn house(
    home: &Home,
    settings: &Settings,
    project: &Origin,
    on_step: OnStep,
) -> Outcome<House> {
    let _opening = progress::spinner("opening the home");
    home.folders()?;
    home.sweep();
    let project = InForce::read(Arc::new(project.clone())).await?;
    let given = lake::Given {
        clock: Arc::new(now),
        ids: Arc::new(|| fresh_id().to_string()),
    };
    let location = StoreLocation::parse(&settings.store, home.root()).map_err(store_failed)?;
    let store = lake::open_store(&location, &s3(settings)).map_err(store_failed)?;
    lake::probe(&store, &given).await.map_err(store_failed)?;
    let books = match settings.database.as_str() {
        "" => Books::open(&home.books_file()).await,
        url => Books::connect(url).await,
    };
    let books = books.map_err(books_failed)?;
    let journal = audit::Journal::open(&home.journal_folder(), Arc::new(now))
        .map_err(|e| Failure::Unavailable(format!("cannot open the audit journal: {e}")))?;
    if let Some(cut) = journal.cut() {
        tracing::warn!(file = %cut.file.display(), bytes = cut.bytes, "a torn journal line was cut");
    }
    let keys = signing_keys(home)?;
    let parts = Parts {
        lake: Lake::open(store, given).map_err(store_failed)?,
        books,
        journal,
        keys,
        project,
        given: Given {
            clock: Arc::new(now),
            ids: Arc::new(fresh_id),
            random: Arc::new(chance),
            env: Arc::new(env),
            resident_bytes: Arc::new(machine::resident_bytes),
            on_step,
        },
        settings: limits(home, settings)?,
    };
    let node = home.node()?;
    let house = House::open(parts).await?;
    house.open_audit_log(&node).await?;
    Ok(house)
}

/// The home's signing keys; made with the first one if there are none.
pub(crate) fn signing_keys(home: &Home) -> Outcome<SigningKeys> {
    let keys = SigningKeys::open_or_create(&home.keys_folder(), &SigningKey::generate, now());
    let keys = keys.map_err(keys_failed)?;
    for file in keys.exposed() {
        tracing::warn!(
            file = %file.display(),
            "others could read this; rotate the key by `dtm keys --rotate` if somebody may have"
        );
    }
    Ok(keys)
}

pub(crate) fn keys_failed(error: SealError) -> Failure {
    Failure::Unavailable(format!(
        "cannot use the signing keys: {error}; {}",
        error.hint()
    ))
}

/// More bodies at the same time than a process may open files.
const MOST_BODIES: usize = 1 << 20;

fn limits(home: &Home, settings: &Settings) -> Outcome<conduct::Settings> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    Ok(conduct::Settings {
        home: home.root().to_owned(),
        spool_folder: home.spool_folder(),
        uploads_folder: home.uploads_folder(),
        spill_folder: home.spill_folder(),
        body_bytes: settings.submission.body_bytes,
        body_wait_ms: settings.submission.wait_ms,
        bodies_at_once: settings.submission.bodies_at_once.clamp(1, MOST_BODIES),
        bodies_per_agency: settings.submission.bodies_per_agency.max(1),
        client_per_second: settings.submission.client_per_second,
        client_burst: settings.submission.client_burst,
        submissions_at_once: match settings.submission.at_once {
            0 => cores,
            n => n,
        },
        queries_at_once: settings.query.at_once.max(1),
        partitions: cores,
        memory_bytes: settings.memory.pool_bytes(machine::memory_bytes())?,
        spill_bytes: settings.memory.spill_bytes,
        query: engine::QueryLimits {
            memory_bytes: settings.query.memory_bytes,
            memory_name: "query.memory_bytes",
            spill_bytes: settings.query.spill_bytes,
            wait_ms: settings.query.wait_ms,
            rows: settings.query.rows,
            bytes: settings.query.bytes,
        },
        run_memory_bytes: settings.run.memory_bytes,
        errors_in_answer: 100,
        maintain: conduct::MaintainSettings {
            keep_hours: settings.maintain.keep_hours,
            small_file_bytes: settings.maintain.small_file_bytes,
            small_files: settings.maintain.small_files,
            checkpoint_commits: settings.maintain.checkpoint_commits,
        },
        evidence: conduct::EvidenceSettings {
            keep_days: settings.evidence.keep_days,
            restricted_keep_days: settings.evidence.restricted_keep_days,
        },
        upload: conduct::UploadLimits {
            per_client: settings.upload.per_client,
            bytes_per_client: settings.upload.bytes_per_client,
            bytes: settings.upload.bytes,
            keep_hours: settings.upload.keep_hours,
        },
        lineage: settings.lineage.read(home, &settings.store)?,
    })
}

/// S3 settings: addresses from the settings, credentials from `AWS_*` alone.
pub(crate) fn s3(settings: &Settings) -> S3Settings {
    S3Settings {
        endpoint: settings
            .s3
            .endpoint
            .clone()
            .or_else(|| env("AWS_ENDPOINT_URL"))
            .or_else(|| env("AWS_ENDPOINT")),
        region: settings.s3.region.clone().or_else(|| env("AWS_REGION")),
        allow_http: settings.s3.allow_http || env("AWS_ALLOW_HTTP").is_some_and(|v| v == "true"),
        access_key: env("AWS_ACCESS_KEY_ID"),
        secret_key: env("AWS_SECRET_ACCESS_KEY"),
        session_token: env("AWS_SESSION_TOKEN"),
    }
}

pub(crate) fn store_failed(error: lake::LakeError) -> Failure {
    Failure::Unavailable(format!("cannot use the store: {error}"))
}

fn books_failed(error: books::BooksError) -> Failure {
    let hint = error.hint().map(|hint| format!("; {hint}"));
    Failure::Unavailable(format!(
        "cannot open the control database: {error}{}",
        hint.unwrap_or_default()
    ))
}

/// The clock of the process.
#[expect(
    clippy::disallowed_methods,
    reason = "the one home of the clock; everything else is given it"
)]
pub(crate) fn now() -> DateTime<Utc> {
    // The books and Parquet keep microseconds; a receipt must read the same from both.
    chrono::SubsecRound::trunc_subsecs(Utc::now(), 6)
}

/// A fresh id.
#[expect(
    clippy::disallowed_methods,
    reason = "the one home of ids; everything else is given them"
)]
pub(crate) fn fresh_id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

/// Unpredictable bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "the one home of chance; everything else is given it"
)]
fn chance() -> [u8; 32] {
    rand::random()
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the one home of the environment")]
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
