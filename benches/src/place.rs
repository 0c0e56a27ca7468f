//! Where things are kept: data sets, what a measurement writes, and the programs of the peers.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::process;
use crate::talk::tell;
use crate::task::Measured;

/// Programs of others that are installed together.
pub struct Set {
    requirements: &'static str,
    file: &'static str,
    script: &'static str,
}

/// DuckDB, the Delta library, and what makes the tables of TPC-H.
pub const PEERS: Set = Set {
    requirements: include_str!("../requirements.txt"),
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/requirements.txt"),
    script: concat!(env!("CARGO_MANIFEST_DIR"), "/peers.py"),
};

/// What builds a graph of models on DuckDB.
pub const BUILDERS: Set = Set {
    requirements: include_str!("../requirements-builders.txt"),
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/requirements-builders.txt"),
    script: concat!(env!("CARGO_MANIFEST_DIR"), "/builders.py"),
};

/// The folders of this program, outside of the checkout.
pub struct Place {
    /// Beside the build.
    beside: PathBuf,
    work: PathBuf,
}

impl Place {
    /// Data goes to `work`, or else beside the build.
    pub fn open(work: Option<&Path>) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        // `<target>/<profile>/benches`, wherever cargo was told to build.
        let target = program
            .ancestors()
            .nth(2)
            .context("this program has no folder")?;
        let beside = target.join("benches");
        let work = work.map_or_else(|| beside.join("data"), Path::to_owned);
        for folder in [&beside, &work] {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        }
        let work = work.canonicalize()?;
        Ok(Self { beside, work })
    }

    /// The folder of a data set, which stays.
    pub fn data(&self, name: &str) -> PathBuf {
        self.work.join(name)
    }

    /// A folder for what one measurement writes; it goes when this is dropped.
    pub fn fresh(&self) -> Result<TempDir> {
        let made = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(&self.work);
        made.with_context(|| format!("cannot write to `{}`", self.work.display()))
    }

    /// The peers of a set, installed when they are not there yet.
    pub fn peers(&self, set: &Set) -> Result<Peers> {
        let hash = hex::encode(Sha256::digest(set.requirements.as_bytes()));
        let venv = self.beside.join(format!("venv-{}", &hash[..12]));
        let peers = Peers {
            programs: venv.join("bin"),
            script: set.script,
        };
        let ready = venv.join("ready");
        if !ready.exists() {
            tell("installing the peers")?;
            let mut make = process::command(Path::new("python3"));
            make.args(["-m", "venv", "--clear"]).arg(&venv);
            process::run(make)?;
            let mut install = process::command(&peers.python());
            install
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args([
                    "--require-hashes",
                    "--only-binary",
                    ":all:",
                    "--requirement",
                ])
                .arg(set.file);
            process::run(install)?;
            std::fs::write(&ready, "")?;
        }
        Ok(peers)
    }
}

/// The programs of others.
pub struct Peers {
    programs: PathBuf,
    script: &'static str,
}

impl Peers {
    fn python(&self) -> PathBuf {
        self.programs.join("python")
    }

    /// Has a task of their script done.
    pub fn ask(&self, task: &Value) -> Result<Measured> {
        let mut command = process::command(&self.python());
        command.arg(self.script);
        process::ask(command, task)
    }

    /// Makes the tables of TPC-H as Parquet files in that folder.
    pub fn generate_tpch(&self, scale: f64, folder: &Path) -> Result<()> {
        let mut command = process::command(&self.programs.join("tpchgen-cli"));
        command
            .args(["parquet", "--scale-factor"])
            .arg(scale.to_string());
        command.arg("--overwrite").arg("--output-dir").arg(folder);
        process::run(command)
    }
}
