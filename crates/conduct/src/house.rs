//! The house: opened from its parts, asked through `service::Service`, closed in order.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use project::{DatasetName, ReportDefinition};
use serde_json::json;
use service::{
    Action, AuditRecord, ByteStream, Call, ColumnProfile, ConnectorState, Credential,
    DatasetDetail, DatasetSummary, Document, EraseReport, EraseRequest, ErrorKind, Evidence,
    ExtendRequest, LineageAnswer, LineageRequest, MaintainRequest, MaintenanceReport, Obligation,
    ObligationFilter, Page, Plan, Preview, PreviewRequest, Principal, PullReport, PullRequest,
    QuarantineFile, QuarantineFilter, QuarantineFormat, QuarantinePage, QueryAnswer, QueryRequest,
    ReleaseReport, ReleaseRequest, RenderRequest, Rendition, RenditionFormat, RestateRequest,
    Restatement, Result, RollbackReport, RowErrors, RuleOutcome, RunReport, RunRequest, Secret,
    Service, ServiceError, Submission, SubmissionId, SubmitAnswer, SubmitRequest, TableVersion,
    TraceAnswer, TraceRequest, Upload, UploadId, UploadPart, UploadRequest, WithdrawRequest,
};

use crate::parts::Parts;
use crate::perform::{About, Gate};
use crate::watch::Watch;
use crate::{
    access as principals, audit_log, catalogue, erase, failure, ledger, maintain, obligations,
    plan, preview, profiles, pull, quality, quarantine, query, release, renditions, reports,
    restate, rollback, runs, submit, superseded, trace, upload,
};

/// A house that is open.
pub struct House {
    pub(crate) gate: Arc<Gate>,
    _watch: Watch,
}

impl House {
    /// Opens a house and settles what a crash may have left unsettled.
    pub async fn open(parts: Parts) -> Result<Self> {
        let (handles, watch) = parts.put_together().await?;
        submit::publish_keys(&handles).await?;
        obligations::recover(&handles).await?;
        submit::recover(&handles).await?;
        erase::recover(&handles).await?;
        release::recover(&handles).await?;
        let freed = handles.books.free_connectors().await;
        freed.map_err(failure::books)?;
        let freed = handles.books.free_jobs().await;
        freed.map_err(failure::books)?;
        rollback::recover(&handles).await;
        superseded::catch_up(&handles).await;
        upload::sweep_from_now_on(&handles);
        let gate = Arc::new(Gate::new(handles));
        upload::resume_all(&gate);
        Ok(Self {
            gate,
            _watch: watch,
        })
    }

    /// The token of the first administrator of a new home.
    pub async fn first_token(&self, name: &str) -> Result<Secret> {
        let role = access::Role::Administrator.as_str().to_owned();
        let principal = Principal {
            name: name.to_owned(),
            role,
            agency: None,
        };
        principals::new_token(self.gate.own(), &principal).await
    }
}

#[async_trait]
impl Service for House {
    async fn whoami(&self, call: &Call) -> Result<Principal> {
        let about = About::named("self");
        self.gate
            .perform(
                call,
                Action::ReadCatalogue,
                about,
                |_, p| async move { Ok(p) },
            )
            .await
    }

    async fn sign_in(&self, call: &Call, shown: &Secret) -> Result<Secret> {
        self.gate.sign_in(call, shown).await
    }

    async fn sign_out(&self, call: &Call) -> Result<()> {
        let shown = match &call.credential {
            Some(Credential::Session(secret)) => Some(secret.clone()),
            _ => None,
        };
        let about = About::named("session");
        self.gate
            .perform(call, Action::SignOut, about, |handles, _| async move {
                match shown {
                    Some(secret) => principals::close_session(&handles, &secret).await,
                    None => Ok(()),
                }
            })
            .await
    }

    async fn create_sign_in_code(&self, call: &Call) -> Result<Secret> {
        let about = About::named("sign-in code");
        self.gate
            .perform(call, Action::CreateSignInCode, about, |handles, principal| async move {
                principals::new_code(&handles, &principal).await
            })
            .await
    }

    async fn create_token(&self, call: &Call, principal: &Principal) -> Result<Secret> {
        let about = About::named(format!("token of `{}`", principal.name))
            .of_agency(principal.agency.clone())
            .detail(json!({ "name": principal.name, "role": principal.role }));
        let new = principal.clone();
        self.gate
            .perform(call, Action::CreateToken, about, |handles, _| async move {
                principals::new_token(&handles, &new).await
            })
            .await
    }

    async fn submit(
        &self,
        call: &Call,
        request: SubmitRequest,
        body: ByteStream,
    ) -> Result<SubmitAnswer> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move { submit::submit(&gate, &call, request, body).await })
            .await
    }

    async fn create_upload(&self, call: &Call, request: UploadRequest) -> Result<Upload> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move { upload::create(&gate, &call, request).await })
            .await
    }

    async fn continue_upload(
        &self,
        call: &Call,
        id: UploadId,
        part: UploadPart,
        body: ByteStream,
    ) -> Result<Upload> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move { upload::go_on(&gate, &call, id, part, body).await })
            .await
    }

    async fn resume_upload(&self, call: &Call, id: UploadId) -> Result<Upload> {
        upload::resume(&self.gate, call, id).await
    }

    async fn upload(&self, call: &Call, id: UploadId) -> Result<Upload> {
        upload::one(&self.gate, call, id).await
    }

    async fn end_upload(&self, call: &Call, id: UploadId) -> Result<()> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move { upload::end(&gate, &call, id).await })
            .await
    }

    async fn withdraw(&self, call: &Call, request: WithdrawRequest) -> Result<Submission> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move { submit::withdraw(&gate, &call, request).await })
            .await
    }

    async fn restate(&self, call: &Call, request: RestateRequest) -> Result<Restatement> {
        restate::restate(&self.gate, call, request).await
    }

    async fn quarantine(
        &self,
        call: &Call,
        filter: QuarantineFilter,
        page: Page,
    ) -> Result<QuarantinePage> {
        quarantine::list(&self.gate, call, filter, page).await
    }

    async fn quarantine_file(
        &self,
        call: &Call,
        id: SubmissionId,
        format: QuarantineFormat,
        language: &str,
    ) -> Result<QuarantineFile> {
        quarantine::file(&self.gate, call, id, (format, language)).await
    }

    async fn erase(&self, call: &Call, request: EraseRequest) -> Result<EraseReport> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move { erase::erase(&gate, &call, request).await })
            .await
    }

    async fn release(&self, call: &Call, request: ReleaseRequest) -> Result<ReleaseReport> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move { release::release(&gate, &call, request).await })
            .await
    }

    async fn obligations(
        &self,
        call: &Call,
        filter: ObligationFilter,
        page: Page,
    ) -> Result<Vec<Obligation>> {
        obligations::list(&self.gate, call, filter, page).await
    }

    async fn extend(&self, call: &Call, request: ExtendRequest) -> Result<Obligation> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move { obligations::extend(&gate, &call, request).await })
            .await
    }

    async fn keys(&self) -> Result<String> {
        submit::keys(self.gate.own()).await
    }

    async fn submission(&self, call: &Call, id: SubmissionId) -> Result<Submission> {
        submit::one(&self.gate, call, id).await
    }

    async fn submissions(&self, call: &Call, page: Page) -> Result<Vec<Submission>> {
        submit::list(&self.gate, call, page).await
    }

    async fn row_errors(&self, call: &Call, id: SubmissionId, page: Page) -> Result<RowErrors> {
        submit::errors(&self.gate, call, id, page).await
    }

    async fn evidence(&self, call: &Call, id: SubmissionId) -> Result<Evidence> {
        submit::evidence_of(&self.gate, call, id).await
    }

    async fn connectors(&self, call: &Call) -> Result<Vec<ConnectorState>> {
        pull::states(&self.gate, call).await
    }

    async fn pull(&self, call: &Call, request: PullRequest) -> Result<Vec<PullReport>> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        let tasks = &self.gate.own().pull_tasks;
        let work = async move { pull::pull(&gate, &call, request).await };
        self.to_its_end(tasks.track_future(work)).await
    }

    async fn query(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer> {
        query::query(&self.gate, call, Action::Query, request).await
    }

    async fn figures(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer> {
        query::query(&self.gate, call, Action::ReadFigures, request).await
    }

    async fn trace(&self, call: &Call, request: TraceRequest) -> Result<TraceAnswer> {
        trace::trace(&self.gate, call, request).await
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<DatasetSummary>> {
        catalogue::datasets(&self.gate, call).await
    }

    async fn dataset(&self, call: &Call, dataset: &DatasetName) -> Result<DatasetDetail> {
        catalogue::dataset(&self.gate, call, dataset).await
    }

    async fn history(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<TableVersion>> {
        catalogue::history(&self.gate, call, dataset, page).await
    }

    async fn quality(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<RuleOutcome>> {
        quality::list(&self.gate, call, dataset, page).await
    }

    async fn profiles(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<ColumnProfile>> {
        profiles::list(&self.gate, call, dataset, page).await
    }

    async fn template(&self, call: &Call, dataset: &DatasetName) -> Result<Vec<u8>> {
        catalogue::template(&self.gate, call, dataset).await
    }

    async fn lineage(&self, call: &Call, request: LineageRequest) -> Result<LineageAnswer> {
        catalogue::lineage(&self.gate, call, request).await
    }

    async fn reports(&self, call: &Call) -> Result<Vec<ReportDefinition>> {
        reports::list(&self.gate, call).await
    }

    async fn render(&self, call: &Call, request: RenderRequest) -> Result<Rendition> {
        let about = About::named(format!("report `{}`", request.report))
            .detail(json!({ "params": request.params, "language": request.language }));
        self.gate
            .perform(call, Action::RenderReport, about, |handles, _| async move {
                reports::render(&handles, request).await
            })
            .await
    }

    async fn rendition(&self, call: &Call, id: &str) -> Result<Rendition> {
        renditions::rendition(&self.gate, call, id).await
    }

    async fn renditions(&self, call: &Call, report: &str, page: Page) -> Result<Vec<Rendition>> {
        renditions::renditions(&self.gate, call, report, page).await
    }

    async fn document(&self, call: &Call, id: &str, format: RenditionFormat) -> Result<Document> {
        renditions::document(&self.gate, call, id, format).await
    }

    async fn run(&self, call: &Call, request: RunRequest) -> Result<RunReport> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        let about = About::named("run").detail(json!({ "select": request.select }));
        self.to_its_end(async move {
            gate.perform(&call, Action::Run, about, |handles, principal| async move {
                runs::run(&handles, &principal, request).await
            })
            .await
        })
        .await
    }

    async fn runs(&self, call: &Call, page: Page) -> Result<Vec<RunReport>> {
        let about = About::named("runs");
        self.gate
            .perform(call, Action::ReadRuns, about, |handles, _| async move {
                ledger::runs(&handles, page).await
            })
            .await
    }

    async fn run_of(&self, call: &Call, id: &str) -> Result<RunReport> {
        let (about, id) = (About::named(format!("run `{id}`")), id.to_owned());
        self.gate
            .perform(call, Action::ReadRuns, about, |handles, _| async move {
                ledger::run_of(&handles, &id).await
            })
            .await
    }

    async fn rollback(&self, call: &Call, run: &str) -> Result<RollbackReport> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        let (about, run) = (About::named(format!("run `{run}`")), run.to_owned());
        self.to_its_end(async move {
            gate.perform(&call, Action::Rollback, about, |handles, principal| async move {
                rollback::rollback(&handles, &principal, &run).await
            })
            .await
        })
        .await
    }

    async fn plan(&self, call: &Call) -> Result<Plan> {
        let about = About::named("project");
        self.gate
            .perform(call, Action::Plan, about, |handles, _| async move {
                plan::plan(&handles).await
            })
            .await
    }

    async fn preview(&self, call: &Call, request: PreviewRequest) -> Result<Vec<Preview>> {
        let about = About::named("project");
        self.gate
            .perform(call, Action::Plan, about, |handles, _| async move {
                preview::preview(&handles, &request.select).await
            })
            .await
    }

    async fn apply(&self, call: &Call) -> Result<Plan> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        self.to_its_end(async move {
            let about = About::named("project");
            gate.perform(
                &call,
                Action::Apply,
                about,
                |handles, principal| async move { plan::put_in_force(&handles, &principal).await },
            )
            .await
        })
        .await
    }

    async fn maintain(&self, call: &Call, request: MaintainRequest) -> Result<MaintenanceReport> {
        let (gate, call) = (Arc::clone(&self.gate), call.clone());
        let about = About::named("maintenance").detail(json!({
            "select": request.select,
            "delete": request.delete,
            "erase": request.erase,
            "keep_hours": request.keep_hours,
        }));
        self.to_its_end(async move {
            let doors = (gate.as_ref(), &call);
            gate.perform(&call, Action::Maintain, about, |handles, _| async move {
                maintain::maintain(&handles, doors, request).await
            })
            .await
        })
        .await
    }

    async fn audit_entries(&self, call: &Call, page: Page) -> Result<Vec<AuditRecord>> {
        let about = About::named("audit entries");
        self.gate
            .perform(call, Action::ReadAudit, about, |handles, _| async move {
                let journal = Arc::clone(&handles.journal);
                journal
                    .read(page.offset, page.limit)
                    .await
                    .map_err(failure::audit)
            })
            .await
    }

    async fn log_checkpoint(&self) -> Result<String> {
        audit_log::checkpoint(self.gate.own()).await
    }

    async fn log_hashes(&self, path: &str) -> Result<Bytes> {
        audit_log::hash_tile(self.gate.own(), path).await
    }

    async fn log_file(&self, call: &Call, path: &str) -> Result<Bytes> {
        audit_log::closed_file(&self.gate, call, path).await
    }

    async fn may_read_metrics(&self, call: &Call) -> Result<()> {
        let about = About::named("metrics");
        self.gate
            .perform(
                call,
                Action::ReadMetrics,
                about,
                |_, _| async move { Ok(()) },
            )
            .await
    }

    async fn ready(&self) -> Result<()> {
        if self.gate.own().is_stopping() {
            return Err(ServiceError::new(
                ErrorKind::Unavailable,
                "the node is stopping",
            ));
        }
        self.gate.ready().await
    }
}
