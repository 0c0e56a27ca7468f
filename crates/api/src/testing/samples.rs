//! One of everything that the service answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use calendar::{Deadline, Standing};
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use lineage::{ColumnRef, Edge, EdgeKind, Graph};
use project::{
    Block, ChartKind, ColumnFormat, Parameter, ParameterType, Project, ReportColumn,
    ReportDefinition, Severity, Sources, Text,
};
use service::{
    AuditRecord, BodyFormat, ControlTotal, DataFileState, DatasetDetail, DatasetSummary, Document,
    Ended, EraseReport, Erasure, Extension, HandedIn, MaintenanceReport, MaintenanceState,
    MaintenanceStep, MaintenanceTask, Manifest, ManifestQuery, Obligation, ObligationKey,
    PartitionState, Plan, PlanItem, PlannedChange, Principal, QuarantinePage, QuarantinedRow,
    QueryAnswer, Receipt, Relation, ReleaseReport, ReleasedSubmission, Rendition, RenditionFormat,
    Restriction, RowCounts, RowError, RowErrors, RunReport, RunStep, StepState, Submission,
    SubmissionState, SubmitAnswer, Superseded, TableState, TableVersion, Upload, UploadState,
};

pub(crate) const ID: &str = "0192f0c1-0000-7000-8000-000000000001";

fn at() -> DateTime<Utc> {
    "2026-09-15T01:02:03.250Z".parse().unwrap()
}

fn text(vi: &str, en: &str) -> Text {
    Text {
        vi: vi.to_owned(),
        en: en.to_owned(),
    }
}

pub(crate) fn principal() -> Principal {
    let agency = Some("H26".parse().unwrap());
    Principal {
        name: "ha-noi".to_owned(),
        role: "submitter".to_owned(),
        agency,
    }
}

pub(crate) fn receipt() -> Receipt {
    Receipt {
        id: ID.parse().unwrap(),
        agency: "H26.01".parse().unwrap(),
        dataset: "raw.visits".parse().unwrap(),
        period: "2026-09".parse().unwrap(),
        contract_version: "1.2.0".to_owned(),
        evidence_sha256: "ab".repeat(32),
        evidence_size_bytes: 4,
        rows: RowCounts {
            received: 3,
            landed: 2,
            quarantined: 1,
            warned: 0,
        },
        received_at: at(),
        due_on: Some("2026-09-14".parse().unwrap()),
        table_version: Some(7),
        committed_at: Some(at()),
        supersedes: Some(Superseded {
            relation: Relation::Corrects(ID.parse().unwrap()),
            rows: 2,
        }),
        control_totals: vec![ControlTotal {
            name: "rows".to_owned(),
            declared: "3".to_owned(),
            found: Some("3".to_owned()),
        }],
    }
}

pub(crate) fn quarantine() -> QuarantinePage {
    let row = QuarantinedRow {
        submission: ID.parse().unwrap(),
        dataset: "raw.visits".parse().unwrap(),
        agency: "H26.01".parse().unwrap(),
        period: "2026-09".parse().unwrap(),
        row: 3,
        column: Some("amount".to_owned()),
        rule: "range".to_owned(),
        value_excerpt: Some("-1".to_owned()),
        message: text("nhỏ hơn 0", "below 0"),
        received_at: at(),
    };
    QuarantinePage {
        rows: vec![row],
        total: 12,
    }
}

pub(crate) fn release() -> ReleaseReport {
    let of = ReleasedSubmission {
        submission: ID.parse().unwrap(),
        released: 2,
        held: 3,
        rules: vec![("range".to_owned(), 1), ("required".to_owned(), 2)],
        superseded: 1,
        passed_over: None,
        table_version: Some(9),
    };
    let over = ReleasedSubmission {
        released: 0,
        passed_over: Some("it was withdrawn".to_owned()),
        table_version: None,
        ..of.clone()
    };
    ReleaseReport {
        id: "r1".to_owned(),
        dataset: "raw.visits".parse().unwrap(),
        contract_version: "1.1.0".to_owned(),
        submissions: vec![of, over],
    }
}

pub(crate) fn obligation() -> Obligation {
    let day = |text: &str| text.parse().unwrap();
    let of = ObligationKey {
        dataset: "raw.visits".parse().unwrap(),
        period: "2026-09".parse().unwrap(),
        agency: "H26.01".parse().unwrap(),
    };
    let extension = Extension {
        of: of.clone(),
        number: 1,
        before: day("2026-09-24"),
        until: day("2026-10-01"),
        reason: "bão".to_owned(),
        principal: "operator".to_owned(),
        at: at(),
    };
    Obligation {
        of,
        deadline: Deadline {
            opens_on: day("2026-08-15"),
            due_on: day("2026-10-01"),
            closes_on: Some(day("2026-10-14")),
        },
        standing: Standing::Open,
        handed_in: HandedIn {
            submissions: 2,
            first_received_at: Some(at()),
        },
        extensions: vec![extension],
    }
}

pub(crate) fn row_errors() -> RowErrors {
    let error = |row, severity| RowError {
        row,
        column: Some("amount".to_owned()),
        rule: "range".to_owned(),
        severity,
        value_excerpt: Some("-1".to_owned()),
        message: "`-1` is below the minimum `0`".to_owned(),
    };
    RowErrors {
        errors: vec![error(2, Severity::Error), error(3, Severity::Warning)],
        total: 12,
    }
}

/// How many bytes the sample of an upload has.
pub(crate) const UPLOAD_LENGTH: u64 = 4;

/// An upload that stands there.
pub(crate) fn upload(offset: u64, state: UploadState) -> Upload {
    Upload {
        id: ID.parse().unwrap(),
        length: UPLOAD_LENGTH,
        offset,
        metadata: "dataset cmF3LnZpc2l0cw==".to_owned(),
        expires_at: at(),
        state,
    }
}

pub(crate) fn submit_answer() -> SubmitAnswer {
    SubmitAnswer {
        receipt: receipt(),
        errors: row_errors(),
        replayed: false,
        dry_run: false,
        sealed: None,
        restatement: None,
    }
}

pub(crate) fn submission() -> Submission {
    Submission {
        state: SubmissionState::Committed,
        receipt: receipt(),
        principal: "ha-noi".to_owned(),
        format: BodyFormat::Csv.into(),
        refusal: None,
        key: Some("k 1".to_owned()),
        ended: Some(Ended { by: None, at: at() }),
        restricted: Some(Restriction::PersonalData),
        erased: Some(erasure()),
        sealed: None,
    }
}

fn erasure() -> Erasure {
    Erasure {
        at: at(),
        principal: "operator".to_owned(),
        reason: "sent by mistake".to_owned(),
    }
}

pub(crate) fn erase_report() -> EraseReport {
    EraseReport {
        submissions: vec![ID.parse().unwrap()],
        sha256: "ab".repeat(32),
        size_bytes: 4,
        rows_landed: 2,
        erasure: erasure(),
    }
}

pub(crate) fn batch() -> RecordBatch {
    let decimals = Decimal128Array::from(vec![Some(12345), None]).with_precision_and_scale(18, 2);
    let columns: [(&str, ArrayRef); 3] = [
        ("name", Arc::new(StringArray::from(vec!["Hà Nội", "Huế"]))),
        (
            "rows",
            Arc::new(Int64Array::from(vec![9_007_199_254_740_993, -1])),
        ),
        ("amount", Arc::new(decimals.unwrap())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

pub(crate) fn query_answer() -> QueryAnswer {
    let batch = batch();
    QueryAnswer {
        schema: batch.schema(),
        batches: stream::iter([Ok(batch)]).boxed(),
        versions: BTreeMap::from([("raw.visits".parse().unwrap(), 7)]),
        read_at: at(),
    }
}

pub(crate) fn dataset() -> DatasetDetail {
    let path = "warehouse/raw/visits.odcs.yaml".to_owned();
    let files = [(path, include_bytes!("sample.odcs.yaml").to_vec())];
    let (project, problems) = Project::read(&Sources::from_files(files));
    let contract = project.contracts.into_values().next();
    let contract = contract.unwrap_or_else(|| panic!("{problems:?}"));
    let table = TableState {
        version: 7,
        rows: 2,
        files: 1,
        size_bytes: 900,
        committed_at: Some(at()),
    };
    DatasetDetail {
        summary: DatasetSummary {
            contract,
            table: Some(table),
        },
        sql: None,
        upstream: vec![],
        downstream: vec!["refined.visits".parse().unwrap()],
        history: vec![TableVersion {
            version: 7,
            committed_at: at(),
            operation: "append".to_owned(),
            rows: Some(2),
            info: "{}".to_owned(),
        }],
        partitions: vec![PartitionState {
            values: vec![
                ("period".to_owned(), Some("2026-09".to_owned())),
                ("x".to_owned(), None),
            ],
            rows: 2,
            files: 1,
            size_bytes: 900,
        }],
        data_files: vec![DataFileState {
            path: "period=2026-09/x=__HIVE_DEFAULT_PARTITION__/part-0.zstd.parquet".to_owned(),
            values: vec![
                ("period".to_owned(), Some("2026-09".to_owned())),
                ("x".to_owned(), None),
            ],
            rows: 2,
            size_bytes: 900,
        }],
        quarantined: Some(1),
    }
}

pub(crate) fn graph() -> Graph {
    let end = |dataset: &str, column: &str| ColumnRef {
        dataset: dataset.parse().unwrap(),
        column: column.to_owned(),
    };
    let edge = Edge {
        target: end("refined.visits", "amount"),
        source: end("raw.visits", "amount"),
        kind: EdgeKind::Identity,
    };
    Graph::new([edge]).including(["served.lonely".parse().unwrap()])
}

pub(crate) fn report() -> ReportDefinition {
    let column = ReportColumn {
        name: "amount".to_owned(),
        label: text("Số tiền", "Amount"),
        format: ColumnFormat::Decimal2,
    };
    let query = || "visits".to_owned();
    ReportDefinition {
        name: "monthly".to_owned(),
        title: text("Tháng", "Month"),
        description: text("", ""),
        parameters: vec![Parameter {
            name: "period".to_owned(),
            parameter_type: ParameterType::Period,
            required: true,
            default: None,
            label: text("Kỳ", "Period"),
        }],
        queries: BTreeMap::from([(query(), "select 1".to_owned())]),
        layout: vec![
            Block::Heading(text("Đầu", "Head")),
            Block::Paragraph(text("Đoạn", "Words")),
            Block::Figures {
                query: query(),
                columns: vec![column.clone()],
            },
            Block::Chart {
                kind: ChartKind::Bar,
                query: query(),
                x: "name".to_owned(),
                y: "amount".to_owned(),
                title: text("Biểu đồ", "Chart"),
            },
            Block::Table {
                query: query(),
                title: text("Bảng", "Table"),
                columns: vec![column],
            },
        ],
        sha256: "cd".repeat(32),
        path: "warehouse/reports/monthly.yaml".to_owned(),
    }
}

pub(crate) fn rendition() -> Rendition {
    Rendition {
        id: "0192".to_owned(),
        manifest: Manifest {
            report: "monthly".to_owned(),
            definition_sha256: "cd".repeat(32),
            params: BTreeMap::from([("period".to_owned(), "2026-09".to_owned())]),
            queries: vec![ManifestQuery {
                name: "visits".to_owned(),
                sql_sha256: "ef".repeat(32),
                rows: 2,
            }],
            input_versions: BTreeMap::from([("raw.visits".to_owned(), 7)]),
            outputs: BTreeMap::from([
                (RenditionFormat::Html, "01".repeat(32)),
                (RenditionFormat::Xlsx, "02".repeat(32)),
            ]),
            rendered_at: at(),
        },
        superseded: None,
    }
}

pub(crate) fn document(format: RenditionFormat) -> Document {
    let bytes = match format {
        RenditionFormat::Html => "<html><style>p { color: red }</style><p>x</p></html>",
        RenditionFormat::Xlsx => "PK",
        RenditionFormat::Csv => "a\r\n1\r\n",
    };
    Document {
        report: "monthly".to_owned(),
        format,
        bytes: Bytes::from_static(bytes.as_bytes()),
        superseded: super::superseded().superseded,
    }
}

pub(crate) fn run() -> RunReport {
    let step = |state, message: Option<&str>| RunStep {
        dataset: "refined.visits".parse().unwrap(),
        state,
        inputs: vec![("raw.visits".parse().unwrap(), 7)],
        version: Some(3),
        rows: 2,
        seconds: 0.5,
        message: message.map(ToOwned::to_owned),
        scope: Some("windows: period 2026-09".to_owned()),
    };
    RunReport {
        id: Some("r1".to_owned()),
        started_at: at(),
        seconds: 1.5,
        steps: vec![
            step(StepState::Built, None),
            step(StepState::UpToDate, None),
            step(StepState::Failed, Some("a rule does not hold")),
            step(StepState::Skipped, Some("`refined.visits` failed")),
        ],
    }
}

pub(crate) fn plan() -> Plan {
    let changes = [
        PlannedChange::Create,
        PlannedChange::AddColumns(vec!["amount".to_owned()]),
        PlannedChange::Rebuild,
        PlannedChange::LoadCodes,
        PlannedChange::Describe,
        PlannedChange::Refused("column `amount` would go".to_owned()),
    ];
    let item = |change| PlanItem {
        dataset: "raw.visits".parse().unwrap(),
        change,
    };
    Plan {
        items: changes.into_iter().map(item).collect(),
        runs: vec![service::PlannedRun {
            dataset: "refined.visits".parse().unwrap(),
            scope: "windows: period 2026-09".to_owned(),
            rows: 7,
        }],
        impacts: vec![super::impact()],
    }
}

pub(crate) fn maintenance() -> MaintenanceReport {
    let step = |task, state, message: Option<&str>| MaintenanceStep {
        dataset: "raw.visits".parse().unwrap(),
        task,
        state,
        version: Some(9),
        files_removed: 51,
        files_added: 1,
        bytes_removed: 5100,
        bytes_added: 2000,
        seconds: 0.25,
        message: message.map(ToOwned::to_owned),
    };
    use MaintenanceTask::{Checkpoint, Compact, Vacuum};
    MaintenanceReport {
        id: "m1".to_owned(),
        started_at: at(),
        seconds: 0.75,
        steps: vec![
            step(Compact, MaintenanceState::Done, None),
            step(
                Checkpoint,
                MaintenanceState::Failed,
                Some("the disk is full"),
            ),
            step(Vacuum, MaintenanceState::DryRun, None),
        ],
    }
}

pub(crate) fn audit_record() -> AuditRecord {
    AuditRecord {
        sequence: 9,
        at: at(),
        phase: "attempt".to_owned(),
        action: "query".to_owned(),
        resource: "query".to_owned(),
        principal: "ha-noi".to_owned(),
        door: "http".to_owned(),
        peer: "127.0.0.1".to_owned(),
        outcome: "allowed".to_owned(),
        detail: "{}".to_owned(),
        correlation_id: "c1".to_owned(),
    }
}
