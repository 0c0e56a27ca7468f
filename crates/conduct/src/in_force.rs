//! The project in force, and the files that a plan, an apply or a run reads again.

use std::sync::{Arc, PoisonError, RwLock};

use lineage::Graph;
use project::{Problem, Project, Sources};
use service::{ErrorKind, Result, ServiceError};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::catalogue;
use crate::check::check;

/// Problems in a refusal; `dtm check` lists the rest.
const SHOWN: usize = 5;

/// Where the files of a project are, each time that they are asked for.
pub trait ProjectSource: Send + Sync + 'static {
    /// What people call it, such as ``the project `/srv/figures` ``.
    fn name(&self) -> String;
    /// Every file as it is now.
    fn read(&self) -> std::io::Result<Sources>;
}

/// A project without problems, and the files that it was read from.
#[derive(Clone)]
pub(crate) struct Written {
    pub project: Arc<Project>,
    /// As its lineage files state it: put together once, for it is asked for again and again.
    graph: Arc<Graph>,
    sha256: String,
}

/// The project that submissions, queries and reports go by. Its files may say something else by
/// now: that comes in force as a whole, and only when an act puts it there.
pub struct InForce {
    source: Arc<dyn ProjectSource>,
    slot: RwLock<Written>,
}

impl InForce {
    /// Reads and checks the project. Refuses one with problems, naming their places.
    pub async fn read(source: Arc<dyn ProjectSource>) -> Result<Self> {
        let files = files(&source).await?;
        let slot = RwLock::new(checked(&source, files).await?);
        Ok(Self { source, slot })
    }

    /// What people call the place of its files.
    pub(crate) fn name(&self) -> String {
        self.source.name()
    }

    /// The project as it stands now.
    pub(crate) fn project(&self) -> Arc<Project> {
        self.current().project
    }

    /// Its graph.
    pub(crate) fn graph(&self) -> Arc<Graph> {
        self.current().graph
    }

    /// What the files say now; the project in force where they have not changed. Refuses files with
    /// problems, and puts nothing in force.
    pub(crate) async fn written(&self) -> Result<Written> {
        let files = files(&self.source).await?;
        let current = self.current();
        if files.sha256() == current.sha256 {
            return Ok(current);
        }
        checked(&self.source, files).await
    }

    /// Whether it is the project in force already.
    pub(crate) fn is(&self, written: &Written) -> bool {
        self.current().sha256 == written.sha256
    }

    /// Puts a project in force.
    pub(crate) fn put(&self, written: Written) {
        if self.is(&written) {
            return;
        }
        tracing::info!(project = %self.name(), sha256 = %written.sha256, "a project came in force");
        *self.slot.write().unwrap_or_else(PoisonError::into_inner) = written;
    }

    fn current(&self) -> Written {
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        slot.clone()
    }
}

async fn files(source: &Arc<dyn ProjectSource>) -> Result<Sources> {
    let (from, name) = (Arc::clone(source), source.name());
    let read = spawn_blocking(move || from.read()).await.map_err(broken)?;
    read.map_err(|error| {
        ServiceError::new(
            ErrorKind::Unavailable,
            format!("cannot read {name}: {error}"),
        )
        .hint("Put its files back, or start again with another `--project`.")
        .caused_by(error)
    })
}

/// The project of the files. Planning every statement is work for a thread of its own.
async fn checked(source: &Arc<dyn ProjectSource>, files: Sources) -> Result<Written> {
    let sha256 = files.sha256();
    let (project, problems) = spawn_blocking(move || {
        let checked = Handle::current().block_on(check(&files));
        (checked.project, checked.problems)
    })
    .await
    .map_err(broken)?;
    if problems.is_empty() {
        return Ok(Written {
            graph: Arc::new(catalogue::graph(&project)?),
            project: Arc::new(project),
            sha256,
        });
    }
    Err(refused(&source.name(), &problems))
}

fn refused(name: &str, problems: &[Problem]) -> ServiceError {
    // Lineage is stale for what is wrong elsewhere, too.
    let drawn = |p: &&Problem| p.place.file.starts_with("lineage");
    let (last, first): (Vec<_>, Vec<_>) = problems.iter().partition(drawn);
    let shown = first.into_iter().chain(last).take(SHOWN);
    let shown: Vec<String> = shown.map(ToString::to_string).collect();
    let more = match problems.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let message = format!("{name} has problems: {}{more}", shown.join("; "));
    ServiceError::new(ErrorKind::Refused, message)
        .hint("Mend them and ask again; `dtm check` lists them all.")
}

fn broken(error: tokio::task::JoinError) -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "reading the project broke off")
        .hint("Ask again, and report the defect.")
        .caused_by(error)
}
