//! The files of the project, and the tools that judge them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file of the project.
pub(crate) fn path(inside: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(inside)
}

/// The text of a file of the project.
pub(crate) fn text(inside: &str) -> String {
    std::fs::read_to_string(path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
}

/// A program of `tests/python/requirements.txt`.
pub(crate) fn python_tool(name: &str) -> PathBuf {
    let tool = path("target/python/bin").join(name);
    assert!(
        tool.exists(),
        "no {}: run scripts/test, which installs it with tests/python/requirements.txt",
        tool.display()
    );
    tool
}

/// Runs a tool to its end; `package` is the Debian package that has it.
pub(crate) fn run(command: &mut Command, package: &str) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}: apt-get install {package}"))
}

/// Everything that a command said.
pub(crate) fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

/// What Cargo.toml says of the package, such as `version`.
pub(crate) fn manifest(key: &str) -> String {
    let text = text("Cargo.toml");
    let mut lines = text.lines();
    let found = lines.find_map(|line| line.strip_prefix(key)?.trim().strip_prefix('='));
    let value = found.unwrap_or_else(|| panic!("no {key} in Cargo.toml"));
    value.trim().trim_matches('"').to_owned()
}
