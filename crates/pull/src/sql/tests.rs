//! Against a real PostgreSQL.

mod verified;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use expect_test::expect;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;
use testkit::postgres::{self, Postgres};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::guard::Names;
use crate::{PullError, SecretRef, Source};

/// A database of a test's own.
struct Bench {
    url: Url,
    guard: Guard,
    spool: TempDir,
}

struct Password(String);

impl Secrets for Password {
    fn get(&self, _: &SecretRef) -> Result<Secret> {
        Ok(Secret::new(self.0.clone()))
    }
}

impl Bench {
    async fn new(name: &str, setup: &str) -> Self {
        Self::of(&postgres::database(name), setup).await
    }

    async fn of(url: &str, setup: &str) -> Self {
        let url = Url::parse(url).unwrap();
        let at = format!("127.0.0.1:{}", url.port().unwrap());
        let bench = Self {
            url,
            guard: Guard::new([at]).unwrap(),
            spool: TempDir::new().unwrap(),
        };
        bench.run(setup).await;
        bench
    }

    async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(self.url.as_str()).await.unwrap();
        connection
            .execute(AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    fn spec(&self, select: &str, watermark: &str) -> SqlSpec {
        let database = self.url.path().trim_start_matches('/');
        let secret = SecretRef::parse("env:PASSWORD").unwrap();
        let user = self.url.username();
        let mut spec = SqlSpec::new("127.0.0.1", database, user, secret, select, watermark);
        spec.port = self.url.port().unwrap();
        spec.tls = Tls::Prefer;
        spec
    }

    fn try_open(&self, spec: SqlSpec) -> Result<SqlSource> {
        let password = Password(self.url.password().unwrap().to_owned());
        SqlSource::open(spec, &self.guard, &password, self.spool.path())
    }

    fn open(&self, spec: SqlSpec) -> SqlSource {
        self.try_open(spec).unwrap()
    }

    /// The rows of the first slice.
    async fn rows(&self, select: &str, watermark: &str) -> String {
        let source = self.open(self.spec(select, watermark));
        body(&source.next(None).await.unwrap().unwrap())
    }

    async fn failure(&self, spec: SqlSpec) -> PullError {
        let error = self.open(spec).next(None).await.unwrap_err();
        let password = self.url.password().unwrap();
        assert!(!error.to_string().contains(password), "{error}");
        error
    }
}

fn body(piece: &Piece) -> String {
    let text = std::fs::read_to_string(piece.body.path()).unwrap();
    assert_eq!(text.len() as u64, piece.size_bytes);
    text
}

/// Slices until there is nothing new: their rows, and the last mark.
async fn drain(source: &SqlSource, from: Option<Mark>) -> (Vec<Vec<String>>, Option<Mark>) {
    let (mut slices, mut mark) = (Vec::new(), from);
    while let Some(piece) = source.next(mark.as_ref()).await.unwrap() {
        slices.push(body(&piece).lines().map(str::to_owned).collect());
        mark = Some(piece.mark);
        assert!(slices.len() < 1000, "it never ends");
    }
    (slices, mark)
}

#[tokio::test]
async fn every_type_is_handed_on_without_loss() {
    let bench = Bench::new(
        "types",
        "set time zone 'Asia/Ho_Chi_Minh';
         create type state as enum ('mở', 'đóng');
         create domain code as text;
         create table t (small int2, middle int4, big int8, single float4, double float8,
             exact numeric, fixed numeric(30, 10), flag bool, words text, short varchar(9),
             padded char(4), day date, hour time, moment timestamp, instant timestamptz,
             id uuid, raw json, parsed jsonb, state state, code code, nothing text);
         insert into t values (-32768, 2147483647, 9223372036854775807, 0.1, 0.1,
             12345678901234567890.123456789012345678901234567890, 1.5, true,
             E'Nguyễn \"Văn\"\\n\\\\ A', 'ê', 'ab', '2026-02-28', '23:59:59.123456',
             '2026-02-28 23:59:59.123456', '2026-02-28 23:59:59.123456+07',
             '00000000-0000-0000-0000-0000000000ff', E'{\\n  \"n\": 1.10,\\r\\n \"n\": 2}',
             '{\"n\": 1.10}', 'mở', 'H01', null);
         insert into t (small, exact, double) values (1, 'NaN', '-Infinity');",
    )
    .await;
    expect![[r#"
        {"small":-32768,"middle":2147483647,"big":9223372036854775807,"single":0.1,"double":0.1,"exact":12345678901234567890.123456789012345678901234567890,"fixed":1.5000000000,"flag":true,"words":"Nguyễn \"Văn\"\n\\ A","short":"ê","padded":"ab  ","day":"2026-02-28","hour":"23:59:59.123456","moment":"2026-02-28T23:59:59.123456","instant":"2026-02-28T16:59:59.123456+00:00","id":"00000000-0000-0000-0000-0000000000ff","raw":{   "n": 1.10,   "n": 2},"parsed":{"n": 1.10},"state":"mở","code":"H01","nothing":null}
        {"small":1,"middle":null,"big":null,"single":null,"double":"-Infinity","exact":"NaN","fixed":null,"flag":null,"words":null,"short":null,"padded":null,"day":null,"hour":null,"moment":null,"instant":null,"id":null,"raw":null,"parsed":null,"state":null,"code":null,"nothing":null}
    "#]]
    .assert_eq(&bench.rows("select * from t", "small").await);
}

#[tokio::test]
async fn a_type_that_cannot_be_handed_on_is_named_with_its_column() {
    let bench = Bench::new("odd", "create type pair as (a int, b int)").await;
    for (column, kind) in [
        ("'\\x00'::bytea", "bytea"),
        ("array[1]", "int4[]"),
        ("interval '1 day'", "interval"),
        ("'1.1.1.1'::inet", "inet"),
        ("1::money", "money"),
        ("int4range(1, 2)", "int4range"),
        ("row(1, 2)::pair", "pair"),
        ("point(1, 2)", "point"),
    ] {
        let select = format!("select 1 as n, {column} as odd where $mark < 1");
        let error = bench.failure(bench.spec(&select, "n")).await;
        assert!(matches!(error, PullError::Declared(_)), "{error}");
        let why = format!("column `odd` is of the type `{kind}`, which cannot be pulled; cast it");
        assert!(error.to_string().contains(&why), "{error}");
    }
}

#[tokio::test]
async fn a_select_that_cannot_be_placed_is_said_so() {
    let bench = Bench::new(
        "placed",
        "create table t (a int, b float8, c bool, at timestamp)",
    )
    .await;
    let float = "`b` is of the type `float8`, by which rows cannot";
    let flag = "`c` is of the type `bool`, by which rows cannot";
    let unnamed = "column 2 of the `select` needs a name";
    let delete = "with d as (delete from t returning a) select a from d";
    let unknown = "select a from t where a > $mark and b > $other";
    let wrong = "the `select` is wrong";
    for (select, watermark, key, why) in [
        ("select a from t", "at", None, "no column `at`"),
        ("select a from t", "A", None, "no column `A`"),
        ("select a from t", "a", Some("id"), "no column `id`"),
        ("select b from t", "b", None, float),
        ("select a, c from t", "a", Some("c"), flag),
        ("select a, a from t", "a", None, "two columns `a`"),
        ("select a, 1 from t", "a", None, unnamed),
        ("select a from nowhere", "a", None, "\"nowhere\" does not"),
        ("select a frm t t", "a", None, "syntax error"),
        ("select a from t; drop table t", "a", None, wrong),
        ("select a from t) as x --", "a", None, wrong),
        (delete, "a", None, wrong),
        (unknown, "a", None, wrong),
    ] {
        let mut spec = bench.spec(select, watermark);
        spec.key = key.map(str::to_owned);
        let error = bench.failure(spec).await;
        assert!(matches!(error, PullError::Declared(_)), "{select}: {error}");
        assert!(error.to_string().contains(why), "{select}: {error}");
    }
    let mut spec = bench.spec("select at from t", "at");
    spec.settle = Some(Duration::from_secs(1));
    let error = bench.failure(spec).await;
    assert!(
        error
            .to_string()
            .contains("`at`, which is no `timestamptz`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_select_that_writes_does_not() {
    let bench = Bench::new(
        "writes",
        "create table t (a int); insert into t values (1);
         create function sneak() returns int language sql volatile
             as 'insert into t values (2) returning a'",
    )
    .await;
    let error = bench.failure(bench.spec("select sneak() as a", "a")).await;
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    assert!(error.to_string().contains("wants to write"), "{error}");
    assert_eq!(bench.rows("select a from t", "a").await, "{\"a\":1}\n");
}

#[tokio::test]
async fn rows_of_one_watermark_are_neither_cut_nor_doubled() {
    let setup = "create table t (at timestamptz, id int);
        insert into t select timestamptz '2026-01-01 00:00:00+07' + interval '1 us' * (n / 4), n
        from generate_series(0, 19) n;
        insert into t values (null, 99)";
    let bench = Bench::new("ties", setup).await;
    for select in [
        "select id, at from t",
        "select id, at from t where at > $mark",
    ] {
        for most in [1, 3, 4, 5, 7, 8, 100] {
            let mut spec = bench.spec(select, "at");
            spec.max_rows = most;
            let (slices, mark) = drain(&bench.open(spec.clone()), None).await;
            let rows: Vec<_> = slices.concat();
            let once: BTreeSet<_> = rows.iter().collect();
            assert_eq!((rows.len(), once.len()), (20, 20), "{most}");
            let even = slices.iter().all(|slice| slice.len() % 4 == 0);
            assert!(even, "{most}: {slices:?}");
            // Another process, which has only the mark.
            assert!(drain(&bench.open(spec), mark).await.0.is_empty());
        }
    }
}

#[tokio::test]
async fn a_key_tells_rows_of_one_watermark_apart() {
    let setup = "create table t (at date, id uuid);
        insert into t select '2026-01-01', gen_random_uuid() from generate_series(1, 10)";
    let bench = Bench::new("keys", setup).await;
    for select in [
        "select id, at from t",
        "select id, at from t where at >= $mark",
    ] {
        let mut spec = bench.spec(select, "at");
        spec.key = Some("id".into());
        spec.max_rows = 3;
        let (slices, mark) = drain(&bench.open(spec.clone()), None).await;
        let sizes: Vec<_> = slices.iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 3, 1]);
        let once: BTreeSet<_> = slices.concat().into_iter().collect();
        assert_eq!(once.len(), 10);
        assert!(drain(&bench.open(spec), mark).await.0.is_empty());
    }
    bench.run("insert into t values ('2026-01-01', null)").await;
    let mut spec = bench.spec("select id, at from t", "at");
    spec.key = Some("id".into());
    let error = bench.failure(spec).await;
    assert!(matches!(error, PullError::Answer(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("a row of the `select` has no `id`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_mark_is_exact_in_every_type() {
    let bench = Bench::new("marks", "create table t (n int)").await;
    for (kind, values) in [
        ("int2", "('-32768'), ('0'), ('32767')"),
        (
            "int8",
            "('-9223372036854775808'), ('9007199254740993'), ('9007199254740992')",
        ),
        (
            "numeric",
            "('0.1'), ('0.10000000000000000000000000000001'), ('1e30'), ('NaN')",
        ),
        ("text", "('a'), ('A'), ('ê'), (' '), ('a''b'), (E'x\\ty')"),
        ("varchar", "('a'), ('b')"),
        (
            "date",
            "('-infinity'), ('0001-01-01 BC'), ('2026-02-28'), ('infinity')",
        ),
        (
            "timestamp",
            "('2026-01-01 00:00:00.000001'), ('2026-01-01 00:00:00.000002')",
        ),
        (
            "timestamptz",
            "('2026-01-01 00:00:00.000001+07'), ('2026-01-01 00:00:00.000002+07')",
        ),
        (
            "uuid",
            "('00000000-0000-0000-0000-000000000000'), (gen_random_uuid())",
        ),
    ] {
        let setup =
            format!("drop table t; create table t (w {kind}); insert into t values {values}");
        bench.run(&setup).await;
        let count = values.matches('(').count() - values.matches("()").count();
        let mut spec = bench.spec("select w from t", "w");
        spec.max_rows = 1;
        let (slices, _) = drain(&bench.open(spec.clone()), None).await;
        let rows = slices.concat();
        assert_eq!(
            (slices.len(), rows.len()),
            (count, count),
            "{kind}: {rows:?}"
        );
        // The least value lets every other one through.
        spec.select = "select w from t where w >= $mark".into();
        assert_eq!(drain(&bench.open(spec), None).await.0, slices, "{kind}");
    }
}

#[tokio::test]
async fn rows_that_come_later_come_alone() {
    let bench = Bench::new(
        "later",
        "create table t (n int); insert into t values (1), (2)",
    )
    .await;
    let mut spec = bench.spec("select n from t where n >= $mark", "n");
    spec.start = Some("2".into());
    let source = bench.open(spec);
    assert!(source.next(None).await.unwrap().is_some());
    let (slices, mark) = drain(&source, None).await;
    assert_eq!(slices, [["{\"n\":2}"]]);
    bench.run("insert into t values (1), (3)").await;
    let piece = source.next(mark.as_ref()).await.unwrap().unwrap();
    assert_eq!(body(&piece), "{\"n\":3}\n");
    assert_eq!(piece.content_type, "application/x-ndjson");
    let place = source.place();
    assert_eq!(piece.name, format!("`{place}`, `n` from `3` to `3`"));
    assert_eq!(
        piece.mark.0,
        r#"{"by":["n",null],"watermark":"3","key":null}"#
    );
    // The same mark gives the same slice.
    let again = source.next(mark.as_ref()).await.unwrap().unwrap();
    assert_eq!(body(&again), body(&piece));
    source.done(&again).await.unwrap();
}

#[tokio::test]
async fn a_mark_of_other_columns_is_refused() {
    let bench = Bench::new(
        "columns",
        "create table t (a int, b int); insert into t values (1, 2)",
    );
    let bench = bench.await;
    let select = "select a, b from t";
    let first = bench
        .open(bench.spec(select, "a"))
        .next(None)
        .await
        .unwrap()
        .unwrap();
    let other = bench.open(bench.spec(select, "b"));
    let error = other.next(Some(&first.mark)).await.unwrap_err();
    assert!(matches!(error, PullError::Mark(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("was made by `a`, and other columns"),
        "{error}"
    );
    let strange = Mark(r#"{"at":"start","pages":0}"#.into());
    assert!(matches!(
        other.next(Some(&strange)).await,
        Err(PullError::Mark(_))
    ));
    assert_eq!(SqlSource::told(&first.mark).as_deref(), Some("a = 1"));
    let keyed = r#"{"by":["b","id"],"watermark":"7","key":"079123456789"}"#;
    assert_eq!(
        SqlSource::told(&Mark(keyed.into())).as_deref(),
        Some("b = 7")
    );
    assert_eq!(SqlSource::told(&strange), None);
    // A value of another type, as when the column was changed, is not shown: it may be personal.
    let personal = Mark(r#"{"by":["b",null],"watermark":"079123456789x","key":null}"#.into());
    let error = other.next(Some(&personal)).await.unwrap_err();
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    assert!(error.to_string().contains("another type"), "{error}");
    assert!(!error.to_string().contains("079"), "{error}");
}

#[tokio::test]
async fn rows_are_left_to_settle_when_so_declared() {
    let setup = "create table t (id int, at timestamptz);
        insert into t values (1, now() - interval '1 hour'), (2, now())";
    let bench = Bench::new("settle", setup).await;
    let mut spec = bench.spec("select id, at from t", "at");
    assert_eq!(
        drain(&bench.open(spec.clone()), None)
            .await
            .0
            .concat()
            .len(),
        2
    );
    spec.settle = Some(Duration::from_secs(600));
    let (slices, _) = drain(&bench.open(spec), None).await;
    assert_eq!(slices.concat().len(), 1);
    assert!(slices[0][0].starts_with("{\"id\":1,"), "{slices:?}");
}

#[tokio::test]
async fn a_slice_has_a_limit_of_bytes() {
    let setup = "create table t (n int, words text);
        insert into t select n, repeat('x', 1000) from generate_series(1, 50) n";
    let bench = Bench::new("bytes", setup).await;
    let mut spec = bench.spec("select n, words from t", "n");
    spec.max_bytes = 10_000;
    let (slices, _) = drain(&bench.open(spec.clone()), None).await;
    assert_eq!(slices.concat().len(), 50);
    assert!(
        slices
            .iter()
            .all(|slice| slice.len() == 9 || slice.len() == 5),
        "{slices:?}"
    );
    spec.select = "select 1 as n, words from t".into();
    let error = bench.failure(spec.clone()).await;
    assert!(matches!(error, PullError::Limit(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("declare a key that tells them apart"),
        "{error}"
    );
    spec.max_bytes = 100;
    let error = bench.failure(spec).await;
    assert!(
        error
            .to_string()
            .contains("a row is larger than the 100 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_slice_shows_one_state_however_many_rows_it_has() {
    let setup = "create table t (n int); insert into t select generate_series(1, 25000)";
    let bench = Bench::new("many", setup).await;
    let mut spec = bench.spec("select n from t where n > $mark", "n");
    spec.max_rows = 10_000;
    let (slices, _) = drain(&bench.open(spec), None).await;
    let sizes: Vec<_> = slices.iter().map(Vec::len).collect();
    assert_eq!(sizes, [10_000, 10_000, 5_000]);
    let numbers: Vec<_> = (1..=25_000).map(|n| format!("{{\"n\":{n}}}")).collect();
    assert_eq!(slices.concat(), numbers);
}

#[tokio::test]
async fn a_select_that_takes_too_long_is_broken_off() {
    let bench = Bench::new("slow", "select 1").await;
    let mut spec = bench.spec("select 1 as n from pg_sleep_for('60 s')", "n");
    spec.answer_within = Duration::from_millis(200);
    let error = bench.failure(spec).await;
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(
        error.to_string().contains("takes longer than it may"),
        "{error}"
    );
}

#[tokio::test]
async fn who_may_not_in_is_told_so_without_the_password() {
    let bench = Bench::new(
        "in",
        "create table t (n int); create role poor login password 'p'",
    )
    .await;
    let mut spec = bench.spec("select n from t", "n");
    spec.user = "poor".into();
    let password = Password("wrong-dtm".into());
    let spool = bench.spool.path();
    let source = SqlSource::open(spec.clone(), &bench.guard, &password, spool).unwrap();
    let error = source.next(None).await.unwrap_err();
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("refuses the user or the password"),
        "{error}"
    );
    assert!(!error.to_string().contains("wrong-dtm"), "{error}");

    let password = Password("p".into());
    let source = SqlSource::open(spec, &bench.guard, &password, spool).unwrap();
    let error = source.next(None).await.unwrap_err();
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    assert!(
        error.to_string().contains("permission denied for table t"),
        "{error}"
    );

    let mut spec = bench.spec("select 1 as n", "n");
    spec.database = "nowhere".into();
    let error = bench.failure(spec).await;
    assert!(error.to_string().contains("no such database"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let bench = Bench::new("tls", "select 1").await;
    for tls in [Tls::Require, Tls::VerifyCa, Tls::VerifyFull] {
        let mut spec = bench.spec("select 1 as n", "n");
        spec.tls = tls;
        let error = bench.failure(spec).await;
        assert!(matches!(error, PullError::Unavailable(_)), "{error}");
        assert!(error.to_string().contains("no safe connection"), "{error}");
    }
    let mut spec = bench.spec("select 1 as n", "n");
    spec.tls = Tls::Disable;
    assert!(bench.open(spec).next(None).await.unwrap().is_some());
}

#[tokio::test]
async fn an_address_that_is_not_listed_is_not_connected_to() {
    let mut bench = Bench::new("guard", "select 1").await;
    bench.guard = Guard::new(["127.0.0.1:1"]).unwrap();
    for host in ["127.0.0.1", "localhost", "2130706433", "::ffff:127.0.0.1"] {
        let mut spec = bench.spec("select 1 as n", "n");
        spec.host = host.into();
        let error = bench.failure(spec).await;
        assert!(matches!(error, PullError::Declared(_)), "{error}");
        assert!(error.to_string().contains("cannot reach"), "{error}");
    }
}

/// Leads to loopback when it is asked first, and to nothing that answers from then on.
struct Moving(std::sync::atomic::AtomicUsize);

#[async_trait]
impl Names for Moving {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        let first = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        Ok(vec![
            if first {
                [127, 0, 0, 1]
            } else {
                [169, 254, 169, 254]
            }
            .into(),
        ])
    }
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_checked() {
    let mut bench = Bench::new("moving", "select 1").await;
    let mut spec = bench.spec("select 1 as n", "n");
    spec.host = "moving.vn".into();
    let guard = Guard::new([format!("moving.vn:{}", spec.port)]).unwrap();
    bench.guard = guard.with_names(Arc::new(Moving(0.into())));
    let source = bench.open(spec);
    assert!(source.next(None).await.unwrap().is_some());
    let error = source.next(None).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`169.254.169.254` is a link-local"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_one_that_is_back_goes_on() {
    let server = Postgres::of_its_own();
    let url = server.database("gone");
    let setup = "create table t (n int); insert into t values (1), (2)";
    let bench = Bench::of(&url, setup).await;
    let mut spec = bench.spec("select n from t", "n");
    spec.max_rows = 1;
    let source = bench.open(spec);
    let first = source.next(None).await.unwrap().unwrap();
    server.crash();
    let error = source.next(Some(&first.mark)).await.unwrap_err();
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    server.start();
    let second = source.next(Some(&first.mark)).await.unwrap().unwrap();
    assert_eq!(body(&second), "{\"n\":2}\n");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let guard = Guard::new([at.to_string()]).unwrap();
    let spool = TempDir::new().unwrap();
    let secret = SecretRef::parse("env:X").unwrap();
    let mut spec = SqlSpec::new("127.0.0.1", "d", "u", secret, "select 1 as n", "n");
    spec.port = at.port();
    spec.connect_within = Duration::from_millis(50);
    let password = Password("x".into());
    let source = SqlSource::open(spec, &guard, &password, spool.path()).unwrap();
    let error = source.next(None).await.unwrap_err();
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(
        error.to_string().contains("does not answer within 50ms"),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_too_deep_for_a_socket_is_said_to_be_so() {
    let mut bench = Bench::new("deep", "select 1").await;
    let deep: PathBuf = bench.spool.path().join("x".repeat(90));
    std::fs::create_dir(&deep).unwrap();
    let around = std::mem::replace(&mut bench.spool, TempDir::new_in(deep).unwrap());
    let error = bench.failure(bench.spec("select 1 as n", "n")).await;
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    assert!(
        error.to_string().contains("too deep for a socket"),
        "{error}"
    );
    drop(around);
}
