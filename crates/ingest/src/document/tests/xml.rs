use expect_test::{Expect, expect};

use crate::samples::{contract, judged, judged_with};
use crate::{Format, Limits};

fn check(body: &str, expected: Expect) {
    expected.assert_eq(&judged(Format::Xml, body.as_bytes()));
}

#[test]
fn the_children_of_the_root_are_rows_and_theirs_are_fields() {
    check(
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made up -->\n\
         <rows xmlns=\"urn:x\" xmlns:p=\"urn:p\">\n  <row id=\"A\"><count>1</count></row>\n  \
         <p:row><p:id><![CDATA[B<]]>&amp;&#x43;</p:id><!-- c --><count/></p:row>\n  <any><id>C\
         </id><count xsi:nil=\"true\" xmlns:xsi=\"urn:i\"/><flag>tr<!-- -->ue</flag></any>\n\
         </rows>\n<?end?>",
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2: B<&C | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: C | ∅ | ∅ | ∅ | ∅ | true | ∅ | ∅
            3 received, 3 landed, 0 quarantined, 0 warned
        "#]],
    );
    check(
        "<rows/>",
        expect![[r#"
        0 received, 0 landed, 0 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn a_field_that_holds_elements_or_attributes_is_no_single_value() {
    check(
        "<rows><row><id>A</id><count unit=\"k\">5</count></row><row><id>B</id><count> <a x=\"1\">\
         one<b/></a>two</count></row></rows>",
        expect![[r#"
            1 refused type count «["count",{"unit":"k"},"5"]»: `count` cannot be read as int64: expected one value, not a list or an object
                {"id":"A","count":["count",{"unit":"k"},"5"]}
            2 refused type count «["count",["a",{"x":"1"},"one",["b"]],"tw»: `count` cannot be read as int64: expected one value, not a list or an object
                {"id":"B","count":["count",["a",{"x":"1"},"one",["b"]],"two"]}
            2 received, 0 landed, 2 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn text_beside_fields_and_fields_given_twice_are_told_by_row() {
    check(
        "<rows><row>x<id>A</id></row><row><id>B</id><id>C</id></row><row id=\"D\"><id>D</id></row>\
         <row><id xsi:nil=\"1\">E</id></row><row><id>F</id></row></rows>",
        expect![[r#"
            5: F | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            1 refused malformed - «∅»: text stands beside the row's fields, or in a field that is said to be nil
                "<id>A</id>"
            2 refused malformed - «∅»: a field is given twice
                "<id>B</id><id>C</id>"
            3 refused malformed - «∅»: a field is given twice
                "<id>D</id><id>D</id>"
            4 refused malformed - «∅»: text stands beside the row's fields, or in a field that is said to be nil
                "<id>E</id>"
            5 received, 1 landed, 4 quarantined, 0 warned
        "#]],
    );
    check(
        "<rows>x<row><id>A</id></row></rows>",
        expect![[r#"
        text stands between the elements at byte 7
        Put every value in an element of its own.
    "#]],
    );
}

#[test]
fn white_space_in_a_value_is_kept() {
    check(
        "<rows><row><id> A\r\n</id></row></rows>",
        expect![[r#"
        1:  A
         | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        1 received, 1 landed, 0 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn unknown_fields_refuse_their_row_and_attributes_of_the_root_the_body() {
    check(
        "<rows><row><id>A</id><owner>x</owner></row></rows>",
        expect![[r#"
            1 refused unknown_column owner «x•••»: `raw.samples` has no column `owner`
                {"id":"A","owner":"x•••"}
            1 received, 0 landed, 1 quarantined, 0 warned
        "#]],
    );
    check(
        "<rows version=\"1\"><row><id>A</id></row></rows>",
        expect![[r#"
            nothing says what `rows/@version` of the envelope means
            Leave the field out, or say in an adapter what it means.
        "#]],
    );
}

#[test]
fn entities_are_never_expanded_and_nothing_outside_is_read() {
    let laughs = "<!DOCTYPE lolz [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\
                  <rows><row><id>&b;</id></row></rows>";
    check(
        laughs,
        expect![[r#"
        a document type is declared at byte 1
        Leave the DOCTYPE out: entities and outside files are not read.
    "#]],
    );
    let outside = "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\
                   <rows><row><id>&x;</id></row></rows>";
    check(
        outside,
        expect![[r#"
        a document type is declared at byte 22
        Leave the DOCTYPE out: entities and outside files are not read.
    "#]],
    );
    check(
        "<!DOCTYPE r SYSTEM \"http://x/y.dtd\"><rows/>",
        expect![[r#"
            a document type is declared at byte 1
            Leave the DOCTYPE out: entities and outside files are not read.
        "#]],
    );
    check(
        "<rows><row><id>&b;</id></row></rows>",
        expect![[r#"
        the body is not XML: it breaks at byte 16: the entity `b` is not one of XML's own
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "<rows><row id=\"&b;\"/></rows>",
        expect![[r#"
        the body is not XML: it breaks at byte 7: at 1..2: unrecognized entity `b`
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "<rows><row><id>&#0;</id></row></rows>",
        expect![[r#"
        the body is not XML: it breaks at byte 16: invalid character reference: 0x0 character is not permitted in XML
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "<rows><row><id>&#xD800;</id></row></rows>",
        expect![[r#"
            the body is not XML: it breaks at byte 16: invalid character reference: `55296` is not a valid codepoint
            Write the document with an XML library, and send it again.
        "#]],
    );
}

#[test]
fn what_is_not_one_whole_document_is_refused() {
    check(
        "",
        expect![[r#"
        the body ends at byte 0 in the middle of the document
        Look whether the file was cut off on its way, and send it again.
    "#]],
    );
    check(
        "  ",
        expect![[r#"
        the body ends at byte 2 in the middle of the document
        Look whether the file was cut off on its way, and send it again.
    "#]],
    );
    check(
        "plain",
        expect![[r#"
        the body is not XML: it breaks at byte 1: text stands outside of the root element
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "<rows></rows><rows/>",
        expect![[r#"
        the body is not XML: it breaks at byte 14: a second root element opens
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "<rows/>x",
        expect![[r#"
        the body is not XML: it breaks at byte 8: text stands outside of the root element
        Write the document with an XML library, and send it again.
    "#]],
    );
}

#[test]
fn what_is_not_well_formed_is_refused() {
    check(
        "<rows></row>",
        expect![[r#"
        the body is not XML: it breaks at byte 7: ill-formed document: expected `</rows>`, but `</row>` was found
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "</rows>",
        expect![[r#"
        the body is not XML: it breaks at byte 1: ill-formed document: close tag `</rows>` does not match any open tag
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "<rows><row id=\"A\" id=\"B\"/></rows>",
        expect![[r#"
        the body is not XML: it breaks at byte 7: an attribute is given twice
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "<rows><row id=A/></rows>",
        expect![[r#"
        the body is not XML: it breaks at byte 7: position 7: attribute value must be enclosed in `"` or `'`
        Write the document with an XML library, and send it again.
    "#]],
    );
    check(
        "<rows>a & b</rows>",
        expect![[r#"
        text stands between the elements at byte 7
        Put every value in an element of its own.
    "#]],
    );
    check(
        "<rows/><?xml version=\"1.0\"?>",
        expect![[r#"
        the body is not XML: it breaks at byte 8: a declaration stands where none may stand
        Write the document with an XML library, and send it again.
    "#]],
    );
    expect![[r#"
        the body is not XML: it breaks at byte 16: cannot decode input using UTF-8: invalid utf-8 sequence of 1 bytes from index 0
        Write the document with an XML library, and send it again.
    "#]].assert_eq(&judged(
        Format::Xml,
        b"<rows><row><id>\xff</id></row></rows>",
    ));
}

#[test]
fn only_encodings_that_were_read_may_be_declared() {
    let with = |encoding: &str| format!("<?xml version='1.0' encoding='{encoding}'?><rows/>");
    check(
        &with("utf-8"),
        expect![[r#"
        0 received, 0 landed, 0 quarantined, 0 warned
    "#]],
    );
    check(
        &with("windows-1258"),
        expect![[r#"
        the document declares the encoding `windows-1258`
        Send it in UTF-8, or name the charset in the media type.
    "#]],
    );
    check(
        "<?xml version='2.0'?><rows/>",
        expect![[r#"
        the body is not XML: it breaks at byte 1: the version is none of XML 1
        Write the document with an XML library, and send it again.
    "#]],
    );
}

#[test]
fn a_document_that_is_cut_anywhere_is_refused() {
    let whole = "<?xml version=\"1.0\"?><!-- c --><rows><row a=\"1\"><id>A&lt;</id><count/></row>\
                 <row><id><![CDATA[B]]></id></row></rows>";
    for at in 0..whole.len() {
        let told = judged(Format::Xml, &whole.as_bytes()[..at]);
        assert!(told.starts_with("the body"), "{at}: {told}");
    }
    assert!(judged(Format::Xml, whole.as_bytes()).contains("2 received"));
}

fn check_limited(body: &str, expected: Expect) {
    let limits = Limits {
        rows: 2,
        row_bytes: 120,
        cell_bytes: 40,
        columns: 3,
        nesting: 4,
        ..Limits::default()
    };
    let told = judged_with(Format::Xml, &contract(), &limits, body.as_bytes());
    expected.assert_eq(&told);
}

#[test]
fn limits_are_told_by_row() {
    let row = |row: &str| format!("<rows><row><id>A</id></row>{row}</rows>");
    check_limited(
        &row("<row/><row/>"),
        expect![[r#"
        the body is over the limit `rows` of 2
        Send the rows as several submissions.
    "#]],
    );
    check_limited(
        &row(&format!("<row><id>{}</id></row>", "x".repeat(50))),
        expect![[r#"
            column `id` of row 2 is over the limit `cell_bytes` of 40
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check_limited(
        &row(&format!("<row><id>{}</id></row>", "x".repeat(120))),
        expect![[r#"
            row 2 is over the limit `row_bytes` of 120
            Look whether a line break is missing or a quote is not closed in that row.
        "#]],
    );
    check_limited(
        &row(&format!("<row>{}</row>", "<id>x</id>".repeat(50))),
        expect![[r#"
            row 2 is over the limit `row_bytes` of 120
            Look whether a line break is missing or a quote is not closed in that row.
        "#]],
    );
    check_limited(
        &row(&format!("<row {}/>", "x".repeat(500))),
        expect![[r#"
            row 2 is over the limit `row_bytes` of 120
            Look whether a line break is missing or a quote is not closed in that row.
        "#]],
    );
    check_limited(
        &row(&format!("<!--{}-->", "x".repeat(500))),
        expect![[r#"
            row 2 is over the limit `row_bytes` of 120
            Look whether a line break is missing or a quote is not closed in that row.
        "#]],
    );
}

#[test]
fn fields_and_depth_are_limited() {
    let row = |row: &str| format!("<rows><row><id>A</id></row>{row}</rows>");
    check_limited(
        &row("<row><a/><b/><c/><d/></row>"),
        expect![[r#"
        row 2 is over the limit `columns` of 3
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check_limited(
        &row("<row a='1' b='1' c='1' d='1'/>"),
        expect![[r#"
            row 2 is over the limit `columns` of 3
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check_limited(
        &row("<row><a><b/></a></row>"),
        expect![[r#"
            1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 refused unknown_column a «["•••»: `raw.samples` has no column `a`
                {"a":"[\"•••"}
            2 refused required id «∅»: required is broken
            2 received, 1 landed, 1 quarantined, 0 warned
        "#]],
    );
    check_limited(
        &row("<row><a><b><c/></b></a></row>"),
        expect![[r#"
        row 2 is over the limit `nesting` of 4
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check_limited(
        &"<a>".repeat(100_000),
        expect![[r#"
        row 1 is over the limit `nesting` of 4
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
}

#[test]
fn a_bomb_of_attributes_is_refused_before_they_are_compared() {
    let many: String = (0..50_000).map(|n| format!(" a{n}=''")).collect();
    check(
        &format!("<rows><row{many}/></rows>"),
        expect![[r#"
            row 1 is over the limit `columns` of 1000
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check(
        &format!("<rows{many}><row/></rows>"),
        expect![[r#"
        the body is over the limit `columns` of 1000
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
}
