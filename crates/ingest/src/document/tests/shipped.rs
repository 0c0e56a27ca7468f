//! The shipped adapters read the files of `examples/adapters`.

use std::path::Path;

use expect_test::{Expect, expect};
use project::{Project, Sources};

use crate::samples::{answer, judge_through};
use crate::{Limits, Mapping};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The first rows, and all that is told of others.
fn check(adapter: &str, file: &str, expected: Expect) {
    let (project, problems) = Project::read(&Sources::from_folder(root()).unwrap());
    assert_eq!(problems, []);
    let adapter = &project.adapters[adapter];
    let contract = project.dataset(&adapter.dataset).unwrap();
    let body = std::fs::read(root().join("examples/adapters").join(file)).unwrap();
    let mapping = Mapping::new(adapter, contract);
    let told = answer(
        judge_through(&mapping, &[], &Limits::default(), &body),
        contract,
    );
    let is_shown = |line: &&str| {
        let number = line
            .split_once(": ")
            .map(|(number, _)| number.parse::<u64>());
        !matches!(number, Some(Ok(4..)))
    };
    let told: Vec<&str> = told.lines().filter(is_shown).collect();
    expected.assert_eq(&(told.join("\n") + "\n"));
}

#[test]
fn dossiers_of_the_national_portal_land() {
    check(
        "national-portal-dossiers",
        "dossiers.json",
        expect![[r#"
            1: H26.01-260907-0001 | 1.000106 | H26 | 1 | 3 | 2026-09-07T15:42:22+07:00 | 2026-09-10T17:00:00+07:00 | ∅ | ∅ | 4 | 0 | ∅ | ∅ | ∅ | ∅ | ∅ | 2026-09-07T15:42:22+07:00
            2: H26.01-260907-0002 | 1.000094 | H26 | 1 | 2 | 2026-09-07T10:21:14+07:00 | 2026-09-10T17:00:00+07:00 | 2026-09-07T12:53:14+07:00 | 2026-09-07T14:15:14+07:00 | 10 | 50000 | ∅ | ∅ | ∅ | ∅ | ∅ | 2026-09-07T14:15:14+07:00
            3: H26.01-260817-0003 | 1.000186 | H26 | 1 | 2 | 2026-08-17T11:32:56+07:00 | 2026-08-24T17:00:00+07:00 | 2026-08-18T08:06:56+07:00 | 2026-08-18T09:31:56+07:00 | 10 | 170000 | ∅ | ∅ | ∅ | ∅ | ∅ | 2026-08-18T09:31:56+07:00
            35 refused code state «12»: the codes of `state` (from `TrangThaiHoSo`) lack the value
                {"MaHoSo":"H26.01-260912-0035","MaTTHC":"1.000126","TenTTHC":"Gử•••","MaLinhVuc":"LV•••","TenLinhVuc":"La•••","LoaiDoiTuong":"1","HinhThuc":"3","NgayTiepNhan":"20260912141522","NgayHenTra":"20260919170000","NgayKetThucXuLy":"","NgayTra":"","TrangThaiHoSo":"12","DonViXuLy":"Tr•••","DanhSachLePhi":"[{•••","TaiLieuNop":"[{•••","DanhSachGiayToKetQua":"[]•••"}
            36 refused unknown_column ChuHoSo «Ng•••»: `raw.dossiers` has no column `ChuHoSo`
                {"MaHoSo":"H26.01-260824-0036","MaTTHC":"1.000028","TenTTHC":"Cấ•••","MaLinhVuc":"LV•••","TenLinhVuc":"Că•••","LoaiDoiTuong":"1","HinhThuc":"3","NgayTiepNhan":"20260824104135","NgayHenTra":"","NgayKetThucXuLy":"20260825172935","NgayTra":"20260825191535","TrangThaiHoSo":"10","DonViXuLy":"Tr•••","DanhSachLePhi":"[{•••","TaiLieuNop":"[{•••","DanhSachGiayToKetQua":"[{•••","ChuHoSo":"Ng•••"}
            36 received, 34 landed, 2 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn dossiers_of_a_one_stop_shop_land_from_its_csv() {
    check(
        "one-stop-csv",
        "one-stop.csv",
        expect![[r#"
        1: H26.19-260907-0001 | 1.000106 | H26 | 1 | 3 | 2026-09-07T15:42:00+07:00 | 2026-09-10T17:00:00+07:00 | ∅ | ∅ | 4 | 0 | ∅ | ∅ | ∅ | ∅ | ∅ | 2026-09-07T15:42:00+07:00
        2: H26.19-260907-0002 | 1.000094 | H26 | 1 | 2 | 2026-09-07T10:21:00+07:00 | 2026-09-10T17:00:00+07:00 | 2026-09-07T12:53:00+07:00 | 2026-09-07T14:15:00+07:00 | 10 | 50000 | ∅ | ∅ | ∅ | ∅ | ∅ | 2026-09-07T14:15:00+07:00
        3: H26.19-260817-0003 | 1.000186 | H26 | 1 | 2 | 2026-08-17T11:32:00+07:00 | 2026-08-24T17:00:00+07:00 | 2026-08-18T08:06:00+07:00 | 2026-08-18T09:31:00+07:00 | 10 | 170000 | ∅ | ∅ | ∅ | ∅ | ∅ | 2026-08-18T09:31:00+07:00
        31 refused code state «Chờ ký số»: the codes of `state` (from `Trạng thái`) lack the value
            {"STT":"31•••","Số hồ sơ":"H26.19-260912-0031","Mã thủ tục":"1.000126","Tên thủ tục":"Gử•••","Lĩnh vực":"La•••","Đối tượng":"Tổ chức","Hình thức nộp":"Trực tuyến","Ngày tiếp nhận":"12/09/2026 14:15","Ngày hẹn trả":"19/09/2026 17:00","Ngày xử lý xong":null,"Ngày trả kết quả":null,"Trạng thái":"Chờ ký số","Lệ phí":"0","Đơn vị xử lý":"Tr•••","Ghi chú":null}
        32 refused type fee_amount «150,000.00»: `fee_amount` (from `Lệ phí`) cannot be read as int64: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            {"STT":"32•••","Số hồ sơ":"H26.19-260824-0032","Mã thủ tục":"1.000028","Tên thủ tục":"Cấ•••","Lĩnh vực":"Că•••","Đối tượng":"Cá nhân","Hình thức nộp":"Trực tiếp","Ngày tiếp nhận":"24/08/2026 10:41","Ngày hẹn trả":null,"Ngày xử lý xong":"25/08/2026 17:29","Ngày trả kết quả":"31/09/2026 8:15","Trạng thái":"Đã trả kết quả","Lệ phí":"150,000.00","Đơn vị xử lý":"Tr•••","Ghi chú":null}
        32 refused type returned_at «31/09/2026 8:15»: `returned_at` (from `Ngày trả kết quả`) is not of the form `dd/MM/yyyy HH:mm`
        32 refused type updated_at «31/09/2026 8:15»: `updated_at` (from `Ngày trả kết quả`) is not of the form `dd/MM/yyyy HH:mm`
        32 received, 30 landed, 2 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn a_packet_of_indicators_lands() {
    check(
        "indicator-packet",
        "indicators.xml",
        expect![[r#"
        1: H26 | accounts_total | total | 290.00 | ∅
        2: H26 | accounts_vneid | total | 628.00 | ∅
        3: H26 | api_calls_in | total | 883.00 | ∅
        37 refused code disaggregation «XA.001»: the codes of `disaggregation` (from `MaPhanTo`) lack the value
            {"MaDonVi":"000.00.00.H26","MaChiTieu":"dossiers_received_total","TenChiTieu":"Tổ•••","MaPhanTo":"XA.001","TenPhanTo":"Cấ•••","GiaTri":"12000","GhiChu":null}
        37 received, 36 landed, 1 quarantined, 0 warned
    "#]],
    );
}
