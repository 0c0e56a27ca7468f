use expect_test::{Expect, expect};

use super::{Map, parse};
use crate::problem::Sink;

fn listed(sink: Sink<'_>) -> String {
    let lines: Vec<String> = sink
        .into_problems()
        .iter()
        .map(|p| format!("{p}\n"))
        .collect();
    lines.concat()
}

/// What the tree alone refuses.
fn check_tree(text: &str, expected: Expect) {
    let sink = Sink::new("x");
    let _ = parse(text, &sink);
    expected.assert_eq(&listed(sink));
}

/// What a small reader refuses that asks for one value of every type.
fn check_map(text: &str, expected: Expect) {
    let sink = Sink::new("x");
    let root = parse(text, &sink).unwrap();
    if let Some(mut map) = Map::open(&root, "the thing", &sink) {
        map.text("name");
        map.text_if("note");
        map.boolean_if("open");
        map.count_if("size");
        map.number_if("share");
        map.words_if("tags");
        map.choice_if("colour", &[("red", 1), ("green", 2)]);
        if let Some(mut inner) = map
            .take("inner")
            .and_then(|n| Map::open(n, "`inner`", &sink))
        {
            inner.text("a");
            inner.close();
        }
        let mut custom = map.properties();
        custom.text_if("owner");
        custom.close();
        map.close();
    }
    expected.assert_eq(&listed(sink));
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    check_tree(
        "a: [1,\n",
        expect![[r#"
        x:2:1: this is no YAML: while parsing a node, did not find expected node content
    "#]],
    );
    check_tree(
        "a: b: c\n",
        expect![[r#"
        x:1:5: this is no YAML: mapping values are not allowed in this context
    "#]],
    );
    check_tree(
        "a: 'x\n",
        expect![[r#"
        x:1:4: this is no YAML: while scanning a quoted scalar, found unexpected end of stream
    "#]],
    );
    check_tree(
        "a: 1\n\tb: 2\n",
        expect![[r#"
        x:1:4: this is no YAML: while scanning a plain scalar, found a tab
    "#]],
    );
    check_tree(
        "",
        expect![[r#"
        x:1:1: the file is empty
    "#]],
    );
    check_tree(
        "# only a comment\n",
        expect![[r#"
        x:1:1: the file is empty
    "#]],
    );
    check_tree(
        "a: *nowhere\n",
        expect![[r#"
        x:1:4: this is no YAML: while parsing node, found unknown anchor
    "#]],
    );
}

#[test]
fn a_key_that_stands_twice_is_told_with_the_first_line() {
    check_tree(
        "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n",
        expect![[r#"
        x:4:3: key `c` stands twice; first on line 3
        x:5:1: key `a` stands twice; first on line 1
    "#]],
    );
    check_tree(
        "{ a: 1, a: 2 }\n",
        expect![[r#"
        x:1:9: key `a` stands twice; first on line 1
    "#]],
    );
}

#[test]
fn anchors_aliases_tags_and_second_documents_are_refused() {
    check_tree(
        "a: &x 1\nb: *x\nc: !!str 1\nd: &y [1]\ne: !own { f: 1 }\n",
        expect![[r#"
            x:1:4: anchors are not read: write the value out where it is needed
            x:2:4: aliases are not read: write the value out
            x:3:4: tags are not read: write the value plainly or in quotes
            x:4:4: anchors are not read: write the value out where it is needed
            x:5:4: tags are not read: write the value plainly or in quotes
        "#]],
    );
    check_tree(
        "a: 1\n---\nb: 2\n",
        expect![[r#"
        x:2:1: a second document begins: a file holds one
    "#]],
    );
    check_tree("---\na: 1\n...\n", expect![[""]]);
}

#[test]
fn a_key_must_be_text() {
    check_tree(
        "? [a]\n: b\n? { c: d }\n: e\n~: f\n",
        expect![[r#"
            x:1:3: a key must be text, found a list
            x:3:3: a key must be text, found a mapping
            x:5:1: a key must be text, found nothing
        "#]],
    );
}

#[test]
fn a_file_that_nests_too_deep_is_refused() {
    check_tree(
        &"[".repeat(40),
        expect![[r#"
        x:1:33: the file nests deeper than 32 levels
    "#]],
    );
    check_tree(
        &"- ".repeat(100_000),
        expect![[r#"
        x:1:65: the file nests deeper than 32 levels
    "#]],
    );
}

#[test]
fn every_wrong_type_of_a_mapping_is_told_in_one_pass() {
    check_map(
        "name: 5\nnote: true\nopen: yes\nsize: -1\nshare: much\ntags: [a, 1, ]\ncolour: blue\n\
         inner: [1]\n",
        expect![[r#"
            x:1:7: `name` must be text, found the number `5`: put it in quotes
            x:2:7: `note` must be text, found `true`: put it in quotes
            x:3:7: `open` must be `true` or `false`, found the text `yes`
            x:4:7: `size` must be a whole number from 0 up, found the number `-1`
            x:5:8: `share` must be a number, found the text `much`
            x:6:11: an item of `tags` must be text, found the number `1`: put it in quotes
            x:7:9: `colour` must be one of `red`, `green`, found `blue`
            x:8:8: `inner` must be a mapping, found a list
        "#]],
    );
    check_map(
        "name:\nnote: {}\nopen: [x]\nsize: 1.5\nshare:\ntags: a\ncolour: 1\n",
        expect![[r#"
            x:1:5: `name` must be text, found nothing
            x:2:7: `note` must be text, found a mapping
            x:3:7: `open` must be `true` or `false`, found a list
            x:4:7: `size` must be a whole number from 0 up, found the number `1.5`
            x:5:6: `share` must be a number, found nothing
            x:6:7: `tags` must be a list, found the text `a`
            x:7:9: `colour` must be text, found the number `1`: put it in quotes
        "#]],
    );
    check_map(
        "name: '  '\nnote: []\n",
        expect![[r#"
            x:1:7: `name` is empty
            x:2:7: `note` must be text, found an empty list
        "#]],
    );
    check_map(
        "- a\n",
        expect![[r#"
        x:1:1: the thing must be a mapping, found a list
    "#]],
    );
    check_map(
        "just text\n",
        expect![[r#"
        x:1:1: the thing must be a mapping, found the text `just text`
    "#]],
    );
}

#[test]
fn unknown_keys_come_with_the_nearest_known_one_or_all() {
    check_map(
        "nmae: x\nname: x\n",
        expect![[r#"
        x:1:1: unknown key `nmae` in the thing: did you mean `name`?
    "#]],
    );
    check_map(
        "name: x\nsomething: 1\ninner: { a: x, bb: 1 }\n",
        expect![[r#"
            x:3:16: unknown key `bb` in `inner`: the known key is `a`
            x:2:1: unknown key `something` in the thing: known are `name`, `note`, `open`, `size`, `share`, `tags`, `colour`, `inner`, `customProperties`
        "#]],
    );
}

#[test]
fn custom_properties_read_like_a_mapping() {
    check_map(
        "name: x\ncustomProperties:\n  - { property: owner, value: a }\n  - { property: owner, \
         value: b }\n  - { property: ownr, value: c }\n  - { property: d }\n  - { property: 1, \
         value: 1, extra: 2 }\n  - e\n",
        expect![[r#"
            x:4:17: property `owner` stands twice; first on line 3
            x:6:5: key `value` is missing in a custom property
            x:7:17: `property` must be text, found the number `1`: put it in quotes
            x:7:30: unknown key `extra` in a custom property: known are `property`, `value`
            x:8:5: a custom property must be a mapping, found the text `e`
            x:5:17: unknown property `ownr` in customProperties of the thing: did you mean `owner`?
        "#]],
    );
    check_map(
        "name: x\ncustomProperties: { owner: a }\n",
        expect![[r#"
        x:2:19: `customProperties` must be a list, found a mapping
    "#]],
    );
}

#[test]
fn a_mapping_without_fault_is_read_without_a_word() {
    check_map(
        "name: 'true'\nnote: |\n  two\n  lines\nopen: false\nsize: 7\nshare: 0.5\ntags: [a, 'b']\n\
         colour: green\ninner: { a: 2026-09-01 }\ncustomProperties: [{ property: owner, value: x }]\n",
        expect![[""]],
    );
}
