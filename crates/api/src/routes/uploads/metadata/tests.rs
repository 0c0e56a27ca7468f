use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use service::{Ack, BodyFormat, Relation, UploadRequest};

use super::*;
use crate::testing::ID;

fn metadata(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name} {}", STANDARD.encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn read(metadata: &str, query: &str) -> Result<UploadRequest, Box<Problem>> {
    let mut headers = HeaderMap::new();
    headers.insert(tus::LENGTH, 10.into());
    headers.insert(tus::METADATA, HeaderValue::try_from(metadata).unwrap());
    request(query, &headers)
}

const LEAST: [(&str, &str); 3] = [
    ("dataset", "raw.visits"),
    ("period", "2026-09"),
    ("filename", "Lượt khách.csv.gz"),
];

#[test]
fn everything_that_a_submission_is_told_may_stand_in_the_metadata() {
    let metadata = metadata(&[
        ("dataset", "raw.visits"),
        ("agency", "H26.01"),
        ("period", "2026-09"),
        ("filetype", "text/csv; charset=windows-1258"),
        ("filename", "visits.xlsx"),
        ("idempotency_key", "k 1"),
        ("corrects", ID),
        ("dry_run", "true"),
        ("ack", "durable"),
        ("control_totals", "rows:3"),
        ("adapter", "portal"),
        ("delimiter", "semicolon"),
    ]);
    let UploadRequest {
        submit,
        length,
        metadata: kept,
    } = read(&metadata, "").unwrap();
    assert_eq!((length, &kept), (10, &metadata));
    assert_eq!(submit.dataset.as_str(), "raw.visits");
    assert_eq!(submit.agency.unwrap().as_str(), "H26.01");
    assert_eq!(submit.format.format, BodyFormat::Csv);
    for (name, value) in [
        ("charset", "windows-1258"),
        ("adapter", "portal"),
        ("delimiter", "semicolon"),
    ] {
        assert_eq!(submit.format.get(name), Some(value));
    }
    assert_eq!(submit.key.as_deref(), Some("k 1"));
    assert_eq!(
        submit.relation,
        Some(Relation::Corrects(ID.parse().unwrap()))
    );
    assert!(submit.dry_run && submit.ack == Ack::Durable);
    assert_eq!(submit.control_totals["rows"], "3");
}

#[test]
fn a_file_without_a_type_is_what_its_name_says() {
    let submit = read(&metadata(&LEAST), "").unwrap().submit;
    assert_eq!(submit.format.format, BodyFormat::Csv);
    assert_eq!(submit.format.get("compression"), Some("gzip"));
}

#[test]
fn the_query_string_says_it_too_and_must_not_say_otherwise() {
    let query = "dataset=raw.visits&period=2026-09&content_type=text/csv";
    assert!(read("", query).is_ok());
    assert!(read(&metadata(&LEAST), query).is_ok());
    for other in ["dataset=raw.others", "period=2026-10"] {
        let problem = read(&metadata(&LEAST), other).unwrap_err();
        assert_eq!(problem.status, 400, "{other}: {problem:?}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let without = |name: &str| {
        let kept: Vec<_> = LEAST.into_iter().filter(|(n, _)| *n != name).collect();
        metadata(&kept)
    };
    let with = |name: &str, value: &str| {
        let pairs: Vec<_> = LEAST.into_iter().chain([(name, value)]).collect();
        metadata(&pairs)
    };
    for (metadata, status, named) in [
        (without("dataset"), 400, "no dataset"),
        (without("period"), 400, "no period"),
        (without("filename"), 400, "content_type"),
        (with("filetype", "text/html"), 400, "`text/html`"),
        (with("replace", ID), 400, "`replace`"),
        (with("dry_run", "perhaps"), 400, "dry_run"),
        (with("key", "kh\u{f3}a"), 400, "Idempotency-Key"),
        ("dataset @@@".to_owned(), 400, "`dataset` is no UTF-8"),
        ("dataset cmF3,dataset cmF3".to_owned(), 400, "twice"),
        ("dataset cmF3".to_owned(), 404, "raw"),
    ] {
        let problem = read(&metadata, "").unwrap_err();
        assert_eq!(problem.status, status, "{metadata}: {problem:?}");
        assert!(problem.detail.contains(named), "{named}: {problem:?}");
        assert!(problem.hint.is_some() || named == "dry_run", "{problem:?}");
    }
}
