//! A folder of a test's own: the home, the files it submits and, on demand, a project to change.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

#[cfg(test)]
mod tests;

/// The data rooms that make up a project.
const ROOMS: [&str; 3] = ["warehouse", "sql", "lineage"];

/// A temporary folder, gone when this is dropped.
///
/// ```text
/// <root>/home      where the home goes; not created, for `init` does that
/// <root>/project   a copy of a project, when asked for
/// <root>/…         whatever the test writes
/// ```
#[derive(Debug)]
pub struct TestHome {
    root: TempDir,
}

impl Default for TestHome {
    fn default() -> Self {
        Self::new()
    }
}

impl TestHome {
    pub fn new() -> Self {
        let root = TempDir::with_prefix("dtm-test-").expect("a temporary folder can be made");
        Self { root }
    }

    /// Creates the home with this `dtm.toml`.
    #[must_use]
    pub fn with_settings(self, toml: &str) -> Self {
        self.write("home/dtm.toml", toml);
        self
    }

    /// Copies the data rooms below `source`, so that a test may change them.
    #[must_use]
    pub fn with_project(self, source: &Path) -> Self {
        for room in ROOMS {
            let from = source.join(room);
            if from.is_dir() {
                copy_folder(&from, &self.project().join(room));
            }
        }
        self
    }

    /// Where the home is, or will be.
    pub fn path(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Where [`Self::with_project`] puts its copy.
    pub fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// The folder around both.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Writes a file below the root, folders included, and gives its path.
    pub fn write(&self, relative: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root.path().join(relative);
        let folder = path.parent().expect("a path below the root has a parent");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, contents))
            .unwrap_or_else(|error| panic!("cannot write `{}`: {error}", path.display()));
        path
    }
}

/// Copies a folder with everything below it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
