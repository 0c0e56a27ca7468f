//! Systems: what every agency runs, and the few that most of the country uses.

use calendar::Period;
use project::ColumnType;

use super::Generator;
use super::cells::{Cell, Row, Sheet};
use super::country::Agency;
use super::dice::Dice;
use super::faults::Breakable;
use super::workdays::day_number;

pub(super) static SHEET: Sheet = Sheet {
    dataset: "raw.systems",
    columns: &[
        ("system_code", ColumnType::String),
        ("name", ColumnType::String),
        ("owner_agency_code", ColumnType::String),
        ("owner_kind", ColumnType::String),
        ("transaction_kind", ColumnType::String),
        ("monthly_active_users", ColumnType::Int64),
        ("security_level", ColumnType::Int32),
        ("live_on", ColumnType::Date),
        ("contact_unit", ColumnType::String),
    ],
    breakable: Breakable {
        codes: &[(2, "Z99"), (3, "private"), (4, "other")],
        times: &[],
        counts: &[5],
        texts: &[8, 1],
        types: &[(5, "khoảng một nghìn"), (6, "cấp ba"), (7, "quý II")],
        required: &[0, 1, 5],
        late: None,
    },
};

/// A system that an agency runs.
#[derive(Debug)]
pub(super) struct System {
    /// The code, `H26.TTHC`.
    pub(super) code: String,
    /// The Vietnamese name.
    pub(super) name: String,
    owner_kind: &'static str,
    transaction_kind: &'static str,
    /// People who used it in the month.
    pub(super) users: i64,
    security_level: i64,
    live_on: i32,
}

/// Short name, name, who transacts there. The first three are everywhere.
const USUAL: [(&str, &str, &str); 20] = [
    (
        "TTHC",
        "Hệ thống thông tin giải quyết thủ tục hành chính",
        "public",
    ),
    ("LGSP", "Nền tảng tích hợp, chia sẻ dữ liệu", "inter_agency"),
    ("QLVB", "Hệ thống quản lý văn bản và điều hành", "internal"),
    ("CTT", "Cổng thông tin điện tử", "public"),
    ("KDL", "Kho dữ liệu dùng chung", "inter_agency"),
    ("BCDT", "Hệ thống thông tin báo cáo", "inter_agency"),
    ("PAKN", "Hệ thống tiếp nhận phản ánh, kiến nghị", "public"),
    (
        "CBCC",
        "Cơ sở dữ liệu cán bộ, công chức, viên chức",
        "internal",
    ),
    ("TDT", "Hệ thống thư điện tử công vụ", "internal"),
    ("HKG", "Hệ thống họp không giấy tờ", "internal"),
    ("CDS", "Ứng dụng công dân số", "public"),
    ("GSAT", "Trung tâm giám sát an toàn thông tin", "internal"),
    (
        "DMDC",
        "Hệ thống danh mục điện tử dùng chung",
        "inter_agency",
    ),
    ("KNTC", "Hệ thống quản lý khiếu nại, tố cáo", "internal"),
    (
        "TTDH",
        "Trung tâm giám sát, điều hành thông minh",
        "internal",
    ),
    ("TSC", "Hệ thống quản lý tài sản công", "inter_agency"),
    ("LTDT", "Hệ thống lưu trữ tài liệu điện tử", "internal"),
    ("DTTT", "Nền tảng đào tạo trực tuyến", "internal"),
    ("TTTT", "Dịch vụ thu phí, lệ phí trực tuyến", "public"),
    ("DLM", "Cổng dữ liệu mở", "public"),
];

/// Systems known by name: agency, short name, name, who transacts, monthly users, security level.
const KNOWN: [(&str, &str, &str, &str, i64, i64); 9] = [
    (
        "G01",
        "VNEID",
        "Ứng dụng định danh điện tử quốc gia VNeID",
        "public",
        41_500_000,
        5,
    ),
    (
        "G01",
        "CSDLDC",
        "Cơ sở dữ liệu quốc gia về dân cư",
        "inter_agency",
        1_250_000,
        5,
    ),
    (
        "G22",
        "DVCQG",
        "Cổng Dịch vụ công quốc gia",
        "public",
        12_400_000,
        4,
    ),
    (
        "G12",
        "ETAX",
        "Ứng dụng thuế điện tử",
        "public",
        6_800_000,
        4,
    ),
    (
        "G12",
        "VSSID",
        "Ứng dụng bảo hiểm xã hội số VssID",
        "public",
        8_900_000,
        4,
    ),
    ("G18", "SSK", "Sổ sức khỏe điện tử", "public", 4_300_000, 4),
    (
        "G03",
        "CSDLGD",
        "Cơ sở dữ liệu giáo dục và đào tạo",
        "public",
        3_400_000,
        3,
    ),
    (
        "H26",
        "IHANOI",
        "Nền tảng công dân Thủ đô số iHanoi",
        "public",
        3_700_000,
        3,
    ),
    (
        "H29",
        "CDSTP",
        "Ứng dụng Công dân số Thành phố Hồ Chí Minh",
        "public",
        3_200_000,
        3,
    ),
];

/// The systems of that agency: the same in every period, with the period's users.
pub(super) fn of(agency: &Agency, period: &Period, seed: u64) -> Vec<System> {
    let code = agency.code.as_str();
    let mut dice = Dice::new(seed, &["systems", code]);
    let mut month = Dice::new(seed, &["users", code, period.code.as_str()]);
    let short_name = agency
        .name
        .strip_prefix("Ủy ban nhân dân ")
        .unwrap_or(&agency.name);
    let count = dice.between(6, 18) as usize;
    let mut systems = Vec::with_capacity(count + 3);
    for (_, short, name, kind, users, level) in KNOWN.iter().filter(|known| known.0 == code) {
        systems.push(System {
            code: format!("{code}.{short}"),
            name: (*name).to_owned(),
            owner_kind: "state",
            transaction_kind: kind,
            users: (*users as f64 * month.real(0.97, 1.03)) as i64,
            security_level: *level,
            live_on: 17_000 + dice.between(0, 2_500) as i32,
        });
    }
    for (short, name, kind) in USUAL.iter().take(count) {
        let people = agency.weight as f64;
        let usual = match *kind {
            "public" => people * dice.real(0.004, 0.05),
            "inter_agency" => people * dice.real(0.0005, 0.003),
            _ => dice.real(400.0, 9_000.0),
        };
        let outsourced = *kind == "public" && dice.chance(0.08);
        systems.push(System {
            code: format!("{code}.{short}"),
            name: format!("{name} – {short_name}"),
            owner_kind: if outsourced { "organisation" } else { "state" },
            transaction_kind: kind,
            users: (usual * month.real(0.9, 1.1)) as i64,
            security_level: if *kind == "internal" {
                dice.between(2, 3)
            } else {
                3
            },
            live_on: 15_500 + dice.between(0, 4_800) as i32,
        });
    }
    systems
}

/// One row per system; past the agency's own, modules of theirs.
pub(super) fn rows<'g>(
    generator: &'g Generator,
    agency: &'g Agency,
) -> impl Iterator<Item = Row<'g>> {
    let mut dice = generator.dice(&["system rows", agency.code.as_str()]);
    let last_day = day_number(generator.period().end_on);
    let systems = &agency.systems;
    (0_usize..).map_while(move |index| {
        let system = systems.get(index % systems.len().max(1))?;
        let (code, name) = match index / systems.len() {
            0 => (Cell::text(&system.code), Cell::text(&system.name)),
            module => (
                Cell::owned(format!("{}.{module}", system.code)),
                Cell::owned(format!("{} – phân hệ {module}", system.name)),
            ),
        };
        let contact = if dice.chance(0.8) {
            "Trung tâm Chuyển đổi số"
        } else {
            "Văn phòng"
        };
        Some(vec![
            code,
            name,
            Cell::text(agency.code.as_str()),
            Cell::text(system.owner_kind),
            Cell::text(system.transaction_kind),
            Cell::Int(system.users),
            Cell::Int(system.security_level),
            Cell::Day(system.live_on.min(last_day)),
            if dice.chance(0.9) {
                Cell::text(contact)
            } else {
                Cell::Null
            },
        ])
    })
}
