//! Memory and temporary disk: what needs many times its limit finishes by spilling or says which
//! limit it met, and what all queries share is never passed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::engine::{Engine, EngineError, EngineSettings, Planned, QueryLimits, Session, Statement};
use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use tempfile::TempDir;

/// Rows of `raw.big`: a text of a hundred bytes each, in no order.
const ROWS: i64 = 240_000;
/// A fifth and less of what the rows take.
const SMALL: u64 = 6 << 20;

const LIMITS: QueryLimits = QueryLimits {
    memory_bytes: SMALL,
    memory_name: "query.memory_bytes",
    spill_bytes: 1 << 30,
    wait_ms: 600_000,
    rows: u64::MAX,
    bytes: u64::MAX,
};

const SORT: &str = "select note, id from raw.big order by note";
const GROUPS: &str = "select note, count(*) as n, sum(id) as total from raw.big group by note";
const JOIN: &str = "select a.id, a.note, b.note as other
    from raw.big a join raw.big b on a.id = b.id";
/// Nothing ever comes out of it, and nothing between its leaves and its root pauses by itself.
const ENDLESS: &str = "select sum(a.id + b.id + c.id) as n from raw.big a, raw.big b, raw.big c";

/// The same with texts: two of the three are gathered first.
const ENDLESS_AND_LARGE: &str = "select sum(length(a.note || b.note || c.note)) as n
    from raw.big a, raw.big b, raw.big c";

/// An engine with its folder for what is spilled.
struct Machine {
    engine: Engine,
    table: Arc<dyn TableProvider>,
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        Self::with(64 << 20, 1 << 30)
    }

    fn with(memory_bytes: u64, spill_bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = EngineSettings {
            partitions: 2,
            batch_rows: 8192,
            spill_folder: folder.path().to_owned(),
            memory_bytes,
            spill_bytes,
        };
        Self {
            engine: Engine::new(settings),
            table: big(),
            folder,
        }
    }

    fn session(&self, limits: QueryLimits) -> Session {
        let tables = BTreeMap::from([("raw.big".parse().unwrap(), Arc::clone(&self.table))]);
        self.engine.session(tables, limits).unwrap()
    }

    async fn start(&self, sql: &str, limits: QueryLimits) -> Answer {
        let session = self.session(limits);
        session.run(&planned(&session, sql).await).await.unwrap()
    }

    async fn rows(&self, sql: &str, limits: QueryLimits) -> Result<Vec<RecordBatch>, String> {
        drained(self.start(sql, limits).await).await
    }

    /// Waits until that many bytes of memory are held, or fewer.
    async fn holds(&self, fits: impl Fn(u64) -> bool) {
        let wait = async {
            while !fits(self.engine.memory_held()) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(120), wait).await;
        assert!(
            waited.is_ok(),
            "{} bytes are held",
            self.engine.memory_held()
        );
    }

    /// Waits until the last task of every statement has given back what it had.
    async fn has_nothing_left(&self) {
        let rest = || {
            let files = files(self.folder.path());
            (self.engine.memory_held(), self.engine.spill_held(), files)
        };
        let wait = async {
            while rest() != (0, 0, 0) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(120), wait).await;
        assert!(waited.is_ok(), "{:?} are left", rest());
    }
}

type Answer = BoxStream<'static, Result<RecordBatch, EngineError>>;

/// The name of the limit that was met, or what else went wrong.
fn limit_of(error: EngineError) -> String {
    match error {
        EngineError::Limit { limit, message } => {
            assert!(message.contains(&format!("`{limit}`")), "{message}");
            limit.to_owned()
        }
        EngineError::Busy { limit, message } => {
            assert!(message.contains(&format!("`{limit}`")), "{message}");
            format!("busy: {limit}")
        }
        other => format!("{other:?}"),
    }
}

async fn planned(session: &Session, sql: &str) -> Planned {
    let statement = Statement::parse(sql).unwrap();
    session.plan(&statement, &BTreeMap::new()).await.unwrap()
}

async fn drained<E: Into<Broken>>(
    mut stream: impl Stream<Item = Result<RecordBatch, E>> + Unpin,
) -> Result<Vec<RecordBatch>, String> {
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        batches.push(batch.map_err(|error| error.into().0)?);
    }
    Ok(batches)
}

struct Broken(String);

impl From<EngineError> for Broken {
    fn from(error: EngineError) -> Self {
        Self(limit_of(error))
    }
}

impl From<datafusion::error::DataFusionError> for Broken {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self(error.to_string())
    }
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path()),
            false => 1,
        })
        .sum()
}

fn note(id: i64) -> String {
    format!("{id:0100}")
}

fn big() -> Arc<dyn TableProvider> {
    let batch = |from: i64| {
        // Every id once: the factor has no divisor in common with the number of rows.
        let ids: Vec<i64> = (from..from + 500).map(|n| n * 7_919 % ROWS).collect();
        let notes: StringArray = ids.iter().map(|id| Some(note(*id))).collect();
        RecordBatch::try_from_iter([
            ("id", Arc::new(Int64Array::from(ids)) as _),
            ("note", Arc::new(notes) as _),
        ])
        .unwrap()
    };
    let starts: Vec<i64> = (0..ROWS).step_by(500).collect();
    let halves = starts.chunks(starts.len() / 2);
    let halves: Vec<Vec<RecordBatch>> = halves
        .map(|half| half.iter().map(|from| batch(*from)).collect())
        .collect();
    let schema = halves[0][0].schema();
    Arc::new(MemTable::try_new(schema, halves).unwrap())
}

fn numbers(batches: &[RecordBatch], column: &str) -> Vec<i64> {
    let column = |batch: &RecordBatch| {
        let column = batch.column_by_name(column).unwrap();
        column.as_primitive::<Int64Type>().values().to_vec()
    };
    batches.iter().flat_map(column).collect()
}

fn texts(batches: &[RecordBatch], column: &str) -> Vec<String> {
    let column = |batch: &RecordBatch| -> Vec<String> {
        let column = arrow::compute::cast(batch.column_by_name(column).unwrap(), &DataType::Utf8);
        let column = column.unwrap();
        let texts = column.as_string::<i32>().iter();
        texts
            .map(|text| text.unwrap_or("null").to_owned())
            .collect()
    };
    batches.iter().flat_map(column).collect()
}

fn every_id() -> Vec<i64> {
    (0..ROWS).collect()
}

/// That the statement cannot do with four times the limit when nothing may be spilled.
async fn needs_four_times_its_limit(machine: &Machine, sql: &str) {
    let without_disk = QueryLimits {
        memory_bytes: 4 * SMALL,
        spill_bytes: 0,
        ..LIMITS
    };
    let met = machine.rows(sql, without_disk).await;
    assert_eq!(met.unwrap_err(), "query.memory_bytes", "{sql}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sort_that_does_not_fit_spills_and_is_sorted() {
    let machine = Machine::new();
    needs_four_times_its_limit(&machine, SORT).await;
    let rows = machine.rows(SORT, LIMITS).await.unwrap();
    assert_eq!(numbers(&rows, "id"), every_id());
    assert_eq!(texts(&rows, "note")[7], note(7));
    drop(rows);
    machine.has_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregation_of_many_groups_spills_and_counts_each_once() {
    let machine = Machine::new();
    needs_four_times_its_limit(&machine, GROUPS).await;
    let rows = machine.rows(GROUPS, LIMITS).await.unwrap();
    assert!(numbers(&rows, "n").iter().all(|n| *n == 1));
    let mut ids = numbers(&rows, "total");
    ids.sort_unstable();
    assert_eq!(ids, every_id());
    machine.has_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_join_that_does_not_fit_is_planned_again_as_a_sort_merge_join() {
    let machine = Machine::new();
    needs_four_times_its_limit(&machine, JOIN).await;
    let rows = machine.rows(JOIN, LIMITS).await.unwrap();
    let (notes, others) = (texts(&rows, "note"), texts(&rows, "other"));
    let mut ids = numbers(&rows, "id");
    assert!(ids.iter().zip(&notes).all(|(id, text)| note(*id) == *text));
    assert_eq!(notes, others);
    ids.sort_unstable();
    assert_eq!(ids, every_id());
    machine.has_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_join_gives_the_same_rows_when_it_is_planned_again() {
    let machine = Machine::new();
    let kinds = [
        "select a.id, b.id as other from raw.big a left join raw.big b
            on a.id = b.id + 60000 and a.note > b.note",
        "select a.id, b.note as other from raw.big a full join raw.big b on a.id = b.id + 60000",
        "select id, note as other from raw.big where id in (select id * 2 from raw.big)",
        "select id, note as other from raw.big a
            where not exists (select 1 from raw.big b where b.note = a.note and b.id > 60000)",
    ];
    let ample = QueryLimits {
        memory_bytes: 128 << 20,
        ..LIMITS
    };
    let roomy = Machine::with(1 << 30, 0);
    for sql in kinds {
        let sorted = |rows: Vec<RecordBatch>| {
            let mut rows: Vec<_> = texts(&rows, "id")
                .into_iter()
                .zip(texts(&rows, "other"))
                .collect();
            rows.sort_unstable();
            rows
        };
        let expected = sorted(roomy.rows(sql, ample).await.unwrap());
        assert!(!expected.is_empty());
        let met = machine
            .rows(
                sql,
                QueryLimits {
                    spill_bytes: 0,
                    ..LIMITS
                },
            )
            .await;
        assert_eq!(met.unwrap_err(), "query.memory_bytes", "{sql}");
        assert!(
            sorted(machine.rows(sql, LIMITS).await.unwrap()) == expected,
            "{sql}"
        );
    }
    machine.has_nothing_left().await;
}

/// A statement is planned again only while nobody has had a row of it.
#[tokio::test(flavor = "multi_thread")]
async fn rows_beside_a_join_that_does_not_fit_are_never_sent_twice() {
    let machine = Machine::new();
    let scanned = "select id, note from raw.big where id % 2 = 0";
    let joined = "select a.id, b.note from raw.big a join raw.big b on a.id = b.id";
    for sql in [
        format!("{scanned} union all {joined}"),
        format!("{joined} union all {scanned}"),
    ] {
        let mut times = vec![0; ROWS as usize];
        let mut answer = machine.start(&sql, LIMITS).await;
        let met = loop {
            match answer.next().await {
                None => break None,
                Some(Err(error)) => break Some(limit_of(error)),
                Some(Ok(batch)) => {
                    for id in numbers(&[batch], "id") {
                        times[id as usize] += 1;
                    }
                }
            }
        };
        let mut wanted = (0..ROWS).map(|id| if id % 2 == 0 { 2 } else { 1 });
        match met.as_deref() {
            None => assert!(wanted.eq(times), "{sql}"),
            Some("query.memory_bytes") => {
                let twice = times.iter().position(|sent| Some(*sent) > wanted.next());
                assert_eq!(twice, None, "{sql}");
            }
            Some(other) => panic!("{sql}: {other}"),
        }
        machine.has_nothing_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_other_plan_helps_says_its_limit() {
    let machine = Machine::new();
    let not_in = "select count(*) as n from raw.big
        where id not in (select case when id > 5 then id end from raw.big)";
    let tiny = QueryLimits {
        memory_bytes: 1 << 20,
        ..LIMITS
    };
    assert_eq!(
        machine.rows(not_in, tiny).await.unwrap_err(),
        "query.memory_bytes"
    );
    machine.has_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_streams_of_a_transformation_are_planned_again_as_a_whole() {
    let machine = Machine::new();
    let limits = QueryLimits {
        memory_name: "run.memory_bytes",
        ..LIMITS
    };
    let session = machine.session(limits);
    let mut partitions = session
        .run_partitioned(&planned(&session, JOIN).await)
        .await
        .unwrap();
    let first = futures::future::join_all(partitions.streams().into_iter().map(drained)).await;
    assert!(
        first.iter().any(|rows| rows.is_err()),
        "the build side does not fit"
    );
    drop(first);
    let mut again = partitions.again().await.unwrap().unwrap();
    let rows = futures::future::join_all(again.streams().into_iter().map(drained)).await;
    let rows: Vec<Vec<RecordBatch>> = rows.into_iter().map(Result::unwrap).collect();
    let mut ids = numbers(&rows.concat(), "id");
    ids.sort_unstable();
    assert_eq!(ids, every_id());
    // Nothing failed, so a writer that did is at fault itself.
    assert!(again.again().await.unwrap().is_none());

    let sort = planned(&session, SORT).await;
    let no_disk = machine.session(QueryLimits {
        spill_bytes: 0,
        ..limits
    });
    let mut partitions = no_disk.run_partitioned(&sort).await.unwrap();
    let rows = futures::future::join_all(partitions.streams().into_iter().map(drained)).await;
    assert!(rows.iter().any(|rows| rows.is_err()));
    let met = partitions.again().await.map(|_| ()).unwrap_err();
    assert_eq!(limit_of(met), "run.memory_bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_at_once_share_the_pool_and_never_pass_it() {
    let pool = 24 << 20;
    let machine = Machine::with(pool, 1 << 30);
    let limits = QueryLimits {
        memory_bytes: pool,
        ..LIMITS
    };
    let (first, second) = tokio::join!(machine.start(SORT, limits), machine.start(GROUPS, limits));
    let most = AtomicU64::new(0);
    let seen = |stream: Answer| {
        drained(stream.inspect(|_| {
            most.fetch_max(machine.engine.memory_held(), Ordering::Relaxed);
        }))
    };
    let (first, second) = tokio::join!(seen(first), seen(second));
    // Whoever comes late may find the pool taken, and says so; both cannot.
    let finished = [first, second].map(|answer| match answer {
        Err(told) if told == "busy: memory.bytes" => None,
        answer => Some(answer.unwrap()),
    });
    assert!(finished.iter().any(Option::is_some));
    let [first, second] = finished;
    if let Some(first) = first {
        assert_eq!(numbers(&first, "id"), every_id());
    }
    if let Some(second) = second {
        let total: i64 = numbers(&second, "total").iter().sum();
        assert_eq!(total, ROWS * (ROWS - 1) / 2);
    }
    let most = most.into_inner();
    assert!(most > 0 && most <= pool, "{most}");
    machine.has_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_finds_the_pool_taken_says_so() {
    let machine = Machine::with(16 << 20, 1 << 30);
    let whole = QueryLimits {
        memory_bytes: u64::MAX,
        ..LIMITS
    };
    let holder = machine.session(whole);
    let pool = Arc::clone(&holder.context().runtime_env().memory_pool);
    let held = MemoryConsumer::new("another query").register(&pool);
    assert!(
        held.try_grow(16 << 20).is_err(),
        "one query cannot have all of the pool"
    );
    held.try_grow(14 << 20).unwrap();
    let met = machine.rows(JOIN, LIMITS).await;
    assert_eq!(met.unwrap_err(), "busy: memory.bytes");
    // A small query still begins.
    let few = machine
        .rows("select id from raw.big order by id limit 5", LIMITS)
        .await;
    assert_eq!(numbers(&few.unwrap(), "id"), [0, 1, 2, 3, 4]);
    drop(held);
    assert!(machine.rows(JOIN, LIMITS).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_disk_has_a_limit_for_a_query_and_a_quota_for_all() {
    let machine = Machine::with(64 << 20, 56 << 20);
    let little = QueryLimits {
        spill_bytes: 4 << 20,
        ..LIMITS
    };
    assert_eq!(
        machine.rows(SORT, little).await.unwrap_err(),
        "query.spill_bytes"
    );
    machine.has_nothing_left().await;

    // Each that has begun to answer holds all of its rows on disk. Two may fit, three cannot.
    let mut begun = Vec::new();
    let met = loop {
        let mut next = machine.start(SORT, LIMITS).await;
        match next.next().await.unwrap() {
            Ok(_) => begun.push(next),
            Err(error) => break limit_of(error),
        }
        let held = machine.engine.spill_held();
        assert!(held > (24 << 20) * begun.len() as u64, "{held}");
    };
    assert_eq!(met, "busy: memory.spill_bytes");
    assert!(!begun.is_empty());
    drop(begun);
    machine.has_nothing_left().await;
    assert!(machine.rows(SORT, LIMITS).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_ends_the_largest_query_and_the_other_goes_on() {
    let machine = Machine::with(128 << 20, 1 << 30);
    let resident = Arc::new(AtomicU64::new(50 << 20));
    let gauge = Arc::clone(&resident);
    let gauge = Arc::new(move || gauge.load(Ordering::Relaxed));
    let mut watchdog = machine.engine.watchdog(gauge);
    let ample = QueryLimits {
        memory_bytes: 100 << 20,
        ..LIMITS
    };

    let mut small = machine.start(SORT, LIMITS).await;
    let mut ids = numbers(&[small.next().await.unwrap().unwrap()], "id");
    let mut large = machine.start(ENDLESS_AND_LARGE, ample).await;
    machine.holds(|held| held > 16 << 20).await;
    // The pool, a quarter of it, and what the process held at the start.
    resident.store(210 << 20, Ordering::Relaxed);
    assert!(!watchdog.look());
    resident.store((210 << 20) + 1, Ordering::Relaxed);
    assert!(watchdog.look());
    assert!(
        !watchdog.look(),
        "it waits for the memory of the one that it ended"
    );

    let met = large.next().await.unwrap().unwrap_err();
    assert!(
        met.to_string().contains(&((210_u64 << 20) + 1).to_string()),
        "{met}"
    );
    assert_eq!(limit_of(met), "busy: memory.bytes");
    assert!(large.next().await.is_none());
    // The work itself ended, not only its answer.
    machine.holds(|held| held < 8 << 20).await;
    ids.extend(numbers(&drained(small).await.unwrap(), "id"));
    assert_eq!(ids, every_id());
    machine.has_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_ended_ends_although_nobody_takes_its_rows() {
    let machine = Machine::with(128 << 20, 1 << 30);
    let mut watchdog = machine.engine.watchdog(Arc::new({
        let looks = AtomicU64::new(0);
        move || (looks.fetch_add(1, Ordering::Relaxed) > 0) as u64 * u64::MAX
    }));
    let mut answer = machine.start(SORT, LIMITS).await;
    answer.next().await.unwrap().unwrap();
    machine.holds(|held| held > 0).await;
    assert!(watchdog.look());
    machine.has_nothing_left().await;
    assert_eq!(drained(answer).await.unwrap_err(), "busy: memory.bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_never_pauses_is_ended_when_its_time_is_up() {
    let machine = Machine::with(128 << 20, 1 << 30);
    let hurried = QueryLimits {
        memory_bytes: 100 << 20,
        wait_ms: 300,
        ..LIMITS
    };
    let never_pause = [
        ENDLESS,
        "select count(*) as n from raw.big a, raw.big b where a.id * b.id + 1 < 0",
        "select count(*) as n from raw.big a join raw.big b on a.id % 2 = b.id % 2",
        "with recursive r as (select 1 as n union all select n + 1 from r)
            select max(n) as n from r",
    ];
    for sql in never_pause {
        let met = machine.rows(sql, hurried).await;
        assert_eq!(met.unwrap_err(), "query.wait_ms", "{sql}");
        machine.has_nothing_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_dropped_leaves_nothing_behind() {
    let machine = Machine::new();
    let mut answer = machine.start(SORT, LIMITS).await;
    answer.next().await.unwrap().unwrap();
    assert!(files(machine.folder.path()) > 0);
    drop(answer);
    machine.has_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_breaks_is_not_the_end_of_an_answer() {
    let machine = Machine::new();
    let session = machine.session(LIMITS);
    let breaks = |_: &[ColumnarValue]| panic!("this operator breaks");
    let udf = create_udf(
        "breaks",
        vec![DataType::Int64],
        DataType::Int64,
        Volatility::Volatile,
        Arc::new(breaks),
    );
    session.context().register_udf(udf);
    let sql = "select breaks(id) as n from raw.big limit 1";
    let answer = session.run(&planned(&session, sql).await).await.unwrap();
    let met = drained(answer).await.unwrap_err();
    assert!(met.contains("Join"), "{met}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_kept_counts_as_memory_of_its_query() {
    let machine = Machine::new();
    let session = machine.session(LIMITS);
    let all = planned(&session, "select id, note from raw.big").await;
    assert_eq!(
        limit_of(session.collect(&all).await.unwrap_err()),
        "query.memory_bytes"
    );
    drop(session);
    machine.has_nothing_left().await;
}
