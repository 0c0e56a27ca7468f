//! The same rows in every format and coding, over HTTP: they land alike, and are kept as they came.

use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::ipc::writer::{FileWriter, StreamWriter};
use calamine::{Data, Reader, Xlsx};
use flate2::Compression;
use flate2::write::GzEncoder;
use project::Sources;
use rust_xlsxwriter::{Format, Workbook};
use serde_json::{Value, json};
use service::{BodyFormat, BodyType, ErrorKind, SubmitRequest};

use crate::bodies::{CSV, batch, visits};
use crate::home::{Fixture, Setup, VISITS};
use crate::http::{Answer, Door};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const LANDED: &str = "visit_id,office,visited_at,minutes\r\n\
    V-1,Ba Đình,2026-09-01T01:30:00Z,12\r\n\
    V-2,Cầu Giấy,2026-09-02T07:15:00Z,8\r\n";

/// The rows landed as they always do; gives the receipt.
async fn landed_alike(door: &Door, answer: &Answer) -> Value {
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    let receipt = answer.json();
    let rows = json!({ "received": 3, "landed": 2, "quarantined": 1, "warned": 0 });
    assert_eq!(receipt["rows"], rows, "{receipt}");
    let id = receipt["id"].as_str().unwrap();
    let sql = format!(
        "select visit_id, office, visited_at, minutes from raw.visits \
         where _submission_id = '{id}' order by visit_id"
    );
    assert_eq!(door.query_as(&sql, CSV).await.text, LANDED);
    receipt
}

fn utf16(text: &str) -> Vec<u8> {
    let marked = format!("\u{feff}{text}");
    marked.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// As a clerk's spreadsheet program writes it.
fn workbook(names: &[&str]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    for (at, name) in (0..).zip(names) {
        sheet.write(0, at, *name).unwrap();
    }
    for (row, line) in (1..).zip(VISITS.lines().skip(1)) {
        let cells: Vec<&str> = line.split(',').collect();
        sheet.write(row, 0, cells[0]).unwrap();
        if !cells[1].is_empty() {
            sheet.write(row, 1, cells[1]).unwrap();
        }
        let at = chrono::DateTime::parse_from_rfc3339(cells[2])
            .unwrap()
            .naive_local();
        let at = rust_xlsxwriter::ExcelDateTime::parse_from_str(&at.to_string()).unwrap();
        sheet.write_with_format(row, 2, &at, &time).unwrap();
        sheet
            .write(row, 3, cells[3].parse::<i32>().unwrap())
            .unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn text_in_other_charsets_dialects_and_packings_lands_alike() {
    let door = Door::new().await;
    let semicolons = VISITS.replace(',', ";");
    let tabs = VISITS.replace(',', "\t");
    let tsv = "text/tab-separated-values";
    for (headers, more, body) in [
        (
            vec![("content-type", CSV)],
            "",
            semicolons.clone().into_bytes(),
        ),
        (vec![("content-type", tsv)], "", tabs.into_bytes()),
        (
            vec![("content-type", "text/csv; charset=utf-16")],
            "",
            utf16(&semicolons),
        ),
        (
            vec![("content-type", CSV)],
            "&charset=utf-16",
            utf16(VISITS),
        ),
        (
            vec![("content-type", CSV), ("content-encoding", "gzip")],
            "&delimiter=semicolon&decimal=point",
            gzip(semicolons.as_bytes()),
        ),
    ] {
        let answer = door.submit_with(more, &headers, body.clone()).await;
        let receipt = landed_alike(&door, &answer).await;
        let id = receipt["id"].as_str().unwrap();
        let kept = door
            .get(&format!("/api/v1/submissions/{id}/evidence"))
            .await;
        assert!(kept.bytes == body, "{headers:?}: the evidence is another");
        // What was sent packed is not unpacked on its way back: its hash is that of the receipt.
        assert!(
            !kept.headers.contains_key("content-encoding"),
            "{headers:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arrow_lands_alike_as_a_stream_and_as_a_file() {
    let door = Door::new().await;
    let batch = batch(VISITS, &visits(&Setup::default().sources));
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    let mut file = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    file.write(&batch).unwrap();
    for (form, body) in [
        ("stream", stream.into_inner().unwrap()),
        ("file", file.into_inner().unwrap()),
    ] {
        let media_type = format!("application/vnd.apache.arrow.{form}");
        let answer = door.submit(&media_type, None, body).await;
        landed_alike(&door, &answer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_lands_alike_by_names_and_by_labels_and_says_the_cell_of_each_error() {
    let door = Door::new().await;
    for names in [
        ["visit_id", "office", "visited_at", "minutes"],
        ["Mã lượt", "Trụ sở", "Thời điểm", "Số phút"],
    ] {
        let answer = door.submit(XLSX, None, workbook(&names)).await;
        let receipt = landed_alike(&door, &answer).await;
        let errors = receipt["errors"].as_array().unwrap();
        let said: Vec<&str> = errors
            .iter()
            .map(|e| e["message"].as_str().unwrap())
            .collect();
        assert!(said.iter().any(|said| said.contains("D4")), "{said:?}");
        assert!(said.iter().any(|said| said.contains("B4")), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_dataset_is_a_workbook_with_its_labels() {
    let door = Door::new().await;
    let form = door.get("/api/v1/datasets/raw.visits/template.xlsx").await;
    assert_eq!(form.status.as_u16(), 200, "{}", form.text);
    assert_eq!(form.headers["content-type"], XLSX);
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(form.bytes.clone())).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let header: Vec<String> = sheet
        .rows()
        .next()
        .unwrap()
        .iter()
        .map(Data::to_string)
        .collect();
    assert_eq!(header, ["Mã lượt", "Trụ sở", "Thời điểm", "Số phút"]);
    // Sent back as it is, it has no rows: that is told.
    let empty = door.submit(XLSX, None, form.bytes).await;
    let said = empty.problem(422);
    assert!(said.to_string().contains("no rows"), "{said}");
    // Computed datasets take nothing, so they have no form.
    door.get("/api/v1/datasets/served.visits_by_office/template.xlsx")
        .await
        .problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declared_and_not_known_is_told_before_the_body_is_read() {
    let door = Door::new().await;
    let csv = [("content-type", CSV)];
    for (more, said) in [
        (
            "&charset=vni",
            "the body's charset is `vni`, which is not read",
        ),
        (
            "&delimiter=dot",
            "the body's delimiter is `dot`, which is not read",
        ),
        (
            "&decimal=dot",
            "the body's decimal is `dot`, which is not read",
        ),
        (
            "&compression=br",
            "the body's compression is `br`, which is not read",
        ),
    ] {
        let answer = door.submit_with(more, &csv, VISITS).await;
        let problem = answer.problem(400);
        assert_eq!(problem["detail"], said, "{problem}");
    }
    // A body that is not what it is said to be is refused, and kept.
    let broken = [("content-type", CSV), ("content-encoding", "gzip")];
    let problem = door.submit_with("", &broken, VISITS).await.problem(422);
    assert!(problem["submission"].is_string(), "{problem}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A house over the shipped project.
async fn shipped() -> Fixture {
    let sources = Sources::from_folder(&root()).unwrap();
    let setup = Setup {
        sources,
        ..Setup::default()
    };
    Fixture::with(setup).await
}

/// A request to submit what another system wrote.
fn request(dataset: &str, adapter: &str, agency: &str, format: BodyFormat) -> SubmitRequest {
    let mut format = BodyType::from(format);
    format.declare(BodyType::ADAPTER, adapter);
    SubmitRequest {
        agency: Some(agency.parse().unwrap()),
        ..SubmitRequest::new(dataset.parse().unwrap(), "2026-09".parse().unwrap(), format)
    }
}

/// A file of `examples/adapters`.
fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("examples/adapters").join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_of_another_system_lands_through_its_adapter() {
    let f = shipped().await;
    for (dataset, adapter, name, format, rows) in [
        (
            "raw.dossiers",
            "national-portal-dossiers",
            "dossiers.json",
            BodyFormat::Json,
            (36, 34),
        ),
        (
            "raw.indicators",
            "indicator-packet",
            "indicators.xml",
            BodyFormat::Xml,
            (37, 36),
        ),
        (
            "raw.dossiers",
            "one-stop-csv",
            "one-stop.csv",
            BodyFormat::Csv,
            (32, 30),
        ),
    ] {
        let sent = request(dataset, adapter, "H26", format);
        let answer = f.submit_this(&f.admin, sent, &file(name)).await.unwrap();
        let found = answer.receipt.rows;
        assert_eq!(
            (found.received, found.landed),
            rows,
            "{name}: {:?}",
            answer.errors
        );
        // CSV has nothing around its rows that could say whose they are.
        if format == BodyFormat::Csv {
            continue;
        }
        let elsewhere = request(dataset, adapter, "H29", format);
        let error = f
            .submit_this(&f.admin, elsewhere, &file(name))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{name}");
        assert_eq!(error.rows.unwrap().errors[0].rule, "wrong_agency", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_of_another_dataset_is_refused_and_those_there_are_named() {
    let f = shipped().await;
    let unknown = request("raw.dossiers", "indicator-packet", "H26", BodyFormat::Json);
    let error = f
        .submit_this(&f.admin, unknown, &file("dossiers.json"))
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "there is no adapter `indicator-packet` for `raw.dossiers`"
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("Give `national-portal-dossiers` or `one-stop-csv`.")
    );
}
