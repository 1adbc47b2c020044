//! The page at `/`: is what the exporter says true, and if not, what is not.
//!
//! It is one document without anything from elsewhere. A script in it fetches
//! the page again and puts what has changed in place; without it the page is
//! the same and stands still.

mod accounts;
mod anomalies;
mod configuration;
mod headline;
mod instances;
mod markup;

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::Response;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use sha2::{Digest as _, Sha256};

use super::html::Escaped;
use super::moment::Moment;
use super::respond;
use crate::httpd::Body;

/// Draws the page.
#[derive(Debug)]
pub(super) struct StatusPage {
    policy: HeaderValue,
}

impl StatusPage {
    pub(super) fn new() -> Self {
        Self { policy: policy() }
    }

    /// The page for this moment.
    pub(super) fn render(&self, moment: &Moment<'_>) -> Response<Body> {
        let mut page = String::with_capacity(TYPICAL_BYTES);
        // A String takes everything.
        let _ = draw(moment, &mut page);
        let mut response = respond::with_type("text/html; charset=utf-8", Body::from(page));
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }
}

fn draw(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"{ICON}\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        headline::title(moment),
    )?;
    header(moment, out)?;
    writeln!(out, "<main data-now=\"{:.3}\">", moment.now)?;
    headline::draw(moment, out)?;
    instances::draw(moment, out)?;
    anomalies::draw(moment, out)?;
    accounts::draw(moment, out)?;
    configuration::draw(moment, out)?;
    write!(
        out,
        "</main>\n{FOOTER}<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

fn header(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    let version = Escaped(moment.options.build.version);
    let path = Escaped(moment.options.telemetry_path.as_str());
    write!(
        out,
        "<header>\n<h1>SAG exporter <small>{version}</small></h1>\n<nav aria-label=\"Pages\">\n<ul>\n\
         <li><a href=\"{path}\">Metrics</a></li>\n\
         <li><a href=\"/-/ready\">Readiness</a></li>\n\
         <li><a href=\"/-/healthy\">Health</a></li>\n\
         <li><a href=\"/api/v1/status\">This page as JSON</a></li>\n\
         <li><a href=\"/api/v1/sd\">Targets for Prometheus</a></li>\n\
         <li><a href=\"/docs/README.md\">Documentation</a></li>\n\
         <li><a href=\"/docs/troubleshooting.md\">Troubleshooting</a></li>\n\
         </ul>\n</nav>\n\
         <p id=\"refresh\"><noscript><a href=\"/\">Read the page again</a></noscript>\
         <button type=\"button\" hidden>Stop refreshing</button> <span></span></p>\n\
         <p id=\"lost\" role=\"status\"></p>\n</header>\n"
    )
}

/// Nothing is loaded, embedded or sent elsewhere; only this very style sheet
/// and this very script count. The icon stands in the page itself.
fn policy() -> HeaderValue {
    let digest = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    let text = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; \
         connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

const STYLE: &str = include_str!("page.css");

const SCRIPT: &str = include_str!("page.js");

const FOOTER: &str = "<footer>\n<p>Times are ages at the moment of the page; the exact time is \
                      behind each of them.</p>\n</footer>\n";

const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 \
                    16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%231f6feb'/%3E%3Cpath d='M3 9h3l2-5 2 \
                    8 1-3h2' fill='none' stroke='white' stroke-width='1.5'/%3E%3C/svg%3E";

/// A page of a small fleet.
const TYPICAL_BYTES: usize = 32 * 1024;
