//! The files are what the generator writes.

use std::fs;

use tempfile::TempDir;
use tokio::process::Command;

use crate::{board, python};

#[tokio::test]
async fn the_dashboards_are_what_the_generator_writes() {
    let folder = TempDir::new().unwrap();
    let mut generate = Command::new(python::interpreter());
    generate
        .arg(board::folder().join("generate"))
        .arg(folder.path());
    let output = python::pipe(&mut generate, b"").await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut written = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let committed = fs::read_to_string(board::folder().join(entry.file_name())).unwrap();
        assert!(
            fs::read_to_string(entry.path()).unwrap() == committed,
            "{:?} is stale or was edited: run target/python/bin/python dashboards/generate",
            entry.file_name()
        );
        written += 1;
    }
    assert_eq!(written, board::all().len());
}
