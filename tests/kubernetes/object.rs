//! Kubernetes objects as values to look into.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::Value;

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object(pub(crate) Value);

impl Object {
    /// The objects of a file of documents.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let documents = Yaml::load_from_str(text).unwrap();
        let values = documents.iter().map(json);
        values.filter(|value| !value.is_null()).map(Self).collect()
    }

    pub(crate) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(crate) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// What stands at a JSON pointer; null if nothing does.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        let text = self.at(pointer).as_str();
        text.unwrap_or_else(|| panic!("{pointer} is no text in {self:?}"))
    }

    /// The items of a list; none if there is no list.
    pub(crate) fn list(&self, pointer: &str) -> &[Value] {
        self.at(pointer).as_array().map_or(&[], Vec::as_slice)
    }

    /// The specification of the pods of a Deployment or StatefulSet.
    pub(crate) fn pod(&self) -> Option<Self> {
        let pod = self.0.pointer("/spec/template/spec")?;
        Some(Self(pod.clone()))
    }
}

/// A YAML node as JSON.
pub(crate) fn json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(truth)) => (*truth).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(fields) => fields
            .iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), json(value)))
            .collect(),
        other => panic!("{other:?} has no place in an object"),
    }
}
