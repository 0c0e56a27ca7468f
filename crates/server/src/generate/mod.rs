//! Made-up national data: what the agencies of a whole country would report in one period.
//!
//! *What is here*: the makers of the five raw datasets, their faults, the national plan, the three
//! file formats. *What is never here*: a clock, a file, a network, chance without a seed; the same
//! order gives the same bytes on every machine, whatever the number of threads.
//! *How it is checked*: `tests/it/generate.rs`. *Where to go next*: `plan.rs` for who sends what,
//! `dossiers.rs` for the largest dataset, `warehouse/raw` for what the columns mean.

mod batches;
mod cells;
mod country;
mod course;
mod dice;
mod dossiers;
mod encode;
mod error;
mod exchanges;
mod faults;
mod incidents;
mod indicators;
mod lines;
mod listed;
mod plan;
mod procedures;
mod systems;
mod tally;
mod workdays;

pub use batches::Batches;
pub use encode::Written;
pub use error::GenerateError;
pub use faults::Fault;
pub use plan::{Format, Parcel};

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::OnceLock;

use calendar::Period;
use project::{AgencyCode, DatasetName, Project};

use cells::Layout;
use country::Agency;
use dice::Dice;
use listed::valid_codes;
use plan::Made;
use procedures::Procedure;
use workdays::{Receipts, Workdays};

/// The datasets that the generator knows, for people to read.
const KNOWN: &str =
    "`raw.dossiers`, `raw.indicators`, `raw.systems`, `raw.exchanges` and `raw.incidents`";

/// The share of spoiled rows when nobody says otherwise.
pub const DEFAULT_SPOIL: f64 = 0.005;

/// What is asked of the generator.
#[derive(Debug, Clone)]
pub struct Order {
    /// The period that is reported.
    pub period: Period,
    /// The seed: the same order gives the same bytes.
    pub seed: u64,
    /// The rows of `raw.dossiers` that the whole country reports. About one row in ten is an earlier
    /// state of a dossier that is reported again further on.
    pub rows: u64,
    /// The share of rows that are spoiled, 0 to 0.5.
    pub spoil: f64,
}

/// A country that reports: the agencies, procedures and systems of a project in one period.
#[derive(Debug)]
pub struct Generator {
    order: Order,
    /// Dataset and layout in the order of [`Made::ALL`].
    layouts: Vec<(DatasetName, Layout)>,
    agencies: Vec<Agency>,
    /// Rows of `raw.dossiers` per agency.
    dossier_rows: Vec<u64>,
    procedures: Vec<Procedure>,
    full_online: BTreeSet<String>,
    indicators: Vec<String>,
    /// Services between systems, with the agency that answers.
    services: Vec<(String, Option<String>)>,
    incident_kinds: Vec<String>,
    workdays: Workdays,
    receipts: Receipts,
    /// Calls made and received per agency, counted when first asked for.
    calls: OnceLock<BTreeMap<String, (i64, i64)>>,
}

impl Generator {
    /// Reads from the project who reports and in which columns; refuses a project whose raw
    /// contracts or code lists are not those that the makers know.
    pub fn new(project: &Project, order: Order) -> Result<Self, GenerateError> {
        if !(0.0..=0.5).contains(&order.spoil) {
            return Err(GenerateError::Spoil(order.spoil));
        }
        let mut layouts = Vec::new();
        for made in Made::ALL {
            let sheet = made.sheet();
            let contract = project
                .contracts
                .values()
                .find(|c| c.dataset.as_str() == sheet.dataset);
            let contract =
                contract.ok_or_else(|| GenerateError::NoContract(sheet.dataset.to_owned()))?;
            layouts.push((contract.dataset.clone(), Layout::new(sheet, contract)?));
        }
        let period = &order.period;
        let codes = |list: &str| -> Result<Vec<String>, GenerateError> {
            let codes = valid_codes(project, list, "code", period)?;
            Ok(codes.into_iter().map(|(code, _)| code).collect())
        };
        let procedures = procedures::procedures(project, period)?;
        let full_online = procedures.iter().filter(|p| p.full_online);
        let agencies = country::agencies(project, period, &procedures, order.seed)?;
        let month = |agency: &Agency| {
            let words = ["month", period.code.as_str(), agency.code.as_str()];
            Dice::new(order.seed, &words)
        };
        Ok(Self {
            dossier_rows: plan::apportion(order.rows, &agencies, month),
            layouts,
            agencies,
            full_online: full_online.map(|p| p.code.clone()).collect(),
            procedures,
            indicators: codes("indicators")?,
            services: valid_codes(project, "exchange_services", "provider_agency_code", period)?,
            incident_kinds: codes("incident_kinds")?,
            workdays: Workdays::around(period),
            receipts: Receipts::during(period),
            calls: OnceLock::new(),
            order,
        })
    }

    /// The period that is reported.
    pub fn period(&self) -> &Period {
        &self.order.period
    }

    /// One file of exactly `rows` rows, apart from the national plan. Without an agency, the first
    /// province by its code reports. Sums in indicators are those of the agency's dossiers in the
    /// national plan.
    pub fn one(
        &self,
        dataset: &DatasetName,
        agency: Option<&AgencyCode>,
        format: Format,
        rows: u64,
    ) -> Result<Parcel, GenerateError> {
        let unknown = || GenerateError::UnknownDataset(dataset.clone());
        let made = Made::ALL
            .into_iter()
            .find(|made| made.sheet().dataset == dataset.as_str());
        let made = made.ok_or_else(unknown)?;
        let found = match agency {
            Some(code) => {
                self.agency(code.as_str())
                    .ok_or_else(|| GenerateError::UnknownAgency {
                        agency: code.clone(),
                        period: self.period().code.to_string(),
                    })?
            }
            None => self
                .agencies
                .iter()
                .min_by_key(|agency| (agency.province.is_none(), &agency.province))
                .ok_or_else(unknown)?,
        };
        self.parcel(made, found, format, rows, 0)
            .ok_or_else(unknown)
    }

    /// Writes a parcel's file, a chunk of rows at a time.
    pub fn write<W: Write + Send>(&self, parcel: &Parcel, out: W) -> io::Result<Written> {
        self.write_telling(parcel, out, |_| {})
    }

    /// The same, and says now and then how many rows there are.
    pub fn write_telling<W: Write + Send>(
        &self,
        parcel: &Parcel,
        out: W,
        told: impl FnMut(u64),
    ) -> io::Result<Written> {
        let Some((agency, layout)) = self.of(parcel) else {
            return Ok(Written::default());
        };
        let lines = self.lines_of(agency, parcel).telling(told);
        encode::write(layout, parcel.format, lines, out)
    }

    /// A parcel as Arrow batches. Arrow is typed, so the parcel's format should be Parquet: in
    /// batches of other formats a value of the wrong type is null.
    pub fn batches(&self, parcel: &Parcel) -> Option<Batches<'_>> {
        let (agency, layout) = self.of(parcel)?;
        Some(Batches::new(layout, self.lines_of(agency, parcel)))
    }

    fn of(&self, parcel: &Parcel) -> Option<(&Agency, &Layout)> {
        let (_, layout) = self.layouts.get(parcel.made() as usize)?;
        Some((self.agency(parcel.agency.as_str())?, layout))
    }

    fn agency(&self, code: &str) -> Option<&Agency> {
        self.agencies
            .iter()
            .find(|agency| agency.code.as_str() == code)
    }

    fn is_full_online(&self, procedure: &str) -> bool {
        self.full_online.contains(procedure)
    }

    /// Chance for something that happens in the period.
    fn dice(&self, purpose: &[&str]) -> Dice {
        let mut words = vec![self.order.period.code.as_str()];
        words.extend_from_slice(purpose);
        Dice::new(self.order.seed, &words)
    }

    /// Chance for something that stays as it is from period to period.
    fn standing_dice(&self, purpose: &[&str]) -> Dice {
        Dice::new(self.order.seed, purpose)
    }
}
