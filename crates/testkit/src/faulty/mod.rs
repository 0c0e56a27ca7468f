//! An object store that fails: by an explicit plan, by a seed, or altogether.

mod plan;
mod upload;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result,
};

pub use plan::{Fault, FaultKind, Gate, Rates};

use crate::op::Op;
use upload::FaultyUpload;

#[cfg(test)]
mod tests;

const STORE: &str = "faulty";

/// Clones share one plan and one record: keep a clone, hand the other in.
#[derive(Clone, Debug)]
pub struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    state: Arc<Mutex<State>>,
}

/// A fault that was met.
#[derive(Clone, Debug)]
pub struct Injected {
    pub op: Op,
    pub path: String,
    pub kind: FaultKind,
}

#[derive(Debug, Default)]
struct State {
    cut: bool,
    planned: Vec<Planned>,
    seeded: Option<(u64, Rates)>,
    asked: HashMap<(Op, Path), usize>,
    injected: Vec<Injected>,
}

#[derive(Debug)]
struct Planned {
    fault: Fault,
    matched: usize,
}

impl FaultyStore {
    /// Faultless until told otherwise.
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self {
            inner,
            state: Arc::default(),
        }
    }

    /// Adds a planned fault. The first planned fault that matches a request wins, and a planned
    /// one wins over the seed.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        self.plan(fault);
        self
    }

    /// Lets requests fail by chance: the same seed and the same requests fail alike.
    #[must_use]
    pub fn with_seed(self, seed: u64, rates: Rates) -> Self {
        self.state.lock().unwrap().seeded = Some((seed, rates));
        self
    }

    /// Adds a planned fault while the store is in use; it counts requests from now on.
    pub fn plan(&self, fault: Fault) {
        let planned = Planned { fault, matched: 0 };
        self.state.lock().unwrap().planned.push(planned);
    }

    /// Drops the planned faults that were not met yet.
    pub fn forget(&self) {
        self.state.lock().unwrap().planned.clear();
    }

    /// From now on every request fails before its effect, as if the store were out of reach.
    pub fn cut(&self) {
        self.state.lock().unwrap().cut = true;
    }

    /// Ends [`Self::cut`].
    pub fn mend(&self) {
        self.state.lock().unwrap().cut = false;
    }

    /// Every planned or seeded fault met so far, in order.
    pub fn injected(&self) -> Vec<Injected> {
        self.state.lock().unwrap().injected.clone()
    }

    /// Panics if a planned fault was never met: the test then shows nothing.
    pub fn assert_all_met(&self) {
        let state = self.state.lock().unwrap();
        let unmet: Vec<_> = state
            .planned
            .iter()
            .filter(|planned| planned.matched + 1 < planned.fault.nth + planned.fault.times)
            .map(|planned| &planned.fault)
            .collect();
        assert!(
            unmet.is_empty(),
            "planned faults that no request met: {unmet:#?}"
        );
    }

    fn decide(&self, op: Op, path: &Path) -> Option<FaultKind> {
        let mut state = self.state.lock().unwrap();
        if state.cut {
            return Some(FaultKind::BeforeEffect);
        }
        let kind = match state.planned_for(op, path) {
            Some(kind) => Some(kind),
            None => state.seeded_for(op, path),
        }?;
        state.injected.push(Injected {
            op,
            path: path.to_string(),
            kind: kind.clone(),
        });
        Some(kind)
    }

    async fn run<T>(
        &self,
        op: Op,
        path: &Path,
        effect: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        bend(self.decide(op, path), op, path, effect).await
    }

    fn bend_list(
        &self,
        prefix: Option<&Path>,
        entries: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let path = prefix.cloned().unwrap_or_default();
        let kind = self.decide(Op::List, &path);
        let breaks_off = matches!(kind, Some(FaultKind::AfterEffect));
        let start = match kind {
            Some(FaultKind::AfterEffect) => None,
            other => other,
        };
        stream::once(async move {
            match bend(start, Op::List, &path, async { Ok(()) }).await {
                Err(error) => stream::iter([Err(error)]).boxed(),
                Ok(()) if breaks_off => entries
                    .chain(stream::iter([Err(lost(Op::List, &path))]))
                    .boxed(),
                Ok(()) => entries,
            }
        })
        .flatten()
        .boxed()
    }
}

impl State {
    fn planned_for(&mut self, op: Op, path: &Path) -> Option<FaultKind> {
        let mut met = None;
        for planned in &mut self.planned {
            let fault = &planned.fault;
            if fault.op != op || !path.as_ref().contains(&fault.path_contains) {
                continue;
            }
            planned.matched += 1;
            let due = fault.nth..fault.nth + fault.times;
            if met.is_none() && due.contains(&planned.matched) {
                met = Some(fault.kind.clone());
            }
        }
        met
    }

    fn seeded_for(&mut self, op: Op, path: &Path) -> Option<FaultKind> {
        let (seed, rates) = self.seeded?;
        let asked = self.asked.entry((op, path.clone())).or_default();
        let before = *asked;
        *asked += 1;
        rates.roll(seed, op, path, before)
    }
}

/// Lets `effect` happen, or not, as `kind` says.
async fn bend<T>(
    kind: Option<FaultKind>,
    op: Op,
    path: &Path,
    effect: impl Future<Output = Result<T>>,
) -> Result<T> {
    match kind {
        None => effect.await,
        Some(FaultKind::BeforeEffect) => Err(refused(op, path)),
        Some(FaultKind::Full) => Err(full()),
        Some(FaultKind::AfterEffect) => {
            // An answer that is lost is lost whatever it said.
            effect.await.ok();
            Err(lost(op, path))
        }
        Some(FaultKind::Delay(wait)) => {
            tokio::time::sleep(wait).await;
            effect.await
        }
        Some(FaultKind::Held(gate)) => {
            gate.pass().await;
            effect.await
        }
    }
}

fn refused(op: Op, path: &Path) -> Error {
    Error::Generic {
        store: STORE,
        source: format!("injected fault: {op:?} of `{path}` never reached the store").into(),
    }
}

/// As a store on a local disk says it.
fn full() -> Error {
    Error::Generic {
        store: STORE,
        source: std::io::Error::from(std::io::ErrorKind::StorageFull).into(),
    }
}

fn lost(op: Op, path: &Path) -> Error {
    Error::Generic {
        store: STORE,
        source: format!("injected fault: the answer to {op:?} of `{path}` was lost").into(),
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyStore({})", self.inner)
    }
}

// `get_ranges` is left to the trait, which asks for each range by `get_opts`, as `AmazonS3` does.
#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let effect = self.inner.put_opts(location, payload, opts);
        self.run(Op::Put, location, effect).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let effect = self.inner.put_multipart_opts(location, opts);
        let inner = self.run(Op::StartUpload, location, effect).await?;
        Ok(Box::new(FaultyUpload {
            inner,
            store: self.clone(),
            path: location.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let op = if options.head { Op::Head } else { Op::Get };
        let effect = self.inner.get_opts(location, options);
        self.run(op, location, effect).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .then(move |location| {
                let store = store.clone();
                async move {
                    let location = location?;
                    let effect = store.inner.delete(&location);
                    store.run(Op::Delete, &location, effect).await?;
                    Ok(location)
                }
                .boxed()
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.bend_list(prefix, self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.bend_list(prefix, self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.cloned().unwrap_or_default();
        let effect = self.inner.list_with_delimiter(prefix);
        self.run(Op::List, &path, effect).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let effect = self.inner.copy_opts(from, to, options);
        self.run(Op::Copy, to, effect).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let effect = self.inner.rename_opts(from, to, options);
        self.run(Op::Rename, to, effect).await
    }
}
