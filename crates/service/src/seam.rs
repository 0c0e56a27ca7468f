//! The seam between the doors and the house.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use project::{DatasetName, ReportDefinition};

use crate::{
    AuditRecord, BodyType, Call, ColumnProfile, ConnectorState, DatasetDetail, DatasetSummary,
    Document, EraseReport, EraseRequest, ExtendRequest, LineageAnswer, LineageRequest,
    MaintainRequest, MaintenanceReport, Obligation, ObligationFilter, Page, Plan, Preview,
    PreviewRequest, Principal, PullReport, PullRequest, QuarantineFile, QuarantineFilter,
    QuarantineFormat, QuarantinePage, QueryAnswer, QueryRequest, ReleaseReport, ReleaseRequest,
    RenderRequest, Rendition, RenditionFormat, RestateRequest, Restatement, Result, RollbackReport,
    RowErrors, RuleOutcome, RunReport, RunRequest, Secret, Submission, SubmissionId, SubmitAnswer,
    SubmitRequest, TableVersion, TraceAnswer, TraceRequest, Upload, UploadId, UploadPart,
    UploadRequest, WithdrawRequest,
};

/// Bytes as they arrive.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// The bytes of a submission as they were received.
pub struct Evidence {
    /// How it was sent.
    pub format: BodyType,
    /// The SHA-256 in hex.
    pub sha256: String,
    /// The size.
    pub size_bytes: u64,
    /// The bytes.
    pub bytes: ByteStream,
}

/// Everything that can be asked. Each method is one [`crate::Action`]: it authenticates, authorises,
/// records, limits, acts and records again; a refusal is an error of kind `Unauthenticated` or
/// `Forbidden`.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// Who the caller is.
    async fn whoami(&self, call: &Call) -> Result<Principal>;
    /// A session for the token or the one-time code that was shown.
    async fn sign_in(&self, call: &Call, shown: &Secret) -> Result<Secret>;
    /// Ends the session.
    async fn sign_out(&self, call: &Call) -> Result<()>;
    /// A code that signs the caller in once, within ten minutes.
    async fn create_sign_in_code(&self, call: &Call) -> Result<Secret>;
    /// A token for a new principal; it is shown once and kept as a hash.
    async fn create_token(&self, call: &Call, principal: &Principal) -> Result<Secret>;

    /// Receives a submission. Answers once its rows are committed; refuses with `Refused` and the
    /// row errors if none landed. A dry run lands nothing, and says which published figures would
    /// change if it is asked to.
    async fn submit(
        &self,
        call: &Call,
        request: SubmitRequest,
        body: ByteStream,
    ) -> Result<SubmitAnswer>;
    /// Begins a body that arrives in parts. Refuses what `submit` refuses before it reads, and
    /// with `Busy` a caller who has too many begun.
    async fn create_upload(&self, call: &Call, request: UploadRequest) -> Result<Upload>;
    /// Takes the next part. What arrived of one that breaks off is kept, unless it has a checksum.
    /// With its last byte the body is submitted, as whoever sent it, and landed by itself.
    /// Refuses with `Conflict` a part that does not begin where the upload stands, with `Locked`
    /// one that comes while another does, with `Damaged` one that is not what its checksum says.
    async fn continue_upload(
        &self,
        call: &Call,
        id: UploadId,
        part: UploadPart,
        body: ByteStream,
    ) -> Result<Upload>;
    /// An upload of the caller's own, to go on with: a part that is under way is cut off and what
    /// arrived of it kept, because whoever asks this has lost it.
    async fn resume_upload(&self, call: &Call, id: UploadId) -> Result<Upload>;
    /// An upload of the caller's own. `NotFound` if it is another's, another node's, or was given
    /// up.
    async fn upload(&self, call: &Call, id: UploadId) -> Result<Upload>;
    /// Gives an upload up, or forgets one that is done; what was submitted stays.
    async fn end_upload(&self, call: &Call, id: UploadId) -> Result<()>;
    /// Takes the rows of a submission, and of its corrections, out of the table; older versions
    /// keep them. Withdrawn again, it is answered as the first time.
    async fn withdraw(&self, call: &Call, request: WithdrawRequest) -> Result<Submission>;
    /// Which published figures a withdrawal would change, or what waits for the next run, and which
    /// renditions show them. Nothing is changed and nothing kept; what the caller may not read is
    /// left out and counted. Refuses what the withdrawal itself would refuse.
    async fn restate(&self, call: &Call, request: RestateRequest) -> Result<Restatement>;
    /// Rules that refused rows broke, newest submission first; a principal bound to an agency sees
    /// its own and those below.
    async fn quarantine(
        &self,
        call: &Call,
        filter: QuarantineFilter,
        page: Page,
    ) -> Result<QuarantinePage>;
    /// The refused rows of a submission as a file that can be mended and sent back: the cells as they
    /// were received, those that look personal masked, beside notes in that language.
    async fn quarantine_file(
        &self,
        call: &Call,
        id: SubmissionId,
        format: QuarantineFormat,
        language: &str,
    ) -> Result<QuarantineFile>;
    /// Judges quarantined rows again, from the evidence and by the contract in force; those that pass
    /// land as rows of their own submission, once. Of a submission that was refused, replaced or
    /// withdrawn none does.
    async fn release(&self, call: &Call, request: ReleaseRequest) -> Result<ReleaseReport>;
    /// Removes the bytes of a submission's evidence for good; hash, receipt and rows stay. Refuses
    /// with `Conflict` one that is not decided yet, and bytes that other submissions brought too,
    /// unless the request says so. Asked again, it is answered as the first time.
    async fn erase(&self, call: &Call, request: EraseRequest) -> Result<EraseReport>;
    /// What agencies owe for a period, by dataset and agency; a principal bound to an agency sees its
    /// own and those below.
    async fn obligations(
        &self,
        call: &Call,
        filter: ObligationFilter,
        page: Page,
    ) -> Result<Vec<Obligation>>;
    /// Moves a deadline to a later day; asked again with the same day and reason, it is answered as
    /// the first time. `Conflict` if the day would not be later, or there is no deadline.
    async fn extend(&self, call: &Call, request: ExtendRequest) -> Result<Obligation>;
    /// The public keys that signed receipts are verified with, as a JWK Set (RFC 7517). Open to
    /// everyone.
    async fn keys(&self) -> Result<String>;
    /// A submission.
    async fn submission(&self, call: &Call, id: SubmissionId) -> Result<Submission>;
    /// Submissions, newest first.
    async fn submissions(&self, call: &Call, page: Page) -> Result<Vec<Submission>>;
    /// The row errors of a submission, by row.
    async fn row_errors(&self, call: &Call, id: SubmissionId, page: Page) -> Result<RowErrors>;
    /// The bytes of a submission; `Gone` if they were erased.
    async fn evidence(&self, call: &Call, id: SubmissionId) -> Result<Evidence>;

    /// How the connectors stand, by name.
    async fn connectors(&self, call: &Call) -> Result<Vec<ConnectorState>>;
    /// Runs connectors now, each once, to the end of what their sources have. `Conflict` if the one
    /// that was named runs already.
    async fn pull(&self, call: &Call, request: PullRequest) -> Result<Vec<PullReport>>;

    /// Runs a read-only query.
    async fn query(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer>;
    /// Runs a read-only query over what is published: public datasets of layer `served` and code
    /// lists. A query that reads anything else is refused.
    async fn figures(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer>;
    /// The submissions behind the figures that a condition chooses: those whose rows are in the
    /// values, and those without which the rows that hold them might not be there. `Invalid` for a
    /// condition or column that does not fit the dataset, `NotFound` for a dataset that does not
    /// exist or a version that is not kept, `LimitExceeded` if finding them takes more than a query
    /// may.
    async fn trace(&self, call: &Call, request: TraceRequest) -> Result<TraceAnswer>;

    /// Every dataset.
    async fn datasets(&self, call: &Call) -> Result<Vec<DatasetSummary>>;
    /// One dataset.
    async fn dataset(&self, call: &Call, dataset: &DatasetName) -> Result<DatasetDetail>;
    /// The versions of a dataset's table, newest first.
    async fn history(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<TableVersion>>;
    /// What runs found of the rules of a dataset that they computed, newest first; nothing if none
    /// did yet.
    async fn quality(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<RuleOutcome>>;
    /// The profiles that runs took of a dataset that they computed, newest first.
    async fn profiles(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<ColumnProfile>>;
    /// The form of a dataset that takes submissions, as an XLSX file to be filled in and sent.
    async fn template(&self, call: &Call, dataset: &DatasetName) -> Result<Vec<u8>>;
    /// Part of the lineage graph.
    async fn lineage(&self, call: &Call, request: LineageRequest) -> Result<LineageAnswer>;

    /// The report definitions.
    async fn reports(&self, call: &Call) -> Result<Vec<ReportDefinition>>;
    /// Renders a report in every format and keeps the rendition.
    async fn render(&self, call: &Call, request: RenderRequest) -> Result<Rendition>;
    /// What a rendition was made from.
    async fn rendition(&self, call: &Call, id: &str) -> Result<Rendition>;
    /// Renditions of a report, newest first, each with whether it is superseded.
    async fn renditions(&self, call: &Call, report: &str, page: Page) -> Result<Vec<Rendition>>;
    /// A rendition in one format; `NotFound` if it is not kept in that one.
    async fn document(&self, call: &Call, id: &str, format: RenditionFormat) -> Result<Document>;

    /// Runs transformations.
    async fn run(&self, call: &Call, request: RunRequest) -> Result<RunReport>;
    /// Runs that changed something or failed, newest first.
    async fn runs(&self, call: &Call, page: Page) -> Result<Vec<RunReport>>;
    /// One of them.
    async fn run_of(&self, call: &Call, id: &str) -> Result<RunReport>;
    /// Lets readers see again, in one step, what was published just before a run; every computed
    /// table gets a version with the rows of then. What was published after that run is undone with
    /// it. `NotFound` for a run that published nothing; `Conflict`, with nothing changed, if readers
    /// see nothing of the run, the columns of a table have changed since, or files are gone.
    async fn rollback(&self, call: &Call, run: &str) -> Result<RollbackReport>;
    /// What the lake lacks of the project as its files are now; nothing comes in force by asking.
    async fn plan(&self, call: &Call) -> Result<Plan>;
    /// Computes what changed, and what is made of it, from the rows as they are now, and compares it
    /// with what is published. Nothing is published and nothing kept. `NotFound` for patterns that
    /// no transformation fits.
    async fn preview(&self, call: &Call, request: PreviewRequest) -> Result<Vec<Preview>>;
    /// Makes the lake what the project says; answers what was done.
    async fn apply(&self, call: &Call) -> Result<Plan>;
    /// Puts small files together, writes checkpoints, and finds or deletes files that nobody needs.
    async fn maintain(&self, call: &Call, request: MaintainRequest) -> Result<MaintenanceReport>;

    /// Entries of the audit journal, newest first.
    async fn audit_entries(&self, call: &Call, page: Page) -> Result<Vec<AuditRecord>>;
    /// The newest checkpoint of the audit log: a signed note. Open to everyone; it says nothing of
    /// what the entries are. `NotFound` while the log has none.
    async fn log_checkpoint(&self) -> Result<String>;
    /// A tile of hashes of the audit log, by its path in it, such as `tile/0/000`. Open to everyone.
    async fn log_hashes(&self, path: &str) -> Result<Bytes>;
    /// A bundle of entries of the audit log or a side object, by its path in it, such as
    /// `tile/entries/000`. Whoever reads it reads audit entries.
    async fn log_file(&self, call: &Call, path: &str) -> Result<Bytes>;
    /// Whether the caller may read the metrics, which the process itself holds.
    async fn may_read_metrics(&self, call: &Call) -> Result<()>;
    /// Whether the system can act: the store answers and no shutdown is under way.
    async fn ready(&self) -> Result<()>;
}
