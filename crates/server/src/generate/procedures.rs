//! What people ask for: the procedures that the code lists of the project name for the period.

use std::collections::BTreeMap;

use calendar::Period;
use project::{Code, Project};

use super::GenerateError;
use super::dice::{Dice, exp};
use super::listed::{Listed, cell, valid_codes};

/// A procedure that can be asked for in the period.
#[derive(Debug)]
pub(super) struct Procedure {
    /// The code.
    pub(super) code: String,
    /// Whether it can be asked for online, and wholly so.
    pub(super) online: bool,
    /// Whether it is online from end to end.
    pub(super) full_online: bool,
    /// The ministry whose field it belongs to, if the list says so.
    pub(super) ministry: Option<String>,
    /// Working days until it is due.
    pub(super) due_days: u32,
    /// How much its processing times spread.
    pub(super) sigma: f64,
    /// The fee in đồng.
    pub(super) fee: i64,
    /// The papers that it asks for.
    pub(super) papers: i64,
    /// The share of applicants that are businesses.
    pub(super) business: f64,
    /// How often it is asked for.
    pub(super) demand: u64,
}

/// The procedures that can be asked for in the period.
pub(super) fn procedures(
    project: &Project,
    period: &Period,
) -> Result<Vec<Procedure>, GenerateError> {
    let ministries: BTreeMap<_, _> = valid_codes(project, "fields", "ministry_code", period)?
        .into_iter()
        .collect();
    let listed = Listed::of(project, "procedures", period)?;
    let (field, level) = (listed.column("field_code")?, listed.column("online_level")?);
    // A procedure that begins or ends within the period would have dossiers out of its days.
    let throughout = |code: &Code| {
        code.overlaps(period.start_on, period.start_on)
            && code.overlaps(period.end_on, period.end_on)
    };
    let rows = listed
        .rows()
        .into_iter()
        .filter(|(code, _)| throughout(code));
    let made = rows.map(|(code, row)| {
        let field = cell(row, Some(field)).unwrap_or_default();
        let ministry = ministries.get(field).cloned().flatten();
        procedure(
            &code.code,
            field,
            cell(row, Some(level)).unwrap_or("none"),
            ministry,
        )
    });
    Ok(made.collect())
}

/// What the list does not say about a procedure, drawn from its code: the same under every seed.
fn procedure(code: &str, field: &str, level: &str, ministry: Option<String>) -> Procedure {
    let mut of_field = Dice::new(0, &["field", field]);
    let usual_days = of_field
        .pick(&[2_i64, 3, 5, 5, 7, 10, 10, 15, 20, 30])
        .copied()
        .unwrap_or(5);
    let sigma = of_field.real(0.35, 0.85);
    let business = of_field
        .pick(&[0.03, 0.05, 0.08, 0.15, 0.35, 0.7])
        .copied()
        .unwrap_or(0.1);
    let mut dice = Dice::new(0, &["procedure", code]);
    let due_days = (usual_days + dice.between(-usual_days / 2, usual_days / 2)).max(1) as u32;
    let fees = [
        0, 0, 0, 8_000, 15_000, 25_000, 50_000, 75_000, 100_000, 135_000, 200_000, 500_000,
    ];
    Procedure {
        code: code.to_owned(),
        online: level != "none",
        full_online: level == "full",
        ministry,
        due_days,
        sigma,
        fee: dice.pick(&fees).copied().unwrap_or(0),
        papers: dice.between(1, 8),
        business,
        demand: (1_000.0 * exp(1.3 * dice.normal())) as u64 + 10,
    }
}
