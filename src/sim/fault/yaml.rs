//! YAML (and with it JSON) nodes that know their line.

use saphyr::{MarkedYaml, Scalar, YamlData};

/// A node of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    node: &'a MarkedYaml<'a>,
}

impl<'a> Node<'a> {
    pub(super) fn new(node: &'a MarkedYaml<'a>) -> Self {
        Self { node }
    }

    /// The line, counted from 1.
    pub(super) fn line(self) -> usize {
        self.node.span.start.line()
    }

    /// The text of a scalar, as YAML understands it; none for null.
    pub(super) fn text(self) -> Option<String> {
        let YamlData::Value(scalar) = &self.node.data else {
            return None;
        };
        match scalar {
            Scalar::Null => None,
            Scalar::Boolean(flag) => Some(flag.to_string()),
            Scalar::Integer(number) => Some(number.to_string()),
            Scalar::FloatingPoint(number) => Some(number.into_inner().to_string()),
            Scalar::String(text) => Some(text.clone().into_owned()),
        }
    }

    /// The entries of a mapping: key with its line, value.
    pub(super) fn entries(self) -> Option<Vec<Entry<'a>>> {
        let YamlData::Mapping(mapping) = &self.node.data else {
            return None;
        };
        let entries = mapping.iter().map(|(key, value)| Entry {
            key: Node::new(key).text().unwrap_or_default(),
            line: Node::new(key).line(),
            value: Node::new(value),
        });
        Some(entries.collect())
    }

    /// The items of a sequence.
    pub(super) fn items(self) -> Option<Vec<Node<'a>>> {
        let YamlData::Sequence(items) = &self.node.data else {
            return None;
        };
        Some(items.iter().map(Node::new).collect())
    }
}

/// An entry of a mapping.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) value: Node<'a>,
}
