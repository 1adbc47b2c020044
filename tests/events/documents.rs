//! docs/events.md: its examples are events, and its recipes work.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sag_exporter::delivery::SigningKey;
use sag_exporter::events::Kind;
use serde_json::Value;

use crate::place::KEY;

#[test]
fn every_kind_has_an_example_and_every_field_a_meaning() {
    let text = text();
    let examples: Vec<Value> = block(&text, "json")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: BTreeSet<&str> = examples
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, Kind::ALL.iter().map(|kind| kind.as_str()).collect());
    let tables: String = text.lines().filter(|line| line.starts_with('|')).collect();
    for field in examples
        .iter()
        .flat_map(|event| event.as_object().unwrap().keys())
    {
        assert!(
            tables.contains(&format!("`{field}`")),
            "{field} is in no table"
        );
    }
}

#[test]
fn the_recipe_in_python_verifies_and_refuses() {
    let ends = "
headers = dict(line.split(': ') for line in sys.argv[2].splitlines())
body = open('body.json', 'rb').read()
assert is_genuine(sys.argv[1], headers, body)
assert not is_genuine(sys.argv[1], headers, body + b' ')
headers['webhook-timestamp'] = str(int(headers['webhook-timestamp']) - 1)
assert not is_genuine(sys.argv[1], headers, body)
";
    let script = format!("import sys\n{}{ends}", block(&text(), "python"));
    let now = now();
    let headers = format!(
        "webhook-id: {ID}\nwebhook-timestamp: {now}\nwebhook-signature: {}",
        signature(&now)
    );
    let output = run(Command::new("python3").args(["-c", &script, KEY.trim(), &headers]));
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_recipe_for_the_shell_prints_the_signature() {
    let script = format!("set -e\n{}", block(&text(), "sh"));
    let mut command = Command::new("sh");
    let time = "1614265330";
    command.args(["-c", &script]);
    command.envs([("secret", KEY.trim()), ("id", ID), ("timestamp", time)]);
    let output = run(&mut command);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(format!("v1,{}", printed.trim()), signature(time));
}

/// Runs it where body.json is.
fn run(command: &mut Command) -> Output {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("body.json"), BODY).unwrap();
    let output = command.current_dir(dir.path()).output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/test installs it"))
}

fn signature(timestamp: &str) -> String {
    let key = SigningKey::parse(KEY).unwrap();
    key.sign(ID, timestamp, BODY.as_bytes())
}

/// The recipe looks at the clock of the machine.
fn now() -> String {
    let now = sag_exporter::clock::Clock::system().now();
    now.as_second().to_string()
}

/// The only block of code in this language.
fn block(text: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let mut blocks = text.split(&fence).skip(1);
    let block = blocks.next().unwrap().split("```").next().unwrap();
    assert!(blocks.next().is_none(), "one block of {language}");
    block.to_owned()
}

fn text() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md")).unwrap()
}

const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

const BODY: &str = r#"[{"id":"1","user":"zoë"}]"#;
