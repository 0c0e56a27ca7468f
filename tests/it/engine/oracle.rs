//! Lineage of the TPC queries against another's, and under every setting of the optimizer.
//!
//! `tests/tpc/README.md` says where the queries and the other's answers are from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use ::engine::lineage::{Traced, traced};
use ::engine::{QueryLimits, Session, Statement};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use project::DatasetName;

use super::{LIMITS, engine};

/// The most queries whose value edges may be other than the oracle's.
const MOST_DIFFERENCES: usize = 5;

fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tpc");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Each query under its set and number, as in `ds 5`.
fn queries() -> Vec<(String, String)> {
    let text = read("queries.sql");
    let parts = text.split("-- ").skip(1);
    let query = |part: &str| {
        let (name, sql) = part.split_once('\n').unwrap();
        (name.to_owned(), sql.trim().trim_end_matches(';').to_owned())
    };
    parts.map(query).collect()
}

/// The empty tables of a set of queries.
fn session(set: &str) -> Session {
    let mut columns: BTreeMap<DatasetName, Vec<Field>> = BTreeMap::new();
    for line in read("tables.txt").lines() {
        let [of, table, column, kind] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("`{line}` is no column");
        };
        let kind = match kind {
            "bigint" => DataType::Int64,
            "int" => DataType::Int32,
            "date" => DataType::Date32,
            "double" => DataType::Float64,
            "string" => DataType::Utf8,
            other => panic!("`{other}` is no type"),
        };
        if of == set {
            let table = format!("served.{table}").parse().unwrap();
            let fields = columns.entry(table).or_default();
            fields.push(Field::new(column, kind, true));
        }
    }
    let tables = columns.into_iter().map(|(table, fields)| {
        let empty = MemTable::try_new(Arc::new(Schema::new(fields)), vec![vec![]]).unwrap();
        (table, Arc::new(empty) as Arc<dyn TableProvider>)
    });
    let limits = QueryLimits {
        memory_bytes: 256 << 20,
        ..LIMITS
    };
    engine().session(tables.collect(), limits).unwrap()
}

async fn lineage_of(session: &Session, sql: &str) -> Result<Traced, String> {
    let planned = async {
        let statement = Statement::parse(sql)?;
        let planned = session.plan(&statement, &BTreeMap::new()).await?;
        session.analysed(&planned)?;
        traced(&planned)
    };
    planned.await.map_err(|error| error.to_string())
}

/// The value edges of each column, by set, number and position: `ds 5 1 <- store.s_store_id`.
fn value_edges(name: &str, traced: &Traced) -> BTreeMap<String, BTreeSet<String>> {
    let columns = traced.columns.iter().enumerate().map(|(at, sources)| {
        let values = sources.iter().filter(|(_, kind)| !kind.is_of_rows());
        let values = values.map(|(column, _)| {
            let table = column.dataset.to_string();
            format!("{}.{}", table.trim_start_matches("served."), column.column)
        });
        (format!("{name} {}", at + 1), values.collect())
    });
    columns.collect()
}

fn oracle() -> BTreeMap<String, BTreeSet<String>> {
    let text = read("oracle.txt");
    let line = |line: &str| {
        let (place, sources) = line.split_once(" <-").unwrap();
        let sources = sources.split_whitespace().map(str::to_owned);
        (place.to_owned(), sources.collect())
    };
    text.lines().map(line).collect()
}

/// A line for each edge that one side alone has: `+` is ours, `-` the oracle's.
fn differences(
    ours: &BTreeMap<String, BTreeSet<String>>,
    theirs: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let places: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let mut lines = Vec::new();
    for place in places {
        let (Some(our), Some(their)) = (ours.get(place), theirs.get(place)) else {
            lines.push(format!("{place} is a column of one alone"));
            continue;
        };
        lines.extend(our.difference(their).map(|s| format!("{place} + {s}")));
        lines.extend(their.difference(our).map(|s| format!("{place} - {s}")));
    }
    lines
}

#[tokio::test]
async fn value_edges_of_all_tpc_queries_are_those_of_the_oracle_but_for_what_is_listed() {
    let mut ours = BTreeMap::new();
    let mut unplanned = String::new();
    let sessions = BTreeMap::from(["h", "ds"].map(|set| (set, session(set))));
    let queries = queries();
    assert_eq!(queries.len(), 121);
    for (name, sql) in &queries {
        let set = name.split(' ').next().unwrap();
        match lineage_of(&sessions[set], sql).await {
            Ok(traced) => ours.extend(value_edges(name, &traced)),
            Err(error) => writeln!(unplanned, "{name}: {error}").unwrap(),
        }
    }
    assert_eq!(unplanned, "", "these do not plan");
    let found = differences(&ours, &oracle());
    let listed = read("differences.txt");
    let listed: Vec<&str> = listed.lines().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(found.join("\n"), listed.join("\n"), "left is what is found");

    let query = |line: &&str| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    let differing: BTreeSet<String> = listed.iter().map(query).collect();
    assert!(differing.len() <= MOST_DIFFERENCES, "{differing:?}");
    assert!(listed.iter().all(|l| l.contains(" + ")), "ours knows less");
}

#[tokio::test]
async fn every_query_says_what_each_of_its_columns_and_its_rows_come_from() {
    let sessions = BTreeMap::from(["h", "ds"].map(|set| (set, session(set))));
    let mut opaque = Vec::new();
    let mut rowless = Vec::new();
    for (name, sql) in queries() {
        let set = name.split(' ').next().unwrap();
        let traced = lineage_of(&sessions[set], &sql).await.unwrap();
        let of_rows = |(_, kind): &(_, lineage::EdgeKind)| kind.is_of_rows();
        assert!(traced.rows.iter().all(of_rows), "{name}");
        if traced.rows.is_empty() {
            rowless.push(name.clone());
        }
        if traced.columns.iter().flatten().any(|s| s.0.column == "*") {
            opaque.push(name);
        }
    }
    assert_eq!(opaque, Vec::<String>::new());
    assert_eq!(rowless, Vec::<String>::new());
}

#[tokio::test]
async fn no_setting_and_no_rule_of_the_optimizer_is_in_the_lineage() {
    for set in ["h", "ds"] {
        let plain = session(set);
        let turned = session(set);
        turn(&turned);
        for (name, sql) in queries() {
            if name.split(' ').next() == Some(set) {
                let found = lineage_of(&turned, &sql).await;
                assert_eq!(lineage_of(&plain, &sql).await, found, "{name}");
            }
        }
    }
}

/// Turns every switch of the optimizer, and takes all of its rules away.
fn turn(session: &Session) {
    let context = session.context();
    let state = context.state_ref();
    let rules: Vec<String> = {
        let state = state.read();
        let rules = state.optimizers().iter();
        rules.map(|rule| rule.name().to_owned()).collect()
    };
    assert!(!rules.is_empty());
    for rule in rules {
        context.remove_optimizer_rule(&rule);
    }
    let mut state = state.write();
    let options = state.config_mut().options_mut();
    let mut switches = 0;
    for entry in options.entries() {
        let turned = match entry.value.as_deref() {
            Some("true") => "false",
            Some("false") => "true",
            _ => continue,
        };
        if entry.key.starts_with("datafusion.optimizer.") {
            options.set(&entry.key, turned).unwrap();
            switches += 1;
        }
    }
    assert!(switches > 10, "{switches}");
}
