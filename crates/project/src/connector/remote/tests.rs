use expect_test::{Expect, expect};

use super::*;
use crate::connector::tests::{check, good};
use crate::{Repeated, SecretRef, SourceKind};

const API: &str = "\
name: inbox
title: { vi: Cổng, en: Portal }
kind: http
source:
  url: https://api.example.vn/v1/dossiers
  parameters: { fields: all }
  headers: { X-Client: dtm }
  bearer: env:API_TOKEN
  paging: { page: page, first: 0 }
  page_size: { parameter: size, size: 500, short_ends: true }
  records: /data/items
  total: /data/total
  since: { parameter: updated_from, field: /updated_at, start: '2026-01-01' }
  allow_addresses: ['api.example.vn:443', 10.20.0.0/16, 'fd00::/8', '[fd00::1]:80']
dataset: raw.things
agency: H26
period: { calendar: month }
schedule: { every: 15m }
repeated: corrects
";

const FILES: &str = "\
name: inbox
title: { vi: Tệp, en: Files }
kind: sftp
source:
  host: sftp.example.vn
  user: dtm
  key: file:sftp.key
  passphrase: env:SFTP_PASSPHRASE
  host_keys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']
  folder: /outgoing
  pattern: '*.csv'
  quiet: 20s
  done_folder: /outgoing/done
  refused_folder: /outgoing/refused
dataset: raw.things
agency: H26
period: 2026-09
body: { charset: tcvn3 }
schedule: { every: 15m }
repeated: replaces
";

const TABLE: &str = "\
name: inbox
title: { vi: Bảng, en: Table }
kind: sql
source:
  host: db.example.vn
  port: 5433
  database: registry
  user: reader
  password: env:REGISTRY_PASSWORD
  certificates: ca.pem
  select: select id, updated_at from things where updated_at >= $mark
  watermark: updated_at
  key: id
  start: '2026-01-01'
  quiet: 5m
  rows: 1000
dataset: raw.things
agency: H26
period: { calendar: month }
schedule: { every: 15m }
repeated: new
";

fn of_api(from: &str, to: &str, expected: Expect) {
    check(API, from, to, expected);
}

fn of_files(from: &str, to: &str, expected: Expect) {
    check(FILES, from, to, expected);
}

fn of_table(from: &str, to: &str, expected: Expect) {
    check(TABLE, from, to, expected);
}

fn env(name: &str) -> SecretRef {
    SecretRef::Env(name.to_owned())
}

#[test]
fn an_api_is_read() {
    let connector = good(API);
    let SourceKind::Http(http) = &connector.source else {
        panic!("{connector:?}");
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let expected = HttpSource {
        url: "https://api.example.vn/v1/dossiers".to_owned(),
        allow_http: false,
        parameters: vec![pair("fields", "all")],
        headers: vec![pair("X-Client", "dtm")],
        auth: HttpAuth::Bearer(env("API_TOKEN")),
        paging: HttpPaging::Page("page".to_owned(), 0),
        page_size: Some(HttpPageSize {
            parameter: "size".to_owned(),
            size: 500,
            short_ends: true,
        }),
        records: "/data/items".to_owned(),
        total: Some("/data/total".to_owned()),
        whole_page: false,
        since: Some(HttpSince {
            parameter: "updated_from".to_owned(),
            field: "/updated_at".to_owned(),
            start: Some("2026-01-01".to_owned()),
        }),
        media_type: None,
        certificates: None,
    };
    assert_eq!(**http, expected);
    assert_eq!(connector.source.as_str(), "http");
    assert_eq!(
        connector.allow_addresses,
        [
            "api.example.vn:443",
            "10.20.0.0/16",
            "fd00::/8",
            "[fd00::1]:80"
        ]
    );
    assert!(!connector.source.has_folders());
}

#[test]
fn every_way_from_page_to_page_and_of_proof_is_read() {
    let http = |from: &str, to: &str| {
        assert!(API.contains(from), "{from}");
        match good(&API.replace(from, to)).source {
            SourceKind::Http(http) => *http,
            other => panic!("{other:?}"),
        }
    };
    let paging = |to: &str| http("{ page: page, first: 0 }", to).paging;
    assert_eq!(paging("{ page: p }"), HttpPaging::Page("p".to_owned(), 1));
    assert_eq!(
        paging("{ offset: skip }"),
        HttpPaging::Offset("skip".to_owned())
    );
    assert_eq!(
        paging("{ cursor: after, next: /meta/next }"),
        HttpPaging::Cursor("after".to_owned(), "/meta/next".to_owned())
    );
    assert_eq!(paging("{ link: true }"), HttpPaging::Link);
    let auth = |to: &str| http("bearer: env:API_TOKEN", to).auth;
    assert_eq!(
        auth("basic: { user: dtm, password: file:pw }"),
        HttpAuth::Basic("dtm".to_owned(), SecretRef::File("pw".to_owned()))
    );
    assert_eq!(
        auth("header: { name: X-Api-Key, value: env:KEY }"),
        HttpAuth::Header("X-Api-Key".to_owned(), env("KEY"))
    );
    assert_eq!(auth("media_type: application/json"), HttpAuth::None);
    assert!(http("records: /data/items", "hand_on: page").whole_page);
}

#[test]
fn a_folder_of_a_server_is_read() {
    let connector = good(FILES);
    let SourceKind::Sftp(sftp) = &connector.source else {
        panic!("{connector:?}");
    };
    assert_eq!((sftp.host.as_str(), sftp.port), ("sftp.example.vn", 22));
    let key = SecretRef::File("sftp.key".to_owned());
    assert_eq!(sftp.auth, SftpAuth::Key(key, Some(env("SFTP_PASSPHRASE"))));
    assert_eq!(sftp.quiet.as_secs(), 20);
    assert_eq!(sftp.pattern.as_deref(), Some("*.csv"));
    assert_eq!(sftp.refused_folder.as_deref(), Some("/outgoing/refused"));
    assert_eq!(connector.repeated, Repeated::Replaces);
    assert_eq!(connector.body["charset"], "tcvn3");
}

#[test]
fn a_select_is_read() {
    let connector = good(TABLE);
    let SourceKind::Sql(sql) = &connector.source else {
        panic!("{connector:?}");
    };
    assert_eq!((sql.host.as_str(), sql.port), ("db.example.vn", 5433));
    assert_eq!(sql.password, Some(env("REGISTRY_PASSWORD")));
    assert_eq!(sql.tls, SqlTls::VerifyFull);
    assert_eq!((sql.key.as_deref(), sql.rows), (Some("id"), Some(1000)));
    assert_eq!(sql.quiet.map(|quiet| quiet.as_secs()), Some(300));
    assert!(connector.allow_addresses.is_empty());
}

#[test]
fn a_secret_in_an_api_s_file_is_refused_and_not_repeated() {
    of_api(
        "env:API_TOKEN",
        "THE-SECRET",
        expect![[r#"
        C:8:11: `bearer` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
    "#]],
    );
    of_api(
        "bearer: env:API_TOKEN",
        "basic: { user: dtm, password: THE-SECRET }",
        expect![[r#"
            C:8:33: `password` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
        "#]],
    );
    of_api(
        "bearer: env:API_TOKEN",
        "header: { name: X-Api-Key, value: THE-SECRET }",
        expect![[r#"
            C:8:37: `value` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
        "#]],
    );
    of_api(
        "X-Client: dtm",
        "Authorization: Bearer THE-SECRET, X-Api-Key: THE-SECRET, cookie: THE-SECRET",
        expect![[r#"
            C:7:14: `Authorization` is the name of a secret, and no secret stands in a project: declare it under `bearer`, `basic` or `header`, by reference
            C:7:48: `X-Api-Key` is the name of a secret, and no secret stands in a project: declare it under `bearer`, `basic` or `header`, by reference
            C:7:71: `cookie` is the name of a secret, and no secret stands in a project: declare it under `bearer`, `basic` or `header`, by reference
        "#]],
    );
    of_api(
        "fields: all",
        "access_token: THE-SECRET, key: THE-SECRET, apiKey: THE-SECRET, fields: all",
        expect![[r#"
            C:6:17: `access_token` is the name of a secret, and no secret stands in a project: declare it under `bearer`, `basic` or `header`, by reference
            C:6:43: `key` is the name of a secret, and no secret stands in a project: declare it under `bearer`, `basic` or `header`, by reference
            C:6:60: `apiKey` is the name of a secret, and no secret stands in a project: declare it under `bearer`, `basic` or `header`, by reference
        "#]],
    );
    of_api(
        "v1/dossiers",
        "v1/dossiers?key=THE-SECRET",
        expect![[r#"
        C:5:8: `url` ends before its `?` or `#`: declare what follows under `parameters`
    "#]],
    );
    of_api(
        "https://",
        "https://dtm:THE-SECRET@",
        expect![[r#"
        C:5:8: `url` has a user or a password in it: declare them under `basic`, the password by reference
    "#]],
    );
}

#[test]
fn a_secret_of_a_server_or_a_database_is_refused_and_not_repeated() {
    of_files(
        "file:sftp.key",
        "THE-SECRET",
        expect![[r#"
        C:7:8: `key` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
    "#]],
    );
    of_files(
        "key: file:sftp.key",
        "password: THE-SECRET",
        expect![[r#"
        C:5:3: `passphrase` is what a key is encrypted with: it goes with `key`
        C:7:13: `password` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
    "#]],
    );
    of_files(
        "env:SFTP_PASSPHRASE",
        "THE-SECRET",
        expect![[r#"
        C:8:15: `passphrase` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
    "#]],
    );
    of_table(
        "env:REGISTRY_PASSWORD",
        "THE-SECRET",
        expect![[r#"
        C:9:13: `password` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in a project
    "#]],
    );
    of_table(
        "db.example.vn",
        "reader:THE-SECRET@db",
        expect![[r#"
        C:5:9: `host` must be a name or an address alone: what else there is to say has keys of its own
    "#]],
    );
}

#[test]
fn where_an_api_is_is_an_address() {
    of_api(
        "https://",
        "http://",
        expect![[r#"
        C:5:8: `url` is not encrypted: write `https://`, or allow it with `allow_http: true`
    "#]],
    );
    of_api(
        "https://",
        "ftp://",
        expect![[r#"
        C:5:8: `url` must begin with `https://`
    "#]],
    );
    of_api(
        "https://api.example.vn",
        "https://",
        expect![[r#"
        C:5:8: `url` names no host: expected `https://host/path`
    "#]],
    );
    of_api(
        "api.example.vn/v1",
        "api.example.vn:0/v1",
        expect![[r#"
        C:5:8: `url` names no host: expected `https://host/path`
    "#]],
    );
    of_api(
        "api.example.vn/v1",
        "api example.vn/v1",
        expect![[r#"
        C:5:8: `url` names no host: expected `https://host/path`
    "#]],
    );
}

#[test]
fn what_is_allowed_is_an_address_or_a_range() {
    let list = "['api.example.vn:443', 10.20.0.0/16, 'fd00::/8', '[fd00::1]:80']";
    of_api(
        list,
        "[api.example.vn]",
        expect![[r#"
        C:14:21: `api.example.vn` is neither `host:port` nor a range such as `10.20.0.0/16`
    "#]],
    );
    of_api(
        list,
        "['api.example.vn:0', 'api.example.vn:99999']",
        expect![[r#"
            C:14:21: `api.example.vn:0` is neither `host:port` nor a range such as `10.20.0.0/16`
            C:14:41: `api.example.vn:99999` is neither `host:port` nor a range such as `10.20.0.0/16`
        "#]],
    );
    of_api(
        list,
        "[10.20.0.0/33, 'fd00::/129', 10.20/16]",
        expect![[r#"
            C:14:21: `10.20.0.0/33` is no range: expected a prefix from 1 to 32 after the `/`
            C:14:35: `fd00::/129` is no range: expected a prefix from 1 to 128 after the `/`
            C:14:49: `10.20/16` is no range: `10.20` is no address
        "#]],
    );
    of_api(
        list,
        "[0.0.0.0/0, '::/0']",
        expect![[r#"
        C:14:21: `0.0.0.0/0` would open every address: name those that are meant
        C:14:32: `::/0` would open every address: name those that are meant
    "#]],
    );
    of_api(
        list,
        "10.20.0.0/16",
        expect![[r#"
        C:14:20: `allow_addresses` must be a list, found the text `10.20.0.0/16`
    "#]],
    );
}

#[test]
fn the_options_of_an_api_are_known() {
    of_api(
        "bearer: env:API_TOKEN",
        "bearer: env:A\n  basic: { user: a, password: env:B }",
        expect![[r#"
            C:5:3: `source` says at most one of `bearer`, `basic`, `header`
        "#]],
    );
    of_api(
        "{ page: page, first: 0 }",
        "{ page: page, offset: skip }",
        expect![[r#"
            C:9:11: `paging` says one of `page`, `offset`, `cursor`, `link: true`
        "#]],
    );
    of_api(
        "{ page: page, first: 0 }",
        "{ cursor: after }",
        expect![[r#"
            C:9:11: `cursor` needs `next`, the pointer of its value in a page
        "#]],
    );
    of_api(
        "{ page: page, first: 0 }",
        "{ offset: skip, first: 0, next: /n }",
        expect![[r#"
            C:9:11: `next` is where the cursor stands in a page: it goes with `cursor`
            C:9:34: `first` is the number of the first page: it goes with `page`
        "#]],
    );
}

#[test]
fn what_is_within_the_pages_of_an_api_is_known() {
    of_api(
        "size: 500",
        "size: 0",
        expect![[r#"
        C:10:14: `page_size` needs `size`, a number from 1 up
    "#]],
    );
    of_api(
        "size: 500, ",
        "",
        expect![[r#"
        C:10:14: `page_size` needs `size`, a number from 1 up
    "#]],
    );
    of_api(
        "/data/items",
        "data.items",
        expect![[r#"
        C:11:12: `records` is `data.items`, expected a JSON pointer such as `/data/items`
    "#]],
    );
    of_api(
        "/data/total",
        "/data/~total",
        expect![[r#"
        C:12:10: `total` is `/data/~total`, expected a JSON pointer such as `/data/items`
    "#]],
    );
    of_api(
        "field: /updated_at, ",
        "",
        expect![[r#"
        C:13:10: `since` needs `field`, the pointer of a field within a record
    "#]],
    );
}

#[test]
fn what_is_sent_to_an_api_is_known() {
    of_api(
        "fields: all",
        "page: 'x'",
        expect![[r#"
        C:9:19: the query parameter `page` is declared twice
    "#]],
    );
    of_api(
        "X-Client: dtm",
        "'X Client': dtm, Host: other, X-Name: Hà Nội",
        expect![[r#"
            C:7:14: `X Client` cannot be the name of a header
            C:7:31: the header `Host` is written by the client itself
            C:7:44: the value of `X-Name` has signs that no header may have
        "#]],
    );
    of_api(
        "total: /data/total",
        "media_type: json",
        expect![[r#"
        C:12:15: `media_type` must be one such as `application/json`
    "#]],
    );
    of_api(
        "total: /data/total",
        "certificates: ../ca.pem",
        expect![[r#"
            C:12:17: `../ca.pem` leads out of its folder: write the whole path
        "#]],
    );
    of_api(
        "total: /data/total",
        "retries: 3",
        expect![[r#"
        C:12:3: unknown key `retries` in `source` of the connector: known are `url`, `allow_http`, `parameters`, `headers`, `bearer`, `basic`, `header`, `paging`, `page_size`, `records`, `total`, `hand_on`, `since`, `media_type`, `certificates`, `allow_addresses`
    "#]],
    );
    of_api(
        "dataset:",
        "layout: '{agency}'\ndataset:",
        expect![[r#"
        C:15:9: `layout` has no use: nothing lies in folders there
        C:17:9: `agency` is said twice: the layout has `{agency}`
    "#]],
    );
}

#[test]
fn the_options_of_a_server_of_files_are_known() {
    of_files(
        "  key: file:sftp.key\n",
        "  key: file:k\n  password: env:P\n",
        expect![[r#"
            C:5:3: `source` says one of `password`, `key`
        "#]],
    );
    of_files(
        "  key: file:sftp.key\n",
        "",
        expect![[r#"
        C:5:3: `passphrase` is what a key is encrypted with: it goes with `key`
        C:5:3: `source` says one of `password`, `key`
    "#]],
    );
    of_files(
        "'SHA256:AAAA",
        "'MD5:AAAA",
        expect![[r#"
        C:9:15: `MD5:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA` is no fingerprint of a key as `ssh-keygen -l` prints it: expected `SHA256:` and 43 signs
    "#]],
    );
    of_files(
        "host_keys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']\n  ",
        "",
        expect![[r#"
            C:5:3: `host_keys` is missing in `source` of the connector: the fingerprints of the server's keys, as `ssh-keygen -l` prints them
        "#]],
    );
}

#[test]
fn what_becomes_of_the_files_of_a_server_is_known() {
    of_files(
        "/outgoing/done",
        "/outgoing/",
        expect![[r#"
        C:13:16: `done_folder` is where the files are already: name another
    "#]],
    );
    of_files(
        "  done_folder: /outgoing/done\n",
        "",
        expect![[r#"
        C:13:19: `refused_folder` goes with `done_folder`: either both are moved or none
    "#]],
    );
    of_files(
        "'*.csv'",
        "'in/*.csv'",
        expect![[r#"
        C:11:12: `pattern` is of names within the folder: it has no `/`
    "#]],
    );
    of_files(
        "quiet: 20s",
        "quiet: soon",
        expect![[r#"
        C:12:10: `quiet` is `soon`, expected a span such as `30s`
    "#]],
    );
    of_files(
        "  user: dtm",
        "  user: dtm\n  port: 0",
        expect![[r#"
        C:7:9: `port` is 0, expected a number from 1 to 65535
    "#]],
    );
    of_files(
        "sftp.example.vn",
        "sftp.example.vn:22",
        expect![[r#"
        C:5:9: `host` must be a name or an address alone: what else there is to say has keys of its own
    "#]],
    );
    of_files(
        "dataset:",
        "layout: '{agency}'\ndataset:",
        expect![[r#"
        C:15:9: `layout` has no use: nothing lies in folders there
        C:17:9: `agency` is said twice: the layout has `{agency}`
    "#]],
    );
}

#[test]
fn the_options_of_a_database_are_known() {
    of_table(
        "select: select",
        "select: delete",
        expect![[r#"
        C:11:11: `select` must begin with `select` or `with`
    "#]],
    );
    of_table(
        ">= $mark",
        ">= $mark;",
        expect![[r#"
        C:11:11: `select` is one statement: leave out the `;` at its end
    "#]],
    );
    of_table(
        ">= $mark",
        "> $mark",
        expect![[r#"
        C:11:11: with a `key` the `select` must say `>= $mark`, not `> $mark`: it would leave out rows that have the watermark at which a piece ended
    "#]],
    );
    of_table(
        "$mark",
        "$1",
        expect![[r#"
        C:11:11: the only placeholder of `select` is `$mark`
    "#]],
    );
    of_table(
        "key: id",
        "key: updated_at",
        expect![[r#"
        C:13:8: `key` tells rows of the same `watermark` apart: it is another column
    "#]],
    );
    of_table(
        "rows: 1000",
        "rows: 0",
        expect![[r#"
        C:16:9: `rows` is 0: nothing would be taken
    "#]],
    );
    of_table(
        "certificates: ca.pem",
        "tls: prefer",
        expect![[r#"
        C:10:8: `tls` must be one of `disable`, `verify-ca`, `verify-full`, found `prefer`
    "#]],
    );
    of_table(
        "certificates: ca.pem",
        "certificates: ca.pem\n  tls: disable",
        expect![[r#"
            C:5:3: `certificates` has no use with `tls: disable`
        "#]],
    );
    of_table(
        "  watermark: updated_at\n",
        "",
        expect![[r#"
        C:5:3: key `watermark` is missing in `source` of the connector
    "#]],
    );
}

#[test]
fn a_part_takes_no_other_s_place() {
    of_table(
        "repeated: new",
        "repeated: replaces",
        expect![[r#"
        C:1:1: `repeated: replaces` would let each piece take the place of the one before, though it is a part of what there is: write `corrects` or `new`
    "#]],
    );
    of_api(
        "repeated: corrects",
        "repeated: replaces",
        expect![[r#"
        C:1:1: `repeated: replaces` would let each piece take the place of the one before, though it is a part of what there is: write `corrects` or `new`
    "#]],
    );
    // One page that is always asked for as a whole may.
    let whole = API
        .replace("  paging: { page: page, first: 0 }\n", "")
        .replace(
            "  since: { parameter: updated_from, field: /updated_at, start: '2026-01-01' }\n",
            "",
        )
        .replace("repeated: corrects", "repeated: replaces");
    assert_eq!(good(&whole).repeated, Repeated::Replaces);
}

#[test]
fn bodies_from_there_are_written_in_one_way() {
    let with = |body: &str| format!("body: {{ {body} }}\nschedule:");
    of_api(
        "schedule:",
        &with("format: csv, delimiter: ';'"),
        expect![[r#"
            C:18:17: `format` must be `json`, found `csv`
            C:18:33: `delimiter` has no use: bodies from there are plain `json`
        "#]],
    );
    of_table(
        "schedule:",
        &with("format: json"),
        expect![[r#"
        C:20:17: `format` must be `ndjson`, found `json`
    "#]],
    );
    of_table(
        "schedule:",
        &with("adapter: portal"),
        expect![[r#"
        C:20:18: adapter `portal` reads `json`, and bodies from there are `ndjson`
    "#]],
    );
    of_api(
        "schedule:",
        &with("format: json, adapter: portal"),
        expect![[""]],
    );
    let whole = API.replace("  records:", "  hand_on: page\n  records:");
    check(
        &whole,
        "schedule:",
        &with("adapter: portal"),
        expect![[r#"
        C:19:18: adapter `portal` reads a list of rows, and `hand_on: page` gives what stands around it, too: leave that out
    "#]],
    );
}
