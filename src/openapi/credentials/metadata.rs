//! The credential of the RAM role of an ECS server, from its metadata service.

use std::time::Duration;

use bytes::Bytes;
use hyper::http::request::Builder;
use hyper::{Method, Request};

use super::exchange::{self, Quote, Service};
use super::formats::{FormatError, Grant, metadata};
use super::reason::Reason;
use super::surroundings::Surroundings;
use crate::openapi::request::AGENT;
use crate::signature::canonical;

/// Asks with a token (IMDS v2), and without one (v1) if that does not work and
/// is not switched off. Without a name the server's own role is found first.
pub(super) async fn ecs_ram_role(
    name: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Grant, Reason> {
    let environment = &surroundings.environment;
    if environment.is_true(METADATA_DISABLED) {
        return Err(Reason::SwitchedOff {
            switch: METADATA_DISABLED,
        });
    }
    let session = Session::open(surroundings).await?;
    let role = match name.or_else(|| environment.get(ROLE_NAME)) {
        Some(role) => role.to_owned(),
        None => session.get("", metadata::role_name).await?,
    };
    session
        .get(&canonical::encode(&role), metadata::parse)
        .await
}

#[derive(Debug)]
struct Session<'a> {
    surroundings: &'a Surroundings,
    token: Option<String>,
    may_do_without: bool,
}

impl<'a> Session<'a> {
    async fn open(surroundings: &'a Surroundings) -> Result<Self, Reason> {
        let mut session = Self {
            surroundings,
            token: None,
            may_do_without: !surroundings.environment.is_true(V1_DISABLED),
        };
        match session.new_token().await {
            Ok(token) => session.token = Some(token),
            Err(reason) if !session.may_do_without => return Err(reason),
            Err(_) => {}
        }
        Ok(session)
    }

    async fn new_token(&self) -> Result<String, Reason> {
        let request = self.request(Method::PUT, "/latest/api/token");
        let body = self.ask(request.header(TOKEN_LIFETIME, "21600")).await?;
        metadata::token(&body).map_err(malformed)
    }

    /// What the service says about a role, or which role there is.
    async fn get<T>(
        &self,
        role: &str,
        parse: fn(&[u8]) -> Result<T, FormatError>,
    ) -> Result<T, Reason> {
        let path = format!("/latest/meta-data/ram/security-credentials/{role}");
        let ask = async |token: Option<&str>| {
            let mut request = self.request(Method::GET, &path);
            if let Some(token) = token {
                request = request.header(TOKEN, token);
            }
            parse(&self.ask(request).await?).map_err(malformed)
        };
        match ask(self.token.as_deref()).await {
            Err(_) if self.token.is_some() && self.may_do_without => ask(None).await,
            outcome => outcome,
        }
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        let address = self.surroundings.addresses.metadata.as_deref();
        let address = address.map_or_else(|| format!("http://{HOST}"), str::to_owned);
        Request::builder()
            .method(method)
            .uri(format!("{address}{path}"))
            .header(hyper::header::HOST, HOST)
            .header(hyper::header::USER_AGENT, AGENT)
    }

    async fn ask(&self, request: Builder) -> Result<Bytes, Reason> {
        let request = request.body(Bytes::new());
        let request = request.map_err(|error| exchange::unsendable(NAME, error))?;
        let service = Service {
            name: NAME,
            transport: &*self.surroundings.direct,
            limit: TIMEOUT,
            quote: Quote::Message,
        };
        let secrets: Vec<_> = self.token.iter().map(String::as_str).collect();
        service.ask(request, &secrets).await
    }
}

fn malformed(source: FormatError) -> Reason {
    Reason::Malformed {
        object: format!("the answer of {NAME}"),
        source,
    }
}

/// The name of the service, for messages.
pub(super) const NAME: &str = "the metadata service";

/// The same on every server of the cloud.
const HOST: &str = "100.100.100.200";

/// It answers from the host of the server, or not at all.
const TIMEOUT: Duration = Duration::from_secs(1);

const METADATA_DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
const V1_DISABLED: &str = "ALIBABA_CLOUD_IMDSV1_DISABLED";
const ROLE_NAME: &str = "ALIBABA_CLOUD_ECS_METADATA";

const TOKEN: &str = "x-aliyun-ecs-metadata-token";
const TOKEN_LIFETIME: &str = "x-aliyun-ecs-metadata-token-ttl-seconds";
