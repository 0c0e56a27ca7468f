//! The one place where acts happen: authenticate → authorise → open the entry → act → close → time.

use std::sync::Arc;
use std::time::Instant;

use access::{Decision, Resource, SecretKind};
use audit::{Entry, Outcome, Phase};
use project::{AgencyCode, DatasetName};
use serde_json::{Value, json};
use service::{
    Action, Call, Credential, ErrorKind, Principal, Result, Secret, ServiceError, SubmissionId,
    UploadId,
};

use crate::failure;
use crate::handles::Handles;

/// Guards the handles: nothing outside this module reaches them but through an act.
pub(crate) struct Gate {
    handles: Arc<Handles>,
}

/// What an act is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    /// The agency whose data it touches.
    pub agency: Option<AgencyCode>,
    /// The dataset.
    pub dataset: Option<DatasetName>,
    /// The resource as the journal shows it.
    pub resource: String,
    /// What else the journal keeps of the request.
    pub detail: Value,
}

impl About {
    /// Something that is named by a text alone.
    pub(crate) fn named(resource: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            detail: json!({}),
            ..Self::default()
        }
    }

    /// A dataset.
    pub(crate) fn dataset(dataset: &DatasetName) -> Self {
        Self {
            dataset: Some(dataset.clone()),
            ..Self::named(dataset.as_str())
        }
    }

    /// With the agency whose data is touched.
    pub(crate) fn of_agency(mut self, agency: Option<AgencyCode>) -> Self {
        self.agency = agency;
        self
    }

    /// With what else is to be kept.
    pub(crate) fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// An act that was allowed and whose entry is open. Dropped before its end, it records that.
pub(crate) struct Acting {
    /// The handles.
    pub handles: Arc<Handles>,
    /// Who acts.
    pub principal: Principal,
    /// None once it is closed.
    entry: Option<Entry>,
    runtime: tokio::runtime::Handle,
    action: Action,
    started: Instant,
}

impl Gate {
    pub(crate) fn new(handles: Arc<Handles>) -> Self {
        Self { handles }
    }

    /// Performs an act whose answer is complete when the work is.
    pub(crate) async fn perform<T, W, F>(
        &self,
        call: &Call,
        action: Action,
        about: About,
        work: W,
    ) -> Result<T>
    where
        W: FnOnce(Arc<Handles>, Principal) -> F + Send,
        F: Future<Output = Result<T>> + Send,
    {
        self.begin(call, action, about).await?.act(work).await
    }

    /// Performs an act for a principal who was authenticated when it was asked for, and need not be
    /// there any more. Whether it may be done is decided anew.
    pub(crate) async fn perform_for<T, W, F>(
        &self,
        principal: Principal,
        call: &Call,
        action: Action,
        about: About,
        work: W,
    ) -> Result<T>
    where
        W: FnOnce(Arc<Handles>, Principal) -> F + Send,
        F: Future<Output = Result<T>> + Send,
    {
        let acting = self.open(Ok(principal), call, action, about).await?;
        acting.act(work).await
    }

    /// Opens an act that goes on after its answer began, as a streamed result does. The caller owes
    /// the `end`.
    pub(crate) async fn begin(&self, call: &Call, action: Action, about: About) -> Result<Acting> {
        let known = self.authenticate(call).await;
        self.open(known, call, action, about).await
    }

    async fn open(
        &self,
        known: Result<Principal>,
        call: &Call,
        action: Action,
        about: About,
    ) -> Result<Acting> {
        let started = Instant::now();
        told_to_log(call, known.as_ref().ok());
        let mut entry = Entry {
            phase: Phase::Attempt,
            action,
            resource: about.resource.clone(),
            principal: known.as_ref().map(|p| p.name.clone()).unwrap_or_default(),
            door: call.door,
            peer: call.peer,
            outcome: Outcome::Allowed,
            detail: attempt_detail(call, &about),
            correlation_id: call.correlation_id.clone(),
        };
        let allowed = known.and_then(|principal| {
            authorise(&principal, action, &about)?;
            Ok(principal)
        });
        if allowed.is_err() {
            entry.outcome = Outcome::Denied;
        }
        self.handles
            .journal
            .append(entry.clone())
            .await
            .map_err(failure::audit)?;
        match allowed {
            Ok(principal) => {
                let handles = Arc::clone(&self.handles);
                Ok(Acting {
                    handles,
                    principal,
                    entry: Some(entry),
                    runtime: tokio::runtime::Handle::current(),
                    action,
                    started,
                })
            }
            Err(error) => {
                count(action, "denied", started);
                Err(error)
            }
        }
    }

    /// Performs the acts that make a principal known, which have none to begin with.
    pub(crate) async fn sign_in(&self, call: &Call, shown: &Secret) -> Result<Secret> {
        let found = crate::access::exchange(&self.handles, shown).await;
        told_to_log(call, found.as_ref().ok().map(|(principal, _)| principal));
        let entry = Entry {
            phase: Phase::Attempt,
            action: Action::SignIn,
            resource: String::new(),
            principal: found
                .as_ref()
                .map(|(p, _)| p.name.clone())
                .unwrap_or_default(),
            door: call.door,
            peer: call.peer,
            outcome: if found.is_ok() {
                Outcome::Allowed
            } else {
                Outcome::Denied
            },
            detail: attempt_detail(call, &About::named("")),
            correlation_id: call.correlation_id.clone(),
        };
        self.handles
            .journal
            .append(entry.clone())
            .await
            .map_err(failure::audit)?;
        let (principal, _) = found?;
        let session = crate::access::open_session(&self.handles, &principal).await?;
        let effect = Entry {
            phase: Phase::Effect,
            outcome: Outcome::Done,
            ..entry
        };
        self.handles
            .journal
            .append(effect)
            .await
            .map_err(failure::audit)?;
        Ok(session)
    }

    /// The agency that the caller is bound to, if its credentials are known and it is bound to one.
    /// The act that follows authenticates again and leaves the entry.
    pub(crate) async fn agency_of(&self, call: &Call) -> Result<Option<AgencyCode>> {
        Ok(self
            .authenticate(call)
            .await
            .ok()
            .and_then(|principal| principal.agency))
    }

    /// Whom an act on an upload is about, and nothing else of it: its agency, for its owner; for
    /// others it is as if it were not there. The act that follows authenticates again.
    pub(crate) async fn agency_of_upload(&self, call: &Call, id: UploadId) -> Option<AgencyCode> {
        let caller = self.authenticate(call).await.ok()?;
        let own = self.handles.uploads.agency_of(id, &caller);
        own.or(caller.agency)
    }

    /// The agency whose data a submission is, if there is such a submission: whom the act that
    /// follows is about, and nothing else of it.
    pub(crate) async fn agency_of_submission(
        &self,
        id: SubmissionId,
    ) -> Result<Option<AgencyCode>> {
        let found = self.handles.books.submission(id).await;
        let found = found.map_err(failure::books)?;
        Ok(found.map(|submission| submission.receipt.agency))
    }

    /// Whether the books and the store answer; nobody is told what.
    pub(crate) async fn ready(&self) -> Result<()> {
        let Handles { books, lake, .. } = self.handles.as_ref();
        books.ping().await.map_err(failure::books)?;
        let answer = lake.objects().exists("readiness").await;
        answer.map(drop).map_err(failure::lake)
    }

    /// Work of the house itself, outside any call, and nothing else: at start and stop, and what
    /// goes on by itself after an act.
    pub(crate) fn own(&self) -> &Arc<Handles> {
        &self.handles
    }

    async fn authenticate(&self, call: &Call) -> Result<Principal> {
        match &call.credential {
            None => Err(
                ServiceError::new(ErrorKind::Unauthenticated, "no credentials were given")
                    .hint("Send `Authorization: Bearer` with a token, or sign in."),
            ),
            Some(Credential::Token(secret)) => {
                crate::access::principal_of(&self.handles, secret, SecretKind::Token).await
            }
            Some(Credential::Session(secret)) => {
                crate::access::principal_of(&self.handles, secret, SecretKind::Session).await
            }
        }
    }
}

impl Acting {
    /// Acts, and closes the entry with what came of it.
    async fn act<T, W, F>(self, work: W) -> Result<T>
    where
        W: FnOnce(Arc<Handles>, Principal) -> F + Send,
        F: Future<Output = Result<T>> + Send,
    {
        let answer = work(Arc::clone(&self.handles), self.principal.clone()).await;
        let (outcome, detail) = match &answer {
            Ok(_) => (Outcome::Done, json!({})),
            Err(error) => (Outcome::Failed, json!({ "error": error.message })),
        };
        self.end(outcome, detail).await?;
        answer
    }

    /// Closes the entry. If that fails, so does the act: its effect would be unrecorded.
    pub(crate) async fn end(mut self, outcome: Outcome, detail: Value) -> Result<()> {
        let Some(entry) = self.closed(outcome, &detail) else {
            return Ok(());
        };
        let journal = &self.handles.journal;
        journal.append(entry).await.map_err(failure::audit)?;
        Ok(())
    }

    fn closed(&mut self, outcome: Outcome, detail: &Value) -> Option<Entry> {
        let entry = self.entry.take()?;
        let word = if matches!(outcome, Outcome::Done) {
            "done"
        } else {
            "failed"
        };
        count(self.action, word, self.started);
        Some(Entry {
            phase: Phase::Effect,
            outcome,
            detail: detail.to_string(),
            ..entry
        })
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        let detail = json!({ "error": "the caller went away before the end" });
        let Some(entry) = self.closed(Outcome::Failed, &detail) else {
            return;
        };
        let journal = Arc::clone(&self.handles.journal);
        self.runtime.spawn(async move {
            if let Err(error) = journal.append(entry).await {
                tracing::error!(%error, "the end of an act could not be recorded");
            }
        });
    }
}

fn authorise(principal: &Principal, action: Action, about: &About) -> Result<()> {
    let resource = Resource {
        agency: about.agency.as_ref(),
        dataset: about.dataset.as_ref(),
    };
    match access::decide(principal, action, &resource) {
        Decision::Allow => Ok(()),
        Decision::Deny { reason } => Err(ServiceError::new(ErrorKind::Forbidden, reason)
            .hint("Ask an administrator for a role that allows it.")),
    }
}

/// Says who acts in what is logged of the request, where the caller's span asks for it.
fn told_to_log(call: &Call, known: Option<&Principal>) {
    let span = tracing::Span::current();
    span.record("door", call.door.as_str());
    if let Some(principal) = known {
        span.record("principal", principal.name.as_str());
    }
}

fn attempt_detail(call: &Call, about: &About) -> String {
    let mut detail = about.detail.clone();
    if let Value::Object(map) = &mut detail {
        if let Some(agency) = &about.agency {
            map.insert("agency".to_owned(), json!(agency.as_str()));
        }
        if let Some(agent) = &call.user_agent {
            map.insert("user_agent_unverified".to_owned(), json!(agent));
        }
    }
    detail.to_string()
}

fn count(action: Action, outcome: &'static str, started: Instant) {
    let labels = [("action", action.as_str()), ("outcome", outcome)];
    metrics::counter!("dtm_acts_total", &labels).increment(1);
    metrics::histogram!("dtm_act_seconds", &labels).record(started.elapsed().as_secs_f64());
}
