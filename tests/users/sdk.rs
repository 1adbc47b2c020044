//! The official Python SDK, past the program under test.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::rig::{Rig, within};

/// One call, which must succeed.
pub(crate) async fn call(rig: &Rig, operation: &str, parameters: Value) -> Value {
    let settings = json!({
        "address": rig.address.to_string(),
        "key_id": "testid",
        "secret": "testsecret",
    });
    let call = json!({"operation": operation, "parameters": parameters});
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/python/bin/python");
    let mut child = Command::new(&python)
        .arg(root.join("tests/python/new_sdk.py"))
        .env("NO_PROXY", "*")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{python:?}: {error}; scripts/test installs it"));
    let mut stdin = child.stdin.take().unwrap();
    let lines = format!("{settings}\n{call}\n");
    stdin.write_all(lines.as_bytes()).await.unwrap();
    drop(stdin);
    let output = within(child.wait_with_output()).await.unwrap();
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer.get("ok").is_some(), "{operation}: {answer}");
    answer["ok"].take()
}

/// A user as the SDK reads it.
pub(crate) async fn user(rig: &Rig, sag_id: &str, name: &str) -> Value {
    let parameters = json!({
        "RegionId": "cn-shanghai",
        "SmartAGId": sag_id,
        "UserName": name,
        "PageNumber": 1,
        "PageSize": 10,
    });
    let mut answer = call(rig, "DescribeSmartAccessGatewayClientUsers", parameters).await;
    answer["Users"]["User"][0].take()
}
