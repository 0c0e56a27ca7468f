//! Judging: a body is decoded and checked on one thread while what landed of it is encoded by another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ingest::{
    Checked, Coding, Counts, Envelope, Format, IngestError, Limits, Mapping, RowRule, Source,
    Spooled, Verdict,
};
use lake::Table;
use project::Severity;
use service::{
    ControlTotal, Receipt, Restriction, Result, RowCounts, RowError, RowErrors, Submission,
};
use tokio::sync::mpsc;

use super::admit::InWork;
use super::body::{Body, blocking};
use super::coding::{adapter, coding};
use super::evidence::SMALL_BYTES;
use super::totals::Totals;
use super::tray::{Rows, Tray};
use super::{Terms, quarantine};
use crate::failure;
use crate::handles::Handles;

/// Batches between the checking thread and the encoder.
const BATCHES_IN_FLIGHT: usize = 4;

/// Batches that wait of a body that is checked at once: its rows are few.
const QUICK_BATCHES: usize = 64;

/// A body of up to this size is decoded by one thread.
const ALONE_BYTES: u64 = 1 << 20;

/// A body of lines that is larger keeps every core busy for a while.
const WIDE_BYTES: u64 = 64 << 20;

/// What checking left behind, nothing of it visible yet.
pub(crate) struct Staged {
    pub counts: RowCounts,
    pub errors: RowErrors,
    pub control_totals: Vec<ControlTotal>,
    pub landed: Rows,
    pub quarantined: Rows,
}

/// What judging found.
pub(crate) struct Judged {
    pub outcome: Result<Staged>,
    /// Why the evidence is restricted by it.
    pub restricted: Option<Restriction>,
}

impl Judged {
    /// Takes back what is staged of a body that does not land by it.
    pub(crate) async fn discard(self, (table, ledger): (&Table, &Table)) {
        let Ok(staged) = self.outcome else { return };
        for (table, rows) in [(table, staged.landed), (ledger, staged.quarantined)] {
            discard(table, rows).await;
        }
    }
}

/// Takes back staged rows. They are invisible; failing to delete them costs space, not truth.
pub(crate) async fn discard(table: &Table, rows: Rows) {
    if let Err(error) = table.discard(rows.files).await {
        let dataset = table.dataset();
        tracing::warn!(%dataset, %error, "staged files were left behind");
    }
}

/// What was seen of a body.
#[derive(Default)]
struct Seen {
    personal: bool,
    whole: bool,
}

/// Whether rows wait in memory for those of others, to be written in the commit of all of them.
pub(crate) fn may_hold(submission: &Submission) -> bool {
    // What takes the place of other rows is committed alone.
    let receipt = &submission.receipt;
    receipt.evidence_size_bytes <= SMALL_BYTES && receipt.supersedes.is_none()
}

/// Judges the body, whatever comes of it.
pub(crate) async fn check(
    handles: &Arc<Handles>,
    terms: &Terms,
    submission: &Submission,
    body: Body,
    tables: Option<(&Table, &Table)>,
) -> Judged {
    let mut seen = Seen::default();
    let outcome = judged(handles, terms, submission, body, (tables, &mut seen)).await;
    let restricted = match seen {
        Seen { personal: true, .. } => Some(Restriction::PersonalData),
        Seen { whole: false, .. } => Some(Restriction::Unread),
        Seen { .. } => None,
    };
    Judged {
        outcome,
        restricted,
    }
}

/// Decodes and judges the body on a thread of its own while another task encodes what landed.
async fn judged(
    handles: &Arc<Handles>,
    terms: &Terms,
    submission: &Submission,
    body: Body,
    (tables, seen): (Option<(&Table, &Table)>, &mut Seen),
) -> Result<Staged> {
    let totals = Totals::new(&submission.receipt.control_totals);
    let mut more: Vec<RowRule> = totals.rule().into_iter().collect();
    let names = terms.contract.rules.iter().map(|rule| rule.name.clone());
    let names = names.chain(more.iter().map(|rule| rule.name.clone()));
    let names: BTreeSet<String> = names.collect();
    let holds = may_hold(submission);
    let Body { spooled, turn } = body;
    let place = turn.come(spooled.size_bytes()).await?;
    let judging = InWork::of("judging");
    let more = std::mem::take(&mut more);
    let (checking, mut receiver) = decoded(handles, terms, submission, spooled, more)?;
    let limit = handles.settings.errors_in_answer;
    let threads = handles.settings.partitions;
    let mut desk = Desk::new(terms, tables, (holds, threads), limit, names);
    let encoding = async {
        while let Some(checked) = receiver.recv().await {
            seen.personal |= checked.personal;
            if let Err(error) = desk.take(checked, &submission.receipt).await {
                // Closing the channel stops the checking thread.
                receiver.close();
                return Err(error);
            }
        }
        Ok(())
    };
    let (checked, encoded) = tokio::join!(checking, encoding);
    drop((place, judging));
    seen.whole = checked.is_ok() && encoded.is_ok();
    let compared = encoded.and(checked).and_then(|counts| {
        let totals = totals.compared(counts.received)?;
        Ok((row_counts(&counts), totals))
    });
    match compared {
        Ok((counts, totals)) => desk.close(counts, totals).await,
        Err(error) => {
            desk.discard().await;
            Err(error)
        }
    }
}

/// The rows of a body as they are judged, in order, by the contract's rules and `more`; and the
/// judging itself, which ends when they are taken or nobody takes them.
pub(crate) fn decoded(
    handles: &Handles,
    terms: &Terms,
    submission: &Submission,
    spooled: Arc<Spooled>,
    more: Vec<RowRule>,
) -> Result<(
    impl Future<Output = Result<Counts>> + use<>,
    mpsc::Receiver<Checked>,
)> {
    let mut rules = row_rules(handles, terms)?;
    rules.extend(more);
    let envelope = Envelope {
        submission_id: submission.receipt.id.to_string(),
        agency: terms.agency.to_string(),
        period: terms.period.code.to_string(),
        received_at: submission.receipt.received_at,
        period_start_on: terms.period.start_on,
        period_end_on: terms.period.end_on,
    };
    let coding = coding(&submission.format)?;
    let adapter = adapter(&submission.format, &terms.project, &terms.contract.dataset)?;
    let (adapter, contract) = (adapter.cloned(), terms.contract.clone());
    let alone = is_quick(coding, &spooled);
    let in_flight = if alone {
        QUICK_BATCHES
    } else {
        BATCHES_IN_FLIGHT
    };
    let (sender, receiver) = mpsc::channel::<Checked>(in_flight);
    let workers = handles.settings.partitions;
    let helping = u32::try_from(workers)
        .ok()
        .filter(|_| spooled.size_bytes() > ALONE_BYTES)
        .and_then(|workers| {
            let decoders = Arc::clone(&handles.decoders);
            decoders.try_acquire_many_owned(workers).ok()
        });
    let check = move |sink: &mut dyn FnMut(Checked) -> std::result::Result<(), IngestError>| {
        let limits = Limits {
            workers: if helping.is_some() { workers } else { 1 },
            ..Limits::default()
        };
        let source = spooled.source();
        match &adapter {
            None => ingest::check(source, coding, &contract, &rules, &envelope, &limits, sink),
            Some(adapter) => {
                let mapping = Mapping::new(adapter, &contract);
                ingest::check_through(source, coding, &mapping, &rules, &envelope, &limits, sink)
            }
        }
    };
    let checking = async move {
        if alone {
            let mut sink = |checked| sender.try_send(checked).map_err(IngestError::sink);
            return check(&mut sink).map_err(failure::body);
        }
        let mut sink = move |checked| sender.blocking_send(checked).map_err(IngestError::sink);
        blocking(move || check(&mut sink)).await
    };
    Ok((checking, receiver))
}

/// Whether a body is checked in less time than it takes to hand it to another thread and wait.
fn is_quick(coding: Coding, spooled: &Spooled) -> bool {
    let plain = coding.compression.is_none();
    let lines = matches!(coding.format, Format::Ndjson | Format::Csv | Format::Json);
    plain && lines && matches!(spooled.source(), Source::Memory(..))
}

/// Whether a body is one of those that several threads decode, and large.
pub(crate) fn is_wide(coding: Coding, size_bytes: u64) -> bool {
    size_bytes > WIDE_BYTES && matches!(coding.format, Format::Ndjson | Format::Csv)
}

fn row_rules(handles: &Handles, terms: &Terms) -> Result<Vec<RowRule>> {
    let lists = |list: &str| terms.project.code_lists.get(list);
    let compiled = handles
        .rules
        .compile(&terms.contract, &terms.period, &lists)
        .map_err(failure::engine)?;
    let rules = compiled.iter().map(|(rule, holds)| RowRule {
        name: rule.name.clone(),
        column: rule.column.clone(),
        severity: rule.severity,
        message: rule.message.clone(),
        holds: Arc::clone(holds),
        in_order: false,
    });
    Ok(rules.collect())
}

fn row_counts(counts: &Counts) -> RowCounts {
    RowCounts {
        received: counts.received,
        landed: counts.landed,
        quarantined: counts.quarantined,
        warned: counts.warned,
    }
}

/// What rows are refused for beside the rules of their contract.
const OWN_RULES: [&str; 4] = ["malformed", "type", "unique", "unknown_column"];

/// The rows of a submission in work, and the first of its errors.
struct Desk {
    /// The rules of the contract: no others are counted by their name.
    rules: BTreeSet<String>,
    landed: Option<Tray>,
    quarantined: Option<Tray>,
    errors: RowErrors,
    limit: usize,
}

impl Desk {
    fn new(
        terms: &Terms,
        tables: Option<(&Table, &Table)>,
        (holds, threads): (bool, usize),
        limit: usize,
        rules: BTreeSet<String>,
    ) -> Self {
        let sort_by = terms.contract.sort_by.clone();
        Self {
            rules,
            landed: tables.map(|(table, _)| Tray::new(table, sort_by, holds, threads)),
            quarantined: tables.map(|(_, ledger)| Tray::new(ledger, Vec::new(), holds, 1)),
            errors: RowErrors::default(),
            limit,
        }
    }

    async fn take(&mut self, mut checked: Checked, receipt: &Receipt) -> Result<()> {
        // The order in which the quarantine is read, so that a replay shows the same errors.
        checked.verdicts.sort_by(|a, b| {
            let key = |v: &Verdict| (v.row, v.column.is_none(), v.column.clone(), v.rule.clone());
            key(a).cmp(&key(b))
        });
        for verdict in &checked.verdicts {
            self.errors.total += 1;
            if self.errors.errors.len() < self.limit {
                self.errors.errors.push(row_error(verdict));
            }
        }
        if let Some(tray) = &mut self.quarantined
            && !checked.verdicts.is_empty()
        {
            count(&self.rules, &checked.verdicts);
            let batch = quarantine::batch(receipt, &checked.verdicts)?;
            tray.write(batch).await?;
        }
        if let Some(tray) = &mut self.landed
            && checked.landed.num_rows() > 0
        {
            tray.write(checked.landed).await?;
        }
        Ok(())
    }

    async fn close(self, counts: RowCounts, totals: Vec<ControlTotal>) -> Result<Staged> {
        let mut rows = [Rows::default(), Rows::default()];
        for (slot, tray) in rows.iter_mut().zip([self.landed, self.quarantined]) {
            if let Some(tray) = tray {
                *slot = tray.close().await?;
            }
        }
        let [landed, quarantined] = rows;
        Ok(Staged {
            counts,
            errors: self.errors,
            control_totals: totals,
            landed,
            quarantined,
        })
    }

    async fn discard(self) {
        for tray in [self.landed, self.quarantined].into_iter().flatten() {
            tray.discard().await;
        }
    }
}

/// Counts rows that were refused or only marked, by rule.
fn count(rules: &BTreeSet<String>, verdicts: &[Verdict]) {
    let mut counted: BTreeMap<(&str, &'static str), u64> = BTreeMap::new();
    for verdict in verdicts {
        let name = verdict.rule.as_str();
        let known = rules.contains(name) || OWN_RULES.contains(&name);
        let of = match verdict.severity {
            Severity::Error | Severity::Quarantine => "row",
            Severity::Warning => "warned_row",
        };
        let key = (if known { name } else { "other" }, of);
        *counted.entry(key).or_default() += 1;
    }
    for ((rule, of), number) in counted {
        let labels = [("of", of.to_owned()), ("rule", rule.to_owned())];
        metrics::counter!("dtm_rejections_total", &labels).increment(number);
    }
}

fn row_error(verdict: &Verdict) -> RowError {
    RowError {
        row: verdict.row,
        column: verdict.column.clone(),
        rule: verdict.rule.clone(),
        severity: verdict.severity,
        value_excerpt: verdict.value_excerpt.clone(),
        message: verdict.message.en.clone(),
    }
}
