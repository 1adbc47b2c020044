//! The example of scrape jobs.

use std::fs;

use tempfile::TempDir;

use crate::certificates::Authority;
use crate::compose::tool;
use crate::project;

#[test]
fn prometheus_accepts_the_example() {
    let dir = TempDir::new().unwrap();
    let example = project::text("deploy/prometheus/scrape-config.example.yml");
    for (name, content) in [
        ("sag-password", "secret".to_owned()),
        ("sag-ca.crt", Authority::new("authority").certificate()),
    ] {
        assert!(example.contains(name), "{name}");
        fs::write(dir.path().join(name), content).unwrap();
    }
    let rules = project::path("deploy/prometheus");
    std::os::unix::fs::symlink(rules, dir.path().join("sag")).unwrap();
    let file = dir.path().join("prometheus.yml");
    let here = dir.path().to_str().unwrap();
    fs::write(&file, example.replace("/etc/prometheus", here)).unwrap();
    let said = tool("promtool", &["check", "config"], &file);
    assert!(
        said.contains("SUCCESS") && said.contains("rules found"),
        "{said}"
    );
}

#[test]
fn the_alerts_know_every_job_of_the_example() {
    let example = project::text("deploy/prometheus/scrape-config.example.yml");
    let jobs = example
        .lines()
        .filter_map(|line| line.split_once("job_name: "));
    let jobs: Vec<&str> = jobs.map(|(_, job)| job).collect();
    assert!(jobs.len() > 3, "{jobs:?}");
    let alerts = project::text("deploy/prometheus/collection.rules.yml");
    assert!(alerts.contains("up{job=~\"(.+-)?sag(-.+)?\"}"));
    for job in jobs {
        assert!(job == "sag" || job.starts_with("sag-"), "{job}");
    }
}
