//! Who reports: the agencies that the code lists of the project name for the period.

use std::collections::BTreeMap;

use calendar::Period;
use project::{AgencyCode, Project};

use super::GenerateError;
use super::dice::{Dice, Weights};
use super::listed::{Listed, cell, valid_codes};
use super::procedures::Procedure;
use super::systems::System;

/// An agency that is open in the period.
#[derive(Debug)]
pub(super) struct Agency {
    /// The code.
    pub(super) code: AgencyCode,
    /// The Vietnamese name.
    pub(super) name: String,
    /// The province it governs; none for ministries.
    pub(super) province: Option<String>,
    /// How many people it serves, and with that how many dossiers it has.
    pub(super) weight: u64,
    /// The procedures it takes, as indexes, with how often each is asked for.
    pub(super) procedures: Vec<usize>,
    /// How often each of them is asked for.
    pub(super) demand: Weights,
    /// How it works.
    pub(super) habits: Habits,
    /// The systems it runs.
    pub(super) systems: Vec<System>,
}

/// How an agency works: drawn once per seed, so that it keeps its character over the periods.
#[derive(Debug)]
pub(super) struct Habits {
    /// How many standard deviations its usual time stays below the due time. With none, half of the
    /// dossiers are late; the period's end hides the slowest, so its resolved ones look better.
    pub(super) margin: f64,
    /// The share of dossiers that come in online where that is possible.
    pub(super) online: f64,
    /// The share of the rest that comes by post.
    pub(super) postal: f64,
    /// The share of papers taken from shared data.
    pub(super) reuse: f64,
    /// The share of results that are signed digitally.
    pub(super) signed: f64,
    /// The share of fees paid online.
    pub(super) paid_online: f64,
    /// The share of answers that are content.
    pub(super) content: f64,
}

/// The agencies open in the period, provinces by their people, ministries by their share.
pub(super) fn agencies(
    project: &Project,
    period: &Period,
    procedures: &[Procedure],
    seed: u64,
) -> Result<Vec<Agency>, GenerateError> {
    let people: BTreeMap<_, _> = valid_codes(project, "provinces", "population", period)?
        .into_iter()
        .collect();
    let listed = Listed::of(project, "agencies", period)?;
    let (name, kind) = (listed.column("name_vi")?, listed.column("kind")?);
    let province_code = listed.column("province_code")?;
    let mut agencies = Vec::new();
    for (code, row) in listed.rows() {
        let Ok(agency_code) = code.code.parse::<AgencyCode>() else {
            continue;
        };
        let province = (cell(row, Some(kind)) == Some("province")).then(|| {
            cell(row, Some(province_code))
                .unwrap_or_default()
                .to_owned()
        });
        let weight = match &province {
            Some(province) => {
                let people = people.get(province).cloned().flatten();
                people
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(1_000_000)
            }
            None => ministry_weight(&code.code),
        };
        let (taken, demand) = taken(&code.code, province.is_some(), procedures, seed);
        let mut agency = Agency {
            code: agency_code,
            name: cell(row, Some(name)).unwrap_or_default().to_owned(),
            province,
            weight,
            procedures: taken,
            demand,
            habits: habits(&code.code, seed),
            systems: Vec::new(),
        };
        agency.systems = super::systems::of(&agency, period, seed);
        agencies.push(agency);
    }
    if agencies.is_empty() {
        return Err(GenerateError::NoValidCode {
            list: "agencies".to_owned(),
            period: period.code.to_string(),
        });
    }
    Ok(agencies)
}

fn ministry_weight(code: &str) -> u64 {
    // Public security takes identity, residence and passports: more dossiers than any other.
    let usual = Dice::new(0, &["ministry", code]).between(300_000, 1_800_000) as u64;
    if code == "G01" { 7_500_000 } else { usual }
}

fn taken(
    code: &str,
    is_province: bool,
    procedures: &[Procedure],
    seed: u64,
) -> (Vec<usize>, Weights) {
    let mut dice = Dice::new(seed, &["taken", code]);
    let owned = |p: &Procedure| p.ministry.as_deref() == Some(code);
    let owns_some = procedures.iter().any(owned);
    let (mut taken, mut demand) = (Vec::new(), Vec::new());
    for (index, procedure) in procedures.iter().enumerate() {
        let takes = match (is_province, owns_some) {
            (true, _) => dice.chance(0.92),
            (false, true) => owned(procedure),
            // A ministry that owns no listed field still takes a few procedures.
            (false, false) => dice.chance(0.06),
        };
        if takes || (taken.is_empty() && index + 1 == procedures.len()) {
            taken.push(index);
            demand.push((procedure.demand as f64 * dice.real(0.6, 1.5)) as u64 + 1);
        }
    }
    (taken, Weights::new(demand))
}

fn habits(code: &str, seed: u64) -> Habits {
    let mut dice = Dice::new(seed, &["habits", code]);
    Habits {
        margin: dice.real(-0.5, 2.2),
        online: dice.real(0.45, 0.95),
        postal: dice.real(0.01, 0.12),
        reuse: dice.real(0.05, 0.6),
        signed: dice.real(0.35, 0.97),
        paid_online: dice.real(0.3, 0.9),
        content: dice.real(0.6, 0.97),
    }
}
