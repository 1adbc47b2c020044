//! A real Prometheus that scrapes both, and what it says of the time it takes.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::Server;
use crate::support::Outcome;

/// Lets Prometheus scrape both servers for a while and compares the medians of
/// its `scrape_duration_seconds`, without the first scrapes, in which it meets
/// the series for the first time.
pub(crate) fn compare(ours: &Server, theirs: &Server) -> Outcome<()> {
    let Some(prometheus) = Prometheus::start(ours, theirs)? else {
        println!("prometheus is not there");
        return Ok(());
    };
    wait(WATCHED);
    let [ours, theirs] = [prometheus.median("ours")?, prometheus.median("theirs")?];
    println!(
        "Prometheus' scrape_duration_seconds: {ours:.2} here, {theirs:.2} of client_golang, \
         ratio {:.2} (goal 0.7)",
        ours / theirs
    );
    Ok(())
}

struct Prometheus {
    process: Child,
    address: String,
    directory: tempfile::TempDir,
}

impl Prometheus {
    fn start(ours: &Server, theirs: &Server) -> Outcome<Option<Self>> {
        let directory = tempfile::tempdir()?;
        let job = |name: &str, server: &Server| {
            format!(
                "  - job_name: {name}\n    static_configs: [{{targets: ['{}']}}]\n",
                server.address
            )
        };
        let config = format!(
            "global: {{scrape_interval: 15s, scrape_timeout: 15s}}\nscrape_configs:\n{}{}",
            job("ours", ours),
            job("theirs", theirs)
        );
        let file = directory.path().join("prometheus.yml");
        fs::write(&file, config)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let started = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Ok(started.ok().map(|process| Self {
            process,
            address,
            directory,
        }))
    }

    /// The median over the scrapes of the last while.
    fn median(&self, job: &str) -> Outcome<f64> {
        let query = format!(
            "quantile_over_time(0.5,scrape_duration_seconds{{job=\"{job}\"}}[{}s])",
            STEADY.as_secs()
        );
        let output = Command::new("promtool")
            .args([
                "query",
                "instant",
                &format!("http://{}", self.address),
                &query,
            ])
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let (_, value) = text
            .split_once("=> ")
            .ok_or_else(|| format!("no answer: {text}"))?;
        Ok(value.split(' ').next().unwrap_or_default().parse()?)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // The directory goes with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = self.directory.path();
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "nothing else runs on this thread"
)]
fn wait(time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        thread::sleep(Duration::from_secs(1));
    }
}

const WATCHED: Duration = Duration::from_secs(150);
const STEADY: Duration = Duration::from_secs(100);
