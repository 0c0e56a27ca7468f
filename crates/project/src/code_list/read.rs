//! Reading `warehouse/codes/<list>.csv` under the contract beside it.

use std::collections::HashMap;

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::{Code, CodeList};
use crate::contract::day;
use crate::problem::{Mark, Sink};
use crate::{Contract, text};

/// The rows of a code list with their places in the file.
pub(crate) struct Table<'t> {
    pub(super) contract: &'t Contract,
    text: &'t str,
    pub(super) rows: Vec<Row>,
}

/// A row that has a cell for every column.
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    start: usize,
}

impl<'t> Table<'t> {
    /// Cuts the file into rows and checks it by itself: header, types, key and days.
    pub(crate) fn read(contract: &'t Contract, text: &'t str, sink: &Sink<'_>) -> Self {
        let mut table = Self {
            contract,
            text,
            rows: Vec::new(),
        };
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(false)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        match records.next() {
            Some(Ok(header)) if table.is_header(&header, sink) => {}
            Some(Ok(_)) => return table,
            Some(Err(error)) => {
                sink.at(Mark::FILE, format!("the header cannot be read: {error}"));
                return table;
            }
            None => {
                sink.at(Mark::FILE, "the file is empty: expected a header");
                return table;
            }
        }
        for record in records {
            match record {
                Ok(record) => {
                    let start = record.position().map_or(0, |p| offset(p.byte()));
                    let cells = record.iter().map(str::to_owned).collect();
                    table.rows.push(Row { cells, start });
                }
                Err(error) => table.report(&error, sink),
            }
        }
        for row in &table.rows {
            table.check_cells(row, sink);
        }
        table.check_key(sink);
        table.check_days(sink);
        table
    }

    /// The code list, for everyone else.
    pub(crate) fn list(&self, path: &str) -> CodeList {
        let null = |cell: &String| (!cell.is_empty()).then(|| cell.clone());
        CodeList {
            name: self.contract.dataset.name().to_owned(),
            codes: self.rows.iter().map(|row| self.code(row)).collect(),
            rows: self
                .rows
                .iter()
                .map(|row| row.cells.iter().map(null).collect())
                .collect(),
            sha256: text::sha256(self.text.as_bytes()),
            path: path.to_owned(),
        }
    }

    /// Where a cell stands.
    pub(super) fn place(&self, row: &Row, column: usize) -> Mark {
        // The reader ends a record before the line feed of a CR LF, and passes over empty lines.
        let rest = self.text[row.start..].trim_start_matches(['\r', '\n']);
        let start = self.text.len() - rest.len();
        let (mut left, mut quoted) = (column, false);
        let length = rest.find(|c| {
            let found = left == 0;
            quoted ^= c == '"';
            left -= usize::from(!found && c == ',' && !quoted);
            found
        });
        let before = &self.text[..start + length.unwrap_or(0)];
        let line = before.matches('\n').count() + 1;
        Mark {
            line,
            column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
        }
    }

    /// The index of a column of the contract.
    pub(super) fn index(&self, column: &str) -> Option<usize> {
        self.contract.columns.iter().position(|c| c.name == column)
    }

    fn is_header(&self, header: &StringRecord, sink: &Sink<'_>) -> bool {
        let expected: Vec<&str> = self
            .contract
            .columns
            .iter()
            .map(|c| c.name.as_str())
            .collect();
        let found: Vec<&str> = header.iter().collect();
        if expected == found {
            return true;
        }
        let same = expected
            .iter()
            .zip(&found)
            .take_while(|(a, b)| a == b)
            .count();
        let row = Row {
            cells: Vec::new(),
            start: 0,
        };
        let found = found
            .get(same)
            .map_or("nothing".to_owned(), |f| format!("`{f}`"));
        let next = expected
            .get(same)
            .map_or("no more column".to_owned(), |e| format!("`{e}`"));
        let at = self.place(&row, same.min(header.len().saturating_sub(1)));
        let all = expected.join(",");
        sink.at(
            at,
            format!("expected {next} in the header, found {found}; the contract says `{all}`"),
        );
        false
    }

    fn report(&self, error: &csv::Error, sink: &Sink<'_>) {
        match error.kind() {
            ErrorKind::UnequalLengths {
                pos,
                expected_len,
                len,
            } => {
                let start = pos.as_ref().map_or(0, |p| offset(p.byte()));
                let at = self.place(
                    &Row {
                        cells: Vec::new(),
                        start,
                    },
                    0,
                );
                sink.at(at, format!("expected {expected_len} cells, found {len}"));
            }
            _ => sink.at(Mark::FILE, format!("the rows cannot be read: {error}")),
        }
    }

    fn check_cells(&self, row: &Row, sink: &Sink<'_>) {
        for (i, (column, cell)) in self.contract.columns.iter().zip(&row.cells).enumerate() {
            let name = &column.name;
            if cell.is_empty() {
                if column.required {
                    sink.at(self.place(row, i), format!("column `{name}` must be given"));
                }
            } else if cell.trim() != cell {
                let message = format!("column `{name}` begins or ends with a blank: `{cell}`");
                sink.at(self.place(row, i), message);
            } else if let Err(expected) = column.column_type.check(cell) {
                let message = format!("column `{name}` must be {expected}, found `{cell}`");
                sink.at(self.place(row, i), message);
            }
        }
    }

    fn check_key(&self, sink: &Sink<'_>) {
        let key: Vec<usize> = self
            .contract
            .key
            .iter()
            .filter_map(|k| self.index(k))
            .collect();
        let Some(first) = key.first() else { return };
        let mut seen: HashMap<Vec<&str>, &Row> = HashMap::new();
        for row in &self.rows {
            let values: Vec<&str> = key.iter().map(|i| row.cells[*i].as_str()).collect();
            if let Some(above) = seen.get(&values) {
                let line = self.place(above, 0).line;
                let values = values.join(", ");
                let message = format!("key `{values}` stands twice; first on line {line}");
                sink.at(self.place(row, *first), message);
            } else {
                seen.insert(values, row);
            }
        }
    }

    fn check_days(&self, sink: &Sink<'_>) {
        let from_index = self.index("valid_from").unwrap_or(0);
        let mut spans: Vec<(Code, &Row)> = Vec::new();
        for row in &self.rows {
            let code = self.code(row);
            match (code.valid_from, code.valid_to) {
                (Some(from), Some(to)) if from > to => {
                    let message = format!("`{}` is valid to {to}, before {from}", code.code);
                    sink.at(
                        self.place(row, self.index("valid_to").unwrap_or(0)),
                        message,
                    );
                }
                _ => spans.push((code, row)),
            }
        }
        spans.sort_by(|(a, _), (b, _)| (&a.code, a.valid_from).cmp(&(&b.code, b.valid_from)));
        for pair in spans.windows(2) {
            let [(above, first), (code, row)] = pair else {
                continue;
            };
            let same_key = self
                .contract
                .key
                .iter()
                .filter_map(|k| self.index(k))
                .collect::<Vec<_>>();
            // Two rows of one key are reported as such.
            let doubled =
                !same_key.is_empty() && same_key.iter().all(|i| first.cells[*i] == row.cells[*i]);
            let open = match (above.valid_to, code.valid_from) {
                (Some(to), Some(from)) => from <= to,
                _ => true,
            };
            if above.code == code.code && open && !doubled {
                let line = self.place(first, 0).line;
                let message = format!(
                    "`{}` is valid twice on some days: also by line {line}",
                    code.code
                );
                sink.at(self.place(row, from_index), message);
            }
        }
    }

    fn code(&self, row: &Row) -> Code {
        let cell = |name: &str| self.index(name).and_then(|i| row.cells.get(i));
        Code {
            code: row.cells.first().cloned().unwrap_or_default(),
            valid_from: cell("valid_from").and_then(|c| day(c)),
            valid_to: cell("valid_to").and_then(|c| day(c)),
        }
    }
}

fn offset(byte: u64) -> usize {
    usize::try_from(byte).unwrap_or(0)
}
