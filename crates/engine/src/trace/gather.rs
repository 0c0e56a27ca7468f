//! Nodes that bring rows together: aggregates, window functions and unions, whose lists are brought
//! together with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, Expr, ExprSchemable, LogicalPlan, Operator, Projection, Union, Window, WindowFrame,
    WindowFunctionDefinition, binary_expr, cast, lit,
};

use super::annotate::{Annotated, Annotator, Positions, Scan, behind, used};
use super::atoms;

impl Annotator<'_> {
    /// Whether the groups of an aggregate are followed by themselves: there are keys to follow them
    /// by, and rows that are followed below. What has none of the groups is not looked at then.
    pub(super) fn is_cut(&self, node: &Aggregate) -> Result<bool> {
        let plain = !matches!(node.group_expr.as_slice(), [] | [Expr::GroupingSet(_)]);
        Ok(plain && node.input.exists(|below| Ok(self.reads(below)))?)
    }

    fn reads(&self, node: &LogicalPlan) -> bool {
        matches!(node, LogicalPlan::TableScan(scan) if self.followed(scan).is_some())
    }

    pub(super) fn groups(&mut self, node: &Aggregate, need: &Positions) -> Result<Annotated> {
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

    pub(super) fn window(&mut self, node: &Window, need: &Positions) -> Result<Annotated> {
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
            let union = WindowFunctionDefinition::AggregateUDF(atoms::union_of_window());
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
        let found = Annotated {
            plan: LogicalPlan::Window(window),
            columns,
            values,
            rows: input.rows,
        };
        let lists = width + node.window_expr.len();
        self.named(found, lists)
    }

    /// The plan with a name of its own for each list after a place; an alias within a node of window
    /// functions is not expected everywhere.
    fn named(&mut self, mut found: Annotated, lists: usize) -> Result<Annotated> {
        let all = found.plan.schema().fields().len();
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

    /// Every input gets the same lists in the same places: one for each column that is asked about
    /// and one for the rows.
    pub(super) fn union(&mut self, node: &Union, need: &Positions) -> Result<Annotated> {
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
