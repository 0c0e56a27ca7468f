//! Foreign envelopes: where the rows lie, and what stands around them.

use expect_test::{Expect, expect};
use project::AdapterFormat;
use proptest::prelude::*;

use super::mapped::{adapter, contract};
use crate::samples::{answer, judge_through};
use crate::{IngestError, Limits, Mapping};

const JSON: &str = r#"{"top":{"session":{"a":[1]},"unit":"000.00.00.H26","data":[{"Ma":"A"},
{"Ma":"B"}],"head":{"month":"2026-09"},"service":"Sync"}}"#;

const XML: &str = r#"<?xml version="1.0"?>
<top xmlns="urn:top"><session a="1"><x>y</x>z</session><unit>000.00.00.H26</unit>
<data><row><Ma>A</Ma></row><row Ma="B"/></data><head><month>2026-09</month></head>
<service>Sync</service></top>"#;

fn json(body: &str) -> String {
    let (contract, adapter) = (contract(), adapter(AdapterFormat::Json, &["top", "data"]));
    let mapping = Mapping::new(&adapter, &contract);
    answer(
        judge_through(&mapping, &[], &Limits::default(), body.as_bytes()),
        &contract,
    )
}

fn xml(body: &str) -> String {
    let (contract, adapter) = (
        contract(),
        adapter(AdapterFormat::Xml, &["top", "data", "row"]),
    );
    let mapping = Mapping::new(&adapter, &contract);
    answer(
        judge_through(&mapping, &[], &Limits::default(), body.as_bytes()),
        &contract,
    )
}

/// Checks the good document with one part changed.
fn check_json(from: &str, to: &str, expected: Expect) {
    assert!(JSON.contains(from), "{from}");
    expected.assert_eq(&json(&JSON.replacen(from, to, 1)));
}

fn check_xml(from: &str, to: &str, expected: Expect) {
    assert!(XML.contains(from), "{from}");
    expected.assert_eq(&xml(&XML.replacen(from, to, 1)));
}

#[test]
fn rows_within_an_envelope_are_found() {
    let expected = expect![[r#"
        1: A | ∅ | H26 | ∅ | ∅ | ∅ | ∅ | ∅
        2: B | ∅ | H26 | ∅ | ∅ | ∅ | ∅ | ∅
        2 received, 2 landed, 0 quarantined, 0 warned
    "#]];
    expected.assert_eq(&json(JSON));
    expected.assert_eq(&xml(XML));
    assert_eq!(json(&JSON.replace("000.00.00.", "")), json(JSON));
}

#[test]
fn the_agency_and_the_period_must_be_those_of_the_submission() {
    check_json(
        "00.H26",
        "00.H29",
        expect![[r#"
        `top.unit` of the envelope says `000.00.00.H29`, the submission is of the agency `H26`
        Submit the document for the agency that it speaks of.
    "#]],
    );
    check_json(
        "\"000.00.00.H26\"",
        "null",
        expect![[r#"
        `top.unit` of the envelope says nothing, the submission is of the agency `H26`
        Submit the document for the agency that it speaks of.
    "#]],
    );
    check_json(
        "\"000.00.00.H26\"",
        "[\"H26\"]",
        expect![[r#"
        `top.unit` of the envelope says `["H26"]`, the submission is of the agency `H26`
        Submit the document for the agency that it speaks of.
    "#]],
    );
    check_json(
        "\"unit\":\"000.00.00.H26\",",
        "",
        expect![[r#"
        the envelope lacks `top.unit`
        Send the whole envelope with the rows.
    "#]],
    );
    check_json(
        "2026-09",
        "2026-08",
        expect![[r#"
        `top.head.month` of the envelope says `2026-08`, the submission is for the period `2026-09`
        Submit the document for the period that it speaks of.
    "#]],
    );
    check_json(
        "\"month\":\"2026-09\"",
        "",
        expect![[r#"
            the envelope lacks `top.head.month`
            Send the whole envelope with the rows.
        "#]],
    );
    check_json(
        "{\"month\":\"2026-09\"}",
        "[]",
        expect![[r#"
        adapter `portal` does not know `top.head` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_json(
        "Sync",
        "Other",
        expect![[r#"
        `top.service` of the envelope must be `Sync`, found `Other`
        Name the adapter that is made for this document.
    "#]],
    );
}

#[test]
fn elements_must_name_the_agency_and_the_period_too() {
    check_xml(
        "00.H26",
        "00.H29",
        expect![[r#"
        `top/unit` of the envelope says `000.00.00.H29`, the submission is of the agency `H26`
        Submit the document for the agency that it speaks of.
    "#]],
    );
    check_xml(
        "000.00.00.H26",
        "<b>H26</b>",
        expect![[r#"
        adapter `portal` does not know `top/unit/b` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_xml(
        "<unit>000.00.00.H26</unit>",
        "",
        expect![[r#"
        the envelope lacks `top/unit`
        Send the whole envelope with the rows.
    "#]],
    );
    check_xml(
        "2026-09",
        "0912345678",
        expect![[r#"
        `top/head/month` of the envelope says `09•••`, the submission is for the period `2026-09`
        Submit the document for the period that it speaks of.
    "#]],
    );
    check_xml(
        "<head><month>2026-09</month></head>",
        "",
        expect![[r#"
        the envelope lacks `top/head/month`
        Send the whole envelope with the rows.
    "#]],
    );
    check_xml(
        "Sync",
        "",
        expect![[r#"
        `top/service` of the envelope must be `Sync`, found nothing
        Name the adapter that is made for this document.
    "#]],
    );
}

#[test]
fn fields_that_the_adapter_does_not_name_refuse_the_body() {
    check_json(
        "\"session\"",
        "\"token\":1,\"session\"",
        expect![[r#"
        adapter `portal` does not know `top.token` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_json(
        "\"month\"",
        "\"other\":[],\"month\"",
        expect![[r#"
        adapter `portal` does not know `top.head.other` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_json(
        "{\"top\"",
        "{\"owner\":{\"phone\":\"0912345678\"},\"top\"",
        expect![[r#"
            adapter `portal` does not know `owner.phone` of the envelope
            Leave the field out, or say in an adapter what it means.
        "#]],
    );
}

#[test]
fn elements_that_the_adapter_does_not_name_refuse_the_body() {
    check_xml(
        "<unit>",
        "<token/><unit>",
        expect![[r#"
        adapter `portal` does not know `top/token` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_xml(
        "<month>",
        "<other>1</other><month>",
        expect![[r#"
        adapter `portal` does not know `top/head/other` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_xml(
        "<unit>",
        "<unit kind=\"1\">",
        expect![[r#"
        adapter `portal` does not know `top/unit/@kind` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_xml(
        "<data>",
        "<data n=\"1\">",
        expect![[r#"
        adapter `portal` does not know `top/data/@n` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_xml(
        "<data>",
        "<data><extra>1</extra>",
        expect![[r#"
        adapter `portal` does not know `top/data/extra` of the envelope
        Leave the field out, or say in an adapter what it means.
    "#]],
    );
    check_xml(
        "<data>",
        "x<data>",
        expect![[r#"
        text stands between the elements at byte 104
        Put every value in an element of its own.
    "#]],
    );
    check_xml(
        "<month>",
        "x<month>",
        expect![[r#"
        text stands between the elements at byte 181
        Put every value in an element of its own.
    "#]],
    );
}

#[test]
fn fields_that_are_given_twice_refuse_the_body() {
    check_json(
        "\"session\"",
        "\"unit\":\"H26\",\"session\"",
        expect![[r#"
            the document gives `unit` twice
            Give every field once.
        "#]],
    );
    check_json(
        "\"head\"",
        "\"data\":[],\"head\"",
        expect![[r#"
        the document gives `data` twice
        Give every field once.
    "#]],
    );
    check_json(
        "\"month\"",
        "\"month\":\"2026-09\",\"month\"",
        expect![[r#"
            the envelope gives `top.head.month` twice
            Give every field once.
        "#]],
    );
    check_json(
        "}}",
        "},\"top\":{}}",
        expect![[r#"
        the document gives `top` twice
        Give every field once.
    "#]],
    );
    check_xml(
        "<head>",
        "<unit>H26</unit><head>",
        expect![[r#"
        the envelope gives `top/unit` twice
        Give every field once.
    "#]],
    );
    check_xml(
        "<head>",
        "<data/><head>",
        expect![[r#"
        the document has the element `data` of its rows twice
        Send one list of rows.
    "#]],
    );
}

#[test]
fn a_document_whose_rows_lie_elsewhere_is_refused() {
    expect![[r#"
        the document must be an object
        Send the document that the adapter describes, or name another adapter.
    "#]]
    .assert_eq(&json("[]"));
    expect![[r#"
        the document must be an object with the object `top`
        Send the document that the adapter describes, or name another adapter.
    "#]]
    .assert_eq(&json("{}"));
    expect![[r#"
        the document must be an object with the object `top`
        Send the document that the adapter describes, or name another adapter.
    "#]]
    .assert_eq(&json(r#"{"top":[]}"#));
    expect![[r#"
        the document must be an object with the list `top.data`
        Send the document that the adapter describes, or name another adapter.
    "#]]
    .assert_eq(&json(r#"{"top":{"unit":"H26"}}"#));
    expect![[r#"
        the document must be an object with the list `top.data`
        Send the document that the adapter describes, or name another adapter.
    "#]]
    .assert_eq(&json(r#"{"top":{"data":{}}}"#));
    expect![[r#"
        the rows must lie at `top/data/row`, the root element is `other`
        Send the document that the adapter describes, or name another adapter.
    "#]]
    .assert_eq(&xml("<other/>"));
    expect![[r#"
        the document has no element `top/data/row`
        Send the document that the adapter describes, or name another adapter.
    "#]]
    .assert_eq(&xml("<top/>"));
    expect![[r#"
        the envelope lacks `top/unit`
        Send the whole envelope with the rows.
    "#]]
    .assert_eq(&xml("<top><data/></top>"));
}

#[test]
fn an_envelope_that_is_broken_or_too_large_is_refused() {
    check_json(
        "\"unit\":",
        "\"unit\"",
        expect![[r#"
        the body is not JSON: it breaks at byte 35
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check_json(
        "\"Sync\"",
        "Sync",
        expect![[r#"
        the body is not JSON: it breaks at byte 121
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check_json(
        "\"Sync\"}",
        "\"Sync\",}",
        expect![[r#"
        the body is not JSON: it breaks at byte 128
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check_json(
        "}}",
        "}}}",
        expect![[r#"
        the body is not JSON: it breaks at byte 129
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check_json(
        "[1]",
        &"[".repeat(50),
        expect![[r#"
        the body is over the limit `nesting` of 16
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check_json(
        "[1]",
        &format!("\"{}\"", "x".repeat(70_000)),
        expect![[r#"
            the body is over the limit `envelope_bytes` of 65536
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check_xml(
        "Sync",
        &"x".repeat(70_000),
        expect![[r#"
        the body is over the limit `envelope_bytes` of 65536
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check_xml(
        "<session",
        &format!("<{}", "x".repeat(70_000)),
        expect![[r#"
            the body is over the limit `envelope_bytes` of 65536
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
}

#[test]
fn an_envelope_that_is_cut_anywhere_is_refused() {
    for at in 0..JSON.len() {
        let told = json(&JSON[..at]);
        assert!(told.starts_with("the body"), "{at}: {told}");
    }
    for at in 0..XML.len() {
        let told = xml(&XML[..at]);
        assert!(told.starts_with("the body"), "{at}: {told}");
    }
}

proptest! {
    #[test]
    fn an_envelope_with_some_bytes_changed_is_judged(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        letters in "[<>&;/!\\[\\]{}\",:]{0,4}",
    ) {
        let (json, xml) = (AdapterFormat::Json, AdapterFormat::Xml);
        let rows: [&[&str]; 2] = [&["top", "data"], &["top", "data", "row"]];
        for (format, rows, body) in [(json, rows[0], JSON), (xml, rows[1], XML)] {
            let mut body = body.as_bytes().to_vec();
            for (at, byte) in &changes {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            for (letter, (at, _)) in letters.bytes().zip(&changes) {
                body.insert(at.index(body.len()), letter);
            }
            let (contract, adapter) = (contract(), adapter(format, rows));
            let mapping = Mapping::new(&adapter, &contract);
            let answer = judge_through(&mapping, &[], &Limits::default(), &body);
            let is_answer = matches!(
                answer,
                Ok(_) | Err(IngestError::Refused { .. } | IngestError::Limit { .. })
            );
            prop_assert!(is_answer);
        }
    }
}

#[test]
fn what_is_passed_over_is_looked_at_all_the_same() {
    let personal = |format, rows: &[&str], body: &str| {
        let (contract, adapter) = (contract(), adapter(format, rows));
        let mapping = Mapping::new(&adapter, &contract);
        let judged = judge_through(&mapping, &[], &Limits::default(), body.as_bytes());
        judged.unwrap().personal
    };
    let json = |from: &str, to: &str| {
        let body = JSON.replacen(from, to, 1);
        personal(AdapterFormat::Json, &["top", "data"], &body)
    };
    let xml = |from: &str, to: &str| {
        let body = XML.replacen(from, to, 1);
        personal(AdapterFormat::Xml, &["top", "data", "row"], &body)
    };
    assert!(!json("", "") && !xml("", ""));
    assert!(json("{\"a\":[1]}", "{\"a\":[\"0912345678\"]}"));
    assert!(json("{\"Ma\":\"B\"}", "{\"Ma\":\"B\",\"Ten\":\"a@b.vn\"}"));
    assert!(json(
        "{\"Ma\":\"B\"}",
        "{\"Ma\":\"B\",\"TaiLieu\":[{\"x\":\"a@b.vn\"}]}"
    ));
    assert!(xml("a=\"1\"", "a=\"0912345678\""));
    assert!(xml("<x>y</x>", "<x>a@b.vn</x>"));
    assert!(xml("<x>y</x>", "<x b=\"a@b.vn\">y</x>"));
    assert!(xml("</x>z<", "</x>001099012345<"));
    assert!(xml("<Ma>A</Ma>", "<Ma>A</Ma><Ten>0912345678</Ten>"));
}
