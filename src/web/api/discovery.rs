//! The instances as targets of Prometheus.

use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::{Request, Response, StatusCode};
use serde::Serialize;

use crate::fleet::InstanceSnapshot;
use crate::httpd::Body;
use crate::web::{Options, Published, respond};

/// What `/api/v1/sd` answers: a target group for each instance, as Prometheus'
/// HTTP service discovery wants it. The target is this exporter under the name
/// by which the client knows it.
pub(in crate::web) fn discovery(
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
