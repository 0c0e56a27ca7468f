//! A project: everything that the data rooms say, read together.

mod read;
mod rooms;

use std::collections::BTreeMap;

use calendar::Calendar;

use crate::{
    Adapter, CodeList, Connector, Contract, DatasetName, ReportDefinition, Transformation,
};

/// Everything that the data rooms say.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Contracts of every layer but `system`.
    pub contracts: BTreeMap<DatasetName, Contract>,
    /// Code lists by name.
    pub code_lists: BTreeMap<String, CodeList>,
    /// Transformations by target.
    pub transformations: BTreeMap<DatasetName, Transformation>,
    /// Reports by name.
    pub reports: BTreeMap<String, ReportDefinition>,
    /// Adapters by name.
    pub adapters: BTreeMap<String, Adapter>,
    /// Connectors by name.
    pub connectors: BTreeMap<String, Connector>,
    /// The committed lineage files by path, `lineage/served/x.txt`, and `lineage/README.md`.
    pub lineage: BTreeMap<String, String>,
    /// The calendar, from the code list `periods`.
    pub calendar: Calendar,
}

impl Project {
    /// The dataset's contract.
    pub fn dataset(&self, name: &DatasetName) -> Option<&Contract> {
        self.contracts.get(name)
    }
}

#[cfg(test)]
mod tests;
