//! Events as OpenLineage has them: what a run does, and what the SQL says whether it runs or not.
//!
//! Names are those of its naming specification for what has no host: the namespace is a scheme of
//! our own, the name of a dataset is `layer.name`, that of a job the dataset that it makes. Where
//! the table's files lie stands beside it as another name of the same dataset. No event holds a
//! value of a row.

mod columns;
mod facets;

use project::{Contract, DatasetName, Rule, Transformation};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::{Edge, Graph};

#[cfg(test)]
mod tests;

/// Who made an event.
pub const PRODUCER: &str = concat!("urn:dtm:", env!("CARGO_PKG_VERSION"));
/// The job whose runs are the parents of those of transformations.
pub const PARENT: &str = "run";
/// The namespace where nobody chose one.
pub const NAMESPACE: &str = "dtm";

const SPECIFICATION: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/";

/// What the events of a house have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The namespace of its jobs and datasets.
    pub namespace: String,
    /// Where its tables lie; none if that is nobody's business.
    pub place: Option<Place>,
}

/// A place of files, in two parts as OpenLineage names it: `s3://bucket` and `folder`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket, or `file`.
    pub namespace: String,
    /// The folder in it.
    pub path: String,
}

/// A dataset that is read or made, with its version if that is known.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its contract.
    pub contract: &'a Contract,
    /// The version of its table.
    pub version: Option<i64>,
}

/// A transformation with what surrounds it.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// The SQL.
    pub transformation: &'a Transformation,
    /// What it promises; none where the project lost it.
    pub contract: Option<&'a Contract>,
    /// What its columns come from.
    pub edges: &'a [Edge],
    /// What it reads.
    pub inputs: Vec<Shown<'a>>,
}

/// What a rule said of a dataset.
#[derive(Debug, Clone, Copy)]
pub struct Asserted<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Whether it holds.
    pub passed: bool,
    /// The rows that break it.
    pub failed_rows: u64,
    /// The rows that were looked at.
    pub checked_rows: u64,
}

/// The id of what a job did within a run of ours: the same for all of its events, whoever makes
/// them, and of no other.
pub fn run_id(run: &str, job: &str) -> Uuid {
    let hash = Sha256::digest(format!("{run}\n{job}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// The job that judges a dataset by its rules.
pub fn judging(dataset: &DatasetName) -> String {
    format!("{dataset}.rules")
}

impl Source {
    /// A transformation begins, in the run of that id. Times are RFC 3339.
    pub fn start(&self, run: &str, task: &Task<'_>, at: &str) -> Value {
        let dataset = &task.transformation.dataset;
        let mut event = self.bare("START", run, dataset.as_str(), at);
        event["job"]["facets"] = facets::of_job(task);
        event["inputs"] = self.inputs(task);
        event["outputs"] = json!([self.output(task)]);
        event
    }

    /// That it begins, or that it was given up, with nothing but its names: for whoever finds it
    /// later.
    pub fn bare(&self, kind: &str, run: &str, job: &str, at: &str) -> Value {
        let parent = facets::parent(run, &self.namespace);
        json!({
            "eventType": kind,
            "eventTime": at,
            "producer": PRODUCER,
            "schemaURL": format!("{SPECIFICATION}RunEvent"),
            "run": { "runId": run_id(run, job), "facets": { "parent": parent } },
            "job": { "namespace": self.namespace, "name": job },
        })
    }

    /// That it was given up before it was published, and undone.
    pub fn aborted(&self, run: &str, dataset: &DatasetName, at: &str) -> Value {
        let why = "the run was cut off before it published; what it had committed is undone";
        ended(
            self.bare("ABORT", run, dataset.as_str(), at),
            "ABORT",
            at,
            Some(why),
        )
    }

    /// What rules said of a dataset: the beginning and the end of that. It is a job of its own,
    /// which reads the dataset, for assertions are said of what is read.
    pub fn judged(
        &self,
        run: &str,
        shown: Shown<'_>,
        asserted: &[Asserted<'_>],
        at: &str,
    ) -> [Value; 2] {
        let job = judging(&shown.contract.dataset);
        let mut start = self.bare("START", run, &job, at);
        start["job"]["facets"] = facets::of_judging(shown.contract);
        start["inputs"] = json!([self.dataset(shown)]);
        let mut end = start.clone();
        end["inputs"][0]["inputFacets"] =
            json!({ "dataQualityAssertions": facets::assertions(asserted) });
        let broken = asserted.iter().any(Asserted::forbids);
        let kind = if broken { "FAIL" } else { "COMPLETE" };
        [start, ended(end, kind, at, None)]
    }

    /// What the SQL says of each dataset of the graph: jobs with what they read and make, then the
    /// datasets that no job of these makes.
    pub fn at_rest(&self, project: &project::Project, part: &Graph, at: &str) -> Vec<Value> {
        let (mut jobs, mut datasets) = (Vec::new(), Vec::new());
        let contract = |dataset: &DatasetName| project.contracts.get(dataset);
        for dataset in part.datasets() {
            let read = part.upstream(dataset);
            match project.transformations.get(dataset) {
                Some(transformation) => {
                    let inputs = read.iter().filter_map(contract);
                    let version = None;
                    let task = Task {
                        transformation,
                        contract: contract(dataset),
                        edges: part.edges_of(dataset),
                        inputs: inputs.map(|contract| Shown { contract, version }).collect(),
                    };
                    jobs.push(self.job(&task, at));
                }
                None => datasets.extend(contract(dataset).map(|of| self.static_dataset(of, at))),
            }
        }
        jobs.extend(datasets);
        jobs
    }

    fn job(&self, task: &Task<'_>, at: &str) -> Value {
        json!({
            "eventTime": at,
            "producer": PRODUCER,
            "schemaURL": format!("{SPECIFICATION}JobEvent"),
            "job": {
                "namespace": self.namespace,
                "name": task.transformation.dataset.as_str(),
                "facets": facets::of_job(task),
            },
            "inputs": self.inputs(task),
            "outputs": [self.output(task)],
        })
    }

    /// That a dataset shows older rows again, under a version of its own: a rollback is no run of a
    /// job that reads or makes something.
    pub fn restored(&self, shown: Shown<'_>, at: &str) -> Value {
        let mut event = self.static_dataset(shown.contract, at);
        event["dataset"] = self.dataset(shown);
        event["dataset"]["facets"]["lifecycleStateChange"] = facets::overwritten();
        event
    }

    fn static_dataset(&self, contract: &Contract, at: &str) -> Value {
        let version = None;
        json!({
            "eventTime": at,
            "producer": PRODUCER,
            "schemaURL": format!("{SPECIFICATION}DatasetEvent"),
            "dataset": self.dataset(Shown { contract, version }),
        })
    }

    fn inputs(&self, task: &Task<'_>) -> Value {
        task.inputs.iter().map(|of| self.dataset(*of)).collect()
    }

    fn output(&self, task: &Task<'_>) -> Value {
        let Some(contract) = task.contract else {
            return self.named(&task.transformation.dataset, Map::new());
        };
        let version = None;
        let mut output = self.dataset(Shown { contract, version });
        if let Some(columns) = columns::lineage(&self.namespace, task.edges) {
            output["facets"]["columnLineage"] = columns;
        }
        output
    }

    fn dataset(&self, shown: Shown<'_>) -> Value {
        let contract = shown.contract;
        let mut facets = Map::new();
        let mut put = |key: &str, facet: Value| facets.insert(key.to_owned(), facet);
        put("schema", facets::schema(contract));
        put("documentation", facets::documentation(contract));
        if let Some(owners) = facets::owners("OwnershipDatasetFacet", contract) {
            put("ownership", owners);
        }
        if let Some(version) = shown.version {
            put("version", facets::version(version));
        }
        if let Some(place) = &self.place {
            put("symlinks", facets::symlinks(place, &contract.dataset));
        }
        self.named(&contract.dataset, facets)
    }

    fn named(&self, dataset: &DatasetName, facets: Map<String, Value>) -> Value {
        json!({ "namespace": self.namespace, "name": dataset.as_str(), "facets": facets })
    }
}

impl Asserted<'_> {
    /// Whether what breaks it is not published.
    fn forbids(&self) -> bool {
        !self.passed && self.rule.severity == project::Severity::Error
    }
}

/// The end of what that event began: its version is there, and so many rows of it are new.
pub fn completed(start: &Value, at: &str, version: i64, rows: u64) -> Value {
    let mut event = ended(start.clone(), "COMPLETE", at, None);
    let output = &mut event["outputs"][0];
    output["facets"]["version"] = facets::version(version);
    output["outputFacets"] = json!({ "outputStatistics": facets::statistics(rows) });
    event
}

/// The end of what that event began, and failed.
pub fn failed(start: &Value, at: &str, why: &str) -> Value {
    ended(start.clone(), "FAIL", at, Some(why))
}

fn ended(mut event: Value, kind: &str, at: &str, why: Option<&str>) -> Value {
    event["eventType"] = json!(kind);
    event["eventTime"] = json!(at);
    if let Some(why) = why {
        event["run"]["facets"]["errorMessage"] = facets::error(why);
    }
    event
}
