//! The layout of a report: its blocks and what they show.

use std::collections::BTreeSet;

use super::read::bilingual;
use super::{Block, ChartKind, ColumnFormat, ReportColumn};
use crate::problem::{Sink, known, quoted};
use crate::yaml::{Map, Node};

const FORMATS: [(&str, ColumnFormat); 7] = [
    ("text", ColumnFormat::Text),
    ("integer", ColumnFormat::Integer),
    ("decimal1", ColumnFormat::Decimal1),
    ("decimal2", ColumnFormat::Decimal2),
    ("percent1", ColumnFormat::Percent1),
    ("date", ColumnFormat::Date),
    ("datetime", ColumnFormat::DateTime),
];

const CHARTS: [(&str, ChartKind); 3] = [
    ("bar", ChartKind::Bar),
    ("column", ChartKind::Column),
    ("line", ChartKind::Line),
];

const BLOCKS: [&str; 5] = ["heading", "text", "figures", "chart", "table"];

/// Reads one item of `layout`, a mapping of one key that says what it is.
pub(super) fn block(
    node: &Node,
    queries: &[&str],
    used: &mut BTreeSet<String>,
    sink: &Sink<'_>,
) -> Option<Block> {
    let entries = Map::open(node, "a block of the layout", sink)?.entries();
    let [(kind, _)] = entries.as_slice() else {
        let count = entries.len();
        let all = quoted(&BLOCKS);
        sink.at(
            node.at,
            format!("a block is one of {all}, found {count} keys"),
        );
        return None;
    };
    let mut outer = Map::open(node, "a block of the layout", sink)?;
    let block = match kind.text {
        "heading" => Some(Block::Heading(bilingual(outer.map("heading")))),
        "text" => Some(Block::Paragraph(bilingual(outer.map("text")))),
        "figures" => outer.map("figures").and_then(|mut map| {
            let query = query(&mut map, queries, used, sink);
            let columns = columns(&mut map, sink);
            map.close();
            Some(Block::Figures {
                query: query?,
                columns,
            })
        }),
        "chart" => outer
            .map("chart")
            .and_then(|map| chart(map, queries, used, sink)),
        "table" => outer.map("table").and_then(|mut map| {
            let query = query(&mut map, queries, used, sink);
            let title = bilingual(map.map("title"));
            let columns = columns(&mut map, sink);
            map.close();
            Some(Block::Table {
                query: query?,
                title,
                columns,
            })
        }),
        other => {
            let hint = known(other, &BLOCKS, "block");
            sink.at(kind.at, format!("unknown block `{other}`: {hint}"));
            return None;
        }
    };
    outer.close();
    block
}

fn chart(
    mut map: Map<'_, '_>,
    queries: &[&str],
    used: &mut BTreeSet<String>,
    sink: &Sink<'_>,
) -> Option<Block> {
    let kind = map.choice("kind", &CHARTS);
    let query = query(&mut map, queries, used, sink);
    let x = map.text("x");
    let y = map.text("y");
    let title = bilingual(map.map("title"));
    map.close();
    let (x, y) = (x?.text.to_owned(), y?.text.to_owned());
    Some(Block::Chart {
        kind: kind?,
        query: query?,
        x,
        y,
        title,
    })
}

fn query(
    map: &mut Map<'_, '_>,
    queries: &[&str],
    used: &mut BTreeSet<String>,
    sink: &Sink<'_>,
) -> Option<String> {
    let word = map.text("query")?;
    let text = word.text;
    used.insert(text.to_owned());
    if !queries.contains(&text) {
        let hint = known(text, queries, "query");
        sink.at(word.at, format!("no query is named `{text}`: {hint}"));
        return None;
    }
    Some(text.to_owned())
}

fn columns(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Vec<ReportColumn> {
    let mut columns: Vec<ReportColumn> = Vec::new();
    for node in map.list("columns") {
        let Some(mut map) = Map::open(node, "a column", sink) else {
            continue;
        };
        let name = map.text("name");
        if let Some(name) = name {
            map.call(format!("column `{}`", name.text));
        }
        let label = bilingual(map.map("label"));
        let format = map.choice("format", &FORMATS);
        map.close();
        let (Some(name), Some(format)) = (name, format) else {
            continue;
        };
        if columns.iter().any(|c| c.name == name.text) {
            sink.at(
                name.at,
                format!("column `{}` stands twice in one block", name.text),
            );
        }
        columns.push(ReportColumn {
            name: name.text.to_owned(),
            label,
            format,
        });
    }
    columns
}
