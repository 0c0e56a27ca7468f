//! What is put beside a piece for those who sent it: its receipt, and what is wrong with its rows.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use engine::Param;
use futures::FutureExt;
use pull::Paper;
use service::{Result, ServiceError, SubmissionId};

use crate::handles::Handles;
use crate::system::{self, own};

const ERRORS: &str = include_str!("errors.sql");

/// Errors of one answer of the quarantine.
const PAGE: u64 = 1_000;
/// Errors in a file; nobody mends more by hand.
const MOST: u64 = 10_000;

/// A spreadsheet takes the bytes for UTF-8 by this mark.
const BOM: &str = "\u{feff}";
const HEADER: [&str; 7] = [
    "dòng / row",
    "cột / column",
    "quy tắc / rule",
    "mức / severity",
    "giá trị / value",
    "lỗi",
    "error",
];

/// The signed receipt.
pub(super) fn receipt(sealed: &str) -> Paper {
    Paper {
        ending: "receipt.json",
        bytes: sealed.as_bytes().to_vec(),
    }
}

/// The row errors of a submission; none if the quarantine has none of it.
pub(super) async fn row_errors(handles: &Handles, id: SubmissionId) -> Result<Option<Paper>> {
    let mut text = head();
    let mut count = 0;
    loop {
        let params = BTreeMap::from([
            ("id".to_owned(), Param::Text(id.to_string())),
            ("first".to_owned(), own::number(count)),
            ("last".to_owned(), own::number(count + PAGE)),
        ]);
        let batches = own::read(handles, system::QUARANTINE, ERRORS, params);
        let batches = batches.boxed().await?;
        let before = count;
        for batch in &batches {
            for row in 0..batch.num_rows() {
                line(&mut text, &cells(batch, row));
                count += 1;
            }
        }
        if count - before < PAGE {
            break;
        }
        if count >= MOST {
            let more = "… và các lỗi khác; … and more";
            line(
                &mut text,
                &["", "", "", "", "", more, more].map(str::to_owned),
            );
            break;
        }
    }
    Ok((count > 0).then(|| errors(text)))
}

/// The one error of a body that was refused as a whole.
pub(super) fn refusal(error: &ServiceError) -> Paper {
    let mut text = head();
    let message = match &error.hint {
        Some(hint) => format!("{}. {hint}", error.message),
        None => error.message.clone(),
    };
    let whole = "toàn bộ tệp không được nhận";
    let cells = ["", "", "body", "error", "", whole, &message];
    line(&mut text, &cells.map(str::to_owned));
    errors(text)
}

fn errors(text: String) -> Paper {
    Paper {
        ending: "errors.csv",
        bytes: text.into_bytes(),
    }
}

fn head() -> String {
    let mut text = BOM.to_owned();
    line(&mut text, &HEADER.map(str::to_owned));
    text
}

fn cells(batch: &RecordBatch, row: usize) -> [String; 7] {
    let text = |column| own::text_at(batch, column, row).unwrap_or_default();
    let number = match own::count_at(batch, 0, row) {
        // That is the body as a whole.
        0 => String::new(),
        number => number.to_string(),
    };
    [number, text(1), text(2), text(3), text(4), text(5), text(6)]
}

fn line(text: &mut String, cells: &[String; 7]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push('"');
        // A spreadsheet must not take what somebody sent for a formula.
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}
