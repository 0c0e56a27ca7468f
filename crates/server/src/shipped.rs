//! The project: from a folder, or the one that the binary carries.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use conduct::ProjectSource;
use project::Sources;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};

#[derive(rust_embed::RustEmbed)]
#[folder = "../../warehouse"]
struct Warehouse;

#[derive(rust_embed::RustEmbed)]
#[folder = "../../sql"]
struct Sql;

#[derive(rust_embed::RustEmbed)]
#[folder = "../../lineage"]
struct Lineage;

/// Where a project is. It is settled once: a folder that loses its `warehouse/` later cannot be
/// read, and does not turn into the project that the binary carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// A folder, by its whole path.
    Folder(PathBuf),
    /// The binary.
    Carried,
}

impl Origin {
    /// A folder without `warehouse/` means the project that the binary carries, unless it was named.
    pub(crate) fn of(folder: Option<&Path>) -> Outcome<Self> {
        let place = folder.unwrap_or(Path::new("."));
        if place.join(WAREHOUSE).is_dir() {
            let whole = std::fs::canonicalize(place);
            return whole.map(Self::Folder).map_err(|e| {
                Failure::Unavailable(format!("cannot read `{}`: {e}", place.display()))
            });
        }
        if folder.is_some() {
            return Err(Failure::Usage(format!(
                "there is no project in `{}`: it has no folder `{WAREHOUSE}`",
                place.display()
            )));
        }
        Ok(Self::Carried)
    }

    /// Whether both have the same files now; none if one of them cannot be read from here.
    pub(crate) fn agrees(&self, other: &Self) -> Option<bool> {
        if self == other {
            return Some(true);
        }
        let (ours, theirs) = (self.read().ok()?, other.read().ok()?);
        Some(ours.sha256() == theirs.sha256())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the project `{}`", folder.display()),
            Self::Carried => f.write_str("the project that the binary carries"),
        }
    }
}

impl ProjectSource for Origin {
    fn name(&self) -> String {
        self.to_string()
    }

    fn read(&self) -> io::Result<Sources> {
        match self {
            Self::Carried => Ok(carried()),
            Self::Folder(folder) if folder.join(WAREHOUSE).is_dir() => Sources::from_folder(folder),
            Self::Folder(_) => Err(io::Error::other(format!("it has no folder `{WAREHOUSE}`"))),
        }
    }
}

const WAREHOUSE: &str = "warehouse";

/// The files of the project in the folder, or of the one that the binary carries.
pub(crate) fn sources(folder: Option<&Path>) -> Outcome<Sources> {
    let origin = Origin::of(folder)?;
    let files = origin.read();
    files.map_err(|e| Failure::Unavailable(format!("cannot read {origin}: {e}")))
}

fn carried() -> Sources {
    fn room<R: rust_embed::RustEmbed>(
        name: &'static str,
    ) -> impl Iterator<Item = (String, Vec<u8>)> {
        R::iter().filter_map(move |path| {
            let hidden = path.split('/').any(|part| part.starts_with('.'));
            let file = (!hidden).then(|| R::get(&path)).flatten()?;
            Some((format!("{name}/{path}"), file.data.into_owned()))
        })
    }
    Sources::from_files(
        room::<Warehouse>("warehouse")
            .chain(room::<Sql>("sql"))
            .chain(room::<Lineage>("lineage")),
    )
}
