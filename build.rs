//! Tells the program its revision and the compiler that built it.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed={REVISION}");
    let revision = env::vars_os()
        .find(|(name, _)| name == REVISION)
        .and_then(|(_, value)| value.into_string().ok())
        .filter(|revision| !revision.is_empty())
        .or_else(revision_of_checkout)
        .unwrap_or_else(|| "unknown".to_owned());
    let rustc = env::vars_os().find(|(name, _)| name == "RUSTC");
    let rustversion = rustc
        .and_then(|(_, path)| output(Command::new(path).arg("--version")))
        .and_then(|text| text.split(' ').nth(1).map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=BUILD_REVISION={revision}");
    println!("cargo::rustc-env=BUILD_RUSTVERSION={rustversion}");
}

/// The commit of the checkout in which this is built; `None` for a package that
/// only lies inside some other checkout.
fn revision_of_checkout() -> Option<String> {
    if !Path::new(".git").exists() {
        return None;
    }
    // The log of HEAD grows with every commit and every switch of branch.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={log}");
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    output(Command::new("git").args(arguments))
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

/// Set by whoever builds without a checkout, such as a container build.
const REVISION: &str = "SAG_EXPORTER_REVISION";
