//! A service that is somewhere else: the same trait, over HTTP.

mod batches;
mod documents;
mod uploads;
mod wire;

use async_trait::async_trait;
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use project::{DatasetName, ReportDefinition};
use service::{
    AuditRecord, ByteStream, Call, ColumnProfile, ConnectorState, DatasetDetail, DatasetSummary,
    Direction, Document, EraseReport, EraseRequest, ErrorKind, Evidence, ExtendRequest,
    LineageAnswer, LineageRequest, MaintainRequest, MaintenanceReport, Obligation,
    ObligationFilter, Page, Plan, Preview, PreviewRequest, Principal, PullReport, PullRequest,
    QuarantineFile, QuarantineFilter, QuarantineFormat, QuarantinePage, QueryAnswer, QueryRequest,
    ReleaseReport, ReleaseRequest, RenderRequest, Rendition, RenditionFormat, RestateRequest,
    Restatement, Result, RollbackReport, RowErrors, RuleOutcome, RunReport, RunRequest, Secret,
    Service, ServiceError, Submission, SubmissionId, SubmitAnswer, SubmitRequest, TableVersion,
    TraceAnswer, TraceRequest, Upload, UploadId, UploadPart, UploadRequest, WithdrawRequest,
};

use crate::dto::{
    AuditRecordDto, CodeDto, ColumnProfileDto, ConnectorDto, DatasetDetailDto, DatasetDto,
    EraseDto, EraseReportDto, ExtendDto, LineageDto, MaintainDto, MaintenanceDto, NewTokenDto,
    ObligationDto, PlanDto, PreviewDto, PreviewRequestDto, PrincipalDto, PullReportDto,
    PullRequestDto, QuarantinePageDto, QueryDto, ReleaseDto, ReleaseReportDto, RenderDto,
    RenditionDto, ReportDto, RestatementDto, RollbackDto, RowErrorsDto, RuleOutcomeDto, RunDto,
    RunRequestDto, SubmissionDto, SubmitAnswerDto, TableVersionDto, TokenDto, TraceDto,
    TraceRequestDto, UploadDto, WithdrawalDto,
};
use documents::{evidence, supersession};
use wire::{Ask, bytes, header, json, rows, unread};

/// A server's service. Calls carry their own credential; those without one carry the token that it
/// was made with. Signing in and out is for browsers and refused here.
pub struct RemoteService {
    wire: wire::Wire,
}

impl RemoteService {
    /// The service of the server at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, token: Option<Secret>) -> Result<Self> {
        Ok(Self {
            wire: wire::Wire::new(base, token)?,
        })
    }

    async fn answer_of(&self, call: &Call, route: &str, of: QueryRequest) -> Result<QueryAnswer> {
        let ask = Ask::post(&[route])
            .header("accept", render::encode::Encoding::ArrowStream.essence())
            .json(&QueryDto::from(of))?;
        batches::answer(self.wire.send(call, ask).await?).await
    }
}

fn page(page: Page) -> [(&'static str, String); 2] {
    [
        ("offset", page.offset.to_string()),
        ("limit", page.limit.to_string()),
    ]
}

fn refuse_signing() -> ServiceError {
    ServiceError::new(
        ErrorKind::Invalid,
        "signing in and out at a server is done on its pages",
    )
    .hint("Use a token here, or open the server's `/sign-in` in a browser.")
}

#[async_trait]
impl Service for RemoteService {
    async fn whoami(&self, call: &Call) -> Result<Principal> {
        let dto: PrincipalDto = json(self.wire.send(call, Ask::get(&["whoami"])).await?).await?;
        dto.try_into()
    }

    async fn sign_in(&self, _: &Call, _: &Secret) -> Result<Secret> {
        Err(refuse_signing())
    }

    async fn sign_out(&self, _: &Call) -> Result<()> {
        Err(refuse_signing())
    }

    async fn create_sign_in_code(&self, call: &Call) -> Result<Secret> {
        let answer = self.wire.send(call, Ask::post(&["sign-in-codes"])).await?;
        let dto: CodeDto = json(answer).await?;
        Ok(Secret::new(dto.code))
    }

    async fn create_token(&self, call: &Call, principal: &Principal) -> Result<Secret> {
        let ask = Ask::post(&["tokens"]).json(&NewTokenDto::from(principal))?;
        let dto: TokenDto = json(self.wire.send(call, ask).await?).await?;
        Ok(Secret::new(dto.token))
    }

    async fn submit(
        &self,
        call: &Call,
        request: SubmitRequest,
        body: ByteStream,
    ) -> Result<SubmitAnswer> {
        let ask = Ask::post(&["datasets", request.dataset.as_str(), "submissions"]);
        let ask = uploads::submission(ask, &request);
        let answer = self
            .wire
            .send(call, ask.body(request.format.format.media_type(), body))
            .await?;
        let replayed = answer.status() == StatusCode::OK && !request.dry_run;
        let dto: SubmitAnswerDto = json(answer).await?;
        dto.into_answer(replayed, request.dry_run)
    }

    async fn create_upload(&self, call: &Call, request: UploadRequest) -> Result<Upload> {
        let answer = self.wire.send(call, uploads::begin(&request)).await?;
        let location = header(answer.headers(), "location")?;
        let id = location.rsplit('/').next().unwrap_or_default();
        let id = id.parse().map_err(|_| unread("the id of an upload"))?;
        self.upload(call, id).await
    }

    async fn continue_upload(
        &self,
        call: &Call,
        id: UploadId,
        part: UploadPart,
        body: ByteStream,
    ) -> Result<Upload> {
        self.wire.send(call, uploads::part(id, part, body)).await?;
        self.upload(call, id).await
    }

    async fn resume_upload(&self, call: &Call, id: UploadId) -> Result<Upload> {
        self.wire.send(call, uploads::of(Method::HEAD, id)).await?;
        self.upload(call, id).await
    }

    async fn upload(&self, call: &Call, id: UploadId) -> Result<Upload> {
        let ask = uploads::of(Method::GET, id);
        let dto: UploadDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn end_upload(&self, call: &Call, id: UploadId) -> Result<()> {
        let ask = uploads::of(Method::DELETE, id);
        self.wire.send(call, ask).await.map(drop)
    }

    async fn withdraw(&self, call: &Call, request: WithdrawRequest) -> Result<Submission> {
        let WithdrawRequest { id, reason } = request;
        let ask = Ask::post(&["submissions", &id.to_string(), "withdrawal"]);
        let ask = ask.json(&WithdrawalDto { reason })?;
        let dto: SubmissionDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn restate(&self, call: &Call, request: RestateRequest) -> Result<Restatement> {
        let ask = match request {
            RestateRequest::Waiting => Ask::post(&["plan", "restatement"]),
            RestateRequest::Withdrawal(id) => {
                let ask = Ask::post(&["submissions", &id.to_string(), "withdrawal"]);
                let ask = ask.param("dry_run", "true");
                ask.json(&WithdrawalDto::default())?
            }
        };
        let dto: RestatementDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn erase(&self, call: &Call, request: EraseRequest) -> Result<EraseReport> {
        let EraseRequest { id, reason, others } = request;
        let ask = Ask::post(&["submissions", &id.to_string(), "erase"]);
        let ask = ask.json(&EraseDto { reason, others })?;
        let dto: EraseReportDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn quarantine(
        &self,
        call: &Call,
        filter: QuarantineFilter,
        of: Page,
    ) -> Result<QuarantinePage> {
        let QuarantineFilter {
            dataset,
            agency,
            period,
            rule,
            submission,
        } = filter;
        let params = [
            ("dataset", dataset.map(|name| name.to_string())),
            ("agency", agency.map(|code| code.to_string())),
            ("period", period.map(|code| code.to_string())),
            ("rule", rule),
            ("submission", submission.map(|id| id.to_string())),
        ];
        let given = params
            .into_iter()
            .filter_map(|(name, word)| Some((name, word?)));
        let ask = Ask::get(&["quarantine"]).params(page(of)).params(given);
        let dto: QuarantinePageDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn quarantine_file(
        &self,
        call: &Call,
        id: SubmissionId,
        format: QuarantineFormat,
        language: &str,
    ) -> Result<QuarantineFile> {
        let file = format!("quarantine.{}", format.ending());
        let ask = Ask::get(&["submissions", &id.to_string(), &file]).param("language", language);
        let answer = self.wire.send(call, ask).await?;
        Ok(QuarantineFile {
            format,
            bytes: wire::stream(answer),
        })
    }

    async fn release(&self, call: &Call, request: ReleaseRequest) -> Result<ReleaseReport> {
        let ask = Ask::post(&["quarantine", "release"]).json(&ReleaseDto::from(request))?;
        let dto: ReleaseReportDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn obligations(
        &self,
        call: &Call,
        filter: ObligationFilter,
        of: Page,
    ) -> Result<Vec<Obligation>> {
        let mut ask = Ask::get(&["obligations"]).params(page(of));
        if let Some(dataset) = &filter.dataset {
            ask = ask.param("dataset", dataset.as_str());
        }
        if let Some(period) = &filter.period {
            ask = ask.param("period", period.as_str());
        }
        if let Some(agency) = &filter.agency {
            ask = ask.param("agency", agency.as_str());
        }
        rows::<ObligationDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn extend(&self, call: &Call, request: ExtendRequest) -> Result<Obligation> {
        let ask = Ask::post(&["obligations", "extensions"]);
        let ask = ask.json(&ExtendDto::from(request))?;
        let dto: ObligationDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn keys(&self) -> Result<String> {
        let answer = self.wire.send_open(Ask::get(&["keys"])).await?;
        String::from_utf8(bytes(answer).await?.to_vec()).map_err(|_| unread("the public keys"))
    }

    async fn submission(&self, call: &Call, id: SubmissionId) -> Result<Submission> {
        let ask = Ask::get(&["submissions", &id.to_string()]);
        let dto: SubmissionDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn submissions(&self, call: &Call, of: Page) -> Result<Vec<Submission>> {
        let ask = Ask::get(&["submissions"]).params(page(of));
        rows::<SubmissionDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn row_errors(&self, call: &Call, id: SubmissionId, of: Page) -> Result<RowErrors> {
        let ask = Ask::get(&["submissions", &id.to_string(), "errors"]).params(page(of));
        let dto: RowErrorsDto = json(self.wire.send(call, ask).await?).await?;
        Ok(dto.into())
    }

    async fn evidence(&self, call: &Call, id: SubmissionId) -> Result<Evidence> {
        let ask = Ask::get(&["submissions", &id.to_string(), "evidence"]);
        let answer = self.wire.send(call, ask).await?;
        evidence(answer)
    }

    async fn query(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer> {
        self.answer_of(call, "query", request).await
    }

    async fn figures(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer> {
        self.answer_of(call, "figures", request).await
    }

    async fn trace(&self, call: &Call, request: TraceRequest) -> Result<TraceAnswer> {
        let ask = Ask::post(&["trace"]).json(&TraceRequestDto::from(request))?;
        let dto: TraceDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<DatasetSummary>> {
        let ask = Ask::get(&["datasets"]).param("contract", "true");
        rows::<DatasetDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn dataset(&self, call: &Call, dataset: &DatasetName) -> Result<DatasetDetail> {
        let ask = Ask::get(&["datasets", dataset.as_str()]).param("contract", "true");
        let dto: DatasetDetailDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn history(
        &self,
        call: &Call,
        dataset: &DatasetName,
        of: Page,
    ) -> Result<Vec<TableVersion>> {
        let ask = Ask::get(&["datasets", dataset.as_str(), "history"]).params(page(of));
        rows::<TableVersionDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn quality(
        &self,
        call: &Call,
        dataset: &DatasetName,
        of: Page,
    ) -> Result<Vec<RuleOutcome>> {
        let ask = Ask::get(&["datasets", dataset.as_str(), "quality"]).params(page(of));
        rows::<RuleOutcomeDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn profiles(
        &self,
        call: &Call,
        dataset: &DatasetName,
        of: Page,
    ) -> Result<Vec<ColumnProfile>> {
        let ask = Ask::get(&["datasets", dataset.as_str(), "profiles"]).params(page(of));
        rows::<ColumnProfileDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn template(&self, call: &Call, dataset: &DatasetName) -> Result<Vec<u8>> {
        let ask = Ask::get(&["datasets", dataset.as_str(), "template.xlsx"]);
        Ok(bytes(self.wire.send(call, ask).await?).await?.to_vec())
    }

    async fn lineage(&self, call: &Call, request: LineageRequest) -> Result<LineageAnswer> {
        let direction = match request.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        let mut ask = Ask::get(&["lineage"]).param("direction", direction);
        if let Some(dataset) = &request.dataset {
            ask = ask.param("dataset", dataset.as_str());
        }
        if let Some(column) = request.column {
            ask = ask.param("column", column);
        }
        let dto: LineageDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn reports(&self, call: &Call) -> Result<Vec<ReportDefinition>> {
        rows::<ReportDto, _>(self.wire.send(call, Ask::get(&["reports"])).await?).await
    }

    async fn render(&self, call: &Call, request: RenderRequest) -> Result<Rendition> {
        let RenderRequest {
            report,
            params,
            language,
            table,
        } = request;
        let ask = Ask::post(&["reports", &report, "renditions"]);
        let ask = ask.json(&RenderDto {
            params,
            language,
            table,
        })?;
        let dto: RenditionDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn rendition(&self, call: &Call, id: &str) -> Result<Rendition> {
        let ask = Ask::get(&["renditions", id, "manifest"]);
        let dto: RenditionDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn renditions(&self, call: &Call, report: &str, of: Page) -> Result<Vec<Rendition>> {
        let ask = Ask::get(&["reports", report, "renditions"]).params(page(of));
        rows::<RenditionDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn document(&self, call: &Call, id: &str, format: RenditionFormat) -> Result<Document> {
        let file = format!("{id}.{}", format.ending());
        let answer = self
            .wire
            .send(call, Ask::get(&["renditions", &file]))
            .await?;
        let superseded = supersession(answer.headers())?;
        Ok(Document {
            report: header(answer.headers(), "dtm-report")?.to_owned(),
            superseded,
            format,
            bytes: bytes(answer).await?,
        })
    }

    async fn connectors(&self, call: &Call) -> Result<Vec<ConnectorState>> {
        let ask = Ask::get(&["connectors"]);
        rows::<ConnectorDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn pull(&self, call: &Call, request: PullRequest) -> Result<Vec<PullReport>> {
        let ask = Ask::post(&["pulls"]).json(&PullRequestDto::from(request))?;
        rows::<PullReportDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn run(&self, call: &Call, request: RunRequest) -> Result<RunReport> {
        let ask = Ask::post(&["runs"]).json(&RunRequestDto {
            select: request.select,
        })?;
        let dto: RunDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn runs(&self, call: &Call, of: Page) -> Result<Vec<RunReport>> {
        let ask = Ask::get(&["runs"]).params(page(of));
        rows::<RunDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn run_of(&self, call: &Call, id: &str) -> Result<RunReport> {
        let dto: RunDto = json(self.wire.send(call, Ask::get(&["runs", id])).await?).await?;
        dto.try_into()
    }

    async fn rollback(&self, call: &Call, run: &str) -> Result<RollbackReport> {
        let ask = Ask::post(&["runs", run, "rollback"]);
        let dto: RollbackDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn plan(&self, call: &Call) -> Result<Plan> {
        let dto: PlanDto = json(self.wire.send(call, Ask::get(&["plan"])).await?).await?;
        dto.try_into()
    }

    async fn preview(&self, call: &Call, request: PreviewRequest) -> Result<Vec<Preview>> {
        let ask = Ask::post(&["plan", "preview"]).json(&PreviewRequestDto {
            select: request.select,
        })?;
        rows::<PreviewDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn apply(&self, call: &Call) -> Result<Plan> {
        let dto: PlanDto = json(self.wire.send(call, Ask::post(&["apply"])).await?).await?;
        dto.try_into()
    }

    async fn maintain(&self, call: &Call, request: MaintainRequest) -> Result<MaintenanceReport> {
        let ask = Ask::post(&["maintenance"]).json(&MaintainDto::from(request))?;
        let dto: MaintenanceDto = json(self.wire.send(call, ask).await?).await?;
        dto.try_into()
    }

    async fn audit_entries(&self, call: &Call, of: Page) -> Result<Vec<AuditRecord>> {
        let ask = Ask::get(&["audit", "entries"]).params(page(of));
        rows::<AuditRecordDto, _>(self.wire.send(call, ask).await?).await
    }

    async fn log_checkpoint(&self) -> Result<String> {
        let answer = self.wire.send_open(Ask::root("audit/checkpoint")).await?;
        String::from_utf8(bytes(answer).await?.to_vec()).map_err(|_| unread("the checkpoint"))
    }

    async fn log_hashes(&self, path: &str) -> Result<Bytes> {
        let ask = Ask::root(&format!("audit/{path}"));
        bytes(self.wire.send_open(ask).await?).await
    }

    async fn log_file(&self, call: &Call, path: &str) -> Result<Bytes> {
        let ask = Ask::root(&format!("audit/{path}"));
        bytes(self.wire.send(call, ask).await?).await
    }

    async fn may_read_metrics(&self, call: &Call) -> Result<()> {
        self.wire.send(call, Ask::root("metrics")).await.map(drop)
    }

    async fn ready(&self) -> Result<()> {
        self.wire.send_open(Ask::root("readyz")).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
