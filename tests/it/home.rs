//! Inside a house: receiving, running, planning, reporting, on a small project of its own.

mod memory;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ::engine::QueryLimits;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::DataType;
use audit::seal::{SigningKey, SigningKeys};
use bytes::Bytes;
use conduct::{
    EvidenceSettings, Given, House, InForce, LineageSettings, MaintainSettings, Parts,
    ProjectSource, Settings, UploadLimits,
};
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
use testkit::{CountingStore, Fault, FaultyStore, Op, TestClock};

/// Two good rows, and one that breaks two rules.
pub const VISITS: &str = "visit_id,office,visited_at,minutes\n\
    V-1,Ba Đình,2026-09-01T08:30:00+07:00,12\n\
    V-2,Cầu Giấy,2026-09-02T14:15:00+07:00,8\n\
    V-3,,2026-09-02T15:00:00+07:00,-5\n";

/// A request to submit visits as CSV, of an agency for a period.
pub fn visits() -> SubmitRequest {
    let dataset = "raw.visits".parse().unwrap();
    SubmitRequest {
        agency: Some("H26".parse().unwrap()),
        ..SubmitRequest::new(dataset, "2026-09".parse().unwrap(), BodyFormat::Csv)
    }
}

pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/own-dataset")
}

/// What a house is opened with; the default is what most tests use.
#[derive(Clone)]
pub struct Setup {
    pub sources: Sources,
    pub query: QueryLimits,
    /// The variables of the process, as far as connectors ask for them.
    pub env: BTreeMap<String, String>,
    /// The books' database on PostgreSQL; without one they are a file of the home.
    pub database: Option<String>,
    /// Whether events of lineage are kept, and for whom.
    pub lineage: LineageSettings,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            sources: Sources::from_folder(&example()).unwrap(),
            query: QueryLimits {
                memory_bytes: 64 << 20,
                memory_name: "query.memory_bytes",
                spill_bytes: 64 << 20,
                wait_ms: 60_000,
                rows: 100_000,
                bytes: 64 << 20,
            },
            env: BTreeMap::new(),
            database: None,
            lineage: LineageSettings::default(),
        }
    }
}

impl Setup {
    /// With this file of the project instead of what is there.
    pub fn with_file(mut self, path: &str, text: &str) -> Self {
        let changed = (path.to_owned(), text.as_bytes().to_vec());
        self.sources = with(&self.sources, [changed]);
        self
    }
}

/// The files of a project, which a test edits as a data engineer does.
pub struct Files(Mutex<Sources>);

impl Files {
    /// The files as they are now.
    pub fn all(&self) -> Sources {
        self.0.lock().unwrap().clone()
    }

    /// Writes a file, whether it is there or not.
    pub fn put(&self, path: &str, text: &str) {
        let mut files = self.0.lock().unwrap();
        *files = with(&files, [(path.to_owned(), text.as_bytes().to_vec())]);
    }

    /// Changes one file, which must change by it.
    #[track_caller]
    pub fn edit(&self, path: &str, change: impl Fn(String) -> String) {
        let mut files = self.0.lock().unwrap();
        let before = String::from_utf8(files.get(path).unwrap().to_vec()).unwrap();
        let after = change(before.clone());
        assert_ne!(before, after, "the edit of `{path}` changes nothing");
        let after = (path.to_owned(), after.into_bytes());
        *files = with(&files, [after]);
    }

    /// Writes the lineage anew.
    pub async fn bless(&self) {
        let files = self.0.lock().unwrap().clone();
        let lineage = conduct::check(&files).await.lineage.into_iter();
        let lineage = lineage.map(|(path, text)| (path, text.into_bytes()));
        *self.0.lock().unwrap() = with(&files, lineage);
    }
}

fn with(files: &Sources, others: impl IntoIterator<Item = (String, Vec<u8>)>) -> Sources {
    let kept = files
        .iter()
        .map(|(p, bytes)| (p.to_owned(), bytes.to_vec()));
    Sources::from_files(kept.chain(others))
}

impl ProjectSource for Files {
    fn name(&self) -> String {
        "the project of the test".to_owned()
    }

    fn read(&self) -> std::io::Result<Sources> {
        Ok(self.0.lock().unwrap().clone())
    }
}

/// A house with its folder, its clock, its faults, its project's files and its administrator.
pub struct Fixture {
    pub house: Arc<House>,
    pub files: Arc<Files>,
    pub admin: Call,
    pub faults: FaultyStore,
    pub clock: TestClock,
    /// The memory that the process seems to hold when it is looked at next, and never again.
    pub resident: Arc<AtomicU64>,
    setup: Setup,
    folder: Arc<TempDir>,
    /// Where the house keeps everything, without the faults.
    pub store: Arc<dyn ObjectStore>,
}

impl Fixture {
    pub async fn on_disk() -> Self {
        Self::with(Setup::default()).await
    }

    /// On disk, set up otherwise.
    pub async fn with(setup: Setup) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let location = StoreLocation::Folder(folder.path().join("lake"));
        let store = open_store(&location, &S3Settings::default()).unwrap();
        Self::over(store, folder, setup).await
    }

    pub async fn on_s3() -> Self {
        Self::on_s3_with(Setup::default()).await
    }

    /// On S3, set up otherwise.
    pub async fn on_s3_with(setup: Setup) -> Self {
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
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::over(store, folder, setup).await
    }

    /// On disk, and what the store is asked for is counted.
    pub async fn counted(setup: Setup) -> (Self, CountingStore) {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let location = StoreLocation::Folder(folder.path().join("lake"));
        let store = open_store(&location, &S3Settings::default()).unwrap();
        let counting = CountingStore::new(store);
        let fixture = Self::over(Arc::new(counting.clone()), folder, setup).await;
        (fixture, counting)
    }

    async fn over(store: Arc<dyn ObjectStore>, folder: Arc<TempDir>, setup: Setup) -> Self {
        let clock = TestClock::at("2026-09-20T03:00:00Z");
        let faults = FaultyStore::new(Arc::clone(&store));
        let resident = Arc::new(AtomicU64::new(0));
        let files = Arc::new(Files(Mutex::new(setup.sources.clone())));
        let faulty = Arc::new(faults.clone());
        let query = setup.query;
        let house = open(
            folder.path(),
            faulty,
            &clock,
            &resident,
            (&files, &setup),
            |settings| {
                settings.query = query;
            },
        )
        .await;
        let token = house.first_token("operator").await.unwrap();
        let fixture = Self {
            house: Arc::new(house),
            files,
            admin: call(&token),
            faults,
            clock,
            resident,
            setup,
            folder,
            store,
        };
        fixture.house.apply(&fixture.admin).await.unwrap();
        fixture
    }

    /// Another house on the same store, whose keys are its own, and its books if they are a file.
    pub async fn beside(&self) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let faults = FaultyStore::new(Arc::clone(&self.store));
        let faulty = Arc::new(faults.clone());
        let (clock, resident) = (self.clock.clone(), Arc::new(AtomicU64::new(0)));
        let house = open(
            folder.path(),
            faulty,
            &clock,
            &resident,
            (&self.files, &self.setup),
            |_| {},
        )
        .await;
        let token = house.first_token("operator").await.unwrap();
        Self {
            house: Arc::new(house),
            files: Arc::clone(&self.files),
            admin: call(&token),
            faults,
            clock,
            resident,
            setup: self.setup.clone(),
            folder,
            store: Arc::clone(&self.store),
        }
    }

    /// The home of the house.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where results are put together that cannot be sent as they come.
    pub fn spool_folder(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// The same home opened again, as after a crash: the old house is not closed, only dropped.
    pub async fn reopened(self) -> Self {
        self.reopened_with(|_| {}).await
    }

    /// The same with other limits.
    pub async fn reopened_with(self, change: impl FnOnce(&mut Settings)) -> Self {
        let Self {
            admin,
            clock,
            resident,
            setup,
            folder,
            store,
            house,
            files,
            ..
        } = self;
        drop(house);
        let faults = FaultyStore::new(Arc::clone(&store));
        let faulty = Arc::new(faults.clone());
        let query = setup.query;
        let house = open(
            folder.path(),
            faulty,
            &clock,
            &resident,
            (&files, &setup),
            |settings| {
                settings.query = query;
                change(settings);
            },
        )
        .await;
        Self {
            house: Arc::new(house),
            files,
            admin,
            faults,
            clock,
            resident,
            setup,
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
            key: key.map(str::to_owned),
            dry_run,
            ..visits()
        };
        self.submit_this(call, request, body).await
    }

    pub async fn submit_this(
        &self,
        call: &Call,
        request: SubmitRequest,
        body: &str,
    ) -> Result<SubmitAnswer, ServiceError> {
        let body = Bytes::from(body.to_owned());
        self.house
            .submit(call, request, stream::iter([Ok(body)]).boxed())
            .await
    }

    /// The one text that a query answers.
    pub async fn text_at(&self, sql: &str, at: At) -> String {
        let request = QueryRequest {
            sql: sql.to_owned(),
            params: BTreeMap::new(),
            at,
        };
        let answer = self.house.query(&self.admin, request).await.unwrap();
        let batches: Vec<_> = answer.batches.collect().await;
        let batch = batches
            .into_iter()
            .find_map(|b| b.ok().filter(|b| b.num_rows() > 0));
        let column =
            arrow::compute::cast(batch.unwrap().column(0), &arrow::datatypes::DataType::Utf8);
        arrow::array::AsArray::as_string::<i32>(&column.unwrap())
            .value(0)
            .to_owned()
    }

    /// The texts that a query answers.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let request = QueryRequest {
            sql: sql.to_owned(),
            params: BTreeMap::new(),
            at: At::Now,
        };
        let answer = self.house.query(&self.admin, request).await.unwrap();
        let batches: Vec<_> = answer.batches.collect().await;
        let column = |batch: RecordBatch| {
            let texts = arrow::compute::cast(batch.column(0), &DataType::Utf8).unwrap();
            let texts = texts.as_string::<i32>().iter().flatten();
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        let batches = batches.into_iter().map(Result::unwrap);
        batches.flat_map(column).collect()
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

async fn open(
    folder: &Path,
    store: Arc<dyn ObjectStore>,
    clock: &TestClock,
    resident: &Arc<AtomicU64>,
    (files, setup): (&Arc<Files>, &Setup),
    change: impl FnOnce(&mut Settings),
) -> House {
    let (env, resident) = (setup.env.clone(), Arc::clone(resident));
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let fresh = || {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        uuid::Builder::from_unix_timestamp_millis(n, &[7; 10]).into_uuid()
    };
    for name in ["spool", "spill"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let project = Arc::clone(files) as Arc<dyn ProjectSource>;
    let given = lake::Given {
        clock: clock.shared(),
        ids: Arc::new(move || fresh().to_string()),
    };
    let mut settings = Settings {
        home: folder.to_owned(),
        spool_folder: folder.join("spool"),
        uploads_folder: folder.join("uploads"),
        spill_folder: folder.join("spill"),
        body_bytes: 1 << 20,
        body_wait_ms: 60_000,
        bodies_at_once: 16,
        bodies_per_agency: 16,
        client_per_second: 0,
        client_burst: 0,
        submissions_at_once: 2,
        queries_at_once: 2,
        partitions: 2,
        memory_bytes: 1 << 30,
        spill_bytes: 1 << 30,
        query: Setup::default().query,
        run_memory_bytes: 256 << 20,
        errors_in_answer: 100,
        maintain: MaintainSettings::default(),
        upload: UploadLimits::default(),
        evidence: EvidenceSettings::default(),
        lineage: setup.lineage.clone(),
    };
    change(&mut settings);
    let books = match &setup.database {
        Some(url) => books::Books::connect(url).await,
        None => books::Books::open(&folder.join("books.sqlite")).await,
    };
    let parts = Parts {
        lake: Lake::open(store, given).unwrap(),
        books: books.unwrap(),
        journal: audit::Journal::open(&folder.join("journal"), clock.shared()).unwrap(),
        keys: SigningKeys::open_or_create(
            &folder.join("keys"),
            &SigningKey::generate,
            (clock.shared())(),
        )
        .unwrap(),
        project: InForce::read(project).await.unwrap(),
        given: Given {
            clock: clock.shared(),
            ids: Arc::new(fresh),
            random: Arc::new(|| {
                let n = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
                std::array::from_fn(|i| n[i % 8])
            }),
            env: Arc::new(move |name| env.get(name).cloned()),
            resident_bytes: Arc::new(move || resident.swap(0, Ordering::Relaxed)),
            on_step: Arc::new(|_, _, _| {}),
        },
        settings,
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

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_answer_breaks_its_contract_publishes_nothing() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let contract = "warehouse/served/visits_by_office.odcs.yaml";
    f.files.edit(contract, |text| {
        text.replace("minimum: 1 }", "minimum: 2 }")
    });
    f.house.apply(&f.admin).await.unwrap();
    let dataset = "served.visits_by_office".parse().unwrap();
    let newest = || Page {
        offset: 0,
        limit: 1,
    };
    let before = f.house.history(&f.admin, &dataset, newest()).await.unwrap();
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
    let history = f.house.history(&f.admin, &dataset, newest()).await;
    assert_eq!(history.unwrap()[0].version, before[0].version);
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
    f.files.edit("sql/served/visits_by_office.sql", |text| {
        text.replace("-- write: replace", "-- write: append")
    });
    // The same rows again are the same keys again: this test is about writing, not about the key.
    f.files
        .edit("warehouse/served/visits_by_office.odcs.yaml", |text| {
            let keyless = text.lines().filter(|line| !line.contains("primaryKey"));
            keyless.map(|line| format!("{line}\n")).collect()
        });
    f.house.apply(&f.admin).await.unwrap();
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
