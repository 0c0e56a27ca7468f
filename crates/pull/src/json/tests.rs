use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn text<'a>(json: &'a str, pointer: &str) -> Option<&'a str> {
    let json = Json::read(json.as_bytes()).unwrap();
    json.at(pointer)
        .map(|found| std::str::from_utf8(found.text()).unwrap())
}

#[test]
fn what_is_no_json_is_not_read() {
    for text in [
        "",
        "{",
        "[1,]",
        "{\"a\":1}x",
        "<html>",
        "\u{1f}",
        "nul",
        "[1 2]",
        "\"\\q\"",
    ] {
        assert!(Json::read(text.as_bytes()).is_err(), "{text}");
    }
    assert!(Json::read(b"{\"a\": \"\xff\"}").is_err());
}

#[test]
fn a_value_is_found_as_it_was_written() {
    let page = "\u{feff} {\"d]\\\"\" : [ {\"n\": 1.10, \"t\":\"}\\\\\"}, 1e400 ,[ ] , null], \"\": {\"a/b\":{\"~\":12345678901234567890.10}}}\n";
    for (pointer, found) in [
        ("/d]\"/0/n", Some("1.10")),
        ("/d]\"/0/t", Some("\"}\\\\\"")),
        ("/d]\"/1", Some("1e400")),
        ("/d]\"/2", Some("[ ]")),
        ("/d]\"/3", Some("null")),
        ("/d]\"/4", None),
        ("/d]\"/-1", None),
        ("/d]\"/x", None),
        ("//a~1b/~0", Some("12345678901234567890.10")),
        ("/none", None),
        ("/d]\"/0/n/deeper", None),
    ] {
        assert_eq!(text(page, pointer), found, "{pointer}");
    }
    assert!(text(page, "").unwrap().starts_with('{'));
}

#[test]
fn only_an_array_has_items() {
    let count = |text: &'static str| {
        let items = Json::read(text.as_bytes()).unwrap().items();
        items.map(Iterator::count)
    };
    assert_eq!(count(" [ ] "), Some(0));
    assert_eq!(count("[[],{},\"]\",1 , true]"), Some(5));
    for text in ["{}", "null", "\"[\"", "1"] {
        assert_eq!(count(text), None, "{text}");
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let json = Json::read(deep.as_bytes()).unwrap();
    assert_eq!(json.items().unwrap().count(), 1);
}

#[test]
fn texts_and_numbers_are_scalars() {
    let scalar = |text: &'static str| Json::read(text.as_bytes()).unwrap().scalar();
    assert_eq!(scalar("\"a\\u00ea\""), Some(Scalar::Text("aê".to_owned())));
    assert_eq!(scalar("-1.50"), Some(Scalar::Number("-1.50".to_owned())));
    assert_eq!(scalar("null"), Some(Scalar::Null));
    for text in ["true", "[]", "{}"] {
        assert_eq!(scalar(text), None, "{text}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~\\n\"\\\\êđ]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[a-z/~\"\\\\]{0,4}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every value within, with its pointer.
fn all<'v>(value: &'v Value, pointer: String, found: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                all(item, format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                all(member, format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
    found.push((pointer, value));
}

proptest! {
    #[test]
    fn every_part_of_a_text_is_found_where_serde_finds_it(value in value(), pretty: bool) {
        let text = match pretty {
            true => serde_json::to_string_pretty(&value).unwrap(),
            false => value.to_string(),
        };
        let json = Json::read(text.as_bytes()).unwrap();
        let mut parts = Vec::new();
        all(&value, String::new(), &mut parts);
        for (pointer, part) in parts {
            prop_assert_eq!(value.pointer(&pointer), Some(part));
            let found = json.at(&pointer).unwrap();
            let read: Value = serde_json::from_slice(found.text()).unwrap();
            prop_assert_eq!(&read, part, "{}", pointer);
            let items = part.as_array().map(Vec::len);
            prop_assert_eq!(found.items().map(Iterator::count), items);
        }
    }
}
