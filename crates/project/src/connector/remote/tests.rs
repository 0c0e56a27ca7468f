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
    of_api("env:API_TOKEN", "THE-SECRET", expect![[""]]);
    of_api(
        "bearer: env:API_TOKEN",
        "basic: { user: dtm, password: THE-SECRET }",
        expect![[""]],
    );
    of_api(
        "bearer: env:API_TOKEN",
        "header: { name: X-Api-Key, value: THE-SECRET }",
        expect![[""]],
    );
    of_api(
        "X-Client: dtm",
        "Authorization: Bearer THE-SECRET, X-Api-Key: THE-SECRET, cookie: THE-SECRET",
        expect![[""]],
    );
    of_api(
        "fields: all",
        "access_token: THE-SECRET, key: THE-SECRET, apiKey: THE-SECRET, fields: all",
        expect![[""]],
    );
    of_api("v1/dossiers", "v1/dossiers?key=THE-SECRET", expect![[""]]);
    of_api("https://", "https://dtm:THE-SECRET@", expect![[""]]);
}

#[test]
fn a_secret_of_a_server_or_a_database_is_refused_and_not_repeated() {
    of_files("file:sftp.key", "THE-SECRET", expect![[""]]);
    of_files("key: file:sftp.key", "password: THE-SECRET", expect![[""]]);
    of_files("env:SFTP_PASSPHRASE", "THE-SECRET", expect![[""]]);
    of_table("env:REGISTRY_PASSWORD", "THE-SECRET", expect![[""]]);
    of_table("db.example.vn", "reader:THE-SECRET@db", expect![[""]]);
}

#[test]
fn where_an_api_is_is_an_address() {
    of_api("https://", "http://", expect![[""]]);
    of_api("https://", "ftp://", expect![[""]]);
    of_api("https://api.example.vn", "https://", expect![[""]]);
    of_api("api.example.vn/v1", "api.example.vn:0/v1", expect![[""]]);
    of_api("api.example.vn/v1", "api example.vn/v1", expect![[""]]);
}

#[test]
fn what_is_allowed_is_an_address_or_a_range() {
    let list = "['api.example.vn:443', 10.20.0.0/16, 'fd00::/8', '[fd00::1]:80']";
    of_api(list, "[api.example.vn]", expect![[""]]);
    of_api(
        list,
        "['api.example.vn:0', 'api.example.vn:99999']",
        expect![[""]],
    );
    of_api(
        list,
        "[10.20.0.0/33, 'fd00::/129', 10.20/16]",
        expect![[""]],
    );
    of_api(list, "[0.0.0.0/0, '::/0']", expect![[""]]);
    of_api(list, "10.20.0.0/16", expect![[""]]);
}

#[test]
fn the_options_of_an_api_are_known() {
    of_api(
        "bearer: env:API_TOKEN",
        "bearer: env:A\n  basic: { user: a, password: env:B }",
        expect![[""]],
    );
    of_api(
        "{ page: page, first: 0 }",
        "{ page: page, offset: skip }",
        expect![[""]],
    );
    of_api(
        "{ page: page, first: 0 }",
        "{ cursor: after }",
        expect![[""]],
    );
    of_api(
        "{ page: page, first: 0 }",
        "{ offset: skip, first: 0, next: /n }",
        expect![[""]],
    );
    of_api("size: 500", "size: 0", expect![[""]]);
    of_api("size: 500, ", "", expect![[""]]);
    of_api("/data/items", "data.items", expect![[""]]);
    of_api("/data/total", "/data/~total", expect![[""]]);
    of_api("field: /updated_at, ", "", expect![[""]]);
    of_api("fields: all", "page: 'x'", expect![[""]]);
    of_api(
        "X-Client: dtm",
        "'X Client': dtm, Host: other, X-Name: Hà Nội",
        expect![[""]],
    );
    of_api("total: /data/total", "media_type: json", expect![[""]]);
    of_api(
        "total: /data/total",
        "certificates: ../ca.pem",
        expect![[""]],
    );
    of_api("total: /data/total", "retries: 3", expect![[""]]);
    of_api("dataset:", "layout: '{agency}'\ndataset:", expect![[""]]);
}

#[test]
fn the_options_of_a_server_of_files_are_known() {
    of_files(
        "  key: file:sftp.key\n",
        "  key: file:k\n  password: env:P\n",
        expect![[""]],
    );
    of_files("  key: file:sftp.key\n", "", expect![[""]]);
    of_files("'SHA256:AAAA", "'MD5:AAAA", expect![[""]]);
    of_files(
        "host_keys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']\n  ",
        "",
        expect![[""]],
    );
    of_files("/outgoing/done", "/outgoing/", expect![[""]]);
    of_files("  done_folder: /outgoing/done\n", "", expect![[""]]);
    of_files("'*.csv'", "'in/*.csv'", expect![[""]]);
    of_files("quiet: 20s", "quiet: soon", expect![[""]]);
    of_files("  user: dtm", "  user: dtm\n  port: 0", expect![[""]]);
    of_files("sftp.example.vn", "sftp.example.vn:22", expect![[""]]);
    of_files("dataset:", "layout: '{agency}'\ndataset:", expect![[""]]);
}

#[test]
fn the_options_of_a_database_are_known() {
    of_table("select: select", "select: delete", expect![[""]]);
    of_table(">= $mark", ">= $mark;", expect![[""]]);
    of_table(">= $mark", "> $mark", expect![[""]]);
    of_table("$mark", "$1", expect![[""]]);
    of_table("key: id", "key: updated_at", expect![[""]]);
    of_table("rows: 1000", "rows: 0", expect![[""]]);
    of_table("certificates: ca.pem", "tls: prefer", expect![[""]]);
    of_table(
        "certificates: ca.pem",
        "certificates: ca.pem\n  tls: disable",
        expect![[""]],
    );
    of_table("  watermark: updated_at\n", "", expect![[""]]);
}

#[test]
fn a_part_takes_no_other_s_place() {
    of_table("repeated: new", "repeated: replaces", expect![[""]]);
    of_api("repeated: corrects", "repeated: replaces", expect![[""]]);
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
        expect![[""]],
    );
    of_table("schedule:", &with("format: json"), expect![[""]]);
    of_table("schedule:", &with("adapter: portal"), expect![[""]]);
    of_api(
        "schedule:",
        &with("format: json, adapter: portal"),
        expect![[""]],
    );
    let whole = API.replace("  records:", "  hand_on: page\n  records:");
    check(&whole, "schedule:", &with("adapter: portal"), expect![[""]]);
}
