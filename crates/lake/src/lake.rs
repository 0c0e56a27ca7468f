//! The lake as a whole: which tables there are, and a handle to each.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use object_store::path::Path;
use object_store::{Error, ObjectStore};
use project::DatasetName;
use tokio::runtime::Handle;
use url::Url;

use crate::error::{LakeError, Result};
use crate::given::Given;
use crate::objects::{Evidence, Objects};
use crate::segments::{SegmentSettings, Segments};
use crate::table::{Table, TableShape};

/// The folder of the tables.
pub const TABLES: &str = "delta";

/// What the tables of a lake share.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) given: Given,
    /// The name under which query sessions know the store; nothing of the real address is in it.
    pub(crate) url: Url,
}

impl Place {
    pub(crate) fn folder(dataset: &DatasetName) -> Path {
        Path::from(format!("{TABLES}/{}", dataset.path()))
    }
}

/// A lake on a store. Cheap to clone; clones share what they know about the tables.
#[derive(Debug, Clone)]
pub struct Lake {
    place: Arc<Place>,
    tables: Arc<RwLock<HashMap<DatasetName, Table>>>,
}

impl Lake {
    /// The lake on `store`, which [`probe`](crate::probe) has found fit. Reads nothing yet.
    ///
    /// # Errors
    /// `Invalid` when the first id handed in has no letter or digit.
    pub fn open(store: Arc<dyn ObjectStore>, given: Given) -> Result<Self> {
        let mut host = given.id().to_ascii_lowercase();
        host.retain(|c| c.is_ascii_alphanumeric() || c == '-');
        let url = Url::parse(&format!("lake://{host}/"))
            .map_err(|error| LakeError::refused("cannot name the lake by the id given", error))?;
        let place = Arc::new(Place { store, given, url });
        Ok(Self {
            place,
            tables: Arc::default(),
        })
    }

    /// The store, for what is neither table, evidence nor small object.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.place.store
    }

    /// The bodies of submissions.
    pub fn evidence(&self) -> Evidence {
        Evidence::new(self.place.store.clone())
    }

    /// A writer of small bodies, many to an object; one is enough for a process.
    pub fn segments(&self, settings: SegmentSettings, on: &Handle) -> Segments {
        let Place { store, given, .. } = self.place.as_ref();
        Segments::start(store.clone(), given.clone(), settings, on)
    }

    /// Small named objects.
    pub fn objects(&self) -> Objects {
        Objects::new(self.place.store.clone())
    }

    /// Whether the dataset has a table.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn exists(&self, dataset: &DatasetName) -> Result<bool> {
        match self.table(dataset).await {
            Ok(_) => Ok(true),
            Err(LakeError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes an empty table, as version 0.
    ///
    /// # Errors
    /// `Conflict` when there is one; `Invalid` when a column cannot be kept in a plain Delta table.
    pub async fn create(&self, dataset: &DatasetName, shape: TableShape) -> Result<Table> {
        let table = Table::create(self.place.clone(), dataset.clone(), shape).await?;
        Ok(self.remember(table))
    }

    /// The dataset's table in a state that was the newest when somebody looked; without a look of
    /// its own if this process knows the table.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn known(&self, dataset: &DatasetName) -> Result<Table> {
        let known = {
            let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
            tables.get(dataset).cloned()
        };
        match known {
            Some(table) => Ok(table),
            None => self.table(dataset).await,
        }
    }

    /// The dataset's table in its newest state.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn table(&self, dataset: &DatasetName) -> Result<Table> {
        let known = {
            let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
            tables.get(dataset).cloned()
        };
        if let Some(table) = known {
            table.refresh().await?;
            return Ok(table);
        }
        let table = Table::open(self.place.clone(), dataset.clone()).await?;
        Ok(self.remember(table))
    }

    /// The datasets that have a folder on the store, sorted.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn datasets(&self) -> Result<Vec<DatasetName>> {
        let mut datasets = Vec::new();
        for layer in self.folders(&Path::from(TABLES)).await? {
            for table in self.folders(&layer).await? {
                let mut parts = table.parts().skip(1);
                let (Some(layer), Some(name)) = (parts.next(), parts.next()) else {
                    continue;
                };
                // A folder with another name is not ours.
                if let Ok(dataset) = format!("{}.{}", layer.as_ref(), name.as_ref()).parse() {
                    datasets.push(dataset);
                }
            }
        }
        datasets.sort();
        Ok(datasets)
    }

    async fn folders(&self, folder: &Path) -> Result<Vec<Path>> {
        match self.place.store.list_with_delimiter(Some(folder)).await {
            Ok(listed) => Ok(listed.common_prefixes),
            Err(Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(LakeError::store(&format!("cannot list `{folder}`"), error)),
        }
    }

    /// Keeps the first handle of a dataset, so that its commits queue in one place.
    fn remember(&self, table: Table) -> Table {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables
            .entry(table.dataset().clone())
            .or_insert(table)
            .clone()
    }
}
