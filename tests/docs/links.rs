//! Every link to a file of the project leads to one, and every anchor to a
//! heading.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    let mut links = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in targets(&text) {
            links += 1;
            if let Some(why) = broken_link(&page, &link) {
                broken.push(format!("{}: {link}: {why}", page.display()));
            }
        }
    }
    assert!(links > 100, "only {links} links");
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// Whoever looks for a page finds it, from the README or from the index.
#[test]
fn every_page_can_be_found() {
    let docs = root().join("docs");
    let mut ahead = vec![root().join("README.md"), docs.join("README.md")];
    let mut found = BTreeSet::new();
    while let Some(page) = ahead.pop() {
        // A link to nowhere is the other test's business.
        let Ok(page) = page.canonicalize() else {
            continue;
        };
        if page.extension().is_none_or(|ending| ending != "md") || !found.insert(page.clone()) {
            continue;
        }
        let folder = page.parent().unwrap();
        let links = targets(&fs::read_to_string(&page).unwrap());
        let files = links
            .iter()
            .map(|link| link.split('#').next().unwrap_or_default());
        ahead.extend(
            files
                .filter(|file| !file.is_empty())
                .map(|file| folder.join(file)),
        );
    }
    let missing: Vec<_> = markdown(&docs)
        .into_iter()
        .filter(|page| !found.contains(&page.canonicalize().unwrap()))
        .collect();
    assert!(missing.is_empty(), "no link leads to {missing:?}");
}

#[test]
fn a_broken_link_is_found() {
    let page = root().join("docs/scale.md");
    for (link, expected) in [
        ("configuration.md", None),
        ("../README.md#commands", None),
        ("#one-process", None),
        ("https://example.org/x", None),
        ("nowhere.md", Some("no such file")),
        ("configuration.md#nowhere", Some("no such heading")),
        ("#nowhere", Some("no such heading")),
    ] {
        assert_eq!(broken_link(&page, link), expected, "{link}");
    }
    let text = "a [b](c.md) `[d](e.md)`\n```\n[f](g.md)\n```\n![h](i.png) [j](k.md \"l\")\n";
    assert_eq!(targets(text), ["c.md", "i.png", "k.md"]);
    let headings = anchors("# A `b` c, d!\n## A b-c\n```\n# no\n```\n# A `b` c, d!\n");
    let expected = ["a-b-c", "a-b-c-d", "a-b-c-d-1"].map(str::to_owned);
    assert_eq!(headings, BTreeSet::from(expected));
}

/// What is wrong with a link on a page.
fn broken_link(page: &Path, link: &str) -> Option<&'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => page.to_owned(),
        file => page.parent().unwrap().join(file),
    };
    if !target.exists() {
        return Some("no such file");
    }
    let is_page = target.extension().is_some_and(|ending| ending == "md");
    if anchor.is_empty() || !is_page {
        return None;
    }
    let headings = anchors(&fs::read_to_string(target).unwrap());
    (!headings.contains(anchor)).then_some("no such heading")
}

/// The targets of all links and pictures, code aside.
fn targets(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for line in outside_of_blocks(text) {
        // Every second part of the line is code.
        let prose: Vec<&str> = line.split('`').step_by(2).collect();
        for rest in prose.join("`").split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            targets.push(target.to_owned());
        }
    }
    targets
}

/// The anchors of the headings, as the usual viewers make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in outside_of_blocks(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let anchor: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let mut candidates = (1..).map(|number| format!("{anchor}-{number}"));
        let mut unique = anchor.clone();
        while !anchors.insert(unique) {
            unique = candidates.next().unwrap_or_default();
        }
    }
    anchors
}

/// The lines that are not in a fenced block.
fn outside_of_blocks(text: &str) -> Vec<&str> {
    let mut inside = false;
    let is_prose = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        !inside && !is_fence
    };
    text.lines().filter(is_prose).collect()
}

/// The pages of the project.
pub(crate) fn pages() -> Vec<PathBuf> {
    markdown(root())
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let is_ours = !name.starts_with('.') && name != "target" && name != "node_modules";
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if name.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
