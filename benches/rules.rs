//! How long the fold, the ledger and all rules take for one sweep of 100,000
//! users of whom 10,000 are online.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(missing_docs, reason = "nobody imports a benchmark")]

mod support;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sag_exporter::fleet::{
    self, Collected, Fleet, InstanceObservation, InstanceSnapshot, SessionState,
};
use sag_exporter::model::{Kbps, Rule};
use sag_exporter::rules::{Entry, Judge, Limits, Options, Pattern, Policy};

use self::support::{Outcome, news, observation};

fn main() -> Outcome<()> {
    println!("{USERS} users, {ONLINE_PERCENT} % online, 1 % of the sessions new in each sweep");
    for (name, instances) in [("one instance", 1), ("50 instances", 50)] {
        let sweeps: Outcome<Vec<Sweep>> = (0..instances)
            .map(|instance| Sweep::new(instance, USERS / instances))
            .collect();
        measure(name, &mut sweeps?)?;
    }
    Ok(())
}

/// One instance, swept again and again.
struct Sweep {
    number: u32,
    users: u32,
    fleet: Fleet,
    judge: Judge,
}

impl Sweep {
    fn new(number: u32, users: u32) -> Outcome<Self> {
        Ok(Self {
            number,
            users,
            fleet: Fleet::new(fleet::Options { retain: 3 }),
            judge: Judge::new(options()?),
        })
    }

    /// Takes a sweep in; how long the fold took, and how long the rules.
    fn take(&mut self, observation: InstanceObservation) -> (Duration, Duration) {
        let id = observation.instance.sag_id.clone();
        let before: Option<Arc<InstanceSnapshot>> = self.fleet.instance(id.as_str()).cloned();
        let start = Instant::now();
        self.fleet.apply(news(observation));
        let folded = start.elapsed();
        let Some(now) = self.fleet.instance(id.as_str()) else {
            return (folded, Duration::ZERO);
        };
        let verdict = self.judge.look(before.as_deref(), now);
        self.fleet.mark(id.as_str(), verdict.marks);
        (folded, start.elapsed().saturating_sub(folded))
    }

    fn observation(&self, round: u32) -> Outcome<InstanceObservation> {
        let second = START + 60 * i64::from(round);
        let mut sweep = observation(self.number, self.users, ONLINE_PERCENT, second)?;
        if let Collected::Complete(sessions) = &mut sweep.sessions {
            for report in sessions.users.iter_mut().step_by(100) {
                if let SessionState::Sessions(sessions) = &mut report.state {
                    for session in sessions {
                        session.started = Some(sweep.at);
                    }
                }
            }
        }
        Ok(sweep)
    }
}

fn measure(name: &str, sweeps: &mut [Sweep]) -> Outcome<()> {
    let mut best = (Duration::MAX, Duration::MAX);
    for round in 0..ROUNDS {
        let mut total = (Duration::ZERO, Duration::ZERO);
        for sweep in &mut *sweeps {
            let (fold, rules) = sweep.take(sweep.observation(round)?);
            total = (total.0 + fold, total.1 + rules);
        }
        if round >= WARM_UP {
            best = (best.0.min(total.0), best.1.min(total.1));
        }
    }
    let findings: usize = sweeps
        .iter()
        .filter_map(|sweep| sweep.fleet.snapshot().instances().first().cloned())
        .filter_map(|instance| instance.marks().map(|marks| marks.findings().len()))
        .sum();
    println!(
        "{name}: fold and ledger {:.2} ms, {} rules {:.2} ms, {findings} findings",
        best.0.as_secs_f64() * 1e3,
        Rule::ALL.len(),
        best.1.as_secs_f64() * 1e3,
    );
    Ok(())
}

/// Everything is judged of everybody.
fn options() -> Outcome<Options> {
    let entry = Entry {
        users: Pattern::parse("user*")?,
        sag_id: None,
        limits: Limits {
            sessions: NonZeroU32::new(1),
            session_length: Some(Duration::from_secs(24 * 3600)),
            bandwidth: Some(Kbps(2_000)),
            dormant: Some(Duration::from_secs(30 * 24 * 3600)),
        },
    };
    Ok(Options {
        policy: Policy::new(vec![entry])?,
        ..Options::default()
    })
}

const USERS: u32 = 100_000;
const ONLINE_PERCENT: u32 = 10;
const ROUNDS: u32 = 20;
const WARM_UP: u32 = 3;
const START: i64 = 1_800_000_000;
