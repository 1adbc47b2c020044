//! What a signed call costs: 20,000 of DescribeUserOnlineClients over loopback,
//! 32 in flight, against the official Python SDK with 32 threads.
//!
//! Client, SDK and server are processes of their own, so that each pays for
//! itself only. The client runs once on a runtime of one thread and once as the
//! task of a runtime with a thread for each core, where waking each other costs
//! the threads some microseconds a call. `SAG_PYTHON` names a Python that has the SDK; without it
//! `target/python/bin/python` is used.

#![allow(clippy::print_stdout, reason = "figures are what a benchmark is for")]

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::stream::{self, TryStreamExt};
use sag_exporter::clock::Clock;
use sag_exporter::model::{AccountName, Action, Region};
use sag_exporter::openapi::credentials::{Credential, fixed};
use sag_exporter::openapi::transport::{HttpOptions, HttpTransport};
use sag_exporter::openapi::{Client, Endpoint, Options};
use sag_exporter::pacing::Rate;
use sag_exporter::secret::Secret;
use sag_exporter::telemetry::{BuildInfo, Telemetry};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server"] => server(),
        ["client", threads, address, calls] => client(threads, address, calls.parse()?),
        ["--bench", ..] => compare(CALLS),
        // `cargo test --benches` only wants to know that it works.
        _ => ours(ONE, WARM_UP).map(drop),
    }
}

/// Ours and theirs, one after the other.
fn compare(calls: usize) -> Outcome<()> {
    let [one, many] = [ours(ONE, calls)?, ours(MANY, calls)?];
    let theirs = theirs(calls)?;
    theirs.print("official Python SDK");
    one.print("sag-exporter, one thread");
    one.print_against(&theirs);
    many.print("sag-exporter, a thread for each core");
    many.print_against(&theirs);
    Ok(())
}

#[derive(Debug)]
struct Figures {
    calls: usize,
    cpu: Duration,
    wall: Duration,
}

impl Figures {
    /// From the two numbers, in seconds, that a client prints.
    fn parse(calls: usize, text: &str) -> Outcome<Self> {
        let (cpu, wall) = text.trim().split_once(' ').ok_or("two numbers expected")?;
        Ok(Self {
            calls,
            cpu: Duration::from_secs_f64(cpu.parse()?),
            wall: Duration::from_secs_f64(wall.parse()?),
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "thousands of calls")]
    fn print(&self, name: &str) {
        let calls = self.calls as f64;
        println!(
            "{name}: {:.1} us CPU per call, {:.0} calls per second",
            self.cpu.as_secs_f64() * 1e6 / calls,
            calls / self.wall.as_secs_f64(),
        );
    }

    fn print_against(&self, theirs: &Self) {
        println!(
            "  1/{:.1} of the CPU per call (goal 1/25), {:.1} times the calls per second (goal 20)",
            theirs.cpu.as_secs_f64() / self.cpu.as_secs_f64(),
            theirs.wall.as_secs_f64() / self.wall.as_secs_f64(),
        );
    }
}

fn ours(threads: &str, calls: usize) -> Outcome<Figures> {
    let server = Server::start()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["client", threads, &server.address, &calls.to_string()]);
    Figures::parse(calls, &output(&mut command)?)
}

fn theirs(calls: usize) -> Outcome<Figures> {
    let server = Server::start()?;
    let python = std::env::var_os("SAG_PYTHON");
    let python = python.unwrap_or_else(|| OsString::from("target/python/bin/python"));
    let mut command = Command::new(&python);
    let (calls_text, threads) = (calls.to_string(), IN_FLIGHT.to_string());
    command.args(["benches/client.py", &server.address, &calls_text, &threads]);
    command.env("NO_PROXY", "127.0.0.1");
    let text = output(&mut command).map_err(|e| format!("{}: {e}", python.display()))?;
    Figures::parse(calls, &text)
}

fn output(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(output.status.to_string().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Makes the calls and prints the CPU seconds and the wall seconds they took.
fn client(threads: &str, address: &str, calls: usize) -> Outcome<()> {
    let mut runtime = match threads {
        ONE => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    let client = build(address)?;
    run(&runtime, &client, WARM_UP)?;
    let (cpu, wall) = (cpu()?, Instant::now());
    run(&runtime, &client, calls)?;
    let (cpu, wall) = (self::cpu()? - cpu, wall.elapsed());
    println!("{} {}", cpu.as_secs_f64(), wall.as_secs_f64());
    Ok(())
}

/// As a task of the runtime, which is what a sweep is.
fn run(runtime: &Runtime, client: &Client, calls: usize) -> Outcome<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn_on(make(client.clone(), calls), runtime.handle());
    runtime.block_on(tasks.join_next()).ok_or("a task")??
}

fn build(address: &str) -> Outcome<Client> {
    let credential = Credential::new("testid", Secret::new("testsecret"), None)?;
    let endpoint = Endpoint::parse(&format!("http://{address}"))?;
    let rate = Rate::new(Rate::MAX)?;
    let mut options = Options::new(AccountName::parse("bench")?, endpoint, rate);
    options.rate = None;
    let build = BuildInfo {
        version: "",
        revision: "",
        rustversion: "",
    };
    Ok(Client::new(
        options,
        fixed(credential),
        Arc::new(HttpTransport::new(&HttpOptions::default())?),
        Clock::system(),
        Telemetry::new(build)?,
    ))
}

async fn make(client: Client, calls: usize) -> Outcome<()> {
    let (client, region) = (&client, &Region::parse("cn-shanghai")?);
    let numbers = stream::iter((0..calls).map(Outcome::Ok));
    numbers
        .try_for_each_concurrent(IN_FLIGHT, |number| async move {
            let user = format!("user-{number}@example.com");
            let parameters = [("SmartAGId", "sag-abc123"), ("UserName", &user)];
            let action = Action::DescribeUserOnlineClients;
            client.call(region, action, &parameters).await?;
            Ok(())
        })
        .await
}

/// The CPU time of all threads of this process, to the nanosecond.
fn cpu() -> Outcome<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        nanos += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// A server process, ended when this is dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("server")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let stdout = process.stdout.take().ok_or("standard output is piped")?;
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self {
            process,
            address: address.trim().to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Answers every request with the same sessions, a thread a connection.
fn server() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    loop {
        let (connection, _) = listener.accept()?;
        thread::spawn(move || answer(connection));
    }
}

fn answer(mut connection: TcpStream) -> Outcome<()> {
    connection.set_nodelay(true)?;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let response = format!("{head}content-length: {}\r\n\r\n{BODY}", BODY.len());
    let mut buffer = [0; 4096];
    let mut filled = 0;
    loop {
        let rest = buffer.get_mut(filled..).ok_or("room for a request")?;
        let read = connection.read(rest)?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        // Requests have no body, and the next one waits for this answer.
        if buffer
            .get(..filled)
            .is_some_and(|all| all.ends_with(b"\r\n\r\n"))
        {
            connection.write_all(response.as_bytes())?;
            filled = 0;
        }
    }
}

const ONE: &str = "one";
const MANY: &str = "many";
const CALLS: usize = 20_000;
const WARM_UP: usize = 500;
const IN_FLIGHT: usize = 32;
const BODY: &str = r#"{"RequestId":"7B48B4B9-1EAD-469F-B488-594DAB4B6A1A","Users":{"User":[{"ClientIp":"10.10.10.1","OnlineTime":"1559125519"}]}}"#;
