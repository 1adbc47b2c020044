//! The pages that programs read: the state as JSON, and the instances as
//! targets of Prometheus.

use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::{Request, Response, StatusCode};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::under_way::Sweep;
use super::{Lifecycle, Options, Published, UnderWay, respond};
use crate::fleet::{AccountStatus, InstanceSnapshot};
use crate::httpd::Body;
use crate::model::{AccountName, Collector};

/// What `/api/v1/status` answers, for this moment. Unknown values are null;
/// times are in RFC 3339.
pub(super) fn status(
    options: &Options,
    published: &Published,
    lifecycle: &Lifecycle,
    under_way: &UnderWay,
) -> Response<Body> {
    let sweeps = under_way.sweeps();
    let snapshot = published.snapshot();
    let ready = lifecycle.ready(snapshot);
    respond::json(&Status {
        ready: ready.is_ok(),
        reason: ready.err(),
        healthy: lifecycle.healthy().is_ok(),
        build: Build {
            version: options.build.version,
            revision: options.build.revision,
            rustversion: options.build.rustversion,
        },
        observed_at: snapshot.at().map(Time),
        series_limited: published.is_limited(),
        sweeps: sweeps.iter().map(sweep).collect(),
        accounts: snapshot.accounts().iter().map(account).collect(),
        instances: snapshot.instances().iter().map(|i| instance(i)).collect(),
    })
}

/// What `/api/v1/sd` answers: a target group for each instance, as Prometheus'
/// HTTP service discovery wants it. The target is this exporter under the name
/// by which the client knows it.
pub(super) fn discovery(
    options: &Options,
    published: &Published,
    request: &Request<()>,
) -> Response<Body> {
    let Some(host) = host(request) else {
        let text = "the targets are named after the field Host: expected a host, or host:port";
        return respond::line(StatusCode::BAD_REQUEST, text);
    };
    let groups: Vec<TargetGroup<'_>> = published
        .snapshot()
        .instances()
        .iter()
        .map(|instance| TargetGroup {
            targets: [host.as_str()],
            labels: Labels::of(instance, options),
        })
        .collect();
    respond::json(&groups)
}

/// How the client calls this server: by the target of the request if that names
/// a host, else by the field Host.
fn host(request: &Request<()>) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let authority: Authority = host.parse().ok()?;
    // Whoever sends a password does not want it to be handed out.
    (!authority.as_str().contains('@')).then_some(authority)
}

#[derive(Debug, Serialize)]
struct Status<'a> {
    ready: bool,
    /// Why it is not ready.
    reason: Option<&'static str>,
    healthy: bool,
    build: Build,
    observed_at: Option<Time>,
    series_limited: bool,
    sweeps: Vec<SweepState<'a>>,
    accounts: Vec<Account<'a>>,
    instances: Vec<Instance<'a>>,
}

#[derive(Debug, Serialize)]
struct Build {
    version: &'static str,
    revision: &'static str,
    rustversion: &'static str,
}

/// A sweep that is under way.
#[derive(Debug, Serialize)]
struct SweepState<'a> {
    account: &'a str,
    instances: usize,
    instances_done: usize,
    users: usize,
    users_done: usize,
}

/// The last sweep of a cloud account.
#[derive(Debug, Serialize)]
struct Account<'a> {
    account: &'a str,
    outcome: &'static str,
    swept_at: Time,
}

#[derive(Debug, Serialize)]
struct Instance<'a> {
    sag_id: &'a str,
    name: Option<&'a str>,
    account: &'a str,
    region: &'a str,
    /// Whether the last sweep was complete.
    up: bool,
    swept_at: Time,
    collectors: Vec<CollectorState>,
    expected_users: Option<u64>,
    collected_users: Option<u64>,
    enabled_users: Option<u64>,
    disabled_users: Option<u64>,
    online_users: Option<u64>,
    online_clients: Option<u64>,
    stale_users: Option<u64>,
}

#[derive(Debug, Serialize)]
struct CollectorState {
    collector: &'static str,
    success: Option<bool>,
    last_success: Option<Time>,
}

#[derive(Debug, Serialize)]
struct TargetGroup<'a> {
    targets: [&'a str; 1],
    labels: Labels<'a>,
}

#[derive(Debug, Serialize)]
struct Labels<'a> {
    #[serde(rename = "__metrics_path__")]
    metrics_path: &'a str,
    #[serde(rename = "__param_sag_id")]
    param: &'a str,
    #[serde(rename = "__meta_sag_id")]
    sag_id: &'a str,
    #[serde(rename = "__meta_sag_account")]
    account: &'a str,
    #[serde(rename = "__meta_sag_region")]
    region: &'a str,
    #[serde(rename = "__meta_sag_name", skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> Labels<'a> {
    fn of(instance: &'a InstanceSnapshot, options: &'a Options) -> Self {
        let facts = instance.instance();
        Self {
            metrics_path: options.telemetry_path.as_str(),
            param: facts.sag_id.as_str(),
            sag_id: facts.sag_id.as_str(),
            account: facts.account.as_str(),
            region: facts.region.as_str(),
            name: facts.name.as_deref(),
        }
    }
}

/// A moment as text.
#[derive(Debug)]
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

fn sweep((account, sweep): &(AccountName, Sweep)) -> SweepState<'_> {
    SweepState {
        account: account.as_str(),
        instances: sweep.instances,
        instances_done: sweep.instances_done,
        users: sweep.users,
        users_done: sweep.users_done,
    }
}

fn account(status: &AccountStatus) -> Account<'_> {
    Account {
        account: status.account.as_str(),
        outcome: status.outcome.as_str(),
        swept_at: Time(status.at),
    }
}

fn instance(instance: &InstanceSnapshot) -> Instance<'_> {
    let facts = instance.instance();
    let totals = instance.totals();
    let collectors = Collector::ALL.into_iter().map(|collector| {
        let state = instance.collector(collector);
        CollectorState {
            collector: collector.as_str(),
            success: state.success,
            last_success: state.last_success.map(Time),
        }
    });
    Instance {
        sag_id: facts.sag_id.as_str(),
        name: facts.name.as_deref(),
        account: facts.account.as_str(),
        region: facts.region.as_str(),
        up: instance.is_up(),
        swept_at: Time(instance.at()),
        collectors: collectors.collect(),
        expected_users: instance.expected_users(),
        collected_users: instance.collected_users(),
        enabled_users: totals.enabled_users,
        disabled_users: totals.disabled_users,
        online_users: totals.online_users,
        online_clients: totals.online_clients,
        stale_users: totals.stale_users,
    }
}
