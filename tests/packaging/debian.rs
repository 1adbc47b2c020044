//! The Debian package, as far as that shows without building it: scripts/package
//! builds, installs, uses and purges it.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::project;

#[test]
fn everything_that_is_packed_exists() {
    let (built, kept): (Vec<Asset>, Vec<Asset>) = assets()
        .into_iter()
        .partition(|asset| asset.from.starts_with("target/"));
    for asset in kept {
        assert!(!files(&asset.from).is_empty(), "nothing is {}", asset.from);
    }
    let script = project::text("scripts/package").replace("$name", "sag-exporter");
    assert!(script.contains("cargo build --locked --release"));
    for Asset { from, .. } in built {
        let made = match from.strip_prefix("target/package/") {
            None => from.clone(),
            Some("man/*.1") => "man --output-dir=\"$made/man\"".to_owned(),
            Some(name) => format!(">\"$made/{name}\""),
        };
        assert!(script.contains(&made), "nobody makes {from}");
    }
}

#[test]
fn the_unit_finds_its_files_where_they_are_packed() {
    let packed: BTreeSet<String> = assets().iter().flat_map(Asset::places).collect();
    let unit = project::text("deploy/systemd/sag-exporter.service");
    let named = ["/etc/", "/usr/"].into_iter().flat_map(|folder| {
        let places = unit.match_indices(folder);
        places.map(|(at, _)| unit.get(at..).unwrap().split_whitespace().next().unwrap())
    });
    // Made by the script of the package, for it is empty.
    let named: BTreeSet<String> = named
        .filter(|path| *path != "/etc/sag-exporter/credentials")
        .map(str::to_owned)
        .collect();
    assert_eq!(named.len(), 3, "{named:?}");
    assert!(named.is_subset(&packed), "{named:?} in {packed:?}");
}

#[test]
fn what_is_configured_survives_an_upgrade() {
    let packed = assets().into_iter().flat_map(|asset| asset.places());
    let configuration: BTreeSet<String> = packed.filter(|at| at.starts_with("/etc/")).collect();
    let kept = metadata()["conf-files"].clone();
    let kept: BTreeSet<String> = serde_json::from_value(kept).unwrap();
    assert_eq!(kept, configuration);
}

#[test]
fn the_scripts_of_the_package_are_scripts() {
    for name in ["postinst", "postrm"] {
        let mut shell = Command::new("sh");
        shell
            .arg("-n")
            .arg(project::path("deploy/debian").join(name));
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{}", project::said(&output));
        let text = project::text(&format!("deploy/debian/{name}"));
        assert!(text.contains("#DEBHELPER#"), "{name} stops no service");
    }
}

/// A pattern of files and where they go.
struct Asset {
    from: String,
    to: String,
}

impl Asset {
    /// Where the files are on a machine.
    fn places(&self) -> Vec<String> {
        if !self.to.ends_with('/') {
            return vec![format!("/{}", self.to)];
        }
        let name = |file: &String| file.rsplit('/').next().unwrap().to_owned();
        let mut names: Vec<String> = files(&self.from).iter().map(name).collect();
        if names.is_empty() {
            names.push(name(&self.from));
        }
        let place = |name| format!("/{}{name}", self.to);
        names.into_iter().map(place).collect()
    }
}

fn assets() -> Vec<Asset> {
    let assets = metadata()["assets"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let asset = |asset: Value| Asset {
        from: text(&asset[0]),
        to: text(&asset[1]),
    };
    assets.into_iter().map(asset).collect()
}

/// The files of the project that a pattern with one `*` in its name means.
fn files(pattern: &str) -> Vec<String> {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or((".", pattern));
    let (before, after) = name.split_once('*').unwrap_or((name, ""));
    let Ok(entries) = fs::read_dir(project::path(folder)) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| match name.contains('*') {
            true => file.starts_with(before) && file.ends_with(after),
            false => file == name,
        })
        .collect()
}

/// `package.metadata.deb` of Cargo.toml.
fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version=1", "--offline"]);
    cargo.current_dir(project::path(""));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", project::said(&output));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"][0]["metadata"]["deb"].clone()
}
