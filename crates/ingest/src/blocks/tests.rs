use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use project::Severity;
use proptest::prelude::*;

use crate::samples::{answer, contract, envelope, judge, rule, rules};
use crate::{Format, IngestError, Limits, RowRule, Spool};

fn limits(workers: usize, batch_rows: usize) -> Limits {
    Limits {
        workers,
        batch_rows,
        rows: 60,
        row_bytes: 80,
        cell_bytes: 40,
        columns: 9,
        nesting: 2,
        ..Limits::default()
    }
}

/// A rule that counts rows: what it says of a row depends on all before it.
fn counting() -> RowRule {
    let count = AtomicUsize::new(0);
    RowRule {
        in_order: true,
        ..rule("fifth", Some("count"), Severity::Warning, move |batch| {
            let count = || count.fetch_add(1, Ordering::Relaxed) + 1;
            (0..batch.num_rows())
                .map(|_| Some(!count().is_multiple_of(5)))
                .collect()
        })
    }
}

fn told(format: Format, body: &[u8], limits: &Limits) -> String {
    let mut rules = rules();
    rules.push(counting());
    rules.push(rule("even", Some("count"), Severity::Error, |batch| {
        let counts = batch.column(1).as_primitive::<Int64Type>();
        BooleanArray::from_unary(counts, |count| count % 7 != 3)
    }));
    let contract = contract();
    let mut judged = judge(format, &contract, &rules, limits, body);
    if let Ok(judgement) = &mut judged {
        // Batches are the same ones, too.
        let rows: Vec<usize> = judgement.landed.iter().map(|b| b.num_rows()).collect();
        let schema = Arc::new(contract.table_schema());
        judgement.landed = vec![concat_batches(&schema, &judgement.landed).unwrap()];
        return format!("{rows:?}\n{}", answer(judged, &contract));
    }
    answer(judged, &contract)
}

/// A line of NDJSON: mostly rows, of few keys, and whatever may go wrong with one.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let row = |id: String, count: i64| format!(r#"{{"id":"{id}","count":{count}}}"#).into_bytes();
    prop_oneof![
        40 => ("[A-Z]{1,2}", -1..120_i64).prop_map(move |(id, count)| row(id, count)),
        2 => "[ -~]{0,20}".prop_map(String::into_bytes),
        1 => Just(b"".to_vec()),
        1 => Just(b"{\"id\":\"\xff\"}".to_vec()),
        1 => Just(r#"{"id":"ế"}"#.into()),
        1 => Just(br#"{"id":"A","id":"B"}"#.to_vec()),
        1 => Just(br#"{"id":"C","count":"x","more":1}"#.to_vec()),
    ]
}

/// What refuses a body as a whole, wherever it stands; mostly nothing.
fn refusal() -> impl Strategy<Value = Option<(prop::sample::Index, Vec<u8>)>> {
    let line = prop::sample::select(vec![
        br#"{"id":[[["deep"]]]}"#.to_vec(),
        format!("{{\"id\":\"{}\"}}", "x".repeat(50)).into_bytes(),
        vec![b'x'; 100],
        br#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1}"#.to_vec(),
    ]);
    prop::option::weighted(0.3, (any::<prop::sample::Index>(), line))
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[A-Z]{1,2}",
        6 => "-?[0-9]{1,2}",
        1 => Just(String::new()),
        1 => "\"[ab,\r\n]{0,5}\"",
        1 => "[\",ế\n]{1,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn lines_are_judged_the_same_by_any_number_of_workers(
        mut lines in prop::collection::vec(line(), 0..70),
        refusal in refusal(),
        workers in 2..5_usize,
        batch_rows in 1..6_usize,
    ) {
        if let Some((at, line)) = refusal {
            lines.insert(at.index(lines.len() + 1), line);
        }
        let body = lines.join(&b'\n');
        let together = told(Format::Ndjson, &body, &limits(workers, batch_rows));
        prop_assert_eq!(together, told(Format::Ndjson, &body, &limits(1, batch_rows)));
    }

    #[test]
    fn cells_are_judged_the_same_by_any_number_of_workers(
        rows in prop::collection::vec((cell(), cell()), 0..70),
        workers in 2..5_usize,
        batch_rows in 1..6_usize,
    ) {
        let rows: Vec<String> = rows.into_iter().map(|(id, count)| format!("{id},{count}\n")).collect();
        let body = format!("id,count\n{}", rows.concat()).into_bytes();
        let together = told(Format::Csv, &body, &limits(workers, batch_rows));
        prop_assert_eq!(together, told(Format::Csv, &body, &limits(1, batch_rows)));
    }
}

fn many(rows: usize) -> Vec<u8> {
    let lines: Vec<String> = (0..rows)
        .map(|row| format!("{{\"id\":\"{row}\"}}\n"))
        .collect();
    lines.concat().into_bytes()
}

#[test]
fn the_first_row_of_a_key_is_the_first_of_the_body() {
    let mut body = many(40);
    body.extend_from_slice(&many(20));
    let told = told(Format::Ndjson, &body, &limits(4, 3));
    assert!(
        told.contains("60 received, 40 landed, 20 quarantined"),
        "{told}"
    );
    assert!(told.contains("41 refused unique id «0»: the key (`id`) is already in row 1\n"));
    assert!(told.contains("60 refused unique id «19»: the key (`id`) is already in row 20\n"));
}

#[test]
fn of_two_failures_the_first_is_told() {
    let failing = |at: usize| RowRule {
        holds: Arc::new(move |batch| {
            let numbers = batch.column_by_name("_row_number").unwrap();
            let first = numbers.as_primitive::<Int64Type>().value(0);
            match usize::try_from(first) {
                Ok(first) if first >= at => Err(ArrowError::ComputeError(at.to_string())),
                _ => Ok(BooleanArray::new_null(numbers.len())),
            }
        }),
        ..rule("late", None, Severity::Error, |_| BooleanArray::new_null(0))
    };
    let mut body = many(30);
    body.extend_from_slice(b"{\"id\":[[[1]]]}\n");
    let error = |at| {
        let judged = judge(
            Format::Ndjson,
            &contract(),
            &[failing(at)],
            &limits(4, 2),
            &body,
        );
        judged.err().unwrap().to_string()
    };
    assert_eq!(error(29), "rule `late` cannot be evaluated");
    assert_eq!(error(32), "row 31 is over the limit `nesting` of 2");
}

#[test]
fn a_sink_that_fails_ends_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(folder.path(), u64::MAX);
    spool.push(&many(60)).unwrap();
    let spooled = spool.finish().unwrap();
    let mut taken = 0;
    let mut sink = |_| {
        taken += 1;
        match taken {
            5 => Err(IngestError::sink("enough")),
            _ => Ok(()),
        }
    };
    let (contract, envelope) = (contract(), envelope());
    let coding = Format::Ndjson.into();
    let limits = limits(3, 2);
    let checked = crate::check(
        spooled.source(),
        coding,
        &contract,
        &[],
        &envelope,
        &limits,
        &mut sink,
    );
    assert!(matches!(checked, Err(IngestError::Sink { .. })));
    assert_eq!(taken, 5);
}

#[test]
fn no_more_blocks_are_read_ahead_than_there_is_room_for() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let seen = rule("seen", None, Severity::Error, move |batch| {
        counted.fetch_add(1, Ordering::Relaxed);
        BooleanArray::new_null(batch.num_rows())
    });
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(folder.path(), u64::MAX);
    spool.push(&many(60)).unwrap();
    let spooled = spool.finish().unwrap();
    let (contract, envelope, workers) = (contract(), envelope(), 3);
    let mut settled = 0;
    let mut sink = |_| {
        settled += 1;
        // The workers have every chance to get ahead.
        (0..10_000).for_each(|_| std::thread::yield_now());
        let ahead = made.load(Ordering::Relaxed) - settled;
        assert!(ahead <= workers + 2, "{ahead} blocks are ahead");
        Ok(())
    };
    let coding = Format::Ndjson.into();
    let limits = limits(workers, 1);
    crate::check(
        spooled.source(),
        coding,
        &contract,
        &[seen],
        &envelope,
        &limits,
        &mut sink,
    )
    .unwrap();
    assert_eq!(settled, 60);
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_worker_that_dies_does_not_pass_for_the_end_of_the_body() {
    let dying = rule("dying", None, Severity::Error, |batch| {
        let numbers = batch.column_by_name("_row_number").unwrap();
        assert!(numbers.as_primitive::<Int64Type>().value(0) < 20);
        BooleanArray::new_null(batch.num_rows())
    });
    let _judged = judge(
        Format::Ndjson,
        &contract(),
        &[dying],
        &limits(3, 2),
        &many(60),
    );
}
