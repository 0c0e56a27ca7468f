use serde_json::{Value, json};

use super::{columns, completed, failed, run_id};
use crate::parse;

const RUN: &str = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";

#[test]
fn an_id_is_a_uuid_of_version_8_that_run_and_job_give() {
    let id = run_id(RUN, "served.board");
    assert_eq!(id, run_id(RUN, "served.board"));
    assert_eq!(id.get_version_num(), 8);
    assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    for other in [run_id(RUN, "served.boar"), run_id("x", "served.board")] {
        assert_ne!(id, other);
    }
}

#[test]
fn edges_of_one_source_are_one_field_and_those_of_rows_are_of_the_dataset() {
    let edges = parse(
        &"served.board".parse().unwrap(),
        "* <- raw.b.k join\n\
         * <- raw.b.x filter\n\
         n <- raw.b.* opaque\n\
         n <- raw.b.x aggregation\n\
         n <- raw.b.x conditional\n",
    );
    let found = columns::lineage("dtm", &edges.unwrap()).unwrap();
    let way = |class: &str, word: &str| json!({ "type": class, "subtype": word, "masking": false });
    let of = |field: &str, ways: Value| {
        let (namespace, name) = ("dtm", "raw.b");
        json!({ "namespace": namespace, "name": name, "field": field, "transformations": ways })
    };
    let ways = json!([way("DIRECT", "AGGREGATION"), way("INDIRECT", "CONDITIONAL")]);
    let fields = json!({ "n": { "inputFields": [of("x", ways)] } });
    assert_eq!(found["fields"], fields);
    let join = of("k", json!([way("INDIRECT", "JOIN")]));
    let filter = of("x", json!([way("INDIRECT", "FILTER")]));
    assert_eq!(found["dataset"], json!([join, filter]));
    let opaque = parse(&"served.board".parse().unwrap(), "n <- raw.b.* opaque\n");
    assert_eq!(columns::lineage("dtm", &opaque.unwrap()), None);
}

#[test]
fn an_end_says_what_its_beginning_said_and_what_came_of_it() {
    let start = json!({
        "eventType": "START", "eventTime": "1", "run": { "runId": "r", "facets": {} },
        "outputs": [{ "name": "served.board", "facets": { "schema": {} } }],
    });
    let end = completed(&start, "2", 7, 3);
    assert_eq!(end["eventType"], "COMPLETE");
    assert_eq!(end["eventTime"], "2");
    let output = &end["outputs"][0];
    assert_eq!(output["facets"]["version"]["datasetVersion"], "7");
    assert_eq!(output["outputFacets"]["outputStatistics"]["rowCount"], 3);
    assert!(output["facets"]["schema"].is_object());
    let end = failed(&start, "2", "it broke");
    assert_eq!(end["run"]["facets"]["errorMessage"]["message"], "it broke");
    assert_eq!(end["eventType"], "FAIL");
}
