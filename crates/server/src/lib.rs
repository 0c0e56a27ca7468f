//! The binary `dtm`: flags, settings, wiring, signals, commands.
//!
//! *What is here*: the command line, the home folder, the demo and its generator.
//! *What is never here*: rules about data; commands ask `service::Service`, on the home itself or
//! through the server that holds it. *How it is checked*: `tests/it/cli.rs` runs the built binary.
//! *Where to go next*: `commands` for a command, `home` for the folder, `settings` for every setting.

mod cli;
mod commands;
mod failure;
pub mod generate;
mod home;
pub mod machine;
mod open;
mod output;
mod progress;
mod settings;
mod shipped;
mod telemetry;

pub use cli::{main, run};
pub use home::Home;
pub use settings::Settings;
