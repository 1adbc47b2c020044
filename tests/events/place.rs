//! A daemon that tells what happens, in a directory of its own.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::daemon::{Config, Daemon};
use crate::exposition::Page;
use crate::simulator::{Simulator, quiet};
use crate::wait::until;

/// Where events are written and keys are read.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        fs::write(place.path("key"), KEY).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The line of a configuration that writes every event to a file.
    pub(crate) fn file(&self) -> String {
        format!("file: {}\n", self.path("events.jsonl").display())
    }

    /// The lines of a configuration with a webhook.
    pub(crate) fn webhook(&self, name: &str, url: &str) -> String {
        let key = self.path("key");
        format!(
            "webhooks:\n  - {{name: {name}, url: '{url}', secret_file: {}, timeout: 2s}}\n",
            key.display()
        )
    }

    /// The events of a file so far.
    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        // The last line may be half written while it is read.
        let whole = text.rfind('\n').map_or("", |end| text.split_at(end).0);
        let lines = whole.lines();
        lines
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// The events of a file once there are so many, and not more.
    pub(crate) async fn events_when(&self, name: &str, count: usize) -> Vec<Value> {
        until("the events are written", async || {
            let events = self.events(name);
            if events.len() == count {
                Ok(events)
            } else {
                Err(events)
            }
        })
        .await
    }
}

/// A quiet world with a few users, in one instance.
pub(crate) async fn world() -> (Simulator, String) {
    let simulator = Simulator::start(quiet(1, 3)).await;
    let sag_id = simulator.sag_ids().remove(0);
    (simulator, sag_id)
}

/// A configuration with these lines of `events`.
pub(crate) fn config(simulator: &Simulator, events: &str) -> Config {
    let mut section = String::from("events:\n");
    for line in events.lines() {
        section += &format!("  {line}\n");
    }
    Config::of(simulator.address).section(&section)
}

/// Starts it and waits until everything was seen once, so that what follows is
/// news.
pub(crate) async fn start(config: &Config) -> Daemon {
    let daemon = Daemon::start(config).await;
    daemon.page_when("everything was seen once", swept).await;
    daemon
}

pub(crate) fn swept(page: &Page) -> Result<(), f64> {
    match page.sum("sag_exporter_sweeps_total", &[("outcome", "complete")]) {
        sweeps if sweeps < 1.0 => Err(sweeps),
        _ => Ok(()),
    }
}

/// The example of the reference implementations of Standard Webhooks.
pub(crate) const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
