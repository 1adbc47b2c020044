//! What a sweep of 2,000 users costs under a quota of 50 calls a second, a tenth
//! of them online, over loopback: the naive way with the official Python SDK, one
//! query a user, and counts in bulk. An hour of steady state is swept in virtual
//! time.
//!
//! `SAG_PYTHON` names a Python that has the SDK; without it
//! `target/python/bin/python` is used.

#![allow(clippy::print_stdout, reason = "figures are what a benchmark is for")]

use std::error::Error;
use std::ffi::OsString;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::{Request, Response};
use sag_exporter::clock::Clock;
use sag_exporter::fleet::Observation;
use sag_exporter::model::{AccountName, Action, Region, SweepOutcome};
use sag_exporter::openapi::credentials::{Credential, fixed};
use sag_exporter::openapi::transport::{HttpOptions, HttpTransport, Transport, TransportError};
use sag_exporter::openapi::{self, Endpoint};
use sag_exporter::pacing::Rate;
use sag_exporter::sag;
use sag_exporter::secret::Secret;
use sag_exporter::sim::{self, Cloud, Scenario};
use sag_exporter::sweep::{AccountOptions, Context, Options, SessionsMode, Sweeper};
use sag_exporter::telemetry::{BuildInfo, Telemetry};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (users, sweeps) = if full { (2_000, 60) } else { (60, 2) };
    println!(
        "{:44} {:>8} {:>10} {:>9}",
        "", "calls", "throttled", "seconds"
    );
    if full {
        real(users, |cloud, address| async move {
            naive(&cloud, address.as_str()).await
        })?;
    }
    real(users, |cloud, address| async move {
        let mut each = Engine::over_socket(&cloud, SessionsMode::Each, &address)?;
        each.measure("one query a user", 1).await
    })?;
    real(users, |cloud, address| async move {
        let mut auto = Engine::over_socket(&cloud, SessionsMode::Auto, &address)?;
        auto.measure("counts in bulk, first sweep", 1).await?;
        auto.measure("counts in bulk, steady, each of 5", 5).await
    })?;
    let paused = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    paused.block_on(hour(users, sweeps))
}

/// Runs a simulated cloud on loopback, with its quota, and somebody who calls it.
fn real<F>(users: usize, run: impl FnOnce(Arc<Cloud>, String) -> F) -> Outcome<()>
where
    F: Future<Output = Outcome<()>>,
{
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let cloud = world(users, QUOTA)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let stop = CancellationToken::new();
        let server = sim::run(listener, Arc::clone(&cloud), stop.clone());
        let client = async {
            let result = run(cloud, address).await;
            stop.cancel();
            result
        };
        tokio::join!(server, client).1
    })
}

async fn naive(cloud: &Cloud, address: &str) -> Outcome<()> {
    let python = std::env::var_os("SAG_PYTHON");
    let python = python.unwrap_or_else(|| OsString::from("target/python/bin/python"));
    let (sag_id, _) = cloud.instances().pop().ok_or("an instance expected")?;
    let output = Command::new(&python)
        .args(["benches/naive.py", address, &sag_id, "16"])
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .await
        .map_err(|error| format!("{}: {error}", python.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}\n{said}", python.display(), output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let (_, seconds) = text.trim().split_once(' ').ok_or("two numbers expected")?;
    let seconds: f64 = seconds.parse()?;
    print("official SDK, one query a user", calls(cloud), 1, seconds);
    Ok(())
}

struct Engine {
    cloud: Arc<Cloud>,
    sweeper: Sweeper<sag::Client>,
    news: mpsc::Receiver<Observation>,
}

impl Engine {
    fn over_socket(cloud: &Arc<Cloud>, sessions: SessionsMode, address: &str) -> Outcome<Self> {
        let transport = Arc::new(HttpTransport::new(&HttpOptions::default())?);
        let endpoint = Endpoint::parse(&format!("http://{address}"))?;
        Self::new(cloud, sessions, transport, endpoint)
    }

    fn new(
        cloud: &Arc<Cloud>,
        sessions: SessionsMode,
        transport: Arc<dyn Transport>,
        endpoint: Endpoint,
    ) -> Outcome<Self> {
        let telemetry = Telemetry::new(BuildInfo {
            version: "",
            revision: "",
            rustversion: "",
        })?;
        let clock = Clock::anchored(cloud.now());
        let name = AccountName::parse("main")?;
        let options = openapi::Options::new(name.clone(), endpoint, Rate::new(QUOTA)?);
        let credential = Credential::new("testid", Secret::new("testsecret"), None)?;
        let credentials = fixed(credential);
        let client =
            openapi::Client::new(options, credentials, transport, clock, telemetry.clone());
        let (observations, news) = mpsc::channel(1_000);
        let context = Context {
            clock,
            telemetry,
            observations,
            progress: Arc::new(()),
        };
        let account = AccountOptions {
            name,
            regions: vec![Region::parse("cn-shanghai")?],
            instances: Vec::new(),
            concurrency: NonZeroU32::MIN.saturating_add(3),
        };
        let options = Options {
            sessions,
            ..Options::default()
        };
        Ok(Self {
            cloud: Arc::clone(cloud),
            sweeper: Sweeper::new(options, account, sag::Client::new(client), context),
            news,
        })
    }

    async fn sweep(&mut self) -> Outcome<()> {
        let outcome = self.sweeper.sweep_once(&CancellationToken::new()).await;
        if outcome != Some(SweepOutcome::Complete) {
            return Err(format!("a sweep ended as {outcome:?}").into());
        }
        while self.news.try_recv().is_ok() {}
        Ok(())
    }

    /// Sweeps so many times; between them one user in a hundred logs in or out,
    /// and the quota recovers.
    async fn measure(&mut self, name: &str, sweeps: u32) -> Outcome<()> {
        let before = calls(&self.cloud);
        let mut took = Duration::ZERO;
        for number in 0..sweeps {
            turnover(&self.cloud, number)?;
            sleep(Duration::from_secs(1)).await;
            let begun = Instant::now();
            self.sweep().await?;
            took += begun.elapsed();
        }
        let after = calls(&self.cloud);
        let made = (after.0 - before.0, after.1 - before.1);
        print(name, made, sweeps, took.as_secs_f64());
        Ok(())
    }
}

/// Steady state with everything that is due in it, a sweep a minute.
async fn hour(users: usize, sweeps: u32) -> Outcome<()> {
    let cloud = world(users, QUOTA)?;
    let transport = Arc::new(InProcess(Arc::clone(&cloud)));
    let mut engine = Engine::new(&cloud, SessionsMode::Auto, transport, Endpoint::default())?;
    engine.sweep().await?;
    let (before, mut took) = (calls(&cloud), Duration::ZERO);
    for number in 0..sweeps {
        turnover(&cloud, number)?;
        sleep(Duration::from_secs(60)).await;
        let begun = Instant::now();
        engine.sweep().await?;
        took += begun.elapsed();
    }
    let after = calls(&cloud);
    let made = (after.0 - before.0, after.1 - before.1);
    print(
        "an hour of it in virtual time, each sweep",
        made,
        sweeps,
        took.as_secs_f64(),
    );
    Ok(())
}

#[derive(Debug)]
struct InProcess(Arc<Cloud>);

impl Transport for InProcess {
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let answer = self.0.handle(request).await;
            answer.map_err(|broken| TransportError::Interrupted {
                host: "the simulated cloud".to_owned(),
                source: broken.into(),
            })
        })
    }
}

/// One instance in cn-shanghai, a tenth of whose users are online.
fn world(users: usize, quota: f64) -> Outcome<Arc<Cloud>> {
    let options = sim::Options {
        instances: 1,
        users,
        scenario: Scenario::Quiet,
        quota,
        ..sim::Options::default()
    };
    let start = Clock::system().now();
    let cloud = Cloud::new(options, Clock::anchored(start))?;
    for instance in cloud.truth(start).instances {
        for user in instance.users.iter().step_by(10) {
            cloud.login(&instance.sag_id, &user.name, None)?;
        }
    }
    Ok(cloud)
}

/// One user in two hundred logs out, as many log in.
fn turnover(cloud: &Cloud, number: u32) -> Outcome<()> {
    for instance in cloud.truth(cloud.now()).instances {
        let (online, offline): (Vec<_>, Vec<_>) = instance
            .users
            .iter()
            .partition(|user| !user.sessions.is_empty());
        let skip = usize::try_from(number)? * 37;
        let changes = instance.users.len() / 200;
        for leaver in online.iter().cycle().skip(skip).take(changes) {
            cloud.logout(&instance.sag_id, &leaver.name)?;
        }
        for comer in offline.iter().cycle().skip(skip).take(changes) {
            cloud.login(&instance.sag_id, &comer.name, None)?;
        }
    }
    Ok(())
}

/// Calls that were carried out, and calls that were throttled.
fn calls(cloud: &Cloud) -> (u64, u64) {
    let calls = Action::ALL.map(|action| cloud.calls(action));
    let answered = calls.iter().map(|calls| calls.answered).sum();
    (answered, calls.iter().map(|calls| calls.throttled).sum())
}

#[expect(clippy::cast_precision_loss, reason = "thousands of calls")]
fn print(name: &str, (answered, throttled): (u64, u64), sweeps: u32, seconds: f64) {
    let each = |number: f64| number / f64::from(sweeps);
    let share = 100.0 * throttled as f64 / (answered + throttled) as f64;
    println!(
        "{name:44} {:8.1} {share:8.2} % {:9.2}",
        each(answered as f64),
        each(seconds)
    );
}

/// Calls a second for each operation, here and there.
const QUOTA: f64 = 50.0;
