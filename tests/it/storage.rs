//! The storage suite: the same statements about the lake on memory, on local disk and on S3.
//!
//! What only a local disk can show is in `local`; faults are put between the lake and each store,
//! so that a lost answer is survived on all three.

mod commits;
mod encoded;
mod groups;
mod held;
mod local;
mod maintenance;
mod objects;
pub mod places;
pub mod reading;
mod refusals;
mod restore;
mod segments;
mod tables;
mod unfit;

/// Runs each statement on every kind of store.
macro_rules! on_every_store {
    ($($statement:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $statement() {
                super::$statement($crate::storage::places::Place::memory()).await;
            })+
        }
        mod disk {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $statement() {
                super::$statement($crate::storage::places::Place::disk()).await;
            })+
        }
        mod s3 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $statement() {
                super::$statement($crate::storage::places::Place::s3().await).await;
            })+
        }
    };
}
pub(crate) use on_every_store;
