use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::DateTime;
use expect_test::expect;
use service::{Action, Door};
use tempfile::TempDir;

use crate::line::Head;
use crate::writer::{Append, Durable, Shared, Writer, open_file};
use crate::{AuditError, Clock, Entry, Journal, Outcome, Phase, Verified, verify_folder};

/// What was done to a file, and how.
type Damage<Do> = (&'static str, Do);
type Edit = fn(&str) -> String;

/// 2026-09-15T10:00:00Z
const MORNING: i64 = 1_789_466_400;
const DAY: i64 = 86_400;

/// A clock set by the test, in seconds since 1970.
fn clock(now: &Arc<AtomicI64>) -> Clock {
    let now = now.clone();
    Arc::new(move || DateTime::from_timestamp(now.load(Ordering::Relaxed), 0).unwrap())
}

fn morning() -> Clock {
    clock(&Arc::new(AtomicI64::new(MORNING)))
}

fn entry(resource: &str) -> Entry {
    Entry {
        phase: Phase::Attempt,
        action: Action::Query,
        resource: resource.to_owned(),
        principal: "lan".to_owned(),
        door: Door::Http,
        peer: Some("10.0.0.7".parse().unwrap()),
        outcome: Outcome::Allowed,
        detail: r#"{"sql":"select 1"}"#.to_owned(),
        correlation_id: "c-1".to_owned(),
    }
}

async fn journal_of(folder: &Path, resources: &[&str]) {
    let journal = Journal::open(folder, morning()).unwrap();
    for resource in resources {
        journal.append(entry(resource)).await.unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|found| found.unwrap().path())
        .collect();
    files.sort();
    files
}

/// The message, with the folder of the test left out.
fn message(error: &AuditError, folder: &Path) -> String {
    error
        .to_string()
        .replace(&format!("{}/", folder.display()), "")
}

fn opened(folder: &Path) -> String {
    match Journal::open(folder, morning()) {
        Ok(journal) => format!(
            "{} entries, cut {:?}",
            journal.entries(),
            journal.cut().map(|c| c.bytes)
        ),
        Err(error) => message(&error, folder),
    }
}

#[tokio::test]
async fn a_line_carries_its_sequence_and_the_hash_of_the_line_before() {
    let folder = TempDir::new().unwrap();
    journal_of(folder.path(), &["raw.dossiers", "raw.incidents"]).await;
    let [file] = files(folder.path()).try_into().unwrap();
    expect![[r#"
        00000000000000000001-2026-09-15.jsonl
        {"sequence":1,"previous":"0000000000000000000000000000000000000000000000000000000000000000","at":"2026-09-15T10:00:00Z","phase":"attempt","action":"query","resource":"raw.dossiers","principal":"lan","door":"http","peer":"10.0.0.7","outcome":"allowed","detail":"{\"sql\":\"select 1\"}","correlation_id":"c-1"}
        {"sequence":2,"previous":"079c806ef572f057cef1da976aef4fceb6ac5f37de2fbde7249321e18e8d6df4","at":"2026-09-15T10:00:00Z","phase":"attempt","action":"query","resource":"raw.incidents","principal":"lan","door":"http","peer":"10.0.0.7","outcome":"allowed","detail":"{\"sql\":\"select 1\"}","correlation_id":"c-1"}
    "#]].assert_eq(&format!(
        "{}\n{}",
        file.file_name().unwrap().to_str().unwrap(),
        fs::read_to_string(&file).unwrap()
    ));
}

#[tokio::test]
async fn sequences_go_on_after_opening_again() {
    let folder = TempDir::new().unwrap();
    journal_of(folder.path(), &["a", "b"]).await;
    let journal = Journal::open(folder.path(), morning()).unwrap();
    assert_eq!(journal.append(entry("c")).await.unwrap(), 3);
    assert_eq!(journal.verify().await.unwrap().entries, 3);
}

#[tokio::test]
async fn an_entry_is_on_the_disk_when_append_returns() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::open(folder.path(), morning()).unwrap();
    journal.append(entry("a")).await.unwrap();
    let Verified {
        entries,
        files,
        torn_bytes,
        ..
    } = verify_folder(folder.path()).unwrap();
    assert_eq!((entries, files, torn_bytes), (1, 1, 0));
}

#[tokio::test]
async fn many_at_once_get_one_place_each() {
    let folder = TempDir::new().unwrap();
    let journal = Arc::new(Journal::open(folder.path(), morning()).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..500 {
        let journal = journal.clone();
        tasks.spawn(async move { journal.append(entry(&number.to_string())).await.unwrap() });
    }
    let mut sequences = tasks.join_all().await;
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=500).collect::<Vec<u64>>());
    assert_eq!(journal.verify().await.unwrap().entries, 500);
}

#[tokio::test]
async fn reading_is_newest_first_and_goes_over_files() {
    let folder = TempDir::new().unwrap();
    let now = Arc::new(AtomicI64::new(MORNING));
    let journal = Journal::open(folder.path(), clock(&now)).unwrap();
    assert!(journal.read(0, 10).await.unwrap().is_empty());
    for number in 1..=9 {
        journal.append(entry(&number.to_string())).await.unwrap();
        if number % 3 == 0 {
            now.fetch_add(DAY, Ordering::Relaxed);
        }
    }
    assert_eq!(files(folder.path()).len(), 3);
    for (offset, limit, expected) in [
        (0, 2, "9 8"),
        (2, 3, "7 6 5"),
        (5, 100, "4 3 2 1"),
        (0, 0, ""),
        (9, 5, ""),
        (99, 5, ""),
    ] {
        let read = journal.read(offset, limit).await.unwrap();
        let read: Vec<&str> = read.iter().map(|record| record.resource.as_str()).collect();
        assert_eq!(read.join(" "), expected, "{limit} from {offset}");
    }
    let newest = journal.read(0, 1).await.unwrap().remove(0);
    expect![[r#"
        AuditRecord {
            sequence: 9,
            at: 2026-09-17T10:00:00Z,
            phase: "attempt",
            action: "query",
            resource: "9",
            principal: "lan",
            door: "http",
            peer: "10.0.0.7",
            outcome: "allowed",
            detail: "{\"sql\":\"select 1\"}",
            correlation_id: "c-1",
        }
    "#]]
    .assert_debug_eq(&newest);
}

#[tokio::test]
async fn lines_longer_than_a_chunk_are_read_backwards_too() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::open(folder.path(), morning()).unwrap();
    for _ in 0..20 {
        journal
            .append(Entry {
                detail: "x".repeat(11_000),
                ..entry("a")
            })
            .await
            .unwrap();
    }
    let read = journal.read(0, 100).await.unwrap();
    let sequences: Vec<u64> = read.iter().map(|record| record.sequence).collect();
    assert_eq!(sequences, (1..=20).rev().collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_clock_set_back_begins_no_file() {
    let folder = TempDir::new().unwrap();
    let now = Arc::new(AtomicI64::new(MORNING));
    let journal = Journal::open(folder.path(), clock(&now)).unwrap();
    journal.append(entry("a")).await.unwrap();
    now.fetch_sub(DAY, Ordering::Relaxed);
    journal.append(entry("b")).await.unwrap();
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_torn_last_line_is_cut_and_noted() {
    let folder = TempDir::new().unwrap();
    journal_of(folder.path(), &["a", "b", "c"]).await;
    let file = files(folder.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 7]).unwrap();
    assert!(verify_folder(folder.path()).unwrap().torn_bytes > 0);
    let journal = Journal::open(folder.path(), morning()).unwrap();
    assert_eq!(journal.entries(), 2);
    let cut = journal.cut().unwrap();
    assert_eq!(cut.file, file);
    assert_eq!(
        fs::metadata(&file).unwrap().len() + 7 + cut.bytes,
        whole.len() as u64
    );
    assert_eq!(journal.append(entry("d")).await.unwrap(), 3);
    drop(journal);
    assert_eq!(opened(folder.path()), "3 entries, cut None");
}

#[tokio::test]
async fn a_tail_of_zeros_is_cut() {
    let folder = TempDir::new().unwrap();
    journal_of(folder.path(), &["a"]).await;
    let file = files(folder.path()).remove(0);
    fs::write(&file, [fs::read(&file).unwrap(), vec![0; 5000]].concat()).unwrap();
    assert_eq!(opened(folder.path()), "1 entries, cut Some(5000)");
}

#[tokio::test]
async fn any_other_damage_is_named_by_file_and_line() {
    let damages: [Damage<Edit>; 5] = [
        ("a changed word", |text| text.replacen("raw.b", "raw.x", 1)),
        ("a missing line", |text| {
            text.lines()
                .filter(|l| !l.contains("raw.b"))
                .map(|l| format!("{l}\n"))
                .collect()
        }),
        ("two lines swapped", |text| {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.swap(1, 2);
            lines.join("\n") + "\n"
        }),
        ("a line of nonsense", |text| text.to_owned() + "nonsense\n"),
        ("no beginning", |text| {
            text.split_inclusive('\n').skip(1).collect()
        }),
    ];
    let mut found = String::new();
    for (damage, apply) in damages {
        let folder = TempDir::new().unwrap();
        journal_of(folder.path(), &["raw.a", "raw.b", "raw.c", "raw.d"]).await;
        let file = files(folder.path()).remove(0);
        fs::write(&file, apply(&fs::read_to_string(&file).unwrap())).unwrap();
        assert!(verify_folder(folder.path()).is_err(), "{damage}");
        found += &format!("{damage}: {}\n", opened(folder.path()));
    }
    expect![[r#"
        a changed word: the audit journal is damaged at `00000000000000000001-2026-09-15.jsonl` line 3: the line before it is not the one that it was written after
        a missing line: the audit journal is damaged at `00000000000000000001-2026-09-15.jsonl` line 2: its sequence is 3, expected 2
        two lines swapped: the audit journal is damaged at `00000000000000000001-2026-09-15.jsonl` line 2: its sequence is 3, expected 2
        a line of nonsense: the audit journal is damaged at `00000000000000000001-2026-09-15.jsonl` line 5: it is no entry: expected ident at line 1 column 2
        no beginning: the audit journal is damaged at `00000000000000000001-2026-09-15.jsonl` line 1: its sequence is 2, expected 1
    "#]].assert_eq(&found);
}

/// Three files of two entries each.
async fn three_days(folder: &Path) -> Vec<PathBuf> {
    let now = Arc::new(AtomicI64::new(MORNING));
    let journal = Journal::open(folder, clock(&now)).unwrap();
    for _ in 0..3 {
        journal.append(entry("raw.a")).await.unwrap();
        journal.append(entry("raw.b")).await.unwrap();
        now.fetch_add(DAY, Ordering::Relaxed);
    }
    files(folder)
}

#[tokio::test]
async fn a_missing_cut_or_changed_older_file_is_named() {
    let damages: [Damage<fn(&Path)>; 4] = [
        ("removed", |file| fs::remove_file(file).unwrap()),
        ("emptied", |file| fs::write(file, "").unwrap()),
        ("cut", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() - 3]).unwrap();
        }),
        ("last line changed", |file| {
            let text = fs::read_to_string(file).unwrap();
            fs::write(file, text.replace("raw.b", "raw.x")).unwrap();
        }),
    ];
    let mut found = String::new();
    for (damage, apply) in damages {
        for index in 0..2 {
            let folder = TempDir::new().unwrap();
            apply(&three_days(folder.path()).await[index]);
            assert!(verify_folder(folder.path()).is_err(), "{damage}");
            found += &format!("file {} {damage}: {}\n", index + 1, opened(folder.path()));
        }
    }
    expect![[r#"
        file 1 removed: the audit journal is damaged at `00000000000000000003-2026-09-16.jsonl`: it begins at entry 3, expected entry 1
        file 2 removed: the audit journal is damaged at `00000000000000000005-2026-09-17.jsonl`: it begins at entry 5, expected entry 3
        file 1 emptied: the audit journal is damaged at `00000000000000000001-2026-09-15.jsonl` line 1: it is no entry: EOF while parsing a value at line 1 column 0
        file 2 emptied: the audit journal is damaged at `00000000000000000003-2026-09-16.jsonl` line 1: it is no entry: EOF while parsing a value at line 1 column 0
        file 1 cut: the audit journal is damaged at `00000000000000000001-2026-09-15.jsonl`: it ends in the middle of a line
        file 2 cut: the audit journal is damaged at `00000000000000000003-2026-09-16.jsonl`: it ends in the middle of a line
        file 1 last line changed: the audit journal is damaged at `00000000000000000003-2026-09-16.jsonl` line 1: the line before it is not the one that it was written after
        file 2 last line changed: the audit journal is damaged at `00000000000000000005-2026-09-17.jsonl` line 1: the line before it is not the one that it was written after
    "#]].assert_eq(&found);
}

#[tokio::test]
async fn verification_finds_what_opening_passes_over() {
    let folder = TempDir::new().unwrap();
    let file = three_days(folder.path()).await.remove(0);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("raw.a", "raw.x")).unwrap();
    let journal = Journal::open(folder.path(), morning()).unwrap();
    let error = journal.verify().await.unwrap_err();
    expect!["the audit journal is damaged at `00000000000000000001-2026-09-15.jsonl` line 2: the line before it is not the one that it was written after"].assert_eq(&message(&error, folder.path()));
}

#[tokio::test]
async fn an_overlong_entry_is_kept_as_start_size_and_hash() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::open(folder.path(), morning()).unwrap();
    // The letters that grow most: 6 bytes each when escaped, 7 when escaped twice.
    for filler in ["a", "\u{1}", "\"", "ữ", "\u{10ffff}"] {
        let long = filler.repeat(20_000);
        let entry = Entry {
            principal: long.clone(),
            detail: filler.repeat(1_100_000),
            correlation_id: long.clone(),
            ..entry(&long)
        };
        journal.append(entry).await.unwrap();
    }
    let text = fs::read_to_string(files(folder.path()).remove(0)).unwrap();
    let longest = text.lines().map(|line| line.len() + 1).max().unwrap();
    assert!(longest <= 16 * 1024, "{longest}");
    let record = journal.read(4, 1).await.unwrap().remove(0);
    let detail: serde_json::Value = serde_json::from_str(&record.detail).unwrap();
    assert_eq!(detail["size_bytes"], 1_100_000);
    assert_eq!(detail["start"].as_str().unwrap().len(), 1024);
    expect![
        "… (20000 bytes, sha256 cc17faaad36649c4603dda4d8ff97cb149722af0bcac0746305a2134ad2d0b97)"
    ]
    .assert_eq(record.principal.trim_start_matches('a'));
}

#[tokio::test]
async fn a_long_detail_is_whole_in_its_line_and_shown_by_its_start() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::open(folder.path(), morning()).unwrap();
    for detail in ["x".repeat(12_000), "x".repeat(500_000)] {
        journal
            .append(Entry {
                detail,
                ..entry("a")
            })
            .await
            .unwrap();
    }
    let lines = journal.follow(1).read(10).await.unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&lines[1]).unwrap();
    assert_eq!(whole["detail"], "x".repeat(500_000));
    let read = journal.read(0, 10).await.unwrap();
    let shown: serde_json::Value = serde_json::from_str(&read[0].detail).unwrap();
    assert_eq!(shown["size_bytes"], 500_000);
    assert_eq!(shown["truncated"], true);
    assert_eq!(read[1].detail.len(), 12_000);
}

/// What a disk does, as the test decides.
#[derive(Default)]
struct Disk {
    /// How many bytes still fit; none for any number.
    space: Option<usize>,
    sync_fails: bool,
}

struct FaultyFile {
    disk: Arc<Mutex<Disk>>,
    file: Box<dyn Append>,
}

impl Append for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.disk.lock().unwrap().space {
            Some(space) if space < bytes.len() => {
                self.file.append(&bytes[..space])?;
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => self.file.append(bytes),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.disk.lock().unwrap().sync_fails {
            return Err(io::Error::other("the device is gone"));
        }
        self.file.sync()
    }
}

fn faulty_writer(folder: &Path, clock: Clock) -> (Writer, Shared, Arc<Mutex<Disk>>) {
    let disk = Arc::new(Mutex::new(Disk::default()));
    let shared = Shared::new(Durable {
        segments: Vec::new(),
        head: Head::start(),
    });
    let opened_on = disk.clone();
    let open = move |path: &Path, bytes| -> io::Result<Box<dyn Append>> {
        Ok(Box::new(FaultyFile {
            disk: opened_on.clone(),
            file: open_file(path, bytes)?,
        }))
    };
    (
        Writer::new(folder, clock, shared.clone(), Box::new(open)),
        shared,
        disk,
    )
}

#[test]
fn on_a_full_disk_appending_fails_until_there_is_space_again() {
    let folder = TempDir::new().unwrap();
    let now = Arc::new(AtomicI64::new(MORNING));
    let (mut writer, shared, disk) = faulty_writer(folder.path(), clock(&now));
    // The first file fails in the middle of its first line, and the next try is a day later.
    disk.lock().unwrap().space = Some(100);
    let error = writer.write(&[entry("a")]).unwrap_err();
    expect!["cannot write the audit journal at `00000000000000000001-2026-09-15.jsonl`: no storage space"].assert_eq(&message(&error, folder.path()));
    assert_eq!(shared.sequence(), 0);
    now.fetch_add(DAY, Ordering::Relaxed);
    disk.lock().unwrap().space = None;
    assert_eq!(writer.write(&[entry("a"), entry("b")]).unwrap(), 1);

    disk.lock().unwrap().space = Some(400);
    writer.write(&[entry("c"), entry("d")]).unwrap_err();
    assert_eq!(
        verify_folder(folder.path())
            .unwrap_or_else(|e| panic!("{e}"))
            .entries,
        3
    );
    disk.lock().unwrap().space = None;
    assert_eq!(writer.write(&[entry("e")]).unwrap(), 3);
    assert_eq!(opened(folder.path()), "3 entries, cut None");
}

#[test]
fn what_a_failed_fsync_may_have_left_is_cut_before_the_next_line() {
    let folder = TempDir::new().unwrap();
    let (mut writer, shared, disk) = faulty_writer(folder.path(), morning());
    writer.write(&[entry("a")]).unwrap();
    disk.lock().unwrap().sync_fails = true;
    writer.write(&[entry("b")]).unwrap_err();
    assert_eq!(shared.sequence(), 1);
    disk.lock().unwrap().sync_fails = false;
    assert_eq!(writer.write(&[entry("c")]).unwrap(), 2);
    let text = fs::read_to_string(files(folder.path()).remove(0)).unwrap();
    assert!(!text.contains(r#""resource":"b""#));
    assert_eq!(opened(folder.path()), "2 entries, cut None");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Journal::open(&file.join("audit"), morning()).unwrap_err();
    expect!["cannot create the audit journal at `file/audit`: Not a directory (os error 20)"]
        .assert_eq(&message(&error, folder.path()));
}
