//! Sweeps as text, and a fleet under a judge.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;
use sag_exporter::fleet::{
    Accounts, Collected, Fleet, InstanceObservation, InstanceSnapshot, Observation, SessionState,
    Sessions, UserSessions,
};
use sag_exporter::model::{
    AccountName, ClientUser, FailureKind, Instance, Kbps, Region, SagId, Session, UserName,
    UserState,
};
use sag_exporter::rules::{Entry, Judge, Limits, Options, Pattern, Policy, Turn};
use sag_exporter::{fleet, rules};

/// Sweep after sweep of one or more instances, each judged as it comes.
pub struct Court {
    pub fleet: Fleet,
    pub judge: Judge,
    /// What is there according to what came and went.
    pub told: BTreeSet<String>,
}

impl Court {
    pub fn new(options: Options) -> Self {
        Self {
            fleet: Fleet::new(fleet::Options { retain: RETAIN }),
            judge: Judge::new(options),
            told: BTreeSet::new(),
        }
    }

    /// Takes an observation in. What came and went is checked against what is
    /// there: nothing comes twice, and nothing goes that never came.
    pub fn take(&mut self, observation: InstanceObservation) -> rules::Verdict {
        let sag_id = observation.instance.sag_id.clone();
        let id = sag_id.as_str();
        let before = self.fleet.instance(id).cloned();
        self.fleet
            .apply(Observation::Instance(Box::new(observation)));
        let now = self.fleet.instance(id).expect("an instance").clone();
        let verdict = self.judge.look(before.as_deref(), &now);
        self.fleet.mark(id, verdict.marks.clone());
        for turn in &verdict.cleared {
            assert!(self.told.remove(&key(id, turn)), "{turn:?}");
        }
        for turn in &verdict.raised {
            assert!(self.told.insert(key(id, turn)), "{turn:?}");
            assert!(!turn.reason.is_empty(), "{turn:?}");
            assert!(turn.since <= now.at(), "{turn:?}");
        }
        for said in said(&now, &verdict) {
            assert!(self.told.contains(&format!("{id} {said}")), "{said}");
        }
        verdict
    }
}

fn key(id: &str, turn: &Turn) -> String {
    let user = turn.user.as_deref().unwrap_or("*");
    format!("{id} {user}:{}", turn.rule)
}

/// The findings as `user:rule`, `*` being the instance.
pub fn said(instance: &InstanceSnapshot, verdict: &rules::Verdict) -> Vec<String> {
    let findings = verdict.marks.findings().iter();
    findings
        .map(|finding| {
            let user = finding
                .row
                .map(|row| instance.names().get(row).expect("a name"));
            format!("{}:{}", user.unwrap_or("*"), finding.rule)
        })
        .collect()
}

/// A policy from lines such as `* sessions=1 length=24h`; the units are seconds
/// and Kbit/s.
pub fn policy(lines: &[&str]) -> Options {
    let entry = |line: &&str| {
        let mut words = line.split_whitespace();
        let users = Pattern::parse(words.next().expect("a pattern")).expect("a pattern");
        let mut limits = Limits::default();
        for word in words {
            let (key, value) = word.split_once('=').expect("key=value");
            let number: u32 = value.parse().expect("a number");
            let seconds = Some(Duration::from_secs(number.into()));
            match key {
                "sessions" => limits.sessions = NonZeroU32::new(number),
                "length" => limits.session_length = seconds,
                "kbps" => limits.bandwidth = Some(Kbps(number)),
                "dormant" => limits.dormant = seconds,
                _ => panic!("{key}"),
            }
        }
        Entry {
            users,
            sag_id: None,
            limits,
        }
    };
    Options {
        policy: Policy::new(lines.iter().map(entry).collect()).expect("a policy"),
        ..Options::default()
    }
}

/// What [`sweep`] is told of accounts or sessions: a word, and of each of
/// [`NAMES`] what follows it, or nothing of the name at all.
pub fn words(word: &str, attributes: &[Option<&str>]) -> String {
    if matches!(word, "-" | "failed") {
        return word.to_owned();
    }
    let users = NAMES.iter().zip(attributes);
    let users = users.filter_map(|(name, more)| Some(format!("{name}{}", (*more)?)));
    let users: Vec<String> = users.collect();
    format!("{word} {}", users.join(" "))
}

/// One sweep of `sag-1`. Accounts are `-`, `failed`, or `complete` or `partial`
/// and names, each with `:disabled`, `:static=ADDRESS` or `:kbps=NUMBER` as
/// needed. Sessions are likewise names, each offline or with
/// `:ADDRESS@START,...`, `:#COUNT`, `:?` for unknown or `:!` for gone.
pub fn sweep(second: i64, accounts: &str, sessions: &str) -> InstanceObservation {
    let name = |name: &str| UserName::parse(name).expect("a name");
    InstanceObservation {
        instance: Instance::new(
            SagId::parse("sag-1").expect("an id"),
            AccountName::parse("main").expect("a name"),
            Region::parse("cn-shanghai").expect("a region"),
        ),
        at: Timestamp::from_second(second).expect("a time"),
        accounts: collected(accounts, |words| Accounts {
            expected: u64::try_from(words.len()).expect("a count"),
            users: words.iter().map(|word| user(word)).collect(),
        }),
        sessions: collected(sessions, |words| Sessions {
            users: words
                .iter()
                .map(|word| {
                    let (user, state) = word.split_once(':').unwrap_or((word, ""));
                    UserSessions {
                        user: name(user),
                        state: state_of(state),
                    }
                })
                .collect(),
        }),
        facts: Collected::NotDue,
        traffic: Collected::NotDue,
        reported_clients: None,
    }
}

fn collected<T>(text: &str, content: impl Fn(&[&str]) -> T) -> Collected<T> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.split_first() {
        Some((&"-", _)) => Collected::NotDue,
        Some((&"failed", _)) => Collected::Failed(FailureKind::Timeout),
        Some((&"partial", words)) => Collected::Partial(content(words), FailureKind::Timeout),
        Some((&"complete", words)) => Collected::Complete(content(words)),
        _ => panic!("{text}"),
    }
}

fn user(word: &str) -> ClientUser {
    let mut words = word.split(':');
    let name = words.next().expect("a name");
    let mut user = ClientUser {
        name: UserName::parse(name).expect("a name"),
        state: Some(UserState::Enabled),
        bandwidth: Some(Kbps(2_000)),
        acceleration_bandwidth: None,
        client_ip: None,
        static_ip: Some(false),
    };
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("disabled", _) => user.state = Some(UserState::Disabled),
            ("static", address) => {
                user.static_ip = Some(true);
                user.client_ip = Some(address.parse().expect("an address"));
            }
            ("kbps", kbps) => user.bandwidth = Some(Kbps(kbps.parse().expect("a number"))),
            _ => panic!("{word}"),
        }
    }
    user
}

fn state_of(text: &str) -> SessionState {
    if let Some(count) = text.strip_prefix('#') {
        return SessionState::Count(count.parse().expect("a count"));
    }
    match text {
        "" => SessionState::Sessions(Vec::new()),
        "?" => SessionState::Unknown(FailureKind::Timeout),
        "!" => SessionState::Gone,
        _ => SessionState::Sessions(text.split(',').map(session).collect()),
    }
}

fn session(text: &str) -> Session {
    let (address, start) = text.split_once('@').expect("ADDRESS@START");
    let start = start.parse().ok();
    Session {
        client_ip: address.parse().ok(),
        started: start.map(|second| Timestamp::from_second(second).expect("a time")),
    }
}

pub const RETAIN: u32 = 2;

/// Users enough to differ, few enough to come again.
pub const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
