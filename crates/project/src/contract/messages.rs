//! What people are told when an implicit rule breaks, in both languages.

use super::{Bound, Text};
use crate::DatasetName;

fn text(vi: String, en: String) -> Text {
    Text { vi, en }
}

pub(super) fn required(label: &Text) -> Text {
    text(
        format!("{} không được để trống", label.vi),
        format!("{} must be given", label.en),
    )
}

pub(super) fn unique(labels: &[&Text]) -> Text {
    let vi: Vec<&str> = labels.iter().map(|l| l.vi.as_str()).collect();
    let en: Vec<&str> = labels.iter().map(|l| l.en.as_str()).collect();
    text(
        format!("Đã có một dòng khác trùng {}", vi.join(", ")),
        format!("Another row has the same {}", en.join(", ")),
    )
}

pub(super) fn range(label: &Text, min: Option<&Bound>, max: Option<&Bound>) -> Text {
    if let (Some(low), Some(high)) = (min, max)
        && !low.exclusive
        && !high.exclusive
    {
        let (low, high) = (&low.value, &high.value);
        return text(
            format!("{} phải từ {low} đến {high}", label.vi),
            format!("{} must be from {low} to {high}", label.en),
        );
    }
    let mut vi = Vec::new();
    let mut en = Vec::new();
    for (bound, more) in [(min, true), (max, false)] {
        let Some(Bound { value, exclusive }) = bound else {
            continue;
        };
        let (in_vi, in_en) = match (more, exclusive) {
            (true, true) => ("lớn hơn", "greater than"),
            (true, false) => ("lớn hơn hoặc bằng", "at least"),
            (false, true) => ("nhỏ hơn", "less than"),
            (false, false) => ("nhỏ hơn hoặc bằng", "at most"),
        };
        vi.push(format!("{in_vi} {value}"));
        en.push(format!("{in_en} {value}"));
    }
    text(
        format!("{} phải {}", label.vi, vi.join(" và ")),
        format!("{} must be {}", label.en, en.join(" and ")),
    )
}

pub(super) fn length(label: &Text, min: Option<u64>, max: Option<u64>) -> Text {
    let (vi, en) = match (min, max) {
        (Some(low), Some(high)) if low == high => (format!("đúng {low}"), format!("exactly {low}")),
        (Some(low), Some(high)) => (
            format!("từ {low} đến {high}"),
            format!("from {low} to {high}"),
        ),
        (Some(low), None) => (format!("ít nhất {low}"), format!("at least {low}")),
        (None, Some(high)) => (format!("nhiều nhất {high}"), format!("at most {high}")),
        (None, None) => (String::new(), String::new()),
    };
    text(
        format!("{} phải có {vi} ký tự", label.vi),
        format!("{} must have {en} characters", label.en),
    )
}

pub(super) fn pattern(label: &Text, pattern: &str) -> Text {
    text(
        format!("{} không đúng dạng `{pattern}`", label.vi),
        format!("{} does not have the form `{pattern}`", label.en),
    )
}

pub(super) fn code_list(label: &Text, list: &str) -> Text {
    text(
        format!(
            "{} không phải là mã có hiệu lực trong kỳ của danh mục `{list}`",
            label.vi
        ),
        format!(
            "{} is no code of the list `{list}` that is valid in the period",
            label.en
        ),
    )
}

pub(super) fn personal_data(label: &Text) -> Text {
    text(
        format!(
            "{} có vẻ chứa dữ liệu cá nhân (số định danh, số điện thoại hoặc địa chỉ thư điện tử)",
            label.vi
        ),
        format!(
            "{} looks as if it held personal data (a citizen id, a phone number or an e-mail \
             address)",
            label.en
        ),
    )
}

pub(super) fn references(columns: &[String], dataset: &DatasetName) -> Text {
    let columns = columns.join("`, `");
    text(
        format!("Giá trị của `{columns}` không có trong `{dataset}`"),
        format!("The value of `{columns}` does not stand in `{dataset}`"),
    )
}

pub(super) fn row_count(min: Option<u64>, max: Option<u64>) -> Text {
    let label = text("Số dòng".to_owned(), "The number of rows".to_owned());
    let bound = |count: Option<u64>| {
        count.map(|count| Bound {
            value: count.to_string(),
            exclusive: false,
        })
    };
    range(&label, bound(min).as_ref(), bound(max).as_ref())
}
