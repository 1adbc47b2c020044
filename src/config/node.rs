//! A tree of YAML nodes, each with its line.
//!
//! Built from the parser's events rather than by a loader, so that duplicate
//! keys are problems among others instead of the end, and so that depth and
//! size are limited before memory is spent.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// A value and where it stands. There is no `Debug`: it may hold a secret.
#[derive(Clone)]
pub(super) struct Node {
    /// The line on which it starts, from 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a node holds.
#[derive(Clone)]
pub(super) enum Value {
    /// Nothing, or a plain `null` or `~`.
    Null,
    /// Text as it was written; `plain` if without quotes, so that it may be a
    /// number.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file, duplicate keys included.
    Map(Vec<(Node, Node)>),
}

/// Why the text is no tree.
pub(super) struct Malformed {
    pub(super) line: usize,
    pub(super) text: String,
}

/// The single document of the text; `Null` if it is empty.
pub(super) fn parse(text: &str) -> Result<Node, Malformed> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Malformed {
            line: error.marker().line(),
            text: format!("not YAML: {}", error.info()),
        })?;
        let line = span.start.line();
        builder
            .accept(event, line)
            .map_err(|text| Malformed { line, text })?;
    }
    Ok(builder.root.unwrap_or(Node {
        line: 1,
        value: Value::Null,
    }))
}

impl Value {
    /// What it is, for an error that must not quote it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar { .. } => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    documents: usize,
}

/// A list or a mapping whose end was not seen yet.
struct Open {
    line: usize,
    anchor: usize,
    /// How many nodes there were before it.
    nodes_before: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<(Node, Node)>,
        key: Option<Node>,
    },
}

#[derive(Clone)]
struct Anchored {
    node: Node,
    nodes: usize,
}

impl Builder {
    fn accept(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.document(),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                Err("tags are not supported: expected a value without `!`".to_owned())
            }
            Event::Scalar(text, style, anchor, None) => {
                self.count(1)?;
                let value = scalar(text.into_owned(), style);
                self.insert(Node { line, value }, anchor, 1)
            }
            Event::SequenceStart(anchor, None) => self.begin(line, anchor, Items::List(Vec::new())),
            Event::MappingStart(anchor, None) => {
                let entries = Vec::new();
                self.begin(line, anchor, Items::Map { entries, key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, line),
        }
    }

    fn document(&mut self) -> Result<(), String> {
        self.documents += 1;
        if self.documents > 1 {
            return Err("a second document starts: expected one".to_owned());
        }
        Ok(())
    }

    fn begin(&mut self, line: usize, anchor: usize, items: Items) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let nodes_before = self.nodes;
        self.count(1)?;
        self.open.push(Open {
            line,
            anchor,
            nodes_before,
            items,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(open) = self.open.pop() else {
            return Err("not YAML: a list or a mapping ends that never began".to_owned());
        };
        let value = match open.items {
            Items::List(items) => Value::List(items),
            Items::Map { entries, .. } => Value::Map(entries),
        };
        let nodes = self.nodes - open.nodes_before;
        let line = open.line;
        self.insert(Node { line, value }, open.anchor, nodes)
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<(), String> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err("an alias inside of what it stands for".to_owned());
        };
        let nodes = anchored.nodes;
        // Counted before the copy is made.
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(TOO_MANY_NODES.to_owned());
        }
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Ok(());
        };
        let mut node = anchored.node.clone();
        node.line = line;
        self.insert(node, 0, nodes)
    }

    fn insert(&mut self, node: Node, anchor: usize, nodes: usize) -> Result<(), String> {
        if anchor > 0 {
            // The copy that is kept counts as well.
            self.count(nodes)?;
            let node = node.clone();
            self.anchors.insert(anchor, Anchored { node, nodes });
        }
        let Some(parent) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        match &mut parent.items {
            Items::List(items) => items.push(node),
            Items::Map { entries, key } => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(TOO_MANY_NODES.to_owned());
        }
        Ok(())
    }
}

fn scalar(text: String, style: ScalarStyle) -> Value {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    Value::Scalar { text, plain }
}

/// The configuration needs six.
const MAX_DEPTH: usize = 16;

/// Aliases can make few bytes into many nodes; a configuration of the largest
/// allowed size has fewer than this.
const MAX_NODES: usize = 300_000;

const TOO_MANY_NODES: &str = "more than 300000 values, aliases written out";
