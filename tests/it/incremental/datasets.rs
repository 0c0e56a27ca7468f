//! A graph with an operator of every kind, each followed by the windows that it allows.

use crate::home::Setup;
use crate::trace::graph::{Dataset, with_datasets};

/// What is computed and how it is written, inputs before what reads them.
pub const DATASETS: [(Dataset, &str); 13] = [
    (
        Dataset {
            name: "refined.latest",
            key: &["visit_id"],
            texts: &["visit_id", "period", "office", "agency"],
            numbers: &["minutes"],
            adds: &[],
            sql: "select visit_id, _period as period, office, _agency as agency,
                    cast(minutes as bigint) as minutes
                from (
                    select *, row_number() over (
                        partition by visit_id
                        order by visited_at desc, _received_at desc, _row_number desc
                    ) as age
                    from raw.visits
                ) as ranked
                where age = 1",
        },
        "merge on visit_id",
    ),
    (
        Dataset {
            name: "refined.reported",
            key: &["visit_id", "period"],
            texts: &["visit_id", "period", "agency", "agency_name"],
            numbers: &["minutes"],
            adds: &[],
            sql: "with newest as (
                    select visit_id, _period, _agency, minutes, row_number() over (
                        partition by visit_id, _period order by _received_at desc, _row_number desc
                    ) as age
                    from raw.visits
                )
                select newest.visit_id, newest._period as period, newest._agency as agency,
                    agencies.name_en as agency_name, cast(newest.minutes as bigint) as minutes
                from newest
                inner join codes.periods on periods.code = newest._period
                left join codes.agencies on agencies.code = newest._agency
                where newest.age = 1",
        },
        "replace window period, agency",
    ),
    (
        Dataset {
            name: "served.handed_in",
            key: &["agency", "period"],
            texts: &["agency", "period"],
            numbers: &["visits", "bodies", "offices"],
            adds: &[],
            sql: "select _agency as agency, _period as period, count(*) as visits,
                    count(distinct _submission_id) as bodies, count(distinct office) as offices
                from raw.visits
                group by _agency, _period",
        },
        "replace window period, agency",
    ),
    (
        Dataset {
            name: "served.by_office",
            key: &["period", "office"],
            texts: &["period", "office"],
            numbers: &["visits", "minutes", "longest"],
            adds: &[],
            sql:
                "select period, office, count(*) as visits, cast(sum(minutes) as bigint) as minutes,
                    max(minutes) as longest
                from refined.latest
                group by period, office",
        },
        "replace window period, office",
    ),
    (
        Dataset {
            name: "served.both",
            key: &["period", "office"],
            texts: &["period", "office"],
            numbers: &["latest", "received"],
            adds: &[],
            sql: "with received as (
                    select _period as period, office, count(*) as visits
                    from raw.visits group by _period, office
                ),
                offices as (
                    select period, office from received
                    union
                    select period, office from served.by_office
                )
                select offices.period, offices.office, coalesce(by_office.visits, 0) as latest,
                    coalesce(received.visits, 0) as received
                from offices
                left join served.by_office
                    on by_office.period = offices.period and by_office.office = offices.office
                left join received
                    on received.period = offices.period and received.office = offices.office",
        },
        "replace window period, office",
    ),
    (
        Dataset {
            name: "served.ranked",
            key: &["period", "office"],
            texts: &["period", "office"],
            numbers: &["visits", "place", "of_all"],
            adds: &[],
            sql: "select period, office, visits,
                    cast(rank() over (partition by period order by visits desc) as bigint) as place,
                    cast(sum(visits) over (partition by period) as bigint) as of_all
                from served.by_office",
        },
        "replace window period, office",
    ),
    (
        Dataset {
            name: "served.measures",
            key: &["period", "office", "measure"],
            texts: &["period", "office", "measure"],
            numbers: &["value"],
            adds: &[],
            sql: "select period, office, 'visits' as measure, visits as value from served.by_office
                union all
                select period, office, 'minutes' as measure, minutes as value from served.by_office
                union all
                select period, 'all' as office, 'reported' as measure, count(*) as value
                from refined.reported group by period",
        },
        "replace window period, office, measure",
    ),
    (
        Dataset {
            name: "served.days",
            key: &["day"],
            texts: &["day"],
            numbers: &["visits"],
            adds: &[],
            sql: "select cast(cast(visited_at + interval '7 hours' as date) as varchar) as day,
                    count(*) as visits
                from raw.visits
                group by cast(cast(visited_at + interval '7 hours' as date) as varchar)",
        },
        "replace window day",
    ),
    (
        Dataset {
            name: "served.quarters",
            key: &["quarter", "office"],
            texts: &["quarter", "office"],
            numbers: &["visits", "working"],
            adds: &[],
            sql: "select period_parent(_period, 'quarter') as quarter, vn_fold(office) as office,
                    count(*) as visits,
                    count(*) filter (where is_working_day(
                        cast(visited_at + interval '7 hours' as date), [date '2026-09-02']
                    )) as working
                from raw.visits
                group by period_parent(_period, 'quarter'), vn_fold(office)",
        },
        "replace window quarter, office",
    ),
    (
        Dataset {
            name: "served.busy",
            key: &["visit_id"],
            texts: &["visit_id", "period"],
            numbers: &["minutes"],
            adds: &[],
            sql: "select visit_id, period, minutes from refined.latest
                where exists (
                        select 1 from served.by_office
                        where by_office.period = latest.period and by_office.visits > 1
                    )
                    and not exists (
                        select 1 from served.by_office as still
                        where still.period = latest.period and still.office = latest.office
                            and still.minutes = 0
                    )",
        },
        "replace window period",
    ),
    (
        Dataset {
            name: "served.sets",
            key: &["period", "office"],
            texts: &["period", "office"],
            numbers: &["visits"],
            adds: &[],
            sql: "select period, coalesce(office, 'all') as office, count(*) as visits
                from refined.latest
                group by grouping sets ((period), (period, office))",
        },
        "replace window period",
    ),
    (
        Dataset {
            name: "served.matched",
            key: &["visit_id", "period"],
            texts: &["visit_id", "period"],
            numbers: &["minutes", "reported"],
            adds: &[],
            sql: "select coalesce(latest.visit_id, reported.visit_id) as visit_id,
                    coalesce(latest.period, reported.period) as period,
                    latest.minutes, reported.minutes as reported
                from (select * from refined.latest where minutes > 0) as latest
                full join refined.reported
                    on reported.visit_id = latest.visit_id and reported.period = latest.period",
        },
        "replace window visit_id, period",
    ),
    (
        Dataset {
            name: "served.running",
            key: &["period"],
            texts: &["period"],
            numbers: &["visits"],
            adds: &[],
            sql: "select period, cast(sum(visits) over (order by period) as bigint) as visits
                from (
                    select period, sum(visits) as visits from served.by_office group by period
                ) as periods",
        },
        "replace window period",
    ),
];

/// Those of which no window can be followed, so that they are computed in full.
pub const IN_FULL: [&str; 3] = ["served.sets", "served.matched", "served.running"];

/// The example project with these datasets.
pub async fn setup() -> Setup {
    with_datasets(
        anywhere(),
        DATASETS.iter().map(|(dataset, write)| (dataset, *write)),
    )
    .await
}

/// The example project, whose visits may lie in any period.
pub fn anywhere() -> Setup {
    let setup = Setup::default();
    let path = "warehouse/raw/visits.odcs.yaml";
    let text = std::str::from_utf8(setup.sources.get(path).unwrap()).unwrap();
    let rule =
        "\"cast(visited_at + interval '7 hours' as date) between _period_start and _period_end\"";
    assert!(text.contains(rule));
    let text = text.replace(rule, "\"minutes is null or minutes < 100000\"");
    setup.with_file(path, &text)
}
