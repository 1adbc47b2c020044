//! The way from one dashboard to another.

use std::collections::BTreeSet;

use crate::board::{self, Board, list, text_of};

#[test]
fn every_dashboard_leads_to_every_other_with_variables_and_time() {
    let boards = board::all();
    for board in &boards {
        let links = list(&board.json, "links");
        let mut targets = BTreeSet::new();
        for link in links {
            assert_eq!(link["type"], "link", "{}", board.uid);
            assert_eq!(link["includeVars"], true, "{}: {link}", board.uid);
            assert_eq!(link["keepTime"], true, "{}: {link}", board.uid);
            targets.insert(text_of(link, "url").to_owned());
        }
        let others = boards.iter().filter(|other| other.uid != board.uid);
        let expected: BTreeSet<String> = others.map(|other| format!("/d/{}", other.uid)).collect();
        assert_eq!(targets, expected, "{}", board.uid);
    }
}

#[test]
fn rows_and_lines_lead_to_dashboards_that_exist_with_variables_that_they_have() {
    let boards = board::all();
    let mut followed = BTreeSet::new();
    for board in &boards {
        for panel in board.panels() {
            for url in panel.links() {
                let uid = check(&boards, url).unwrap_or_else(|problem| {
                    panic!("{}: {url}: {problem}", panel.place());
                });
                check_fields(&panel, url);
                followed.insert((board.uid.as_str(), uid));
            }
        }
    }
    // The ways that the documentation promises.
    for way in [
        ("sag-fleet", "sag-instance"),
        ("sag-fleet", "sag-user"),
        ("sag-fleet", "sag-exporter"),
        ("sag-instance", "sag-user"),
        ("sag-user", "sag-user"),
        ("sag-exporter", "sag-instance"),
    ] {
        assert!(followed.contains(&(way.0, way.1.to_owned())), "{way:?}");
    }
}

/// The dashboard that the link opens.
fn check(boards: &[Board], url: &str) -> Result<String, String> {
    let (path, query) = url.split_once('?').ok_or("no variables")?;
    let uid = path.strip_prefix("/d/").ok_or("no dashboard")?;
    let mut target = boards.iter().filter(|board| board.uid == uid);
    let target = target.next().ok_or("a dashboard that does not exist")?;
    let parts: BTreeSet<&str> = query.split('&').collect();
    if !parts.contains("${__url_time_range}") {
        return Err("the time is lost".to_owned());
    }
    for variable in ["datasource", "job", "account", "region", "sag_id"] {
        let kept = parts.contains(format!("${{{variable}:queryparam}}").as_str());
        let set = query.contains(&format!("var-{variable}="));
        if kept == set {
            return Err(format!("{variable} is neither kept nor set, or both"));
        }
    }
    for part in parts {
        let Some((name, _)) = part
            .strip_prefix("var-")
            .and_then(|set| set.split_once('='))
        else {
            continue;
        };
        let mut names = target.variables().iter();
        if !names.any(|variable| text_of(variable, "name") == name) {
            return Err(format!("{uid} has no variable {name}"));
        }
    }
    Ok(uid.to_owned())
}

/// A link from a row names a column that the row has.
fn check_fields(panel: &board::Panel<'_>, url: &str) {
    for field in url.split("${__data.fields.").skip(1) {
        let name = field.split(['}', ':']).next().unwrap();
        let mut queries = panel.queries();
        assert!(
            queries.all(|query| query.expression.contains(name)),
            "{}: no column {name}",
            panel.place()
        );
    }
}
