//! Completions in the shells themselves, and the manual in its own formatter.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::rig::PROGRAM;

fn generated(shell: &str) -> (TempDir, String) {
    let output = run(Command::new(PROGRAM).args(["completions", shell]));
    assert_eq!(text(&output.stderr), "");
    let dir = TempDir::new().unwrap();
    // zsh and fish go by the name.
    let name = match shell {
        "zsh" => "_sag-exporter",
        _ => "sag-exporter.fish",
    };
    let file = dir.path().join(name);
    fs::write(&file, output.stdout).unwrap();
    let path = file.display().to_string();
    (dir, path)
}

/// Runs a tool, which must be there and succeed.
fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{command:?}: {error}; scripts/test installs what is missing")
    });
    let said = text(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let (_dir, script) = generated("bash");
    let check = |words: &[&str], expected: &[&str]| {
        let line = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                    how=$(complete -p sag-exporter); how=${how#*-F }; \
                    \"${how%% *}\" sag-exporter \"${COMP_WORDS[COMP_CWORD]}\" \
                    \"${COMP_WORDS[COMP_CWORD-1]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-uc", line, "bash", &script, "sag-exporter"]);
        let output = run(bash.args(words));
        assert_eq!(text(&output.stderr), "");
        let out = text(&output.stdout);
        let found: Vec<&str> = out.lines().collect();
        for word in expected {
            assert!(
                found.contains(word),
                "{words:?}: {word} is not in {found:?}"
            );
        }
    };
    check(&["us"], &["users"]);
    check(&["users", ""], &["list", "show", "set", "kick"]);
    check(
        &["users", "set", "--"],
        &["--bandwidth", "--yes", "--dry-run", "--from-policy"],
    );
    check(&["users", "list", "-o", ""], &["table", "json", "csv"]);
    check(&["once", "--out"], &["--output.file"]);
    check(&["completions", ""], &["bash", "zsh", "fish"]);
    // Without a command the flags are those of the daemon.
    check(&["--web.li"], &["--web.listen-address"]);
}

#[test]
fn zsh_loads_the_script() {
    let (dir, script) = generated("zsh");
    run(Command::new("zsh").args(["-f", "-n", &script]));
    let load = "fpath=(\"$1\" $fpath); autoload -Uz compinit && compinit -u -d \"$1/dump\" && \
                whence -w _sag-exporter && print -r -- $_comps[sag-exporter]";
    let mut zsh = Command::new("zsh");
    let output = run(zsh.args(["-f", "-c", load, "zsh"]).arg(dir.path()));
    let out = text(&output.stdout);
    assert_eq!(out, "_sag-exporter: function\n_sag-exporter\n");
}

#[test]
fn fish_completes_commands_and_flags() {
    let (dir, script) = generated("fish");
    run(Command::new("fish").args(["--no-config", "--no-execute", &script]));
    let check = |line: &str, expected: &str| {
        let mut fish = Command::new("fish");
        fish.env("HOME", dir.path())
            .env("SCRIPT", &script)
            .env("LINE", line);
        let output = run(fish.args(["--no-config", "-c", "source $SCRIPT; complete -C \"$LINE\""]));
        let out = text(&output.stdout);
        let found = out
            .lines()
            .any(|line| line.split('\t').next() == Some(expected));
        assert!(found, "{line}: {expected} is not in {out}");
    };
    check("sag-exporter us", "users");
    check("sag-exporter users ", "kick");
    check("sag-exporter users set --ba", "--bandwidth");
    check("sag-exporter --web.li", "--web.listen-address");
}

#[test]
fn every_command_has_a_page_that_the_formatter_likes() {
    let dir = TempDir::new().unwrap();
    run(Command::new(PROGRAM)
        .arg("man")
        .arg("--output-dir")
        .arg(dir.path()));
    let mut pages: Vec<String> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    for page in [
        "sag-exporter.1",
        "sag-exporter-serve.1",
        "sag-exporter-users-set.1",
    ] {
        assert!(
            pages.iter().any(|found| found == page),
            "{page} is not in {pages:?}"
        );
    }
    for page in &pages {
        let output = run(Command::new("groff")
            .args(["-man", "-Tutf8", "-ww", "-P-cbou"])
            .arg(dir.path().join(page)));
        assert_eq!(text(&output.stderr), "", "{page}");
        let shown = text(&output.stdout);
        let name = Path::new(page).file_stem().unwrap().to_str().unwrap();
        assert!(
            shown.contains("NAME") && shown.contains(name),
            "{page}: {shown}"
        );
    }
    let one = run(Command::new(PROGRAM).args(["man", "users", "set"]));
    let filed = fs::read(dir.path().join("sag-exporter-users-set.1")).unwrap();
    assert_eq!(text(&one.stdout), text(&filed));
    // Every page that a page names is there.
    for page in &pages {
        let page = fs::read_to_string(dir.path().join(page))
            .unwrap()
            .replace('\\', "");
        for word in page
            .split_whitespace()
            .filter_map(|word| word.strip_suffix("(1)"))
        {
            assert!(pages.contains(&format!("{word}.1")), "{word}");
        }
    }
}

#[test]
fn what_is_no_command_has_no_page() {
    let output = Command::new(PROGRAM)
        .args(["man", "users", "ste"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("\"ste\" is not a command"));
}
