//! Whether the program accepts what a pod hands to it: flags, configuration, web
//! configuration and environment.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::object::Object;
use crate::pods::{arguments, workload};
use crate::render::{cases, objects};

#[test]
fn the_program_accepts_what_every_case_hands_to_it() {
    for (case, _) in cases() {
        let output = check(&objects(&case));
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{case}: {output:?}");
        assert!(said.contains("sag-exporter.yml: ok"), "{case}: {said}");
    }
}

#[test]
fn what_the_values_say_is_in_force() {
    for (case, expected) in [
        ("default", "regions: cn-shanghai"),
        ("rrsa-token", "role by OIDC token, from the environment"),
        ("keys-created", "credential: access key from /"),
        ("keys-existing", "account branch:"),
        ("keys-existing", "labels: users by pseudonym"),
        ("config-full", "sessions every 1h 30m (one query per user)"),
        ("extras", "web: /internal/metrics on :9000"),
        ("extras", "instances: sag-abc123"),
    ] {
        let output = check(&objects(case));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains(expected),
            "{case}: {said} does not say {expected}"
        );
    }
}

/// `sag-exporter check` in the place of the container.
pub(crate) fn check(objects: &[Object]) -> Output {
    let pod = workload(objects).pod().unwrap();
    let place = Place::new(objects, &pod);
    let arguments = arguments(&pod);
    let (command, flags) = arguments.split_first().unwrap();
    assert_eq!(command, "serve");
    Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
        .arg("check")
        .args(flags.iter().map(|flag| place.inside(flag)))
        .env_clear()
        .envs(place.environment(&pod))
        .output()
        .unwrap()
}

/// A folder that stands for the root of the container.
struct Place(TempDir);

impl Place {
    /// With a file for everything that is mounted.
    fn new(objects: &[Object], pod: &Object) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for volume in pod.list("/volumes") {
            let mut mounts = pod.list("/containers/0/volumeMounts").iter();
            let mount = mounts
                .find(|mount| mount["name"] == volume["name"])
                .unwrap();
            let folder = place
                .0
                .path()
                .join(mount["mountPath"].as_str().unwrap().trim_start_matches('/'));
            fs::create_dir_all(&folder).unwrap();
            place.fill(&folder, volume, objects);
        }
        place
    }

    /// The path inside of the container is one in the folder.
    fn inside(&self, text: &str) -> String {
        let root = self.0.path().to_str().unwrap();
        let mut text = text.replace("$(SHARD)", "0");
        for path in [
            "/etc/sag-exporter",
            "/run/secrets/",
            "/var/run/secrets/",
            "/var/lib/",
        ] {
            let moved = format!("{root}{path}");
            // What was moved already has a folder in front of it.
            text = text.replace(&format!("={path}"), &format!("={moved}"));
            text = text.replace(&format!(" {path}"), &format!(" {moved}"));
        }
        text
    }

    fn environment(&self, pod: &Object) -> Vec<(String, String)> {
        let variables = pod.list("/containers/0/env").iter();
        let given = variables.filter_map(|variable| {
            let value = variable["value"].as_str()?;
            let value = self.inside(&format!("={value}"));
            Some((
                variable["name"].as_str()?.to_owned(),
                value.trim_start_matches('=').to_owned(),
            ))
        });
        given.collect()
    }

    fn fill(&self, folder: &Path, volume: &Value, objects: &[Object]) {
        let name = ["/configMap/name", "/secret/secretName"]
            .iter()
            .find_map(|at| volume.pointer(at));
        let made = objects.iter().find(|object| {
            matches!(object.kind(), "ConfigMap" | "Secret")
                && Some(object.name()) == name.and_then(Value::as_str)
        });
        let data = made.map(|object| [object.at("/data"), object.at("/stringData")]);
        let files = data
            .iter()
            .flatten()
            .filter_map(|data| data.as_object())
            .flatten();
        for (file, text) in files {
            write(&folder.join(file), &self.inside(text.as_str().unwrap()));
        }
        match volume["name"].as_str().unwrap() {
            // What stands in objects of the person, not of the chart.
            "config" if made.is_none() => {
                write(&folder.join("sag-exporter.yml"), ANY_CONFIGURATION);
            }
            "web" => tls_files(folder, made.is_none()),
            "keys" if made.is_none() => {
                for key in KEYS {
                    write(&folder.join(key), "anything");
                }
                write(&folder.join("label-key"), &"5".repeat(64));
            }
            "oidc-token" => write(&folder.join("token"), "anything"),
            _ => {}
        }
    }
}

/// A certificate by the usual names of its files.
fn tls_files(folder: &Path, with_configuration: bool) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    write(&folder.join("tls.crt"), &made.cert.pem());
    write(&folder.join("ca.crt"), &made.cert.pem());
    write(&folder.join("tls.key"), &made.signing_key.serialize_pem());
    if with_configuration {
        let text = "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n";
        write(&folder.join("web.yml"), text);
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o440)).unwrap();
}

/// What the secrets of the person hold.
const KEYS: [&str; 6] = [
    "access-key-id",
    "access-key-secret",
    "main-id",
    "main-secret",
    "branch-id",
    "branch-secret",
];

const ANY_CONFIGURATION: &str = "accounts: [{name: main, regions: [cn-shanghai]}]\n";
