//! What the newest run found in the columns of a dataset.

use chrono::{DateTime, NaiveDate, Utc};
use project::Contract;
use render::format::{Formats, NOTHING};
use service::{Action, ColumnProfile, Page, ProfiledBin};

use super::shell::Shell;

/// As many profiles as are asked for: the newest run's are among them.
pub(super) const NEWEST: Page = Page {
    offset: 0,
    limit: 1000,
};

/// Top values that the page shows; the API answers more.
const TOP: usize = 3;
/// Decimals of a number that is no whole one.
const DECIMALS: u32 = 4;
/// The size of the picture of a histogram.
const WIDTH: f64 = 100.0;
const HEIGHT: f64 = 28.0;

/// The profiles of the newest period of the newest run.
pub(super) struct Profiles {
    pub(super) run: String,
    /// Whether its page may be read.
    pub(super) linked: bool,
    pub(super) profiled_at: String,
    /// None of a table without periods.
    pub(super) period: Option<String>,
    pub(super) rows: String,
    /// The rows that were looked at, if not all of them.
    pub(super) seen: Option<String>,
    pub(super) columns: Vec<ProfileRow>,
}

/// A column. What is not there is shown as such.
pub(super) struct ProfileRow {
    pub(super) name: String,
    pub(super) nulls: String,
    pub(super) distinct: String,
    pub(super) min: String,
    pub(super) median: String,
    pub(super) max: String,
    /// Values with their rows.
    pub(super) top: Vec<(String, String)>,
    pub(super) picture: Option<Picture>,
    /// The key of the reason why values are hidden.
    pub(super) hidden: Option<&'static str>,
    pub(super) psi: String,
}

/// A histogram as one path.
pub(super) struct Picture {
    pub(super) path: String,
    /// What it shows, in words.
    pub(super) label: String,
}

/// The newest profiles, of those that come newest first, in the order of the contract's columns;
/// none if there are none.
pub(super) fn newest(
    contract: &Contract,
    mut profiles: Vec<ColumnProfile>,
    shell: &Shell,
    formats: &Formats,
) -> Option<Profiles> {
    let first = profiles.first()?;
    let (run, period) = (first.run.clone(), first.period.clone());
    let (at, rows) = (first.profiled_at, first.rows);
    let seen = first.sampled.then_some(first.seen_rows);
    profiles.retain(|profile| profile.run == run && profile.period == period);
    let place = |name: &str| {
        contract
            .columns
            .iter()
            .position(|column| column.name == name)
    };
    profiles.sort_by_key(|profile| place(&profile.column));
    Some(Profiles {
        linked: shell.offers(Action::ReadRuns),
        profiled_at: formats.date_time(at),
        rows: formats.integer(rows),
        seen: seen.map(|rows| formats.integer(rows)),
        columns: profiles
            .iter()
            .map(|profile| row(profile, shell, formats))
            .collect(),
        run,
        period,
    })
}

fn row(profile: &ColumnProfile, shell: &Shell, formats: &Formats) -> ProfileRow {
    let nothing = || NOTHING.to_owned();
    let value = |text: Option<&String>| {
        text.map_or_else(nothing, |text| value(&profile.kind, text, formats))
    };
    let top = profile.top.iter().take(TOP).map(|top| {
        let shown = self::value(&profile.kind, &top.value, formats);
        (shown, formats.integer(top.rows))
    });
    let psi = profile.psi.map(|psi| formats.decimal(psi, 3));
    let distinct = profile.distinct_values.map(|count| formats.integer(count));
    ProfileRow {
        name: profile.column.clone(),
        nulls: nulls(profile, formats),
        distinct: distinct.unwrap_or_else(nothing),
        min: value(profile.min.as_ref()),
        median: value(profile.quantiles.get(2)),
        max: value(profile.max.as_ref()),
        top: top.collect(),
        picture: picture(profile, shell, formats),
        hidden: profile.hidden.as_deref().map(hidden),
        psi: psi.unwrap_or_else(nothing),
    }
}

/// The key of the words for a reason.
fn hidden(reason: &str) -> &'static str {
    match reason {
        "restricted" => "hidden-restricted",
        "from_personal" => "hidden-from-personal",
        _ => "hidden-looks-personal",
    }
}

/// The rows without a value, and their share.
fn nulls(profile: &ColumnProfile, formats: &Formats) -> String {
    let rows = formats.integer(profile.null_rows);
    if profile.null_rows == 0 || profile.seen_rows == 0 {
        return rows;
    }
    let share = profile.null_rows as f64 / profile.seen_rows as f64 * 100.0;
    format!("{rows} ({}%)", formats.decimal(share, 1))
}

/// A value as people of the language write it.
fn value(kind: &str, text: &str, formats: &Formats) -> String {
    let shown = match kind {
        "number" => match (text.parse::<i128>(), text.parse::<f64>()) {
            (Ok(whole), _) => Some(formats.integer(whole)),
            (_, Ok(number)) if number.is_finite() => {
                let places = text.split_once('.').map_or(0, |(_, places)| places.len());
                let places = u32::try_from(places).unwrap_or(DECIMALS);
                Some(formats.decimal(number, places.min(DECIMALS)))
            }
            _ => None,
        },
        "day" => text.parse::<NaiveDate>().ok().map(|day| formats.date(day)),
        "instant" => {
            let instant = text.parse::<DateTime<Utc>>().ok();
            instant.map(|instant| formats.date_time(instant))
        }
        _ => None,
    };
    shown.unwrap_or_else(|| text.to_owned())
}

fn picture(profile: &ColumnProfile, shell: &Shell, formats: &Formats) -> Option<Picture> {
    let bins = &profile.histogram;
    let (first, last) = (bins.first()?, bins.last()?);
    let most = bins.iter().max_by_key(|bin| bin.rows)?;
    let edge = |text: &str| value(&profile.kind, text, formats);
    let range = |from: &str, to: &str| format!("{} – {}", edge(from), edge(to));
    let label = format!(
        "{}: {}. {}: {} ({})",
        shell.say("histogram-from-to"),
        range(&first.from, &last.to),
        shell.say("histogram-most"),
        range(&most.from, &most.to),
        formats.integer(most.rows),
    );
    Some(Picture {
        path: path(bins, most.rows),
        label,
    })
}

/// A bar for each bin that has rows, as high as its share of the most; never too low to be seen.
fn path(bins: &[ProfiledBin], most: u64) -> String {
    let slot = WIDTH / bins.len() as f64;
    let bars = bins.iter().enumerate().filter(|(_, bin)| bin.rows > 0);
    let bars = bars.map(|(place, bin)| {
        let height = (bin.rows as f64 / most.max(1) as f64 * HEIGHT).max(1.0);
        let (x, width) = (place as f64 * slot, (slot - 0.5).max(0.5));
        format!("M{x:.1} {HEIGHT}h{width:.1}v-{height:.1}h-{width:.1}z")
    });
    bars.collect()
}
