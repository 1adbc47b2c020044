//! A credential from a URI, such as a sidecar serves.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::USER_AGENT;
use hyper::{Request, Uri};

use super::exchange::{self, Quote, Service};
use super::formats::{Grant, metadata};
use super::reason::Reason;
use super::surroundings::Surroundings;
use crate::openapi::request::AGENT;

/// Asks the given URI, or that of the environment. It may hold a secret, so
/// no message shows more of it than the host.
pub(super) async fn credentials_uri(
    uri: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Grant, Reason> {
    let uri = match uri {
        Some(uri) => uri,
        None => surroundings.environment.required(VARIABLE)?,
    };
    let uri = parse(uri).ok_or_else(|| Reason::Unusable {
        object: NAME.to_owned(),
        expected: "a URL with http or https, without user name and password",
    })?;
    let request = Request::get(uri).header(USER_AGENT, AGENT);
    let request = request.body(Bytes::new());
    let request = request.map_err(|error| exchange::unsendable(NAME, error))?;
    let service = Service {
        name: NAME,
        transport: &*surroundings.direct,
        limit: TIMEOUT,
        quote: Quote::Message,
    };
    let body = service.ask(request, &[]).await?;
    metadata::parse(&body).map_err(|source| Reason::Malformed {
        object: format!("the answer of {NAME}"),
        source,
    })
}

fn parse(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    let plain = uri
        .authority()
        .is_some_and(|host| !host.as_str().contains('@'));
    (known && plain).then_some(uri)
}

/// The name of the service, for messages.
pub(super) const NAME: &str = "the credentials URI";

const VARIABLE: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";

/// As in the official library.
const TIMEOUT: Duration = Duration::from_secs(10);
