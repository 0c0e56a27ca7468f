//! The words of a report that are not the definition's.

use crate::Language;

/// The words in one language.
pub(super) struct Words {
    pub(super) nothing: &'static str,
    pub(super) data: &'static str,
    pub(super) made_from: &'static str,
    pub(super) report: &'static str,
    pub(super) rendered_at: &'static str,
    pub(super) definition: &'static str,
    pub(super) queries: &'static str,
    pub(super) query: &'static str,
    pub(super) rows: &'static str,
    pub(super) sql_sha256: &'static str,
    pub(super) inputs: &'static str,
    pub(super) dataset: &'static str,
    pub(super) version: &'static str,
    pub(super) reproducible: &'static str,
    pub(super) figures: &'static str,
    pub(super) figure: &'static str,
    pub(super) value: &'static str,
    pub(super) name: &'static str,
    pub(super) parameter: &'static str,
    pub(super) numbers_as_text: &'static str,
    pub(super) texts_cut: &'static str,
}

const VI: Words = Words {
    nothing: "Không có số liệu.",
    data: "Số liệu của biểu đồ",
    made_from: "Nguồn gốc số liệu",
    report: "Báo cáo",
    rendered_at: "Lập lúc",
    definition: "Mã băm của định nghĩa (SHA-256)",
    queries: "Truy vấn đã chạy",
    query: "Truy vấn",
    rows: "Số dòng",
    sql_sha256: "Mã băm câu SQL (SHA-256)",
    inputs: "Phiên bản dữ liệu đã đọc",
    dataset: "Bộ dữ liệu",
    version: "Phiên bản",
    reproducible: "Cùng định nghĩa, tham số và phiên bản dữ liệu cho cùng số liệu.",
    figures: "Số liệu chính",
    figure: "Chỉ tiêu",
    value: "Giá trị",
    name: "Tên",
    parameter: "Tham số",
    numbers_as_text: "Số ô ghi số dưới dạng văn bản (trên 15 chữ số)",
    texts_cut: "Số ô bị cắt ngắn (trên 32.767 ký tự)",
};

const EN: Words = Words {
    nothing: "There is no data.",
    data: "The chart's numbers",
    made_from: "Where the figures come from",
    report: "Report",
    rendered_at: "Rendered at",
    definition: "Hash of the definition (SHA-256)",
    queries: "Queries that were run",
    query: "Query",
    rows: "Rows",
    sql_sha256: "Hash of the SQL (SHA-256)",
    inputs: "Versions of the data that was read",
    dataset: "Dataset",
    version: "Version",
    reproducible: "The same definition, parameters and versions give the same figures.",
    figures: "Key figures",
    figure: "Figure",
    value: "Value",
    name: "Name",
    parameter: "Parameter",
    numbers_as_text: "Cells with a number as text (more than 15 digits)",
    texts_cut: "Cells cut short (more than 32,767 characters)",
};

impl Words {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Vi => &VI,
            Language::En => &EN,
        }
    }
}
