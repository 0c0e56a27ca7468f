//! Connectors: where bodies are fetched from, when, and whose they are.
//!
//! A file `warehouse/connectors/<name>.yaml` holds, in this order or any other:
//!
//! - `name`, `title`: as reports have them;
//! - `kind`: `folder` or `objects`, and `source`, whose keys depend on it:
//!   - `folder`: `folder`, a path, from the home when it is relative, and `quiet` (`30s`): how long
//!     a file must have stood still before it is taken;
//!   - `objects`: `url` (`s3://bucket/folder`), `endpoint`, `region`, `allow_http`, the references
//!     `access_key`, `secret_key` and `session_token`, without which the `AWS_…` variables of the
//!     process are used, and `after` (`move` or `keep`);
//! - `layout`: folders below the source, such as `{agency}/{dataset}/{period}`; a file elsewhere is
//!   refused. Without it files lie at the top;
//! - `dataset`, `agency`, `period`: what the layout does not say. A period is a code such as
//!   `2026-09`, or `{ calendar: month }`, the one of the day on which it is fetched, or with
//!   `which: previous` the one before;
//! - `body`: `format`, `adapter`, `charset`, `compression`, `delimiter`, `quote`, `decimal`, as a
//!   sender declares them; without `format` the name of the file tells it;
//! - `schedule`: `{ every: 15m }` or `{ cron: 30 2 * * * }`, in civil time;
//! - `repeated`: what a further body for the same agency, dataset and period does: `new`,
//!   `replaces` or `corrects`;
//! - `limits`: `pieces` of a run, `bytes` of a piece;
//! - `enabled`: `false` leaves it to those who run it by name.
//!
//! A secret never stands in the file: it is `env:NAME`, a variable of the process, or
//! `file:NAME`, a file in the folder `secrets` of the home.

mod layout;
mod model;
mod options;
mod read;
mod schedule;
mod source;

pub use layout::{Layout, Placed};
pub use model::{
    Connector, ConnectorLimits, FolderSource, ObjectsSource, PeriodRule, PutAway, Repeated,
    SecretRef, SourceKind, WhichPeriod,
};
pub use schedule::Schedule;

pub(crate) use read::{Known, read};

#[cfg(test)]
mod tests;
