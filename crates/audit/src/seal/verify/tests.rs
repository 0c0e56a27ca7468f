use expect_test::expect;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::seal::{
    KeyId, PublicKeys, Seal, SealError, Sealed, SigningKey, VerifyError, verify, verify_evidence,
};

const RECEIPT: &str = r#"{"kind":"receipt","agency":"Hà Nội \"1\"","rows":{"landed":10,"warned":0},"parts":[1,-2,true],"committed_at":null,"evidence":{"sha256":"ab01","size_bytes":321}}"#;

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32]).unwrap()
}

fn keys() -> PublicKeys {
    key().public().into()
}

fn sealed(stored: &str) -> String {
    let sealed = Sealed::new(stored, key().sign(stored.as_bytes()));
    sealed.unwrap().to_json()
}

/// Sealed without the checks of [`Sealed::new`], as a careless signer would.
fn sealed_by_hand(stored: &str, shown: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    let Seal { key_id, signature } = key().sign(stored.as_bytes());
    let mut shown: Value = serde_json::from_str(shown).unwrap();
    shown["proof"] = json!({
        "algorithm": "Ed25519",
        "key_id": key_id.to_string(),
        "payload": STANDARD.encode(stored),
        "signature": STANDARD.encode(signature),
    });
    shown.to_string()
}

fn error(text: &str) -> String {
    let error = verify(text, &keys()).unwrap_err();
    format!("{error}\n{}\n", error.hint())
}

/// The text without the space that means nothing.
fn dense(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let mut kept = String::new();
    for letter in text.chars() {
        if inside || !matches!(letter, ' ' | '\t' | '\n' | '\r') {
            kept.push(letter);
        }
        inside ^= letter == '"' && !escaped;
        escaped = inside && letter == '\\' && !escaped;
    }
    kept
}

#[test]
fn a_sealed_document_reads_as_before_and_carries_its_proof() {
    let text = sealed(r#"{"rows":{"landed":10}}"#);
    expect![[r#"{"rows":{"landed":10},"proof":{"algorithm":"Ed25519","key_id":"fe812c12f3ab4ce6","payload":"eyJyb3dzIjp7ImxhbmRlZCI6MTB9fQ==","signature":"Qje+iLnA5H0hbCY4wQL4gKmbVY+Wkf9UjDHVjXxVuGF1LJzXc+BKwgTzoDqPxr31bDyYzeeB8QLvCGtLn4A4Bg=="}}"#]].assert_eq(&text);
    let verified = verify(&text, &keys()).unwrap();
    assert_eq!(verified.payload, br#"{"rows":{"landed":10}}"#);
    assert_eq!(verified.value, json!({"rows": {"landed": 10}}));
    assert_eq!(verified.key_id(), key().public().id());
}

#[test]
fn a_document_of_no_members_and_a_laid_out_one_are_sealed_too() {
    for stored in ["{}", " { } \n", "{\n  \"a\": 1\n}\n", "{\"a\":\"}\"}"] {
        let verified = verify(&sealed(stored), &keys()).unwrap();
        assert_eq!(verified.payload, stored.as_bytes());
    }
}

#[test]
fn a_document_may_be_laid_out_anew() {
    let text = sealed(RECEIPT);
    let value: Value = serde_json::from_str(&text).unwrap();
    let escaped = text.replace('à', "\\u00e0").replace('ộ', "\\u1ED9");
    assert_ne!(escaped, text);
    for text in [serde_json::to_string_pretty(&value).unwrap(), escaped] {
        assert_eq!(verify(&text, &keys()).unwrap().payload, RECEIPT.as_bytes());
    }
}

#[test]
fn a_changed_member_is_named_with_both_values() {
    let landed = sealed(RECEIPT).replacen(r#""landed":10"#, r#""landed":12"#, 1);
    let several = sealed(RECEIPT)
        .replacen(r#""warned":0"#, r#""late":0"#, 1)
        .replacen("-2,true", "2", 1)
        .replacen("Hà", "Ha", 1);
    let answers = [error(&landed), error(&several)];
    expect![[r#"
        the document is not what was signed: `rows.landed` is `12`, signed was `10`
        Rely on what was signed: somebody changed what can be read after the signature.

        the document is not what was signed: `agency` is `"Ha Nội \"1\""`, signed was `"Hà Nội \"1\""`; `parts[1]` is `2`, signed was `-2`; `parts[2]` is missing, signed was `true`; `rows.late` is `0`, and was not signed; `rows.warned` is missing, signed was `0`
        Rely on what was signed: somebody changed what can be read after the signature.
    "#]].assert_eq(&answers.join("\n"));
}

#[test]
fn members_are_neither_taken_away_nor_added() {
    let less = sealed(RECEIPT).replacen(r#""kind":"receipt","#, "", 1);
    let more = sealed(RECEIPT).replacen('{', r#"{"paid":true,"#, 1);
    let null = sealed(RECEIPT).replacen(r#""committed_at":null,"#, "", 1);
    let answers = [error(&less), error(&more), error(&null)];
    expect![[r#"
        the document is not what was signed: `kind` is missing, signed was `"receipt"`
        Rely on what was signed: somebody changed what can be read after the signature.

        the document is not what was signed: `paid` is `true`, and was not signed
        Rely on what was signed: somebody changed what can be read after the signature.

        the document is not what was signed: `committed_at` is missing, signed was `null`
        Rely on what was signed: somebody changed what can be read after the signature.
    "#]]
    .assert_eq(&answers.join("\n"));
}

#[test]
fn a_long_value_is_shown_by_its_start() {
    let changed = sealed(RECEIPT).replacen("receipt", &"ộ".repeat(1000), 1);
    let Err(VerifyError::Differs(differences)) = verify(&changed, &keys()) else {
        panic!("it verifies");
    };
    let found = differences[0].found.as_deref().unwrap();
    assert!(found.ends_with("ộ…") && found.len() < 210, "{found}");
}

#[test]
fn what_is_no_sealed_document_says_so() {
    let text = sealed(RECEIPT);
    let shown: Value = serde_json::from_str(&text).unwrap();
    let with = |change: fn(&mut Value)| {
        let mut shown = shown.clone();
        change(&mut shown["proof"]);
        error(&shown.to_string())
    };
    let answers = [
        error("{"),
        error("[]"),
        error(&text.replacen('{', r#"{"kind":"receipt","#, 1)),
        error(&text.replacen(r#""landed":10"#, r#""landed":10,"landed":10"#, 1)),
        error(&text.replacen(r#""landed":10"#, r#""landed":10.0"#, 1)),
        error(RECEIPT),
        with(|proof| *proof = json!("yes")),
        with(|proof| proof["algorithm"] = json!("none")),
        with(|proof| proof["algorithm"] = json!(null)),
        with(|proof| proof["public_key"] = json!("AA")),
        with(|proof| proof["key_id"] = json!(1)),
        with(|proof| proof["key_id"] = json!("0123456789abcdef")),
        with(|proof| proof["payload"] = json!("?")),
        with(|proof| proof["payload"] = json!("e30=")),
        with(|proof| proof["signature"] = json!("AA==")),
        with(|proof| drop(proof.as_object_mut().unwrap().remove("payload"))),
    ];
    expect![[r#"
        cannot read the document: EOF while parsing an object at line 1 column 1
        Give the file as it was received, unchanged.

        cannot read the document: it is no JSON object
        Give the file as it was received, unchanged.

        cannot read the document: member `kind` is there twice at line 1 column 24
        Give the file as it was received, unchanged.

        cannot read the document: member `landed` is there twice at line 1 column 73
        Give the file as it was received, unchanged.

        cannot read the document: a number is no integer of 64 bits at line 1 column 66
        Give the file as it was received, unchanged.

        the document has no member `proof`
        Ask for the document again; this copy proves nothing.

        cannot read the member `proof`: it is no object
        Ask for the document again; this copy proves nothing.

        the document is signed with the algorithm `none`, expected `Ed25519`
        Verify it with a newer version of this program, if it comes from one.

        cannot read the member `proof`: it names no algorithm
        Ask for the document again; this copy proves nothing.

        cannot read the member `proof`: unknown field `public_key`, expected one of `key_id`, `payload`, `signature`
        Ask for the document again; this copy proves nothing.

        cannot read the member `proof`: invalid type: integer `1`, expected a string
        Ask for the document again; this copy proves nothing.

        the document is signed with key `0123456789abcdef`, which is not among those given: `fe812c12f3ab4ce6`
        Get the public keys anew, retired ones too; if the key is still not among them, the document comes from somebody else.

        cannot read the member `proof`: `payload` is no base64
        Ask for the document again; this copy proves nothing.

        the signature is not that of key `fe812c12f3ab4ce6` over the document
        Do not rely on this copy; ask for the document again.

        the signature is not that of key `fe812c12f3ab4ce6` over the document
        Do not rely on this copy; ask for the document again.

        cannot read the member `proof`: missing field `payload`
        Ask for the document again; this copy proves nothing.
    "#]].assert_eq(&answers.join("\n"));
}

#[test]
fn a_document_cannot_vouch_for_itself() {
    let error = verify(&sealed(RECEIPT), &PublicKeys::default()).unwrap_err();
    assert_eq!(error, VerifyError::NoKey);
}

#[test]
fn only_the_keys_that_were_given_are_believed() {
    let other = SigningKey::from_seed(&[8; 32]).unwrap();
    let Err(VerifyError::UnknownKey { key_id, given }) =
        verify(&sealed(RECEIPT), &other.public().into())
    else {
        panic!("another key is believed");
    };
    assert_eq!(key_id, key().public().id().to_string());
    assert_eq!(given, [other.public().id()]);
}

#[test]
fn a_signature_of_another_key_under_our_name_is_wrong() {
    let other = SigningKey::from_seed(&[8; 32]).unwrap();
    let key_id = key().public().id();
    let signature = other.sign(RECEIPT.as_bytes()).signature;
    let text = Sealed::new(RECEIPT, Seal { key_id, signature })
        .unwrap()
        .to_json();
    assert_eq!(
        verify(&text, &keys()),
        Err(VerifyError::WrongSignature(key_id))
    );
}

#[test]
fn what_was_signed_must_be_a_document_even_if_the_signature_is_right() {
    let cases = [
        sealed_by_hand("10", "{}"),
        sealed_by_hand(r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        sealed_by_hand(r#"{"a":1.5}"#, r#"{"a":1}"#),
        sealed_by_hand(r#"{"proof":1}"#, "{}"),
    ];
    let answers: Vec<_> = cases.iter().map(|text| error(text)).collect();
    expect![[r#"
        what key `fe812c12f3ab4ce6` signed is no document: it is no JSON object
        Do not rely on this copy; ask for the document again.

        what key `fe812c12f3ab4ce6` signed is no document: member `a` is there twice at line 1 column 10
        Do not rely on this copy; ask for the document again.

        what key `fe812c12f3ab4ce6` signed is no document: a number is no integer of 64 bits at line 1 column 8
        Do not rely on this copy; ask for the document again.

        what key `fe812c12f3ab4ce6` signed is no document: it has a member `proof`
        Do not rely on this copy; ask for the document again.
    "#]].assert_eq(&answers.join("\n"));
}

#[test]
fn what_nobody_could_verify_is_not_sealed() {
    let seal = key().sign(b"");
    let refused = |stored: &[u8]| match Sealed::new(stored, seal) {
        Err(error @ SealError::Unsealable(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let answers = [
        refused(b""),
        refused(b"[]"),
        refused(b"{\"a\":\"\xff\"}"),
        refused(br#"{"a":{"b":1,"b":1}}"#),
        refused(br#"{"proof":{}}"#),
        refused(br#"{"a":0.1}"#),
        refused(br#"{"a":18446744073709551616}"#),
        refused(br#"{"a":-0}"#),
    ];
    expect![[r#"
        cannot seal the document: EOF while parsing a value at line 1 column 0
        cannot seal the document: it is no JSON object
        cannot seal the document: it is no UTF-8
        cannot seal the document: member `b` is there twice at line 1 column 15
        cannot seal the document: it has a member `proof`
        cannot seal the document: a number is no integer of 64 bits at line 1 column 8
        cannot seal the document: a number is no integer of 64 bits at line 1 column 25
        cannot seal the document: a number is no integer of 64 bits at line 1 column 7"#]]
    .assert_eq(&answers.join("\n"));
}

#[test]
fn evidence_is_that_of_the_document_or_not() {
    let verified = verify(&sealed(RECEIPT), &keys()).unwrap();
    assert_eq!(verify_evidence(&verified, "ab01", 321), Ok(()));
    assert_eq!(verify_evidence(&verified, "AB01", 321), Ok(()));
    let other = verify_evidence(&verified, "ab02", 320).unwrap_err();
    expect![[r#"the file is not the evidence of the document: `evidence.sha256` is `"ab02"`, signed was `"ab01"`; `evidence.size_bytes` is `320`, signed was `321`"#]].assert_eq(&other.to_string());
    assert!(verify_evidence(&verified, "ab01", 320).is_err());
    for stored in [
        "{}",
        r#"{"evidence":"ab01"}"#,
        r#"{"evidence":{"sha256":"ab01"}}"#,
    ] {
        let verified = verify(&sealed(stored), &keys()).unwrap();
        let none = verify_evidence(&verified, "ab01", 321);
        assert_eq!(none, Err(VerifyError::NoEvidence), "{stored}");
    }
}

/// Whether the edited text may verify, and whether it does as it may.
fn check_edit(text: &str, edited: Vec<u8>) {
    let Ok(edited) = String::from_utf8(edited) else {
        return;
    };
    // Space within a number or a word leaves no JSON.
    let is_json = serde_json::from_str::<Value>(&edited).is_ok();
    let same = is_json && dense(text) == dense(&edited);
    assert_eq!(verify(&edited, &keys()).is_ok(), same, "{edited}");
}

#[test]
fn no_byte_can_be_changed_taken_away_or_added_but_space() {
    let text = sealed(RECEIPT);
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut edited = text.clone().into_bytes();
            edited[at] ^= 1 << bit;
            check_edit(&text, edited);
        }
        let mut edited = text.clone().into_bytes();
        edited.remove(at);
        check_edit(&text, edited);
        for added in *b" \n0A,\"}=" {
            let mut edited = text.clone().into_bytes();
            edited.insert(at, added);
            check_edit(&text, edited);
        }
    }
}

#[test]
fn the_signature_of_another_document_does_not_fit() {
    let mut mixed: Value = serde_json::from_str(&sealed(RECEIPT)).unwrap();
    let other: Value = serde_json::from_str(&sealed("{}")).unwrap();
    mixed["proof"]["signature"] = other["proof"]["signature"].clone();
    let id: KeyId = key().public().id();
    let verified = verify(&mixed.to_string(), &keys());
    assert_eq!(verified, Err(VerifyError::WrongSignature(id)));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner).prop_map(Value::from),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let pairs = prop::collection::vec((any::<String>(), value), 0..4);
    pairs.prop_map(|pairs| {
        pairs
            .into_iter()
            .filter(|(name, _)| name != "proof")
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sealed_verifies_and_says_the_same(members in members(value())) {
        let stored = Value::from(members);
        let text = sealed(&stored.to_string());
        let verified = verify(&text, &keys()).unwrap();
        prop_assert_eq!(&verified.value, &stored);
        let pretty = serde_json::to_string_pretty(&stored).unwrap();
        prop_assert_eq!(verify(&sealed(&pretty), &keys()).unwrap().value, stored);
    }

    #[test]
    fn whatever_is_spliced_in_verifies_only_if_it_is_space(
        start in 0..1000_usize,
        length in 0..6_usize,
        new in "[ \n0-9a-zA-Z\"\\\\,:{}\\[\\]]{0,5}",
    ) {
        let text = sealed(RECEIPT);
        let start = start.min(text.len());
        let end = (start + length).min(text.len());
        let edited = [&text.as_bytes()[..start], new.as_bytes(), &text.as_bytes()[end..]];
        check_edit(&text, edited.concat());
    }
}
