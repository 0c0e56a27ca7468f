//! Versions that somebody was promised: published sets and the manifests of reports name them.

use std::collections::BTreeSet;

use project::DatasetName;
use service::Result;

use crate::failure;
use crate::handles::Handles;
use crate::manifest;

/// The versions of a dataset that a published set or a report names.
pub(crate) async fn versions(handles: &Handles, dataset: &DatasetName) -> Result<BTreeSet<i64>> {
    let mut cited = BTreeSet::new();
    for set in handles.published.all().await? {
        cited.extend(set.version(dataset));
        cited.extend(set.input(dataset));
    }
    let objects = handles.lake.objects();
    let kept = objects
        .list(manifest::FOLDER)
        .await
        .map_err(failure::lake)?;
    for path in kept.iter().filter(|path| path.ends_with(manifest::ENDING)) {
        let text = objects.get(path).await.map_err(failure::lake)?;
        let versions = manifest::input_versions(path, &text)?;
        cited.extend(versions.get(dataset.as_str()));
    }
    Ok(cited)
}
