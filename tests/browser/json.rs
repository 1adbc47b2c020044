//! What a running program answers to programs, held against the schema in the
//! documentation.

use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use crate::daemon::{Config, Daemon};
use crate::simulator::{Simulator, quiet};
use crate::wait::within;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_program_answers_by_the_schema() {
    let world = Simulator::start(quiet(2, 20)).await;
    let config = Config::of(world.address).account("wrong", world.address, "wrongsecret");
    let daemon = Daemon::start(&config).await;
    daemon
        .page_when("both accounts were swept", |page| {
            let swept = page.sum("sag_exporter_sweeps_total", &[("outcome", "failed")]);
            let complete = page.sum("sag_exporter_sweeps_total", &[("outcome", "complete")]);
            match swept > 0.0 && complete > 0.0 {
                true => Ok(()),
                false => Err((swept, complete)),
            }
        })
        .await;
    let state = daemon.get("/api/v1/status").await;
    let text = state.text();
    let failed = "Account wrong: the last sweep failed: the credential was not accepted";
    assert!(text.contains(failed), "{text}");
    assert!(!text.contains("secret\"") && !text.contains("wrongsecret"));
    let served = daemon.get("/docs/status.schema.json").await;
    let dir = TempDir::new().unwrap();
    let [answer, schema] = ["answer", "schema"].map(|name| dir.path().join(name));
    std::fs::write(&answer, text).unwrap();
    std::fs::write(&schema, served.text()).unwrap();
    let tool = "target/python/bin/check-jsonschema";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(tool);
    assert!(
        path.exists(),
        "{tool} is missing: run scripts/test, which installs it"
    );
    let mut judge = Command::new(path);
    judge.arg("--schemafile").arg(schema).arg(answer);
    let output = within(judge.output()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
}
