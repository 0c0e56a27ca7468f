//! Where the lake lives: memory, a folder, or a bucket; and whether it can be trusted.

mod given;
mod local;
mod location;
mod probe;
mod sync;

pub(crate) use given::GivenFile;
pub use local::LocalStore;
pub use location::{S3Settings, StoreLocation, open_bucket, open_store};
pub use probe::{StoreFacts, probe};
