use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use project::DatasetName;

use crate::{ColumnRef, Edge, EdgeKind, Finding, Graph, diff, parse, review};

fn dataset(text: &str) -> DatasetName {
    text.parse().unwrap()
}

/// Reads `layer.name.column <- layer.name.column kind` lines.
fn graph(text: &str) -> Graph {
    Graph::new(
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| {
                let at = line.match_indices('.').nth(1).unwrap().0;
                parse(&dataset(&line[..at]), &line[at + 1..])
                    .unwrap()
                    .remove(0)
            }),
    )
}

/// A small house: two raw tables, two refined ones, a served one.
fn house() -> Graph {
    graph(
        "refined.dossiers.dossier_id <- raw.dossiers.dossier_id identity
         refined.dossiers.agency_code <- raw.dossiers.agency_code transformation
         refined.dossiers.on_time <- raw.dossiers.due_at conditional
         refined.dossiers.on_time <- raw.dossiers.returned_at conditional
         refined.dossiers.* <- raw.dossiers._received_at window
         refined.dossiers.* <- codes.agencies.code join
         refined.incidents.minutes <- raw.incidents.minutes identity
         served.board.agency_code <- refined.dossiers.agency_code identity
         served.board.dossiers <- refined.dossiers.dossier_id aggregation
         served.board.on_time <- refined.dossiers.on_time aggregation
         served.board.* <- refined.dossiers.agency_code group_by",
    )
}

fn check(actual: impl AsRef<str>, expect: Expect) {
    expect.assert_eq(actual.as_ref());
}

fn names(datasets: &[DatasetName]) -> String {
    datasets
        .iter()
        .map(DatasetName::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn neighbours_are_direct_and_sorted() {
    let house = house();
    check(
        names(&house.upstream(&dataset("refined.dossiers"))),
        expect!["codes.agencies raw.dossiers"],
    );
    check(
        names(&house.downstream(&dataset("refined.dossiers"))),
        expect!["served.board"],
    );
    check(
        names(&house.upstream(&dataset("served.unknown"))),
        expect![""],
    );
    assert_eq!(house.edges_of(&dataset("refined.incidents")).len(), 1);
    assert_eq!(house.edges_of(&dataset("raw.dossiers")), []);
}

#[test]
fn the_order_puts_sources_first_and_is_always_the_same() {
    let order = house().order().unwrap();
    check(
        names(&order),
        expect![
            "codes.agencies raw.dossiers raw.incidents refined.dossiers refined.incidents served.board"
        ],
    );
    let reversed = Graph::new(house().edges().iter().rev().cloned());
    assert_eq!(reversed.order().unwrap(), order);
}

#[test]
fn a_dataset_without_edges_has_its_place_in_the_order() {
    let order = house()
        .including([dataset("refined.alone")])
        .order()
        .unwrap();
    assert!(order.contains(&dataset("refined.alone")));
}

#[test]
fn a_cycle_is_named_by_its_path() {
    let cycle = graph(
        "refined.a.x <- raw.start.x identity
         refined.b.x <- refined.a.x identity
         refined.c.x <- refined.b.x identity
         refined.a.y <- refined.c.x identity
         served.d.x <- refined.c.x identity",
    );
    check(
        cycle.order().unwrap_err().to_string(),
        expect![
            "the datasets need each other: `refined.a` → `refined.b` → `refined.c` → `refined.a`"
        ],
    );
    let own = graph("refined.a.x <- refined.a.x identity");
    check(
        own.order().unwrap_err().to_string(),
        expect!["the datasets need each other: `refined.a` → `refined.a`"],
    );
}

#[test]
fn up_from_a_column_takes_its_edges_and_those_of_every_column() {
    check(
        house()
            .up(&dataset("served.board"), Some("on_time"))
            .full_text(),
        expect![[r#"
            refined.dossiers.* <- codes.agencies.code join
            refined.dossiers.* <- raw.dossiers._received_at window
            refined.dossiers.agency_code <- raw.dossiers.agency_code transformation
            refined.dossiers.on_time <- raw.dossiers.due_at conditional
            refined.dossiers.on_time <- raw.dossiers.returned_at conditional
            served.board.* <- refined.dossiers.agency_code group_by
            served.board.on_time <- refined.dossiers.on_time aggregation
        "#]],
    );
}

#[test]
fn up_from_a_dataset_leaves_out_columns_that_nothing_of_it_uses() {
    let up = house().up(&dataset("served.board"), None);
    assert_eq!(up.edges().len(), 10);
    assert!(up.datasets().all(|d| d != &dataset("raw.incidents")));
}

#[test]
fn down_from_a_column_that_filters_reaches_every_column_of_the_consumer() {
    check(
        house()
            .down(&dataset("codes.agencies"), Some("code"))
            .full_text(),
        expect![[r#"
            refined.dossiers.* <- codes.agencies.code join
            served.board.* <- refined.dossiers.agency_code group_by
            served.board.agency_code <- refined.dossiers.agency_code identity
            served.board.dossiers <- refined.dossiers.dossier_id aggregation
            served.board.on_time <- refined.dossiers.on_time aggregation
        "#]],
    );
    check(
        house()
            .down(&dataset("raw.dossiers"), Some("due_at"))
            .full_text(),
        expect![[r#"
            refined.dossiers.on_time <- raw.dossiers.due_at conditional
            served.board.on_time <- refined.dossiers.on_time aggregation
        "#]],
    );
}

#[test]
fn an_opaque_source_is_the_whole_dataset() {
    let opaque = graph(
        "refined.a.x <- raw.a.x identity
         refined.a.y <- raw.a.y identity
         served.b.z <- refined.a.* opaque",
    );
    assert_eq!(opaque.up(&dataset("served.b"), Some("z")).edges().len(), 3);
    assert_eq!(opaque.down(&dataset("raw.a"), Some("x")).edges().len(), 2);
}

#[test]
fn a_column_seen_before_its_whole_dataset_does_not_hide_the_rest() {
    let both = graph(
        "refined.a.x <- raw.a.x identity
         refined.a.y <- raw.a.y identity
         served.b.z <- refined.a.x identity
         served.b.z <- refined.a.* opaque",
    );
    assert_eq!(both.up(&dataset("served.b"), Some("z")).edges().len(), 4);
}

#[test]
fn a_closure_over_a_cycle_ends() {
    let cycle = graph(
        "refined.a.x <- refined.b.x identity
         refined.b.x <- refined.a.x identity",
    );
    assert_eq!(cycle.up(&dataset("refined.a"), Some("x")).edges().len(), 2);
    assert_eq!(cycle.down(&dataset("refined.a"), None).edges().len(), 2);
}

#[test]
fn a_dataset_of_the_graph_without_edges_that_way_is_alone_in_its_closure() {
    let up = house().up(&dataset("raw.dossiers"), None);
    check(
        names(&up.datasets().cloned().collect::<Vec<_>>()),
        expect!["raw.dossiers"],
    );
    assert_eq!(house().up(&dataset("raw.unknown"), None), Graph::default());
}

#[test]
fn the_text_of_a_consumer_is_sorted_and_reads_back() {
    let house = house();
    let consumer = dataset("refined.dossiers");
    let text = house.text(&consumer);
    check(
        &text,
        expect![[r#"
            * <- codes.agencies.code join
            * <- raw.dossiers._received_at window
            agency_code <- raw.dossiers.agency_code transformation
            dossier_id <- raw.dossiers.dossier_id identity
            on_time <- raw.dossiers.due_at conditional
            on_time <- raw.dossiers.returned_at conditional
        "#]],
    );
    let read = Graph::new(parse(&consumer, &text).unwrap());
    assert_eq!(read.edges(), house.edges_of(&consumer));
    assert_eq!(house.text(&dataset("raw.dossiers")), "");
}

#[test]
fn every_kind_reads_back() {
    let consumer = dataset("served.a");
    let end = |name: &str| ColumnRef {
        dataset: dataset(name),
        column: "*".to_owned(),
    };
    for kind in EdgeKind::ALL {
        let edge = Edge {
            target: end("served.a"),
            source: end("raw.b"),
            kind,
        };
        let text = Graph::new([edge.clone()]).text(&consumer);
        assert_eq!(parse(&consumer, &text).unwrap(), [edge]);
    }
}

#[test]
fn a_line_that_is_no_edge_is_named() {
    let errors: String = [
        "a <- raw.b.c identity\nnonsense",
        "a <- raw.b.c",
        "a <- raw.c identity",
        "a <- gold.b.c identity",
        "a <- raw.b.c copied",
        " <- raw.b.c identity",
        "a <- raw.b. identity",
        "\n",
    ]
    .map(|text| format!("{}\n", parse(&dataset("served.a"), text).unwrap_err()))
    .concat();
    check(
        errors,
        expect![[r#"
            line 2: expected `column <- layer.name.column kind`, found `nonsense`
            line 1: expected `column <- layer.name.column kind`, found `a <- raw.b.c`
            line 1: expected `column <- layer.name.column kind`, found `a <- raw.c identity`
            line 1: `gold.b` is no dataset name: expected `layer.name`, as in `raw.dossiers`
            line 1: `copied` is no kind of edge: expected one of `identity`, `transformation`, `aggregation`, `join`, `filter`, `group_by`, `sort`, `window`, `conditional`, `opaque`
            line 1: expected `column <- layer.name.column kind`, found ` <- raw.b.c identity`
            line 1: expected `column <- layer.name.column kind`, found `a <- raw.b. identity`
            line 1: expected `column <- layer.name.column kind`, found ``
        "#]],
    );
}

#[test]
fn mermaid_groups_datasets_by_layer() {
    check(
        house().mermaid(),
        expect![[r#"
            flowchart LR
              subgraph codes
                codes_agencies["codes.agencies"]
              end
              subgraph raw
                raw_dossiers["raw.dossiers"]
                raw_incidents["raw.incidents"]
              end
              subgraph refined
                refined_dossiers["refined.dossiers"]
                refined_incidents["refined.incidents"]
              end
              subgraph served
                served_board["served.board"]
              end
              codes_agencies --> refined_dossiers
              raw_dossiers --> refined_dossiers
              raw_incidents --> refined_incidents
              refined_dossiers --> served_board
        "#]],
    );
}

#[test]
fn mermaid_of_columns_groups_them_by_dataset() {
    check(
        house()
            .down(&dataset("raw.dossiers"), Some("due_at"))
            .mermaid_columns(),
        expect![[r#"
            flowchart LR
              subgraph raw_dossiers["raw.dossiers"]
                c0["due_at"]
              end
              subgraph refined_dossiers["refined.dossiers"]
                c1["on_time"]
              end
              subgraph served_board["served.board"]
                c2["on_time"]
              end
              c0 -.->|conditional| c1
              c1 -->|aggregation| c2
        "#]],
    );
}

#[test]
fn json_lists_nodes_and_edges() {
    let json = house().up(&dataset("refined.incidents"), None).json();
    check(
        serde_json::to_string_pretty(&json).unwrap(),
        expect![[r#"
            {
              "edges": [
                {
                  "direct": true,
                  "kind": "identity",
                  "source": {
                    "column": "minutes",
                    "dataset": "raw.incidents"
                  },
                  "target": {
                    "column": "minutes",
                    "dataset": "refined.incidents"
                  }
                }
              ],
              "nodes": [
                {
                  "columns": [
                    "minutes"
                  ],
                  "dataset": "raw.incidents",
                  "layer": "raw"
                },
                {
                  "columns": [
                    "minutes"
                  ],
                  "dataset": "refined.incidents",
                  "layer": "refined"
                }
              ]
            }"#]],
    );
}

#[test]
fn a_difference_shows_what_came_and_went() {
    let old = graph("served.a.x <- raw.b.x identity\nserved.a.y <- raw.b.y identity");
    let new = graph("served.a.x <- raw.b.x transformation\nserved.a.y <- raw.b.y identity");
    check(
        diff(&old, &new).to_string(),
        expect![[r#"
            - served.a.x <- raw.b.x identity
            + served.a.x <- raw.b.x transformation
        "#]],
    );
    assert!(diff(&old, &old).is_empty());
}

#[test]
fn what_no_plan_tells_is_listed() {
    let known = "served.a.y <- raw.b.y identity";
    let opaque = "served.a.x <- raw.b.* opaque\n";
    let all = graph(&format!("{opaque}{known}"));
    assert_eq!(all.opaque().full_text(), opaque);
    assert_eq!(graph(known).opaque().full_text(), "");
}

fn reviewed(old: &str, new: &str) -> String {
    let ways = |ways: &BTreeSet<&str>| ways.iter().copied().collect::<Vec<_>>().join("+");
    let line = |found: &Finding| {
        let source = found.source.as_ref().map(|source| {
            let (before, after) = (ways(&found.before), ways(&found.after));
            format!(" {source} [{before} > {after}]")
        });
        let outcome = found.outcome.as_str();
        format!("{outcome} {}{}\n", found.target, source.unwrap_or_default())
    };
    let found = review(&graph(old), &graph(new));
    found.iter().map(line).collect()
}

#[test]
fn a_review_tells_who_gains_and_loses_what_and_everything_below() {
    let below = "served.c.x <- served.a.x identity\nserved.d.* <- served.c.x filter\n\
                 served.d.n <- raw.e.n identity\nserved.e.n <- served.d.n aggregation\n";
    let old = format!(
        "{below}served.a.x <- raw.b.x identity\nserved.a.* <- raw.b.y join\n\
         served.gone.x <- raw.f.x identity"
    );
    let new = format!(
        "{below}served.a.x <- raw.b.x aggregation\nserved.a.x <- raw.b.z conditional\n\
         served.new.x <- served.a.x identity"
    );
    check(
        reviewed(&old, &new),
        expect![[r#"
        added served.new.*
        removed raw.f.*
        removed served.gone.*
        gains served.a.x raw.b.z [ > derived]
        loses served.a.* raw.b.y [joined > ]
        changes served.a.x raw.b.x [copied > aggregated]
        affected served.c.x
        affected served.d.*
        affected served.e.n
    "#]],
    );
    check(reviewed(&old, &old), expect![[""]]);
}

#[test]
fn a_review_of_other_words_for_one_way_finds_nothing() {
    let old = "served.a.x <- raw.b.x window";
    check(
        reviewed(old, "served.a.x <- raw.b.x conditional"),
        expect![[""]],
    );
    check(
        reviewed(old, "served.a.x <- raw.b.x sort"),
        expect![[r#"
            changes served.a.x raw.b.x [derived > ordered]
        "#]],
    );
}

/// Twenty thousand columns in one dataset, each with its own ancestry: a closure that looked at the
/// whole dataset for every column would touch four hundred million edges.
#[test]
fn a_closure_over_twenty_thousand_columns_visits_each_edge_once() {
    let layers = ["raw.wide", "refined.wide", "served.wide"];
    let edges = layers.windows(2).flat_map(|pair| {
        let (source, target) = (dataset(pair[0]), dataset(pair[1]));
        (0..20_000).map(move |number| {
            let column = format!("c{number}");
            Edge {
                target: ColumnRef {
                    dataset: target.clone(),
                    column: column.clone(),
                },
                source: ColumnRef {
                    dataset: source.clone(),
                    column,
                },
                kind: EdgeKind::Identity,
            }
        })
    });
    let graph = Graph::new(edges);
    assert_eq!(
        graph.up(&dataset("served.wide"), None).edges().len(),
        40_000
    );
    assert_eq!(
        graph.up(&dataset("served.wide"), Some("c7")).edges().len(),
        2
    );
    assert_eq!(
        graph.down(&dataset("raw.wide"), Some("c7")).edges().len(),
        2
    );
    let columns: BTreeSet<&str> = graph
        .edges()
        .iter()
        .map(|edge| edge.target.column.as_str())
        .collect();
    assert_eq!(columns.len(), 20_000);
}
