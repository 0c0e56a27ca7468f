//! What is so of SQLite only.

use std::fs;
use std::path::Path;
use std::time::Duration;

use expect_test::expect;
use futures::future::join_all;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::answer::answer;
use super::home::Home;
use super::{id, new};
use crate::database::Pools;
use crate::statement::Statement;
use crate::{Books, BooksError, Claim, Place, Settings};

/// The message, with the folder of the test left out.
fn message(error: &BooksError, folder: &TempDir) -> String {
    error
        .to_string()
        .replace(&format!("{}/", folder.path().display()), "")
}

#[tokio::test]
async fn writes_are_synced_and_readers_cannot_write() {
    let home = Home::sqlite();
    let books = home.open().await;
    let Pools::Sqlite {
        writer, readers, ..
    } = &books.pools
    else {
        panic!("these are books in a file");
    };
    let mut answers = Vec::new();
    for (pool, pragma) in [
        (
            writer.pool(),
            "select journal_mode from pragma_journal_mode",
        ),
        (
            writer.pool(),
            "select cast(synchronous as text) from pragma_synchronous",
        ),
        (
            writer.pool(),
            "select cast(foreign_keys as text) from pragma_foreign_keys",
        ),
        (readers, "select journal_mode from pragma_journal_mode"),
        (
            readers,
            "select cast(query_only as text) from pragma_query_only",
        ),
    ] {
        let answer: String = sqlx::query_scalar(pragma).fetch_one(pool).await.unwrap();
        answers.push(answer);
    }
    // `synchronous` is 2 for FULL.
    assert_eq!(answers, ["wal", "2", "1", "wal", "1"]);
    let write = sqlx::query("delete from tokens");
    write.execute(readers).await.unwrap_err();
}

#[tokio::test]
async fn what_is_no_database_is_damaged() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("books.sqlite");
    fs::write(
        &file,
        "this is a letter, not a database; it is long enough".repeat(100),
    )
    .unwrap();
    let error = Books::open(&file).await.unwrap_err();
    assert!(matches!(error, BooksError::Corrupt { .. }));
    expect!["the control database `books.sqlite` is damaged: file is not a database"]
        .assert_eq(&message(&error, &folder));
}

#[tokio::test]
async fn a_database_that_another_program_locks_is_named_and_reading_goes_on() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("books.sqlite");
    let settings = Settings {
        readers: 1,
        busy: Duration::from_millis(5),
        ..Settings::default()
    };
    let books = Books::open_with(&file, settings).await.unwrap();
    books.claim(&new(1, None)).await.unwrap();
    let mut other = raw(&file).await;
    sqlx::query("begin immediate")
        .execute(&mut other)
        .await
        .unwrap();
    let error = books.claim(&new(2, None)).await.unwrap_err();
    assert!(matches!(error, BooksError::Unavailable { .. }));
    expect![[r#"
        cannot record the submission: the control database `books.sqlite` is locked by another program
        Check that the file and its folder can be written, that the disk has space and that no other program has the database open; then try again."#]].assert_eq(&format!(
        "{}\n{}",
        message(&error, &folder),
        error.hint().unwrap()
    ));
    assert!(books.submission(id(1)).await.unwrap().is_some());
    books.ping().await.unwrap();
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    assert_eq!(books.claim(&new(2, None)).await.unwrap(), Claim::New);
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let error = Books::open(&folder.path().join("missing/books.sqlite"))
        .await
        .unwrap_err();
    expect!["cannot use this home: the control database `missing/books.sqlite` cannot be opened: it or its folder is missing or read-only"].assert_eq(&message(&error, &folder));
}

async fn raw(file: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

#[test]
fn each_answer_of_sqlite_says_what_to_do_next() {
    let mut table = String::new();
    for (name, code) in [
        ("SQLITE_BUSY", 5),
        ("SQLITE_BUSY_SNAPSHOT", 517),
        ("SQLITE_READONLY", 8),
        ("SQLITE_READONLY_DBMOVED", 1032),
        ("SQLITE_IOERR_FSYNC", 1034),
        ("SQLITE_CORRUPT", 11),
        ("SQLITE_FULL", 13),
        ("SQLITE_CANTOPEN", 14),
        ("SQLITE_CONSTRAINT_PRIMARYKEY", 1555),
        ("SQLITE_NOTADB", 26),
        ("SQLITE_INTERNAL", 2),
    ] {
        let place = Place::File("books.sqlite".into());
        let error = BooksError::of("keep the token", &place, answer(&code.to_string()));
        table += &format!("{name}: {error}\n");
    }
    expect![[r#"
        SQLITE_BUSY: cannot keep the token: the control database `books.sqlite` is locked by another program
        SQLITE_BUSY_SNAPSHOT: cannot keep the token: the control database `books.sqlite` is locked by another program
        SQLITE_READONLY: cannot keep the token: the control database `books.sqlite` cannot be written: it or its disk is read-only
        SQLITE_READONLY_DBMOVED: cannot keep the token: the control database `books.sqlite` cannot be written: it or its disk is read-only
        SQLITE_IOERR_FSYNC: cannot keep the token: the control database `books.sqlite` cannot be read or written: the disk fails
        SQLITE_CORRUPT: the control database `books.sqlite` is damaged: an answer
        SQLITE_FULL: cannot keep the token: the control database `books.sqlite` cannot grow: the disk is full
        SQLITE_CANTOPEN: cannot keep the token: the control database `books.sqlite` cannot be opened: it or its folder is missing or read-only
        SQLITE_CONSTRAINT_PRIMARYKEY: cannot keep the token: it is there already
        SQLITE_NOTADB: the control database `books.sqlite` is damaged: an answer
        SQLITE_INTERNAL: cannot keep the token: the control database `books.sqlite` does not answer
    "#]].assert_eq(&table);
}

/// Each of many callers hears of his own changes, though they are made together.
#[tokio::test]
async fn changes_that_wait_are_made_together_and_one_that_fails_fails_alone() {
    let home = Home::sqlite();
    let books = home.open().await;
    let Pools::Sqlite { writer, .. } = &books.pools else {
        panic!("these are books in a file");
    };
    // Whoever has the connection keeps the writer from its work until all of them wait.
    let held = writer.pool().acquire().await.unwrap();
    let add = |name: &str| {
        Statement::new("insert into notes (name) values ($1) returning name").text(name)
    };
    let make = Statement::new("create table notes (name text primary key) strict");
    let names: Vec<String> = (0..40).map(|n| format!("n{n}")).collect();
    let single = names.iter().map(|name| vec![add(name)]);
    // The last two add what is there: one by one statement, one by its second.
    let taken = [vec![add("n7")], vec![add("half"), add("n8")]];
    let turns: Vec<Vec<Statement>> = [vec![make]]
        .into_iter()
        .chain(single)
        .chain(taken)
        .collect();
    let writes = turns.iter().map(|changes| async {
        let changes: Vec<&Statement> = changes.iter().collect();
        writer.write(&changes).await
    });
    let mut writes = Box::pin(join_all(writes));
    assert!(futures::poll!(&mut writes).is_pending());
    drop(held);
    let outcomes = writes.await;
    assert!(outcomes[..41].iter().all(Result::is_ok));
    assert!(outcomes[1].as_ref().unwrap().any());
    for taken in &outcomes[41..] {
        let error = taken.as_ref().err().unwrap();
        let error = error.as_database_error().unwrap();
        assert!(error.is_unique_violation(), "{error}");
    }
    let count = "select cast(count(*) as text) from notes";
    let count: String = sqlx::query_scalar(count)
        .fetch_one(writer.pool())
        .await
        .unwrap();
    assert_eq!(count, "40", "half of a caller's changes were made");
}
