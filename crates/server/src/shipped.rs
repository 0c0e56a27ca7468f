//! The project: from a folder, or the one that the binary carries.

use std::path::Path;

use project::Sources;

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

/// The project's files. A folder without `warehouse/` means the project that the binary carries,
/// unless it was named.
pub(crate) fn sources(folder: Option<&Path>) -> Outcome<Sources> {
    let place = folder.unwrap_or(Path::new("."));
    if place.join("warehouse").is_dir() {
        return Sources::from_folder(place).map_err(|e| {
            Failure::Unavailable(format!(
                "cannot read the project `{}`: {e}",
                place.display()
            ))
        });
    }
    if folder.is_some() {
        return Err(Failure::Usage(format!(
            "there is no project in `{}`: it has no folder `warehouse`",
            place.display()
        )));
    }
    Ok(carried())
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
