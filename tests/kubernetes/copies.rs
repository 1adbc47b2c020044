//! What the chart repeats of the project is what the project says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sag_exporter::config;
use serde_json::{Value, json};

use crate::fresh::{fresh, is_update};
use crate::render::{chart, object, root};

#[test]
fn the_rules_in_the_chart_are_those_of_prometheus() {
    copies(
        &root().join("deploy/prometheus"),
        &chart().join("files/rules"),
        ".rules.yml",
    );
}

#[test]
fn the_dashboards_in_the_chart_are_those_of_grafana() {
    copies(
        &root().join("dashboards"),
        &chart().join("files/dashboards"),
        ".json",
    );
}

/// Helm checks the configuration by the program's own schema, in which keys in
/// clear are out of place: the file becomes a ConfigMap.
#[test]
fn the_schema_of_the_values_holds_the_schema_of_the_configuration() {
    let path = chart().join("values.schema.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let mut configuration = config::schema();
    let fields = configuration.as_object_mut().unwrap();
    fields.remove("$schema").unwrap();
    fields.remove("title").unwrap();
    let credentials = "/properties/accounts/items/properties/credentials/properties";
    let keys = configuration.pointer_mut(credentials).unwrap();
    for key in ["access_key_secret", "security_token"] {
        assert!(keys[key].is_object(), "there is no {key}");
        keys[key] = json!({"not": {}, "description": "expected in a file of a secret"});
    }
    schema["properties"]["config"] = configuration;
    fresh(&path, &format!("{schema:#}\n"));
}

#[test]
fn the_version_of_the_chart_is_that_of_the_program() {
    let text = fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    for key in ["version", "appVersion"] {
        let line = format!("\n{key}: {}\n", env!("CARGO_PKG_VERSION"));
        assert!(text.contains(&line), "Chart.yaml has no {line:?}");
    }
}

/// The chart says who the process is and where its program stands; the image has
/// both.
#[test]
fn the_pods_run_what_the_image_holds() {
    let file = fs::read_to_string(root().join("deploy/docker/Dockerfile")).unwrap();
    for case in ["basic-auth", "state-claim"] {
        let pod = object(case, "Deployment").pod().unwrap();
        let user = pod.at("/securityContext/runAsUser");
        let group = pod.at("/securityContext/runAsGroup");
        let line = format!("\nUSER {user}:{group}\n");
        assert!(file.contains(&line), "the image has no {line:?}");
        if let Some(program) = pod
            .at("/containers/0/livenessProbe/exec/command/0")
            .as_str()
        {
            let line = format!("\nENTRYPOINT [\"{program}\"]\n");
            assert!(file.contains(&line), "the image has no {line:?}");
        }
    }
}

/// The files of `from` whose names end so are in `to`, the same, and no others.
fn copies(from: &Path, to: &Path, ending: &str) {
    let originals = files(from, ending);
    for (name, path) in &originals {
        fresh(&to.join(name), &fs::read_to_string(path).unwrap());
    }
    for (name, path) in files(to, ending) {
        if !originals.contains_key(&name) && is_update() {
            fs::remove_file(&path).unwrap();
        }
        assert!(
            originals.contains_key(&name),
            "{path:?} is no file of {from:?}"
        );
    }
}

fn files(folder: &Path, ending: &str) -> BTreeMap<String, PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| name.ends_with(ending))
        .collect()
}
