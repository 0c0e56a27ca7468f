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
            &[
                code,
                ("kind", "string", REQUIRED),
                day("start_on"),
                day("end_on"),
            ],
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
pub(super) fn check(good: &str, from: &str, to: &str, expected: Expect) {
    assert!(good.contains(from), "{from}");
    expected.assert_eq(&project(PATH, &good.replacen(from, to, 1)).1);
}

#[track_caller]
pub(super) fn good(text: &str) -> Connector {
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
    assert_eq!(
        (source.folder.as_str(), source.quiet.as_secs()),
        ("/srv/inbox", 10)
    );
    assert_eq!(connector.period, PeriodRule::Path);
    assert!(connector.enabled && connector.dataset.is_none() && connector.agency.is_none());
    assert_eq!(connector.limits.pieces, 1000);
    let placed = connector
        .layout
        .place("H26/raw.things/2026-09/a.csv")
        .unwrap();
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
    assert_eq!(
        (source.bucket.as_str(), source.prefix.as_str()),
        ("drop", "h26")
    );
    assert_eq!(
        source.access_key,
        Some(SecretRef::Env("H26_KEY".to_owned()))
    );
    assert_eq!(
        source.secret_key,
        Some(SecretRef::File("h26.key".to_owned()))
    );
    assert_eq!(source.after, PutAway::Keep);
    assert_eq!(connector.repeated, Repeated::Corrects);
    assert_eq!(connector.body["charset"], "tcvn3");
    assert_eq!(
        (connector.limits.pieces, connector.limits.bytes),
        (10, Some(1000))
    );
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
    change(
        "{ every: 5s }",
        expect![[r#"
        C:6:20: `every` is `5s`, expected a span of at least `10s`, such as `15m`, `2h` or `1d`
    "#]],
    );
    change(
        "{ every: soon }",
        expect![[r#"
        C:6:20: `every` is `soon`, expected a span of at least `10s`, such as `15m`, `2h` or `1d`
    "#]],
    );
    change(
        "{ every: 15 }",
        expect![[r#"
        C:6:11: `schedule` says one of `every`, `cron`
        C:6:20: `every` must be text, found the number `15`: put it in quotes
    "#]],
    );
    change(
        "{}",
        expect![[r#"
        C:6:11: `schedule` says one of `every`, `cron`
    "#]],
    );
    change(
        "{ every: 1h, cron: 0 2 * * * }",
        expect![[r#"
        C:6:11: `schedule` says one of `every`, `cron`
    "#]],
    );
    change(
        "{ cron: 0 2 * * }",
        expect![[r#"
        C:6:19: `0 2 * *` is no schedule: expected minute, hour, day of month, month and day of week, as in `30 2 * * *`
    "#]],
    );
    change(
        "{ cron: 0 25 * * * }",
        expect![[r#"
        C:6:19: `0 25 * * *` is no schedule: component error: Number out of bounds
    "#]],
    );
    change(
        "{ cron: 0 0 31 2 * }",
        expect![[r#"
        C:6:19: `0 0 31 2 *` is no schedule: that time never comes
    "#]],
    );
    change(
        "{ evry: 15m }",
        expect![[r#"
        C:6:11: `schedule` says one of `every`, `cron`
        C:6:13: unknown key `evry` in `schedule` of the connector: did you mean `every`?
    "#]],
    );
}

#[test]
fn what_the_layout_and_the_file_say_is_said_once() {
    check(
        GOOD,
        "layout:",
        "agency: H26\nlayout:",
        expect![[r#"
        C:5:9: `agency` is said twice: the layout has `{agency}`
    "#]],
    );
    check(
        GOOD,
        "{agency}/",
        "",
        expect![[r#"
        C:1:1: key `agency` is missing in the connector, and the layout has no `{agency}`
    "#]],
    );
    check(
        GOOD,
        "/{period}",
        "",
        expect![[r#"
        C:1:1: key `period` is missing in the connector, and the layout has no `{period}`
    "#]],
    );
    check(
        GOOD,
        "{agency}/",
        "{agenci}/",
        expect![[r#"
        C:1:1: key `agency` is missing in the connector, and the layout has no `{agency}`
        C:1:1: key `dataset` is missing in the connector, and the layout has no `{dataset}`
        C:1:1: key `period` is missing in the connector, and the layout has no `{period}`
        C:5:9: `{agenci}` is no part of a layout: known are `{agency}`, `{dataset}`, `{period}` and plain names of folders
    "#]],
    );
    check(
        GOOD,
        "{agency}/",
        "{agency}/../{agency}/",
        expect![[r#"
        C:1:1: key `agency` is missing in the connector, and the layout has no `{agency}`
        C:1:1: key `dataset` is missing in the connector, and the layout has no `{dataset}`
        C:1:1: key `period` is missing in the connector, and the layout has no `{period}`
        C:5:9: `{agency}/../{agency}/{dataset}/{period}` is no layout: `..` is no folder below
    "#]],
    );
    check(
        GOOD,
        "{agency}/",
        "{agency}/done/",
        expect![[r#"
        C:1:1: key `agency` is missing in the connector, and the layout has no `{agency}`
        C:1:1: key `dataset` is missing in the connector, and the layout has no `{dataset}`
        C:1:1: key `period` is missing in the connector, and the layout has no `{period}`
        C:5:9: folder `done` is where files are put away
    "#]],
    );
}

#[test]
fn what_other_files_lack_is_told() {
    check(
        BUCKET,
        "raw.things",
        "raw.thing",
        expect![[r#"
        C:10:10: no dataset is named `raw.thing`: did you mean `raw.things`?
        C:13:47: adapter `portal` gives rows of `raw.things`, and the connector is for `raw.thing`
    "#]],
    );
    check(
        BUCKET,
        "raw.things",
        "codes.agencies",
        expect![[r#"
        C:1:1: `codes.agencies` has no key, so it is not known which rows a correction is of: write `repeated: replaces`
        C:10:10: `codes.agencies` is not submitted: expected a dataset of the layer `raw`
        C:13:47: adapter `portal` gives rows of `raw.things`, and the connector is for `codes.agencies`
    "#]],
    );
    check(
        BUCKET,
        "H26\n",
        "H27\n",
        expect![[r#"
        C:11:9: agency `H27` is not in the code list `agencies`: did you mean `H26`?
    "#]],
    );
    check(
        BUCKET,
        "H26\n",
        "H 26\n",
        expect![[r#"
        C:11:9: `H 26` is no agency code: expected a letter A–Y and two digits, then groups of `0-9A-Z` after dots, at most 35 characters, as in `H26.01`
    "#]],
    );
}

#[test]
fn an_adapter_a_key_and_a_period_that_are_not_there_are_told() {
    check(
        BUCKET,
        "portal }",
        "portl }",
        expect![[r#"
        C:13:47: no adapter is named `portl`: did you mean `portal`?
    "#]],
    );
    check(
        BUCKET,
        "raw.things",
        "raw.loose",
        expect![[r#"
        C:1:1: `raw.loose` has no key, so it is not known which rows a correction is of: write `repeated: replaces`
        C:13:47: adapter `portal` gives rows of `raw.things`, and the connector is for `raw.loose`
    "#]],
    );
    check(
        BUCKET,
        "calendar: month",
        "calendar: year",
        expect![[r#"
        C:12:9: the calendar has no period of kind `year`
    "#]],
    );
    check(
        BUCKET,
        "{ calendar: month, which: previous }",
        "2026-10",
        expect![[r#"
            C:12:9: period `2026-10` is not in the calendar table
        "#]],
    );
    check(
        BUCKET,
        "{ calendar: month, which: previous }",
        "soon",
        expect![[r#"
            C:12:9: `soon` is no period: expected `2026-09`, `2026-Q3`, `2026-H1`, `2026-9M` or `2026`
        "#]],
    );
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    check(
        BUCKET,
        "env:H26_KEY",
        "AKIA-THE-SECRET",
        expect![[r#"
        C:5:3: `access_key` and `secret_key` go together
        C:7:15: `access_key` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
    "#]],
    );
    check(
        BUCKET,
        "file:h26.key",
        "'12345'",
        expect![[r#"
        C:5:3: `access_key` and `secret_key` go together
        C:8:15: `secret_key` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
    "#]],
    );
    check(
        BUCKET,
        "file:h26.key",
        "12345",
        expect![[r#"
        C:5:3: `access_key` and `secret_key` go together
        C:8:15: `secret_key` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
    "#]],
    );
    check(
        BUCKET,
        "  secret_key: file:h26.key\n",
        "",
        expect![[r#"
        C:5:3: `access_key` and `secret_key` go together
    "#]],
    );
    let with_password = "https://key:THE-SECRET@s3.example.vn";
    check(
        BUCKET,
        "https://s3.example.vn",
        with_password,
        expect![[r#"
        C:6:13: `endpoint` must be `https://host` or `https://host:port`
    "#]],
    );
    check(
        BUCKET,
        "s3://drop",
        "https://key:THE-SECRET@drop",
        expect![[r#"
            C:5:8: `url` must be `s3://bucket/folder`
        "#]],
    );
}

#[test]
fn the_options_of_a_source_are_known() {
    check(
        BUCKET,
        "https://",
        "http://",
        expect![[r#"
        C:6:13: `endpoint` is not encrypted: write `https://`, or allow it with `allow_http: true`
    "#]],
    );
    check(
        BUCKET,
        "https://s3.example.vn",
        "https://s3.example.vn/path",
        expect![[r#"
            C:6:13: `endpoint` must be `https://host` or `https://host:port`
        "#]],
    );
    check(
        BUCKET,
        "s3://drop/",
        "s3://drop.evil.vn:1/",
        expect![[r#"
        C:5:8: `url` must be `s3://bucket/folder`
    "#]],
    );
    check(
        BUCKET,
        "after: keep",
        "region: x.evil.vn/\n  after: keep",
        expect![[r#"
            C:9:11: `region` must be of letters, digits and `-`, as in `ap-southeast-1`
        "#]],
    );
    check(
        BUCKET,
        "after: keep",
        "after: delete",
        expect![[r#"
        C:9:10: `after` must be one of `move`, `keep`, found `delete`
    "#]],
    );
    check(
        BUCKET,
        "endpoint:",
        "endpont:",
        expect![[r#"
        C:6:3: unknown key `endpont` in `source` of the connector: did you mean `endpoint`?
    "#]],
    );
}

#[test]
fn the_options_of_a_folder_are_known() {
    check(
        GOOD,
        "/srv/inbox",
        "../inbox",
        expect![[r#"
        C:4:19: `../inbox` leads out of its folder: write the whole path
    "#]],
    );
    check(
        GOOD,
        "quiet: 10s",
        "quiet: soon",
        expect![[r#"
        C:4:38: `quiet` is `soon`, expected a span such as `30s`
    "#]],
    );
    check(
        GOOD,
        "kind: folder",
        "kind: foldr",
        expect![[r#"
        C:3:7: `kind` must be one of `folder`, `objects`, `http`, `sftp`, `sql`, found `foldr`
    "#]],
    );
}

#[test]
fn the_options_of_a_connector_are_known() {
    check(
        GOOD,
        "source:",
        "sources:",
        expect![[r#"
        C:1:1: key `source` is missing in the connector
        C:4:1: unknown key `sources` in the connector: did you mean `source`?
    "#]],
    );
    check(
        BUCKET,
        "charset: tcvn3",
        "charset: tcvn",
        expect![[r#"
        C:13:31: `charset` must be one of `utf-8`, `utf-16`, `windows-1258`, `tcvn3`, found `tcvn`
    "#]],
    );
    check(
        BUCKET,
        "pieces: 10",
        "pieces: 0",
        expect![[r#"
        C:16:19: `pieces` is 0: nothing would be taken
    "#]],
    );
    check(
        BUCKET,
        "repeated: corrects",
        "repeated: often",
        expect![[r#"
        C:15:11: `repeated` must be one of `new`, `replaces`, `corrects`, found `often`
    "#]],
    );
}

#[test]
fn a_file_is_named_as_its_connector() {
    check(
        GOOD,
        "name: inbox",
        "name: outbox",
        expect![[r#"
        C:1:7: `name` must be `inbox`, as the path says, found `outbox`
    "#]],
    );
    let (_, told) = project("warehouse/connectors/In box.yaml", GOOD);
    expect![[r#"
        warehouse/connectors/In box.yaml: the path names no connector: expected `warehouse/connectors/<name>.yaml`, the name in at most 60 lowercase letters, digits and `-`
    "#]].assert_eq(&told);
    let (_, told) = project("warehouse/connectors/deep/inbox.yaml", GOOD);
    expect![[r#"
        warehouse/connectors/deep/inbox.yaml: the file does not belong here: expected `warehouse/connectors/<name>.yaml`
    "#]].assert_eq(&told);
}
