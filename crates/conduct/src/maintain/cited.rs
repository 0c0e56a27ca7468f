//! Versions that somebody was promised: published sets and the manifests of reports name them.

use std::collections::{BTreeMap, BTreeSet};

use project::DatasetName;
use service::Result;

use crate::failure;
use crate::handles::Handles;
use crate::manifest;

/// The versions that a published set or a report names.
///
/// What is named later was the newest, or published, when it was read; so it is among these, or
/// young.
#[derive(Debug, Default)]
pub(super) struct Cited(BTreeMap<String, BTreeSet<i64>>);

impl Cited {
    /// Reads every published set and every manifest.
    pub(super) async fn read(handles: &Handles) -> Result<Self> {
        let mut cited = Self::default();
        for set in handles.published.all().await? {
            cited.add(&set.versions);
            cited.add(&set.inputs);
        }
        let objects = handles.lake.objects();
        let kept = objects
            .list(manifest::FOLDER)
            .await
            .map_err(failure::lake)?;
        for path in kept.iter().filter(|path| path.ends_with(manifest::ENDING)) {
            let text = objects.get(path).await.map_err(failure::lake)?;
            cited.add(&manifest::input_versions(path, &text)?);
        }
        Ok(cited)
    }

    /// The versions of one dataset.
    pub(super) fn of(&self, dataset: &DatasetName) -> BTreeSet<i64> {
        self.0.get(dataset.as_str()).cloned().unwrap_or_default()
    }

    fn add(&mut self, versions: &BTreeMap<String, i64>) {
        for (dataset, version) in versions {
            self.0.entry(dataset.clone()).or_default().insert(*version);
        }
    }
}
