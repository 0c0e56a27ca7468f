//! What is so of PostgreSQL only.

use std::time::Duration;

use expect_test::expect;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row, raw_sql};
use testkit::postgres::{Postgres, database};

use super::answer::answer;
use super::{ALL, at, id, ids, new, principal};
use crate::database::Pools;
use crate::{Books, BooksError, Claim, Place, Settings};

const PASSWORD: &str = "a-secret-of-the-test";

/// Message and hint, with the database called `books`; never the password.
fn shown(error: &BooksError, url: &str) -> String {
    let place = url.split_once('@').unwrap().1;
    let place = place.split('?').next().unwrap();
    let all = format!("{error} {:?} {error:?}", error.hint());
    assert!(!all.contains(PASSWORD), "{all}");
    let message = error.to_string().replace(place, "books");
    format!("{message}\n{}", error.hint().unwrap())
}

async fn refused(url: &str) -> String {
    shown(&Books::connect(url).await.unwrap_err(), url)
}

async fn other(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Waits until a statement of the books waits for a lock of `other`.
async fn until_one_waits(other: &mut PgConnection) {
    let waiting = "select count(*) from pg_locks
        where not granted and database = (select oid from pg_database
        where datname = current_database()) or not granted and locktype = 'transactionid'";
    loop {
        let count: i64 = sqlx::query_scalar(waiting)
            .fetch_one(&mut *other)
            .await
            .unwrap();
        if count > 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_processes_may_bring_one_database_up_to_date_at_once() {
    let url = database("migrated");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        tasks.spawn(async move { Books::connect(&url).await.unwrap().ping().await.unwrap() });
    }
    tasks.join_all().await;
    let rows = sqlx::query("select version from _sqlx_migrations")
        .fetch_all(&mut other(&url).await)
        .await
        .unwrap();
    assert_eq!(rows.len(), 7);
}

#[tokio::test]
async fn text_is_compared_by_its_bytes_in_every_column() {
    let url = database("collated");
    Books::connect(&url).await.unwrap();
    let rows = sqlx::query(
        "select attname::text as name, collname::text as collation
        from pg_attribute
        join pg_class on pg_class.oid = attrelid
        join pg_collation on pg_collation.oid = attcollation
        where relnamespace = 'public'::regnamespace
        and relkind = 'r' and attnum > 0 and relname not like '\\_sqlx%'",
    )
    .fetch_all(&mut other(&url).await)
    .await
    .unwrap();
    assert!(rows.len() > 20, "{} columns", rows.len());
    for row in rows {
        let (column, collation): (String, String) = (row.get("name"), row.get("collation"));
        assert_eq!(collation, "C", "{column}");
    }
}

#[tokio::test]
async fn a_server_that_was_stopped_or_crashed_is_used_again_and_kept_what_it_answered() {
    let server = Postgres::of_its_own();
    let url = server.database("restarted");
    let settings = Settings {
        busy: Duration::from_secs(2),
        ..Settings::default()
    };
    let books = Books::connect_with(&url, settings).await.unwrap();
    for (number, end) in (1..).zip([Postgres::stop, Postgres::crash]) {
        let (kept, lost) = (new(10 * number, Some("kept")), new(10 * number + 1, None));
        if number == 1 {
            assert_eq!(books.claim(&kept).await.unwrap(), Claim::New);
        }
        end(&server);
        let error = books.claim(&lost).await.unwrap_err();
        assert!(matches!(error, BooksError::Unavailable { .. }), "{error}");
        books.ping().await.unwrap_err();
        server.start();
        assert_eq!(books.claim(&lost).await.unwrap(), Claim::New);
        books.ping().await.unwrap();
    }
    let kept = ids(&books.submissions(ALL, None).await.unwrap());
    assert_eq!(kept, [21, 11, 10].map(id));
    server.stop();
    let error = books.ping().await.unwrap_err();
    expect![[r#"
        cannot reach: the control database `books` is busy or cannot be reached
        Check that the server runs, that this machine reaches it and that the URL of the control database is right; then try again."#]].assert_eq(&shown(&error, &url));
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_named_without_the_password() {
    let server = Postgres::shared();
    let known = database("known");
    let known = known.rsplit('/').next().unwrap().to_owned();
    let url = |database: &str| server.url("tests", PASSWORD, database);
    let wrong_password = url(&known);
    let unknown_user = wrong_password.replace("//tests:", "//nobody:");
    let unknown_database = server.database("right").replace("right_", "wrong_");
    let unknown_host = format!("postgres://tests:{PASSWORD}@db.invalid/books");
    let refusing = format!("postgres://tests:{PASSWORD}@127.0.0.1:1/books");
    let without_tls = format!("{wrong_password}?sslmode=require");
    let mut table = String::new();
    for (name, url) in [
        ("wrong password", wrong_password),
        ("unknown user", unknown_user),
        ("unknown database", unknown_database),
        ("refusing host", refusing),
        ("no TLS", without_tls),
    ] {
        table += &format!("{name}: {}\n", refused(&url).await);
    }
    expect![[r#"
        wrong password: cannot use this home: the control database `books` refuses its user or the password
        Check the user and the password in the URL of the control database.
        unknown user: cannot use this home: the control database `books` refuses its user or the password
        Check the user and the password in the URL of the control database.
        unknown database: cannot use this home: the control database `books` does not exist on its server
        Create the database, as with `createdb`, or name another in the URL of the control database.
        refusing host: cannot use this home: the control database `books` refuses the connection
        Check that the server runs, that this machine reaches it and that the URL of the control database is right; then try again.
        no TLS: cannot use this home: the control database `books` cannot be reached safely: TLS fails
        Check that the server runs, that this machine reaches it and that the URL of the control database is right; then try again.
    "#]].assert_eq(&table);
    let error = Books::connect(&unknown_host).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot use this home: the control database `db.invalid:5432/books` cannot be reached"
    );
    assert!(!format!("{error:?}").contains(PASSWORD));
}

#[tokio::test]
async fn a_user_without_rights_is_told_so() {
    let server = Postgres::shared();
    let url = database("foreign");
    let name = url.rsplit('/').next().unwrap();
    let user = format!("guest_of_{name}");
    let create = format!("create role {user} login password '{PASSWORD}'");
    let create = sqlx::AssertSqlSafe(create);
    raw_sql(create)
        .execute(&mut other(&url).await)
        .await
        .unwrap();
    let url = server.url(&user, PASSWORD, name);
    expect![[r#"
        cannot bring the tables up to date: the control database `books` does not let its user do this
        Make the user in the URL of the control database its owner."#]].assert_eq(&refused(&url).await);
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgres://tests:{PASSWORD}@127.0.0.1:{port}/books");
    let settings = Settings {
        answer: Duration::from_millis(50),
        ..Settings::default()
    };
    let error = Books::connect_with(&url, settings).await.unwrap_err();
    expect![[r#"
        cannot use this home: the control database `books` does not answer in time
        Check that the server runs, that this machine reaches it and that the URL of the control database is right; then try again."#]].assert_eq(&shown(&error, &url));
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_being_quoted() {
    let mut table = String::new();
    for url in [
        format!("mysql://tests:{PASSWORD}@host/books"),
        format!("tests:{PASSWORD}@host/books"),
        format!("postgres://tests:{PASSWORD}@host:port/books"),
        format!("postgres://tests:{PASSWORD}@/books"),
        format!("postgresql://tests:{PASSWORD}@host/books?sslmode={PASSWORD}"),
        format!("postgres://tests:12?{PASSWORD}=1@host/books"),
    ] {
        let error = Books::connect(&url).await.unwrap_err();
        assert!(matches!(error, BooksError::Address { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains(PASSWORD));
        table += &format!("{error}\n");
    }
    expect![[r#"
        cannot read the URL of the control database: it does not begin with `postgres://`
        cannot read the URL of the control database: it does not begin with `postgres://`
        cannot read the URL of the control database: invalid port number
        cannot read the URL of the control database: empty host
        cannot read the URL of the control database: a parameter after its `?` has a value that is not known
        cannot read the URL of the control database: a `?` of the password must be written `%3F`
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn a_lock_that_another_program_holds_is_waited_for_so_long_and_reading_goes_on() {
    let url = database("locked");
    let settings = Settings {
        busy: Duration::from_secs(2),
        ..Settings::default()
    };
    let books = Books::connect_with(&url, settings).await.unwrap();
    books.claim(&new(1, None)).await.unwrap();
    let mut other = other(&url).await;
    raw_sql("begin; lock table submissions in exclusive mode")
        .execute(&mut other)
        .await
        .unwrap();
    let error = books.claim(&new(2, None)).await.unwrap_err();
    expect![[r#"
        cannot record the submission: the control database `books` is locked by another program
        Try again in a moment; if that does not help, look at the server's log."#]]
    .assert_eq(&shown(&error, &url));
    assert!(books.submission(id(1)).await.unwrap().is_some());
    raw_sql("rollback").execute(&mut other).await.unwrap();
    assert_eq!(books.claim(&new(2, None)).await.unwrap(), Claim::New);
}

#[tokio::test]
async fn an_answer_that_does_not_come_gives_its_connection_up() {
    let url = database("late");
    let settings = Settings {
        readers: 0,
        busy: Duration::from_secs(60),
        ..Settings::default()
    };
    let books = Books::connect_with(&url, settings).await.unwrap();
    let mut hasty = books.clone();
    if let Pools::Postgres { answer, .. } = &mut hasty.pools {
        *answer = Duration::from_millis(200);
    }
    let mut other = other(&url).await;
    raw_sql("begin; lock table submissions in exclusive mode")
        .execute(&mut other)
        .await
        .unwrap();
    let error = hasty.claim(&new(1, None)).await.unwrap_err();
    expect![[r#"
        cannot record the submission: the control database `books` does not answer in time
        Check that the server runs, that this machine reaches it and that the URL of the control database is right; then try again."#]].assert_eq(&shown(&error, &url));
    // The only connection there may be is a new one.
    books.ping().await.unwrap();
    raw_sql("rollback").execute(&mut other).await.unwrap();
    assert_eq!(books.claim(&new(1, None)).await.unwrap(), Claim::New);
}

#[tokio::test]
async fn a_change_that_lost_a_deadlock_is_made_again() {
    let url = database("deadlocked");
    let settings = Settings {
        busy: Duration::from_secs(60),
        answer: Duration::from_secs(60),
        ..Settings::default()
    };
    let books = Books::connect_with(&url, settings).await.unwrap();
    books
        .add_token("t", &principal("lan"), at(0), None)
        .await
        .unwrap();
    for session in ["first", "second"] {
        books
            .add_session(session, &principal("lan"), at(0))
            .await
            .unwrap();
    }
    let mut other = other(&url).await;
    // It waits longer, so that it is the books that PostgreSQL breaks off.
    raw_sql("set deadlock_timeout = '50s'; begin; update sessions set seen_at = 1 where hash = 'second'")
        .execute(&mut other)
        .await
        .unwrap();
    let crossing = async {
        until_one_waits(&mut other).await;
        raw_sql("update sessions set seen_at = 1 where hash = 'first'; commit")
            .execute(&mut other)
            .await
            .unwrap();
    };
    let (revoked, ()) = tokio::join!(books.revoke_token("t", at(1)), crossing);
    assert!(revoked.unwrap());
    for session in ["first", "second"] {
        assert_eq!(books.session(session).await.unwrap(), None);
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    raw_sql("select pg_stat_force_next_flush()")
        .execute(&mut other)
        .await
        .unwrap();
    books.close().await;
    loop {
        let count: i64 = sqlx::query_scalar(deadlocks)
            .fetch_one(&mut other)
            .await
            .unwrap();
        if count > 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn each_answer_of_postgresql_says_what_to_do_next() {
    let place = Place::Server {
        host: "db".to_owned(),
        port: 5432,
        database: "books".to_owned(),
    };
    let mut table = String::new();
    for (name, code) in [
        ("connection_failure", "08006"),
        ("unique_violation", "23505"),
        ("read_only_sql_transaction", "25006"),
        ("invalid_authorization_specification", "28000"),
        ("invalid_password", "28P01"),
        ("invalid_catalog_name", "3D000"),
        ("serialization_failure", "40001"),
        ("deadlock_detected", "40P01"),
        ("insufficient_privilege", "42501"),
        ("undefined_table", "42P01"),
        ("disk_full", "53100"),
        ("out_of_memory", "53200"),
        ("too_many_connections", "53300"),
        ("lock_not_available", "55P03"),
        ("query_canceled", "57014"),
        ("admin_shutdown", "57P01"),
        ("crash_shutdown", "57P02"),
        ("cannot_connect_now", "57P03"),
        ("io_error", "58030"),
        ("internal_error", "XX000"),
        ("data_corrupted", "XX001"),
        ("index_corrupted", "XX002"),
    ] {
        let error = BooksError::of("keep the token", &place, answer(code));
        table += &format!("{name}: {error}\n");
    }
    expect![[r#"
        connection_failure: cannot keep the token: the control database `db:5432/books` cannot be reached
        unique_violation: cannot keep the token: it is there already
        read_only_sql_transaction: cannot keep the token: the control database `db:5432/books` cannot be written: it is read-only
        invalid_authorization_specification: cannot keep the token: the control database `db:5432/books` refuses its user or the password
        invalid_password: cannot keep the token: the control database `db:5432/books` refuses its user or the password
        invalid_catalog_name: cannot keep the token: the control database `db:5432/books` does not exist on its server
        serialization_failure: cannot keep the token: others changed the same at the same time
        deadlock_detected: cannot keep the token: others changed the same at the same time
        insufficient_privilege: cannot keep the token: the control database `db:5432/books` does not let its user do this
        undefined_table: the control database `db:5432/books` is damaged: an answer
        disk_full: cannot keep the token: the control database `db:5432/books` cannot grow: the disk is full
        out_of_memory: cannot keep the token: the control database `db:5432/books` has not the memory or the space for it
        too_many_connections: cannot keep the token: the control database `db:5432/books` takes no more connections
        lock_not_available: cannot keep the token: the control database `db:5432/books` is locked by another program
        query_canceled: cannot keep the token: the control database `db:5432/books` broke this off
        admin_shutdown: cannot keep the token: the control database `db:5432/books` is stopping or starting
        crash_shutdown: cannot keep the token: the control database `db:5432/books` is stopping or starting
        cannot_connect_now: cannot keep the token: the control database `db:5432/books` is stopping or starting
        io_error: cannot keep the token: the control database `db:5432/books` cannot be read or written: the disk fails
        internal_error: cannot keep the token: the control database `db:5432/books` does not answer
        data_corrupted: the control database `db:5432/books` is damaged: an answer
        index_corrupted: the control database `db:5432/books` is damaged: an answer
    "#]].assert_eq(&table);
}
