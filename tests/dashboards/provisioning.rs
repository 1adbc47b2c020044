//! The files with which Grafana finds Prometheus and the dashboards.

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};

#[test]
fn the_data_source_is_prometheus() {
    let text = read("datasources/sag-exporter.yml");
    let file = parsed(&text);
    let source = first(&file, "datasources");
    assert_eq!(word(source, "type"), "prometheus");
    assert_eq!(word(source, "access"), "proxy");
    // Mounted in place of the file, or set where Grafana starts.
    assert_eq!(word(source, "url"), "$PROMETHEUS_URL");
    let settings = source.as_mapping_get("jsonData").unwrap();
    // Long lists of instances do not fit into an address.
    assert_eq!(word(settings, "httpMethod"), "POST");
}

#[test]
fn the_dashboards_cannot_be_edited_in_place() {
    let text = read("dashboards/sag-exporter.yml");
    let file = parsed(&text);
    let provider = first(&file, "providers");
    assert_eq!(word(provider, "type"), "file");
    let flag = |key: &str| provider.as_mapping_get(key).unwrap().as_bool();
    assert_eq!(flag("allowUiUpdates"), Some(false));
    assert_eq!(flag("disableDeletion"), Some(true));
    let options = provider.as_mapping_get("options").unwrap();
    assert_eq!(
        word(options, "path"),
        "/var/lib/grafana/dashboards/sag-exporter"
    );
}

fn read(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana/provisioning");
    fs::read_to_string(folder.join(file)).unwrap()
}

fn parsed(text: &str) -> Yaml<'_> {
    let mut documents = Yaml::load_from_str(text).unwrap();
    assert_eq!(documents.len(), 1, "{text}");
    let document = documents.remove(0);
    let version = document.as_mapping_get("apiVersion").unwrap().as_integer();
    assert_eq!(version, Some(1), "{text}");
    document
}

fn first<'a, 'y>(file: &'a Yaml<'y>, key: &str) -> &'a Yaml<'y> {
    let list = file.as_mapping_get(key).unwrap().as_vec().unwrap();
    assert_eq!(list.len(), 1, "{key}");
    list.first().unwrap()
}

fn word<'a>(node: &'a Yaml<'_>, key: &str) -> &'a str {
    node.as_mapping_get(key).unwrap().as_str().unwrap()
}
