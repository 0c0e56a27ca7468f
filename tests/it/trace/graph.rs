//! A small graph with an operator of every kind, over the visits of the example project.

use std::fmt::Write as _;

use crate::home::Setup;

/// A computed dataset: its columns, the first ones its key, and its SQL.
pub struct Dataset {
    pub name: &'static str,
    pub key: &'static [&'static str],
    pub texts: &'static [&'static str],
    pub numbers: &'static [&'static str],
    /// Those of the numbers that are sums and counts over rows as they were received, or over those
    /// that one row stands for.
    pub adds: &'static [&'static str],
    pub sql: &'static str,
}

/// What is computed, inputs before what reads them.
pub const DATASETS: [Dataset; 10] = [
    Dataset {
        name: "refined.newest",
        key: &["visit_id"],
        texts: &["visit_id", "office", "agency"],
        numbers: &["minutes"],
        adds: &[],
        sql: "select visit_id, office, _agency as agency, cast(minutes as bigint) as minutes
            from (
                select *, row_number() over (
                    partition by visit_id
                    order by visited_at desc, _received_at desc, _row_number desc
                ) as age
                from raw.visits
            ) as ranked
            where age = 1",
    },
    // The same by another way: one order over all rows, each compared with the one before.
    Dataset {
        name: "refined.ordered",
        key: &["visit_id"],
        texts: &["visit_id", "office", "office_name"],
        numbers: &["minutes"],
        adds: &[],
        sql: "with ranked as (
                select *, lag(visit_id) over (
                    order by visit_id, visited_at desc, _received_at desc, _row_number desc
                ) as row_before
                from raw.visits
            )
            select ranked.visit_id, ranked.office, agencies.name_en as office_name,
                cast(ranked.minutes as bigint) as minutes
            from ranked
            left join codes.agencies on agencies.code = ranked._agency
            where ranked.row_before is distinct from ranked.visit_id",
    },
    Dataset {
        name: "served.received",
        key: &["office"],
        texts: &["office"],
        numbers: &["visits", "minutes", "long_visits", "longest"],
        adds: &["visits", "minutes", "long_visits"],
        sql: "select office, count(*) as visits, cast(sum(minutes) as bigint) as minutes,
                count(*) filter (where minutes > 30) as long_visits,
                cast(max(minutes) as bigint) as longest
            from raw.visits
            group by office",
    },
    Dataset {
        name: "served.folded",
        key: &["office"],
        texts: &["office"],
        numbers: &["visits", "quarters"],
        adds: &["visits"],
        sql: "select vn_fold(office) as office, count(*) as visits,
                count(distinct period_parent(_period, 'quarter')) as quarters
            from raw.visits
            group by vn_fold(office)",
    },
    Dataset {
        name: "served.offices",
        key: &["office"],
        texts: &["office"],
        numbers: &["visits", "minutes", "timed", "lengths"],
        adds: &["visits", "minutes", "timed"],
        sql: "select office, count(*) as visits, sum(minutes) as minutes,
                count(minutes) as timed, count(distinct minutes) as lengths
            from refined.newest
            group by office",
    },
    Dataset {
        name: "served.paired",
        key: &["office"],
        texts: &["office"],
        numbers: &["received", "counted", "again", "of_agency"],
        adds: &["received", "counted"],
        sql: "with offices as (
                select office from served.received
                union
                select office from refined.ordered
            ),
            counted as (
                select office, count(*) as visits from refined.ordered group by office
            )
            select offices.office, coalesce(received.visits, 0) as received,
                coalesce(counted.visits, 0) as counted,
                coalesce(received.visits, 0) - coalesce(counted.visits, 0) as again,
                (select count(*) from refined.newest where agency = 'H26') as of_agency
            from offices
            left join served.received as received on received.office = offices.office
            left join counted on counted.office = offices.office",
    },
    Dataset {
        name: "served.ranked",
        key: &["office"],
        texts: &["office"],
        numbers: &["visits", "place", "of_all"],
        adds: &["visits"],
        sql: "select office, visits, cast(rank() over (order by visits desc) as bigint) as place,
                cast(sum(visits) over () as bigint) as of_all
            from served.offices",
    },
    Dataset {
        name: "served.measures",
        key: &["office", "measure"],
        texts: &["office", "measure"],
        numbers: &["value"],
        adds: &["value"],
        sql: "select office, 'visits' as measure, visits as value from served.offices
            union all
            select office, 'minutes' as measure, minutes as value from served.offices
            union all
            select office, 'received' as measure, visits as value from served.received",
    },
    Dataset {
        name: "served.busy",
        key: &["visit_id"],
        texts: &["visit_id"],
        numbers: &["minutes"],
        adds: &[],
        sql: "select visit_id, minutes from refined.newest
            where office in (select office from served.received where visits > 2)
                and not exists (
                    select 1 from refined.ordered
                    where ordered.office = newest.office and ordered.minutes = 0
                )",
    },
    Dataset {
        name: "served.total",
        key: &["part"],
        texts: &["part"],
        numbers: &["visits", "offices", "minutes"],
        adds: &["visits", "minutes"],
        sql: "select case when office = 'A' then 'first' else 'others' end as part,
                cast(sum(visits) as bigint) as visits, count(*) as offices,
                cast(sum(minutes) as bigint) as minutes
            from served.offices
            where visits > 0
            group by case when office = 'A' then 'first' else 'others' end",
    },
];

/// The example project with these datasets.
pub async fn setup() -> Setup {
    with_datasets(
        Setup::default(),
        DATASETS.iter().map(|dataset| (dataset, "replace")),
    )
    .await
}

/// A project with these datasets, each written in its own way.
pub async fn with_datasets(
    mut setup: Setup,
    datasets: impl Iterator<Item = (&Dataset, &'static str)>,
) -> Setup {
    for (dataset, write) in datasets {
        let (layer, name) = dataset.name.split_once('.').unwrap();
        let sql = format!(
            "-- why: one of the operators of a graph\n-- write: {write}\n-- refresh: on change\n{}\n",
            dataset.sql
        );
        setup = setup
            .with_file(
                &format!("warehouse/{layer}/{name}.odcs.yaml"),
                &contract(dataset, name),
            )
            .with_file(&format!("sql/{layer}/{name}.sql"), &sql);
    }
    let lineage = conduct::check(&setup.sources).await.lineage;
    for (path, text) in &lineage {
        setup = setup.with_file(path, text);
    }
    setup
}

fn contract(dataset: &Dataset, name: &str) -> String {
    let mut text = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: {}\nname: {name}\nversion: 1.0.0\n\
         status: active\ndescription:\n  purpose: One of a graph\nteam:\n  name: example\n\
         customProperties:\n  - {{ property: name.en, value: {name} }}\n  \
         - {{ property: purpose.vi, value: Một phần }}\n  \
         - {{ property: classification, value: public }}\nschema:\n  - name: {name}\n    \
         physicalType: table\n    properties:\n",
        dataset.name
    );
    let columns = dataset
        .texts
        .iter()
        .map(|column| (column, "string", "string"));
    let numbers = dataset
        .numbers
        .iter()
        .map(|column| (column, "integer", "int64"));
    for (column, logical, physical) in columns.chain(numbers) {
        let _ = write!(
            text,
            "      - name: {column}\n        businessName: {column}\n        \
             logicalType: {logical}\n        physicalType: {physical}\n        \
             description: The {column}\n        \
             customProperties: [ {{ property: businessName.en, value: {column} }} ]\n"
        );
        if let Some(position) = dataset.key.iter().position(|key| key == column) {
            let _ = write!(
                text,
                "        required: true\n        primaryKey: true\n        \
                 primaryKeyPosition: {}\n",
                position + 1
            );
        }
    }
    text
}
