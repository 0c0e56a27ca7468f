//! Every `tests/sql/**/*.slt` through the engine: rows in, a transformation, rows out.
//!
//! Each file starts with an empty table for every dataset, and with the real code lists. Beside SQL
//! it can say `run served.x`, which evaluates `sql/served/x.sql` under its contract and puts the
//! answer in the place of `served.x`. `UPDATE_EXPECT=1` writes what came out into the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::engine::{Engine, EngineSettings, Param, QueryLimits, Session, Statement};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use project::{DatasetName, Layer, Project, Sources};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

/// The instant that `$run_at` stands for: 2026-09-15T00:00:00Z.
const RUN_AT_MICROS: i64 = 1_789_430_400_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn every_transformation_gives_the_rows_that_its_test_says() {
    let root = root();
    let (project, problems) = Project::read(&Sources::from_folder(&root).unwrap());
    assert!(problems.is_empty(), "{problems:#?}");
    let project = Arc::new(project);
    let files = files(&root.join("tests/sql"));
    assert!(
        files.len() >= project.transformations.len(),
        "a transformation has no test"
    );
    let bless = update_expected();
    let mut failures = Vec::new();
    for file in files {
        let given = Arc::clone(&project);
        let mut runner = Runner::new(|| {
            let given = Arc::clone(&given);
            async move { Ok::<_, Failed>(Tables::of(given)) }
        });
        if bless {
            runner
                .update_test_file(
                    &file,
                    " ",
                    sqllogictest::default_validator,
                    sqllogictest::default_normalizer,
                    sqllogictest::default_column_validator,
                )
                .await
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        } else if let Err(error) = runner.run_file_async(&file).await {
            failures.push(format!("{}", error.display(false)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the switch that accepts what came out"
)]
fn update_expected() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("tests/sql").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "slt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

struct Tables {
    project: Arc<Project>,
    session: Session,
}

impl Tables {
    fn of(project: Arc<Project>) -> Self {
        let mut tables: BTreeMap<DatasetName, Arc<dyn TableProvider>> = BTreeMap::new();
        for contract in project.contracts.values() {
            let schema = lenient(&contract.table_schema());
            let rows = if contract.dataset.layer() == Layer::Codes {
                let list = &project.code_lists[contract.dataset.name()];
                let batch = conduct::code_rows(contract, list).expect("a code list that loads");
                vec![batch.with_schema(Arc::clone(&schema)).unwrap()]
            } else {
                vec![]
            };
            let table = MemTable::try_new(schema, vec![rows]).unwrap();
            tables.insert(contract.dataset.clone(), Arc::new(table));
        }
        let settings = EngineSettings {
            partitions: 2,
            batch_rows: 1024,
            spill_folder: PathBuf::new(),
            memory_bytes: 1 << 30,
            spill_bytes: 0,
        };
        let limits = QueryLimits {
            memory_bytes: 256 << 20,
            memory_name: "query.memory_bytes",
            spill_bytes: 0,
            wait_ms: 60_000,
            rows: 1_000_000,
            bytes: 256 << 20,
        };
        let session = Engine::new(settings).session(tables, limits).unwrap();
        Self { project, session }
    }

    async fn run_transformation(&self, name: &str) -> Result<(), Failed> {
        let failed = |e: &dyn std::fmt::Display| Failed(format!("run {name}: {e}"));
        let dataset: DatasetName = name.parse().map_err(|e| failed(&e))?;
        let transformation = self
            .project
            .transformations
            .get(&dataset)
            .ok_or_else(|| failed(&"there is no such transformation"))?;
        let contract = &self.project.contracts[&dataset];
        let statement = Statement::parse(&transformation.sql).map_err(|e| failed(&e))?;
        let params = if transformation.sql.contains("$run_at") {
            BTreeMap::from([("run_at".to_owned(), Param::Instant(RUN_AT_MICROS))])
        } else {
            BTreeMap::new()
        };
        let planned = self
            .session
            .plan(&statement, &params)
            .await
            .map_err(|e| failed(&e))?;
        let planned = self
            .session
            .under_contract(planned, contract)
            .map_err(|e| failed(&e))?;
        let rows = self
            .session
            .collect(&planned)
            .await
            .map_err(|e| failed(&e))?;
        let schema = lenient(&contract.table_schema());
        let rows = rows
            .into_iter()
            .map(|b| b.with_schema(Arc::clone(&schema)).unwrap())
            .collect();
        let table = MemTable::try_new(Arc::clone(&schema), vec![rows]).map_err(|e| failed(&e))?;
        let context = self.session.context();
        let layer = context
            .catalog("dtm")
            .and_then(|c| c.schema(dataset.layer().as_str()));
        let layer = layer.ok_or_else(|| failed(&"the layer is missing"))?;
        layer
            .deregister_table(dataset.name())
            .map_err(|e| failed(&e))?;
        layer
            .register_table(dataset.name().to_owned(), Arc::new(table))
            .map_err(|e| failed(&e))?;
        Ok(())
    }
}

/// The same columns, none of them required: a test gives only what it is about.
fn lenient(schema: &Schema) -> SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .map(|f| Field::new(f.name(), f.data_type().clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[async_trait]
impl AsyncDB for Tables {
    type Error = Failed;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failed> {
        if let Some(name) = sql.trim().strip_prefix("run ") {
            self.run_transformation(name.trim()).await?;
            return Ok(DBOutput::StatementComplete(0));
        }
        let failed = |e: datafusion::error::DataFusionError| Failed(e.strip_backtrace());
        let frame = self.session.context().sql(sql).await.map_err(failed)?;
        let writes = matches!(
            frame.logical_plan(),
            datafusion::logical_expr::LogicalPlan::Dml(_)
        );
        let types = vec![DefaultColumnType::Any; frame.schema().fields().len()];
        let batches = frame.collect().await.map_err(failed)?;
        if writes {
            return Ok(DBOutput::StatementComplete(0));
        }
        let rows = batches.iter().flat_map(rows).collect();
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}
}

fn rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|c| arrow::compute::cast(c, &DataType::Utf8).expect("a value that can be shown"))
        .collect();
    let shown = |column: &dyn Array, row: usize| {
        let column = column.as_string::<i32>();
        match (
            column.is_null(row),
            column.is_null(row) || column.value(row).is_empty(),
        ) {
            (true, _) => "NULL".to_owned(),
            (false, true) => "(empty)".to_owned(),
            (false, false) => column.value(row).to_owned(),
        }
    };
    (0..batch.num_rows())
        .map(|r| columns.iter().map(|c| shown(c, r)).collect())
        .collect()
}
