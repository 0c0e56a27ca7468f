//! Where the suite runs, and the rows that it writes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::{DateTime, TimeDelta};
use lake::{
    CommitRequest, Given, Lake, S3Settings, StagedFile, StoreLocation, Table, TableShape,
    WriteSettings, open_store,
};
use object_store::ObjectStore;
use project::DatasetName;
use testkit::FaultyStore;
use testkit::seaweed::Seaweed;

/// A store of a test's own, with the means to let it fail.
pub struct Place {
    pub store: Arc<dyn ObjectStore>,
    pub faults: FaultyStore,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    pub fn memory() -> Self {
        Self::at(&StoreLocation::Memory, &S3Settings::default(), None)
    }

    pub fn disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = StoreLocation::Folder(folder.path().join("store"));
        Self::at(&location, &S3Settings::default(), Some(folder))
    }

    pub async fn s3() -> Self {
        let start = || Seaweed::shared().target();
        let target = tokio::task::spawn_blocking(start).await.unwrap();
        let location = StoreLocation::parse(&target.url(), Path::new("/")).unwrap();
        let settings = S3Settings {
            endpoint: Some(target.endpoint),
            region: Some(target.region),
            allow_http: true,
            access_key: Some(target.access_key),
            secret_key: Some(target.secret_key),
            session_token: None,
        };
        Self::at(&location, &settings, None)
    }

    fn at(location: &StoreLocation, s3: &S3Settings, folder: Option<tempfile::TempDir>) -> Self {
        let faults = FaultyStore::new(open_store(location, s3).unwrap());
        Self {
            store: Arc::new(faults.clone()),
            faults,
            _folder: folder,
        }
    }

    /// A lake of its own, as another process would open it.
    pub fn lake(&self) -> Lake {
        Lake::open(self.store.clone(), given()).unwrap()
    }

    /// A lake with an empty table of [`dossiers`].
    pub async fn table(&self) -> Table {
        let shape = TableShape::new(dossiers()).partitioned_by(["_period"]);
        self.lake().create(&raw(), shape).await.unwrap()
    }
}

/// Ids that no other lake of this process gives, and a clock that moves a second at each look.
pub fn given() -> Given {
    static LAKES: AtomicU64 = AtomicU64::new(1);
    let lake = LAKES.fetch_add(1, Ordering::Relaxed);
    let ids = AtomicU64::new(1);
    let seconds = AtomicI64::new(0);
    let start = DateTime::parse_from_rfc3339("2026-09-20T01:00:00Z")
        .unwrap()
        .to_utc();
    Given {
        clock: Arc::new(move || {
            start + TimeDelta::seconds(seconds.fetch_add(1, Ordering::Relaxed))
        }),
        ids: Arc::new(move || format!("{lake}-{}", ids.fetch_add(1, Ordering::Relaxed))),
    }
}

pub fn raw() -> DatasetName {
    "raw.dossiers".parse().unwrap()
}

/// A column of every type that contracts have.
pub fn dossiers() -> SchemaRef {
    let comment = [("comment".to_owned(), "Mã cơ quan".to_owned())];
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("agency", DataType::Utf8, true).with_metadata(comment.into()),
        Field::new("fee", DataType::Decimal128(38, 2), true),
        Field::new("day", DataType::Date32, true),
        Field::new(
            "at",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
        Field::new("share", DataType::Float64, true),
        Field::new("online", DataType::Boolean, true),
        Field::new("_period", DataType::Utf8, false),
    ]))
}

/// Rows with these ids; every third agency is null.
pub fn rows(ids: impl IntoIterator<Item = i64>, period: &str) -> RecordBatch {
    let ids: Vec<i64> = ids.into_iter().collect();
    let agency = |id: &i64| (id % 3 != 0).then(|| format!("H{:02}", id % 90));
    let fees = ids.iter().map(|id| Some(i128::from(*id) * 100 - 150));
    let moments = ids.iter().map(|id| 1_789_000_000_000_000 + id * 1_234_567);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(ids.clone())),
        Arc::new(ids.iter().map(agency).collect::<StringArray>()),
        Arc::new(
            fees.collect::<Decimal128Array>()
                .with_precision_and_scale(38, 2)
                .unwrap(),
        ),
        Arc::new(
            ids.iter()
                .map(|id| Some(20_000 + *id as i32))
                .collect::<Date32Array>(),
        ),
        Arc::new(TimestampMicrosecondArray::from_iter_values(moments).with_timezone("UTC")),
        Arc::new(
            ids.iter()
                .map(|id| Some(*id as f64 / 4.0))
                .collect::<Float64Array>(),
        ),
        Arc::new(
            ids.iter()
                .map(|id| Some(id % 2 == 0))
                .collect::<BooleanArray>(),
        ),
        Arc::new(ids.iter().map(|_| Some(period)).collect::<StringArray>()),
    ];
    RecordBatch::try_new(dossiers(), columns).unwrap()
}

pub async fn stage(
    table: &Table,
    batches: impl IntoIterator<Item = RecordBatch>,
) -> Vec<StagedFile> {
    let mut writer = table.stage(&WriteSettings::default()).unwrap();
    for batch in batches {
        writer.write(batch).await.unwrap();
    }
    writer.finish().await.unwrap()
}

/// Appends one batch as one commit; gives its version.
pub async fn append(table: &Table, batch: RecordBatch) -> i64 {
    let files = stage(table, [batch]).await;
    table
        .commit(CommitRequest::append(files))
        .await
        .unwrap()
        .version
}
