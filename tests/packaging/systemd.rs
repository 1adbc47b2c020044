//! The units of systemd, judged by systemd.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::demo::PROGRAM;
use crate::project;

#[test]
fn systemd_has_nothing_to_say_of_the_units() {
    let dir = TempDir::new().unwrap();
    let units = UNITS.map(|unit| {
        // It looks whether the program is there.
        let text = project::text(&format!("deploy/systemd/{unit}"));
        let place = dir.path().join(unit);
        fs::write(&place, text.replace(INSTALLED, PROGRAM)).unwrap();
        place
    });
    let said = analyze(&["verify", "--man=no"], |command| command.args(&units));
    assert_eq!(said, "");
}

#[test]
fn the_daemon_is_well_confined() {
    let arguments = ["security", "--offline=true", "--threshold=20", "--no-pager"];
    let unit = project::path("deploy/systemd/sag-exporter.service");
    let said = analyze(&arguments, |command| command.arg(&unit));
    assert!(said.contains("Overall exposure level"), "{said}");
}

#[test]
fn the_command_of_the_unit_is_accepted() {
    let unit = project::text("deploy/systemd/sag-exporter.service");
    let command = value(&unit, "ExecStart");
    let words: Vec<&str> = command.split(' ').collect();
    let [INSTALLED, flags @ .., "$ARGS"] = words.as_slice() else {
        panic!("{command}")
    };
    let example = project::path("deploy/debian/sag-exporter.yml");
    let flags = flags.iter().map(|flag| {
        let example = example.to_str().unwrap();
        flag.replace("/etc/sag-exporter/sag-exporter.yml", example)
    });
    let mut check = Command::new(PROGRAM);
    let output = check.arg("check").args(flags).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", project::said(&output));
}

#[test]
fn the_files_of_the_unit_fit_together() {
    let unit = project::text("deploy/systemd/sag-exporter.service");
    let variables = project::text("deploy/systemd/sag-exporter.default");
    assert!(variables.lines().any(|line| line == "ARGS=\"\""));
    let (id, folder) = value(&unit, "LoadCredential").split_once(':').unwrap();
    let example = project::text("deploy/debian/sag-exporter.yml");
    let names = [
        format!("{folder}/secret"),
        format!("/run/credentials/sag-exporter.service/{id}_secret"),
    ];
    for name in names {
        assert!(example.contains(&name), "{name} is not in the example");
    }
    let socket = project::text("deploy/systemd/sag-exporter.socket");
    assert_eq!(value(&socket, "ListenStream"), "10724");
}

/// What systemd-analyze says, which must be content.
fn analyze(arguments: &[&str], more: impl Fn(&mut Command) -> &mut Command) -> String {
    let mut command = Command::new("systemd-analyze");
    let output = project::run(more(command.args(arguments)), "systemd");
    let said = project::said(&output);
    assert!(output.status.success(), "{said}");
    said
}

/// The one value of a key.
fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let mut values = unit.lines().filter_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found == key).then_some(value)
    });
    let value = values.next().unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(values.next(), None, "{key} is there twice");
    value
}

const UNITS: [&str; 2] = ["sag-exporter.service", "sag-exporter.socket"];

/// Where the packages put the program.
const INSTALLED: &str = "/usr/bin/sag-exporter";
