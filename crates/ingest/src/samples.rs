//! A contract with a column of every type, and a body's judgement as text.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Int64Type;
use chrono::{DateTime, NaiveDate};
use project::{Classification, Column, ColumnType, Contract, Severity, Text, Version};

use crate::Verdict;
use crate::{
    Checked, Coding, Counts, Envelope, IngestError, Limits, Mapping, RowRule, Source, Spool,
};

pub(crate) fn text(en: &str) -> Text {
    Text {
        vi: format!("({en})"),
        en: en.to_owned(),
    }
}

pub(crate) fn contract_of(columns: &[(&str, ColumnType, bool)], key: &[&str]) -> Contract {
    let column = |(name, column_type, required): &(&str, ColumnType, bool)| Column {
        name: (*name).to_owned(),
        column_type: *column_type,
        required: *required,
        label: text(name),
        description: String::new(),
        description_vi: String::new(),
    };
    Contract {
        dataset: "raw.samples".parse().unwrap(),
        version: Version {
            major: 1,
            minor: 0,
            patch: 0,
        },
        title: text("samples"),
        purpose: text("tests"),
        limitations: String::new(),
        limitations_vi: String::new(),
        legal_basis: String::new(),
        deadline: None,
        profile: project::Profiling::default(),
        owner: "tests".to_owned(),
        classification: Classification::Public,
        columns: columns.iter().map(column).collect(),
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        rules: Vec::new(),
        partition_by: vec!["_period".to_owned()],
        sort_by: Vec::new(),
        path: String::new(),
        source: String::new(),
    }
}

/// A column of every type; `id` is the key.
pub(crate) fn contract() -> Contract {
    let columns = [
        ("id", ColumnType::String, true),
        ("count", ColumnType::Int64, false),
        ("small", ColumnType::Int32, false),
        ("price", ColumnType::Decimal(6, 2), false),
        ("ratio", ColumnType::Float64, false),
        ("flag", ColumnType::Boolean, false),
        ("day", ColumnType::Date, false),
        ("at", ColumnType::Timestamp, false),
    ];
    contract_of(&columns, &["id"])
}

pub(crate) fn envelope() -> Envelope {
    Envelope {
        submission_id: "s-1".to_owned(),
        agency: "H26".to_owned(),
        period: "2026-09".to_owned(),
        received_at: DateTime::UNIX_EPOCH,
        period_start_on: NaiveDate::from_ymd_opt(2026, 8, 15).unwrap(),
        period_end_on: NaiveDate::from_ymd_opt(2026, 9, 14).unwrap(),
    }
}

pub(crate) fn rule(
    name: &str,
    column: Option<&str>,
    severity: Severity,
    holds: impl Fn(&RecordBatch) -> BooleanArray + Send + Sync + 'static,
) -> RowRule {
    RowRule {
        name: name.to_owned(),
        column: column.map(str::to_owned),
        severity,
        message: text(&format!("{name} is broken")),
        holds: Arc::new(move |batch| Ok(holds(batch))),
        in_order: false,
    }
}

/// `id` is given, `id` does not look personal, `count >= 0`, and `count < 100` or a warning.
pub(crate) fn rules() -> Vec<RowRule> {
    let count = |holds: fn(i64) -> bool| {
        move |batch: &RecordBatch| {
            BooleanArray::from_unary(batch.column(1).as_primitive::<Int64Type>(), holds)
        }
    };
    vec![
        rule("required", Some("id"), Severity::Error, |batch| {
            let ids = batch.column(0);
            (0..ids.len()).map(|row| Some(ids.is_valid(row))).collect()
        }),
        rule("personal_data", Some("id"), Severity::Error, |batch| {
            let ids = batch.column(0).as_string::<i32>();
            ids.iter()
                .map(|id| id.map(|id| !crate::looks_personal(id)))
                .collect()
        }),
        rule(
            "range",
            Some("count"),
            Severity::Error,
            count(|count| count >= 0),
        ),
        rule(
            "high",
            Some("count"),
            Severity::Warning,
            count(|count| count < 100),
        ),
    ]
}

/// A body's judgement, all batches together.
pub(crate) struct Judgement {
    pub(crate) counts: Counts,
    pub(crate) landed: Vec<RecordBatch>,
    pub(crate) verdicts: Vec<Verdict>,
    /// Whether something that looks personal was met.
    pub(crate) personal: bool,
}

pub(crate) fn judge(
    coding: impl Into<Coding>,
    contract: &Contract,
    rules: &[RowRule],
    limits: &Limits,
    body: &[u8],
) -> Result<Judgement, IngestError> {
    let (coding, envelope) = (coding.into(), envelope());
    judged_by(contract, body, &|source, sink| {
        crate::check(source, coding, contract, rules, &envelope, limits, sink)
    })
}

/// The judgement of a foreign body.
pub(crate) fn judge_through(
    mapping: &Mapping<'_>,
    rules: &[RowRule],
    limits: &Limits,
    body: &[u8],
) -> Result<Judgement, IngestError> {
    let (coding, envelope) = (mapping.coding(), envelope());
    judged_by(mapping.contract(), body, &|source, sink| {
        crate::check_through(source, coding, mapping, rules, &envelope, limits, sink)
    })
}

type Sink<'s> = &'s mut dyn FnMut(Checked) -> Result<(), IngestError>;

fn judged_by(
    contract: &Contract,
    body: &[u8],
    check: &dyn Fn(Source<'_>, Sink<'_>) -> Result<Counts, IngestError>,
) -> Result<Judgement, IngestError> {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(folder.path(), u64::MAX);
    spool.push(body).unwrap();
    let spooled = spool.finish().unwrap();
    let (mut landed, mut verdicts, mut personal) = (Vec::new(), Vec::new(), false);
    let counts = check(spooled.source(), &mut |checked: Checked| {
        assert_eq!(*checked.landed.schema(), contract.table_schema());
        landed.push(checked.landed);
        verdicts.extend(checked.verdicts);
        personal |= checked.personal;
        Ok(())
    })?;
    let rows: usize = landed.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows as u64, counts.landed);
    assert_eq!(counts.landed + counts.quarantined, counts.received);
    Ok(Judgement {
        counts,
        landed,
        verdicts,
        personal,
    })
}

/// A body's judgement under the sample contract, as text.
pub(crate) fn judged(coding: impl Into<Coding>, body: &[u8]) -> String {
    judged_with(coding, &contract(), &Limits::default(), body)
}

pub(crate) fn judged_with(
    coding: impl Into<Coding>,
    contract: &Contract,
    limits: &Limits,
    body: &[u8],
) -> String {
    let rules = if contract.columns.len() > 1 {
        rules()
    } else {
        Vec::new()
    };
    answer(judge(coding, contract, &rules, limits, body), contract)
}

/// A judgement as text, or why there is none.
pub(crate) fn answer(answer: Result<Judgement, IngestError>, contract: &Contract) -> String {
    match answer {
        Ok(judgement) => shown(&judgement, contract.columns.len()),
        Err(error) => match error.hint() {
            Some(hint) => format!("{error}\n{hint}\n"),
            None => format!("{error}\n"),
        },
    }
}

/// Landed rows with their number in front, then verdicts, a row's own text behind the first.
pub(crate) fn shown(judgement: &Judgement, columns: usize) -> String {
    let mut out = String::new();
    for batch in &judgement.landed {
        for slot in 0..batch.num_rows() {
            let value = |at: usize| crate::row_text::shown(batch.column(at), slot);
            let values = (0..columns).map(|at| value(at).unwrap_or_else(|| "∅".to_owned()));
            let numbers = batch.column_by_name("_row_number").unwrap();
            let number = crate::row_text::shown(numbers, slot).unwrap();
            writeln!(out, "{number}: {}", values.collect::<Vec<_>>().join(" | ")).unwrap();
        }
    }
    let mut last = 0;
    for verdict in &judgement.verdicts {
        let Verdict {
            row,
            rule,
            value_excerpt,
            message,
            row_text,
            ..
        } = verdict;
        let column = verdict.column.as_deref().unwrap_or("-");
        let mark = if verdict.severity == Severity::Error {
            "refused"
        } else {
            "warned"
        };
        let value = value_excerpt.as_deref().unwrap_or("∅");
        writeln!(
            out,
            "{row} {mark} {rule} {column} «{value}»: {}",
            message.en
        )
        .unwrap();
        if let Some(row_text) = row_text
            && last != *row
        {
            last = *row;
            writeln!(out, "    {row_text}").unwrap();
        }
    }
    let Counts {
        received,
        landed,
        quarantined,
        warned,
    } = judgement.counts;
    writeln!(
        out,
        "{received} received, {landed} landed, {quarantined} quarantined, {warned} warned"
    )
    .unwrap();
    out
}
