//! A plan with lists of atoms beside its columns: the same rows, and what is behind them.
//!
//! Every node keeps its columns and gets lists after them. Of each column that is asked about it is
//! known which lists hold the rows behind its values, and of the node which lists hold the rows
//! without which its rows might not be there. Lists are brought together where rows are, in
//! aggregates and unions, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, JoinType, Result, ScalarValue, TableReference};
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, Expr, Filter, Join, LogicalPlan, Operator, Projection, SubqueryAlias, TableScan,
    TableScanBuilder, Union, Window, WindowFrame, WindowFunctionDefinition, binary_expr, cast, lit,
};
use project::{DatasetName, Layer};

use super::atoms;

/// Positions of columns.
pub(super) type Positions = BTreeSet<usize>;

/// A plan with lists.
pub(super) struct Annotated {
    pub plan: LogicalPlan,
    /// Where each column of the plan without lists stands.
    columns: Vec<usize>,
    /// The lists behind the values of those that were asked about.
    pub values: BTreeMap<usize, Positions>,
    /// The lists without whose rows the node's might not be there.
    pub rows: Positions,
}

impl Annotated {
    fn plain(plan: &LogicalPlan) -> Self {
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
    fn moved(self, plan: LogicalPlan, columns: Vec<usize>, to: &BTreeMap<usize, usize>) -> Self {
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
            Scan::Groups(node, _) => Some(keys(node)),
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

    fn name(&mut self) -> String {
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
        let Some(dataset) = dataset(&scan.table_name) else {
            return Ok(found);
        };
        let Some(table) = self.tables.iter().position(|(d, _)| *d == dataset) else {
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

    /// Whether the groups of an aggregate are followed by themselves: there are keys to follow them
    /// by, and rows that are followed below. What has none of the groups is not looked at then.
    fn is_cut(&self, node: &Aggregate) -> Result<bool> {
        let plain = !matches!(node.group_expr.as_slice(), [] | [Expr::GroupingSet(_)]);
        Ok(plain && node.input.exists(|below| Ok(self.reads(below)))?)
    }

    fn reads(&self, node: &LogicalPlan) -> bool {
        let LogicalPlan::TableScan(scan) = node else {
            return false;
        };
        let dataset = dataset(&scan.table_name);
        dataset.is_some_and(|dataset| self.tables.iter().any(|(d, _)| *d == dataset))
    }

    fn groups(&mut self, node: &Aggregate, need: &Positions) -> Result<Annotated> {
        let mut found = Annotated::plain(&LogicalPlan::Aggregate(node.clone()));
        let width = node.schema.fields().len();
        let identity = keys(node);
        let number = i64::try_from(self.scans.len()).unwrap_or(i64::MAX);
        let asked: Positions = need
            .iter()
            .filter(|c| **c >= identity.len())
            .copied()
            .collect();
        let mut arguments = vec![lit(number)];
        for (key, field) in identity.iter().enumerate() {
            arguments.push(cast(found.at(key), field.data_type().clone()));
        }
        let list = Positions::from([width]);
        // A key is what its rows have in common: none of them is behind its value more than others.
        found.values = asked.iter().map(|column| (*column, list.clone())).collect();
        found.rows = list;
        self.scans.push(Scan::Groups(Box::new(node.clone()), asked));
        let mut exprs = found.all(&(0..width).collect());
        exprs.push(atoms::atom().call(arguments).alias(self.name()));
        let projection = Projection::try_new(exprs, Arc::new(found.plan))?;
        found.plan = LogicalPlan::Projection(projection);
        Ok(found)
    }

    /// The plan of an aggregate itself, which is not cut.
    pub(super) fn aggregate(&mut self, node: &Aggregate, need: &Positions) -> Result<Annotated> {
        let keys = node.schema.fields().len() - node.aggr_expr.len();
        let call = |column: &usize| {
            let call = node.aggr_expr.get(column.checked_sub(keys)?)?;
            function(call).map(|call| (*column, call))
        };
        let calls: Vec<(usize, &AggregateFunction)> = need.iter().filter_map(call).collect();
        let arguments = calls.iter().flat_map(|(_, call)| &call.params.args);
        let input = self.annotate(&node.input, &used(arguments, &node.input))?;
        let mut exprs = node.aggr_expr.clone();
        let mut found = Annotated {
            plan: node.input.as_ref().clone(),
            columns: (0..node.schema.fields().len()).collect(),
            values: BTreeMap::new(),
            rows: Positions::new(),
        };
        if !input.rows.is_empty() {
            found.rows.insert(keys + exprs.len());
            let witness = atoms::witness().call(input.all(&input.rows));
            exprs.push(witness.alias(self.name()));
        }
        for (column, call) in calls {
            let mut lists = behind(&call.params.args, &node.input, &input);
            if lists.is_empty() && !matches!(call.func.name(), "min" | "max") {
                // A count of rows, or a sum over ones, is made of the rows themselves.
                lists.clone_from(&input.rows);
            }
            if lists.is_empty() {
                continue;
            }
            self.stops.extend(stop(call));
            found.values.insert(column, [keys + exprs.len()].into());
            let gathered = Expr::AggregateFunction(AggregateFunction::new_udf(
                atoms::union(),
                input.all(&lists),
                false,
                counted(call, &node.input)?.map(Box::new),
                Vec::new(),
                None,
            ));
            exprs.push(gathered.alias(self.name()));
        }
        let groups = node.group_expr.clone();
        let aggregate = Aggregate::try_new(Arc::new(input.plan), groups, exprs)?;
        found.plan = LogicalPlan::Aggregate(aggregate);
        Ok(found)
    }

    fn window(&mut self, node: &Window, need: &Positions) -> Result<Annotated> {
        let before = node.input.schema().fields().len();
        let call = |column: &usize| {
            let expr = node.window_expr.get(column.checked_sub(before)?)?;
            match expr.clone().unalias() {
                Expr::WindowFunction(call) => Some((*column, *call)),
                _ => None,
            }
        };
        let calls: Vec<(usize, WindowFunction)> = need.iter().filter_map(call).collect();
        let mut asked = used(calls.iter().flat_map(|(_, call)| read(call)), &node.input);
        asked.extend(need.iter().filter(|column| **column < before));
        let before_it = self.scans.len();
        let mut input = self.annotate(&node.input, &asked)?;
        if calls.len() < node.window_expr.len() && !input.rows.is_empty() {
            for scan in self.scans.iter().skip(before_it) {
                match scan {
                    Scan::Table(table, _) => {
                        let table = self.tables.get(*table);
                        self.picks.extend(table.map(|(dataset, _)| dataset.clone()));
                    }
                    Scan::Groups(..) => self.picks_groups = true,
                }
            }
        }
        let width = input.plan.schema().fields().len();
        let mut exprs = node.window_expr.clone();
        let mut columns = std::mem::take(&mut input.columns);
        columns.extend(width..width + exprs.len());
        let mut values = BTreeMap::new();
        for (column, call) in calls {
            let mut lists = behind(read(&call), &node.input, &input);
            lists.extend(&input.rows);
            if lists.is_empty() {
                continue;
            }
            let partition = &call.params.partition_by;
            self.stops.insert(format!(
                "the window function `{}`, over {}",
                call.fun,
                by(partition)
            ));
            let union = WindowFunctionDefinition::AggregateUDF(atoms::union());
            let mut gathered = WindowFunction::new(union, input.all(&lists));
            gathered.params.partition_by.clone_from(partition);
            gathered.params.window_frame = WindowFrame::new(None);
            let gathered = Expr::from(gathered);
            let known = exprs.iter().position(|expr| *expr == gathered);
            let at = known.unwrap_or(exprs.len());
            values.insert(column, Positions::from([width + at]));
            if known.is_none() {
                exprs.push(gathered);
            }
        }
        values.extend(input.values);
        let window = Window::try_new(exprs, Arc::new(input.plan))?;
        let mut found = Annotated {
            plan: LogicalPlan::Window(window),
            columns,
            values,
            rows: input.rows,
        };
        // A name of one's own for each list; an alias within the node is not expected everywhere.
        let all = found.plan.schema().fields().len();
        let lists = width + node.window_expr.len();
        if lists < all {
            let mut exprs = found.all(&(0..all).collect());
            for expr in exprs.iter_mut().skip(lists) {
                *expr = expr.clone().alias(self.name());
            }
            let projection = Projection::try_new(exprs, Arc::new(found.plan))?;
            found.plan = LogicalPlan::Projection(projection);
        }
        Ok(found)
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
        let of_right = need.iter().filter_map(|c| c.checked_sub(before)).collect();
        let left = self.annotate(&node.left, &of_left)?;
        let right = self.annotate(&node.right, if kept_right { &of_right } else { &of_left })?;
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

    /// Every input gets the same lists in the same places: one for each column that is asked about
    /// and one for the rows.
    fn union(&mut self, node: &Union, need: &Positions) -> Result<Annotated> {
        let width = node.schema.fields().len();
        let names: Vec<String> = (0..=need.len()).map(|_| self.name()).collect();
        let mut inputs = Vec::new();
        for input in &node.inputs {
            let found = self.annotate(input, need)?;
            let mut exprs: Vec<Expr> = found.columns.iter().map(|c| found.at(*c)).collect();
            let none = Positions::new();
            let lists = need.iter().map(|c| found.values.get(c).unwrap_or(&none));
            for (lists, name) in lists.chain([&found.rows]).zip(&names) {
                exprs.push(merged(found.all(lists))?.alias(name));
            }
            let projection = Projection::try_new(exprs, Arc::new(found.plan))?;
            inputs.push(Arc::new(LogicalPlan::Projection(projection)));
        }
        let values = need.iter().zip(width..);
        Ok(Annotated {
            plan: LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?),
            columns: (0..width).collect(),
            values: values
                .map(|(c, list)| (*c, Positions::from([list])))
                .collect(),
            rows: Positions::from([width + need.len()]),
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
            Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
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

/// The keys of an aggregate's groups, by their places.
pub(super) fn keys(node: &Aggregate) -> Fields {
    let fields = node.schema.fields().iter().take(node.group_expr.len());
    let plain = |data_type: &DataType| match data_type {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::Utf8View => DataType::Utf8,
        other => other.clone(),
    };
    let field = |(place, field): (usize, &Arc<Field>)| {
        Field::new(format!("key_{place}"), plain(field.data_type()), true)
    };
    fields.enumerate().map(field).collect()
}

/// The dataset of a table's name; a bare one is of the layer that is served.
fn dataset(table: &TableReference) -> Option<DatasetName> {
    let schema = table.schema().unwrap_or(Layer::Served.as_str());
    format!("{schema}.{}", table.table()).parse().ok()
}

/// The columns of the input that expressions name.
fn used<'e>(exprs: impl IntoIterator<Item = &'e Expr>, input: &LogicalPlan) -> Positions {
    let names = exprs.into_iter().flat_map(Expr::column_refs);
    let found = names.filter_map(|column| input.schema().index_of_column(column).ok());
    found.collect()
}

/// The lists behind the values of expressions over the input.
fn behind<'e>(
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

/// What the value of a window function is made of.
fn read(call: &WindowFunction) -> impl Iterator<Item = &Expr> {
    let params = &call.params;
    params
        .args
        .iter()
        .chain(params.order_by.iter().map(|key| &key.expr))
}

fn by(partition: &[Expr]) -> String {
    if partition.is_empty() {
        return "all rows".to_owned();
    }
    let keys = partition.iter().map(|key| match key {
        Expr::Column(column) => column.name.clone(),
        other => other.to_string(),
    });
    format!("rows of the same {}", keys.collect::<Vec<_>>().join(", "))
}

fn function(call: &Expr) -> Option<&AggregateFunction> {
    match call {
        Expr::Alias(alias) => function(&alias.expr),
        Expr::AggregateFunction(call) => Some(call),
        _ => None,
    }
}

/// What an aggregate leaves open: of some, one row is the value and the others might have been.
fn stop(call: &AggregateFunction) -> Option<String> {
    let name = call.func.name();
    if call.params.distinct {
        return Some(format!(
            "`{name}(distinct …)`, of whose rows one is enough for each value"
        ));
    }
    let adds = matches!(name, "count" | "sum" | "avg");
    (!adds).then(|| format!("`{name}`, which takes its value from some of the rows"))
}

/// The rows that the value of an aggregate is made of: those that it takes, and that change it.
fn counted(call: &AggregateFunction, input: &LogicalPlan) -> Result<Option<Expr>> {
    let mut conditions: Vec<Expr> = call.params.filter.iter().map(|f| *f.clone()).collect();
    for argument in &call.params.args {
        if matches!(argument, Expr::Literal(..)) {
            continue;
        }
        conditions.push(argument.clone().is_not_null());
        if call.func.name() == "sum" {
            use datafusion::logical_expr::ExprSchemable;
            let zero = ScalarValue::new_zero(&argument.get_type(input.schema())?)?;
            let zero = Expr::Literal(zero, None);
            conditions.push(binary_expr(argument.clone(), Operator::NotEq, zero));
        }
    }
    Ok(conditions.into_iter().reduce(Expr::and))
}

/// Lists as one.
pub(super) fn merged(mut lists: Vec<Expr>) -> Result<Expr> {
    match lists.len() {
        0 => Ok(Expr::Literal(
            ScalarValue::try_from(&atoms::list_type())?,
            None,
        )),
        1 => Ok(lists.remove(0)),
        _ => Ok(atoms::merge().call(lists)),
    }
}
