//! The generator keeps its word: the same order gives the same bytes, what is not spoiled is clean,
//! what is spoiled is of the kinds it says, and indicators are the sums of the dossiers.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int32Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use project::{AgencyCode, Check, ColumnType, Contract, DatasetName, Project, Sources};
use server::generate::{DEFAULT_SPOIL, Fault, Format, GenerateError, Generator, Order, Parcel};

fn shipped() -> Project {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", ".."].iter().collect();
    Project::read(&Sources::from_folder(&root).unwrap()).0
}

fn generator(project: &Project, rows: u64, seed: u64, spoil: f64) -> Generator {
    let period = project
        .calendar
        .get(&"2026-09".parse().unwrap())
        .unwrap()
        .clone();
    Generator::new(
        project,
        Order {
            period,
            seed,
            rows,
            spoil,
        },
    )
    .unwrap()
}

fn bytes(generator: &Generator, parcel: &Parcel) -> Vec<u8> {
    let mut out = Vec::new();
    let written = generator.write(parcel, &mut out).unwrap();
    assert_eq!(written.rows, parcel.rows, "{parcel:?}");
    out
}

fn dataset(name: &str) -> DatasetName {
    name.parse().unwrap()
}

fn batches(generator: &Generator, parcel: &Parcel) -> Vec<RecordBatch> {
    generator
        .batches(parcel)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn texts<'b>(batch: &'b RecordBatch, column: &str) -> Vec<Option<&'b str>> {
    batch
        .column_by_name(column)
        .unwrap()
        .as_string::<i32>()
        .iter()
        .collect()
}

fn times(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    let column = batch.column_by_name(column).unwrap();
    column
        .as_primitive::<TimestampMicrosecondType>()
        .iter()
        .collect()
}

#[test]
fn the_same_order_gives_the_same_bytes_whatever_the_number_of_threads() {
    let project = shipped();
    let first = generator(&project, 3_000, 7, DEFAULT_SPOIL);
    let parcels = first.national();
    let one_by_one: Vec<_> = parcels.iter().map(|parcel| bytes(&first, parcel)).collect();
    let second = generator(&project, 3_000, 7, DEFAULT_SPOIL);
    assert_eq!(second.national(), parcels);
    let at_once: Vec<_> = std::thread::scope(|scope| {
        let chunks = parcels.chunks(40).rev();
        let threads: Vec<_> = chunks
            .map(|chunk| {
                let second = &second;
                scope.spawn(move || chunk.iter().map(|p| bytes(second, p)).collect::<Vec<_>>())
            })
            .collect();
        threads
            .into_iter()
            .rev()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(at_once == one_by_one);
    let other = generator(&project, 3_000, 8, DEFAULT_SPOIL);
    let of_dossiers = |p: &&Parcel| p.dataset == dataset("raw.dossiers");
    let parcel = parcels.iter().find(of_dossiers).unwrap();
    assert!(bytes(&first, parcel) != bytes(&other, parcel));
}

#[test]
fn the_whole_country_reports_and_the_rows_add_up() {
    let project = shipped();
    let rows = 20_000;
    let generator = generator(&project, rows, 42, DEFAULT_SPOIL);
    let parcels = generator.national();
    assert!(
        (50..=250).contains(&parcels.len()),
        "{} parcels",
        parcels.len()
    );
    let mut agencies: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for parcel in &parcels {
        agencies
            .entry(parcel.dataset.as_str())
            .or_default()
            .insert(parcel.agency.as_str());
    }
    let reporting: BTreeMap<_, _> = agencies
        .iter()
        .map(|(name, all)| (*name, all.len()))
        .collect();
    for name in ["raw.dossiers", "raw.systems", "raw.exchanges"] {
        assert_eq!(reporting[name], 51, "{name}");
    }
    assert!(
        (48..=49).contains(&reporting["raw.indicators"]),
        "two or three do not report"
    );
    assert!((5..40).contains(&reporting["raw.incidents"]));
    let dossiers = parcels
        .iter()
        .filter(|p| p.dataset == dataset("raw.dossiers"));
    assert_eq!(dossiers.clone().map(|p| p.rows).sum::<u64>(), rows);
    assert_eq!(dossiers.map(|p| p.format).collect::<BTreeSet<_>>().len(), 3);
}

#[test]
fn every_format_holds_the_same_columns_and_rows() {
    let project = shipped();
    let generator = generator(&project, 20_000, 42, DEFAULT_SPOIL);
    for name in [
        "dossiers",
        "indicators",
        "systems",
        "exchanges",
        "incidents",
    ] {
        let dataset = dataset(&format!("raw.{name}"));
        let contract = &project.contracts[&dataset];
        let columns: Vec<_> = contract.columns.iter().map(|c| c.name.clone()).collect();
        let of = |format| generator.one(&dataset, None, format, 500).unwrap();

        let lines = bytes(&generator, &of(Format::Ndjson));
        let objects: Vec<serde_json::Map<String, serde_json::Value>> = lines
            .split_inclusive(|b| *b == b'\n')
            .map(|l| serde_json::from_slice(l).unwrap())
            .collect();
        assert_eq!(objects.len(), 500, "{name}");
        assert!(
            objects
                .iter()
                .flat_map(|o| o.keys())
                .all(|key| columns.contains(key)),
            "{name}"
        );

        let text = bytes(&generator, &of(Format::Csv));
        let mut reader = csv::Reader::from_reader(text.as_slice());
        assert_eq!(
            reader.headers().unwrap().iter().collect::<Vec<_>>(),
            columns,
            "{name}"
        );
        assert_eq!(reader.records().map(Result::unwrap).count(), 500, "{name}");

        let file = bytes::Bytes::from(bytes(&generator, &of(Format::Parquet)));
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .unwrap()
            .build()
            .unwrap();
        let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        assert_eq!(
            read.iter().map(RecordBatch::num_rows).sum::<usize>(),
            500,
            "{name}"
        );
        for (field, column) in read[0].schema().fields().iter().zip(&contract.columns) {
            assert_eq!(field.name(), &column.name);
            assert_eq!(field.data_type(), &column.column_type.to_arrow());
        }
    }
}

/// What of a contract can be checked without a query engine.
fn assert_clean(project: &Project, contract: &Contract, batch: &RecordBatch) {
    let order = project.calendar.get(&"2026-09".parse().unwrap()).unwrap();
    for rule in &contract.rules {
        let Some(name) = &rule.column else { continue };
        let column = batch.column_by_name(name).unwrap();
        let is_text = contract.column(name).unwrap().column_type == ColumnType::String;
        match &rule.check {
            Check::Required => assert_eq!(column.null_count(), 0, "{name}"),
            Check::CodeList(list) => {
                let list = &project.code_lists[list];
                let known: HashSet<_> = list
                    .valid_codes(order.start_on, order.end_on)
                    .into_iter()
                    .collect();
                for code in texts(batch, name).into_iter().flatten() {
                    assert!(known.contains(code), "{name} {code}");
                }
            }
            Check::PersonalData if is_text => {
                for text in texts(batch, name).into_iter().flatten() {
                    assert!(!ingest::looks_personal(text), "{name} {text}");
                }
            }
            _ => {}
        }
    }
}

/// A key's value as text.
fn shown(column: &ArrayRef, row: usize) -> String {
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Date32 => column.as_primitive::<Date32Type>().value(row).to_string(),
        _ => {
            let times = column.as_primitive::<TimestampMicrosecondType>();
            times.value(row).to_string()
        }
    }
}

#[test]
fn what_is_not_spoiled_is_clean() {
    let project = shipped();
    let generator = generator(&project, 30_000, 3, 0.0);
    let mut keys = HashSet::new();
    for parcel in generator.national() {
        let contract = &project.contracts[&parcel.dataset];
        for batch in batches(&generator, &parcel) {
            assert_clean(&project, contract, &batch);
            let key: Vec<_> = contract
                .key
                .iter()
                .map(|k| batch.schema().index_of(k).unwrap())
                .collect();
            let key = batch.project(&key).unwrap();
            for row in 0..key.num_rows() {
                let key: Vec<_> = key.columns().iter().map(|c| shown(c, row)).collect();
                assert!(
                    keys.insert((parcel.dataset.clone(), key.clone())),
                    "{key:?}"
                );
            }
        }
    }
}

#[test]
fn a_dossiers_times_states_and_papers_agree() {
    let project = shipped();
    let generator = generator(&project, 0, 11, 0.0);
    let period = generator.period();
    let day = |at: i64| calendar::civil_day(chrono::DateTime::from_timestamp_micros(at).unwrap());
    let dossiers = dataset("raw.dossiers");
    let parcel = generator
        .one(&dossiers, None, Format::Parquet, 20_000)
        .unwrap();
    let (mut states, mut again, mut last) = (BTreeSet::new(), 0, (String::new(), 0));
    for batch in batches(&generator, &parcel) {
        let ids = texts(&batch, "dossier_id");
        let state = texts(&batch, "state");
        let times = |column| times(&batch, column);
        let (received, due) = (times("received_at"), times("due_at"));
        let (finished, returned) = (times("finished_at"), times("returned_at"));
        let updated = times("updated_at");
        let ints = |name| {
            batch
                .column_by_name(name)
                .unwrap()
                .as_primitive::<Int32Type>()
                .clone()
        };
        let (papers, reused) = (ints("paper_count"), ints("reused_paper_count"));
        for row in 0..batch.num_rows() {
            let (state, at) = (state[row].unwrap(), updated[row].unwrap());
            states.insert(state.to_owned());
            assert!((period.start_on..=period.end_on).contains(&day(at)));
            assert!(day(received[row].unwrap()) >= period.start_on && received[row].unwrap() <= at);
            assert!(due[row].is_none_or(|due| due >= received[row].unwrap()));
            assert_eq!(finished[row].is_some(), matches!(state, "9" | "10"));
            assert_eq!(returned[row].is_some(), state == "10");
            assert!(returned[row].is_none() || returned[row] >= finished[row]);
            assert!(finished[row].is_none() || finished[row] >= received[row]);
            assert!(reused.value(row) <= papers.value(row));
            let id = ids[row].unwrap();
            if last.0 == id {
                again += 1;
                assert!(last.1 < at, "states of {id} rise");
            }
            last = (id.to_owned(), at);
        }
    }
    assert_eq!(states.len(), 10);
    assert!(
        (1_000..3_000).contains(&again),
        "{again} states of dossiers reported again"
    );
}

#[test]
fn spoiled_rows_are_of_every_kind_and_in_the_share_that_was_asked_for() {
    let project = shipped();
    let generator = generator(&project, 40_000, 42, 0.01);
    let mut spoiled: BTreeMap<Fault, u64> = BTreeMap::new();
    let dossiers = dataset("raw.dossiers");
    for parcel in generator
        .national()
        .iter()
        .filter(|p| p.dataset == dossiers)
    {
        let written = generator.write(parcel, std::io::sink()).unwrap();
        if parcel.format == Format::Parquet {
            assert!(!written.spoiled.contains_key(&Fault::BadType));
        }
        for (fault, count) in written.spoiled {
            *spoiled.entry(fault).or_default() += count;
        }
    }
    assert_eq!(spoiled.keys().copied().collect::<Vec<_>>(), Fault::ALL);
    let count: u64 = spoiled.values().sum();
    assert!((280..480).contains(&count), "{count} of 40,000 spoiled");
    let parcel = generator.one(&dossiers, None, Format::Csv, 4_000).unwrap();
    let mut clean = Vec::new();
    let order = Order {
        period: generator.period().clone(),
        seed: 42,
        rows: 40_000,
        spoil: 0.0,
    };
    let none = Generator::new(&project, order)
        .unwrap()
        .write(&parcel, &mut clean)
        .unwrap();
    assert!(none.spoiled.is_empty());
    assert!(bytes(&generator, &parcel) != clean);
}

/// Received and resolved dossiers per agency, counted from the rows anew.
fn counted(generator: &Generator) -> BTreeMap<String, (i128, i128)> {
    let mut newest: BTreeMap<String, (String, i64, bool)> = BTreeMap::new();
    for parcel in generator.national() {
        if parcel.dataset != dataset("raw.dossiers") {
            continue;
        }
        for batch in batches(generator, &parcel) {
            let (ids, states) = (texts(&batch, "dossier_id"), texts(&batch, "state"));
            let (agencies, updated) = (texts(&batch, "agency_code"), times(&batch, "updated_at"));
            for row in 0..batch.num_rows() {
                let at = updated[row].unwrap();
                let resolved = matches!(states[row].unwrap(), "9" | "10");
                let state = (agencies[row].unwrap().to_owned(), at, resolved);
                let held = newest
                    .entry(ids[row].unwrap().to_owned())
                    .or_insert_with(|| state.clone());
                if held.1 < at {
                    *held = state;
                }
            }
        }
    }
    let mut counts = BTreeMap::<String, (i128, i128)>::new();
    for (agency, _, resolved) in newest.into_values() {
        let count = counts.entry(agency).or_default();
        count.0 += 1;
        count.1 += i128::from(resolved);
    }
    counts
}

#[test]
fn most_agencies_report_what_their_dossiers_add_up_to_and_a_few_do_not() {
    let project = shipped();
    let generator = generator(&project, 30_000, 5, 0.0);
    let counts = counted(&generator);
    let (mut same, mut close, mut far) = (0, 0, 0);
    for parcel in generator.national() {
        if parcel.dataset != dataset("raw.indicators") {
            continue;
        }
        let mut reported = BTreeMap::new();
        for batch in batches(&generator, &parcel) {
            let values = batch
                .column_by_name("value")
                .unwrap()
                .as_primitive::<Decimal128Type>();
            let (codes, parts) = (
                texts(&batch, "indicator_code"),
                texts(&batch, "disaggregation"),
            );
            for row in (0..batch.num_rows()).filter(|row| parts[*row] == Some("total")) {
                reported.insert(codes[row].unwrap().to_owned(), values.value(row) / 100);
            }
        }
        let (received, resolved) = counts[parcel.agency.as_str()];
        let off = (reported["dossiers_received_total"] - received).abs()
            + (reported["dossiers_resolved"] - resolved).abs();
        match off * 20 {
            0 => same += 1,
            off if off < received => close += 1,
            _ => far += 1,
        }
    }
    assert!(
        same >= 36 && close >= 1 && (2..8).contains(&far),
        "{same} {close} {far}"
    );
}

#[test]
fn an_order_that_cannot_be_met_says_why() {
    let project = shipped();
    let generator = generator(&project, 100, 1, 0.0);
    let refusal = |dataset_name: &str, agency: Option<&str>| {
        let agency: Option<AgencyCode> = agency.map(|code| code.parse().unwrap());
        let made = generator.one(&dataset(dataset_name), agency.as_ref(), Format::Csv, 1);
        made.unwrap_err().to_string()
    };
    assert!(refusal("served.system_scale", None).starts_with("cannot generate dataset `served."));
    // Merged into another ministry before the period.
    assert!(refusal("raw.dossiers", Some("G14")).contains("no such agency in period `2026-09`"));
    let period = generator.period().clone();
    let order = Order {
        period: period.clone(),
        seed: 1,
        rows: 1,
        spoil: 0.6,
    };
    assert!(matches!(
        Generator::new(&project, order),
        Err(GenerateError::Spoil(_))
    ));
    let order = Order {
        period,
        seed: 1,
        rows: 1,
        spoil: 0.0,
    };
    let nothing = Generator::new(&Project::default(), order).unwrap_err();
    assert!(matches!(nothing, GenerateError::NoContract(_)));
}

#[test]
fn the_format_is_told_by_the_extension() {
    for (path, format) in [
        ("a/b.ndjson", Some(Format::Ndjson)),
        ("b.jsonl", Some(Format::Ndjson)),
        ("b.csv", Some(Format::Csv)),
        ("b.parquet", Some(Format::Parquet)),
        ("b.xlsx", None),
        ("csv", None),
    ] {
        assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
    }
}
