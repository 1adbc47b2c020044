//! The documentation that the program brings along: the page links to it where
//! an operator may be without a way out to the network.

use hyper::Response;

use super::respond;
use crate::httpd::Body;
use crate::model::Rule;

/// A file of `docs/`, if there is one at this path.
pub(super) fn document(path: &str) -> Option<Response<Body>> {
    let name = path.strip_prefix(PREFIX)?;
    let (_, text) = DOCUMENTS.iter().find(|(known, _)| *known == name)?;
    let content_type = match name.ends_with(".json") {
        true => "application/json",
        // Browsers show it, which they do not do with Markdown.
        false => "text/plain; charset=utf-8",
    };
    Some(respond::with_type(content_type, Body::from(*text)))
}

/// Where it stands what to do about a finding of this rule.
pub(super) fn runbook(rule: Rule) -> &'static str {
    match rule {
        Rule::DisabledOnline => "/docs/runbooks/SagDisabledUserOnline.md",
        Rule::ConcurrentSessions => "/docs/runbooks/SagConcurrentSessions.md",
        Rule::LongSession => "/docs/runbooks/SagLongSession.md",
        Rule::Flapping => "/docs/runbooks/SagFlapping.md",
        Rule::MassDisconnect => "/docs/runbooks/SagMassDisconnect.md",
        Rule::DuplicateIp => "/docs/runbooks/SagDuplicateIp.md",
        Rule::StaticIpMismatch => "/docs/runbooks/SagStaticIpMismatch.md",
        Rule::BandwidthDrift => "/docs/runbooks/SagBandwidthDrift.md",
        Rule::Dormant => "/docs/runbooks/SagDormantUsers.md",
        Rule::ClockSkew => "/docs/runbooks/SagClockSkew.md",
    }
}

macro_rules! document {
    ($name:literal) => {
        ($name, include_str!(concat!("../../docs/", $name)))
    };
}

const PREFIX: &str = "/docs/";

const DOCUMENTS: [(&str, &str); 49] = [
    document!("README.md"),
    document!("alerts.md"),
    document!("configuration.md"),
    document!("dashboards.md"),
    document!("events.md"),
    document!("http.md"),
    document!("install.md"),
    document!("kubernetes.md"),
    document!("metrics.md"),
    document!("permissions.md"),
    document!("rules.md"),
    document!("scale.md"),
    document!("security.md"),
    document!("simulator.md"),
    document!("status.schema.json"),
    document!("textfile.md"),
    document!("troubleshooting.md"),
    document!("users.md"),
    document!("web-configuration.md"),
    document!("runbooks/SagAccountFailing.md"),
    document!("runbooks/SagAccountQuotaNearlyUsed.md"),
    document!("runbooks/SagBandwidthDrift.md"),
    document!("runbooks/SagBandwidthOvercommitted.md"),
    document!("runbooks/SagClockSkew.md"),
    document!("runbooks/SagCollectionFailing.md"),
    document!("runbooks/SagConcurrentSessions.md"),
    document!("runbooks/SagConfigReloadFailed.md"),
    document!("runbooks/SagCredentialExpiring.md"),
    document!("runbooks/SagCredentialRefreshFailing.md"),
    document!("runbooks/SagCredentialRejected.md"),
    document!("runbooks/SagDisabledUserOnline.md"),
    document!("runbooks/SagDormantUsers.md"),
    document!("runbooks/SagDuplicateIp.md"),
    document!("runbooks/SagEventsDropped.md"),
    document!("runbooks/SagExporterAbsent.md"),
    document!("runbooks/SagExporterDown.md"),
    document!("runbooks/SagFlapping.md"),
    document!("runbooks/SagListIncomplete.md"),
    document!("runbooks/SagLongSession.md"),
    document!("runbooks/SagMassDisconnect.md"),
    document!("runbooks/SagOverBudget.md"),
    document!("runbooks/SagSeriesLimited.md"),
    document!("runbooks/SagStateNotWritten.md"),
    document!("runbooks/SagStaticIpMismatch.md"),
    document!("runbooks/SagSubscriptionEndsSoon.md"),
    document!("runbooks/SagSweepStale.md"),
    document!("runbooks/SagThresholdsMissing.md"),
    document!("runbooks/SagThrottled.md"),
    document!("runbooks/SagTrafficAllowanceNearlyUsed.md"),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_runbook_is_brought_along() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        for entry in fs::read_dir(docs.join("runbooks")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = format!("{PREFIX}runbooks/{name}");
            assert!(document(&path).is_some(), "{name} is not in DOCUMENTS");
        }
        for rule in Rule::ALL {
            assert!(document(runbook(rule)).is_some(), "{rule}");
        }
        for path in [
            "/docs/",
            "/docs/../Cargo.toml",
            "/docs/runbooks/",
            "/rules.md",
        ] {
            assert!(document(path).is_none(), "{path}");
        }
    }
}
