//! Reading what of a connector does not depend on its source.

use std::time::Duration;

use calendar::PeriodKind;

use super::Layout;
use super::model::{ConnectorLimits, PeriodRule, Repeated, SourceKind, WhichPeriod};
use super::read::Reader;
use super::schedule::{Schedule, span};
use super::source::Kind;
use crate::problem::{Mark, known, quoted};
use crate::yaml::{Map, Value, word};
use crate::{AgencyCode, DatasetName, Layer};

const PERIODS: [(&str, PeriodKind); 5] = [
    ("month", PeriodKind::Month),
    ("quarter", PeriodKind::Quarter),
    ("half", PeriodKind::Half),
    ("nine_months", PeriodKind::NineMonths),
    ("year", PeriodKind::Year),
];
const WHICH: [(&str, WhichPeriod); 2] = [
    ("current", WhichPeriod::Current),
    ("previous", WhichPeriod::Previous),
];
const REPEATED: [(&str, Repeated); 3] = [
    ("new", Repeated::New),
    ("replaces", Repeated::Replaces),
    ("corrects", Repeated::Corrects),
];

/// The shortest time between two runs.
const EVERY: Duration = Duration::from_secs(10);
/// Pieces of a run, unless something else is said.
const PIECES: u64 = 1_000;

impl Reader<'_, '_> {
    pub(super) fn layout(&self, map: &mut Map<'_, '_>, kind: Option<Kind>) -> Layout {
        let Some(word) = map.text_if("layout") else {
            return Layout::default();
        };
        if kind.is_some_and(|kind| !kind.has_folders()) {
            self.sink.at(
                word.at,
                "`layout` has no use: nothing lies in folders there",
            );
        }
        match Layout::read(word.text) {
            Ok(layout) => layout,
            Err(message) => {
                self.sink.at(word.at, message);
                Layout::default()
            }
        }
    }

    /// A value that either the layout or the file says.
    fn once(&self, key: &str, at: Mark, in_layout: bool, given: Option<Mark>) -> bool {
        match (in_layout, given) {
            (true, Some(at)) => {
                let message = format!("`{key}` is said twice: the layout has `{{{key}}}`");
                self.sink.at(at, message);
                false
            }
            (false, None) => {
                let message = format!(
                    "key `{key}` is missing in the connector, and the layout has no `{{{key}}}`"
                );
                self.sink.at(at, message);
                false
            }
            (false, Some(_)) => true,
            (true, None) => false,
        }
    }

    pub(super) fn dataset(&self, map: &mut Map<'_, '_>, layout: &Layout) -> Option<DatasetName> {
        let (at, word) = (map.at(), map.text_if("dataset"));
        if !self.once(
            "dataset",
            at,
            layout.has_dataset(),
            word.map(|word| word.at),
        ) {
            return None;
        }
        let word = word?;
        let name = match word.text.parse::<DatasetName>() {
            Ok(name) => name,
            Err(error) => {
                self.sink.at(word.at, error.to_string());
                return None;
            }
        };
        if name.layer() != Layer::Raw {
            let message =
                format!("`{name}` is not submitted: expected a dataset of the layer `raw`");
            self.sink.at(word.at, message);
        } else if !self.known.datasets.contains(&name.as_str()) {
            let raw = self.known.datasets.iter().filter(|d| d.starts_with("raw."));
            let hint = known(name.as_str(), &raw.copied().collect::<Vec<_>>(), "dataset");
            self.sink
                .at(word.at, format!("no dataset is named `{name}`: {hint}"));
        }
        Some(name)
    }

    pub(super) fn agency(&self, map: &mut Map<'_, '_>, layout: &Layout) -> Option<AgencyCode> {
        let (at, word) = (map.at(), map.text_if("agency"));
        if !self.once("agency", at, layout.has_agency(), word.map(|word| word.at)) {
            return None;
        }
        let word = word?;
        let agency = match word.text.parse::<AgencyCode>() {
            Ok(agency) => agency,
            Err(error) => {
                self.sink.at(word.at, error.to_string());
                return None;
            }
        };
        if let Some(list) = self.known.code_lists.get("agencies") {
            let codes: Vec<&str> = list.codes.iter().map(|code| code.code.as_str()).collect();
            if !codes.contains(&agency.as_str()) {
                let hint = known(agency.as_str(), &codes, "agency");
                // The list of a country is no hint.
                let hint = hint.strip_prefix("known are").map_or(
                    hint.as_str(),
                    |_| "`warehouse/codes/agencies.csv` has those that are known",
                );
                let message =
                    format!("agency `{agency}` is not in the code list `agencies`: {hint}");
                self.sink.at(word.at, message);
            }
        }
        Some(agency)
    }

    pub(super) fn period(&self, map: &mut Map<'_, '_>, layout: &Layout) -> Option<PeriodRule> {
        let (at, node) = (map.at(), map.take("period"));
        if !self.once("period", at, layout.has_period(), node.map(|node| node.at)) {
            return layout.has_period().then_some(PeriodRule::Path);
        }
        let node = node?;
        if matches!(node.value, Value::Map(_)) {
            let mut rule = Map::open(node, "`period`", self.sink)?;
            let kind = rule.choice("calendar", &PERIODS);
            let which = rule.choice_if("which", &WHICH);
            rule.close();
            let kind = kind?;
            let there = self.known.calendar.periods();
            if !there.into_iter().any(|period| period.code.kind() == kind) {
                let message = format!("the calendar has no period of kind `{}`", kind.as_str());
                self.sink.at(node.at, message);
            }
            return Some(PeriodRule::Calendar(
                kind,
                which.unwrap_or(WhichPeriod::Current),
            ));
        }
        let word = word(node, "period", self.sink)?;
        let code = word
            .text
            .parse()
            .map_err(|error: calendar::CalendarError| error);
        let checked = code.and_then(|code| self.known.calendar.get(&code).map(|_| code.clone()));
        match checked {
            Ok(code) => Some(PeriodRule::Is(code)),
            Err(error) => {
                self.sink.at(word.at, error.to_string());
                None
            }
        }
    }

    pub(super) fn schedule(&self, map: &mut Map<'_, '_>) -> Option<Schedule> {
        let mut schedule = map.map("schedule")?;
        let at = schedule.at();
        let (every, cron) = (schedule.text_if("every"), schedule.text_if("cron"));
        schedule.close();
        match (every, cron) {
            (Some(every), None) => {
                let step = span(every.text).filter(|step| *step >= EVERY);
                if step.is_none() {
                    let message = format!(
                        "`every` is `{}`, expected a span of at least `10s`, such as `15m`, `2h` or \
                         `1d`",
                        every.text
                    );
                    self.sink.at(every.at, message);
                }
                step.map(Schedule::Every)
            }
            (None, Some(cron)) => match Schedule::cron(cron.text) {
                Ok(schedule) => Some(schedule),
                Err(message) => {
                    self.sink.at(cron.at, message);
                    None
                }
            },
            _ => {
                let words = quoted(&["every", "cron"]);
                self.sink.at(at, format!("`schedule` says one of {words}"));
                None
            }
        }
    }

    pub(super) fn repeated(
        &self,
        map: &mut Map<'_, '_>,
        dataset: Option<&DatasetName>,
        source: Option<&SourceKind>,
    ) -> Option<Repeated> {
        let at = map.at();
        let repeated = map.choice("repeated", &REPEATED)?;
        if repeated == Repeated::Replaces && source.is_some_and(SourceKind::gives_parts) {
            let message = "`repeated: replaces` would let each piece take the place of the one \
                           before, though it is a part of what there is: write `corrects` or `new`";
            self.sink.at(at, message);
        }
        let contract = dataset.and_then(|dataset| self.known.contracts.get(dataset));
        if let Some(contract) = contract
            && repeated == Repeated::Corrects
            && contract.key.is_empty()
        {
            let message = format!(
                "`{}` has no key, so it is not known which rows a correction is of: write \
                 `repeated: replaces`",
                contract.dataset
            );
            self.sink.at(at, message);
        }
        Some(repeated)
    }

    pub(super) fn limits(&self, map: &mut Map<'_, '_>) -> ConnectorLimits {
        let mut limits = ConnectorLimits {
            pieces: PIECES,
            bytes: None,
        };
        let Some(mut given) = map.map_if("limits") else {
            return limits;
        };
        for key in ["pieces", "bytes"] {
            let Some((count, at)) = given.count_if(key) else {
                continue;
            };
            if count == 0 {
                self.sink
                    .at(at, format!("`{key}` is 0: nothing would be taken"));
            } else if key == "pieces" {
                limits.pieces = count;
            } else {
                limits.bytes = Some(count);
            }
        }
        given.close();
        limits
    }
}
