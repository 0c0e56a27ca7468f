//! A plan with lists of atoms beside its columns: the same rows, and what is behind them.
//!
//! Every node keeps its columns and gets lists after them. Of each column that is asked about it is
//! known which lists hold the rows behind its values, and of the node which lists hold the rows
//! without which its rows might not be there. Lists are brought together where rows are, in
//! aggregates and unions, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::Fields;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, JoinType, Result, TableReference};
use datafusion::logical_expr::{
    Aggregate, Expr, Filter, Join, LogicalPlan, Projection, SubqueryAlias, TableScan,
    TableScanBuilder, cast, lit,
};
use project::{DatasetName, Layer};

use super::{atoms, gather};

/// Positions of columns.
pub(super) type Positions = BTreeSet<usize>;

/// A plan with lists.
pub(super) struct Annotated {
    pub plan: LogicalPlan,
    /// Where each column of the plan without lists stands.
    pub columns: Vec<usize>,
    /// The lists behind the values of those that were asked about.
    pub values: BTreeMap<usize, Positions>,
    /// The lists without whose rows the node's might not be there.
    pub rows: Positions,
}

impl Annotated {
    pub(super) fn plain(plan: &LogicalPlan) -> Self {
        Self {
            columns: (0..plan.schema().fields().len()).collect(),
            plan: plan.clone(),
            values: BTreeMap::new(),
            rows: Positions::new(),
        }
    }

    /// The column at a position, by its name.
    pub(super) fn at(&self, position: usize) -> Expr {
        let (qualifier, field) = self.plan.schema().qualified_field(position);
        Expr::Column(Column::new(qualifier.cloned(), field.name()))
    }

    pub(super) fn all(&self, positions: &Positions) -> Vec<Expr> {
        positions
            .iter()
            .map(|position| self.at(*position))
            .collect()
    }

    /// The same lists at other positions.
    pub(super) fn moved(
        self,
        plan: LogicalPlan,
        columns: Vec<usize>,
        to: &BTreeMap<usize, usize>,
    ) -> Self {
        let moved = |lists: &Positions| lists.iter().filter_map(|l| to.get(l).copied()).collect();
        Self {
            plan,
            columns,
            values: self.values.iter().map(|(c, l)| (*c, moved(l))).collect(),
            rows: moved(&self.rows),
        }
    }
}

/// Where the rows of a list are from.
pub(super) enum Scan {
    /// One of the tables, and its columns whose values are behind what was asked about.
    Table(usize, BTreeSet<String>),
    /// The groups of an aggregate, which are followed further by themselves, and its columns that
    /// are asked about.
    Groups(Box<Aggregate>, Positions),
}

/// Puts lists beside the columns of one plan.
pub(super) struct Annotator<'a> {
    /// The tables whose rows are followed, by their numbers.
    pub tables: &'a [(DatasetName, Fields)],
    /// Where rows are followed to, by the numbers in atoms.
    pub scans: Vec<Scan>,
    /// Those whose rows could not be followed: any may be behind it.
    pub whole: BTreeSet<DatasetName>,
    /// What stopped the way back.
    pub stops: BTreeSet<String>,
    /// The tables of whose rows a window function decides which there are.
    pub picks: BTreeSet<DatasetName>,
    /// Whether one decides which groups there are.
    pub picks_groups: bool,
    lists: usize,
}

impl<'a> Annotator<'a> {
    pub(super) fn new(tables: &'a [(DatasetName, Fields)]) -> Self {
        Self {
            tables,
            scans: Vec::new(),
            whole: BTreeSet::new(),
            stops: BTreeSet::new(),
            picks: BTreeSet::new(),
            picks_groups: false,
            lists: 0,
        }
    }

    /// What identifies the rows of each scan.
    pub(super) fn identities(&self) -> Vec<Fields> {
        let identity = |scan: &Scan| match scan {
            Scan::Table(table, _) => self.tables.get(*table).map(|(_, fields)| fields.clone()),
            Scan::Groups(node, _) => Some(gather::keys(node)),
        };
        let identities = self.scans.iter().map(identity);
        identities.map(Option::unwrap_or_default).collect()
    }

    /// The table of a scan.
    pub(super) fn table(&self, scan: &Scan) -> Option<&DatasetName> {
        match scan {
            Scan::Table(table, _) => self.tables.get(*table).map(|(dataset, _)| dataset),
            Scan::Groups(..) => None,
        }
    }

    /// The table that a scan reads, if its rows are followed.
    pub(super) fn followed(&self, scan: &TableScan) -> Option<&(DatasetName, Fields)> {
        let dataset = dataset(&scan.table_name)?;
        self.tables.iter().find(|(table, _)| *table == dataset)
    }

    /// The plan with lists for the columns that are asked about, and for its rows.
    pub(super) fn annotate(&mut self, plan: &LogicalPlan, need: &Positions) -> Result<Annotated> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(plan, scan, need),
            LogicalPlan::Projection(node) => self.project(node, need),
            LogicalPlan::Filter(node) => {
                let mut input = self.annotate(&node.input, need)?;
                let filter = Filter::try_new(node.predicate.clone(), Arc::new(input.plan))?;
                input.plan = LogicalPlan::Filter(filter);
                Ok(input)
            }
            LogicalPlan::SubqueryAlias(node) => {
                let mut input = self.annotate(&node.input, need)?;
                let alias = SubqueryAlias::try_new(Arc::new(input.plan), node.alias.clone())?;
                input.plan = LogicalPlan::SubqueryAlias(alias);
                Ok(input)
            }
            LogicalPlan::Aggregate(node) if self.is_cut(node)? => self.groups(node, need),
            LogicalPlan::Aggregate(node) => self.aggregate(node, need),
            LogicalPlan::Window(node) => self.window(node, need),
            LogicalPlan::Join(node) => self.join(node, need),
            LogicalPlan::Union(node) => self.union(node, need),
            LogicalPlan::Sort(node) => self.over(plan, &node.input, need),
            LogicalPlan::Repartition(node) => self.over(plan, &node.input, need),
            LogicalPlan::Limit(node) => {
                self.stops.insert("`limit`".to_owned());
                self.over(plan, &node.input, need)
            }
            LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => Ok(Annotated::plain(plan)),
            other => self.opaque(other),
        }
    }

    pub(super) fn name(&mut self) -> String {
        self.lists += 1;
        format!("__trace_{}", self.lists)
    }

    fn scan(
        &mut self,
        plan: &LogicalPlan,
        scan: &TableScan,
        need: &Positions,
    ) -> Result<Annotated> {
        let mut found = Annotated::plain(plan);
        let dataset = dataset(&scan.table_name);
        let table = self
            .tables
            .iter()
            .position(|(d, _)| Some(d) == dataset.as_ref());
        let Some(table) = table else {
            return Ok(found);
        };
        let fields = plan.schema().fields();
        let names = need.iter().filter_map(|column| fields.get(*column));
        let names = names.map(|field| field.name().clone()).collect();
        let number = i64::try_from(self.scans.len()).unwrap_or(i64::MAX);
        self.scans.push(Scan::Table(table, names));
        let mut arguments = vec![lit(number)];
        let identity = self.tables.get(table).map(|(_, fields)| fields);
        for field in identity.into_iter().flatten() {
            let column = Column::new(Some(scan.table_name.clone()), field.name());
            arguments.push(cast(Expr::Column(column), field.data_type().clone()));
        }
        let mut exprs = found.all(&(0..fields.len()).collect());
        exprs.push(atoms::atom().call(arguments).alias(self.name()));
        found.plan = LogicalPlan::TableScan(wider(scan, identity)?);
        let list = Positions::from([fields.len()]);
        found.values = need.iter().map(|column| (*column, list.clone())).collect();
        found.rows = list;
        let projection = Projection::try_new(exprs, Arc::new(found.plan))?;
        found.plan = LogicalPlan::Projection(projection);
        Ok(found)
    }

    fn project(&mut self, node: &Projection, need: &Positions) -> Result<Annotated> {
        let asked = need.iter().filter_map(|column| node.expr.get(*column));
        let input = self.annotate(&node.input, &used(asked, &node.input))?;
        let behind = |column: &usize| {
            let expr = node.expr.get(*column)?;
            Some((*column, behind([expr], &node.input, &input)))
        };
        let values: BTreeMap<usize, Positions> = need.iter().filter_map(behind).collect();
        let lists: Positions = values
            .values()
            .flatten()
            .chain(&input.rows)
            .copied()
            .collect();
        let mut exprs = node.expr.clone();
        let columns = (0..exprs.len()).collect();
        let to = lists.iter().zip(exprs.len()..);
        let to = to.map(|(list, position)| (*list, position)).collect();
        exprs.extend(input.all(&lists));
        let projection = Projection::try_new(exprs, Arc::new(input.plan.clone()))?;
        let found = Annotated { values, ..input };
        Ok(found.moved(LogicalPlan::Projection(projection), columns, &to))
    }

    fn join(&mut self, node: &Join, need: &Positions) -> Result<Annotated> {
        use JoinType::{LeftAnti, LeftMark, LeftSemi, Right, RightAnti, RightMark, RightSemi};
        let kept_left = !matches!(node.join_type, RightSemi | RightAnti | RightMark);
        let kept_right = !matches!(node.join_type, LeftSemi | LeftAnti | LeftMark);
        let before = if kept_left {
            node.left.schema().fields().len()
        } else {
            0
        };
        let of_left: Positions = need.iter().filter(|c| **c < before).copied().collect();
        let of_right: Positions = need.iter().filter_map(|c| c.checked_sub(before)).collect();
        let left = self.annotate(&node.left, &of_left)?;
        let of_right = if kept_right {
            of_right
        } else {
            Positions::new()
        };
        let right = self.annotate(&node.right, &of_right)?;
        if matches!(node.join_type, LeftAnti | RightAnti | LeftMark | RightMark) {
            self.stops
                .insert("a condition that rows elsewhere do not exist".to_owned());
        }
        let width = if kept_left {
            left.plan.schema().fields().len()
        } else {
            0
        };
        let mut columns = Vec::new();
        let (mut values, mut rows) = (BTreeMap::new(), Positions::new());
        if kept_left {
            columns.extend(&left.columns);
            values.extend(left.values);
            if !matches!(node.join_type, Right) {
                rows.extend(&left.rows);
            }
        }
        if kept_right {
            let shifted = |lists: &Positions| lists.iter().map(|list| list + width).collect();
            let of_right = right.values.iter();
            values.extend(of_right.map(|(column, lists)| (column + before, shifted(lists))));
            columns.extend(right.columns.iter().map(|column| column + width));
            // A row of the left side stays where the right one has nothing for it.
            if !matches!(node.join_type, JoinType::Left) {
                rows.extend(shifted(&right.rows));
            }
        }
        let join = Join::try_new(
            Arc::new(left.plan),
            Arc::new(right.plan),
            node.on.clone(),
            node.filter.clone(),
            node.join_type,
            node.join_constraint,
            node.null_equality,
            node.null_aware,
        )?;
        let plan = LogicalPlan::Join(join);
        if matches!(node.join_type, LeftMark | RightMark) {
            columns.push(plan.schema().fields().len() - 1);
        }
        Ok(Annotated {
            plan,
            columns,
            values,
            rows,
        })
    }

    /// A node that takes rows as they are.
    fn over(
        &mut self,
        plan: &LogicalPlan,
        input: &LogicalPlan,
        need: &Positions,
    ) -> Result<Annotated> {
        let mut found = self.annotate(input, need)?;
        found.plan = plan.with_new_exprs(plan.expressions(), vec![found.plan])?;
        Ok(found)
    }

    /// A node whose rows cannot be followed: any row of the tables below may be behind it.
    fn opaque(&mut self, plan: &LogicalPlan) -> Result<Annotated> {
        let tables = self.tables;
        let mut below = BTreeSet::new();
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                below.extend(dataset(&scan.table_name));
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        below.retain(|dataset| tables.iter().any(|(d, _)| d == dataset));
        if !below.is_empty() {
            let text = plan.display().to_string();
            let operator = text.split([':', ' ']).next().unwrap_or_default();
            self.stops
                .insert(format!("`{operator}`, through which rows are not followed"));
        }
        self.whole.extend(below);
        Ok(Annotated::plain(plan))
    }
}

/// A scan that reads the identity of its rows, too.
fn wider(scan: &TableScan, identity: Option<&Fields>) -> Result<TableScan> {
    let Some(mut columns) = scan.projection.clone() else {
        return Ok(scan.clone());
    };
    let schema = scan.source.schema();
    for field in identity.into_iter().flatten() {
        let column = schema.index_of(field.name())?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    TableScanBuilder::new(scan.table_name.clone(), Arc::clone(&scan.source))
        .with_projection(Some(columns))
        .with_filters(scan.filters.clone())
        .with_fetch(scan.fetch)
        .build()
}

/// The dataset of a table's name; a bare one is of the layer that is served.
pub(super) fn dataset(table: &TableReference) -> Option<DatasetName> {
    let schema = table.schema().unwrap_or(Layer::Served.as_str());
    format!("{schema}.{}", table.table()).parse().ok()
}

/// The columns of the input that expressions name.
pub(super) fn used<'e>(
    exprs: impl IntoIterator<Item = &'e Expr>,
    input: &LogicalPlan,
) -> Positions {
    let names = exprs.into_iter().flat_map(Expr::column_refs);
    let found = names.filter_map(|column| input.schema().index_of_column(column).ok());
    found.collect()
}

/// The lists behind the values of expressions over the input.
pub(super) fn behind<'e>(
    exprs: impl IntoIterator<Item = &'e Expr>,
    input: &LogicalPlan,
    annotated: &Annotated,
) -> Positions {
    let columns = used(exprs, input);
    let lists = columns
        .iter()
        .filter_map(|column| annotated.values.get(column));
    lists.flatten().copied().collect()
}
