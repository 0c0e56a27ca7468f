//! What is wrong with a row: one row for each kind of verdict, told in the answer and kept in the
//! quarantine with the same words, whatever the format of the body.

use serde_json::{Value, json};

use crate::bodies::{CSV, NDJSON, PARQUET, ndjson, parquet, visits};
use crate::home::{Fixture, Setup};
use crate::http::Door;

const CONTRACT: &str = include_str!("verdicts/visits.odcs.yaml");

/// `H30` was an agency until the end of 2025; the period is 2026-09.
const AGENCIES: &str = "code,name_vi,name_en,valid_from,valid_to\n\
    H26,Hà Nội,Hà Nội,2020-01-01,\n\
    H29,Thành phố Hồ Chí Minh,Hồ Chí Minh City,2020-01-01,\n\
    H30,Cơ quan cũ,Former agency,2020-01-01,2025-12-31\n";

/// Rows 1 and 14 land.
const ROWS: &str = "visit_id,office,visited_at,minutes,sent_by,note\n\
    V-1,Ba Đình,2026-09-01T08:30:00+07:00,12,H29,đúng hẹn\n\
    V-2,Ba Đình,2026-09-01T08:30:00+07:00,twelve,,\n\
    V-3,,2026-09-01T08:30:00+07:00,12,,\n\
    V-4,Ba Đình,2026-09-01T08:30:00+07:00,-5,,\n\
    V-5,Ba Đình,2026-09-01T08:30:00+07:00,12,H99,\n\
    V-6,Ba Đình,2026-09-01T08:30:00+07:00,12,H30,\n\
    X7,Ba Đình,2026-09-01T08:30:00+07:00,12,,\n\
    V-8,B,2026-09-01T08:30:00+07:00,12,,\n\
    V-9,Ba Đình,2026-09-15T00:00:00+07:00,12,,\n\
    V-1,Tây Hồ,2026-09-01T08:30:00+07:00,12,,\n\
    V-11,Ba Đình,2026-09-01T08:30:00+07:00,12,,001099123456\n\
    V-12,Ba Đình,2026-09-01T08:30:00+07:00,12,,gọi 0912345678 nhé\n\
    V-13,Ba Đình,2026-09-01T08:30:00+07:00,12,,nguoi.dan@example.com\n\
    V-14,Ba Đình,2026-09-14T23:59:59+07:00,301,,\n";

/// `row | column | rule | severity | value | message`
const VERDICTS: &str = "\
    2 | minutes | type | error | twelve | `minutes` cannot be read as int32: expected a whole \
    number of digits only, as in `1250`\n\
    3 | office | required | error | - | Office must be given\n\
    4 | minutes | range | error | -5 | Minutes must be from 0 to 600\n\
    5 | sent_by | code_list | error | H99 | Sent by is no code of the list `agencies` that is \
    valid in the period\n\
    6 | sent_by | code_list | error | H30 | Sent by is no code of the list `agencies` that is \
    valid in the period\n\
    7 | visit_id | pattern | error | X7 | Visit does not have the form `V-[0-9]+`\n\
    8 | office | length | error | B | Office must have from 2 to 20 characters\n\
    9 | - | within_period | error | - | the visit lies outside of the period\n\
    10 | visit_id | unique | error | V-1 | the key (`visit_id`) is already in row 1\n\
    11 | note | personal_data | error | 00••• | Note looks as if it held personal data (a citizen \
    id, a phone number or an e-mail address)\n\
    12 | note | personal_data | error | gọ••• | Note looks as if it held personal data (a citizen \
    id, a phone number or an e-mail address)\n\
    13 | note | personal_data | error | ng••• | Note looks as if it held personal data (a citizen \
    id, a phone number or an e-mail address)\n\
    14 | - | long_visit | warning | - | the visit took more than five hours\n";

/// What those who read Vietnamese are told of the same rows.
const IN_VIETNAMESE: &str = "\
    2 | không đọc được `minutes` theo kiểu int32: cần một số nguyên chỉ gồm chữ số, như `1250`\n\
    3 | Trụ sở không được để trống\n\
    4 | Số phút phải từ 0 đến 600\n\
    5 | Nơi chuyển không phải là mã có hiệu lực trong kỳ của danh mục `agencies`\n\
    6 | Nơi chuyển không phải là mã có hiệu lực trong kỳ của danh mục `agencies`\n\
    7 | Mã lượt không đúng dạng `V-[0-9]+`\n\
    8 | Trụ sở phải có từ 2 đến 20 ký tự\n\
    9 | lượt đến nằm ngoài kỳ báo cáo\n\
    10 | khóa (`visit_id`) đã có ở dòng 1\n\
    11 | Ghi chú có vẻ chứa dữ liệu cá nhân (số định danh, số điện thoại hoặc địa chỉ thư \
    điện tử)\n\
    12 | Ghi chú có vẻ chứa dữ liệu cá nhân (số định danh, số điện thoại hoặc địa chỉ thư \
    điện tử)\n\
    13 | Ghi chú có vẻ chứa dữ liệu cá nhân (số định danh, số điện thoại hoặc địa chỉ thư \
    điện tử)\n\
    14 | lượt tiếp dài hơn năm giờ\n";

const QUARANTINE: &str = "select row_number as \"row\", column_name as \"column\", rule, severity, \
    value_excerpt, message_en as message from system.quarantine \
    order by row_number, column_name, rule";

fn setup() -> Setup {
    Setup::default()
        .with_file("warehouse/raw/visits.odcs.yaml", CONTRACT)
        .with_file("warehouse/codes/agencies.csv", AGENCIES)
}

async fn door() -> Door {
    Door::over(Fixture::with(setup()).await)
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A line per object, its values in this order.
fn lines(objects: &Value, names: &[&str]) -> String {
    let line = |object: &Value| {
        let values: Vec<_> = names.iter().map(|name| shown(object.get(*name))).collect();
        values.join(" | ") + "\n"
    };
    objects.as_array().unwrap().iter().map(line).collect()
}

fn verdicts(errors: &Value) -> String {
    let names = [
        "row",
        "column",
        "rule",
        "severity",
        "value_excerpt",
        "message",
    ];
    lines(errors, &names)
}

#[track_caller]
fn counted(receipt: &Value, counts: [u64; 4]) {
    let [received, landed, quarantined, warned] = counts;
    let expected = json!({
        "received": received, "landed": landed, "quarantined": quarantined, "warned": warned,
    });
    assert_eq!(receipt["rows"], expected, "{receipt}");
}

/// That the quarantine, and the page of the submission's errors, say what the answer said.
async fn is_kept(door: &Door, receipt: &Value, expected: &str) {
    assert_eq!(verdicts(&receipt["errors"]), expected);
    assert_eq!(receipt["errors_total"], expected.lines().count());
    let kept = door.query(QUARANTINE).await;
    assert_eq!(verdicts(&kept.json()), expected);
    let id = receipt["id"].as_str().unwrap();
    let page = door.get(&format!("/api/v1/submissions/{id}/errors")).await;
    assert_eq!(verdicts(&page.json()["errors"]), expected);
}

async fn landed(door: &Door) -> String {
    let sql = "select visit_id from raw.visits order by _row_number";
    let rows = door.query(sql).await.json();
    lines(&rows, &["visit_id"])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_verdict_is_told_and_kept_with_row_column_rule_and_message() {
    let door = door().await;
    let body = format!("{ROWS}V-15,Ba Đình\n");
    let answer = door.submit(CSV, None, body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    let receipt = answer.json();
    counted(&receipt, [15, 2, 13, 1]);
    let malformed =
        "15 | - | malformed | error | - | the row has 2 cells, the header has 6 columns\n";
    is_kept(&door, &receipt, &format!("{VERDICTS}{malformed}")).await;
    assert_eq!(landed(&door).await, "V-1\nV-14\n");

    let sql = "select row_number, message_vi from system.quarantine where row_number < 15 \
        order by row_number";
    let told = door.query(sql).await.json();
    assert_eq!(lines(&told, &["row_number", "message_vi"]), IN_VIETNAMESE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_is_kept_as_it_came_and_what_looks_personal_is_masked() {
    let door = door().await;
    let answer = door.submit(CSV, None, ROWS).await;
    assert!(!answer.text.contains("0912345678"), "{}", answer.text);
    let sql = "select row_number, row_text from system.quarantine \
        where row_number in (4, 11, 12, 13, 14) order by row_number";
    let kept = door.query(sql).await;
    for personal in ["001099123456", "0912345678", "nguoi.dan@"] {
        assert!(!kept.text.contains(personal), "{}", kept.text);
    }
    let row = |id: &str, minutes: &str, note: &str| {
        format!(
            "{{\"visit_id\":\"{id}\",\"office\":\"Ba Đình\",\
             \"visited_at\":\"2026-09-01T08:30:00+07:00\",\"minutes\":\"{minutes}\",\
             \"sent_by\":null,\"note\":{note}}}"
        )
    };
    let expected = [
        format!("4 | {}", row("V-4", "-5", "null")),
        format!("11 | {}", row("V-11", "12", "\"00•••\"")),
        format!("12 | {}", row("V-12", "12", "\"gọ•••\"")),
        format!("13 | {}", row("V-13", "12", "\"ng•••\"")),
        // It landed: what is wrong with it is a warning.
        "14 | -\n".to_owned(),
    ];
    assert_eq!(
        lines(&kept.json(), &["row_number", "row_text"]),
        expected.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ndjson_is_judged_as_csv_is_and_for_what_only_it_can_hold() {
    let door = door().await;
    let schema = visits(&setup().sources);
    let visit = |id: &str, office: Value| {
        json!({
            "visit_id": id, "office": office, "visited_at": "2026-09-01T08:30:00+07:00",
        })
    };
    let mut surplus = visit("V-15", "Ba Đình".into());
    surplus["colour"] = "red".into();
    let body = [
        ndjson(ROWS, &schema),
        format!("{surplus}\n"),
        format!("{}\n", visit("V-16", 7.into())),
        format!("{}\n", visit("V-17", json!(["Ba Đình"]))),
        "[\"V-18\"]\n".to_owned(),
        "{\"visit_id\":\"V-19\"\n".to_owned(),
    ];
    let answer = door.submit(NDJSON, None, body.concat()).await;
    let receipt = answer.json();
    counted(&receipt, [19, 2, 17, 1]);
    let more = "\
        15 | colour | unknown_column | error | re••• | `raw.visits` has no column `colour`\n\
        16 | office | type | error | 7 | `office` cannot be read as string: expected a string; \
        write the value in quotes\n\
        17 | office | type | error | [\"Ba Đình\"] | `office` cannot be read as string: expected \
        one value, not a list or an object\n\
        18 | - | malformed | error | - | expected one JSON object per line\n\
        19 | - | malformed | error | - | the line is not JSON; it breaks at byte 19\n";
    is_kept(&door, &receipt, &format!("{VERDICTS}{more}")).await;
    assert_eq!(landed(&door).await, "V-1\nV-14\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_is_judged_as_csv_is_and_a_column_of_another_type_refuses_it_as_a_whole() {
    let door = door().await;
    let schema = visits(&setup().sources);
    let typed = ROWS.replace("twelve", "");
    let answer = door.submit(PARQUET, None, parquet(&typed, &schema)).await;
    let receipt = answer.json();
    counted(&receipt, [14, 3, 11, 1]);
    let (_, expected) = VERDICTS.split_once('\n').unwrap();
    is_kept(&door, &receipt, expected).await;
    assert_eq!(landed(&door).await, "V-1\nV-2\nV-14\n");

    let texts = schema.fields().iter().map(|field| {
        let field = field.as_ref().clone();
        field.with_data_type(arrow::datatypes::DataType::Utf8)
    });
    let texts = arrow::datatypes::Schema::new(texts.collect::<Vec<_>>());
    let body = parquet(ROWS, &texts.into());
    let problem = door.submit(PARQUET, None, body).await.problem(422);
    let expected = "0 | visited_at, minutes | type | error | - | column `visited_at` is `Utf8`, \
        the contract says `timestamp`; column `minutes` is `Utf8`, the contract says `int32`\n";
    assert_eq!(verdicts(&problem["errors"]), expected, "{problem}");
    assert_eq!(landed(&door).await, "V-1\nV-2\nV-14\n");
}
