//! The state as JSON. `docs/status.schema.json` describes every member.

use std::collections::BTreeMap;

use hyper::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::parts::{Account, Anomalies, Instance, SweepState, Time};
use crate::fleet::Snapshot;
use crate::httpd::Body;
use crate::model::{Collector, FailureKind, Region, SagId};
use crate::telemetry::{AccountReadings, Calls, OperationReadings, RECENT};
use crate::web::moment::Moment;
use crate::web::problems::Problem;
use crate::web::respond;
use crate::web::standing::{AccountConfiguration, Configuration, State};

/// What `/api/v1/status` answers. Unknown values are null; times are in
/// RFC 3339.
pub(in crate::web) fn status(moment: &Moment<'_>) -> Response<Body> {
    let snapshot = moment.snapshot();
    let anomalies = moment.published.anomalies().iter();
    respond::json(&Status {
        now: Time(moment.now),
        verdict: moment.verdict().as_str(),
        ready: moment.ready.is_ok(),
        reason: moment.ready.err(),
        healthy: moment.healthy.is_ok(),
        build: Build {
            version: moment.options.build.version,
            revision: moment.options.build.revision,
            rustversion: moment.options.build.rustversion,
        },
        observed_at: latest_news(snapshot).map(Time),
        series_limited: moment.published.is_limited(),
        problems: moment.problems.iter().map(problem).collect(),
        sweeps: moment.sweeps.iter().map(SweepState::of).collect(),
        accounts: snapshot.accounts().iter().map(Account::of).collect(),
        instances: snapshot
            .instances()
            .iter()
            .map(|i| Instance::of(i))
            .collect(),
        anomalies: anomalies.map(Anomalies::of).collect(),
        recent_seconds: RECENT.as_secs(),
        budget: budget(moment),
        configuration: configuration(&moment.standing),
    })
}

#[derive(Debug, Serialize)]
struct Status<'a> {
    now: Time,
    verdict: &'static str,
    ready: bool,
    /// Why it is not ready.
    reason: Option<&'static str>,
    healthy: bool,
    build: Build,
    observed_at: Option<Time>,
    series_limited: bool,
    problems: Vec<ProblemState<'a>>,
    sweeps: Vec<SweepState<'a>>,
    accounts: Vec<Account<'a>>,
    instances: Vec<Instance<'a>>,
    anomalies: Vec<Anomalies<'a>>,
    recent_seconds: u64,
    budget: Vec<Budget<'a>>,
    configuration: Option<InForce<'a>>,
}

#[derive(Debug, Serialize)]
struct Build {
    version: &'static str,
    revision: &'static str,
    rustversion: &'static str,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize)]
struct ProblemState<'a> {
    kind: &'static str,
    affects_data: bool,
    account: Option<&'a str>,
    instances: Vec<&'a str>,
    text: &'a str,
    at: Option<Time>,
}

/// The calls for one cloud account.
#[derive(Debug, Serialize)]
struct Budget<'a> {
    account: &'a str,
    rate_ceiling: Option<f64>,
    demand_ratio: Option<f64>,
    sweep_seconds: Option<f64>,
    credential_expires: Option<Time>,
    credential_failures: u64,
    operations: Vec<Operation>,
}

#[derive(Debug, Serialize)]
struct Operation {
    action: &'static str,
    rate_limit: Option<f64>,
    available: Option<bool>,
    requests: BTreeMap<&'static str, u64>,
    recent_requests: BTreeMap<&'static str, u64>,
}

/// The configuration in force.
#[derive(Debug, Serialize)]
struct InForce<'a> {
    loaded_at: Time,
    last_reload_refused_at: Option<Time>,
    last_reload_refusal: Option<&'a str>,
    sweep: Sweep,
    labels: Labels,
    limits: Limits,
    state: Option<Kept>,
    events: Told<'a>,
    policy: Vec<Entry<'a>>,
    accounts: Vec<Cloud<'a>>,
}

#[derive(Debug, Serialize)]
struct Sweep {
    interval_seconds: f64,
    accounts_interval_seconds: f64,
    traffic_interval_seconds: f64,
    retain: u32,
    page_size: u32,
    sessions: &'static str,
    shard: String,
}

#[derive(Debug, Serialize)]
struct Labels {
    user: &'static str,
}

#[derive(Debug, Serialize)]
struct Limits {
    user_series: u64,
}

/// The file of what is to survive a restart.
#[derive(Debug, Serialize)]
struct Kept {
    file: String,
    interval_seconds: f64,
}

/// Who is told what happens.
#[derive(Debug, Serialize)]
struct Told<'a> {
    file: Option<&'a str>,
    webhooks: &'a [String],
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    #[serde(rename = "match")]
    users: &'a str,
    sag_id: Option<&'a str>,
    sessions: Option<u32>,
    session_length_seconds: Option<f64>,
    bandwidth_kbps: Option<u32>,
    dormant_seconds: Option<f64>,
}

/// A cloud account of the configuration.
#[derive(Debug, Serialize)]
struct Cloud<'a> {
    name: &'a str,
    /// Empty for all regions.
    regions: Vec<&'a str>,
    /// Empty for all that are discovered.
    instances: Vec<&'a str>,
    endpoint: &'a str,
    rate: f64,
    concurrency: u32,
    credential: &'a str,
}

/// When a part of an instance was last read completely.
fn latest_news(snapshot: &Snapshot) -> Option<Timestamp> {
    let instances = snapshot.instances().iter();
    let collectors = instances.flat_map(|instance| {
        let all = Collector::ALL.into_iter();
        all.map(|collector| instance.collector(collector).last_success)
    });
    collectors.flatten().max()
}

fn problem(problem: &Problem) -> ProblemState<'_> {
    ProblemState {
        kind: problem.kind.as_str(),
        affects_data: problem.affects_data(),
        account: problem.account.as_deref(),
        instances: problem.sag_ids.iter().map(SagId::as_str).collect(),
        text: &problem.text,
        at: problem.at.map(Time),
    }
}

fn budget<'a>(moment: &'a Moment<'_>) -> Vec<Budget<'a>> {
    let ceiling = |account: &str| {
        let mut configured = moment.configured().iter();
        let found = configured.find(|entry| entry.sweep.name.as_str() == account);
        found.map(|entry| entry.rate.per_second())
    };
    let budget = |(account, readings): (&'a String, &AccountReadings)| Budget {
        account,
        rate_ceiling: ceiling(account),
        demand_ratio: readings.demand_ratio,
        sweep_seconds: readings.sweep_seconds,
        credential_expires: readings.credential_expires.map(Time),
        credential_failures: readings.credential_failures,
        operations: readings
            .operations
            .iter()
            .map(|(action, readings)| operation(action.as_str(), readings))
            .collect(),
    };
    moment.readings.iter().map(budget).collect()
}

fn operation(action: &'static str, readings: &OperationReadings) -> Operation {
    Operation {
        action,
        rate_limit: readings.rate_limit,
        available: readings.available,
        requests: by_outcome(&readings.calls),
        recent_requests: by_outcome(&readings.recent),
    }
}

fn by_outcome(calls: &Calls) -> BTreeMap<&'static str, u64> {
    let kinds = FailureKind::ALL.into_iter();
    let failed = kinds.map(|kind| (kind.as_str(), calls.of_kind(kind)));
    failed.chain([("ok", calls.ok)]).collect()
}

fn configuration(state: &State) -> Option<InForce<'_>> {
    let loaded = state.loaded.as_ref()?;
    let configuration: &Configuration = &loaded.configuration;
    let options = &configuration.sweep;
    let refused = state.refused.as_ref();
    Some(InForce {
        loaded_at: Time(loaded.at),
        last_reload_refused_at: refused.map(|refused| Time(refused.at)),
        last_reload_refusal: refused.map(|refused| &*refused.reason),
        sweep: Sweep {
            interval_seconds: options.interval.as_secs_f64(),
            accounts_interval_seconds: options.accounts_interval.as_secs_f64(),
            traffic_interval_seconds: options.traffic_interval.as_secs_f64(),
            retain: options.retain,
            page_size: options.page_size.users(),
            sessions: options.sessions.as_str(),
            shard: options.shard.to_string(),
        },
        labels: Labels {
            user: configuration.user_labels,
        },
        limits: Limits {
            user_series: configuration.user_series_limit,
        },
        state: configuration.state.as_ref().map(|state| Kept {
            file: state.path.display().to_string(),
            interval_seconds: state.interval.as_secs_f64(),
        }),
        events: Told {
            file: configuration.events.file.as_deref(),
            webhooks: &configuration.events.webhooks,
        },
        policy: configuration.policy.entries().iter().map(entry).collect(),
        accounts: configuration.accounts.iter().map(cloud).collect(),
    })
}

fn entry(entry: &crate::rules::Entry) -> Entry<'_> {
    let limits = entry.limits;
    Entry {
        users: entry.users.as_str(),
        sag_id: entry.sag_id.as_ref().map(SagId::as_str),
        sessions: limits.sessions.map(std::num::NonZero::get),
        session_length_seconds: limits.session_length.map(|length| length.as_secs_f64()),
        bandwidth_kbps: limits.bandwidth.map(|bandwidth| bandwidth.0),
        dormant_seconds: limits.dormant.map(|dormant| dormant.as_secs_f64()),
    }
}

fn cloud(account: &AccountConfiguration) -> Cloud<'_> {
    let options = &account.sweep;
    Cloud {
        name: options.name.as_str(),
        regions: options.regions.iter().map(Region::as_str).collect(),
        instances: options.instances.iter().map(SagId::as_str).collect(),
        endpoint: account.endpoint.as_str(),
        rate: account.rate.per_second(),
        concurrency: options.concurrency.get(),
        credential: &account.credential,
    }
}
