//! The edges of statements of every form that the engine plans.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::engine::{Session, Statement};
use arrow::datatypes::DataType;
use datafusion::logical_expr::{Volatility, create_udf};
use expect_test::{Expect, expect};
use lineage::Graph;
use project::DatasetName;

use super::{LIMITS, session};

pub async fn lineage_of(sql: &str, expected: Expect) {
    expected.assert_eq(&told(&session(LIMITS), sql).await);
}

async fn told(session: &Session, sql: &str) -> String {
    let statement = Statement::parse(sql).unwrap();
    let planned = session.plan(&statement, &BTreeMap::new()).await.unwrap();
    let target: DatasetName = "served.t".parse().unwrap();
    let edges = ::engine::lineage::edges(&target, &planned).unwrap();
    Graph::new(edges).text(&target)
}

#[tokio::test]
async fn lineage_tells_a_value_from_what_decides_over_it() {
    lineage_of(
        "select a.id, upper(b.name) as name, case when a.name = 'x' then b.id else 0 end as n
         from raw.a a join raw.b b on a.id = b.id where a.name <> 'q'",
        expect![[r#"
            * <- raw.a.id join
            * <- raw.a.name filter
            * <- raw.b.id join
            id <- raw.a.id identity
            n <- raw.a.name conditional
            n <- raw.b.id transformation
            name <- raw.b.name transformation
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lineage_goes_by_position_through_unions_and_renamed_columns() {
    lineage_of(
        "with u as (select id as k, name as v from raw.a union all select id, name from raw.b)
         select v as k, k as v from u",
        expect![[r#"
            k <- raw.a.name identity
            k <- raw.b.name identity
            v <- raw.a.id identity
            v <- raw.b.id identity
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lineage_of_groups_windows_and_sub_queries() {
    lineage_of(
        "select name, sum(id) filter (where name > 'a') as total,
                (select max(b.id) from raw.b b where b.name = 'p') as most
         from raw.a group by name",
        expect![[r#"
            * <- raw.a.name group_by
            most <- raw.b.id aggregation
            most <- raw.b.name filter
            name <- raw.a.name identity
            total <- raw.a.id aggregation
            total <- raw.a.name conditional
        "#]],
    )
    .await;
    lineage_of(
        "select id, row_number() over (partition by name order by id) as n from raw.a
         where exists (select 1 from raw.b b where b.id = a.id)",
        expect![[r#"
            * <- raw.a.id filter
            * <- raw.b.id filter
            id <- raw.a.id identity
            n <- raw.a.id window
            n <- raw.a.name window
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lineage_keeps_what_decides_over_the_rows_of_a_sub_query_apart_from_its_values() {
    lineage_of(
        "select name, (select max(b.name) from raw.b b where b.id = a.id) as most,
                id in (select id from raw.b where name = 'p') as known,
                exists (select 1 from raw.b b where b.name = a.name) as there,
                case when id > (select min(id) from served.c where name = 's') then 1 end as late
         from raw.a a",
        expect![[r#"
            known <- raw.a.id conditional
            known <- raw.b.id conditional
            known <- raw.b.name filter
            late <- raw.a.id conditional
            late <- served.c.id conditional
            late <- served.c.name filter
            most <- raw.a.id filter
            most <- raw.b.id filter
            most <- raw.b.name aggregation
            name <- raw.a.name identity
            there <- raw.a.name conditional
            there <- raw.b.name conditional
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lineage_goes_round_with_a_recursive_query_until_nothing_is_added() {
    lineage_of(
        "with recursive served_c as (
             select id, name, name as first, 0 as depth from served.c
             union
             select b.id, c.first, b.name, c.depth + 1
             from raw.b b join served_c c on b.id = c.id + 1)
         select * from served_c",
        expect![[r#"
            * <- raw.b.id group_by
            * <- raw.b.id join
            * <- raw.b.name group_by
            * <- served.c.id group_by
            * <- served.c.id join
            * <- served.c.name group_by
            first <- raw.b.name identity
            first <- served.c.name identity
            id <- raw.b.id identity
            id <- served.c.id identity
            name <- raw.b.name identity
            name <- served.c.name identity
        "#]],
    )
    .await;
    // The query's own rows are meant, and not the dataset `served.c` that has their name.
    lineage_of(
        "with recursive c as (
             select id from raw.a union all select c.id + 1 from c where c.id < 9)
         select id from c",
        expect![[r#"
            * <- raw.a.id filter
            id <- raw.a.id identity
            id <- raw.a.id transformation
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lineage_follows_lateral_sub_queries_lists_and_structs() {
    lineage_of(
        "select a.name, l.top, l.sum from raw.a a,
         lateral (select max(b.name) as top, max(b.id) + a.id as sum from raw.b b
                  where b.id > a.id) l",
        expect![[r#"
            * <- raw.a.id filter
            * <- raw.b.id filter
            name <- raw.a.name identity
            sum <- raw.a.id transformation
            sum <- raw.b.id aggregation
            top <- raw.b.name aggregation
        "#]],
    )
    .await;
    lineage_of(
        "select name, unnest(make_array(id, length(name))) as n from raw.a",
        expect![[r#"
            * <- raw.a.id join
            * <- raw.a.name join
            n <- raw.a.id transformation
            n <- raw.a.name transformation
            name <- raw.a.name identity
        "#]],
    )
    .await;
    lineage_of(
        "with s as (select named_struct('k', id, 'v', name) as s from raw.a)
         select s.k as k, s from s",
        expect![[r#"
            k <- raw.a.id identity
            s <- raw.a.id transformation
            s <- raw.a.name transformation
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lineage_of_grouping_sets_tells_which_key_is_asked_for() {
    lineage_of(
        "select name, id, grouping(name) as of_name, count(*) as n,
                rank() over (partition by grouping(id) order by sum(id) desc) as place
         from raw.a group by rollup (name, id)",
        expect![[r#"
            * <- raw.a.id group_by
            * <- raw.a.name group_by
            id <- raw.a.id identity
            name <- raw.a.name identity
            of_name <- raw.a.name aggregation
            place <- raw.a.id window
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lineage_of_set_operations_distinct_and_numbers_counted_out() {
    lineage_of(
        "select id from raw.a except select id from raw.b",
        expect![[r#"
            * <- raw.a.id group_by
            * <- raw.a.id join
            * <- raw.b.id join
            id <- raw.a.id identity
        "#]],
    )
    .await;
    lineage_of(
        "select distinct on (name) name, id from raw.a order by name, id desc limit 1",
        expect![[r#"
            * <- raw.a.id sort
            * <- raw.a.name group_by
            * <- raw.a.name sort
            id <- raw.a.id identity
            name <- raw.a.name identity
        "#]],
    )
    .await;
    lineage_of(
        "select value, a.id from generate_series(1, 3) join raw.a a on a.id = value",
        expect![[r#"
            * <- raw.a.id join
            id <- raw.a.id identity
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lineage_of_a_function_of_ones_own_is_derived_and_what_no_plan_tells_is_opaque() {
    let session = session(LIMITS);
    let twice = create_udf(
        "twice",
        vec![DataType::Int64],
        DataType::Int64,
        Volatility::Immutable,
        Arc::new(|args| Ok(args[0].clone())),
    );
    session.context().register_udf(twice);
    let sql = "select twice(id) as n from raw.a";
    expect![[r#"
        n <- raw.a.id transformation
    "#]]
    .assert_eq(&told(&session, sql).await);
    let sql = "explain select id from raw.a where name = 'x'";
    expect![[r#"
        * <- raw.a.* opaque
        plan <- raw.a.* opaque
        plan_type <- raw.a.* opaque
    "#]]
    .assert_eq(&told(&session, sql).await);
}
