//! Entries as leaves, and what stands beside them.

use serde_json::json;

use super::line;
use crate::log::{LEAF_BYTES, Leaf, SplitEntry};

fn split(value: &serde_json::Value) -> SplitEntry {
    let split = SplitEntry::from_json(value.to_string().as_bytes()).unwrap();
    assert_eq!(Leaf::parse(&split.leaf.bytes).unwrap(), split.leaf);
    assert!(split.leaf.bytes.len() <= LEAF_BYTES);
    assert_eq!(split.leaf.sides.len(), split.sides.len());
    for (side, bytes) in split.leaf.sides.iter().zip(&split.sides) {
        assert_eq!(side.fault(bytes), None);
        assert!(side.fault(&bytes[1..]).is_some());
        let mut other = bytes.to_vec();
        other[0] ^= 1;
        assert!(side.fault(&other).is_some());
    }
    split
}

#[test]
fn a_short_entry_is_its_canonical_json() {
    let entry = split(&json!({"sequence": 3, "b": "é\u{1}\n\"\\\u{7f}", "a": [true, null, -5]}));
    let expected = "{\"a\":[true,null,-5],\"b\":\"é\\u0001\\n\\\"\\\\\u{7f}\",\"sequence\":3}";
    assert_eq!(entry.leaf.bytes, expected.as_bytes());
    assert_eq!((entry.leaf.sequence, entry.leaf.index()), (3, 2));
    assert!(entry.sides.is_empty());
}

#[test]
fn a_long_text_stands_beside_its_entry() {
    let query = "select 1, ".repeat(1000);
    let entry = split(&json!({"sequence": 1, "query": query, "detail": "short"}));
    assert_eq!(entry.sides[0], query.as_bytes());
    let leaf = String::from_utf8(entry.leaf.bytes.to_vec()).unwrap();
    let name = hex::encode(entry.leaf.sides[0].sha256);
    assert_eq!(
        leaf,
        format!(
            "{{\"detail\":\"short\",\"query\":{{\"side\":{{\"of\":\"text\",\"sha256\":\"{name}\",\
             \"size_bytes\":10000}}}},\"sequence\":1}}"
        )
    );
}

#[test]
fn many_short_values_stand_beside_it_when_they_are_too_long_together() {
    let parameters: Vec<_> = (0..5000).collect();
    let entry = split(&json!({"sequence": 1, "parameters": parameters, "detail": "short"}));
    assert_eq!(entry.sides[0], json!(parameters).to_string().as_bytes());
    assert!(String::from_utf8_lossy(&entry.leaf.bytes).contains("\"of\":\"json\""));

    let many: serde_json::Map<_, _> = (0..20)
        .map(|number| (format!("m{number}"), json!("x".repeat(2000))))
        .chain([("sequence".to_owned(), json!(9))])
        .collect();
    let entry = split(&many.into());
    assert!(!entry.sides.is_empty() && entry.sides.len() < 20);
}

#[test]
fn a_text_that_is_long_only_when_escaped_fits() {
    let entry =
        split(&json!({"sequence": 1, "a": "\u{1}".repeat(2048), "b": "\u{2}".repeat(2048)}));
    assert!(!entry.sides.is_empty());
}

#[test]
fn what_is_no_entry_is_refused() {
    let names: serde_json::Map<_, _> = (0..20_000)
        .map(|number| (format!("n{number}"), json!(number)))
        .collect();
    let mut too_many = names;
    too_many.insert("sequence".to_owned(), json!(1));
    for bad in [
        "[]".to_owned(),
        "{}".to_owned(),
        "{\"sequence\":0}".to_owned(),
        "{\"sequence\":\"1\"}".to_owned(),
        "{\"sequence\":1,\"sequence\":1}".to_owned(),
        "{\"sequence\":1,\"x\":1.5}".to_owned(),
        "{\"sequence\":1,\"x\":9007199254740992}".to_owned(),
        "{\"sequence\":9007199254740992}".to_owned(),
        "{\"sequence\":1,\"x\":{\"side\":1}}".to_owned(),
        serde_json::Value::from(too_many).to_string(),
    ] {
        assert!(SplitEntry::from_json(bad.as_bytes()).is_err(), "{bad:.80}");
    }
    let long = "x".repeat(17 * 1024 * 1024);
    assert!(
        SplitEntry::from_json(json!({"sequence": 1, "x": long}).to_string().as_bytes()).is_err()
    );
}

#[test]
fn a_leaf_has_one_spelling() {
    let name = "0".repeat(64);
    for bad in [
        "{\"sequence\": 1}".to_owned(),
        "{\"sequence\":1,\"a\":2}".to_owned(),
        "{\"a\":\"\\u0041\",\"sequence\":1}".to_owned(),
        format!("{{\"a\":\"{}\",\"sequence\":1}}", "x".repeat(LEAF_BYTES)),
        "{\"a\":{\"side\":1},\"sequence\":1}".to_owned(),
        format!(
            "{{\"a\":{{\"side\":{{\"of\":\"x\",\"sha256\":\"{name}\",\"size_bytes\":1}}}},\"sequence\":1}}"
        ),
        format!(
            "{{\"a\":{{\"side\":{{\"of\":\"text\",\"sha256\":\"{}\",\"size_bytes\":1}}}},\"sequence\":1}}",
            "A".repeat(64)
        ),
    ] {
        assert!(Leaf::parse(bad.as_bytes()).is_err(), "{bad:.80}");
    }
}

#[test]
fn a_line_of_the_journal_is_an_entry() {
    let entry = SplitEntry::from_json(&line(7, "served.visits")).unwrap();
    assert_eq!(entry.sides.len(), 1);
    assert_eq!(entry.leaf.sides[0].member, "detail");
}
