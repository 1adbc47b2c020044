//! The rules of Grafana's dashboard linter that concern these dashboards, and
//! some of our own. Those about expressions are beside the expressions.

use serde_json::{Value, json};

use crate::board::{self, Board, Panel, list, text_of};

#[test]
fn dashboards_keep_the_rules_of_the_linter() {
    for board in board::all() {
        check_dashboard(&board);
        for variable in board.variables() {
            check_variable(&board, variable);
        }
        for panel in board.panels() {
            check_panel(&panel);
        }
    }
}

fn check_dashboard(board: &Board) {
    let (uid, json) = (&board.uid, &board.json);
    assert_eq!(json["editable"], false, "{uid}");
    assert!(json.get("id").is_none_or(Value::is_null), "{uid}");
    assert!(is_sentence(text_of(json, "description")), "{uid}");
    assert!(text_of(json, "title").starts_with("SAG / "), "{uid}");
    let variables: Vec<&str> = board
        .variables()
        .iter()
        .map(|variable| text_of(variable, "name"))
        .collect();
    // The same everywhere, so that a link carries all of them.
    assert_eq!(
        variables,
        ["datasource", "job", "account", "region", "sag_id", "user"],
        "{uid}"
    );
}

fn check_variable(board: &Board, variable: &Value) {
    let place = format!("{}, ${}", board.uid, text_of(variable, "name"));
    assert!(!text_of(variable, "label").is_empty(), "{place}");
    match text_of(variable, "type") {
        "datasource" => {
            assert_eq!(variable["name"], "datasource", "{place}");
            assert_eq!(variable["query"], "prometheus", "{place}");
            assert_eq!(variable["label"], "Data source", "{place}");
        }
        "query" => {
            assert_eq!(variable["datasource"], datasource(), "{place}");
            assert_eq!(variable["refresh"], 2, "{place}: on time range change");
        }
        "textbox" => assert_eq!(variable["query"], "", "{place}"),
        other => panic!("{place}: {other}"),
    }
    if variable["name"] == "job" {
        assert_eq!(variable["multi"], true, "{place}");
        assert_eq!(variable["allValue"], ".+", "{place}");
    }
}

fn check_panel(panel: &Panel<'_>) {
    let (place, json) = (panel.place(), panel.json);
    assert!(!panel.title().is_empty(), "{place}");
    assert!(is_sentence(text_of(json, "description")), "{place}");
    assert_eq!(json["datasource"], datasource(), "{place}");
    let defaults = &json["fieldConfig"]["defaults"];
    let unit = text_of(defaults, "unit");
    assert!(UNITS.contains(&unit), "{place}: {unit} is no unit");
    assert!(
        !text_of(defaults, "noValue").is_empty(),
        "{place}: what is shown if there is nothing"
    );
    assert_ne!(panel.queries().count(), 0, "{place}");
    let mut names = std::collections::BTreeSet::new();
    for query in panel.queries() {
        assert_eq!(query.json["datasource"], datasource(), "{place}");
        assert!(!query.expression.trim().is_empty(), "{place}");
        assert!(names.insert(text_of(query.json, "refId")), "{place}");
    }
    check_kind(panel);
}

fn check_kind(panel: &Panel<'_>) {
    let (place, json) = (panel.place(), panel.json);
    match text_of(json, "type") {
        // A value of the past would pass for one of the present.
        "stat" => assert!(panel.queries().all(|query| query.is_instant), "{place}"),
        // One query, because a table of several needs to be transformed.
        "table" => {
            assert_eq!(panel.queries().count(), 1, "{place}");
            assert!(panel.queries().all(|query| query.is_instant), "{place}");
            assert!(json.get("transformations").is_none(), "{place}");
            assert_eq!(json["fieldConfig"]["defaults"]["unit"], "string", "{place}");
        }
        "timeseries" => assert!(panel.queries().all(|query| !query.is_instant), "{place}"),
        other => panic!("{place}: {other} is a kind that not every renderer knows"),
    }
    // The published schema of dashboards takes nothing else.
    for found in list(&json["fieldConfig"], "overrides") {
        assert!(found["matcher"]["options"].is_object(), "{place}");
        let mut properties = list(found, "properties").iter();
        assert!(properties.all(|one| one["value"].is_object()), "{place}");
    }
}

fn is_sentence(text: &str) -> bool {
    text.len() > 10 && text.ends_with(['.', '?'])
}

fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

/// The ids of Grafana for the units that are used here.
const UNITS: &[&str] = &[
    "locale",      // a whole number with separators: 4,183, not 4.18 K
    "percentunit", // 0 to 1
    "s",
    "bytes", // of memory and traffic, 1024-based
    "bps",   // bits per second, 1000-based
    "reqps",
    "string", // as it is
];
