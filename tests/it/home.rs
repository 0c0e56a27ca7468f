//! Inside a house: receiving, running, planning, reporting, on a small project of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::engine::QueryLimits;
use bytes::Bytes;
use conduct::{Given, House, Parts, Settings};
use futures::{StreamExt, stream};
use lake::{Lake, S3Settings, StoreLocation, open_store};
use object_store::ObjectStore;
use project::Sources;
use service::{
    At, BodyFormat, Call, Credential, Door, ErrorKind, Page, QueryRequest, RenderRequest,
    RenditionFormat, RunRequest, Secret, Service, ServiceError, StepState, SubmissionState,
    SubmitAnswer, SubmitRequest,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use testkit::seaweed::Seaweed;
use testkit::{Fault, FaultyStore, Op, TestClock};

/// Two good rows, and one that breaks two rules.
pub const VISITS: &str = "visit_id,office,visited_at,minutes\n\
    V-1,Ba Đình,2026-09-01T08:30:00+07:00,12\n\
    V-2,Cầu Giấy,2026-09-02T14:15:00+07:00,8\n\
    V-3,,2026-09-02T15:00:00+07:00,-5\n";

pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/own-dataset")
}

/// A house with its folder, its clock, its faults and its administrator.
pub struct Fixture {
    pub house: Arc<House>,
    pub admin: Call,
    pub faults: FaultyStore,
    pub clock: TestClock,
    folder: Arc<TempDir>,
    store: Arc<dyn ObjectStore>,
}

impl Fixture {
    pub async fn on_disk() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let location = StoreLocation::Folder(folder.path().join("lake"));
        let store = open_store(&location, &S3Settings::default()).unwrap();
        Self::over(store, folder).await
    }

    pub async fn on_s3() -> Self {
        let target = tokio::task::spawn_blocking(|| Seaweed::shared().target())
            .await
            .unwrap();
        let location = StoreLocation::parse(&target.url(), Path::new("/")).unwrap();
        let settings = S3Settings {
            endpoint: Some(target.endpoint),
            region: Some(target.region),
            allow_http: true,
            access_key: Some(target.access_key),
            secret_key: Some(target.secret_key),
            session_token: None,
        };
        let store = open_store(&location, &settings).unwrap();
        Self::over(store, Arc::new(tempfile::tempdir().unwrap())).await
    }

    async fn over(store: Arc<dyn ObjectStore>, folder: Arc<TempDir>) -> Self {
        let clock = TestClock::at("2026-09-20T03:00:00Z");
        let faults = FaultyStore::new(Arc::clone(&store));
        let house = open(folder.path(), Arc::new(faults.clone()), &clock).await;
        let token = house.first_token("operator").await.unwrap();
        let fixture = Self {
            house: Arc::new(house),
            admin: call(&token),
            faults,
            clock,
            folder,
            store,
        };
        fixture.house.apply(&fixture.admin).await.unwrap();
        fixture
    }

    /// Where results are put together that cannot be sent as they come.
    pub fn spool_folder(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// The same home opened again, as after a crash: the old house is not closed, only dropped.
    pub async fn reopened(self) -> Self {
        let Self {
            admin,
            clock,
            folder,
            store,
            house,
            ..
        } = self;
        drop(house);
        let faults = FaultyStore::new(Arc::clone(&store));
        let house = open(folder.path(), Arc::new(faults.clone()), &clock).await;
        Self {
            house: Arc::new(house),
            admin,
            faults,
            clock,
            folder,
            store,
        }
    }

    pub async fn submit(
        &self,
        body: &str,
        key: Option<&str>,
    ) -> Result<SubmitAnswer, ServiceError> {
        self.submit_as(&self.admin, body, key, false).await
    }

    pub async fn submit_as(
        &self,
        call: &Call,
        body: &str,
        key: Option<&str>,
        dry_run: bool,
    ) -> Result<SubmitAnswer, ServiceError> {
        let request = SubmitRequest {
            dataset: "raw.visits".parse().unwrap(),
            agency: Some("H26".parse().unwrap()),
            period: "2026-09".parse().unwrap(),
            format: BodyFormat::Csv,
            key: key.map(str::to_owned),
            dry_run,
        };
        let body = Bytes::from(body.to_owned());
        self.house
            .submit(call, request, stream::iter([Ok(body)]).boxed())
            .await
    }

    /// The one number that a query answers.
    pub async fn number(&self, sql: &str) -> i64 {
        let request = QueryRequest {
            sql: sql.to_owned(),
            params: BTreeMap::new(),
            at: At::Now,
        };
        let answer = self.house.query(&self.admin, request).await.unwrap();
        let batches: Vec<_> = answer.batches.collect().await;
        let batch = batches
            .into_iter()
            .find_map(|b| b.ok().filter(|b| b.num_rows() > 0))
            .unwrap();
        let column = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Int64);
        arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&column.unwrap())
            .value(0)
    }
}

pub fn call(token: &Secret) -> Call {
    Call {
        credential: Some(Credential::Token(token.clone())),
        door: Door::Cli,
        peer: None,
        user_agent: None,
        correlation_id: "test".to_owned(),
    }
}

async fn open(folder: &Path, store: Arc<dyn ObjectStore>, clock: &TestClock) -> House {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let fresh = || {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        uuid::Builder::from_unix_timestamp_millis(n, &[7; 10]).into_uuid()
    };
    for name in ["spool", "spill"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let checked = conduct::check(&Sources::from_folder(&example()).unwrap()).await;
    assert!(checked.problems.is_empty(), "{:#?}", checked.problems);
    let given = lake::Given {
        clock: clock.shared(),
        ids: Arc::new(move || fresh().to_string()),
    };
    let parts = Parts {
        lake: Lake::open(store, given).unwrap(),
        books: books::Books::open(&folder.join("books.sqlite"))
            .await
            .unwrap(),
        journal: audit::Journal::open(&folder.join("journal"), clock.shared()).unwrap(),
        project: checked.project,
        given: Given {
            clock: clock.shared(),
            ids: Arc::new(fresh),
            random: Arc::new(|| {
                let n = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
                std::array::from_fn(|i| n[i % 8])
            }),
            resident_bytes: Arc::new(|| 0),
            on_step: Arc::new(|_, _, _| {}),
        },
        settings: Settings {
            spool_folder: folder.join("spool"),
            spill_folder: folder.join("spill"),
            body_bytes: 1 << 20,
            submissions_at_once: 2,
            queries_at_once: 2,
            partitions: 2,
            memory_bytes: 1 << 30,
            spill_bytes: 1 << 30,
            query: QueryLimits {
                memory_bytes: 64 << 20,
                memory_name: "query.memory_bytes",
                spill_bytes: 64 << 20,
                wait_ms: 60_000,
                rows: 100_000,
                bytes: 64 << 20,
            },
            run_memory_bytes: 256 << 20,
            errors_in_answer: 100,
        },
    };
    House::open(parts).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn good_rows_land_and_bad_rows_go_to_quarantine_with_their_reasons() {
    let f = Fixture::on_disk().await;
    let answer = f.submit(VISITS, None).await.unwrap();
    let rows = answer.receipt.rows;
    assert_eq!((rows.received, rows.landed, rows.quarantined), (3, 2, 1));
    let rules: Vec<(u64, &str)> = answer
        .errors
        .errors
        .iter()
        .map(|e| (e.row, e.rule.as_str()))
        .collect();
    assert_eq!(rules, [(3, "range"), (3, "required")]);
    assert_eq!(f.number("select count(*) from raw.visits").await, 2);
    assert_eq!(f.number("select count(*) from system.quarantine").await, 2);
    let page = Page {
        offset: 1,
        limit: 10,
    };
    let errors = f
        .house
        .row_errors(&f.admin, answer.receipt.id, page)
        .await
        .unwrap();
    assert_eq!((errors.total, errors.errors.len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_is_the_body_byte_for_byte() {
    let f = Fixture::on_disk().await;
    let receipt = f.submit(VISITS, None).await.unwrap().receipt;
    let evidence = f.house.evidence(&f.admin, receipt.id).await.unwrap();
    let chunks: Vec<Bytes> = evidence.bytes.map(Result::unwrap).collect().await;
    assert_eq!(chunks.concat(), VISITS.as_bytes());
    assert_eq!(receipt.evidence_size_bytes, VISITS.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_answers_the_same_receipt_for_the_same_body_and_refuses_another() {
    let f = Fixture::on_disk().await;
    let first = f.submit(VISITS, Some("k1")).await.unwrap();
    let again = f.submit(VISITS, Some("k1")).await.unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!(again.receipt, first.receipt);
    assert_eq!(again.errors, first.errors);
    let other = f
        .submit(&VISITS.replace("V-1", "V-9"), Some("k1"))
        .await
        .unwrap_err();
    assert_eq!(other.kind, ErrorKind::Conflict);
    assert_eq!(f.number("select count(*) from raw.visits").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_judges_and_leaves_nothing() {
    let f = Fixture::on_disk().await;
    let answer = f
        .submit_as(&f.admin, VISITS, Some("k"), true)
        .await
        .unwrap();
    assert!(answer.dry_run && answer.receipt.table_version.is_none());
    assert_eq!(answer.receipt.rows.landed, 2);
    assert_eq!(f.number("select count(*) from raw.visits").await, 0);
    assert_eq!(f.number("select count(*) from system.quarantine").await, 0);
    let page = Page {
        offset: 0,
        limit: 10,
    };
    assert!(
        f.house
            .submissions(&f.admin, page)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(!f.submit(VISITS, Some("k")).await.unwrap().replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_bad_rows_is_refused_and_its_evidence_is_kept() {
    let f = Fixture::on_disk().await;
    let bad = "visit_id,office,visited_at,minutes\nV-1,,never,-1\n";
    let error = f.submit(bad, Some("k")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    let id = error.submission.unwrap();
    assert_eq!(error.rows.unwrap().total, 3);
    let kept = f.house.submission(&f.admin, id).await.unwrap();
    assert_eq!(kept.state, SubmissionState::Refused);
    assert!(f.house.evidence(&f.admin, id).await.is_ok());
    let replay = f.submit(bad, Some("k")).await.unwrap_err();
    assert_eq!(
        (replay.kind, replay.submission),
        (ErrorKind::Refused, Some(id))
    );
    assert_eq!(f.number("select count(*) from system.quarantine").await, 3);
}

async fn a_run_makes_figures_and_the_next_finds_them_up_to_date(f: Fixture) {
    f.submit(VISITS, None).await.unwrap();
    let run = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(run.steps[0].state, StepState::Built, "{:?}", run.steps);
    assert_eq!(
        f.number("select sum(visits) from visits_by_office").await,
        2
    );
    let again = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(again.steps[0].state, StepState::UpToDate);
    assert_eq!(again.steps[0].version, run.steps[0].version);
    f.submit(&VISITS.replace("V-", "W-"), None).await.unwrap();
    let changed = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(changed.steps[0].state, StepState::Built);
    assert_eq!(
        f.number("select sum(visits) from visits_by_office").await,
        4
    );
    assert_eq!(
        f.number("select count(*) from system.runs where state = 'built'")
            .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_a_run_makes_figures_and_the_next_finds_them_up_to_date() {
    a_run_makes_figures_and_the_next_finds_them_up_to_date(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_a_run_makes_figures_and_the_next_finds_them_up_to_date() {
    a_run_makes_figures_and_the_next_finds_them_up_to_date(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_reads_the_version_that_was_asked_for() {
    let f = Fixture::on_disk().await;
    let first = f
        .submit(VISITS, None)
        .await
        .unwrap()
        .receipt
        .table_version
        .unwrap();
    f.submit(&VISITS.replace("V-", "W-"), None).await.unwrap();
    let request = QueryRequest {
        sql: "select visit_id from raw.visits".to_owned(),
        params: BTreeMap::new(),
        at: At::Versions([("raw.visits".parse().unwrap(), first)].into()),
    };
    let answer = f.house.query(&f.admin, request).await.unwrap();
    assert_eq!(
        answer.versions.values().copied().collect::<Vec<_>>(),
        [first]
    );
    let rows: usize = answer
        .batches
        .map(|b| b.unwrap().num_rows())
        .fold(0, |a, b| async move { a + b })
        .await;
    assert_eq!(rows, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_rendered_and_kept_with_its_manifest() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let request = |period: &str| RenderRequest {
        report: "visits".to_owned(),
        params: BTreeMap::from([("period".to_owned(), period.to_owned())]),
        language: "vi".to_owned(),
        table: None,
    };
    let made = f.house.render(&f.admin, request("2026-09")).await.unwrap();
    let kept = f.house.rendition(&f.admin, &made.id).await.unwrap();
    assert_eq!(kept, made);
    let mut documents = Vec::new();
    for format in RenditionFormat::ALL {
        let document = f.house.document(&f.admin, &made.id, format).await.unwrap();
        let sha256 = hex::encode(Sha256::digest(&document.bytes));
        assert_eq!(made.manifest.outputs[&format], sha256, "{format:?}");
        documents.push(document.bytes);
    }
    let html = String::from_utf8_lossy(&documents[0]);
    assert!(html.contains("Ba Đình") && html.contains("<svg"), "{html}");
    assert!(documents[1].starts_with(b"PK"));
    let csv = String::from_utf8_lossy(&documents[2]);
    assert!(
        csv.starts_with("Trụ sở,Số lượt,Số phút\r\nBa Đình,"),
        "{csv}"
    );
    assert_eq!(made.manifest.queries[0].rows, 2);
    let unknown = f
        .house
        .render(&f.admin, request("2031-01"))
        .await
        .unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_whose_commit_failed_lands_once_when_the_house_opens_again() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    // The log entry of the next commit to the raw table never gets through.
    f.faults
        .plan(Fault::before(Op::Put, "delta/raw/visits/_delta_log").times(100));
    let error = f
        .submit(&VISITS.replace("V-", "W-"), Some("k"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    let id = error.submission.unwrap();
    let f = f.reopened().await;
    let found = f.house.submission(&f.admin, id).await.unwrap();
    assert_eq!(found.state, SubmissionState::Committed);
    assert_eq!(found.receipt.rows.landed, 2);
    assert_eq!(f.number("select count(*) from raw.visits").await, 4);
    assert_eq!(f.number("select count(*) from system.quarantine").await, 4);
    let replay = f
        .submit(&VISITS.replace("V-", "W-"), Some("k"))
        .await
        .unwrap();
    assert!(replay.replayed);
    assert_eq!(replay.receipt.id, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_leaves_its_attempt_and_its_effect_and_a_denied_one_says_so() {
    let f = Fixture::on_disk().await;
    let submitter = service::Principal {
        name: "one-stop shop".to_owned(),
        role: "submitter".to_owned(),
        agency: Some("H29".parse().unwrap()),
    };
    let token = f.house.create_token(&f.admin, &submitter).await.unwrap();
    let denied = f
        .submit_as(&call(&token), VISITS, None, false)
        .await
        .unwrap_err();
    assert_eq!(denied.kind, ErrorKind::Forbidden);
    let nobody = Call {
        credential: None,
        ..call(&token)
    };
    let unknown = f.house.datasets(&nobody).await.unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::Unauthenticated);
    f.submit(VISITS, None).await.unwrap();
    let page = Page {
        offset: 0,
        limit: 100,
    };
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let of = |action: &str, phase: &str, outcome: &str| {
        let fits = |e: &&service::AuditRecord| {
            e.action == action && e.phase == phase && e.outcome == outcome
        };
        entries.iter().filter(fits).count()
    };
    assert_eq!(of("submit", "attempt", "denied"), 1);
    assert_eq!(of("submit", "attempt", "allowed"), 1);
    assert_eq!(of("submit", "effect", "done"), 1);
    assert_eq!(of("read_catalogue", "attempt", "denied"), 1);
}

/// The example project after a change of its files.
async fn changed(path: &str, from: &str, to: &str) -> project::Project {
    let sources = Sources::from_folder(&example()).unwrap();
    let files = sources.iter().map(|(name, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = if name == path {
            text.replace(from, to)
        } else {
            text
        };
        (name.to_owned(), text.into_bytes())
    });
    conduct::check(&Sources::from_files(files)).await.project
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_answer_breaks_its_contract_publishes_nothing() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    let first = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let contract = "warehouse/served/visits_by_office.odcs.yaml";
    f.house
        .set_project(changed(contract, "minimum: 1 }", "minimum: 2 }").await);
    f.submit(
        &VISITS.replace("V-", "W-").replace("Ba Đình", "Tây Hồ"),
        None,
    )
    .await
    .unwrap();
    let run = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(run.steps[0].state, StepState::Failed);
    let told = run.steps[0].message.clone().unwrap();
    assert!(
        told.contains("`range`") && told.contains("`visits`"),
        "{told}"
    );
    let newest = Page {
        offset: 0,
        limit: 1,
    };
    let history = f
        .house
        .history(&f.admin, &run.steps[0].dataset, newest)
        .await
        .unwrap();
    assert_eq!(Some(history[0].version), first.steps[0].version);
    assert_eq!(
        f.number("select sum(visits) from visits_by_office").await,
        2
    );
    assert_eq!(
        f.number("select count(*) from system.runs where state = 'failed'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appending_transformation_keeps_what_was_there() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let sql = "sql/served/visits_by_office.sql";
    let mut project = changed(sql, "-- write: replace", "-- write: append").await;
    // The same rows again are the same keys again: this test is about writing, not about the key.
    for contract in project.contracts.values_mut() {
        contract.rules.retain(|rule| rule.name != "unique");
    }
    f.house.set_project(project);
    let run = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(run.steps[0].state, StepState::Built, "{:?}", run.steps);
    assert_eq!(
        f.number("select sum(visits) from visits_by_office").await,
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_code_opens_one_session_and_both_tries_are_recorded() {
    let f = Fixture::on_disk().await;
    let code = f.house.create_sign_in_code(&f.admin).await.unwrap();
    let nobody = Call {
        credential: None,
        door: Door::Page,
        ..f.admin.clone()
    };
    let session = f.house.sign_in(&nobody, &code).await.unwrap();
    let again = f.house.sign_in(&nobody, &code).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::Unauthenticated);
    let known = Call {
        credential: Some(Credential::Session(session)),
        ..nobody.clone()
    };
    assert_eq!(f.house.whoami(&known).await.unwrap().name, "operator");
    f.house.sign_out(&known).await.unwrap();
    assert!(f.house.whoami(&known).await.is_err());
    let page = Page {
        offset: 0,
        limit: 100,
    };
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let outcomes: Vec<&str> = entries
        .iter()
        .rev()
        .filter(|e| e.action == "sign_in")
        .map(|e| e.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["allowed", "done", "denied"]);
}
