//! The program itself, watching a simulated instance of 2,000 users.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::Server;
use crate::support::Outcome;

/// How long it takes from the start to the first byte of an answer, and how much
/// memory it takes once it has read everything and is scraped now and then.
pub(crate) fn measure() -> Outcome<()> {
    let mut simulator = Command::new(PROGRAM);
    simulator.args(["simulate", "--sim.listen-address=127.0.0.1:0"]);
    simulator.args(["--sim.instances=1", "--sim.users=2000"]);
    let simulator = Server::start(simulator)?;
    let cloud = simulator
        .address
        .rsplit(' ')
        .next()
        .ok_or("the first line ends with the address")?;
    let directory = tempfile::tempdir()?;
    let config = directory.path().join("sag-exporter.yml");
    fs::write(&config, configuration(cloud))?;
    let mut starts = Vec::new();
    for _ in 0..5 {
        starts.push(start(&config)?.1);
    }
    starts.sort();
    let (exporter, _) = start(&config)?;
    let resident = settled(&exporter)?;
    println!(
        "program with 2,000 users: {:.0} ms to the first byte (goal 100), {:.1} MiB resident (goal 20)",
        starts.get(2).ok_or("five starts")?.as_secs_f64() * 1e3,
        f64::from(u32::try_from(resident)?) / 1024.0,
    );
    Ok(())
}

fn configuration(cloud: &str) -> String {
    let cloud = cloud.trim_start_matches("http://");
    format!(
        "accounts:\n  - name: bench\n    credentials: {{access_key_id: testid, \
         access_key_secret: testsecret}}\n    regions: [cn-shanghai]\n    \
         endpoint: http://{cloud}\n    rate: 1000\nsweep: {{interval: 5s, accounts_interval: 5s}}\n"
    )
}

fn start(config: &std::path::Path) -> Outcome<(Server, Duration)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut command = Command::new(PROGRAM);
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--web.listen-address={address}"));
    command.arg("--log.level=error");
    let begun = Instant::now();
    let server = Server::start_at(command, address)?;
    while begun.elapsed() < PATIENCE {
        if get(&server.address, "/metrics").is_ok() {
            let took = begun.elapsed();
            return Ok((server, took));
        }
        pause(Duration::from_millis(1));
    }
    Err("the program does not answer".into())
}

/// The resident memory after several sweeps, each of them scraped.
fn settled(exporter: &Server) -> Outcome<u64> {
    let begun = Instant::now();
    while begun.elapsed() < SETTLED {
        get(&exporter.address, "/metrics")?;
        pause(Duration::from_secs(1));
    }
    let text = get(&exporter.address, "/metrics")?;
    let users = text.matches("\nsag_user_online_clients{").count();
    if users != 2_000 {
        return Err(format!("{users} users are shown").into());
    }
    exporter.resident_kib()
}

fn get(address: &str, path: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: bench\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    match text.starts_with("HTTP/1.0 200 ") {
        true => Ok(text),
        false => Err("refused".into()),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "nothing else runs on this thread"
)]
fn pause(time: Duration) {
    thread::sleep(time);
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_sag-exporter");
const PATIENCE: Duration = Duration::from_secs(10);
const SETTLED: Duration = Duration::from_secs(30);
