//! The compose stack: no engine runs where tests run, so that its parts are
//! held against the tools that read them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode as _, Yaml};
use tempfile::TempDir;

use crate::demo::Demo;
use crate::project;
use crate::prometheus::Prometheus;
use crate::wait::until;

#[test]
fn it_is_a_compose_file() {
    let mut check = Command::new(project::python_tool("check-jsonschema"));
    check.args(["--builtin-schema", "vendor.compose-spec"]);
    let output = check.arg(project::path(FILE)).output().unwrap();
    assert!(output.status.success(), "{}", project::said(&output));
}

#[test]
fn everything_that_is_mounted_exists() {
    let mut mounts = 0;
    for (name, service) in services() {
        for (from, to) in service.mounts() {
            assert!(from.exists(), "{name}: {} for {to}", from.display());
            mounts += 1;
        }
    }
    assert!(mounts > 0, "nothing is mounted");
}

#[test]
fn versions_are_pinned_and_ports_are_for_this_machine() {
    for (name, service) in services() {
        let image = service.text("image");
        let is_ours = image == "sag-exporter";
        let tag = image.split_once(':').map(|(_, tag)| tag);
        let is_pinned = tag.is_some_and(|tag| tag.contains('.'));
        assert!(is_ours || is_pinned, "{name}: {image}");
        assert!(is_ours || service.has("healthcheck"), "{name}");
        let ports = service.texts("ports");
        let is_local = |port: &String| port.starts_with("127.0.0.1:");
        assert!(!ports.is_empty() && ports.iter().all(is_local), "{name}");
    }
}

#[test]
fn its_prometheus_and_alertmanager_accept_what_they_are_given() {
    let dir = TempDir::new().unwrap();
    let services = services();
    let config = services["prometheus"].mount_into(dir.path());
    let said = tool("promtool", &["check", "config"], &config);
    let rules = said.matches("rules found").count();
    assert!(rules > 1, "{said}");
    let config = services["alertmanager"].mount_into(dir.path());
    tool("amtool", &["check-config"], &config);
}

#[test]
fn its_grafana_finds_prometheus_and_the_dashboards() {
    let grafana = &services()["grafana"];
    let environment = grafana.0.as_mapping_get("environment").unwrap();
    let address = environment.as_mapping_get("PROMETHEUS_URL").unwrap();
    assert_eq!(address.as_str(), Some("http://prometheus:9090"));
    let folder = "deploy/grafana/provisioning";
    let source = project::text(&format!("{folder}/datasources/sag-exporter.yml"));
    assert!(source.contains("url: $PROMETHEUS_URL\n"), "{source}");
    let provider = project::text(&format!("{folder}/dashboards/sag-exporter.yml"));
    let mounts = grafana.mounts();
    let dashboards = mounts.iter().find(|(from, _)| from.ends_with("dashboards"));
    let (from, to) = dashboards.unwrap();
    assert!(provider.contains(&format!("path: {to}\n")), "{provider}");
    assert!(from.join("fleet.json").exists(), "{}", from.display());
}

#[tokio::test]
async fn its_prometheus_scrapes_the_demo_and_evaluates_the_rules() {
    let dir = TempDir::new().unwrap();
    let services = services();
    let listen = services["exporter"].texts("command").pop().unwrap();
    assert_eq!(listen, "--web.listen-address=:10724");
    let config = fs::read_to_string(services["prometheus"].mount_into(dir.path())).unwrap();
    assert!(config.contains("\"exporter:10724\"") && config.contains("\"alertmanager:9093\""));
    assert!(services.contains_key("alertmanager"));
    let demo = Demo::start(&[]).await;
    // Alerts have nowhere to go, for the discard port is closed.
    let config = config
        .replace("exporter:10724", &demo.address.to_string())
        .replace("alertmanager:9093", "127.0.0.1:9")
        .replace("5s", "500ms");
    let prometheus = Prometheus::start(&config).await;
    until("the demo is scraped and rules have values", async || {
        let up = prometheus.value("sum(up{job=\"sag\"})").await;
        let rules = prometheus.query("sag:threshold:stale_seconds").await;
        match (up, rules.len()) {
            (Some(1.0), 1..) => Ok(()),
            other => Err(other),
        }
    })
    .await;
    demo.stop("TERM").await;
}

/// A service of the stack.
struct Service(Yaml<'static>);

impl Service {
    fn has(&self, key: &str) -> bool {
        self.0.as_mapping_get(key).is_some()
    }

    fn text(&self, key: &str) -> &str {
        let value = self.0.as_mapping_get(key).and_then(Yaml::as_str);
        value.unwrap_or_else(|| panic!("no {key}"))
    }

    /// A list of texts; empty if there is none.
    fn texts(&self, key: &str) -> Vec<String> {
        let list = self.0.as_mapping_get(key).and_then(Yaml::as_sequence);
        let items = list.into_iter().flatten();
        items
            .map(|item| item.as_str().unwrap().to_owned())
            .collect()
    }

    /// What of the project is mounted, and where.
    fn mounts(&self) -> Vec<(PathBuf, String)> {
        let volumes = self.texts("volumes").into_iter();
        let ours = volumes.filter(|volume| volume.starts_with('.'));
        ours.map(|volume| {
            let parts: Vec<&str> = volume.split(':').collect();
            let [from, to, "ro"] = parts[..] else {
                panic!("{volume} is not read-only")
            };
            let folder = project::path(FILE).parent().unwrap().to_owned();
            (folder.join(from), to.to_owned())
        })
        .collect()
    }

    /// Puts what is mounted into a folder, and says where the file of
    /// `--config.file` is now. Paths in it are those of the folder.
    fn mount_into(&self, folder: &Path) -> PathBuf {
        for (from, to) in self.mounts() {
            let place = folder.join(to.trim_start_matches('/'));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(from, place).unwrap();
        }
        let command = self.texts("command");
        let mut flags = command.iter();
        let config = flags.find_map(|flag| flag.strip_prefix("--config.file=/"));
        let config = folder.join(config.unwrap());
        let inside = folder.join("etc/prometheus");
        let text = fs::read_to_string(&config).unwrap();
        let here = config.with_extension("here.yml");
        fs::write(
            &here,
            text.replace("/etc/prometheus", inside.to_str().unwrap()),
        )
        .unwrap();
        here
    }
}

fn services() -> BTreeMap<String, Service> {
    let text = project::text(FILE);
    let documents = Yaml::load_from_str(&text).unwrap();
    let services = documents[0].as_mapping_get("services").unwrap();
    let services = services.as_mapping().unwrap().iter();
    services
        .map(|(name, service)| {
            let name = name.as_str().unwrap().to_owned();
            (name, Service(service.clone()))
        })
        .collect()
}

/// What a tool of Debian says of a file that it must accept.
pub(crate) fn tool(program: &str, arguments: &[&str], file: &Path) -> String {
    let mut command = Command::new(program);
    command.args(arguments).arg(file);
    let output = project::run(&mut command, "prometheus prometheus-alertmanager");
    let said = project::said(&output);
    assert!(output.status.success(), "{said}");
    said
}

const FILE: &str = "deploy/compose/compose.yml";
