//! What Helm makes of the chart.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::object::Object;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn chart() -> PathBuf {
    root().join("deploy/helm/sag-exporter")
}

/// The files of values with which the chart is tested, in the order of their
/// names, which are without the ending.
pub(crate) fn cases() -> Vec<(String, PathBuf)> {
    let files = fs::read_dir(chart().join("ci")).unwrap();
    let mut cases: Vec<(String, PathBuf)> = files
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let name = name.strip_suffix("-values.yaml").unwrap();
            (name.to_owned(), path)
        })
        .collect();
    cases.sort();
    assert!(cases.len() > 20, "only {} cases", cases.len());
    cases
}

/// The file of values of a case.
pub(crate) fn case(name: &str) -> PathBuf {
    chart().join("ci").join(format!("{name}-values.yaml"))
}

/// The documents that Helm makes of these files of values, or its refusal.
pub(crate) fn template(values: &[PathBuf]) -> Result<String, String> {
    let mut arguments = vec!["template".into(), "release".into(), chart().into()];
    for file in values {
        arguments.push(OsStr::new("--values").to_owned());
        arguments.push(file.into());
    }
    let output = helm(arguments);
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

/// The objects of a case.
pub(crate) fn objects(name: &str) -> Vec<Object> {
    Object::all(&template(&[case(name)]).unwrap())
}

/// The one object of that kind in a case.
pub(crate) fn object(name: &str, kind: &str) -> Object {
    let objects = objects(name);
    let mut found = objects.into_iter().filter(|object| object.kind() == kind);
    match (found.next(), found.next()) {
        (Some(object), None) => object,
        _ => panic!("{name}: expected one {kind}"),
    }
}

pub(crate) fn helm(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    let path = root().join("target/kubernetes/bin/helm");
    Command::new(&path)
        .args(arguments)
        .env_clear()
        // Nothing of the person's own Helm.
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: scripts/test installs it", path.display()))
}
