//! What tests are built from: a real S3 server, a real PostgreSQL, a real SFTP server, stores that
//! fail and count, a clock moved by hand.
//!
//! **What is here.** [`seaweed`]: the S3 server, obtained by its hash and started once per test
//! process. [`postgres`]: the same of PostgreSQL, a database per caller. [`sftp`]: an SFTP server
//! per caller. [`openlineage`]: a judge of lineage events. [`faulty`]: an object store that fails by plan or by seed, also with "effect happened,
//! answer lost". [`counting`]: an object store that counts requests and bytes. [`power`]: what is
//! left of a folder after a power cut. [`clock`],
//! [`mod@seed`] and [`home`]: time, chance and a folder of a test's own.
//!
//! **What is never here.** Anything that the product links, and any knowledge of Delta, SQL or the
//! business: the wrappers speak `object_store`, so that every layer above can be tested with them.
//!
//! **How it is checked.** By its own unit tests; those of `seaweed` show that eight racing
//! `If-None-Match: *` puts have one winner, those of `postgres` that it ends with its process.
//!
//! **Where to go next.** `tests/README.md` says which suite uses what.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot be set up must stop at once and say why; this is no product code"
)]

pub mod clock;
pub mod counting;
pub mod faulty;
pub mod home;
mod log;
pub mod op;
pub mod openlineage;
pub mod postgres;
pub mod power;
pub mod seaweed;
pub mod seed;
pub mod sftp;
mod wheel;

pub use clock::TestClock;
pub use counting::CountingStore;
pub use faulty::{Fault, FaultyStore, Gate};
pub use home::TestHome;
pub use op::Op;
pub use seed::{large_bytes, rng, seed, sweep};
