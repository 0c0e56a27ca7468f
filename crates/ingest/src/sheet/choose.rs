//! Which sheet holds the rows, and which of its columns is which.

use std::collections::BTreeSet;

use project::{Column, Contract, Stamp, Version};
use unicode_normalization::UnicodeNormalization;

use super::row::{Glance, Row};
use super::value::Value;
use crate::header::list;
use crate::{IngestError, Limits, header, personal};

/// A sheet whose header fits the contract.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Its place in the workbook.
    pub(super) sheet: usize,
    /// The row of the header.
    pub(super) header_row: u64,
    /// For every column of the sheet, the place in the contract.
    pub(super) places: Vec<Option<usize>>,
    /// The columns of the sheet that hold notes of a file of refused rows.
    pub(super) notes: BTreeSet<usize>,
}

/// The sheet to read: the one that the form's stamp names, else the only shown one whose header
/// fits. Refuses a form of another dataset or of another major version of the contract.
pub(super) fn choose(
    glances: &[Glance],
    contract: &Contract,
    limits: &Limits,
) -> Result<Chosen, IngestError> {
    if let Some(stamp) = stamp(glances) {
        check_stamp(&stamp, contract)?;
        let stamped = glances.iter().position(|glance| glance.name == stamp.table);
        if let Some(sheet) = stamped {
            return read_header(glances, sheet, contract, limits);
        }
    }
    let (mut fit, mut failed) = (Vec::new(), Vec::new());
    for (sheet, glance) in glances.iter().enumerate() {
        if !glance.visible || glance.head.is_empty() {
            continue;
        }
        match read_header(glances, sheet, contract, limits) {
            Ok(chosen) => fit.push(chosen),
            Err(error) => failed.push((sheet, error)),
        }
    }
    match (fit.len(), failed.len()) {
        (0, 0) => Err(IngestError::refused(
            "malformed",
            Vec::new(),
            "the workbook is empty: no sheet that is shown has a header",
            "Name the columns in the first row of a sheet.",
        )),
        (0, _) => Err(nearest(glances, failed, contract)),
        (1, _) => Ok(fit.swap_remove(0)),
        _ => {
            let names = fit.iter().map(|chosen| glances[chosen.sheet].name.clone());
            let names: Vec<String> = names.collect();
            let message = format!(
                "{} sheets have a header of `{}`: {}",
                names.len(),
                contract.dataset,
                list(&names)
            );
            let hint = "Send one sheet at a time; hide or delete the others.";
            Err(IngestError::refused(
                "ambiguous_sheet",
                Vec::new(),
                message,
                hint,
            ))
        }
    }
}

fn stamp(glances: &[Glance]) -> Option<Stamp> {
    let sheet = glances.iter().find(|glance| glance.name == Stamp::SHEET)?;
    let text = |row: &Row, column: usize| row.cells.get(column).map(Value::shown);
    let lines: Vec<(String, String)> = sheet
        .head
        .iter()
        .filter_map(|row| Some((text(row, 0)?, text(row, 1)?)))
        .collect();
    Stamp::read(
        lines
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str())),
    )
}

fn check_stamp(stamp: &Stamp, contract: &Contract) -> Result<(), IngestError> {
    let refuse = |message: String| {
        let hint = format!(
            "Download the form of `{}` again and fill it in.",
            contract.dataset
        );
        Err(IngestError::refused(
            "other_form",
            Vec::new(),
            message,
            hint,
        ))
    };
    let Version { major, .. } = contract.version;
    if stamp.dataset != contract.dataset {
        refuse(format!(
            "the file is the form of `{}`, not of `{}`",
            stamp.dataset, contract.dataset
        ))
    } else if stamp.version.major != major {
        refuse(format!(
            "the file is the form of version {} of `{}`, which is at version {} now",
            stamp.version, contract.dataset, contract.version
        ))
    } else {
        Ok(())
    }
}

/// Of several sheets that do not fit, the one that has most of the contract's columns is meant.
fn nearest(
    glances: &[Glance],
    failed: Vec<(usize, IngestError)>,
    contract: &Contract,
) -> IngestError {
    let known = |sheet: usize| {
        let cells = glances[sheet].head.iter().flat_map(|row| &row.cells);
        cells
            .filter(|cell| !matching(&cell.shown(), contract).is_empty())
            .count()
    };
    let several = failed.len() > 1;
    let best = failed.into_iter().max_by_key(|(sheet, _)| known(*sheet));
    match best {
        Some((sheet, error)) if !several || known(sheet) > 0 => error,
        _ => {
            let shown = glances.iter().filter(|glance| glance.visible);
            let names: Vec<String> = shown.map(|glance| glance.name.clone()).collect();
            let message = format!(
                "no sheet has a header of `{}`; there are {}",
                contract.dataset,
                list(&names)
            );
            let hint = "Name the columns in the first row of a sheet, or use the dataset's form.";
            IngestError::refused("missing_column", Vec::new(), message, hint)
        }
    }
}

fn read_header(
    glances: &[Glance],
    sheet: usize,
    contract: &Contract,
    limits: &Limits,
) -> Result<Chosen, IngestError> {
    let glance = &glances[sheet];
    let name = personal::excerpt(&glance.name, false);
    let Some(head) = glance.head.first() else {
        let message = format!("sheet `{name}` is empty: it has no header");
        let hint = "Name the columns in the first row of the sheet.";
        return Err(IngestError::refused("malformed", Vec::new(), message, hint));
    };
    let (mut columns, mut names) = (Vec::new(), Vec::new());
    for (column, cell) in head.cells.iter().enumerate() {
        if *cell == Value::Empty {
            continue;
        }
        columns.push(column);
        names.push(column_name(&cell.shown(), contract)?);
    }
    let places = header::noted_places(&names, contract, limits).map_err(|error| match error {
        IngestError::Refused {
            rule,
            columns,
            message,
            hint,
        } => IngestError::Refused {
            rule,
            columns,
            message: format!("sheet `{name}`, row {}: {message}", head.number),
            hint: format!("{hint} A column may be headed by its name or by its label."),
        },
        error => error,
    })?;
    let mut of_sheet = vec![None; head.cells.len()];
    let mut notes = BTreeSet::new();
    for (column, place) in columns.into_iter().zip(places) {
        of_sheet[column] = place;
        if place.is_none() {
            notes.insert(column);
        }
    }
    Ok(Chosen {
        sheet,
        header_row: head.number,
        places: of_sheet,
        notes,
    })
}

/// The name of the column that a header means; the header itself if it means none.
fn column_name(header: &str, contract: &Contract) -> Result<String, IngestError> {
    let columns = matching(header, contract);
    match columns[..] {
        [] => Ok(normal(header)),
        [column] => Ok(column.name.clone()),
        _ => {
            let names = columns.iter().map(|column| column.name.clone());
            let names: Vec<String> = names.collect();
            let header = personal::excerpt(header, false);
            let message = format!(
                "the header `{header}` may mean the columns {}",
                list(&names)
            );
            let hint = "Head these columns by their names.";
            Err(IngestError::refused(
                "ambiguous_column",
                names,
                message,
                hint,
            ))
        }
    }
}

/// The columns whose name or label the header is.
fn matching<'c>(header: &str, contract: &'c Contract) -> Vec<&'c Column> {
    let header = normal(header);
    let named = contract.columns.iter().filter(|column| {
        let Column { name, label, .. } = column;
        let names = BTreeSet::from([name, &label.vi, &label.en]);
        names.into_iter().any(|name| normal(name) == header)
    });
    named.collect()
}

fn normal(text: &str) -> String {
    text.trim().nfc().collect()
}
