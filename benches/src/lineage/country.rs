//! A project of many datasets that are made of one another.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use project::Sources;

use crate::house;

/// Columns of each dataset.
pub const COLUMNS: usize = 20;
/// Datasets that one is made of.
const READ: usize = 3;

/// The datasets by number: a tenth is received, six tenths are refined, the rest is served.
pub struct Country {
    datasets: usize,
}

impl Country {
    pub fn of(datasets: usize) -> Self {
        Self { datasets }
    }

    /// `layer.name`.
    pub fn name(&self, number: usize) -> String {
        format!("{}.d{number:04}", self.layer(number))
    }

    /// The last one, which many are behind.
    pub fn last(&self) -> String {
        self.name(self.datasets.saturating_sub(1))
    }

    fn layer(&self, number: usize) -> &'static str {
        match number * 10 / self.datasets.max(1) {
            0 => "raw",
            1..=6 => "refined",
            _ => "served",
        }
    }

    /// What a dataset reads: the nearest before it, and others further up, the same each time.
    fn reads(&self, number: usize) -> Vec<usize> {
        let first = (0..self.datasets).take_while(|n| self.layer(*n) == "raw");
        let received = first.count();
        if number < received {
            return Vec::new();
        }
        let mut read: Vec<usize> = (1..=READ)
            .map(|step| number * (READ + 1 - step) / (READ + 1))
            .collect();
        if let Some(near) = read.first_mut() {
            *near = number - 1 - number % 7;
        }
        read.sort_unstable();
        read.dedup();
        read
    }

    /// The project, with the lineage that its SQL has.
    pub async fn sources(&self) -> Result<Sources> {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for number in 0..self.datasets {
            let (layer, name) = (self.layer(number), format!("d{number:04}"));
            let contract = contract(layer, &name);
            files.push((
                format!("warehouse/{layer}/{name}.odcs.yaml"),
                contract.into_bytes(),
            ));
            if layer != "raw" {
                files.push((
                    format!("sql/{layer}/{name}.sql"),
                    self.sql(number).into_bytes(),
                ));
            }
        }
        let shipped = house::shipped()?;
        for file in ["periods.csv", "periods.odcs.yaml"] {
            let path = format!("warehouse/codes/{file}");
            let calendar = shipped.get(&path).context("there is no calendar")?;
            files.push((path, calendar.to_vec()));
        }
        let checked = conduct::check(&Sources::from_files(files.clone())).await;
        let lineage = checked.lineage.into_iter();
        files.extend(lineage.map(|(path, text)| (path, text.into_bytes())));
        let sources = Sources::from_files(files);
        let problems = conduct::check(&sources).await.problems;
        ensure!(
            problems.is_empty(),
            "the project has {} problems, first {:?}",
            problems.len(),
            problems.first()
        );
        Ok(sources)
    }

    /// Each column from one of the inputs, joined by their keys.
    fn sql(&self, number: usize) -> String {
        let read = self.reads(number);
        let mut sql = String::from(
            "-- why: is one of many\n-- write: replace\n-- refresh: on change\nselect\n",
        );
        sql.push_str("    t0.c00");
        for column in 1..COLUMNS {
            let from = column % read.len();
            let _ = write!(sql, ",\n    t{from}.c{column:02}");
        }
        for (place, input) in read.iter().enumerate() {
            let name = self.name(*input);
            let _ = match place {
                0 => write!(sql, "\nfrom {name} as t0"),
                _ => write!(
                    sql,
                    "\ninner join {name} as t{place} on t{place}.c00 = t0.c00"
                ),
            };
        }
        sql.push('\n');
        sql
    }
}

fn contract(layer: &str, name: &str) -> String {
    let mut text = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: {layer}.{name}\nname: Bộ dữ liệu {name}\n\
         version: 1.0.0\nstatus: active\ndomain: benches\n\
         description:\n  purpose: One of many.\n  usage: For measuring.\n\
         team:\n  name: benches\n\
         customProperties:\n\
         \x20 - {{ property: name.en, value: Dataset {name} }}\n\
         \x20 - {{ property: purpose.vi, value: Một trong nhiều bộ. }}\n\
         \x20 - {{ property: usage.vi, value: Để đo. }}\n\
         \x20 - {{ property: classification, value: internal }}\n\
         schema:\n  - name: {name}\n    physicalType: table\n    properties:\n"
    );
    for column in 0..COLUMNS {
        let _ = write!(
            text,
            "      - name: c{column:02}\n        businessName: Cột {column}\n\
             \x20       logicalType: string\n        physicalType: string\n"
        );
        if column == 0 {
            text.push_str(
                "        required: true\n        primaryKey: true\n        primaryKeyPosition: 1\n",
            );
        }
        let _ = write!(
            text,
            "        description: A column.\n        examples: [a]\n        customProperties:\n\
             \x20         - {{ property: businessName.en, value: Column {column} }}\n\
             \x20         - {{ property: description.vi, value: Một cột. }}\n"
        );
    }
    text
}
