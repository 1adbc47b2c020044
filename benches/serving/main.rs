//! What a scrape of 800,000 series costs (100,000 users with 8 families each),
//! against client_golang's promhttp, Python's prometheus_client and a bare loop
//! of writes, all on this machine in one run.
//!
//! client_golang is built with Debian's `golang-go` and
//! `golang-github-prometheus-client-golang-dev`. `SAG_PYTHON` names a Python
//! that has prometheus_client; without it `target/python/bin/python` is used.
//! Peers that are not there are passed over.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(missing_docs, reason = "nobody imports a benchmark")]

mod process;
mod program;
mod prometheus;
mod scrape;
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::ffi::OsString;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use self::process::Server;
use self::scrape::{Coding, Figures, measure, once};
use self::support::Outcome;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["pages", instances, users] => server::pages(instances.parse()?, users.parse()?),
        ["writes", instances, users] => server::writes(instances.parse()?, users.parse()?),
        ["--bench", ..] => compare(),
        // `cargo test --benches` only wants to know that it works.
        _ => measure(&ours("pages", 1, 10)?, Coding::Gzip, 1).map(drop),
    }
}

fn compare() -> Outcome<()> {
    program::measure()?;
    let mut pages = ours("pages", INSTANCES, USERS)?;
    let start = Instant::now();
    once(&pages.address, Coding::Gzip)?;
    println!(
        "first compressed scrape: {:.3} s",
        start.elapsed().as_secs_f64()
    );
    let gzip = measure(&pages, Coding::Gzip, 50)?;
    let plain = measure(&pages, Coding::Plain, 20)?;
    print("sag-exporter, gzip", &gzip);
    print("sag-exporter, plain", &plain);
    let publishing = publications(&mut pages)?;
    print_seconds("publication, compressed", publishing);
    scrapes_while_publishing(&mut pages)?;
    memory(&pages)?;
    throughput(&pages)?;
    if let Some(go) = available("client_golang", client_golang()) {
        let theirs = measure(&go, Coding::Gzip, 5)?;
        print("client_golang, gzip", &theirs);
        against("gzip CPU", theirs.cpu, gzip.cpu, 500);
        against("gzip p50", theirs.median, gzip.median, 500);
        against("publication", theirs.median, publishing, 10);
        let theirs = measure(&go, Coding::Plain, 5)?;
        print("client_golang, plain", &theirs);
        against("plain CPU", theirs.cpu, plain.cpu, 30);
        prometheus::compare(&pages, &go)?;
    }
    if let Some(python) = available("prometheus_client", prometheus_client()) {
        let theirs = measure(&python, Coding::Gzip, 2)?;
        print("prometheus_client, gzip", &theirs);
        against("gzip CPU", theirs.cpu, gzip.cpu, 1000);
    }
    Ok(())
}

/// Plain scrapes and the bare loop of writes by turns, so that what else the
/// machine does meets both alike.
fn throughput(pages: &Server) -> Outcome<()> {
    let writes = ours("writes", INSTANCES, USERS)?;
    let mut ratios = Vec::new();
    for _ in 0..31 {
        let (scraped, _) = once(&pages.address, Coding::Plain)?;
        let (written, _) = once(&writes.address, Coding::Plain)?;
        ratios.push(ratio(written, scraped));
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(15).ok_or("an odd number of pairs")?;
    print("bare write() loop", &measure(&writes, Coding::Plain, 20)?);
    println!("  throughput of a plain scrape: {median:.2} of it (goal 0.6)");
    Ok(())
}

/// The median time from a new snapshot to its compressed body.
fn publications(pages: &mut Server) -> Outcome<Duration> {
    let mut took = Vec::new();
    for _ in 0..9 {
        pages.order("publish")?;
        took.push(Duration::from_secs_f64(pages.answer()?.parse()?));
    }
    took.sort();
    Ok(*took.get(4).ok_or("nine publications")?)
}

/// Scrapes while one publication follows the other, and without.
fn scrapes_while_publishing(pages: &mut Server) -> Outcome<()> {
    for (coding, name) in [(Coding::Gzip, "gzip"), (Coding::Plain, "plain")] {
        let calm = measure(pages, coding, 20)?;
        for _ in 0..PUBLICATIONS {
            pages.order("publish")?;
        }
        let busy = measure(pages, coding, 20)?;
        for _ in 0..PUBLICATIONS {
            pages.answer()?;
        }
        let slower = ratio(busy.median, calm.median);
        println!(
            "  {name} scrape during a publication: {slower:.2} times the time outside it (goal 2)"
        );
    }
    Ok(())
}

/// The peak of the resident memory while 8 clients read plain scrapes.
fn memory(pages: &Server) -> Outcome<()> {
    let resting = pages.resident_kib()?;
    pages.reset_peak()?;
    thread::scope(|scope| {
        let scrapers = [(); 8]
            .map(|()| scope.spawn(|| measure(pages, Coding::Plain, 5).map_err(|e| e.to_string())));
        scrapers
            .into_iter()
            .try_for_each(|scraper| scraper.join().map_err(|_| "a scraper panicked")?.map(drop))
    })?;
    let peak = pages.peak_kib()?;
    println!(
        "resident memory: {} MiB at rest, at most {} MiB under 8 plain scrapers (goal 64)",
        resting / 1024,
        peak / 1024
    );
    Ok(())
}

fn ours(mode: &str, instances: u32, users: u32) -> Outcome<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([mode, &instances.to_string(), &users.to_string()]);
    Server::start(command)
}

fn client_golang() -> Outcome<Server> {
    let built = Command::new("go")
        .args(["build", "-o", GO_PEER, "./benches/peers/client_golang"])
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .status()?;
    if !built.success() {
        return Err(built.to_string().into());
    }
    Server::start(peer(Command::new(GO_PEER)))
}

fn prometheus_client() -> Outcome<Server> {
    let python = std::env::var_os("SAG_PYTHON");
    let python = python.unwrap_or_else(|| OsString::from("target/python/bin/python"));
    let mut command = Command::new(python);
    command.arg("benches/peers/prometheus_client_server.py");
    Server::start(peer(command))
}

fn peer(mut command: Command) -> Command {
    command.args([INSTANCES.to_string(), USERS.to_string()]);
    command
}

fn available(name: &str, server: Outcome<Server>) -> Option<Server> {
    server
        .map_err(|error| println!("{name} is not there: {error}"))
        .ok()
}

fn print(name: &str, figures: &Figures) {
    println!(
        "{name}: {:.3} ms CPU, p50 {:.3} ms, {:.1} MB",
        figures.cpu.as_secs_f64() * 1e3,
        figures.median.as_secs_f64() * 1e3,
        f64::from(u32::try_from(figures.bytes).unwrap_or(u32::MAX)) / 1e6,
    );
}

fn print_seconds(name: &str, took: Duration) {
    println!("{name}: {:.3} s", took.as_secs_f64());
}

fn against(what: &str, theirs: Duration, ours: Duration, goal: u32) {
    println!("  {what}: 1/{:.0} (goal 1/{goal})", ratio(theirs, ours));
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

const INSTANCES: u32 = 50;
const USERS: u32 = 2_000;
const PUBLICATIONS: u32 = 12;
const GO_PEER: &str = "target/peers/client_golang";
