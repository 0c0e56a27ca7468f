//! A YAML file as a tree in which every node knows its line and column.

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::problem::{Mark, Sink};

/// Deeper files than this are refused; the dialects need less than half of it.
const DEPTH_MAX: usize = 32;

/// A node of the tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: Mark,
    pub(crate) value: Value,
}

/// What a node holds. Plain scalars are told apart as YAML 1.2's core schema does.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    /// A whole number or one with a fraction, as written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Mark,
    pub(crate) value: Node,
}

impl Node {
    /// The node as a text that no layout shows in: keys in order, texts quoted.
    pub(crate) fn meaning(&self) -> String {
        match &self.value {
            Value::Null => "null".to_owned(),
            Value::Boolean(value) => value.to_string(),
            Value::Number(number) => number.clone(),
            Value::Text(text) => format!("{text:?}"),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Self::meaning).collect();
                format!("[{}]", items.join(","))
            }
            Value::Map(entries) => {
                let said = |e: &Entry| format!("{:?}:{}", e.key, e.value.meaning());
                let mut entries: Vec<String> = entries.iter().map(said).collect();
                entries.sort();
                format!("{{{}}}", entries.join(","))
            }
        }
    }

    /// The node in words, for "expected …, found …".
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Boolean(value) => format!("`{value}`"),
            Value::Number(text) => format!("the number `{text}`"),
            Value::Text(text) => {
                let short: String = text.trim().chars().take(40).collect();
                let more = if text.trim().len() > short.len() {
                    "…"
                } else {
                    ""
                };
                format!("the text `{}{more}`", short.replace('\n', " "))
            }
            Value::List(items) if items.is_empty() => "an empty list".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }
}

/// Reads the one document of a file; none if it is no YAML.
pub(crate) fn parse(text: &str, sink: &Sink<'_>) -> Option<Node> {
    let mut builder = Builder {
        sink,
        stack: Vec::new(),
        root: None,
        documents: 0,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let at = Mark {
                    line: span.start.line(),
                    column: span.start.col() + 1,
                };
                if !builder.take(event, at) {
                    return None;
                }
            }
            Err(error) => {
                let mark = error.marker();
                let at = Mark {
                    line: mark.line(),
                    column: mark.col() + 1,
                };
                sink.at(at, format!("this is no YAML: {}", error.info()));
                return None;
            }
        }
    }
    if builder.root.is_none() {
        sink.at(Mark { line: 1, column: 1 }, "the file is empty");
    }
    builder.root
}

/// A list or mapping that is not yet closed.
enum Open {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<(String, Mark)>,
    },
}

struct Builder<'s> {
    sink: &'s Sink<'s>,
    stack: Vec<(Mark, Open)>,
    root: Option<Node>,
    documents: usize,
}

impl Builder<'_> {
    /// Takes an event; false ends the reading.
    fn take(&mut self, event: Event<'_>, at: Mark) -> bool {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.sink
                        .at(at, "a second document begins: a file holds one");
                    return false;
                }
            }
            Event::Alias(_) => {
                self.sink
                    .at(at, "aliases are not read: write the value out");
                self.add(Node {
                    at,
                    value: Value::Null,
                });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_extras(at, anchor, tag.is_some());
                let value = scalar(&text, style);
                self.add(Node { at, value });
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_extras(at, anchor, tag.is_some());
                return self.open(at, Open::List(Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_extras(at, anchor, tag.is_some());
                return self.open(
                    at,
                    Open::Map {
                        entries: Vec::new(),
                        key: None,
                    },
                );
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some((at, Open::List(items))) => self.add(Node {
                    at,
                    value: Value::List(items),
                }),
                Some((at, Open::Map { entries, .. })) => {
                    self.add(Node {
                        at,
                        value: Value::Map(entries),
                    });
                }
                None => {}
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        true
    }

    fn refuse_extras(&self, at: Mark, anchor: usize, tagged: bool) {
        if anchor > 0 {
            self.sink.at(
                at,
                "anchors are not read: write the value out where it is needed",
            );
        }
        if tagged {
            self.sink.at(
                at,
                "tags are not read: write the value plainly or in quotes",
            );
        }
    }

    fn open(&mut self, at: Mark, open: Open) -> bool {
        if self.stack.len() >= DEPTH_MAX {
            self.sink
                .at(at, format!("the file nests deeper than {DEPTH_MAX} levels"));
            return false;
        }
        self.stack.push((at, open));
        true
    }

    fn add(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some((_, Open::List(items))) => items.push(node),
            Some((_, Open::Map { entries, key })) => match key.take() {
                None => *key = Some(self.sink.key(node)),
                Some((key, at)) => match entries.iter().find(|e| e.key == key && !key.is_empty()) {
                    Some(first) => {
                        let line = first.at.line;
                        let message = format!("key `{key}` stands twice; first on line {line}");
                        self.sink.at(at, message);
                    }
                    None => entries.push(Entry {
                        key,
                        at,
                        value: node,
                    }),
                },
            },
        }
    }
}

impl Sink<'_> {
    fn key(&self, node: Node) -> (String, Mark) {
        let at = node.at;
        match node.value {
            Value::Text(text) | Value::Number(text) => (text, at),
            Value::Boolean(value) => (value.to_string(), at),
            Value::Null | Value::List(_) | Value::Map(_) => {
                self.at(at, format!("a key must be text, found {}", node.describe()));
                (String::new(), at)
            }
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Boolean(true),
        "false" | "False" | "FALSE" => Value::Boolean(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned.as_bytes() {
        [b'0', b'x' | b'o', ..] => true,
        [b'.', b'i' | b'I' | b'n' | b'N', ..] => unsigned.len() == 4,
        [b'0'..=b'9' | b'.', ..] => unsigned.parse::<f64>().is_ok(),
        _ => false,
    }
}
