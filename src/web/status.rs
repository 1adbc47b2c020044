//! The page at `/`: what is served, and whether it is whole.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::Response;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use sha2::{Digest as _, Sha256};

use super::html::Escaped;
use super::under_way::Sweep;
use super::{Lifecycle, Options, UnderWay, respond};
use crate::fleet::{InstanceSnapshot, Snapshot};
use crate::httpd::Body;
use crate::model::AccountName;

/// Draws the page.
#[derive(Debug)]
pub(super) struct StatusPage {
    telemetry_path: String,
    version: &'static str,
    policy: HeaderValue,
}

impl StatusPage {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            telemetry_path: options.telemetry_path.to_string(),
            version: options.build.version,
            policy: policy(),
        }
    }

    /// The page for this moment.
    pub(super) fn render(
        &self,
        snapshot: &Snapshot,
        lifecycle: &Lifecycle,
        under_way: &UnderWay,
    ) -> Response<Body> {
        let view = View {
            page: self,
            ready: lifecycle.ready(snapshot),
            sweeps: under_way.sweeps(),
            instances: snapshot.instances(),
        };
        let body = Body::from(view.to_string());
        let mut response = respond::with_type("text/html; charset=utf-8", body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }
}

/// Everything that one rendering shows.
struct View<'a> {
    page: &'a StatusPage,
    ready: Result<(), &'static str>,
    sweeps: Vec<(AccountName, Sweep)>,
    instances: &'a [Arc<InstanceSnapshot>],
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(concat!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<title>SAG exporter</title>\n<style>",
            include_str!("status.css"),
            "</style>\n</head>\n<body>\n<main>\n"
        ))?;
        writeln!(f, "<h1>SAG exporter {}</h1>", Escaped(self.page.version))?;
        self.state(f)?;
        self.links(f)?;
        self.progress(f)?;
        self.table(f)?;
        f.write_str("</main>\n</body>\n</html>\n")
    }
}

impl View<'_> {
    fn state(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ready {
            Ok(()) => f.write_str("<p class=\"good\">Ready.</p>\n"),
            Err(reason) => writeln!(f, "<p class=\"bad\">Not ready: {}.</p>", Escaped(reason)),
        }
    }

    fn links(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Escaped(&self.page.telemetry_path);
        write!(
            f,
            "<nav>\n<ul>\n<li><a href=\"{path}\">Metrics</a></li>\n\
             <li><a href=\"/-/healthy\">Health</a></li>\n\
             <li><a href=\"/-/ready\">Readiness</a></li>\n\
             <li><a href=\"/api/v1/status\">This page as JSON</a></li>\n\
             <li><a href=\"/api/v1/sd\">Targets for Prometheus</a></li>\n</ul>\n</nav>\n"
        )
    }

    /// The sweeps under way, so that whoever waits for a first one sees it move.
    fn progress(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (account, sweep) in &self.sweeps {
            writeln!(
                f,
                "<p>Sweep of {}: {} of {} instances, {} of {} users \
                 <progress max=\"{}\" value=\"{}\"></progress></p>",
                Escaped(account.as_str()),
                sweep.instances_done,
                sweep.instances,
                sweep.users_done,
                sweep.users,
                sweep.users.max(1),
                sweep.users_done,
            )?;
        }
        Ok(())
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "<h2>Instances ({})</h2>", self.instances.len())?;
        if self.instances.is_empty() {
            return f.write_str("<p>None has been swept yet.</p>\n");
        }
        f.write_str(concat!(
            "<div class=\"scroll\">\n<table>\n<thead><tr><th scope=\"col\">Instance</th>",
            "<th scope=\"col\">Name</th><th scope=\"col\">Account</th><th scope=\"col\">Region</th>",
            "<th scope=\"col\">Last sweep</th><th scope=\"col\">Ended at</th>",
            "<th scope=\"col\" class=\"number\">Client accounts</th>",
            "<th scope=\"col\" class=\"number\">Online</th>",
            "<th scope=\"col\" class=\"number\">Clients online</th>",
            "<th scope=\"col\" class=\"number\">Not observed</th></tr></thead>\n<tbody>\n"
        ))?;
        for instance in self.instances.iter().take(LIMIT_ROWS) {
            row(instance, f)?;
        }
        f.write_str("</tbody>\n</table>\n</div>\n")?;
        match self.instances.len().saturating_sub(LIMIT_ROWS) {
            0 => Ok(()),
            more => writeln!(f, "<p>And {more} more; all of them are in the metrics.</p>"),
        }
    }
}

fn row(instance: &InstanceSnapshot, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let facts = instance.instance();
    write!(
        f,
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>",
        Escaped(facts.sag_id.as_str()),
        Escaped(facts.name.as_deref().unwrap_or_default()),
        Escaped(facts.account.as_str()),
        Escaped(facts.region.as_str()),
    )?;
    f.write_str(if instance.is_up() {
        "<td class=\"good\">complete</td>"
    } else {
        "<td class=\"bad\">incomplete</td>"
    })?;
    // Fractions of a second are of no interest to people.
    let at = instance.at();
    let seconds = at.round(jiff::Unit::Second).unwrap_or(at);
    write!(f, "<td><time>{seconds}</time></td>")?;
    let totals = instance.totals();
    for count in [
        instance.collected_users(),
        totals.online_users,
        totals.online_clients,
        totals.stale_users,
    ] {
        number(count, f)?;
    }
    f.write_str("</tr>\n")
}

fn number(count: Option<u64>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match count {
        Some(count) => write!(f, "<td class=\"number\">{count}</td>"),
        None => f.write_str("<td class=\"number\">unknown</td>"),
    }
}

/// Nothing is loaded, run, embedded or sent; only this very style sheet counts.
fn policy() -> HeaderValue {
    let digest = BASE64_STANDARD.encode(Sha256::digest(include_str!("status.css")));
    let text = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Rows of the table. A page with more is of no use to a person.
const LIMIT_ROWS: usize = 1000;
