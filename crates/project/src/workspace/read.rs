//! Reading every file of a project and checking them against each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Project;
use super::rooms::{Kind, kind_of};
use crate::code_list::{self, Table};
use crate::contract::{self, Reference};
use crate::problem::{Mark, Sink};
use crate::{
    Contract, DatasetName, Layer, Problem, Sources, adapter, connector, report, text,
    transformation,
};

impl Project {
    /// Reads the files. What could be read is returned even where there are problems, so that one
    /// pass lists them all, in order of place; a project with problems must not be put to use.
    pub fn read(sources: &Sources) -> (Self, Vec<Problem>) {
        let mut reading = Reading::default();
        for (path, bytes) in sources.iter() {
            reading.take(path, bytes);
        }
        reading.read_code_lists();
        reading.read_adapters();
        reading.read_connectors();
        reading.check_references();
        reading.check_pairs();
        let Reading {
            project,
            mut problems,
            ..
        } = reading;
        problems.sort();
        problems.dedup();
        (project, problems)
    }
}

#[derive(Default)]
struct Reading<'s> {
    project: Project,
    problems: Vec<Problem>,
    /// Paths by the dataset they name, whether the file could be read or not.
    contract_paths: BTreeMap<String, &'s str>,
    sql_paths: BTreeMap<String, &'s str>,
    csv: BTreeMap<&'s str, (&'s str, &'s str)>,
    /// Paths and texts, read once everything that they speak of is known.
    adapters: Vec<(&'s str, &'s str)>,
    connectors: Vec<(&'s str, &'s str)>,
    references: Vec<(String, Reference)>,
}

impl<'s> Reading<'s> {
    fn take(&mut self, path: &'s str, bytes: &'s [u8]) {
        let kind = match kind_of(path) {
            Ok(Kind::Other) => return,
            Ok(kind) => kind,
            Err(message) => return self.problems.push(Problem::at(path, 0, 0, message)),
        };
        let name = |room: &str, suffix: &str| {
            let name = path.strip_prefix(room).and_then(|p| p.strip_suffix(suffix));
            name.unwrap_or(path).replacen('/', ".", 1)
        };
        match kind {
            Kind::Contract => {
                self.contract_paths
                    .insert(name("warehouse/", ".odcs.yaml"), path);
            }
            Kind::Transformation => {
                self.sql_paths.insert(name("sql/", ".sql"), path);
            }
            _ => {}
        }
        let sink = Sink::new(path);
        let text = text::decode(bytes, &sink);
        self.problems.extend(sink.into_problems());
        if let Some(text) = text {
            self.read_text(kind, path, text);
        }
    }

    fn read_text(&mut self, kind: Kind<'s>, path: &'s str, text: &'s str) {
        let (project, problems) = (&mut self.project, &mut self.problems);
        match kind {
            Kind::Contract => {
                if let Some((contract, references)) = contract::read(path, text, problems) {
                    let references = references.into_iter().map(|r| (path.to_owned(), r));
                    self.references.extend(references);
                    project.contracts.insert(contract.dataset.clone(), contract);
                }
            }
            Kind::CodeList(name) => {
                self.csv.insert(name, (path, text));
            }
            Kind::Report => {
                if let Some(report) = report::read(path, text, problems) {
                    project.reports.insert(report.name.clone(), report);
                }
            }
            Kind::Adapter => self.adapters.push((path, text)),
            Kind::Connector => self.connectors.push((path, text)),
            Kind::Transformation => {
                if let Some(sql) = transformation::read(path, text, problems) {
                    project.transformations.insert(sql.dataset.clone(), sql);
                }
            }
            Kind::Lineage => {
                project.lineage.insert(path.to_owned(), text.to_owned());
            }
            Kind::Other => {}
        }
    }

    fn read_code_lists(&mut self) {
        let Project {
            contracts,
            code_lists,
            calendar,
            ..
        } = &mut self.project;
        let mut tables: Vec<(Table<'_>, Sink<'_>)> = Vec::new();
        for (name, (path, text)) in &self.csv {
            let sink = Sink::new(path);
            let dataset = format!("codes.{name}");
            match contracts.values().find(|c| c.dataset.as_str() == dataset) {
                Some(contract) => {
                    let table = Table::read(contract, text, &sink);
                    code_lists.insert((*name).to_owned(), table.list(path));
                    if *name == "periods" {
                        *calendar = code_list::calendar(&table, &sink);
                    }
                    tables.push((table, sink));
                }
                None => {
                    if !self.contract_paths.contains_key(&dataset) {
                        let create = format!("warehouse/codes/{name}.odcs.yaml");
                        let message =
                            format!("code list `{name}` has no contract: create `{create}`");
                        sink.at(Mark::FILE, message);
                    }
                    self.problems.extend(sink.into_problems());
                }
            }
        }
        for (table, sink) in tables {
            table.check_rules(code_lists, &sink);
            self.problems.extend(sink.into_problems());
        }
    }

    fn read_adapters(&mut self) {
        let Project {
            contracts,
            code_lists,
            adapters,
            ..
        } = &mut self.project;
        let datasets: Vec<&str> = self.contract_paths.keys().map(String::as_str).collect();
        let known = adapter::Known {
            contracts,
            code_lists,
            datasets: &datasets,
        };
        for (path, text) in &self.adapters {
            if let Some(adapter) = adapter::read(path, text, &known, &mut self.problems) {
                adapters.insert(adapter.name.clone(), adapter);
            }
        }
    }

    fn read_connectors(&mut self) {
        let Project {
            contracts,
            code_lists,
            adapters,
            connectors,
            calendar,
            ..
        } = &mut self.project;
        let datasets: Vec<&str> = self.contract_paths.keys().map(String::as_str).collect();
        let known = connector::Known {
            contracts,
            code_lists,
            adapters,
            calendar,
            datasets: &datasets,
        };
        for (path, text) in &self.connectors {
            if let Some(read) = connector::read(path, text, &known, &mut self.problems) {
                connectors.insert(read.name.clone(), read);
            }
        }
    }

    fn check_references(&mut self) {
        let lists: BTreeSet<&str> = self
            .contract_paths
            .keys()
            .filter_map(|d| d.strip_prefix("codes."))
            .chain(self.csv.keys().copied())
            .collect();
        let lists: Vec<&str> = lists.into_iter().collect();
        for (path, Reference { list, at }) in &self.references {
            if !lists.contains(&list.as_str()) {
                let hint = crate::problem::known(list, &lists, "code list");
                let message = format!("no code list is named `{list}`: {hint}");
                self.problems
                    .push(Problem::at(path, at.line, at.column, message));
            }
        }
    }

    /// Files that need one another.
    fn check_pairs(&mut self) {
        for (dataset, path) in &self.contract_paths {
            let Ok(dataset) = dataset.parse::<DatasetName>() else {
                continue;
            };
            let place = dataset.path();
            let (missing, what) = match dataset.layer() {
                Layer::Refined | Layer::Served => (
                    !self.sql_paths.contains_key(dataset.as_str()),
                    ("SQL", format!("sql/{place}.sql")),
                ),
                Layer::Codes => {
                    let missing = !self.csv.contains_key(dataset.name());
                    (missing, ("CSV file", format!("warehouse/{place}.csv")))
                }
                Layer::Raw | Layer::System => continue,
            };
            if missing {
                let (what, create) = what;
                let message =
                    format!("dataset `{dataset}` has a contract but no {what}: create `{create}`");
                self.problems.push(Problem::at(path, 0, 0, message));
            }
        }
        for (dataset, path) in &self.sql_paths {
            let Ok(dataset) = dataset.parse::<DatasetName>() else {
                continue;
            };
            let made = matches!(dataset.layer(), Layer::Refined | Layer::Served);
            if made && !self.contract_paths.contains_key(dataset.as_str()) {
                let create = format!("warehouse/{}.odcs.yaml", dataset.path());
                let message = format!("dataset `{dataset}` has no contract: create `{create}`");
                self.problems.push(Problem::at(path, 0, 0, message));
            }
        }
        let raw = |c: &&Contract| c.dataset.layer() == Layer::Raw;
        if let Some(contract) = self.project.contracts.values().find(raw)
            && !self.csv.contains_key("periods")
            && !self.contract_paths.contains_key("codes.periods")
        {
            let message = "raw datasets are submitted by period, but there is no calendar: create \
                           `warehouse/codes/periods.csv` and its contract";
            self.problems
                .push(Problem::at(&contract.path, 0, 0, message));
        }
    }
}
