//! The house rules that a compiler cannot see, checked over every file of the
//! project. Each rule is itself tested with small bad inputs.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test may fail by panicking"
)]

#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/rules.rs"]
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_project_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = project_files(root);
    assert!(
        files.len() > 30,
        "only {} files under {root:?}",
        files.len()
    );
    let mut findings = Vec::new();
    for path in &files {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        match fs::read_to_string(path) {
            Ok(text) => findings.extend(rules::check(name, &text)),
            Err(error) => findings.push(format!("{name}: {error}")),
        }
    }
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn every_room_has_a_floor_and_every_floor_has_its_rooms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lib = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let declared: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert!(declared.len() > 10, "{declared:?}");
    for room in &declared {
        assert!(
            floors::floor(room).is_some(),
            "src/lib.rs declares `{room}`, which stands on no floor of tests/tidy/floors.rs"
        );
    }
}

/// The text files of the project, without what is built, fetched or is data of
/// a test (which may be broken on purpose).
fn project_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !SKIPPED_DIRECTORIES.contains(&name) && !path.ends_with("tests/data") {
                    directories.push(path);
                }
            } else if is_text(name) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn is_text(name: &str) -> bool {
    match name.rsplit_once('.') {
        Some((_, extension)) => TEXT_EXTENSIONS.contains(&extension),
        None => !matches!(name, "LICENSE" | ".git"),
    }
}

const SKIPPED_DIRECTORIES: [&str; 4] = ["target", ".git", "node_modules", "__pycache__"];

const TEXT_EXTENSIONS: [&str; 13] = [
    "rs", "md", "toml", "yml", "yaml", "json", "py", "sh", "txt", "service", "html", "css", "js",
];
