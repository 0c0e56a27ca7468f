use super::breaches;

const GOOD: &str = concat!(
    r#"{"eventType":"START","eventTime":"2026-09-20T10:00:00+07:00","producer":"urn:x:1","#,
    r##""schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent","##,
    r#""run":{"runId":"0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"},"#,
    r#""job":{"namespace":"n","name":"j"},"inputs":[{"namespace":"n","name":"d","facets":{"#,
    r#""version":{"_producer":"urn:x:1","_schemaURL":"#,
    r##""https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json"##,
    r##"#/$defs/DatasetVersionDatasetFacet","datasetVersion":"3"}}}]}"##,
);

#[test]
fn what_breaks_a_schema_is_told_and_what_keeps_it_is_not() {
    let cases = [
        (
            "datasetVersion\":",
            "datasetversion\":",
            "has no `datasetversion`",
        ),
        (
            "\"datasetVersion\":\"3\"",
            "\"datasetVersion\":3",
            "is a int and no str",
        ),
        (",\"datasetVersion\":\"3\"", "", "needs `datasetVersion`"),
        (
            "\"version\":{",
            "\"datasetVersion\":{",
            "stands under `version`",
        ),
        (
            "\"facets\":{",
            "\"inputFacets\":{",
            "is no InputDatasetFacet",
        ),
        ("facets/1-0-1", "facets/1-0-0", "a schema that is none"),
        ("START", "BEGIN", "EventType"),
        ("0199aaaa-", "0199", "badly formed"),
        ("\"runId\"", "\"runid\"", "has no `runid`"),
        ("+07:00", "", "has no zone"),
        ("T10:00:00+07:00", "", "has to contain time"),
        ("2-0-2", "2-0-1", "comes back otherwise"),
        ("\"producer\":\"urn:x:1\",", "", "needs `producer`"),
        (
            "\"producer\":\"urn:x:1\"",
            "\"producer\":\"x\"",
            "is no URI",
        ),
        ("\"job\":", "\"jobs\":", "has no `jobs`"),
        ("\"name\":\"j\"", "\"name\":null", "is a NoneType"),
    ];
    let mut events = vec![GOOD.to_owned()];
    for (good, bad, _) in cases {
        let event = GOOD.replace(good, bad);
        assert_ne!(event, GOOD, "{good}");
        events.push(event);
    }
    let told = breaches(&events);
    assert_eq!(told.len(), cases.len(), "{told:#?}");
    for (at, ((_, bad, why), told)) in cases.iter().zip(&told).enumerate() {
        assert!(told.starts_with(&format!("{}: ", at + 2)), "{told}");
        assert!(told.contains(why), "{bad}: {told}");
    }
}
