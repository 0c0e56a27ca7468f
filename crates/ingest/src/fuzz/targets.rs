//! What is fuzzed: every decoder, with the seeds that it begins from.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use project::{Contract, Project, Sources};
use tempfile::TempDir;

use super::packed::Packing;
use crate::fields::Terms;
use crate::judge::Judge;
use crate::samples::{Judgement, envelope};
use crate::{
    Charset, Checked, Coding, Compression, Format, IngestError, Limits, Mapping, charset, check,
    ipc,
};

/// Less than in production, so that a body of a few kilobytes can meet every limit.
pub(super) const LIMITS: Limits = Limits {
    rows: 2_000,
    columns: 60,
    cell_bytes: 4 * 1024,
    row_bytes: 32 * 1024,
    nesting: 16,
    batch_rows: 64,
    message_bytes: 1024 * 1024,
    expanded_bytes: 4 * 1024 * 1024,
    expansion_ratio: 200,
    archive_entries: 100,
    sheet_bytes: 4 * 1024 * 1024,
    shared_text_bytes: 1024 * 1024,
    workers: 1,
};

/// A decoder.
pub(super) struct Target {
    pub(super) name: &'static str,
    /// How the names of its seeds end.
    pub(super) endings: &'static [&'static str],
    pub(super) packing: Packing,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Body(Format, Option<Compression>),
    /// The first byte chooses the charset of the CSV that follows.
    Charsets,
    /// Through an adapter of the shipped project.
    Mapped(&'static str),
    /// A file of a project, at that path.
    File(&'static str),
}

const fn target(
    name: &'static str,
    endings: &'static [&'static str],
    packing: Packing,
    kind: Kind,
) -> Target {
    Target {
        name,
        endings,
        packing,
        kind,
    }
}

const CONTRACT: &str = "warehouse/raw/visits.odcs.yaml";
const ADAPTER: &str = "warehouse/adapters/visits.yaml";

pub(super) const TARGETS: [Target; 17] = [
    target(
        "csv",
        &[".csv", ".tsv"],
        Packing::None,
        Kind::Body(Format::Csv, None),
    ),
    target(
        "ndjson",
        &[".ndjson"],
        Packing::None,
        Kind::Body(Format::Ndjson, None),
    ),
    target(
        "json",
        &[".json"],
        Packing::None,
        Kind::Body(Format::Json, None),
    ),
    target(
        "xml",
        &[".xml"],
        Packing::None,
        Kind::Body(Format::Xml, None),
    ),
    target(
        "xlsx",
        &[".xlsx"],
        Packing::Zip,
        Kind::Body(Format::Xlsx, None),
    ),
    target(
        "ods",
        &[".ods"],
        Packing::Zip,
        Kind::Body(Format::Ods, None),
    ),
    target(
        "parquet",
        &[".parquet"],
        Packing::None,
        Kind::Body(Format::Parquet, None),
    ),
    target(
        "arrow-stream",
        &[".arrows"],
        Packing::None,
        Kind::Body(Format::ArrowStream, None),
    ),
    target(
        "arrow-file",
        &[".arrow"],
        Packing::None,
        Kind::Body(Format::ArrowFile, None),
    ),
    target(
        "gzip",
        &[".gz"],
        Packing::Gzip,
        Kind::Body(Format::Csv, Some(Compression::Gzip)),
    ),
    target(
        "zstd",
        &[".zst"],
        Packing::Zstd,
        Kind::Body(Format::Csv, Some(Compression::Zstd)),
    ),
    target("charsets", &[".csv"], Packing::None, Kind::Charsets),
    target(
        "adapter-json",
        &["portal", "dossiers.json"],
        Packing::None,
        Kind::Mapped(PORTAL),
    ),
    target(
        "adapter-xml",
        &["packet", "indicators.xml"],
        Packing::None,
        Kind::Mapped(PACKET),
    ),
    target(
        "adapter-csv",
        &["one-stop"],
        Packing::None,
        Kind::Mapped("one-stop-csv"),
    ),
    target(
        "contract",
        &["visits.odcs.yaml"],
        Packing::None,
        Kind::File(CONTRACT),
    ),
    target(
        "adapter",
        &["visits-adapter.yaml"],
        Packing::None,
        Kind::File(ADAPTER),
    ),
];

const PORTAL: &str = "national-portal-dossiers";
const PACKET: &str = "indicator-packet";

/// What the decoders stand on.
pub(super) struct Ground {
    project: Project,
    /// A small project, one file of which is spoilt.
    small: Vec<(String, Vec<u8>)>,
    folder: TempDir,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where what was found is kept.
pub(super) fn corpus(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(target.name)
}

impl Target {
    /// The bodies to begin from, by name.
    pub(super) fn seeds(&self) -> Vec<(String, Vec<u8>)> {
        let own = corpus(self);
        let folders = [
            root().join("tests/hostile/bodies"),
            root().join("examples/adapters"),
            root().join("examples/own-dataset/warehouse/raw"),
            root().join("crates/ingest/src/sheet/fixtures"),
        ];
        let files = |folder: &Path| {
            let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
            files.map(|file| file.path()).collect::<Vec<_>>()
        };
        let is_own = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy();
            self.endings
                .iter()
                .any(|part| name.ends_with(part) || name.starts_with(part))
        };
        let mut paths: Vec<PathBuf> = folders.iter().flat_map(|folder| files(folder)).collect();
        paths.retain(is_own);
        paths.extend(files(&own));
        paths.sort();
        let read = |path: PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        };
        paths.into_iter().map(read).collect()
    }
}

/// What a decoder made of a body.
pub(super) enum Made {
    Judged(Result<Judgement, IngestError>),
    /// The problems that a file has.
    Problems(Vec<String>),
}

impl Ground {
    pub(super) fn new() -> Self {
        let (project, problems) = Project::read(&Sources::from_folder(&root()).unwrap());
        assert_eq!(problems, []);
        let small = Sources::from_folder(&root().join("examples/own-dataset")).unwrap();
        let small = small
            .iter()
            .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
        Self {
            project,
            small: small.collect(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The contract that a target's rows are held to.
    pub(super) fn contract(&self, target: &Target) -> &Contract {
        let dataset = match target.kind {
            Kind::Mapped(adapter) => self.project.adapters[adapter].dataset.clone(),
            _ => "raw.systems".parse().unwrap(),
        };
        self.project.dataset(&dataset).unwrap()
    }

    /// Runs a decoder as production does.
    pub(super) fn run(&self, target: &Target, body: &[u8], limits: &Limits) -> Made {
        if let Kind::File(path) = target.kind {
            return Made::Problems(self.problems(path, body));
        }
        let contract = self.contract(target);
        let path = self.folder.path().join("body");
        let (coding, body) = coding(target.kind, body);
        std::fs::write(&path, body).unwrap();
        Made::Judged(match target.kind {
            Kind::Mapped(adapter) => {
                let mapping = Mapping::new(&self.project.adapters[adapter], contract);
                judged(|sink| {
                    let coding = mapping.coding();
                    crate::check_through(&path, coding, &mapping, &[], &envelope(), limits, sink)
                })
            }
            _ => {
                judged(|sink| crate::check(&path, coding, contract, &[], &envelope(), limits, sink))
            }
        })
    }

    /// Runs a decoder of a stream on bytes that come a few at a time; none for others.
    pub(super) fn trickled(&self, target: &Target, body: &[u8], few: usize) -> Option<Made> {
        let contract = self.contract(target);
        let mapping = match target.kind {
            Kind::Mapped(adapter) => Some(Mapping::new(&self.project.adapters[adapter], contract)),
            Kind::Body(_, None) | Kind::Charsets => None,
            Kind::Body(_, Some(_)) | Kind::File(_) => return None,
        };
        let (coding, body) = match &mapping {
            Some(mapping) => (mapping.coding(), body),
            None => coding(target.kind, body),
        };
        let bytes = Box::new(Trickle {
            bytes: Cursor::new(body.to_vec()),
            few,
        });
        let envelope = envelope();
        let terms = Terms {
            contract,
            mapping: mapping.as_ref(),
            envelope: &envelope,
            limits: &LIMITS,
        };
        let check = |sink: Sink<'_>| {
            let mut judge = Judge::new(contract, &[], &envelope, sink);
            if coding.format == Format::ArrowStream {
                ipc::check_stream(bytes, contract, &LIMITS, &mut judge)?;
            } else {
                let text = charset::decoded(bytes, coding.charset)?;
                let text = BufReader::with_capacity(few, text);
                check::check_text(text, coding, terms, &mut judge)?;
            }
            Ok(judge.counts())
        };
        match coding.format {
            Format::Csv | Format::Ndjson | Format::Json | Format::Xml | Format::ArrowStream => {
                Some(Made::Judged(judged(check)))
            }
            _ => None,
        }
    }

    fn problems(&self, path: &str, body: &[u8]) -> Vec<String> {
        let mut files = self.small.clone();
        files.retain(|(other, _)| other != path);
        files.push((path.to_owned(), body.to_vec()));
        let (_, problems) = Project::read(&Sources::from_files(files));
        problems.iter().map(ToString::to_string).collect()
    }
}

type Sink<'s> = &'s mut dyn FnMut(Checked) -> Result<(), IngestError>;

fn judged(
    check: impl FnOnce(Sink<'_>) -> Result<crate::Counts, IngestError>,
) -> Result<Judgement, IngestError> {
    let (mut landed, mut verdicts) = (Vec::<RecordBatch>::new(), Vec::new());
    let mut personal = false;
    let counts = check(&mut |checked: Checked| {
        landed.push(checked.landed);
        verdicts.extend(checked.verdicts);
        personal |= checked.personal;
        Ok(())
    })?;
    Ok(Judgement {
        counts,
        landed,
        verdicts,
        personal,
    })
}

/// The coding of a target's body, and the body itself.
fn coding(kind: Kind, body: &[u8]) -> (Coding, &[u8]) {
    const CHARSETS: [Charset; 6] = [
        Charset::Utf8,
        Charset::Utf16,
        Charset::Utf16Le,
        Charset::Utf16Be,
        Charset::Windows1258,
        Charset::Tcvn3,
    ];
    match (kind, body.split_first()) {
        (Kind::Body(format, compression), _) => {
            let coding = Coding {
                compression,
                ..format.into()
            };
            (coding, body)
        }
        (Kind::Charsets, Some((first, rest))) => {
            let charset = CHARSETS.get(usize::from(*first) % 7).copied();
            let coding = Coding {
                charset,
                ..Format::Csv.into()
            };
            (coding, rest)
        }
        _ => (Format::Csv.into(), body),
    }
}

/// Bytes that come a few at a time.
struct Trickle {
    bytes: Cursor<Vec<u8>>,
    few: usize,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.few);
        self.bytes.read(&mut buffer[..most])
    }
}

/// The most memory that this process has held, in bytes; 0 where that is not told.
pub(super) fn peak_bytes() -> u64 {
    let Ok(status) = File::open("/proc/self/status").and_then(io::read_to_string) else {
        return 0;
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.map(|kib| kib.trim().trim_end_matches(" kB").parse::<u64>());
    kib.and_then(Result::ok).unwrap_or(0) * 1024
}

/// What this thread has spent on a core so far, to a hundredth of a second; what has passed where
/// that is not told.
pub(super) fn busy() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = File::open("/proc/thread-self/stat").and_then(io::read_to_string);
    // User and system ticks are the 14th and 15th, and the name in the 2nd may hold blanks.
    let ticks = told.ok().and_then(|stat| {
        let (_, rest) = stat.rsplit_once(')')?;
        let ticks = rest.split_ascii_whitespace().skip(11).take(2);
        ticks
            .map(|ticks| ticks.parse::<u64>().ok())
            .sum::<Option<u64>>()
    });
    ticks.map_or_else(
        || BEGUN.elapsed(),
        |ticks| Duration::from_millis(ticks * 10),
    )
}
