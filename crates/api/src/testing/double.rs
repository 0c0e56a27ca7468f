//! The double: answers samples, notes what it was asked, fails when told to.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use project::{DatasetName, ReportDefinition};
use service::{
    AuditRecord, BodyFormat, ByteStream, Call, ColumnProfile, ConnectorState, Credential,
    DatasetDetail, DatasetSummary, Document, EraseReport, EraseRequest, ErrorKind, Evidence,
    ExtendRequest, LineageAnswer, LineageRequest, MaintainRequest, MaintenanceReport, Obligation,
    ObligationFilter, Page, Plan, Preview, PreviewRequest, Principal, PullReport, PullRequest,
    QuarantineFile, QuarantineFilter, QuarantineFormat, QuarantinePage, QueryAnswer, QueryRequest,
    ReleaseReport, ReleaseRequest, RenderRequest, Rendition, RenditionFormat, RestateRequest,
    Restatement, Result, RollbackReport, RowErrors, RuleOutcome, RunReport, RunRequest, Secret,
    Service, ServiceError, Submission, SubmissionId, SubmitAnswer, SubmitRequest, TableVersion,
    TraceAnswer, TraceRequest, Upload, UploadId, UploadPart, UploadRequest, UploadState,
    WithdrawRequest,
};

use super::{TOKEN, log, samples};

/// A function that makes the error that an act is to fail with.
type Failure = Box<dyn Fn() -> ServiceError + Send + Sync>;

/// A service of samples.
#[derive(Default)]
pub(crate) struct Double {
    asked: Mutex<Vec<String>>,
    failure: Mutex<Option<Failure>>,
    late: Mutex<Option<Failure>>,
    replayed: Mutex<bool>,
    stalled: Mutex<bool>,
}

impl Double {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A double whose acts fail so.
    pub(crate) fn failing(failure: impl Fn() -> ServiceError + Send + Sync + 'static) -> Arc<Self> {
        let double = Self::new();
        *double.failure.lock().unwrap() = Some(Box::new(failure));
        double
    }

    /// A double whose query results break off after their first batches.
    pub(crate) fn breaking(
        failure: impl Fn() -> ServiceError + Send + Sync + 'static,
    ) -> Arc<Self> {
        let double = Self::new();
        *double.late.lock().unwrap() = Some(Box::new(failure));
        double
    }

    /// A double that has had every submission before.
    pub(crate) fn replaying() -> Arc<Self> {
        let double = Self::new();
        *double.replayed.lock().unwrap() = true;
        double
    }

    /// A double that never answers the catalogue.
    pub(crate) fn stalling() -> Arc<Self> {
        let double = Self::new();
        *double.stalled.lock().unwrap() = true;
        double
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn note(&self, call: &Call, what: String) -> Result<()> {
        let known = |secret: &Secret| secret.reveal() == TOKEN;
        match &call.credential {
            Some(Credential::Token(secret) | Credential::Session(secret)) if known(secret) => {}
            _ => {
                let error = ServiceError::new(ErrorKind::Unauthenticated, "no credentials");
                return Err(error.hint("Sign in."));
            }
        }
        self.asked.lock().unwrap().push(what);
        match &*self.failure.lock().unwrap() {
            Some(failure) => Err(failure()),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Service for Double {
    async fn whoami(&self, call: &Call) -> Result<Principal> {
        self.note(call, "whoami".to_owned())?;
        Ok(samples::principal())
    }

    async fn sign_in(&self, _: &Call, shown: &Secret) -> Result<Secret> {
        Ok(shown.clone())
    }

    async fn sign_out(&self, call: &Call) -> Result<()> {
        self.note(call, "sign_out".to_owned())
    }

    async fn create_sign_in_code(&self, call: &Call) -> Result<Secret> {
        self.note(call, "create_sign_in_code".to_owned())?;
        Ok(Secret::new("dtm_c_once"))
    }

    async fn create_token(&self, call: &Call, principal: &Principal) -> Result<Secret> {
        self.note(call, format!("create_token {principal:?}"))?;
        Ok(Secret::new("dtm_t_new"))
    }

    async fn submit(
        &self,
        call: &Call,
        request: SubmitRequest,
        body: ByteStream,
    ) -> Result<SubmitAnswer> {
        let noted = format!("submit {request:?}");
        // As the house does, it refuses strangers before it reads.
        self.note(call, noted)?;
        let body: Vec<_> = body.try_collect().await.map_err(|error| {
            ServiceError::new(ErrorKind::Unavailable, "the body broke off").caused_by(error)
        })?;
        let body = String::from_utf8(body.concat()).unwrap();
        self.asked.lock().unwrap().push(format!("body {body}"));
        let replayed = *self.replayed.lock().unwrap();
        let restated = request.restatement.then(super::restatement);
        Ok(SubmitAnswer {
            replayed,
            dry_run: request.dry_run,
            restatement: restated,
            ..samples::submit_answer()
        })
    }

    async fn create_upload(&self, call: &Call, request: UploadRequest) -> Result<Upload> {
        self.note(call, format!("create_upload {request:?}"))?;
        Ok(samples::upload(0, UploadState::Receiving))
    }

    async fn continue_upload(
        &self,
        call: &Call,
        id: UploadId,
        part: UploadPart,
        body: ByteStream,
    ) -> Result<Upload> {
        self.note(call, format!("continue_upload {id} {part:?}"))?;
        let body: Vec<_> = body.try_collect().await.unwrap();
        let body = body.concat();
        let offset = part.offset + body.len() as u64;
        Ok(if offset < samples::UPLOAD_LENGTH {
            samples::upload(offset, UploadState::Receiving)
        } else {
            samples::upload(offset, UploadState::Landing)
        })
    }

    async fn resume_upload(&self, call: &Call, id: UploadId) -> Result<Upload> {
        self.note(call, format!("resume_upload {id}"))?;
        Ok(samples::upload(2, UploadState::Receiving))
    }

    async fn upload(&self, call: &Call, id: UploadId) -> Result<Upload> {
        self.note(call, format!("upload {id}"))?;
        let answer = Box::new(samples::submit_answer());
        Ok(samples::upload(4, UploadState::Done(answer)))
    }

    async fn end_upload(&self, call: &Call, id: UploadId) -> Result<()> {
        self.note(call, format!("end_upload {id}"))
    }

    async fn withdraw(&self, call: &Call, request: WithdrawRequest) -> Result<Submission> {
        self.note(call, format!("withdraw {} {}", request.id, request.reason))?;
        Ok(samples::submission())
    }

    async fn restate(&self, call: &Call, request: RestateRequest) -> Result<Restatement> {
        self.note(call, format!("restate {request:?}"))?;
        Ok(super::restatement())
    }

    async fn erase(&self, call: &Call, request: EraseRequest) -> Result<EraseReport> {
        self.note(call, format!("erase {request:?}"))?;
        Ok(samples::erase_report())
    }

    async fn quarantine(
        &self,
        call: &Call,
        filter: QuarantineFilter,
        page: Page,
    ) -> Result<QuarantinePage> {
        self.note(call, format!("quarantine {filter:?} {page:?}"))?;
        Ok(samples::quarantine())
    }

    async fn quarantine_file(
        &self,
        call: &Call,
        id: SubmissionId,
        format: QuarantineFormat,
        language: &str,
    ) -> Result<QuarantineFile> {
        self.note(call, format!("quarantine_file {id} {format:?} {language}"))?;
        Ok(QuarantineFile {
            format,
            bytes: stream::iter([Ok("_row\n1\n".into())]).boxed(),
        })
    }

    async fn release(&self, call: &Call, request: ReleaseRequest) -> Result<ReleaseReport> {
        self.note(call, format!("release {request:?}"))?;
        Ok(samples::release())
    }

    async fn obligations(
        &self,
        call: &Call,
        filter: ObligationFilter,
        page: Page,
    ) -> Result<Vec<Obligation>> {
        self.note(call, format!("obligations {filter:?} {page:?}"))?;
        Ok(vec![samples::obligation()])
    }

    async fn extend(&self, call: &Call, request: ExtendRequest) -> Result<Obligation> {
        let ExtendRequest { of, until, reason } = request;
        self.note(call, format!("extend {of} {until} {reason}"))?;
        Ok(samples::obligation())
    }

    async fn template(&self, call: &Call, dataset: &DatasetName) -> Result<Vec<u8>> {
        self.note(call, format!("template {dataset}"))?;
        Ok(b"PK".to_vec())
    }

    async fn keys(&self) -> Result<String> {
        Ok(r#"{"keys":[]}"#.to_owned())
    }

    async fn submission(&self, call: &Call, id: SubmissionId) -> Result<Submission> {
        self.note(call, format!("submission {id}"))?;
        Ok(samples::submission())
    }

    async fn submissions(&self, call: &Call, page: Page) -> Result<Vec<Submission>> {
        self.note(call, format!("submissions {page:?}"))?;
        Ok(vec![samples::submission()])
    }

    async fn row_errors(&self, call: &Call, id: SubmissionId, page: Page) -> Result<RowErrors> {
        self.note(call, format!("row_errors {id} {page:?}"))?;
        Ok(samples::row_errors())
    }

    async fn evidence(&self, call: &Call, id: SubmissionId) -> Result<Evidence> {
        self.note(call, format!("evidence {id}"))?;
        Ok(Evidence {
            format: BodyFormat::Csv.into(),
            sha256: "ab".repeat(32),
            size_bytes: 4,
            bytes: stream::iter([Ok("a,b\n".into())]).boxed(),
        })
    }

    async fn query(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer> {
        self.note(call, format!("query {request:?}"))?;
        let mut answer = samples::query_answer();
        if let Some(late) = self.late.lock().unwrap().take() {
            let batch = samples::batch();
            let rows = stream::repeat_with(move || Ok(batch.clone())).take(5000);
            answer.batches = rows.chain(stream::iter([Err(late())])).boxed();
        }
        Ok(answer)
    }

    async fn figures(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer> {
        self.note(call, format!("figures {request:?}"))?;
        Ok(samples::query_answer())
    }

    async fn trace(&self, call: &Call, request: TraceRequest) -> Result<TraceAnswer> {
        self.note(call, format!("trace {request:?}"))?;
        Ok(super::trace::trace())
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<DatasetSummary>> {
        self.note(call, "datasets".to_owned())?;
        if *self.stalled.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        Ok(vec![samples::dataset().summary])
    }

    async fn dataset(&self, call: &Call, dataset: &DatasetName) -> Result<DatasetDetail> {
        self.note(call, format!("dataset {dataset}"))?;
        Ok(samples::dataset())
    }

    async fn history(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<TableVersion>> {
        self.note(call, format!("history {dataset} {page:?}"))?;
        Ok(samples::dataset().history)
    }

    async fn quality(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<RuleOutcome>> {
        self.note(call, format!("quality {dataset} {page:?}"))?;
        Ok(super::quality::quality())
    }

    async fn profiles(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<ColumnProfile>> {
        self.note(call, format!("profiles {dataset} {page:?}"))?;
        Ok(super::profile::profiles())
    }

    async fn lineage(&self, call: &Call, request: LineageRequest) -> Result<LineageAnswer> {
        self.note(call, format!("lineage {request:?}"))?;
        let contract = samples::dataset().summary.contract;
        Ok(LineageAnswer {
            graph: samples::graph(),
            titles: [(contract.dataset, contract.title)].into(),
        })
    }

    async fn reports(&self, call: &Call) -> Result<Vec<ReportDefinition>> {
        self.note(call, "reports".to_owned())?;
        Ok(vec![samples::report()])
    }

    async fn render(&self, call: &Call, request: RenderRequest) -> Result<Rendition> {
        self.note(call, format!("render {request:?}"))?;
        Ok(samples::rendition())
    }

    async fn rendition(&self, call: &Call, id: &str) -> Result<Rendition> {
        self.note(call, format!("rendition {id}"))?;
        Ok(samples::rendition())
    }

    async fn renditions(&self, call: &Call, report: &str, page: Page) -> Result<Vec<Rendition>> {
        self.note(
            call,
            format!("renditions {report} {} {}", page.offset, page.limit),
        )?;
        Ok(vec![samples::rendition(), super::superseded()])
    }

    async fn document(&self, call: &Call, id: &str, format: RenditionFormat) -> Result<Document> {
        self.note(call, format!("document {id} {format:?}"))?;
        Ok(samples::document(format))
    }

    async fn run(&self, call: &Call, request: RunRequest) -> Result<RunReport> {
        self.note(call, format!("run {request:?}"))?;
        Ok(samples::run())
    }

    async fn runs(&self, call: &Call, page: Page) -> Result<Vec<RunReport>> {
        self.note(call, format!("runs {page:?}"))?;
        Ok(vec![samples::run()])
    }

    async fn run_of(&self, call: &Call, id: &str) -> Result<RunReport> {
        self.note(call, format!("run_of {id}"))?;
        Ok(samples::run())
    }

    async fn rollback(&self, call: &Call, run: &str) -> Result<RollbackReport> {
        self.note(call, format!("rollback {run}"))?;
        Ok(super::rollback::rollback())
    }

    async fn plan(&self, call: &Call) -> Result<Plan> {
        self.note(call, "plan".to_owned())?;
        Ok(samples::plan())
    }

    async fn preview(&self, call: &Call, request: PreviewRequest) -> Result<Vec<Preview>> {
        self.note(call, format!("preview {}", request.select.join(" ")))?;
        Ok(super::preview::previews())
    }

    async fn apply(&self, call: &Call) -> Result<Plan> {
        self.note(call, "apply".to_owned())?;
        Ok(samples::plan())
    }

    async fn maintain(&self, call: &Call, request: MaintainRequest) -> Result<MaintenanceReport> {
        self.note(call, format!("maintain {request:?}"))?;
        Ok(samples::maintenance())
    }

    async fn connectors(&self, call: &Call) -> Result<Vec<ConnectorState>> {
        self.note(call, "connectors".to_owned())?;
        Ok(vec![super::connectors::connector()])
    }

    async fn pull(&self, call: &Call, request: PullRequest) -> Result<Vec<PullReport>> {
        self.note(call, format!("pull {request:?}"))?;
        Ok(vec![super::connectors::pull_report()])
    }

    async fn audit_entries(&self, call: &Call, page: Page) -> Result<Vec<AuditRecord>> {
        self.note(call, format!("audit_entries {page:?}"))?;
        Ok(vec![samples::audit_record()])
    }

    async fn log_checkpoint(&self) -> Result<String> {
        Ok(log::CHECKPOINT.to_owned())
    }

    async fn log_hashes(&self, path: &str) -> Result<Bytes> {
        log::log_file(path)
    }

    async fn log_file(&self, call: &Call, path: &str) -> Result<Bytes> {
        self.note(call, format!("log_file {path}"))?;
        log::log_file(path)
    }

    async fn may_read_metrics(&self, call: &Call) -> Result<()> {
        self.note(call, "may_read_metrics".to_owned())
    }

    async fn ready(&self) -> Result<()> {
        match &*self.failure.lock().unwrap() {
            Some(failure) => Err(failure()),
            None => Ok(()),
        }
    }
}
