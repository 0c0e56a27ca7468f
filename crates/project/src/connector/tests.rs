use chrono::{DateTime, Utc};
use expect_test::{Expect, expect};

use super::{Connector, PeriodRule, PutAway, Repeated, Schedule, SecretRef, SourceKind};
use crate::{Project, Sources};

const PATH: &str = "warehouse/connectors/inbox.yaml";

const GOOD: &str = "\
name: inbox
title: { vi: Hộp nhận, en: Inbox }
kind: folder
source: { folder: /srv/inbox, quiet: 10s }
layout: '{agency}/{dataset}/{period}'
schedule: { every: 15m }
repeated: new
";

const BUCKET: &str = "\
name: inbox
title: { vi: Kho, en: Bucket }
kind: objects
source:
  url: s3://drop/h26/
  endpoint: https://s3.example.vn
  access_key: env:H26_KEY
  secret_key: file:h26.key
  after: keep
dataset: raw.things
agency: H26
period: { calendar: month, which: previous }
body: { format: csv, charset: tcvn3, adapter: portal }
schedule: { cron: 30 2 * * * }
repeated: corrects
limits: { pieces: 10, bytes: 1000 }
enabled: false
";

fn contract(dataset: &str, columns: &[(&str, &str, &str)]) -> (String, Vec<u8>) {
    let (layer, name) = dataset.split_once('.').unwrap();
    let mut text = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: {dataset}\nname: x\nversion: 1.0.0\nstatus: \
         active\ndescription: {{ purpose: x }}\nteam: {{ name: x }}\ncustomProperties:\n  - {{ \
         property: name.en, value: x }}\n  - {{ property: purpose.vi, value: x }}\n  - {{ \
         property: classification, value: public }}\nschema:\n  - name: {name}\n    physicalType: \
         table\n    properties:\n"
    );
    for (column, kind, more) in columns {
        text += &format!(
            "      - name: {column}\n        businessName: x\n        logicalType: {kind}\n        \
             physicalType: {kind}\n        description: x\n        customProperties: [{{ \
             property: businessName.en, value: X }}]\n{more}"
        );
    }
    let path = format!("warehouse/{layer}/{name}.odcs.yaml");
    (path, text.into_bytes())
}

/// Reads the connector in a project of two datasets, one with a key, and a calendar of months.
fn project(path: &str, connector: &str) -> (Project, String) {
    const KEY: &str = "        required: true\n        primaryKey: true\n        \
                       primaryKeyPosition: 1\n";
    const REQUIRED: &str = "        required: true\n";
    let code = ("code", "string", REQUIRED);
    let day = |name| (name, "date", REQUIRED);
    let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let files = [
        contract("raw.things", &[("id", "string", KEY)]),
        contract("raw.loose", &[("id", "string", REQUIRED)]),
        contract("codes.agencies", &[code]),
        contract(
            "codes.periods",
            &[code, ("kind", "string", REQUIRED), day("start_on"), day("end_on")],
        ),
        file("warehouse/codes/agencies.csv", "code\nH26\nH29\n"),
        file(
            "warehouse/codes/periods.csv",
            "code,kind,start_on,end_on\n2026-09,month,2026-08-15,2026-09-14\n",
        ),
        file(
            "warehouse/adapters/portal.yaml",
            "name: portal\ntitle: { vi: C, en: P }\ndataset: raw.things\nformat: json\ncolumns:\n  \
             id: { from: Ma }\n",
        ),
        file(path, connector),
    ];
    let (project, problems) = Project::read(&Sources::from_files(files));
    let told: String = problems.iter().map(|p| format!("{p}\n")).collect();
    (project, told.replace(PATH, "C"))
}

/// Checks a good connector with one part changed.
#[track_caller]
fn check(good: &str, from: &str, to: &str, expected: Expect) {
    assert!(good.contains(from), "{from}");
    expected.assert_eq(&project(PATH, &good.replacen(from, to, 1)).1);
}

#[track_caller]
fn good(text: &str) -> Connector {
    let (mut project, told) = project(PATH, text);
    assert_eq!(told, "");
    project.connectors.remove("inbox").unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_drop_folder_is_read() {
    let connector = good(GOOD);
    let SourceKind::Folder(source) = &connector.source else {
        panic!("{connector:?}");
    };
    assert_eq!((source.folder.as_str(), source.quiet.as_secs()), ("/srv/inbox", 10));
    assert_eq!(connector.period, PeriodRule::Path);
    assert!(connector.enabled && connector.dataset.is_none() && connector.agency.is_none());
    assert_eq!(connector.limits.pieces, 1000);
    let placed = connector.layout.place("H26/raw.things/2026-09/a.csv").unwrap();
    assert_eq!(
        (placed.agency, placed.dataset, placed.period),
        (Some("H26"), Some("raw.things"), Some("2026-09"))
    );
    for elsewhere in ["a.csv", "H26/a.csv", "H26/raw.things/2026-09/more/a.csv"] {
        assert_eq!(connector.layout.place(elsewhere), None, "{elsewhere}");
    }
}

#[test]
fn a_bucket_is_read() {
    let connector = good(BUCKET);
    let SourceKind::Objects(source) = &connector.source else {
        panic!("{connector:?}");
    };
    assert_eq!((source.bucket.as_str(), source.prefix.as_str()), ("drop", "h26"));
    assert_eq!(source.access_key, Some(SecretRef::Env("H26_KEY".to_owned())));
    assert_eq!(
        source.secret_key,
        Some(SecretRef::File("h26.key".to_owned()))
    );
    assert_eq!(source.after, PutAway::Keep);
    assert_eq!(connector.repeated, Repeated::Corrects);
    assert_eq!(connector.body["charset"], "tcvn3");
    assert_eq!((connector.limits.pieces, connector.limits.bytes), (10, Some(1000)));
    assert!(!connector.enabled);
}

#[test]
fn schedules_are_in_civil_time() {
    let nightly = good(BUCKET).schedule;
    // Half past two at night in Vietnam is half past seven in the evening of UTC.
    let next = nightly.after(at("2026-09-19T19:29:59Z")).unwrap();
    assert_eq!(next, at("2026-09-19T19:30:00Z"));
    assert_eq!(nightly.after(next), Some(at("2026-09-20T19:30:00Z")));
    let often = good(GOOD).schedule;
    assert!(matches!(often, Schedule::Every(_)));
    assert_eq!(
        often.after(at("2026-09-20T03:00:00Z")),
        Some(at("2026-09-20T03:15:00Z"))
    );
}

#[test]
fn a_schedule_that_is_none_is_told() {
    let change = |to: &str, expected| check(GOOD, "{ every: 15m }", to, expected);
    change("{ every: 5s }", expect![""]);
    change("{ every: soon }", expect![""]);
    change("{ every: 15 }", expect![""]);
    change("{}", expect![""]);
    change("{ every: 1h, cron: 0 2 * * * }", expect![""]);
    change("{ cron: 0 2 * * }", expect![""]);
    change("{ cron: 0 25 * * * }", expect![""]);
    change("{ cron: 0 0 31 2 * }", expect![""]);
    change("{ evry: 15m }", expect![""]);
}

#[test]
fn what_the_layout_and_the_file_say_is_said_once() {
    check(GOOD, "layout:", "agency: H26\nlayout:", expect![""]);
    check(GOOD, "{agency}/", "", expect![""]);
    check(GOOD, "/{period}", "", expect![""]);
    check(GOOD, "{agency}/", "{agenci}/", expect![""]);
    check(GOOD, "{agency}/", "{agency}/../{agency}/", expect![""]);
    check(GOOD, "{agency}/", "{agency}/done/", expect![""]);
}

#[test]
fn what_other_files_lack_is_told() {
    check(BUCKET, "raw.things", "raw.thing", expect![""]);
    check(BUCKET, "raw.things", "codes.agencies", expect![""]);
    check(BUCKET, "H26\n", "H27\n", expect![""]);
    check(BUCKET, "H26\n", "H 26\n", expect![""]);
    check(BUCKET, "portal }", "portl }", expect![""]);
    check(BUCKET, "raw.things", "raw.loose", expect![""]);
    check(BUCKET, "calendar: month", "calendar: year", expect![""]);
    check(BUCKET, "{ calendar: month, which: previous }", "2026-10", expect![""]);
    check(BUCKET, "{ calendar: month, which: previous }", "soon", expect![""]);
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    check(BUCKET, "env:H26_KEY", "AKIA-THE-SECRET", expect![""]);
    check(BUCKET, "file:h26.key", "'12345'", expect![""]);
    check(BUCKET, "file:h26.key", "12345", expect![""]);
    check(BUCKET, "  secret_key: file:h26.key\n", "", expect![""]);
    let with_password = "https://key:THE-SECRET@s3.example.vn";
    check(BUCKET, "https://s3.example.vn", with_password, expect![""]);
    check(BUCKET, "s3://drop", "https://key:THE-SECRET@drop", expect![""]);
}

#[test]
fn the_options_of_a_source_are_known() {
    check(BUCKET, "https://", "http://", expect![""]);
    check(BUCKET, "after: keep", "after: delete", expect![""]);
    check(BUCKET, "endpoint:", "endpont:", expect![""]);
    check(GOOD, "/srv/inbox", "../inbox", expect![""]);
    check(GOOD, "quiet: 10s", "quiet: soon", expect![""]);
    check(GOOD, "kind: folder", "kind: foldr", expect![""]);
    check(GOOD, "source:", "sources:", expect![""]);
    check(BUCKET, "charset: tcvn3", "charset: tcvn", expect![""]);
    check(BUCKET, "pieces: 10", "pieces: 0", expect![""]);
    check(BUCKET, "repeated: corrects", "repeated: often", expect![""]);
}

#[test]
fn kinds_that_are_not_built_are_told() {
    check(GOOD, "kind: folder", "kind: http", expect![""]);
    check(GOOD, "kind: folder", "kind: sql", expect![""]);
}

#[test]
fn a_file_is_named_as_its_connector() {
    check(GOOD, "name: inbox", "name: outbox", expect![""]);
    let (_, told) = project("warehouse/connectors/In box.yaml", GOOD);
    expect![""].assert_eq(&told);
    let (_, told) = project("warehouse/connectors/deep/inbox.yaml", GOOD);
    expect![""].assert_eq(&told);
}
