//! The quarantine is a dataset: searched, and taken as a file that comes back mended.

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::Workbook;
use service::{Principal, Service};

use crate::bodies::CSV;
use crate::home::Fixture;
use crate::http::{Answer, Door};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// One good row, and one for each thing that a clerk gets wrong.
const BODY: &str = "visit_id,office,visited_at,minutes\n\
    V-1,Ba Đình,2026-09-01T08:30:00+07:00,12\n\
    V-2,,2026-09-02T14:15:00+07:00,8\n\
    V-3,=1+1,2026-09-02T15:00:00+07:00,-5\n\
    V-4,gọi 0912345678,2026-09-03T15:00:00+07:00,5\n\
    V-5,Huế\n\
    V-6,\"Cầu Giấy, tầng 2\",2026-09-04T15:00:00+07:00,601\n";

async fn sent(door: &Door) -> String {
    let answer = door.submit(CSV, None, BODY).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    let receipt = answer.json();
    assert_eq!(receipt["rows"]["landed"], 1);
    assert_eq!(receipt["rows"]["quarantined"], 5);
    receipt["id"].as_str().unwrap().to_owned()
}

async fn file(door: &Door, id: &str, ending: &str) -> Answer {
    let path = format!("/api/v1/submissions/{id}/quarantine.{ending}?language=en");
    let answer = door.get(&path).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let name = format!("attachment; filename=\"{id}.quarantine.{ending}\"");
    assert_eq!(answer.headers["content-disposition"], name.as_str());
    answer
}

/// The lines of the file, a list of cells each.
fn cells(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let records = reader.records().map(|record| record.unwrap());
    records
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

fn as_csv(lines: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

const ALL: &str = "select string_agg(visit_id || ' ' || office || ' ' || minutes, ', ' \
                   order by visit_id) from raw.visits";

async fn all(f: &Fixture) -> String {
    f.text_at(ALL, service::At::Now).await
}

/// What the clerk makes of the refused rows; `at` is the place of the first cell.
fn mend(lines: &mut [Vec<String>], at: usize) {
    let of =
        |lines: &mut [Vec<String>], id: &str| lines.iter().position(|line| line[at] == id).unwrap();
    let row = of(lines, "V-2");
    lines[row][at + 1] = "Ba Đình".to_owned();
    let row = of(lines, "V-3");
    lines[row][at + 3] = "5".to_owned();
    let row = of(lines, "V-4");
    lines[row][at + 1] = "gọi lại".to_owned();
    let row = of(lines, "V-6");
    lines[row][at + 3] = "60".to_owned();
    let row = of(lines, "");
    for (cell, value) in ["V-5", "Huế", "2026-09-05T08:00:00+07:00", "7"]
        .iter()
        .enumerate()
    {
        lines[row][at + cell] = (*value).to_owned();
    }
}

const MENDED: &str = "V-1 Ba Đình 12, V-2 Ba Đình 8, V-3 =1+1 5, V-4 gọi lại 5, V-5 Huế 7, \
                      V-6 Cầu Giấy, tầng 2 60";

#[tokio::test(flavor = "multi_thread")]
async fn the_refused_rows_are_a_file_with_their_cells_and_why() {
    let door = Door::new().await;
    let id = sent(&door).await;
    let answer = file(&door, &id, "csv").await;
    assert_eq!(
        answer.headers["content-type"],
        "text/csv; charset=utf-8; header=present"
    );
    let lines = cells(&answer.text);
    let head = [
        "_row",
        "_rules",
        "_message",
        "_text",
        "visit_id",
        "office",
        "visited_at",
        "minutes",
    ];
    assert_eq!(lines[0], head);
    let shown: Vec<String> = lines[1..]
        .iter()
        .map(|line| format!("{} {} {}", line[0], line[1], line[4..].join("|")))
        .collect();
    assert_eq!(
        shown,
        [
            "2 required V-2||2026-09-02T14:15:00+07:00|8",
            "3 range V-3|'=1+1|2026-09-02T15:00:00+07:00|-5",
            "4 personal_data V-4|gọ•••|2026-09-03T15:00:00+07:00|5",
            "5 malformed |||",
            "6 range V-6|Cầu Giấy, tầng 2|2026-09-04T15:00:00+07:00|601",
        ]
    );
    assert_eq!(lines[4][3], "V-5,Huế");
    assert!(lines[1][2].contains("Office"), "{:?}", lines[1]);
    assert!(!answer.text.contains("0912345678"));
    let vietnamese = door
        .get(&format!("/api/v1/submissions/{id}/quarantine.csv"))
        .await;
    assert!(vietnamese.text.contains("Trụ sở"), "{}", vietnamese.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_mended_lands_as_it_is() {
    for ending in ["csv", "xlsx"] {
        let door = Door::new().await;
        let id = sent(&door).await;
        let answer = file(&door, &id, ending).await;
        let (kind, body) = match ending {
            "csv" => {
                let mut lines = cells(&answer.text);
                mend(&mut lines, 4);
                (CSV, as_csv(&lines).into_bytes())
            }
            _ => (XLSX, mended_workbook(&answer.bytes)),
        };
        let query = format!("&corrects={id}");
        let answer = door
            .submit_with(&query, &[("content-type", kind)], body)
            .await;
        assert_eq!(answer.status.as_u16(), 201, "{ending}: {}", answer.text);
        let receipt = answer.json();
        assert_eq!(receipt["rows"]["landed"], 5, "{ending}: {receipt}");
        assert_eq!(receipt["supersedes"]["rows"], 0, "{ending}: {receipt}");
        assert_eq!(all(&door.fixture).await, MENDED, "{ending}");
    }
}

/// As a clerk's spreadsheet program saves it.
fn mended_workbook(bytes: &[u8]) -> Vec<u8> {
    let mut book = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let range = book.worksheet_range("rows").unwrap();
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Float(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let mut lines: Vec<Vec<String>> = range
        .rows()
        .map(|row| row.iter().map(text).collect())
        .collect();
    assert!(lines.iter().any(|line| line.contains(&"=1+1".to_owned())));
    mend(&mut lines, 4);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in (0..).zip(&lines) {
        for (column, cell) in (0..).zip(line) {
            if !cell.is_empty() {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_mended_is_refused_again_and_a_mask_is_never_a_value() {
    let door = Door::new().await;
    let id = sent(&door).await;
    for (ending, kind) in [("csv", CSV), ("xlsx", XLSX)] {
        let unmended = file(&door, &id, ending).await.bytes;
        let answer = door.submit(kind, None, unmended).await;
        let problem = answer.problem(422);
        let errors = problem["errors"].as_array().unwrap();
        let rules: Vec<&str> = errors.iter().map(|e| e["rule"].as_str().unwrap()).collect();
        assert!(rules.contains(&"masked"), "{ending}: {problem}");
        assert!(!rules.contains(&"unknown_column"), "{ending}: {problem}");
    }
    // Notes are notes only beside the columns of the contract, and only these.
    let other =
        "_row,_other,visit_id,office,visited_at,minutes\n1,x,V-9,Huế,2026-09-01T08:30:00+07:00,1\n";
    let problem = door.submit(CSV, None, other).await.problem(422);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("no column `_other`"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_of_which_nothing_landed_has_a_file_too() {
    let door = Door::new().await;
    let body = "visit_id,office,visited_at,minutes\nV-2,,2026-09-02T14:15:00+07:00,8\n";
    let refused = door.submit(CSV, None, body).await.problem(422);
    let id = refused["submission"].as_str().unwrap().to_owned();
    let mut lines = cells(&file(&door, &id, "csv").await.text);
    assert_eq!(lines[0].len(), 7, "no row without cells, no column for it");
    lines[1][4] = "Huế".to_owned();
    let answer = door.submit(CSV, None, as_csv(&lines)).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    assert_eq!(all(&door.fixture).await, "V-2 Huế 8");
    // What has nothing in quarantine has a file without rows.
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(cells(&file(&door, &id, "csv").await.text).len(), 1);
    let missing = "/api/v1/submissions/0192f0c1-0000-7000-8000-000000000001/quarantine.csv";
    door.get(missing).await.problem(404);
    let wrong = format!("/api/v1/submissions/{id}/quarantine.csv?language=fr");
    door.get(&wrong).await.problem(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decimal_comma_comes_back_as_the_number_it_was() {
    let setup = crate::home::Setup::default();
    let path = "warehouse/raw/visits.odcs.yaml";
    let contract = String::from_utf8(setup.sources.get(path).unwrap().to_vec()).unwrap();
    let contract = contract
        .replace("logicalType: integer", "logicalType: number")
        .replace("physicalType: int32", "physicalType: 'decimal(9,2)'");
    let served = "warehouse/served/visits_by_office.odcs.yaml";
    assert!(setup.sources.get(served).is_some());
    let door = Door::over(Fixture::with(setup.with_file(path, &contract)).await);
    let body = "visit_id;office;visited_at;minutes\nA;;2026-09-01T08:30:00+07:00;1,25\n\
                B;;2026-09-01T08:30:00+07:00;1.234,5\n";
    let refused = door.submit(CSV, None, body).await.problem(422);
    let id = refused["submission"].as_str().unwrap().to_owned();
    let lines = cells(&file(&door, &id, "csv").await.text);
    assert_eq!(lines[1][6], "1.25");
    assert_eq!(
        lines[2][6], "1.234,5",
        "what could not be read is as it was"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quarantine_is_searched_by_all_that_is_known_of_a_row() {
    let door = Door::new().await;
    let id = sent(&door).await;
    let total = async |query: &str| {
        let answer = door.get(&format!("/api/v1/quarantine?{query}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
        let page = answer.json();
        let shown = page["rows"].as_array().unwrap().len() as u64;
        (page["rows_total"].as_u64().unwrap_or(0), shown)
    };
    for (query, expected) in [
        ("", (5, 5)),
        ("dataset=raw.visits&agency=H26&period=2026-09", (5, 5)),
        ("rule=range", (2, 2)),
        ("rule=range&limit=1&offset=1", (2, 1)),
        ("agency=H29", (0, 0)),
        ("period=2026-10", (0, 0)),
        ("dataset=raw.other", (0, 0)),
        ("rule='%20or%20''%3D'", (0, 0)),
        (format!("submission={id}").as_str(), (5, 5)),
    ] {
        assert_eq!(total(query).await, expected, "{query}");
    }
    let rows = door
        .get("/api/v1/quarantine?rule=personal_data")
        .await
        .json();
    assert_eq!(rows["rows"][0]["value_excerpt"], "gọ•••");
    for query in [
        "period=x",
        "submission=7",
        "dataset=x",
        "where=1",
        "agency=x",
    ] {
        door.get(&format!("/api/v1/quarantine?{query}"))
            .await
            .problem(400);
    }
    // And by SQL.
    let sql = "select count(*) from system.quarantine where rule = 'range'";
    assert_eq!(door.fixture.number(sql).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_searches_and_takes_its_own_rows_only() {
    let door = Door::new().await;
    let id = sent(&door).await;
    let f = &door.fixture;
    let token = async |agency: &str| {
        let principal = Principal {
            name: "lan".to_owned(),
            role: "submitter".to_owned(),
            agency: Some(agency.parse().unwrap()),
        };
        f.house.create_token(&f.admin, &principal).await.unwrap()
    };
    for (agency, total, status) in [("H26", 5, 200), ("H29", 0, 403)] {
        let token = token(agency).await;
        let get = async |path: &str| {
            let request = axum::http::Request::get(path)
                .header("authorization", format!("Bearer {}", token.reveal()));
            door.send(request.body(axum::body::Body::empty()).unwrap())
                .await
        };
        let page = get("/api/v1/quarantine").await;
        assert_eq!(page.json()["rows_total"], total, "{agency}: {}", page.text);
        let file = get(&format!("/api/v1/submissions/{id}/quarantine.csv")).await;
        assert_eq!(file.status.as_u16(), status, "{agency}: {}", file.text);
    }
}
