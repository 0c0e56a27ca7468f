//! Connectors: where bodies are fetched from, when, and whose they are.
//!
//! A file `warehouse/connectors/<name>.yaml` holds, in this order or any other:
//!
//! - `name`, `title`: as reports have them;
//! - `kind`: `folder`, `objects`, `http`, `sftp` or `sql`, and `source`, whose keys depend on it
//!   (below);
//! - `layout`: folders below the source, such as `{agency}/{dataset}/{period}`; a file elsewhere is
//!   refused. Without it files lie at the top;
//! - `dataset`, `agency`, `period`: what the layout does not say; only `folder` and `objects` have
//!   layouts. A period is a code such as
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
//! The keys of `source`:
//!
//! - `folder`: `folder`, a path, from the home when it is relative, and `quiet` (`30s`): how long a
//!   file must have stood still before it is taken;
//! - `objects`: `url` (`s3://bucket/folder`), `endpoint`, `region`, `allow_http`, the references
//!   `access_key`, `secret_key` and `session_token`, without which the `AWS_…` variables of the
//!   process are used, and `after` (`move` or `keep`);
//! - `http`: `url` (`https://host/path`), `allow_http`, `parameters` and `headers`, each a mapping
//!   of names to texts that are no secrets; one of `bearer`, `basic` (`user`, `password`) and
//!   `header` (`name`, `value`), whose secrets are references; `paging`, which is one of `page` (a
//!   parameter's name, with `first`, usually 1), `offset` (a parameter's name), `cursor` (a
//!   parameter's name, with `next`, the pointer of its value in a page) and `link: true`, and
//!   without which there is one page; `page_size` (`parameter`, `size`, and `short_ends: true` where
//!   a shorter page is the last); `records` and `total`, JSON pointers into a page; `hand_on`
//!   (`records`, or `page` for an adapter that reads the whole of it); `since` (`parameter`,
//!   `field`, a pointer into a record, and `start`): how the API is asked for what is new;
//!   `media_type`; `certificates`;
//! - `sftp`: `host`, `port`, `user`, one of the references `password` and `key` (with
//!   `passphrase`), `host_keys` (the server's fingerprints, `SHA256:…`), `folder`, `pattern` (of
//!   names: `*`, `?`), `quiet` (`5s`), and where files go when they are taken or refused:
//!   `done_folder` and `refused_folder`, without which they stay;
//! - `sql`: `host`, `port`, `database`, `user`, `password` (a reference), `tls` (`verify-full`,
//!   `verify-ca` or `disable`), `certificates`, `select` (in which `$mark` is the watermark that was
//!   reached), `watermark` (the column that grows), `key` (a column that tells rows of the same
//!   watermark apart), `start`, `quiet` (how old a row's watermark, a time, must be) and `rows` (of
//!   a piece).
//!
//! Of all but `folder`, `allow_addresses` lists those private, loopback and other addresses that are
//! not public and are meant nevertheless: `host:port`, or a range such as `10.20.0.0/16`. Any other
//! such address is not reached, and no redirect is followed. `certificates` is a PEM file of those
//! to trust beside the public ones, from the home when it is relative.
//!
//! A secret never stands in the file: it is `env:NAME`, a variable of the process, or
//! `file:NAME`, a file in the folder `secrets` of the home.

mod body;
mod layout;
mod model;
mod options;
mod read;
mod remote;
mod schedule;
mod source;

pub use layout::{Layout, Placed};
pub use model::{
    Connector, ConnectorLimits, FolderSource, ObjectsSource, PeriodRule, PutAway, Repeated,
    SecretRef, SourceKind, WhichPeriod,
};
pub use remote::{
    HttpAuth, HttpPageSize, HttpPaging, HttpSince, HttpSource, SftpAuth, SftpSource, SqlSource,
    SqlTls,
};
pub use schedule::Schedule;

pub(crate) use read::{Known, read};

#[cfg(test)]
mod tests;
