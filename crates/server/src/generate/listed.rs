//! Code lists as the makers read them: the valid rows of a period, with cells by column name.

use std::collections::HashSet;

use calendar::Period;
use project::{Code, CodeList, Project};

use super::GenerateError;

/// The valid rows of a code list, with cells by column name.
pub(super) struct Listed<'a> {
    list: &'a CodeList,
    columns: Vec<&'a str>,
    period: &'a Period,
}

impl<'a> Listed<'a> {
    /// The list of that name.
    pub(super) fn of(
        project: &'a Project,
        name: &str,
        period: &'a Period,
    ) -> Result<Self, GenerateError> {
        let none = || GenerateError::NoCodeList(name.to_owned());
        let list = project.code_lists.get(name).ok_or_else(none)?;
        let dataset = format!("codes.{name}");
        let contract = project
            .contracts
            .values()
            .find(|c| c.dataset.as_str() == dataset);
        let columns = contract
            .ok_or_else(none)?
            .columns
            .iter()
            .map(|c| c.name.as_str())
            .collect();
        Ok(Self {
            list,
            columns,
            period,
        })
    }

    /// The index of a column.
    pub(super) fn column(&self, name: &str) -> Result<usize, GenerateError> {
        let found = self.columns.iter().position(|column| *column == name);
        found.ok_or_else(|| GenerateError::NoCodeColumn {
            list: self.list.name.clone(),
            column: name.to_owned(),
        })
    }

    /// The first valid row of each code, in file order.
    pub(super) fn rows(&self) -> Vec<(&'a Code, &'a [Option<String>])> {
        let mut seen = HashSet::new();
        let rows = self.list.codes.iter().zip(&self.list.rows);
        rows.filter(|(code, _)| code.overlaps(self.period.start_on, self.period.end_on))
            .filter(|(code, _)| seen.insert(code.code.as_str()))
            .map(|(code, row)| (code, row.as_slice()))
            .collect()
    }
}

/// The cell in that column; none if it is empty or there is no such column.
pub(super) fn cell(row: &[Option<String>], column: Option<usize>) -> Option<&str> {
    row.get(column?)?.as_deref()
}

/// The codes of a list that are valid in the period, each with the cell of another column if there
/// is one.
pub(super) fn valid_codes(
    project: &Project,
    list: &str,
    beside: &str,
    period: &Period,
) -> Result<Vec<(String, Option<String>)>, GenerateError> {
    let listed = Listed::of(project, list, period)?;
    let beside = listed.column(beside).ok();
    let rows = listed.rows().into_iter();
    let codes: Vec<_> = rows
        .map(|(code, row)| (code.code.clone(), cell(row, beside).map(str::to_owned)))
        .collect();
    if codes.is_empty() {
        return Err(GenerateError::NoValidCode {
            list: list.to_owned(),
            period: period.code.to_string(),
        });
    }
    Ok(codes)
}
