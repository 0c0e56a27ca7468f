//! A table of a PostgreSQL database, a real one.

use service::ErrorKind;
use testkit::postgres::{self, Postgres};
use url::Url;

use super::{all, entries, pull, pulled, setup, state};
use crate::home::Fixture;

const TABLE: &str = "create table visits (
    visit_id text primary key,
    office text not null,
    visited_at timestamptz not null,
    minutes int,
    changed bigint generated always as identity
)";

struct Database(Url);

impl Database {
    async fn new() -> Self {
        let url = tokio::task::spawn_blocking(|| postgres::database("registry"));
        let database = Self(Url::parse(&url.await.unwrap()).unwrap());
        database.run(TABLE).await;
        database
    }

    fn name(&self) -> &str {
        self.0.path().trim_start_matches('/')
    }

    async fn run(&self, sql: &str) {
        let (name, sql) = (self.name().to_owned(), sql.to_owned());
        let run = tokio::task::spawn_blocking(move || Postgres::shared().run(&name, &sql));
        run.await.unwrap();
    }

    /// Visits `V-first` to `V-last`.
    async fn add(&self, first: u32, last: u32) {
        let sql = format!(
            "insert into visits select 'V-' || n, 'Ba Đình', '2026-09-01 08:00+07'::timestamptz + \
             n * interval '1 minute', n from generate_series({first}, {last}) n"
        );
        self.run(&sql).await;
    }

    fn connector(&self) -> String {
        format!(
            "name: inbox\ntitle: {{ vi: Bảng, en: Table }}\nkind: sql\nsource:\n  host: \
             127.0.0.1\n  port: {port}\n  allow_addresses: ['127.0.0.1:{port}']\n  database: \
             {name}\n  user: {user}\n  password: file:registry.password\n  tls: disable\n  select: \
             >-\n    select visit_id, office, visited_at, minutes, changed from visits where \
             changed >= $mark\n  watermark: changed\n  rows: 2\ndataset: raw.visits\nagency: \
             H26\nperiod: 2026-09\nbody: {{ adapter: visits-of-the-table }}\nschedule: {{ every: \
             15m }}\nrepeated: corrects\n",
            port = self.0.port().unwrap(),
            name = self.name(),
            user = self.0.username(),
        )
    }

    async fn house(&self, connector: &str, password: &str) -> Fixture {
        const ADAPTER: &str = "\
name: visits-of-the-table
title: { vi: Lượt, en: Visits }
dataset: raw.visits
format: ndjson
columns:
  visit_id: { from: visit_id }
  office: { from: office }
  visited_at: { from: visited_at }
  minutes: { from: minutes }
drop: [changed]
";
        let adapter = "warehouse/adapters/visits-of-the-table.yaml";
        let f = Fixture::with(setup(connector).with_file(adapter, ADAPTER)).await;
        let secrets = f.folder().join("secrets");
        std::fs::create_dir(&secrets).unwrap();
        std::fs::write(secrets.join("registry.password"), format!("{password}\n")).unwrap();
        f
    }

    fn password(&self) -> &str {
        self.0.password().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_land_in_slices_and_the_next_pull_brings_what_is_new_or_changed() {
    let database = Database::new().await;
    database.add(1, 5).await;
    let f = database
        .house(&database.connector(), database.password())
        .await;
    let pieces = pulled(&f).await;
    let rows: Vec<u64> = pieces.iter().map(|piece| piece.rows.landed).collect();
    assert_eq!(rows, [2, 2, 1], "{pieces:?}");
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3, V-4 4, V-5 5");
    assert_eq!(pulled(&f).await, []);

    let change = "update visits set minutes = 99, changed = default where visit_id = 'V-2'";
    database.run(change).await;
    database.add(6, 6).await;
    let f = f.reopened().await;
    let pieces = pulled(&f).await;
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].rows.landed, 2, "{pieces:?}");
    assert_eq!(all(&f).await, "V-1 1, V-2 99, V-3 3, V-4 4, V-5 5, V-6 6");
    let state = state(&f).await;
    assert_eq!((state.kind.as_str(), state.failures), ("sql", 0));
    assert_eq!(state.mark.as_deref(), Some("changed = 7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_read_in_part_is_read_on_by_the_next_process() {
    let database = Database::new().await;
    database.add(1, 5).await;
    let limited = format!("{}limits: {{ pieces: 1 }}\n", database.connector());
    let mut f = database.house(&limited, database.password()).await;
    for landed in ["V-1 1, V-2 2", "V-1 1, V-2 2, V-3 3, V-4 4"] {
        assert_eq!(pulled(&f).await.len(), 1);
        assert_eq!(all(&f).await, landed);
        f = f.reopened().await;
    }
    // Away in the middle, and what is kept stays.
    database.run("alter table visits rename to moved").await;
    let report = pull(&f).await.unwrap();
    let told = report.error.unwrap();
    assert!(told.contains("the `select` is wrong"), "{told}");
    database.run("alter table moved rename to visits").await;
    assert_eq!(pulled(&f).await.len(), 1);
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3, V-4 4, V-5 5");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_in_no_error_no_entry_and_no_state() {
    const WRONG: &str = "a-wrong-password-of-the-test";
    let database = Database::new().await;
    database.add(1, 1).await;
    let f = database.house(&database.connector(), WRONG).await;
    let report = pull(&f).await.unwrap();
    let told = report.error.clone().unwrap();
    assert!(
        told.contains("it refuses the user or the password"),
        "{told}"
    );
    let told = state(&f).await;
    assert_eq!(told.error_kind, Some(ErrorKind::Invalid));
    let shown = format!("{report:?} {told:?} {:?}", entries(&f).await);
    assert!(!shown.contains(WRONG), "{shown}");
    let secret = f.folder().join("secrets/registry.password");
    std::fs::write(&secret, "\n").unwrap();
    let told = pull(&f).await.unwrap().error.unwrap();
    assert!(
        told.contains("`file:registry.password`: it is empty"),
        "{told}"
    );
    std::fs::write(&secret, database.password()).unwrap();
    assert_eq!(pulled(&f).await.len(), 1);
    assert_eq!(all(&f).await, "V-1 1");
}
