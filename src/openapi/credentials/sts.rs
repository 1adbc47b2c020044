//! Credentials of roles, from the Security Token Service.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use tokio::time::{Instant, sleep};

use super::Credential;
use super::environment::Environment;
use super::exchange::{self, Quote, Service};
use super::formats::{Grant, sts};
use super::reason::Reason;
use super::role::{OidcRole, Role, StsSite};
use super::surroundings::Surroundings;
use crate::model::Region;
use crate::openapi::request::AGENT;
use crate::pacing::{Backoff, backoff};
use crate::secret::Secret;
use crate::signature::{canonical, v1};

/// Assumes a role on top of another credential (AssumeRole, signed with V1).
pub(super) async fn assume_role(
    role: &Role,
    base: &Credential,
    surroundings: &Surroundings,
) -> Result<Grant, Reason> {
    let environment = &surroundings.environment;
    let token = base.security_token().map(Secret::reveal);
    let secrets: Vec<_> = base.secrets();
    let fixed = Parameters::new("AssumeRole", role.duration)?
        .with("RoleArn", &role.arn)
        .with(
            "RoleSessionName",
            &session_name(role.session_name.as_deref(), surroundings),
        )
        .with_some("Policy", role.policy.as_deref())
        .with_some("ExternalId", role.external_id.as_deref())
        .with("AccessKeyId", base.access_key_id())
        .with_some("SecurityToken", token)
        .with("SignatureMethod", "HMAC-SHA1")
        .with("SignatureVersion", "1.0");
    let query = || {
        let nonce = format!("{:032x}", surroundings.random.nonce());
        let mut parameters = fixed.clone().stamped(surroundings);
        parameters = parameters.with("SignatureNonce", &nonce);
        let text = v1::string_to_sign("GET", &parameters.0);
        let signature = v1::signature(base.access_key_secret(), &text);
        canonical::query(&parameters.with("Signature", &signature).0)
    };
    ask(
        surroundings,
        &host(&role.sts, environment)?,
        query,
        &secrets,
    )
    .await
}

/// Assumes the role that a token stands for (AssumeRoleWithOIDC, unsigned).
pub(super) async fn assume_role_with_oidc(
    role: &OidcRole,
    token: &str,
    surroundings: &Surroundings,
) -> Result<Grant, Reason> {
    let environment = &surroundings.environment;
    let given = |value: &Option<String>, name| match value {
        Some(value) => Ok(value.clone()),
        None => environment.required(name).map(str::to_owned),
    };
    let fixed = Parameters::new("AssumeRoleWithOIDC", role.duration)?
        .with("RoleArn", &given(&role.arn, ROLE_ARN)?)
        .with(
            "OIDCProviderArn",
            &given(&role.provider_arn, OIDC_PROVIDER_ARN)?,
        )
        .with("OIDCToken", token)
        .with(
            "RoleSessionName",
            &session_name(role.session_name.as_deref(), surroundings),
        )
        .with_some("Policy", role.policy.as_deref());
    let query = || canonical::query(&fixed.clone().stamped(surroundings).0);
    ask(
        surroundings,
        &host(&role.sts, environment)?,
        query,
        &[token],
    )
    .await
}

/// The host of a site: the central one unless a region is given.
fn host(site: &StsSite, environment: &Environment) -> Result<String, Reason> {
    let region = site.region.as_deref().filter(|region| !region.is_empty());
    let Some(region) = region.or_else(|| environment.get(STS_REGION)) else {
        return Ok("sts.aliyuncs.com".to_owned());
    };
    let region = Region::parse(region).map_err(|error| Reason::Unusable {
        object: error.to_string(),
        expected: "the region of the Security Token Service",
    })?;
    let vpc = site
        .vpc
        .unwrap_or_else(|| environment.is_true(VPC_ENDPOINT));
    let prefix = if vpc { "sts-vpc" } else { "sts" };
    Ok(format!("{prefix}.{region}.aliyuncs.com"))
}

fn session_name(given: Option<&str>, surroundings: &Surroundings) -> String {
    let environment = surroundings
        .environment
        .get("ALIBABA_CLOUD_ROLE_SESSION_NAME");
    let given = given.filter(|name| !name.is_empty()).or(environment);
    given.map_or_else(
        || format!("sag-exporter-{}", surroundings.clock.now().as_second()),
        str::to_owned,
    )
}

/// Asks, a few times if need be; each time with a query of its own.
async fn ask(
    surroundings: &Surroundings,
    host: &str,
    query: impl Fn() -> String,
    secrets: &[&str],
) -> Result<Grant, Reason> {
    let service = Service {
        name: NAME,
        transport: &*surroundings.outside,
        limit: TIMEOUT,
        quote: Quote::Body,
    };
    let began = Instant::now();
    let mut repetition = 0;
    loop {
        let request = request(surroundings, host, &query())?;
        let reason = match service.ask(request, secrets).await {
            Ok(body) => {
                return sts::parse(&body).map_err(|source| Reason::Malformed {
                    object: format!("the answer of {NAME}"),
                    source,
                });
            }
            Err(reason) => reason,
        };
        let random = surroundings.random.fraction();
        let pause = backoff(BACKOFF, repetition, reason.hint(), random);
        repetition += 1;
        let late = began.elapsed().saturating_add(pause) > TOTAL;
        if repetition >= ATTEMPTS || late || !reason.is_transient() {
            return Err(reason);
        }
        sleep(pause).await;
    }
}

fn request(surroundings: &Surroundings, host: &str, query: &str) -> Result<Request<Bytes>, Reason> {
    let address = surroundings.addresses.sts.as_deref();
    let address = address.map_or_else(|| format!("https://{host}"), str::to_owned);
    Request::get(format!("{address}/?{query}"))
        .header(HOST, host)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|error| exchange::unsendable(NAME, error))
}

/// The parameters of a request, which the query holds in sorted order.
#[derive(Clone)]
struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    fn new(action: &'static str, duration: Option<Duration>) -> Result<Self, Reason> {
        let duration = duration.unwrap_or(DURATION);
        if duration < SHORTEST {
            return Err(Reason::Unusable {
                object: format!("a session of {} s", duration.as_secs()),
                expected: "900 s or more",
            });
        }
        Ok(Self(Vec::new())
            .with("Action", action)
            .with("Format", "JSON")
            .with("Version", "2015-04-01")
            .with("DurationSeconds", &duration.as_secs().to_string()))
    }

    fn with(mut self, key: &'static str, value: &str) -> Self {
        self.0.push((key, value.to_owned()));
        self
    }

    fn with_some(self, key: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) if !value.is_empty() => self.with(key, value),
            _ => self,
        }
    }

    fn stamped(self, surroundings: &Surroundings) -> Self {
        let now = format!("{:.0}", surroundings.clock.now());
        self.with("Timestamp", &now)
    }
}

/// The name of the service, for messages.
pub(super) const NAME: &str = "the Security Token Service";

pub(super) const ROLE_ARN: &str = "ALIBABA_CLOUD_ROLE_ARN";
pub(super) const OIDC_PROVIDER_ARN: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const STS_REGION: &str = "ALIBABA_CLOUD_STS_REGION";
const VPC_ENDPOINT: &str = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED";

/// As in the official library.
const DURATION: Duration = Duration::from_secs(3600);

/// What the service itself allows.
const SHORTEST: Duration = Duration::from_secs(900);

/// The official library allows 5 s for the connection, which the transport
/// watches, and 10 s to read.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The service throttles; what lasts longer is for the next refresh.
const ATTEMPTS: u32 = 3;

/// No attempt starts later than this after the first one.
const TOTAL: Duration = Duration::from_secs(20);

const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(500),
    cap: Duration::from_secs(5),
    hint_cap: Duration::from_secs(10),
};
