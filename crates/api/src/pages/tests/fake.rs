//! A service with a little of everything, enough to fill every page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Decimal128Array, Int32Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use calendar::{Deadline, Standing};
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use lineage::Graph;
use project::{DatasetName, Project, ReportDefinition, Rule, Severity, Sources};
use service::{
    AuditRecord, BodyFormat, ByteStream, Call, ColumnProfile, ConnectorState, Credential,
    DataFileState, DatasetDetail, DatasetSummary, Direction, Document, EraseReport, EraseRequest,
    Erasure, ErrorKind, Evidence, ExtendRequest, Extension, HandedIn, LineageAnswer,
    LineageRequest, MaintainRequest, MaintenanceReport, Obligation, ObligationFilter,
    ObligationKey, Page, PartitionState, Plan, Preview, PreviewRequest, Principal, PullReport,
    PullRequest, QuarantineFile, QuarantineFilter, QuarantineFormat, QuarantinePage,
    QuarantinedRow, QueryAnswer, QueryRequest, Receipt, ReleaseReport, ReleaseRequest,
    RenderRequest, Rendition, RenditionFormat, RestateRequest, Restatement, Restriction, Result,
    RollbackReport, RowCounts, RowError, RowErrors, RuleOutcome, RunReport, RunRequest, RunStep,
    Secret, Service, ServiceError, StepState, Submission, SubmissionId, SubmissionState,
    SubmitAnswer, SubmitRequest, TableState, TableVersion, TraceAnswer, TraceRequest, Upload,
    UploadId, UploadPart, UploadRequest, WithdrawRequest,
};

pub(super) const ID: &str = "0192f0c1-0000-7000-8000-000000000001";

/// A submission whose evidence is gone.
pub(super) const ERASED: &str = "0192f0c1-0000-7000-8000-000000000002";

/// What a value looks like that wants to be markup.
pub(super) const EVIL: &str = "<script>alert('x')</script>\"&";

/// How much there is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Unapplied,
    Empty,
    Submitted,
    Full,
    /// Full, for someone who sees neither figures nor runs.
    Forbidden,
}

pub(super) struct Fake {
    stage: Stage,
    role: &'static str,
    project: Project,
    /// The error that queries of the query box meet, questions for what is behind figures, and
    /// rollbacks.
    failure: Option<fn() -> ServiceError>,
    pub(super) asked: Mutex<Vec<String>>,
}

impl Fake {
    pub(super) fn new(stage: Stage) -> Arc<Self> {
        Self::with(stage, "administrator", None)
    }

    pub(super) fn failing(failure: fn() -> ServiceError) -> Arc<Self> {
        Self::with(Stage::Full, "administrator", Some(failure))
    }

    /// Full, for someone of that role.
    pub(super) fn for_role(role: &'static str) -> Arc<Self> {
        Self::with(Stage::Full, role, None)
    }

    /// The contracts and reports are the shipped ones: they are what the pages must show.
    pub(super) fn with(
        stage: Stage,
        role: &'static str,
        failure: Option<fn() -> ServiceError>,
    ) -> Arc<Self> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let sources = Sources::from_folder(std::path::Path::new(root)).unwrap();
        let (project, _) = Project::read(&sources);
        Arc::new(Self {
            stage,
            role,
            project,
            failure,
            asked: Mutex::default(),
        })
    }

    fn note(&self, call: &Call, what: &str) -> Result<()> {
        self.asked.lock().unwrap().push(what.to_owned());
        match &call.credential {
            Some(Credential::Session(secret)) if secret.reveal() == "known" => Ok(()),
            _ => Err(ServiceError::new(
                ErrorKind::Unauthenticated,
                "no one is signed in",
            )),
        }
    }

    fn table(&self) -> Option<TableState> {
        let rows = if matches!(self.stage, Stage::Full | Stage::Forbidden) {
            1_234_567
        } else {
            0
        };
        let state = TableState {
            version: 7,
            rows,
            files: 1_062,
            size_bytes: 98_765_432,
            committed_at: Some(at()),
        };
        (self.stage != Stage::Unapplied).then_some(state)
    }
}

fn at() -> DateTime<Utc> {
    "2026-09-15T01:02:03.250Z".parse().unwrap()
}

fn absent<T>() -> Result<T> {
    Err(ServiceError::new(ErrorKind::NotFound, "there is no such thing").hint("Look elsewhere."))
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn decimals(values: &[i128], scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(values.to_vec());
    Arc::new(array.with_precision_and_scale(12, scale).unwrap())
}

fn answer(columns: Vec<(&str, ArrayRef)>) -> QueryAnswer {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let versions = BTreeMap::from([("served.provincial_scoreboard".parse().unwrap(), 7)]);
    QueryAnswer {
        schema: batch.schema(),
        batches: stream::iter([Ok(batch)]).boxed(),
        versions,
        read_at: DateTime::UNIX_EPOCH,
    }
}

const PROVINCES: [(&str, i128, &str); 8] = [
    ("Hà Nội", 9521, "A"),
    ("TP. Hồ Chí Minh", 9144, "A"),
    ("Đà Nẵng", 8830, "B"),
    ("Huế", 8412, "B"),
    ("Lâm Đồng", 7104, "C"),
    ("Tuyên Quang", 6540, "C"),
    ("Cà Mau", 5533, "D"),
    ("Điện Biên", 3120, "E"),
];

fn national() -> QueryAnswer {
    let integer = |value| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
    let rate = |value| decimals(&[value], 6);
    answer(vec![
        ("dossiers_received", integer(1_002_317)),
        ("dossiers_resolved", integer(861_440)),
        ("dossiers_in_progress", integer(140_877)),
        ("online_dossier_rate", rate(784_512)),
        ("full_online_dossier_rate", rate(512_300)),
        ("on_time_rate", rate(956_123)),
        ("satisfaction_rate", rate(913_000)),
        ("p50_hours", decimals(&[2650], 2)),
        ("mean_score", decimals(&[7183], 2)),
        ("agencies_submitted", integer(49)),
        ("exchange_calls", integer(12_345_678)),
        ("figures_major", integer(31)),
    ])
}

fn scoreboard() -> QueryAnswer {
    let names: Vec<&str> = PROVINCES.iter().map(|p| p.0).collect();
    let scores: Vec<i128> = PROVINCES.iter().map(|p| p.1).collect();
    let bands: Vec<&str> = PROVINCES.iter().map(|p| p.2).collect();
    let count = |value: i32| Arc::new(Int32Array::from(vec![value; PROVINCES.len()])) as ArrayRef;
    answer(vec![
        (
            "rank",
            Arc::new(Int32Array::from_iter_values(1..=PROVINCES.len() as i32)),
        ),
        ("province_name", text(&names)),
        ("score", decimals(&scores, 2)),
        ("band", text(&bands)),
        ("measures_scored", count(6)),
        ("measures_total", count(7)),
    ])
}

fn run() -> RunReport {
    let step = |dataset: &str, state, message: Option<&str>| RunStep {
        dataset: dataset.parse().unwrap(),
        state,
        inputs: vec![("raw.dossiers".parse().unwrap(), 7)],
        version: (state == StepState::Built).then_some(3),
        rows: 12_345,
        seconds: 1.5,
        message: message.map(ToOwned::to_owned),
        scope: Some("windows: period 2026-09".to_owned()),
    };
    let broken = "rule `score_in_range` does not hold for 3 rows";
    RunReport {
        id: Some("r1".to_owned()),
        started_at: at(),
        seconds: 3.0,
        steps: vec![
            step("refined.dossiers", StepState::Built, None),
            step("served.reconciliation", StepState::Failed, Some(broken)),
        ],
    }
}

/// What a run found of a rule, which broke the dataset or not.
fn outcome(rule: &Rule, run: &str, passed: bool, version: Option<i64>) -> RuleOutcome {
    RuleOutcome {
        run: run.to_owned(),
        version,
        rule: rule.name.clone(),
        column: rule.column.clone(),
        severity: rule.severity,
        passed,
        failed_rows: if passed { 0 } else { 1_234 },
        checked_rows: 98_765,
        null_rows: None,
        message: rule.message.clone(),
        checked_at: at(),
    }
}

/// The graph as the project's lineage files state it.
fn graph(project: &Project) -> Graph {
    let files = project.lineage.iter();
    let edges = files.filter_map(|(path, text)| {
        let name = path.strip_prefix("lineage/")?.strip_suffix(".txt")?;
        let dataset = name.replacen('/', ".", 1).parse().ok()?;
        lineage::parse(&dataset, text).ok()
    });
    Graph::new(edges.flatten()).including(project.contracts.keys().cloned())
}

fn titled(project: &Project, graph: Graph) -> LineageAnswer {
    let contracts = graph.datasets().filter_map(|d| project.contracts.get(d));
    let titles = contracts.map(|contract| (contract.dataset.clone(), contract.title.clone()));
    let titles = titles.collect();
    LineageAnswer { graph, titles }
}

fn many() -> QueryAnswer {
    let names: Vec<String> = (0..450).map(|i| format!("{EVIL} {i}")).collect();
    answer(vec![
        ("province_name_vi", Arc::new(StringArray::from(names))),
        ("rows", Arc::new(Int64Array::from_iter_values(0..450))),
    ])
}

/// Thirty columns, a third of them longer than a page shows.
fn wide() -> QueryAnswer {
    let names: Vec<String> = (0..30).map(|column| format!("column_{column}")).collect();
    let value = |column: usize, row: usize| match column % 3 {
        0 => format!("{EVIL} {row} ").repeat(30),
        _ => format!("Tiếng Việt {row}"),
    };
    let column = |column| -> ArrayRef {
        let values = (0..450).map(|row| value(column, row));
        Arc::new(StringArray::from_iter_values(values))
    };
    let columns = names.iter().enumerate();
    answer(
        columns
            .map(|(n, name)| (name.as_str(), column(n)))
            .collect(),
    )
}

fn version(version: i64) -> TableVersion {
    // As a commit of many submissions tells of them.
    let info = format!(r#"{{"dtm.submissions":["{}"]}}"#, [ID; 150].join(r#"",""#));
    TableVersion {
        version,
        committed_at: at(),
        operation: "WRITE".to_owned(),
        rows: Some(1_234_567),
        info,
    }
}

fn data_file(n: u64) -> DataFileState {
    let period = "_period=2026-09";
    DataFileState {
        path: format!("{period}/part-00000-0192f0c1-0000-7000-8000-{n:012}-c000.zstd.parquet"),
        values: vec![("_period".to_owned(), Some("2026-09".to_owned()))],
        rows: 90_000 - n,
        size_bytes: 9_876_543 - n,
    }
}

fn partition(n: u32) -> PartitionState {
    let value = (n > 0).then(|| format!("2026-{n}"));
    PartitionState {
        values: vec![("_period".to_owned(), value)],
        rows: 1000,
        files: 2,
        size_bytes: 98_765,
    }
}

fn receipt() -> Receipt {
    Receipt {
        id: ID.parse().unwrap(),
        agency: "H26".parse().unwrap(),
        dataset: "raw.dossiers".parse().unwrap(),
        period: "2026-09".parse().unwrap(),
        contract_version: "1.0.0".to_owned(),
        evidence_sha256: "ab".repeat(32),
        evidence_size_bytes: 5_432_100,
        rows: RowCounts {
            received: 12_345,
            landed: 12_300,
            quarantined: 45,
            warned: 7,
        },
        received_at: at(),
        due_on: Some("2026-09-14".parse().unwrap()),
        table_version: Some(7),
        committed_at: Some(at()),
        supersedes: None,
        control_totals: Vec::new(),
    }
}

fn submission(state: SubmissionState) -> Submission {
    Submission {
        state,
        receipt: receipt(),
        principal: "ha-noi".to_owned(),
        format: BodyFormat::Csv.into(),
        refusal: None,
        key: None,
        ended: None,
        restricted: None,
        erased: None,
        sealed: None,
    }
}

fn erasure() -> Erasure {
    Erasure {
        at: at(),
        principal: "operator".to_owned(),
        reason: EVIL.to_owned(),
    }
}

fn quarantined(row: u64) -> QuarantinedRow {
    let receipt = receipt();
    QuarantinedRow {
        submission: receipt.id,
        dataset: receipt.dataset,
        agency: receipt.agency,
        period: receipt.period,
        row,
        column: (!row.is_multiple_of(2)).then(|| "due_at".to_owned()),
        rule: "due_after_received".to_owned(),
        value_excerpt: Some(EVIL.to_owned()),
        message: project::Text {
            vi: "hẹn trả trước khi tiếp nhận".to_owned(),
            en: "the due time lies before the receipt".to_owned(),
        },
        received_at: at(),
    }
}

/// What is behind figures; some conditions name another answer than the usual one.
fn behind(condition: &str) -> TraceAnswer {
    let usual = crate::testing::trace();
    let exact = TraceAnswer {
        exact: true,
        stops: vec![],
        ..usual.clone()
    };
    match condition {
        "exact" => exact,
        "no row" => TraceAnswer {
            rows: 0,
            submissions: vec![],
            ..exact
        },
        "no submission" => TraceAnswer {
            submissions: vec![],
            ..exact
        },
        "not the same" => TraceAnswer {
            verified: false,
            ..usual
        },
        "many" => TraceAnswer {
            rows: 1_234,
            submissions: usual
                .submissions
                .iter()
                .cycle()
                .take(1_500)
                .cloned()
                .collect(),
            ..usual
        },
        _ => usual,
    }
}

/// Agencies in every standing; one in ten was given more time.
fn obligation(n: u64) -> Obligation {
    let day = |text: &str| text.parse().unwrap();
    let of = ObligationKey {
        dataset: "raw.dossiers".parse().unwrap(),
        period: "2026-09".parse().unwrap(),
        agency: format!("H{:02}", n % 100).parse().unwrap(),
    };
    let extension = Extension {
        of: of.clone(),
        number: 1,
        before: day("2026-09-24"),
        until: day("2026-10-01"),
        reason: EVIL.to_owned(),
        principal: "operator".to_owned(),
        at: at(),
    };
    Obligation {
        of,
        deadline: Deadline {
            opens_on: day("2026-08-15"),
            due_on: day("2026-10-01"),
            closes_on: (!n.is_multiple_of(3)).then(|| day("2026-10-14")),
        },
        standing: Standing::ALL[n as usize % 4],
        handed_in: HandedIn {
            submissions: n % 2 * 1234,
            first_received_at: (!n.is_multiple_of(2)).then(at),
        },
        extensions: n
            .is_multiple_of(10)
            .then_some(extension)
            .into_iter()
            .collect(),
    }
}

fn row_error(row: u64, severity: Severity) -> RowError {
    RowError {
        row,
        column: Some("due_at".to_owned()),
        rule: "due_after_received".to_owned(),
        severity,
        value_excerpt: Some(EVIL.to_owned()),
        message: "the due time lies before the receipt".to_owned(),
    }
}

#[async_trait]
impl Service for Fake {
    async fn whoami(&self, call: &Call) -> Result<Principal> {
        self.note(call, "whoami")?;
        let agency = Some("H26".parse().unwrap());
        Ok(Principal {
            name: "ha-noi".to_owned(),
            role: self.role.to_owned(),
            agency,
        })
    }

    async fn sign_in(&self, _: &Call, shown: &Secret) -> Result<Secret> {
        self.asked
            .lock()
            .unwrap()
            .push(format!("sign_in {}", shown.reveal()));
        match shown.reveal() {
            "good" => Ok(Secret::new("known")),
            _ => Err(ServiceError::new(
                ErrorKind::Unauthenticated,
                "the secret is not known",
            )),
        }
    }

    async fn sign_out(&self, call: &Call) -> Result<()> {
        self.note(call, "sign_out")
    }

    async fn create_sign_in_code(&self, _: &Call) -> Result<Secret> {
        absent()
    }

    async fn create_token(&self, _: &Call, _: &Principal) -> Result<Secret> {
        absent()
    }

    async fn submit(&self, _: &Call, _: SubmitRequest, _: ByteStream) -> Result<SubmitAnswer> {
        absent()
    }

    async fn create_upload(&self, _: &Call, _: UploadRequest) -> Result<Upload> {
        absent()
    }

    async fn continue_upload(
        &self,
        _: &Call,
        _: UploadId,
        _: UploadPart,
        _: ByteStream,
    ) -> Result<Upload> {
        absent()
    }

    async fn resume_upload(&self, _: &Call, _: UploadId) -> Result<Upload> {
        absent()
    }

    async fn upload(&self, _: &Call, _: UploadId) -> Result<Upload> {
        absent()
    }

    async fn end_upload(&self, _: &Call, _: UploadId) -> Result<()> {
        absent()
    }

    async fn withdraw(&self, call: &Call, _: WithdrawRequest) -> Result<Submission> {
        self.note(call, "withdraw")?;
        Ok(submission(SubmissionState::Committed))
    }

    async fn restate(&self, _: &Call, _: RestateRequest) -> Result<Restatement> {
        absent()
    }

    async fn erase(&self, call: &Call, request: EraseRequest) -> Result<EraseReport> {
        let EraseRequest { reason, others, .. } = request;
        self.note(call, &format!("erase {reason} {others}"))?;
        if !others {
            let message = "the evidence is also that of another";
            return Err(ServiceError::new(ErrorKind::Conflict, message));
        }
        Ok(EraseReport {
            submissions: vec![receipt().id],
            sha256: receipt().evidence_sha256,
            size_bytes: receipt().evidence_size_bytes,
            rows_landed: receipt().rows.landed,
            erasure: erasure(),
        })
    }

    async fn quarantine(
        &self,
        call: &Call,
        filter: QuarantineFilter,
        page: Page,
    ) -> Result<QuarantinePage> {
        let rule = filter.rule.clone().unwrap_or_default();
        self.note(call, &format!("quarantine {rule} {}", page.offset))?;
        if rule == "none" || self.stage == Stage::Unapplied {
            return Ok(QuarantinePage::default());
        }
        let rows = (page.offset..130).take(page.limit as usize);
        Ok(QuarantinePage {
            rows: rows.map(quarantined).collect(),
            total: 130,
        })
    }

    async fn quarantine_file(
        &self,
        _: &Call,
        _: SubmissionId,
        _: QuarantineFormat,
        _: &str,
    ) -> Result<QuarantineFile> {
        absent()
    }

    async fn release(&self, _: &Call, _: ReleaseRequest) -> Result<ReleaseReport> {
        absent()
    }

    async fn obligations(
        &self,
        call: &Call,
        filter: ObligationFilter,
        page: Page,
    ) -> Result<Vec<Obligation>> {
        let period = filter.period.map(|period| period.to_string());
        self.note(call, &format!("obligations {period:?} {}", page.offset))?;
        if self.stage == Stage::Unapplied {
            return Ok(vec![]);
        }
        let all = (page.offset..130).take(page.limit as usize);
        Ok(all.map(obligation).collect())
    }

    async fn extend(&self, _: &Call, _: ExtendRequest) -> Result<Obligation> {
        absent()
    }

    async fn template(&self, call: &Call, _: &DatasetName) -> Result<Vec<u8>> {
        self.note(call, "template")?;
        Ok(b"PK".to_vec())
    }

    async fn keys(&self) -> Result<String> {
        Ok(r#"{"keys":[]}"#.to_owned())
    }

    async fn submission(&self, call: &Call, id: SubmissionId) -> Result<Submission> {
        self.note(call, "submission")?;
        let known = submission(SubmissionState::Committed);
        let is_erased = id.to_string() == ERASED;
        Ok(Submission {
            restricted: Some(Restriction::PersonalData),
            erased: is_erased.then(erasure),
            ..known
        })
    }

    async fn submissions(&self, call: &Call, page: Page) -> Result<Vec<Submission>> {
        self.note(call, &format!("submissions {} {}", page.offset, page.limit))?;
        if matches!(self.stage, Stage::Unapplied | Stage::Empty) {
            return Ok(vec![]);
        }
        let states = [
            SubmissionState::Committed,
            SubmissionState::Refused,
            SubmissionState::Durable,
        ];
        let all = (0..60).map(|i| submission(states[i % 3]));
        Ok(all
            .skip(page.offset as usize)
            .take(page.limit as usize)
            .collect())
    }

    async fn row_errors(&self, call: &Call, _: SubmissionId, page: Page) -> Result<RowErrors> {
        self.note(call, &format!("row_errors {} {}", page.offset, page.limit))?;
        let severity = |row| {
            if row % 5 == 0 {
                Severity::Warning
            } else {
                Severity::Error
            }
        };
        let errors = (page.offset..130).take(page.limit as usize);
        let errors = errors.map(|row| row_error(row, severity(row))).collect();
        Ok(RowErrors { errors, total: 130 })
    }

    async fn evidence(&self, _: &Call, _: SubmissionId) -> Result<Evidence> {
        absent()
    }

    async fn query(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer> {
        self.note(call, &format!("query {:?}", request.params))?;
        if self.stage == Stage::Forbidden {
            let message = "role `operator` may not `query`";
            return Err(ServiceError::new(ErrorKind::Forbidden, message));
        }
        match self.failure {
            Some(failure) => Err(failure()),
            None if request.sql.contains("wide") => Ok(wide()),
            None => Ok(many()),
        }
    }

    async fn figures(&self, call: &Call, request: QueryRequest) -> Result<QueryAnswer> {
        self.note(call, &format!("figures {:?}", request.params))?;
        if self.stage == Stage::Forbidden {
            let message = "role `operator` may not `read_figures`";
            return Err(ServiceError::new(ErrorKind::Forbidden, message));
        }
        let sql = &request.sql;
        if sql.contains("from codes.agencies") {
            let names = text(&["Thành phố Hà Nội"]);
            return Ok(answer(vec![("code", text(&["H26"])), ("name", names)]));
        }
        if sql.contains("left join codes.periods") {
            let periods = text(&["2026-09", "2026-08"]);
            let names = text(&["Tháng 9 năm 2026", "Tháng 8 năm 2026"]);
            return Ok(answer(vec![("period", periods), ("name", names)]));
        }
        if sql.contains("from served.national_summary") {
            return Ok(national());
        }
        Ok(scoreboard())
    }

    async fn trace(&self, call: &Call, request: TraceRequest) -> Result<TraceAnswer> {
        let TraceRequest {
            condition,
            column,
            at,
            ..
        } = request;
        self.note(call, &format!("trace {condition} {column:?} {at:?}"))?;
        match self.failure {
            Some(failure) => Err(failure()),
            None => Ok(behind(&condition)),
        }
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<DatasetSummary>> {
        self.note(call, "datasets")?;
        let contracts = self.project.contracts.values().cloned();
        Ok(contracts
            .map(|contract| DatasetSummary {
                contract,
                table: self.table(),
            })
            .collect())
    }

    async fn dataset(&self, call: &Call, dataset: &DatasetName) -> Result<DatasetDetail> {
        self.note(call, &format!("dataset {dataset}"))?;
        let Some(contract) = self.project.contracts.get(dataset).cloned() else {
            return absent();
        };
        let sql = self
            .project
            .transformations
            .get(dataset)
            .map(|t| t.sql.clone());
        Ok(DatasetDetail {
            summary: DatasetSummary {
                contract,
                table: self.table(),
            },
            sql,
            upstream: vec!["refined.dossiers".parse().unwrap()],
            downstream: vec![],
            history: (30..130).rev().map(version).collect(),
            partitions: (0..150).map(partition).collect(),
            data_files: (0..50).map(data_file).collect(),
            quarantined: Some(4_321),
        })
    }

    async fn history(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<TableVersion>> {
        self.note(
            call,
            &format!("history {dataset} {} {}", page.offset, page.limit),
        )?;
        let all = (0..130).rev().map(version);
        Ok(all
            .skip(page.offset as usize)
            .take(page.limit as usize)
            .collect())
    }

    /// The newest run broke the second rule of one dataset; the one before broke none.
    async fn quality(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<RuleOutcome>> {
        self.note(
            call,
            &format!("quality {dataset} {} {}", page.offset, page.limit),
        )?;
        let Some(contract) = self.project.contracts.get(dataset) else {
            return absent();
        };
        if !matches!(self.stage, Stage::Full | Stage::Forbidden) {
            return Ok(vec![]);
        }
        let breaks = dataset.as_str() == "served.provincial_scoreboard";
        let version = (!breaks).then_some(8);
        let rules = || contract.rules.iter().enumerate();
        let newest = rules().map(|(n, rule)| outcome(rule, "r 2", !breaks || n != 1, version));
        let before = rules().map(|(_, rule)| outcome(rule, "r1", true, Some(7)));
        Ok(newest
            .chain(before)
            .skip(page.offset as usize)
            .take(page.limit as usize)
            .collect())
    }

    /// Two columns of the newest period, one of them hidden, and one of the period before.
    async fn profiles(
        &self,
        call: &Call,
        dataset: &DatasetName,
        page: Page,
    ) -> Result<Vec<ColumnProfile>> {
        self.note(
            call,
            &format!("profiles {dataset} {} {}", page.offset, page.limit),
        )?;
        let Some(contract) = self.project.contracts.get(dataset) else {
            return absent();
        };
        if !matches!(self.stage, Stage::Full | Stage::Forbidden) {
            return Ok(vec![]);
        }
        let mut found = crate::testing::profiles();
        let names = contract.columns.iter().map(|column| column.name.clone());
        for (profile, name) in found.iter_mut().rev().zip(names) {
            profile.column = name;
        }
        let before = ColumnProfile {
            period: Some("2026-08".to_owned()),
            min: Some("777".to_owned()),
            ..found[0].clone()
        };
        found.push(before);
        Ok(found)
    }

    async fn lineage(&self, call: &Call, request: LineageRequest) -> Result<LineageAnswer> {
        self.note(call, &format!("lineage {:?}", request.dataset))?;
        let graph = graph(&self.project);
        let Some(dataset) = &request.dataset else {
            return Ok(titled(&self.project, graph));
        };
        let Some(contract) = self.project.contracts.get(dataset) else {
            return absent();
        };
        let column = request.column.as_deref();
        if column.is_some_and(|column| contract.column(column).is_none()) {
            return absent();
        }
        let graph = match request.direction {
            Direction::Up => graph.up(dataset, column),
            Direction::Down => graph.down(dataset, column),
        };
        Ok(titled(&self.project, graph))
    }

    async fn reports(&self, call: &Call) -> Result<Vec<ReportDefinition>> {
        self.note(call, "reports")?;
        Ok(self.project.reports.values().cloned().collect())
    }

    async fn render(&self, call: &Call, request: RenderRequest) -> Result<Rendition> {
        self.note(
            call,
            &format!("render {} {:?}", request.language, request.params),
        )?;
        if request
            .params
            .get("period")
            .is_none_or(|period| period != "2026-09")
        {
            let error = ServiceError::new(ErrorKind::Invalid, "parameter `period` is no period");
            return Err(error.hint("Give it like `2026-09`."));
        }
        Ok(crate::testing::rendition())
    }

    async fn rendition(&self, _: &Call, _: &str) -> Result<Rendition> {
        absent()
    }

    async fn renditions(&self, call: &Call, report: &str, page: Page) -> Result<Vec<Rendition>> {
        self.note(
            call,
            &format!("renditions {report} {} {}", page.offset, page.limit),
        )?;
        let forbidden = || ServiceError::new(ErrorKind::Forbidden, "no renditions for you");
        if self.role == "submitter" {
            return Err(forbidden());
        }
        let all = [crate::testing::rendition(), crate::testing::superseded()];
        Ok(match self.stage {
            Stage::Full => all.to_vec(),
            _ => vec![],
        })
    }

    async fn document(&self, _: &Call, _: &str, _: RenditionFormat) -> Result<Document> {
        absent()
    }

    async fn run(&self, _: &Call, _: RunRequest) -> Result<RunReport> {
        absent()
    }

    async fn runs(&self, call: &Call, page: Page) -> Result<Vec<RunReport>> {
        self.note(call, &format!("runs {} {}", page.offset, page.limit))?;
        match self.stage {
            Stage::Full => Ok(vec![run(); 60]
                .into_iter()
                .skip(page.offset as usize)
                .take(page.limit as usize)
                .collect()),
            Stage::Forbidden => Err(ServiceError::new(
                ErrorKind::Forbidden,
                "role `auditor` may not `read_runs`",
            )),
            _ => Ok(vec![]),
        }
    }

    async fn run_of(&self, call: &Call, id: &str) -> Result<RunReport> {
        self.note(call, &format!("run_of {id}"))?;
        if id == "r1" { Ok(run()) } else { absent() }
    }

    async fn rollback(&self, call: &Call, run: &str) -> Result<RollbackReport> {
        self.note(call, &format!("rollback {run}"))?;
        match self.failure {
            Some(failure) => Err(failure()),
            None => Ok(crate::testing::rollback()),
        }
    }

    async fn plan(&self, _: &Call) -> Result<Plan> {
        absent()
    }

    async fn preview(&self, _: &Call, _: PreviewRequest) -> Result<Vec<Preview>> {
        absent()
    }

    async fn apply(&self, _: &Call) -> Result<Plan> {
        absent()
    }

    async fn maintain(&self, _: &Call, _: MaintainRequest) -> Result<MaintenanceReport> {
        absent()
    }

    async fn connectors(&self, call: &Call) -> Result<Vec<ConnectorState>> {
        self.note(call, "connectors")?;
        match self.stage {
            Stage::Full => Ok(crate::testing::connectors()),
            Stage::Forbidden => Err(ServiceError::new(
                ErrorKind::Forbidden,
                "role `auditor` may not `read_runs`",
            )),
            _ => Ok(vec![]),
        }
    }

    async fn pull(&self, _: &Call, _: PullRequest) -> Result<Vec<PullReport>> {
        absent()
    }

    async fn audit_entries(&self, _: &Call, _: Page) -> Result<Vec<AuditRecord>> {
        absent()
    }

    async fn log_checkpoint(&self) -> Result<String> {
        absent()
    }

    async fn log_hashes(&self, _: &str) -> Result<Bytes> {
        absent()
    }

    async fn log_file(&self, _: &Call, _: &str) -> Result<Bytes> {
        absent()
    }

    async fn may_read_metrics(&self, _: &Call) -> Result<()> {
        absent()
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }
}
