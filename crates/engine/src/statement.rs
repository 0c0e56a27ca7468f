//! A statement as text: what it reads, and whether it only reads.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::common::TableReference;
use datafusion::sql::parser::{DFParserBuilder, Statement as Parsed};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use project::{DatasetName, Layer};

use crate::{EngineError, Result};

/// One read-only statement.
#[derive(Debug, Clone)]
pub struct Statement {
    pub(crate) parsed: Parsed,
    inputs: BTreeSet<DatasetName>,
}

const READ_ONLY_HINT: &str =
    "Send one `select` statement; data enters by submission and changes by transformations.";

impl Statement {
    /// Reads exactly one statement that only reads; refuses everything else before any planning.
    pub fn parse(sql: &str) -> Result<Self> {
        let dialect = GenericDialect {};
        let mut statements = DFParserBuilder::new(sql)
            .with_dialect(&dialect)
            .with_recursion_limit(64)
            .build()
            .and_then(|mut parser| parser.parse_statements())
            .map_err(EngineError::planning)?;
        let parsed = match (statements.pop_front(), statements.pop_front()) {
            (Some(statement), None) => statement,
            (None, _) => {
                return Err(EngineError::invalid(
                    "the SQL holds no statement",
                    READ_ONLY_HINT,
                ));
            }
            (Some(_), Some(_)) => {
                return Err(EngineError::invalid(
                    "the SQL holds more than one statement",
                    READ_ONLY_HINT,
                ));
            }
        };
        only_reads(&parsed)?;
        let (tables, _) = resolve_table_references(&parsed, true).map_err(EngineError::planning)?;
        let inputs = tables.iter().map(dataset).collect::<Result<_>>()?;
        Ok(Self { parsed, inputs })
    }

    /// The datasets that the statement names.
    pub fn inputs(&self) -> &BTreeSet<DatasetName> {
        &self.inputs
    }
}

fn only_reads(parsed: &Parsed) -> Result<()> {
    let refused = |word: &str| {
        Err(EngineError::invalid(
            format!("the statement is `{word}`, and only `select` is taken here"),
            READ_ONLY_HINT,
        ))
    };
    match parsed {
        Parsed::Statement(statement) => match statement.as_ref() {
            ast::Statement::Query(query) => writes_inside(query).map_or(Ok(()), |w| refused(&w)),
            other => refused(&first_word(&other.to_string())),
        },
        Parsed::Explain(explain) => only_reads(&explain.statement),
        other => refused(&first_word(&other.to_string())),
    }
}

/// A query can carry `insert`, `update` or `select … into` inside; none of them is a read.
fn writes_inside(query: &ast::Query) -> Option<String> {
    struct Writes(Option<String>);
    impl ast::Visitor for Writes {
        type Break = ();
        fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
            self.0 = set_writes(&query.body);
            if self.0.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    }
    let mut visitor = Writes(None);
    let _ = ast::Visit::visit(query, &mut visitor);
    visitor.0
}

fn set_writes(body: &ast::SetExpr) -> Option<String> {
    match body {
        ast::SetExpr::Select(select) => select.into.as_ref().map(|_| "select into".to_owned()),
        ast::SetExpr::SetOperation { left, right, .. } => {
            set_writes(left).or_else(|| set_writes(right))
        }
        ast::SetExpr::Query(_) | ast::SetExpr::Values(_) | ast::SetExpr::Table(_) => None,
        other => Some(first_word(&other.to_string())),
    }
}

fn first_word(text: &str) -> String {
    text.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_lowercase()
}

/// A table reference as a dataset; a bare name means the served layer.
pub(crate) fn dataset(table: &TableReference) -> Result<DatasetName> {
    let name = match table {
        TableReference::Bare { table } => format!("{}.{table}", Layer::Served.as_str()),
        TableReference::Partial { schema, table } => format!("{schema}.{table}"),
        TableReference::Full {
            catalog,
            schema,
            table,
        } => format!("{catalog}.{schema}.{table}"),
    };
    name.parse().map_err(|_| {
        EngineError::invalid(
            format!("the SQL names `{table}`, and there is no such dataset"),
            "Name a dataset as `layer.name`; `dtm query` and the catalogue list them.",
        )
    })
}
