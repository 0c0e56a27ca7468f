use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{Broken, object, value};
use crate::cell::Cell;

fn read(line: &str) -> Result<Vec<(String, String)>, Broken> {
    let mut fields = Vec::new();
    object(line, 3, |key, cell| {
        fields.push((key.into_owned(), cell.json()));
        Ok(())
    })?;
    Ok(fields)
}

#[test]
fn broken_lines_say_where() {
    let broken = [
        ("", 0),
        ("x", 0),
        ("{", 1),
        ("{}}", 2),
        ("{} {}", 3),
        (r#"{"a"}"#, 4),
        (r#"{"a":}"#, 5),
        (r#"{"a":1"#, 6),
        (r#"{"a":1,}"#, 7),
        (r#"{"a":1 "b":2}"#, 7),
        (r#"{"a":01}"#, 6),
        (r#"{"a":1.}"#, 7),
        (r#"{"a":-}"#, 6),
        (r#"{"a":+1}"#, 5),
        (r#"{"a":1e}"#, 7),
        (r#"{"a":NaN}"#, 5),
        (r#"{"a":tru}"#, 5),
        (r#"{"a":'b'}"#, 5),
        (r#"{a:1}"#, 1),
        (r#"{"a":[1,}"#, 8),
        (r#"{"a":"b}"#, 8),
        ("{\"a\":\"b\tc\"}", 7),
        (r#"{"a":"\x"}"#, 7),
        (r#"{"a":"\u12"}"#, 8),
        (r#"{"a":"\ud800"}"#, 12),
        (r#"{"a":"\udc00"}"#, 12),
        (r#"{"a":"\ud800\u0041"}"#, 18),
    ];
    for (line, at) in broken {
        assert_eq!(read(line), Err(Broken::Syntax(at)), "{line}");
    }
}

#[test]
fn json_that_is_no_object_is_told_apart() {
    for line in ["[]", "[{}]", "1", "\"a\"", "null", "true"] {
        assert_eq!(read(line), Err(Broken::NotAnObject), "{line}");
    }
}

#[test]
fn nesting_is_bounded() {
    assert!(read(r#"{"a":[[{"b":1}]]}"#).is_ok());
    assert_eq!(read(r#"{"a":[[[[]]]]}"#), Err(Broken::TooDeep));
    assert_eq!(
        read(&format!("{{\"a\":{}", "[".repeat(1_000_000))),
        Err(Broken::TooDeep)
    );
}

#[test]
fn digits_escapes_and_order_are_kept() {
    let line = r#" { "b" : 1.50 , "a\u0062":"\ud83d\ude00\n\/", "c":{"x":[1,"]"]} , "d":null } "#;
    let fields = read(line).unwrap();
    let expected = [
        ("b", "1.50"),
        ("ab", "\"😀\\n/\""),
        ("c", r#"{"x":[1,"]"]}"#),
        ("d", "null"),
    ];
    assert_eq!(
        fields,
        expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(".{0,3}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// What serde_json makes of the line, if it is an object.
fn oracle(line: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(line).ok()
}

proptest! {
    #[test]
    fn objects_are_read_as_serde_json_reads_them(
        map in prop::collection::btree_map(".{0,4}", json(), 0..5),
        escaped: bool,
    ) {
        let map: Map<String, Value> = map.into_iter().collect();
        let mut line = Value::Object(map.clone()).to_string();
        if escaped {
            line = line.chars().fold(String::new(), |mut line, c| {
                let mut buffer = [0; 2];
                match c {
                    ' '..='~' => line.push(c),
                    _ => {
                        let units = c.encode_utf16(&mut buffer).iter();
                        line.extend(units.map(|unit| format!("\\u{unit:04x}")));
                    }
                }
                line
            });
        }
        let read: BTreeMap<String, Value> = read(&line)
            .unwrap()
            .into_iter()
            .map(|(key, value)| (key, serde_json::from_str(&value).unwrap()))
            .collect();
        prop_assert_eq!(read, map.into_iter().collect::<BTreeMap<_, _>>());
    }

    #[test]
    fn a_damaged_line_is_broken_exactly_where_serde_json_says_so(
        start in 0..40_usize,
        cut in 0..4_usize,
        filling in r#"[{}\[\]",:0-9.eE+\-\\ua tn]{0,3}"#,
    ) {
        let line = r#"{"a":-1.5e3,"b":["x\n\u00e9",{}],"c":tr}"#.replace("tr", "true");
        let start = start.min(line.len());
        let end = (start + cut).min(line.len());
        let line = format!("{}{filling}{}", &line[..start], &line[end..]);
        let read = object(&line, 100, |_, _| Ok(()));
        // Numbers beyond every type are a matter of the column here.
        let huge = serde_json::from_str::<Value>(&line)
            .is_err_and(|e| e.to_string().starts_with("number out of range"));
        prop_assert!(huge || read.is_ok() == oracle(&line).is_some(), "{}: {:?}", line, read);
    }
}

#[test]
fn a_cell_knows_its_kind() {
    let mut cells = Vec::new();
    object(r#"{"a":"1","b":1,"c":true,"d":[1]}"#, 3, |_, cell| {
        cells.push(cell);
        Ok(())
    })
    .unwrap();
    let expected = [
        Cell::Text("1".into()),
        Cell::Number("1"),
        Cell::Bool(true),
        Cell::Nested("[1]"),
    ];
    assert_eq!(cells, expected);
}

#[test]
fn a_text_is_one_value() {
    assert_eq!(
        value(" [1, {\"a\":2}] ", 2),
        Ok(Cell::Nested("[1, {\"a\":2}]"))
    );
    assert_eq!(value("\"a\"", 0), Ok(Cell::Text("a".into())));
    assert_eq!(value("1 2", 0), Err(Broken::Syntax(2)));
    assert_eq!(value("", 0), Err(Broken::Syntax(0)));
    assert_eq!(value("[[]]", 1), Err(Broken::TooDeep));
}

#[test]
fn a_list_is_visited_item_by_item() {
    let mut items = Vec::new();
    let read = super::items("[1,[2],\"a\"]", 1, |item| {
        items.push(item);
        Ok(())
    });
    assert_eq!(read, Ok(()));
    assert_eq!(
        items,
        [
            Cell::Number("1"),
            Cell::Nested("[2]"),
            Cell::Text("a".into())
        ]
    );
    assert_eq!(super::items("{}", 1, |_| Ok(())), Err(Broken::Syntax(0)));
}
