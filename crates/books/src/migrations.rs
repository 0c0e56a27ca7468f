//! The tables, brought up to date.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};

use crate::place::Place;
use crate::{BooksError, Result};

/// The migrations of a database in their order; what is released here is never changed again.
type Migrations = &'static [(i64, &'static str, &'static str)];

pub const SQLITE: Migrations = &[
    (
        1,
        "books",
        include_str!("../migrations/sqlite/0001_books.sql"),
    ),
    (
        2,
        "renditions",
        include_str!("../migrations/sqlite/0002_renditions.sql"),
    ),
    (
        3,
        "relations",
        include_str!("../migrations/sqlite/0003_relations.sql"),
    ),
    (
        4,
        "connectors",
        include_str!("../migrations/sqlite/0004_connectors.sql"),
    ),
    (
        5,
        "deadlines",
        include_str!("../migrations/sqlite/0005_deadlines.sql"),
    ),
    (
        6,
        "erasures",
        include_str!("../migrations/sqlite/0006_erasures.sql"),
    ),
    (
        7,
        "connector errors",
        include_str!("../migrations/sqlite/0007_connector_errors.sql"),
    ),
    (
        8,
        "jobs",
        include_str!("../migrations/sqlite/0008_jobs.sql"),
    ),
    (
        9,
        "supersessions",
        include_str!("../migrations/sqlite/0009_supersessions.sql"),
    ),
];

pub const POSTGRES: Migrations = &[
    (
        3,
        "books",
        include_str!("../migrations/postgres/0003_books.sql"),
    ),
    (
        4,
        "connectors",
        include_str!("../migrations/postgres/0004_connectors.sql"),
    ),
    (
        5,
        "deadlines",
        include_str!("../migrations/postgres/0005_deadlines.sql"),
    ),
    (
        6,
        "erasures",
        include_str!("../migrations/postgres/0006_erasures.sql"),
    ),
    (
        7,
        "connector errors",
        include_str!("../migrations/postgres/0007_connector_errors.sql"),
    ),
    (
        8,
        "jobs",
        include_str!("../migrations/postgres/0008_jobs.sql"),
    ),
    (
        9,
        "supersessions",
        include_str!("../migrations/postgres/0009_supersessions.sql"),
    ),
];

/// Brings the tables up to date, one process after the other: PostgreSQL's lock for that ends with
/// the connection, so a connection on which this failed must be closed.
pub async fn migrate<C: Migrate>(
    place: &Place,
    migrations: Migrations,
    connection: &mut C,
) -> Result<()> {
    let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
        let simple = MigrationType::Simple;
        Migration::new(
            *version,
            Cow::Borrowed(*name),
            simple,
            sql.into_sql_str(),
            false,
        )
    };
    let known = migrations.iter().map(|(version, ..)| *version).max();
    let migrator = Migrator::with_migrations(migrations.iter().map(migration).collect());
    let done = migrator.run_direct(None, connection, false).await;
    done.map_err(|error| BooksError::of_migration(place, known.unwrap_or_default(), error))
}
