use chrono::DateTime;
use expect_test::expect;

use crate::seal::{KeyRecord, PublicKeys, SealError, SigningKey};

/// RFC 8037, appendix A.2.
const RFC_8037: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn record(seed: u8) -> KeyRecord {
    let key = SigningKey::from_seed(&[seed; 32]).unwrap().public();
    KeyRecord {
        key,
        created_at: DateTime::from_timestamp(1_789_466_400, 0),
        retired_at: DateTime::from_timestamp(1_789_552_800, 0).filter(|_| seed == 1),
    }
}

fn error(text: &str) -> String {
    PublicKeys::parse(text).unwrap_err().to_string()
}

#[test]
fn the_key_of_rfc_8037_is_read() {
    let record = KeyRecord::from_jwk(RFC_8037).unwrap();
    assert_eq!(record.key.id().to_string(), "21fe31dfa154a261");
    assert_eq!((record.created_at, record.retired_at), (None, None));
    let jwk = record.to_jwk();
    assert_eq!(jwk["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

#[test]
fn a_set_says_of_each_key_what_it_is_called_and_when_it_signed() {
    let keys: PublicKeys = [record(1), record(2)].into_iter().collect();
    let jwks = serde_json::to_string_pretty(&keys.to_jwks()).unwrap();
    expect![[r#"
        {
          "keys": [
            {
              "alg": "EdDSA",
              "created_at": "2026-09-15T10:00:00Z",
              "crv": "Ed25519",
              "kid": "34750f98bd59fcfc",
              "kty": "OKP",
              "retired_at": "2026-09-16T10:00:00Z",
              "use": "sig",
              "x": "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"
            },
            {
              "alg": "EdDSA",
              "created_at": "2026-09-15T10:00:00Z",
              "crv": "Ed25519",
              "kid": "6a3803d5f059902a",
              "kty": "OKP",
              "use": "sig",
              "x": "gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q"
            }
          ]
        }"#]]
    .assert_eq(&jwks);
    assert_eq!(PublicKeys::parse(&jwks).unwrap(), keys);
}

#[test]
fn every_form_of_a_key_is_told_from_the_others() {
    let record = record(2);
    let only_key = PublicKeys::from(record.key);
    let jwk = record.to_jwk().to_string();
    let with_times: PublicKeys = [record.clone()].into_iter().collect();
    assert_eq!(PublicKeys::parse(&jwk).unwrap(), with_times);
    assert_eq!(PublicKeys::parse(&record.key.to_pem()).unwrap(), only_key);
    let base64 = "\ngTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=\n";
    assert_eq!(PublicKeys::parse(base64).unwrap(), only_key);
}

#[test]
fn a_file_may_hold_several_pem_blocks() {
    let text = format!("{}\n{}", record(1).key.to_pem(), record(2).key.to_pem());
    let keys = PublicKeys::parse(&text).unwrap();
    let ids: Vec<_> = keys.iter().map(|record| record.key.id()).collect();
    assert_eq!(ids, [record(1).key.id(), record(2).key.id()]);
}

#[test]
fn keys_of_other_kinds_in_a_set_are_passed_over() {
    let ours = record(2).to_jwk();
    let others = [
        r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
        r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
        r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"AA","use":"enc"}"#,
    ];
    let text = format!(r#"{{"keys":[{},{ours}]}}"#, others.join(","));
    assert_eq!(PublicKeys::parse(&text).unwrap().iter().count(), 1);
    let alone = format!(r#"{{"keys":[{}]}}"#, others[0]);
    assert!(PublicKeys::parse(&alone).unwrap().is_empty());
    for other in others {
        assert!(PublicKeys::parse(other).is_err(), "{other}");
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let twice = RFC_8037.replace('{', r#"{"x":"AA","#);
    let short = RFC_8037.replace("HURo", "");
    let padded = RFC_8037.replace("HURo", "HURo=");
    let no_time = RFC_8037.replace('{', r#"{"created_at":"yesterday","#);
    let answers = [
        error(""),
        error("{"),
        error("{}"),
        error(r#"{"keys":1}"#),
        error(r#"{"keys":[1]}"#),
        error(&twice),
        error(&short),
        error(&padded),
        error(&no_time),
    ];
    expect![[r#"
        cannot read the key: it is no base64 of 32 bytes
        cannot read the key: EOF while parsing an object at line 1 column 1
        cannot read the key: it is no JWK: missing field `kty`
        cannot read the key: it is no JWK Set: invalid type: integer `1`, expected a sequence
        cannot read the key: it is no JWK: invalid type: integer `1`, expected struct Jwk
        cannot read the key: member `x` is there twice at line 1 column 41
        cannot read the key: the member `x` of a JWK is no base64url of 32 bytes
        cannot read the key: the member `x` of a JWK is no base64url of 32 bytes
        cannot read the key: it is no JWK: input contains invalid characters"#]]
    .assert_eq(&answers.join("\n"));
}

#[test]
fn a_private_jwk_is_refused_alone_and_in_a_set() {
    let private = RFC_8037.replace(
        '{',
        r#"{"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","#,
    );
    for text in [private.clone(), format!(r#"{{"keys":[{private}]}}"#)] {
        assert!(matches!(PublicKeys::parse(&text), Err(SealError::Private)));
    }
    let pem = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
    assert!(matches!(PublicKeys::parse(pem), Err(SealError::Private)));
}

#[test]
fn a_key_is_called_by_what_it_is_and_not_by_its_kid() {
    let text = record(2).to_jwk().to_string();
    let renamed = text.replace(
        &record(2).key.id().to_string(),
        &record(1).key.id().to_string(),
    );
    assert_ne!(text, renamed);
    let keys = PublicKeys::parse(&renamed).unwrap();
    assert!(keys.get(record(2).key.id()).is_some());
    assert!(keys.get(record(1).key.id()).is_none());
}

#[test]
fn a_key_that_is_there_is_not_added_again() {
    let keys: PublicKeys = [record(1), record(1).key.into()].into_iter().collect();
    assert_eq!(keys.iter().collect::<Vec<_>>(), [&record(1)]);
}
