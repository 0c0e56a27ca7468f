//! What people wrote: contracts, code lists, SQL headers, reports, adapters, connectors; read and
//! checked together.
//!
//! *What is here*: the model of the data rooms and a strict reader that lists every problem with
//! file, line and column. *What is never here*: a query engine, a table, a clock, a network; SQL is
//! text to this crate. *How it is checked*: unit tests beside the code (`cargo test -p project`).
//! *Where to go next*: `warehouse/README.md` for the files, `engine` for what the SQL means.

mod adapter;
mod code_list;
mod connector;
mod contract;
mod names;
mod problem;
mod report;
mod sources;
mod sql;
mod text;
mod transformation;
mod workspace;
mod yaml;

pub use adapter::{
    AdaptedColumn, Adapter, AdapterFormat, Aliases, ColumnSource, CsvForm, DateForm, DatePart,
    OuterField, OuterMeaning, Reading, Zone,
};
pub use code_list::{Code, CodeList};
pub use connector::{
    Connector, ConnectorLimits, FolderSource, HttpAuth, HttpPageSize, HttpPaging, HttpSince,
    HttpSource, Layout, ObjectsSource, PeriodRule, Placed, PutAway, Repeated, Schedule, SecretRef,
    SftpAuth, SftpSource, SourceKind, SqlSource, SqlTls, WhichPeriod,
};
pub use contract::{
    Bound, Check, Classification, Column, ColumnType, Contract, DeadlineTerms, ENVELOPE, Expects,
    Missing, Profiling, Rule, Severity, Stamp, Statistic, Steadiness, Steady, Text, Version,
};
pub use names::{AgencyCode, DatasetName, Layer, NameError};
pub use problem::{Place, Problem};
pub use report::{
    Block, ChartKind, ColumnFormat, LANGUAGE, Parameter, ParameterType, ReportColumn,
    ReportDefinition,
};
pub use sources::Sources;
pub use transformation::{Refresh, Transformation, Write};
pub use workspace::Project;
