//! A house in a folder, opened as the binary `dtm` opens one.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use audit::seal::{SigningKey, SigningKeys};
use conduct::{Given, House, InForce, Parts, ProjectSource, Settings};
use project::Sources;
use service::{Call, Credential, Door};

use crate::{machine, tables};

/// A house, and a call of its administrator.
pub struct Opened {
    pub house: House,
    pub call: Call,
}

/// The files of a project, which nobody edits here.
struct Files(Sources);

impl ProjectSource for Files {
    fn name(&self) -> String {
        "the project of the benches".to_owned()
    }

    fn read(&self) -> std::io::Result<Sources> {
        Ok(self.0.clone())
    }
}

/// Opens the house in that folder, with the product's own settings but for the size of a body.
pub async fn open(folder: &Path, sources: &Sources) -> Result<Opened> {
    let project = InForce::read(Arc::new(Files(sources.clone()))).await?;
    let settings = settings(folder);
    for folder in [&settings.spool_folder, &settings.spill_folder] {
        std::fs::create_dir_all(folder)?;
    }
    let parts = Parts {
        lake: tables::open(&folder.join("lake"))?,
        books: books::Books::open(&folder.join("books.sqlite")).await?,
        journal: audit::Journal::open(&folder.join("journal"), Arc::new(machine::now))?,
        keys: SigningKeys::open_or_create(
            &folder.join("keys"),
            &SigningKey::generate,
            machine::now(),
        )?,
        project,
        given: Given {
            clock: Arc::new(machine::now),
            ids: Arc::new(machine::fresh_id),
            random: Arc::new(machine::chance),
            env: Arc::new(|_| None),
            resident_bytes: Arc::new(machine::resident_bytes),
            on_step: Arc::new(|_, _, _| {}),
        },
        settings,
    };
    let house = House::open(parts).await?;
    let token = house.first_token("benches").await?;
    let call = Call {
        credential: Some(Credential::Token(token)),
        door: Door::Cli,
        peer: None,
        user_agent: None,
        correlation_id: machine::fresh_id().to_string(),
    };
    Ok(Opened { house, call })
}

fn settings(folder: &Path) -> Settings {
    let shipped = server::Settings::new("lake");
    Settings {
        home: folder.to_owned(),
        spool_folder: folder.join("spool"),
        uploads_folder: folder.join("uploads"),
        spill_folder: folder.join("spill"),
        body_bytes: 1 << 40,
        body_wait_ms: shipped.submission.wait_ms,
        bodies_at_once: shipped.submission.bodies_at_once,
        bodies_per_agency: shipped.submission.bodies_per_agency,
        client_per_second: shipped.submission.client_per_second,
        client_burst: shipped.submission.client_burst,
        submissions_at_once: machine::cores(),
        queries_at_once: shipped.query.at_once,
        partitions: machine::cores(),
        memory_bytes: machine::pool_bytes(),
        spill_bytes: tables::SPILL_BYTES,
        query: tables::limits(),
        run_memory_bytes: shipped.run.memory_bytes,
        errors_in_answer: 100,
        maintain: conduct::MaintainSettings::default(),
        evidence: conduct::EvidenceSettings::default(),
        lineage: conduct::LineageSettings::default(),
        upload: conduct::UploadLimits::default(),
    }
}

/// The project of this repository.
pub fn shipped() -> Result<Sources> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    Ok(Sources::from_folder(root)?)
}

/// Its code lists, and the contract of the dossiers that are received here.
pub fn received() -> Result<Sources> {
    let shipped = shipped()?;
    let own = Sources::from_folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/project")))?;
    let codes = shipped
        .iter()
        .filter(|(path, _)| path.starts_with("warehouse/codes/"));
    let files = codes.chain(own.iter());
    let owned = files.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    Ok(Sources::from_files(owned))
}

/// The same without any rule: neither key nor codes, patterns, lengths and bounds.
pub fn received_unjudged() -> Result<Sources> {
    let received = received()?;
    let files = received.iter().map(|(path, bytes)| {
        let bytes = match path.ends_with(".odcs.yaml") {
            true => without_rules(&String::from_utf8_lossy(bytes)).into_bytes(),
            false => bytes.to_vec(),
        };
        (path.to_owned(), bytes)
    });
    Ok(Sources::from_files(files.collect::<Vec<_>>()))
}

/// A contract as this repository writes one, without the blocks that are rules.
fn without_rules(contract: &str) -> String {
    let mut kept = String::new();
    let mut within: Option<usize> = None;
    for line in contract.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if within.is_some_and(|outer| indent > outer) {
            continue;
        }
        within = text.starts_with("quality:").then_some(indent);
        let rule = ["primaryKey", "logicalTypeOptions:"]
            .iter()
            .any(|name| text.starts_with(name));
        if within.is_none() && !rule {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}
