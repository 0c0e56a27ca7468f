//! The national plan: which agency sends what, in which format, how many rows.

use std::path::Path;

use project::{AgencyCode, DatasetName};

use super::cells::{Row, Sheet};
use super::country::Agency;
use super::dice::Dice;
use super::lines::Lines;
use super::{Generator, dossiers, exchanges, incidents, indicators, systems};

/// The datasets that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Dossiers,
    Indicators,
    Systems,
    Exchanges,
    Incidents,
}

impl Made {
    pub(super) const ALL: [Self; 5] = [
        Self::Dossiers,
        Self::Indicators,
        Self::Systems,
        Self::Exchanges,
        Self::Incidents,
    ];

    pub(super) fn sheet(self) -> &'static Sheet {
        match self {
            Self::Dossiers => &dossiers::SHEET,
            Self::Indicators => &indicators::SHEET,
            Self::Systems => &systems::SHEET,
            Self::Exchanges => &exchanges::SHEET,
            Self::Incidents => &incidents::SHEET,
        }
    }
}

/// A file format of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// One JSON object per line.
    Ndjson,
    /// Comma-separated values with a header, quoted as in RFC 4180.
    Csv,
    /// Parquet.
    Parquet,
}

impl Format {
    /// The format that a file's extension says: `.ndjson` or `.jsonl`, `.csv`, `.parquet`.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// The usual extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// One submission to be made: what, by whom, as what.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// The dataset.
    pub dataset: DatasetName,
    /// The agency that sends it.
    pub agency: AgencyCode,
    /// The file format.
    pub format: Format,
    /// The rows in the file, spoiled ones included.
    pub rows: u64,
    /// Which of the agency's parcels of this dataset it is, from 0.
    pub part: u32,
    made: Made,
}

impl Generator {
    /// The submissions of the whole country, agency by agency. The rows of `raw.dossiers` add up to
    /// what was ordered; the other datasets are as large as the country makes them.
    pub fn national(&self) -> Vec<Parcel> {
        let per_agency = |agency| {
            Made::ALL
                .into_iter()
                .flat_map(move |made| self.parcels_of(made, agency))
        };
        let parcels = self.agencies.iter().flat_map(per_agency);
        parcels.filter(|parcel| parcel.rows > 0).collect()
    }

    /// What the agency sends of one dataset in the national plan.
    pub(super) fn parcels_of(&self, made: Made, agency: &Agency) -> Vec<Parcel> {
        let rows = match made {
            Made::Dossiers => return self.dossier_parcels(agency),
            Made::Indicators => indicators::count(self, agency),
            Made::Systems => agency.systems.len() as u64,
            Made::Exchanges => exchanges::count(self, agency),
            Made::Incidents => incidents::count(self, agency),
        };
        let mut dice = self.standing_dice(&["format", made.sheet().dataset, agency.code.as_str()]);
        let formats = match made {
            Made::Systems | Made::Indicators => [Format::Csv, Format::Csv, Format::Ndjson],
            _ => [Format::Ndjson, Format::Csv, Format::Parquet],
        };
        let format = dice.pick(&formats).copied().unwrap_or(Format::Ndjson);
        self.parcel(made, agency, format, rows, 0)
            .into_iter()
            .collect()
    }

    fn dossier_parcels(&self, agency: &Agency) -> Vec<Parcel> {
        let rows = self.dossier_rows(agency);
        let parts = match rows * 100 / self.order.rows.max(1) {
            0..3 => 1,
            3..6 => 2,
            _ => 3,
        };
        let mut dice = self.standing_dice(&["dossier format", agency.code.as_str()]);
        let text = if dice.chance(0.5) {
            Format::Csv
        } else {
            Format::Ndjson
        };
        let of_part = |part: u64| {
            let part_rows = rows / parts + u64::from(part < rows % parts);
            let is_large = part_rows * 60 > self.order.rows;
            let format = if is_large { Format::Parquet } else { text };
            self.parcel(Made::Dossiers, agency, format, part_rows, part as u32)
        };
        (0..parts).filter_map(of_part).collect()
    }

    /// A parcel; none if the dataset has no layout.
    pub(super) fn parcel(
        &self,
        made: Made,
        agency: &Agency,
        format: Format,
        rows: u64,
        part: u32,
    ) -> Option<Parcel> {
        let (dataset, _) = self.layouts.get(made as usize)?;
        let (dataset, agency) = (dataset.clone(), agency.code.clone());
        Some(Parcel {
            dataset,
            agency,
            format,
            rows,
            part,
            made,
        })
    }

    /// The agency's share of the ordered rows, by largest remainder over the agencies' weights.
    fn dossier_rows(&self, agency: &Agency) -> u64 {
        let position = self
            .agencies
            .iter()
            .position(|other| other.code == agency.code);
        position
            .and_then(|index| self.dossier_rows.get(index))
            .copied()
            .unwrap_or(0)
    }

    /// The rows of a parcel, spoiled ones marked.
    pub(super) fn lines_of<'g>(&'g self, agency: &'g Agency, parcel: &Parcel) -> Lines<'g> {
        let rows: Box<dyn Iterator<Item = Row<'g>> + 'g> = match parcel.made {
            Made::Dossiers => Box::new(dossiers::Dossiers::new(self, agency, parcel.part)),
            Made::Indicators => Box::new(indicators::rows(self, agency)),
            Made::Systems => Box::new(systems::rows(self, agency)),
            Made::Exchanges => Box::new(exchanges::rows(self, agency)),
            Made::Incidents => Box::new(incidents::rows(self, agency)),
        };
        let sheet = parcel.made.sheet();
        let part = parcel.part.to_string();
        let dice = self.dice(&["faults", sheet.dataset, agency.code.as_str(), &part]);
        let period = self.period();
        // Whole weeks, so that office days stay office days.
        let weeks_back = (period.end_on - period.start_on).num_days() / 7 + 1;
        let typed = parcel.format == Format::Parquet;
        Lines::new(
            sheet,
            rows,
            parcel.rows,
            (dice, self.order.spoil, weeks_back * 7, typed),
        )
    }
}

impl Parcel {
    pub(super) fn made(&self) -> Made {
        self.made
    }
}

/// Splits `rows` by weight so that the parts add up: the largest remainders get the odd rows.
pub(super) fn apportion(
    rows: u64,
    agencies: &[Agency],
    mut dice: impl FnMut(&Agency) -> Dice,
) -> Vec<u64> {
    // A month brings some agencies more and some less than their people would say.
    let weights: Vec<u128> = agencies
        .iter()
        .map(|agency| u128::from(agency.weight.max(1)) * u128::from(800 + dice(agency).below(400)))
        .collect();
    let sum = weights.iter().sum::<u128>().max(1);
    let share = |weight: &u128| u128::from(rows) * weight;
    let mut parts: Vec<u64> = weights
        .iter()
        .map(|weight| (share(weight) / sum) as u64)
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|index| {
        std::cmp::Reverse(weights.get(*index).map(|weight| share(weight) % sum))
    });
    let left = rows - parts.iter().sum::<u64>();
    for index in order.into_iter().take(left as usize) {
        if let Some(part) = parts.get_mut(index) {
            *part += 1;
        }
    }
    parts
}
