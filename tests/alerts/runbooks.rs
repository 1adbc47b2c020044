//! An alert that wakes somebody says what to do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::rule;

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let alerts: BTreeSet<String> = rule::alerts().into_iter().map(|rule| rule.name).collect();
    let pages: BTreeSet<String> = pages()
        .iter()
        .map(|page| page.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(alerts, pages);
}

#[test]
fn every_alert_links_to_its_own_runbook() {
    for alert in rule::alerts() {
        let url = alert.annotations.get("runbook_url");
        let expected = format!("docs/runbooks/{}.md", alert.name);
        assert_eq!(url, Some(&expected), "{}", alert.name);
    }
}

#[test]
fn every_runbook_says_what_it_must() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let name = page.file_stem().unwrap().to_str().unwrap();
        assert!(text.starts_with(&format!("# {name}\n")), "{page:?}");
        for part in [
            "**Meaning.**",
            "**Impact.**",
            "**First look",
            "hat to do",
            "**False alarm.**",
        ] {
            assert!(text.contains(part), "{page:?} has no {part}");
        }
        for link in links(&text) {
            assert!(folder().join(link).is_file(), "{page:?} links to {link}");
        }
    }
}

#[test]
fn the_page_on_alerts_names_every_alert() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md");
    let text = fs::read_to_string(page).unwrap();
    for alert in rule::alerts() {
        let link = format!("[{0}](runbooks/{0}.md)", alert.name);
        assert!(text.contains(&link), "docs/alerts.md has no {link}");
    }
}

fn pages() -> Vec<PathBuf> {
    rule::files(&folder(), ".md")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbooks")
}

/// The targets of links to other runbooks.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    targets.filter_map(|rest| rest.split(')').next())
}
