//! Where boxes and arrows go: columns are given, rows are found. The same picture for the same
//! graph, whatever the order it is handed in.

use std::collections::BTreeMap;

/// How often the columns are put in order by their neighbours.
const SWEEPS: usize = 8;
/// How often boxes are drawn towards their neighbours.
const PULLS: usize = 6;

/// Between columns, where the arrows are.
const ACROSS: i32 = 56;
/// Between boxes of a column.
const BETWEEN: i32 = 10;
/// Around the picture, and above it for the heads of the columns.
const MARGIN: i32 = 8;
const HEAD: i32 = 28;
/// A box without lines, and a line of a box.
const TITLE: i32 = 26;
const LINE: i32 = 20;
/// What a letter of the picture is wide on the average, in tenths, and what stands beside the text.
const LETTER: i32 = 72;
const PADDING: i32 = 16;
/// The height that an arrow is given where it passes a column.
const LANE: i32 = 6;

/// A box, before it has a place.
pub(in crate::pages) struct Item {
    /// The column that it stands in, from 0.
    pub(in crate::pages) column: usize,
    pub(in crate::pages) title: String,
    /// The lines below the title.
    pub(in crate::pages) lines: Vec<String>,
}

/// One end of an arrow: a box, or a line of it.
pub(in crate::pages) type End = (usize, Option<usize>);

/// An arrow; it leads to the right.
pub(in crate::pages) struct Arrow {
    pub(in crate::pages) from: End,
    pub(in crate::pages) to: End,
}

/// Where a box is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) struct Place {
    pub(in crate::pages) x: i32,
    pub(in crate::pages) y: i32,
    pub(in crate::pages) width: i32,
    pub(in crate::pages) height: i32,
}

impl Place {
    /// The line on which the text of a line is written; none is the title.
    pub(in crate::pages) fn baseline(&self, line: Option<usize>) -> i32 {
        self.y + middle(line) + 4
    }

    pub(in crate::pages) fn line_top(&self, line: usize) -> i32 {
        self.y + middle(Some(line)) - LINE / 2
    }
}

/// What an end is below the top of its box.
fn middle(line: Option<usize>) -> i32 {
    match line.and_then(|line| i32::try_from(line).ok()) {
        None => TITLE / 2,
        Some(line) => TITLE + LINE * line + LINE / 2,
    }
}

/// A picture.
pub(in crate::pages) struct Layout {
    pub(in crate::pages) width: i32,
    pub(in crate::pages) height: i32,
    /// The left edge and width of every column.
    pub(in crate::pages) columns: Vec<(i32, i32)>,
    /// The places of the boxes, as they were given.
    pub(in crate::pages) places: Vec<Place>,
    /// The courses of the arrows, as they were given.
    pub(in crate::pages) courses: Vec<String>,
}

/// A box, or a lane in which an arrow passes a column.
struct Node {
    column: usize,
    height: i32,
    y: i32,
    left: Vec<usize>,
    right: Vec<usize>,
}

/// Nodes and, by column, their order.
struct Net {
    nodes: Vec<Node>,
    columns: Vec<Vec<usize>>,
    /// The lane of the arrows from a box through a column.
    lanes: BTreeMap<(usize, usize), usize>,
}

/// Gives every box its place and every arrow its course.
pub(in crate::pages) fn lay_out(items: &[Item], arrows: &[Arrow]) -> Layout {
    let mut net = Net::new(items, arrows);
    net.order();
    net.pull();
    let mut columns = Vec::new();
    let mut x = MARGIN;
    for column in 0..net.columns.len() {
        let here = items.iter().filter(|item| item.column == column);
        let width = here.map(width).max().unwrap_or(0);
        columns.push((x, width));
        x += width + ACROSS;
    }
    let place = |(index, item): (usize, &Item)| {
        let (x, width) = columns.get(item.column).copied().unwrap_or_default();
        let node = &net.nodes[index];
        let (y, height) = (node.y, node.height);
        Place {
            x,
            y,
            width,
            height,
        }
    };
    let places: Vec<Place> = items.iter().enumerate().map(place).collect();
    let course = |arrow: &Arrow| net.course(arrow, &places, &columns);
    let bottoms = net.nodes.iter().map(|node| node.y + node.height);
    Layout {
        width: x - ACROSS + MARGIN,
        height: bottoms.max().unwrap_or(HEAD) + MARGIN,
        courses: arrows.iter().map(course).collect(),
        columns,
        places,
    }
}

fn width(item: &Item) -> i32 {
    let texts = item.lines.iter().chain([&item.title]);
    let letters = texts.map(|text| text.chars().count()).max().unwrap_or(0);
    i32::try_from(letters).unwrap_or(i32::MAX / LETTER) * LETTER / 10 + PADDING
}

impl Net {
    fn new(items: &[Item], arrows: &[Arrow]) -> Self {
        let node = |item: &Item| Node {
            column: item.column,
            height: TITLE + LINE * i32::try_from(item.lines.len()).unwrap_or(0),
            y: 0,
            left: vec![],
            right: vec![],
        };
        let last = items.iter().map(|item| item.column).max();
        let mut net = Self {
            nodes: items.iter().map(node).collect(),
            columns: vec![vec![]; last.map_or(0, |last| last + 1)],
            lanes: BTreeMap::new(),
        };
        for (index, item) in items.iter().enumerate() {
            net.columns[item.column].push(index);
        }
        let pairs = arrows.iter().map(|arrow| (arrow.from.0, arrow.to.0));
        let pairs: std::collections::BTreeSet<(usize, usize)> = pairs.collect();
        for (from, to) in pairs {
            net.join(from, to);
        }
        net
    }

    /// Joins two boxes by lanes through the columns between them. Arrows from one box share a lane
    /// as far as they go together.
    fn join(&mut self, from: usize, to: usize) {
        let (first, last) = (self.nodes[from].column, self.nodes[to].column);
        let mut before = from;
        for column in first + 1..last {
            before = match self.lanes.get(&(from, column)) {
                Some(lane) => *lane,
                None => self.lane(from, before, column),
            };
        }
        self.link(before, to);
    }

    /// A new lane of the arrows from a box through a column.
    fn lane(&mut self, from: usize, before: usize, column: usize) -> usize {
        let lane = self.nodes.len();
        self.nodes.push(Node {
            column,
            height: LANE,
            y: 0,
            left: vec![],
            right: vec![],
        });
        self.columns[column].push(lane);
        self.lanes.insert((from, column), lane);
        self.link(before, lane);
        lane
    }

    fn link(&mut self, left: usize, right: usize) {
        self.nodes[left].right.push(right);
        self.nodes[right].left.push(left);
    }

    /// Puts every column in the order of what stands beside it, to and fro, and keeps the order in
    /// which the fewest arrows cross.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.columns.clone());
        for sweep in 0..SWEEPS {
            let forth = sweep % 2 == 0;
            let count = self.columns.len();
            for step in 1..count {
                let column = if forth { step } else { count - 1 - step };
                self.order_by_neighbours(column, forth);
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.columns.clone());
            }
        }
        self.columns = best.1;
    }

    fn order_by_neighbours(&mut self, column: usize, by_left: bool) {
        let ranks = self.ranks();
        let order = self.columns[column].iter().enumerate();
        let mut weighed: Vec<(f64, usize, usize)> = order
            .map(|(rank, &node)| {
                let near = self.near(node, by_left);
                let sum: usize = near.iter().map(|near| ranks[*near]).sum();
                let weight = match near.len() {
                    0 => rank as f64,
                    count => sum as f64 / count as f64,
                };
                (weight, rank, node)
            })
            .collect();
        weighed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.columns[column] = weighed.into_iter().map(|(_, _, node)| node).collect();
    }

    fn near(&self, node: usize, left: bool) -> &[usize] {
        let node = &self.nodes[node];
        if left { &node.left } else { &node.right }
    }

    /// The position of every node in its column.
    fn ranks(&self) -> Vec<usize> {
        let mut ranks = vec![0; self.nodes.len()];
        for column in &self.columns {
            for (rank, node) in column.iter().enumerate() {
                ranks[*node] = rank;
            }
        }
        ranks
    }

    fn crossings(&self) -> usize {
        let ranks = self.ranks();
        let crossing = |column: &Vec<usize>| {
            let ends = column.iter().flat_map(|left| {
                let right = self.nodes[*left].right.iter();
                right.map(|right| (ranks[*left], ranks[*right]))
            });
            let ends: Vec<(usize, usize)> = ends.collect();
            let behind = |(index, one): (usize, &(usize, usize))| {
                let later = ends[index + 1..].iter();
                later
                    .filter(|other| one.0 < other.0 && other.1 < one.1)
                    .count()
            };
            ends.iter().enumerate().map(behind).sum::<usize>()
        };
        self.columns.iter().map(crossing).sum()
    }

    /// Gives the nodes heights above one another, near to what they are joined with.
    fn pull(&mut self) {
        for column in 0..self.columns.len() {
            let tops = self.stacked(column, &vec![HEAD; self.columns[column].len()]);
            self.set(column, &tops);
        }
        for pull in 0..PULLS {
            let count = self.columns.len();
            for step in 0..count {
                let column = if pull % 2 == 0 {
                    step
                } else {
                    count - 1 - step
                };
                let wanted = self.wanted(column);
                let (down, up) = (self.stacked(column, &wanted), self.hung(column, &wanted));
                // Both keep the order and the distances, and so does what lies between them.
                let tops: Vec<i32> = down.iter().zip(&up).map(|(a, b)| (a + b) / 2).collect();
                self.set(column, &tops);
            }
        }
        let top = self.nodes.iter().map(|node| node.y).min().unwrap_or(HEAD);
        for node in &mut self.nodes {
            node.y += HEAD - top;
        }
    }

    /// Where the nodes of a column would like to be: in the middle of their neighbours.
    fn wanted(&self, column: usize) -> Vec<i32> {
        let centre = |node: &usize| self.nodes[*node].y + self.nodes[*node].height / 2;
        let wanted = |node: &usize| {
            let here = &self.nodes[*node];
            let near: Vec<i32> = here.left.iter().chain(&here.right).map(centre).collect();
            match i32::try_from(near.len()) {
                Ok(count) if count > 0 => near.iter().sum::<i32>() / count - here.height / 2,
                _ => here.y,
            }
        };
        self.columns[column].iter().map(wanted).collect()
    }

    /// Tops from above: none higher than it wants.
    fn stacked(&self, column: usize, wanted: &[i32]) -> Vec<i32> {
        let mut free = i32::MIN;
        let nodes = self.columns[column].iter().zip(wanted);
        let top = |(node, wanted): (&usize, &i32)| {
            let top = free.max(*wanted);
            free = top + self.nodes[*node].height + BETWEEN;
            top
        };
        nodes.map(top).collect()
    }

    /// Tops from below: none lower than it wants.
    fn hung(&self, column: usize, wanted: &[i32]) -> Vec<i32> {
        let mut free = i32::MAX;
        let nodes = self.columns[column].iter().zip(wanted).rev();
        let top = |(node, wanted): (&usize, &i32)| {
            let top = (*wanted).min(free - self.nodes[*node].height);
            free = top - BETWEEN;
            top
        };
        let mut tops: Vec<i32> = nodes.map(top).collect();
        tops.reverse();
        tops
    }

    fn set(&mut self, column: usize, tops: &[i32]) {
        let nodes = self.columns[column].clone();
        for (node, top) in nodes.into_iter().zip(tops) {
            self.nodes[node].y = *top;
        }
    }

    /// The course of an arrow as the data of an SVG path: curves between columns, straight through
    /// the lanes.
    fn course(&self, arrow: &Arrow, places: &[Place], columns: &[(i32, i32)]) -> String {
        let (from, to) = (&places[arrow.from.0], &places[arrow.to.0]);
        let start = (from.x + from.width, from.y + middle(arrow.from.1));
        let end = (to.x, to.y + middle(arrow.to.1));
        let mut course = format!("M{} {}", start.0, start.1);
        let mut at = start;
        let between = self.nodes[arrow.from.0].column + 1..self.nodes[arrow.to.0].column;
        let lanes = between.filter_map(|column| self.lanes.get(&(arrow.from.0, column)));
        for lane in lanes {
            let node = &self.nodes[*lane];
            let (x, width) = columns[node.column];
            let y = node.y + LANE / 2;
            course += &curve(at, (x, y));
            course += &format!("H{}", x + width);
            at = (x + width, y);
        }
        course + &curve(at, end)
    }
}

fn curve(from: (i32, i32), to: (i32, i32)) -> String {
    let half = (from.0 + to.0) / 2;
    format!("C{half} {} {half} {} {} {}", from.1, to.1, to.0, to.1)
}

#[cfg(test)]
mod tests;
