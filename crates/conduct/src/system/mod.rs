//! Our own books as datasets: contracts that the binary carries.

pub(crate) mod own;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use project::{Contract, DatasetName};

const FILES: [(&str, &str); 6] = [
    (
        "system/failing_rows.odcs.yaml",
        include_str!("../../system/failing_rows.odcs.yaml"),
    ),
    (
        "system/maintenance.odcs.yaml",
        include_str!("../../system/maintenance.odcs.yaml"),
    ),
    (
        "system/profiles.odcs.yaml",
        include_str!("../../system/profiles.odcs.yaml"),
    ),
    (
        "system/quality.odcs.yaml",
        include_str!("../../system/quality.odcs.yaml"),
    ),
    (
        "system/quarantine.odcs.yaml",
        include_str!("../../system/quarantine.odcs.yaml"),
    ),
    (
        "system/runs.odcs.yaml",
        include_str!("../../system/runs.odcs.yaml"),
    ),
];

/// The name of the dataset of rows that break rules.
pub(crate) const FAILING_ROWS: &str = "system.failing_rows";
/// The name of the book of maintenance's dataset.
pub(crate) const MAINTENANCE: &str = "system.maintenance";
/// The name of the dataset of profiles.
pub(crate) const PROFILES: &str = "system.profiles";
/// The name of the dataset of what runs found of rules.
pub(crate) const QUALITY: &str = "system.quality";
/// The name of the quarantine's dataset.
pub(crate) const QUARANTINE: &str = "system.quarantine";
/// The name of the run ledger's dataset.
pub(crate) const RUNS: &str = "system.runs";

/// The contracts of layer `system`.
pub(crate) fn contracts() -> &'static BTreeMap<DatasetName, Contract> {
    // Constant text read once; a test holds that it has no problem.
    static CONTRACTS: LazyLock<BTreeMap<DatasetName, Contract>> = LazyLock::new(|| {
        let read = FILES
            .iter()
            .filter_map(|(path, text)| Contract::read(path, text).ok());
        read.map(|contract| (contract.dataset.clone(), contract))
            .collect()
    });
    &CONTRACTS
}
