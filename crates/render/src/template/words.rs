//! What the form says in words, which are those of its readers: Vietnamese.

use project::ColumnType;

pub(super) const WRONG: &str = "Giá trị không hợp lệ";
pub(super) const REQUIRED: &str = "Bắt buộc";
pub(super) const OPTIONAL: &str = "Không bắt buộc";

pub(super) const LABEL: &str = "Cột";
pub(super) const NAME: &str = "Tên kỹ thuật";
pub(super) const TYPE: &str = "Kiểu dữ liệu";
pub(super) const MEANING: &str = "Ý nghĩa";
pub(super) const RULES: &str = "Quy tắc";
pub(super) const RULES_EN: &str = "Quy tắc (tiếng Anh)";
pub(super) const LIST: &str = "Danh mục mã";
pub(super) const WHOLE_ROWS: &str = "Quy tắc của cả dòng";

/// How the form is filled in.
pub(super) const HOW: [&str; 6] = [
    "Điền dữ liệu vào trang “Dữ liệu”, mỗi dòng một bản ghi, bắt đầu từ dòng 2. Không đổi tên, \
     không xóa dòng tiêu đề; thứ tự cột không quan trọng.",
    "Cột có tiêu đề nền vàng là bắt buộc; nền xanh là không bắt buộc. Dòng trống được bỏ qua.",
    "Mã và số định danh là văn bản: giữ nguyên số 0 ở đầu. Ngày nhập dạng 15/09/2026 (ngày trước, \
     tháng sau).",
    "Không gộp ô (merge), không ghi chú ngoài bảng. Công thức được đọc theo kết quả đã lưu trong \
     tệp.",
    "Số có hơn 15 chữ số phải nhập dưới dạng văn bản, vì bảng tính chỉ giữ 15 chữ số.",
    "Lưu tệp ở dạng .xlsx hoặc .ods rồi gửi. Kết quả kiểm tra chỉ rõ ô có lỗi, ví dụ “ô D14”.",
];

/// A type as people know it.
pub(super) fn kind(column_type: ColumnType) -> String {
    match column_type {
        ColumnType::String => "văn bản".to_owned(),
        ColumnType::Int32 | ColumnType::Int64 => "số nguyên".to_owned(),
        ColumnType::Float64 => "số".to_owned(),
        ColumnType::Decimal(_, 0) => "số nguyên".to_owned(),
        ColumnType::Decimal(_, scale) => {
            format!("số thập phân, nhiều nhất {scale} chữ số sau dấu phẩy")
        }
        ColumnType::Boolean => "đúng hoặc sai: TRUE hoặc FALSE".to_owned(),
        ColumnType::Date => "ngày, như 15/09/2026".to_owned(),
        ColumnType::Timestamp => "ngày giờ Việt Nam, như 15/09/2026 08:30:00".to_owned(),
    }
}

/// Whether a value must be given.
pub(super) fn required(required: bool) -> &'static str {
    if required { REQUIRED } else { OPTIONAL }
}

/// What is said of a list whose codes are offered.
pub(super) fn offered(list: &str) -> String {
    format!("danh mục `{list}`: chọn mã trong danh sách thả xuống")
}

/// What is said of a list that is not offered.
pub(super) fn not_offered(list: &str, codes: Option<usize>) -> String {
    match codes {
        Some(codes) => format!("danh mục `{list}` có {codes} mã, quá dài cho danh sách thả xuống"),
        None => format!("danh mục `{list}`"),
    }
}
