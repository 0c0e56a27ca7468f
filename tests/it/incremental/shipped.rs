//! The shipped transformations: what they compute by windows is what they compute in full, and what
//! changes is what was announced.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::TimeDelta;
use project::{AgencyCode, DatasetName, Project, Sources};
use server::generate::{Format, Generator, Order};
use service::{
    BodyFormat, Relation, RestateRequest, Restatement, RunRequest, Service, StepState,
    SubmissionId, SubmitRequest, WithdrawRequest,
};

use super::figures::Figures;
use crate::home::{Fixture, Setup};

const RAW: [(&str, u64); 5] = [
    ("raw.dossiers", 150),
    ("raw.exchanges", 30),
    ("raw.incidents", 10),
    ("raw.indicators", 30),
    ("raw.systems", 10),
];

/// What sums up everything that came before, or is made of code lists alone.
const IN_FULL: [&str; 3] = [
    "refined.agencies",
    "refined.calendar",
    "served.dossiers_by_agency",
];

struct Country {
    project: Project,
    f: Fixture,
}

impl Country {
    /// What an agency sends for a period; each seed gives other rows, some of the same dossiers.
    fn parcel(
        &self,
        (dataset, rows): (&str, u64),
        (agency, period): (&str, &str),
        seed: u64,
    ) -> (SubmitRequest, String) {
        let order = Order {
            period: self
                .project
                .calendar
                .get(&period.parse().unwrap())
                .unwrap()
                .clone(),
            seed,
            rows: 5_000,
            spoil: 0.02,
        };
        let dataset: DatasetName = dataset.parse().unwrap();
        let agency: AgencyCode = agency.parse().unwrap();
        let generator = Generator::new(&self.project, order).unwrap();
        let parcel = generator.one(&dataset, Some(&agency), Format::Ndjson, rows);
        let mut body = Vec::new();
        generator.write(&parcel.unwrap(), &mut body).unwrap();
        let request = SubmitRequest {
            agency: Some(agency),
            ..SubmitRequest::new(dataset, period.parse().unwrap(), BodyFormat::Ndjson)
        };
        (request, String::from_utf8(body).unwrap())
    }

    async fn sends(
        &self,
        raw: (&str, u64),
        at: (&str, &str),
        seed: u64,
        relation: Option<Relation>,
    ) -> SubmissionId {
        let (request, body) = self.parcel(raw, at, seed);
        let request = SubmitRequest {
            relation,
            ..request
        };
        let answer = self.f.submit_this(&self.f.admin, request, &body).await;
        self.f.clock.advance(TimeDelta::minutes(1));
        answer.unwrap().receipt.id
    }

    /// The figures that would change if it were sent.
    async fn foretold(&self, raw: (&str, u64), at: (&str, &str), seed: u64) -> Restatement {
        let (request, body) = self.parcel(raw, at, seed);
        let request = SubmitRequest {
            dry_run: true,
            restatement: true,
            ..request
        };
        let answer = self.f.submit_this(&self.f.admin, request, &body).await;
        answer.unwrap().restatement.unwrap()
    }

    /// The figures that the next run would change.
    async fn waiting(&self) -> Restatement {
        let request = RestateRequest::Waiting;
        self.f.house.restate(&self.f.admin, request).await.unwrap()
    }

    async fn figures(&self) -> Figures {
        Figures::published(&self.f, &self.project).await
    }

    /// Runs, holds every table against its SQL, and gives the tables that were computed by windows.
    async fn runs(&self, told: &str) -> BTreeSet<String> {
        let f = &self.f;
        let report = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
        let mut by_windows = BTreeSet::new();
        for step in &report.steps {
            assert!(
                matches!(step.state, StepState::Built | StepState::UpToDate),
                "{told}: {step:?}"
            );
            if step
                .scope
                .as_ref()
                .is_some_and(|scope| scope.starts_with("windows"))
            {
                by_windows.insert(step.dataset.to_string());
            }
        }
        for transformation in self.project.transformations.values() {
            let (sql, name) = (&transformation.sql, &transformation.dataset);
            for (one, other) in [
                (format!("({sql}\n)"), format!("(select * from {name})")),
                (format!("(select * from {name})"), format!("({sql}\n)")),
            ] {
                let lacking = format!("select count(*) from ({one} except all {other}) as lacking");
                let scope = report.steps.iter().find(|s| s.dataset == *name);
                let scope = scope.and_then(|s| s.scope.clone());
                assert_eq!(f.number(&lacking).await, 0, "{told}: {name}, {scope:?}");
            }
        }
        by_windows
    }
}

async fn country() -> Country {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sources = Sources::from_folder(&root).unwrap();
    let project = Project::read(&sources).0;
    let setup = Setup {
        sources,
        ..Setup::default()
    };
    let f = Fixture::with(setup).await;
    Country { project, f }
}

#[tokio::test(flavor = "multi_thread")]
async fn shipped_tables_computed_by_windows_are_those_in_full_and_change_as_announced() {
    let country = country().await;
    let (mut exchanges, mut indicators) = (None, None);
    for (seed, at) in [("H26", "2026-08"), ("H29", "2026-08"), ("H26", "2026-09")]
        .into_iter()
        .enumerate()
    {
        for raw in RAW {
            let id = country.sends(raw, at, seed as u64, None).await;
            match raw.0 {
                "raw.exchanges" => exchanges = Some(id),
                "raw.indicators" => indicators = Some(id),
                _ => {}
            }
        }
    }
    country.runs("at first").await;
    let mut seen = BTreeSet::new();
    // Dossiers of another agency, and later states of some that are there.
    for raw in RAW {
        country.sends(raw, ("H29", "2026-09"), 3, None).await;
    }
    seen.extend(country.runs("more").await);
    let before = country.figures().await;
    let foretold = country.foretold(RAW[0], ("H26", "2026-09"), 0).await;
    let mut datasets = foretold.datasets.iter().map(|of| of.dataset.as_str());
    assert!(datasets.any(|name| name == "served.dossiers_by_agency"));
    country.sends(RAW[0], ("H26", "2026-09"), 0, None).await;
    seen.extend(country.runs("later states").await);
    let after = country.figures().await;
    // The dry run had an id of its own.
    before.became(&after, &foretold, &["submission_id"]);

    let replaces = Some(Relation::Replaces(indicators.unwrap()));
    country.sends(RAW[3], ("H26", "2026-09"), 9, replaces).await;
    let request = WithdrawRequest {
        id: exchanges.unwrap(),
        reason: "sent by mistake".to_owned(),
    };
    let f = &country.f;
    f.house.withdraw(&f.admin, request).await.unwrap();
    let waiting = country.waiting().await;
    assert!(!waiting.datasets.is_empty());
    seen.extend(country.runs("replaced and withdrawn").await);
    after.became(&country.figures().await, &waiting, &[]);
    let all = country.project.transformations.keys();
    let expected: BTreeSet<String> = all
        .map(ToString::to_string)
        .filter(|name| !IN_FULL.contains(&name.as_str()))
        .collect();
    assert_eq!(seen, expected);
}
