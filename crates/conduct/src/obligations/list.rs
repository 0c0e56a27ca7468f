//! What agencies owe for a period, and what they handed in.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Deadline, DeadlineRule, Period, PeriodKind, civil_day};
use project::{AgencyCode, Contract, Layer, Project};
use service::{
    Action, Call, ErrorKind, Extension, HandedIn, Obligation, ObligationFilter, ObligationKey,
    Page, Result, ServiceError,
};

use crate::failure;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::submit::Terms;

/// Obligations in a page at the most.
const PAGE: u64 = 1000;

/// The obligations of a period, by dataset and agency.
pub(crate) async fn list(
    gate: &Gate,
    call: &Call,
    filter: ObligationFilter,
    page: Page,
) -> Result<Vec<Obligation>> {
    let about = match &filter.dataset {
        Some(dataset) => About::dataset(dataset),
        None => About::named("obligations"),
    };
    let agency = match &filter.agency {
        Some(agency) => Some(agency.clone()),
        None => gate.agency_of(call).await?,
    };
    let about = about.of_agency(agency);
    gate.perform(
        call,
        Action::ReadObligations,
        about,
        |handles, principal| async move {
            let project = handles.project();
            let period = period(&handles, &project, &filter)?;
            let mut found = Vec::new();
            for (contract, rule) in owed(&handles, &project, &filter)? {
                let books = Books::read(&handles, &contract, &period).await?;
                let own = access::scope(&principal);
                let agencies = books.agencies(&project, &filter, own, &period);
                let of = |agency| books.obligation(&handles, (&contract, rule), &period, agency);
                found.extend(agencies.into_iter().map(of));
            }
            let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
            let limit = usize::try_from(page.limit.min(PAGE)).unwrap_or(usize::MAX);
            Ok(found.into_iter().skip(offset).take(limit).collect())
        },
    )
    .await
}

/// The obligation of the terms.
pub(crate) async fn one(
    handles: &Handles,
    terms: &Terms,
    rule: DeadlineRule,
) -> Result<Obligation> {
    let books = Books::read(handles, &terms.contract, &terms.period).await?;
    let (contract, agency) = (&terms.contract, terms.agency.clone());
    Ok(books.obligation(handles, (contract, rule), &terms.period, agency))
}

/// Every obligation of a period.
pub(crate) async fn of_period(
    handles: &Handles,
    project: &Project,
    (contract, rule): (&Contract, DeadlineRule),
    period: &Period,
) -> Result<Vec<Obligation>> {
    let books = Books::read(handles, contract, period).await?;
    let agencies = books.agencies(project, &ObligationFilter::default(), None, period);
    let of = |agency| books.obligation(handles, (contract, rule), period, agency);
    Ok(agencies.into_iter().map(of).collect())
}

/// The period that is asked for, or the month that ended last.
fn period(handles: &Handles, project: &Project, filter: &ObligationFilter) -> Result<Period> {
    let today = civil_day(handles.now());
    let hint = "`select code from codes.periods` lists the periods.";
    if let Some(code) = &filter.period {
        let found = project.calendar.get(code).cloned();
        return found
            .map_err(|error| ServiceError::new(ErrorKind::Invalid, error.to_string()).hint(hint));
    }
    let months = project.calendar.periods();
    let ended = months.filter(|p| p.code.kind() == PeriodKind::Month && p.end_on < today);
    let last = ended.max_by_key(|period| period.end_on).cloned();
    last.ok_or_else(|| {
        let message = "no month of the calendar has ended yet";
        ServiceError::new(ErrorKind::Invalid, message).hint(format!("Give `period`: {hint}"))
    })
}

/// The contracts that set a deadline, of those that are asked for.
fn owed(
    handles: &Handles,
    project: &Project,
    filter: &ObligationFilter,
) -> Result<Vec<(Contract, DeadlineRule)>> {
    let asked = match &filter.dataset {
        Some(dataset) => vec![handles.contract(dataset)?],
        None => project.contracts.values().cloned().collect(),
    };
    let taking = asked
        .into_iter()
        .filter(|contract| contract.dataset.layer() == Layer::Raw);
    let owed = taking.filter_map(|contract| {
        let rule = contract.deadline.as_ref()?.rule;
        Some((contract, rule))
    });
    Ok(owed.collect())
}

/// What the books know of a dataset's period.
struct Books {
    handed_in: BTreeMap<AgencyCode, HandedIn>,
    extensions: BTreeMap<AgencyCode, Vec<Extension>>,
}

impl Books {
    async fn read(handles: &Handles, contract: &Contract, period: &Period) -> Result<Self> {
        let (dataset, code) = (&contract.dataset, &period.code);
        let handed_in = handles.books.handed_in(dataset, code).await;
        let made = handles.books.extensions(dataset, code).await;
        let mut extensions: BTreeMap<AgencyCode, Vec<Extension>> = BTreeMap::new();
        for extension in made.map_err(failure::books)? {
            let of = extension.of.agency.clone();
            extensions.entry(of).or_default().push(extension);
        }
        Ok(Self {
            handed_in: handed_in.map_err(failure::books)?,
            extensions,
        })
    }

    /// The agencies that owe something: those of the code list, and whoever handed something in.
    fn agencies(
        &self,
        project: &Project,
        filter: &ObligationFilter,
        own: Option<&AgencyCode>,
        period: &Period,
    ) -> BTreeSet<AgencyCode> {
        let listed = project.code_lists.get("agencies").into_iter();
        let listed = listed.flat_map(|list| &list.codes);
        let listed = listed
            .filter(|code| code.overlaps(period.start_on, period.end_on))
            .filter_map(|code| code.code.parse().ok());
        let known = self.handed_in.keys().chain(self.extensions.keys());
        listed
            .chain(known.cloned())
            .filter(|agency| filter.agency.as_ref().is_none_or(|asked| asked == agency))
            .filter(|agency| own.is_none_or(|own| agency.is_within(own)))
            .collect()
    }

    fn obligation(
        &self,
        handles: &Handles,
        (contract, rule): (&Contract, DeadlineRule),
        period: &Period,
        agency: AgencyCode,
    ) -> Obligation {
        let extensions = self.extensions.get(&agency).cloned().unwrap_or_default();
        let until = extensions.last().map(|extension| extension.until);
        let deadline = Deadline::new(period, rule, until);
        Obligation {
            deadline,
            standing: deadline.standing(handles.now()),
            handed_in: self.handed_in.get(&agency).copied().unwrap_or_default(),
            extensions,
            of: ObligationKey {
                dataset: contract.dataset.clone(),
                period: period.code.clone(),
                agency,
            },
        }
    }
}
