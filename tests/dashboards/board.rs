//! The files of `dashboards/` as data.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A dashboard.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) uid: String,
    pub(crate) json: Value,
}

/// A panel with its queries. Titles of rows are no panels.
#[derive(Debug)]
pub(crate) struct Panel<'a> {
    pub(crate) board: &'a Board,
    pub(crate) json: &'a Value,
}

/// A query of a panel.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub(crate) expression: &'a str,
    pub(crate) is_instant: bool,
    pub(crate) json: &'a Value,
}

/// A variable that asks Prometheus for the values of a label.
#[derive(Debug)]
pub(crate) struct LabelValues<'a> {
    pub(crate) name: &'a str,
    pub(crate) selector: &'a str,
    pub(crate) label: &'a str,
}

/// Every dashboard.
pub(crate) fn all() -> Vec<Board> {
    let mut boards: Vec<Board> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| Board::parse(&fs::read_to_string(path).unwrap()))
        .collect();
    boards.sort_by(|a, b| a.uid.cmp(&b.uid));
    assert_eq!(
        boards.iter().map(|board| &board.uid).collect::<Vec<_>>(),
        ["sag-exporter", "sag-fleet", "sag-instance", "sag-user"],
        "uids are public: links and bookmarks hold them"
    );
    boards
}

/// Where they are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards")
}

impl Board {
    pub(crate) fn parse(text: &str) -> Self {
        let json: Value = serde_json::from_str(text).unwrap();
        let uid = text_of(&json, "uid").to_owned();
        Self { uid, json }
    }

    /// Rows and panels, as Grafana places them.
    pub(crate) fn tiles(&self) -> &[Value] {
        list(&self.json, "panels")
    }

    pub(crate) fn panels(&self) -> impl Iterator<Item = Panel<'_>> {
        let panels = self
            .tiles()
            .iter()
            .filter(|tile| text_of(tile, "type") != "row");
        panels.map(|json| Panel { board: self, json })
    }

    pub(crate) fn variables(&self) -> &[Value] {
        list(self.json.get("templating").unwrap(), "list")
    }

    pub(crate) fn label_values(&self) -> impl Iterator<Item = LabelValues<'_>> {
        let queries = self.variables().iter();
        let queries = queries.filter(|variable| text_of(variable, "type") == "query");
        queries.map(|variable| {
            let query = text_of(variable, "query");
            let inner = query
                .strip_prefix("label_values(")
                .and_then(|rest| rest.strip_suffix(')'));
            let (selector, label) = inner.and_then(|inner| inner.rsplit_once(", ")).unwrap();
            LabelValues {
                name: text_of(variable, "name"),
                selector,
                label,
            }
        })
    }
}

impl<'a> Panel<'a> {
    pub(crate) fn title(&self) -> &'a str {
        text_of(self.json, "title")
    }

    /// Where to look when something is wrong with it.
    pub(crate) fn place(&self) -> String {
        format!("{}, {:?}", self.board.uid, self.title())
    }

    pub(crate) fn queries(&self) -> impl Iterator<Item = Query<'a>> + use<'a> {
        let targets = list(self.json, "targets").iter();
        targets.map(|json| Query {
            expression: text_of(json, "expr"),
            is_instant: json["instant"] == true && json["range"] != true,
            json,
        })
    }

    /// The links of its rows, lines or value.
    pub(crate) fn links(&self) -> Vec<&'a str> {
        let Some(links) = self.json.pointer("/fieldConfig/defaults/links") else {
            return Vec::new();
        };
        let links = links.as_array().unwrap().iter();
        links.map(|link| text_of(link, "url")).collect()
    }
}

/// The expression with something in the place of each variable, which makes it
/// PromQL.
pub(crate) fn filled(expression: &str, values: &[(&str, &str)]) -> String {
    let mut text = expression.to_owned();
    for (name, value) in values {
        for form in [
            format!("${{{name}:regex}}"),
            format!("${{{name}}}"),
            format!("${name}"),
        ] {
            text = text.replace(&form, value);
        }
    }
    text
}

/// A text that must be there.
pub(crate) fn text_of<'a>(json: &'a Value, key: &str) -> &'a str {
    let value = json.get(key).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("no text {key:?} in {json}"))
}

/// A list that must be there.
pub(crate) fn list<'a>(json: &'a Value, key: &str) -> &'a [Value] {
    let value = json.get(key).and_then(Value::as_array);
    value.unwrap_or_else(|| panic!("no list {key:?} in {json}"))
}
