//! How much memory a million users take, against a struct of strings for each,
//! and how long the steady fold of a sweep takes.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(missing_docs, reason = "nobody imports a benchmark")]

mod support;

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use sag_exporter::fleet::{Collected, Fleet, InstanceObservation, Options, SessionState};

use self::support::{Outcome, news, observation};

fn main() -> Outcome<()> {
    // Each measurement has a process of its own: what the allocator keeps of an
    // earlier one would hide what a later one takes.
    match std::env::args().nth(1).as_deref() {
        Some("columns-10") => memory_of_columns(10),
        Some("columns-100") => memory_of_columns(100),
        Some("strings") => memory_of_strings(),
        _ => {
            for part in ["columns-10", "columns-100", "strings"] {
                let program = std::env::current_exe()?;
                let status = Command::new(program).arg(part).status()?;
                if !status.success() {
                    return Err(format!("the part {part} ended with {status}").into());
                }
            }
            steady_fold(10)?;
            steady_fold(100)
        }
    }
}

/// Two sweeps of 500 instances with 2,000 users each, as many as the cloud
/// allows.
fn memory_of_columns(online_percent: u32) -> Outcome<()> {
    let mut fleet = Fleet::new(Options { retain: 3 });
    let before = resident_bytes()?;
    for second in [START, START + 60] {
        for instance in 0..INSTANCES {
            fleet.apply(news(observation(instance, USERS, online_percent, second)?));
        }
    }
    let snapshot = fleet.snapshot();
    report(
        &format!("columns, {online_percent} % online"),
        resident_bytes()?.saturating_sub(before),
    );
    black_box(snapshot);
    Ok(())
}

/// What a program without columns would hold.
struct UserOfStrings {
    _sag_id: String,
    _name: String,
    _state: Option<String>,
    _bandwidth: Option<f64>,
    _acceleration_bandwidth: Option<f64>,
    _client_ip: Option<String>,
    _static_ip: Option<bool>,
    _last_online: Option<f64>,
    _sessions: Vec<(Option<String>, Option<f64>)>,
}

fn memory_of_strings() -> Outcome<()> {
    let before = resident_bytes()?;
    let mut users = Vec::new();
    for instance in 0..INSTANCES {
        users.extend(strings_of(&observation(instance, USERS, 10, START)?));
    }
    users.shrink_to_fit();
    report(
        "struct of strings, 10 % online",
        resident_bytes()?.saturating_sub(before),
    );
    black_box(users);
    Ok(())
}

fn strings_of(observation: &InstanceObservation) -> Vec<UserOfStrings> {
    let (Collected::Complete(accounts), Collected::Complete(sessions)) =
        (&observation.accounts, &observation.sessions)
    else {
        return Vec::new();
    };
    let pairs = accounts.users.iter().zip(&sessions.users);
    let of_strings = pairs.map(|(user, report)| UserOfStrings {
        _sag_id: observation.instance.sag_id.to_string(),
        _name: user.name.to_string(),
        _state: user.state.map(|state| format!("{state:?}")),
        _bandwidth: user.bandwidth.map(|kbps| f64::from(kbps.0)),
        _acceleration_bandwidth: user.acceleration_bandwidth.map(|kbps| f64::from(kbps.0)),
        _client_ip: user.client_ip.map(|ip| ip.to_string()),
        _static_ip: user.static_ip,
        _last_online: None,
        _sessions: match &report.state {
            SessionState::Sessions(sessions) => sessions
                .iter()
                .map(|session| (session.client_ip.map(|ip| ip.to_string()), None))
                .collect(),
            _ => Vec::new(),
        },
    });
    of_strings.collect()
}

fn report(what: &str, bytes: u64) {
    let per_user = bytes / u64::from(INSTANCES * USERS);
    println!(
        "{:32} {per_user:>4} bytes per user ({} users, {} MiB resident)",
        what,
        INSTANCES * USERS,
        bytes >> 20
    );
}

/// One sweep of sessions of 100,000 users of one instance, the account list not
/// being due; a hundredth of the sessions is new.
fn steady_fold(online_percent: u32) -> Outcome<()> {
    let mut fleet = Fleet::new(Options { retain: 3 });
    fleet.apply(news(observation(0, SWEPT_USERS, online_percent, START)?));
    let mut best = Duration::MAX;
    for round in 1..=20 {
        let mut sweep = observation(0, SWEPT_USERS, online_percent, START + 60 * round)?;
        sweep.accounts = Collected::NotDue;
        if let Collected::Complete(sessions) = &mut sweep.sessions {
            for report in sessions.users.iter_mut().step_by(100) {
                if let SessionState::Sessions(sessions) = &mut report.state {
                    for session in sessions {
                        session.started = Some(sweep.at);
                    }
                }
            }
        }
        let start = Instant::now();
        fleet.apply(news(sweep));
        best = best.min(start.elapsed());
    }
    println!(
        "fold of {SWEPT_USERS} users, {online_percent:>3} % online, 1 % of sessions new: {:.2} ms",
        best.as_secs_f64() * 1e3
    );
    Ok(())
}

fn resident_bytes() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.ok_or("no VmRSS in /proc/self/status")?;
    Ok(kib.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

const INSTANCES: u32 = 500;
const USERS: u32 = 2_000;
const SWEPT_USERS: u32 = 100_000;
const START: i64 = 1_800_000_000;
