//! Datasets, their tables and versions.

use project::{Classification, Column, Contract};
use serde::{Deserialize, Serialize};
use service::{
    DataFileState, DatasetDetail, DatasetSummary, ErrorKind, PartitionState, ServiceError,
    TableState, TableVersion,
};
use utoipa::ToSchema;

use super::{TextDto, instant, read, read_instant};

/// A table as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableStateDto {
    /// The newest version.
    pub version: i64,
    /// Its rows.
    pub rows: u64,
    /// Its Parquet files.
    pub files: u64,
    /// Their size.
    pub size_bytes: u64,
    /// When the newest version was committed.
    #[schema(format = DateTime)]
    pub committed_at: Option<String>,
}

/// A column of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnDto {
    /// The name.
    pub name: String,
    /// The physical type.
    #[serde(rename = "type")]
    #[schema(example = "decimal(18,2)")]
    pub column_type: String,
    /// Whether null is refused.
    pub required: bool,
    /// The label shown to people.
    pub label: TextDto,
    /// The meaning, in English.
    pub description: String,
}

/// A dataset of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatasetDto {
    /// The name.
    #[schema(example = "served.scoreboard")]
    pub dataset: String,
    /// The layer.
    #[schema(example = "served")]
    pub layer: String,
    /// The contract's version.
    #[schema(example = "1.0.0")]
    pub contract_version: String,
    /// The title.
    pub title: TextDto,
    /// What it is for.
    pub purpose: TextDto,
    /// Limits that a reader must know; empty if none.
    pub limitations: String,
    /// Who answers for it.
    pub owner: String,
    /// `public`, `internal` or `restricted`.
    #[schema(example = "public")]
    pub classification: String,
    /// The columns in order, without the envelope of raw tables.
    pub columns: Vec<ColumnDto>,
    /// The primary key.
    pub key: Vec<String>,
    /// What is there; none before `apply`.
    pub table: Option<TableStateDto>,
    /// The contract's file, relative to the project.
    pub contract_path: String,
    /// The contract's text, where it was asked for by `contract=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}

/// A dataset with what surrounds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatasetDetailDto {
    /// The dataset.
    #[serde(flatten)]
    pub summary: DatasetDto,
    /// The transformation's SQL, if one makes it.
    pub sql: Option<String>,
    /// The datasets it reads.
    pub upstream: Vec<String>,
    /// The datasets that read it.
    pub downstream: Vec<String>,
    /// The newest versions, newest first.
    pub history: Vec<TableVersionDto>,
    /// The partitions by value, the first thousand at the most.
    pub partitions: Vec<PartitionDto>,
    /// The fifty largest Parquet files, the largest first.
    pub data_files: Vec<DataFileDto>,
    /// Rows that were received for it and lie in quarantine; none for a dataset that takes no
    /// submissions.
    pub quarantined: Option<u64>,
}

/// A partition of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartitionDto {
    /// Its values, in the order of the table's partition columns.
    pub values: Vec<PartitionValueDto>,
    /// Its rows.
    pub rows: u64,
    /// Its Parquet files.
    pub files: u64,
    /// Their size.
    pub size_bytes: u64,
}

/// A Parquet file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataFileDto {
    /// From the table's folder.
    #[schema(example = "_period=2026-09/part-00000.zstd.parquet")]
    pub path: String,
    /// Its partition; empty if the table has no partitions.
    pub values: Vec<PartitionValueDto>,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub size_bytes: u64,
}

/// What all rows of a partition have in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartitionValueDto {
    /// The column.
    pub column: String,
    /// The value as text.
    pub value: Option<String>,
}

/// A version of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableVersionDto {
    /// The version.
    pub version: i64,
    /// When it was committed.
    #[schema(format = DateTime)]
    pub committed_at: String,
    /// What was done: `create`, `append`, `replace`, …
    pub operation: String,
    /// The rows it wrote, if it tells.
    #[serde(default)]
    pub rows: Option<u64>,
    /// What the commit says of itself, as JSON text.
    pub info: String,
}

impl DatasetDto {
    /// The dataset, with its contract's text if that was asked for.
    pub fn new(summary: DatasetSummary, with_contract: bool) -> Self {
        let Contract {
            dataset,
            version,
            title,
            purpose,
            limitations,
            owner,
            ..
        } = summary.contract;
        let classification = match summary.contract.classification {
            Classification::Public => "public",
            Classification::Internal => "internal",
            Classification::Restricted => "restricted",
        };
        Self {
            layer: dataset.layer().as_str().to_owned(),
            dataset: dataset.to_string(),
            contract_version: version.to_string(),
            title: title.into(),
            purpose: purpose.into(),
            limitations,
            owner,
            classification: classification.to_owned(),
            columns: summary
                .contract
                .columns
                .into_iter()
                .map(Into::into)
                .collect(),
            key: summary.contract.key,
            table: summary.table.map(Into::into),
            contract_path: summary.contract.path,
            contract: with_contract.then_some(summary.contract.source),
        }
    }
}

impl TryFrom<DatasetDto> for DatasetSummary {
    type Error = ServiceError;

    /// The contract is read again from its text, by the reader that read it first.
    fn try_from(dto: DatasetDto) -> Result<Self, ServiceError> {
        let broken = |why: &str| {
            let message = format!("cannot read the contract of `{}`: {why}", dto.dataset);
            ServiceError::new(ErrorKind::Invalid, message)
                .hint("Use a client of the server's version.")
        };
        let source = dto
            .contract
            .ok_or_else(|| broken("the server left it out"))?;
        let contract = Contract::read(&dto.contract_path, &source).map_err(|problems| {
            let first = problems.first().map(ToString::to_string);
            broken(&first.unwrap_or_default())
        })?;
        Ok(Self {
            contract,
            table: dto.table.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<Column> for ColumnDto {
    fn from(column: Column) -> Self {
        Self {
            name: column.name,
            column_type: column.column_type.to_string(),
            required: column.required,
            label: column.label.into(),
            description: column.description,
        }
    }
}

impl From<TableState> for TableStateDto {
    fn from(table: TableState) -> Self {
        let TableState {
            version,
            rows,
            files,
            size_bytes,
            committed_at,
        } = table;
        Self {
            version,
            rows,
            files,
            size_bytes,
            committed_at: committed_at.map(instant),
        }
    }
}

impl TryFrom<TableStateDto> for TableState {
    type Error = ServiceError;

    fn try_from(dto: TableStateDto) -> Result<Self, ServiceError> {
        let TableStateDto {
            version,
            rows,
            files,
            size_bytes,
            committed_at,
        } = dto;
        let committed_at = committed_at.as_deref().map(read_instant).transpose()?;
        Ok(Self {
            version,
            rows,
            files,
            size_bytes,
            committed_at,
        })
    }
}

impl From<TableVersion> for TableVersionDto {
    fn from(version: TableVersion) -> Self {
        let TableVersion {
            version,
            committed_at,
            operation,
            rows,
            info,
        } = version;
        Self {
            version,
            committed_at: instant(committed_at),
            operation,
            rows,
            info,
        }
    }
}

impl TryFrom<TableVersionDto> for TableVersion {
    type Error = ServiceError;

    fn try_from(dto: TableVersionDto) -> Result<Self, ServiceError> {
        let TableVersionDto {
            version,
            committed_at,
            operation,
            rows,
            info,
        } = dto;
        Ok(Self {
            version,
            committed_at: read_instant(&committed_at)?,
            operation,
            rows,
            info,
        })
    }
}

impl DatasetDetailDto {
    /// The dataset, with its contract's text if that was asked for.
    pub fn new(detail: DatasetDetail, with_contract: bool) -> Self {
        let names = |datasets: Vec<project::DatasetName>| {
            datasets.iter().map(ToString::to_string).collect()
        };
        Self {
            summary: DatasetDto::new(detail.summary, with_contract),
            sql: detail.sql,
            upstream: names(detail.upstream),
            downstream: names(detail.downstream),
            history: detail.history.into_iter().map(Into::into).collect(),
            partitions: detail.partitions.into_iter().map(Into::into).collect(),
            data_files: detail.data_files.into_iter().map(Into::into).collect(),
            quarantined: detail.quarantined,
        }
    }
}

impl TryFrom<DatasetDetailDto> for DatasetDetail {
    type Error = ServiceError;

    fn try_from(dto: DatasetDetailDto) -> Result<Self, ServiceError> {
        let names = |datasets: Vec<String>| {
            datasets
                .iter()
                .map(|name| read(name, "a dataset name"))
                .collect::<Result<_, _>>()
        };
        Ok(Self {
            summary: dto.summary.try_into()?,
            sql: dto.sql,
            upstream: names(dto.upstream)?,
            downstream: names(dto.downstream)?,
            history: dto
                .history
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            partitions: dto.partitions.into_iter().map(Into::into).collect(),
            data_files: dto.data_files.into_iter().map(Into::into).collect(),
            quarantined: dto.quarantined,
        })
    }
}

impl From<PartitionState> for PartitionDto {
    fn from(partition: PartitionState) -> Self {
        Self {
            values: values_out(partition.values),
            rows: partition.rows,
            files: partition.files,
            size_bytes: partition.size_bytes,
        }
    }
}

impl From<PartitionDto> for PartitionState {
    fn from(dto: PartitionDto) -> Self {
        Self {
            values: values_in(dto.values),
            rows: dto.rows,
            files: dto.files,
            size_bytes: dto.size_bytes,
        }
    }
}

impl From<DataFileState> for DataFileDto {
    fn from(file: DataFileState) -> Self {
        Self {
            path: file.path,
            values: values_out(file.values),
            rows: file.rows,
            size_bytes: file.size_bytes,
        }
    }
}

impl From<DataFileDto> for DataFileState {
    fn from(dto: DataFileDto) -> Self {
        Self {
            path: dto.path,
            values: values_in(dto.values),
            rows: dto.rows,
            size_bytes: dto.size_bytes,
        }
    }
}

fn values_out(values: Vec<(String, Option<String>)>) -> Vec<PartitionValueDto> {
    let values = values.into_iter();
    values
        .map(|(column, value)| PartitionValueDto { column, value })
        .collect()
}

fn values_in(values: Vec<PartitionValueDto>) -> Vec<(String, Option<String>)> {
    let values = values.into_iter();
    values.map(|value| (value.column, value.value)).collect()
}
