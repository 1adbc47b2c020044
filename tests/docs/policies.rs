//! The RAM policies that the documents show.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sag_exporter::model::Action;
use serde_json::Value;

#[test]
fn policies_grant_operations_as_they_can_be_granted() {
    let statements: Vec<Value> = policies()
        .iter()
        .flat_map(|policy| policy["Statement"].as_array().unwrap().clone())
        .filter(|statement| statement["Action"] != "sts:AssumeRole")
        .collect();
    assert!(statements.len() >= 4, "{statements:?}");
    for statement in statements {
        let resource = statement["Resource"].as_str().unwrap();
        assert!(
            resource == "*" || resource.starts_with("acs:smartag:"),
            "{resource}"
        );
        for action in actions(&statement) {
            let is_whole = WHOLE.contains(&action.as_str());
            assert_eq!(is_whole, resource == "*", "{action} on {resource}");
        }
    }
}

#[test]
fn the_page_on_permissions_names_every_operation() {
    let text = fs::read_to_string(page()).unwrap();
    for action in Action::ALL {
        let row = format!("| `{}` |", action.as_str());
        assert!(text.contains(&row), "no {row}");
    }
}

/// What reads and what changes something is never granted together.
#[test]
fn no_policy_of_the_daemon_allows_a_write() {
    for policy in policies() {
        let statements = policy["Statement"].as_array().unwrap();
        let names: Vec<String> = statements.iter().flat_map(actions).collect();
        let granted = names.iter().filter_map(|name| Action::parse(name));
        let kinds: BTreeSet<bool> = granted.map(Action::is_write).collect();
        assert!(kinds.len() <= 1, "{names:?}");
    }
}

/// The operations of a statement, without the name of the product.
fn actions(statement: &Value) -> Vec<String> {
    let Some(actions) = statement["Action"].as_array() else {
        return Vec::new();
    };
    actions
        .iter()
        .map(|action| {
            let name = action.as_str().unwrap().strip_prefix("smartag:").unwrap();
            assert!(Action::parse(name).is_some(), "{name} is no operation");
            name.to_owned()
        })
        .collect()
}

fn policies() -> Vec<Value> {
    let text = fs::read_to_string(page()).unwrap();
    let blocks = text.split("```json\n").skip(1);
    blocks
        .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
        .collect()
}

fn page() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/permissions.md")
}

/// What is granted for everything or not at all.
const WHOLE: [&str; 3] = [
    "DescribeSmartAccessGateways",
    "DescribeSagOnlineClientStatistics",
    "DescribeRegions",
];
