//! One call from its parameters to its reply.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{Request, Response};
use serde::de::IgnoredAny;
use tokio::time::{Instant, sleep, timeout};

use super::classify::is_known;
use super::credentials::{Credential, CredentialProvider};
use super::error::ApiError;
use super::gate::Gate;
use super::options::Options;
use super::reply::Reply;
use super::request::{self, Stamp};
use super::retry::{self, Progress};
use super::target::{Target, Targets};
use super::transport::{Transport, TransportError};
use crate::clock::Clock;
use crate::model::{Action, Region};
use crate::telemetry::Telemetry;

/// Makes signed calls for one cloud account. Cheap to clone; all clones share
/// the pacing and the connections.
#[derive(Debug, Clone)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: Options,
    credentials: Arc<dyn CredentialProvider>,
    transport: Arc<dyn Transport>,
    targets: Targets,
    gate: Gate,
    clock: Clock,
    telemetry: Telemetry,
}

impl Client {
    /// A client that has called nobody yet.
    pub fn new(
        options: Options,
        credentials: Arc<dyn CredentialProvider>,
        transport: Arc<dyn Transport>,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Self {
        Self(Arc::new(Shared {
            targets: Targets::new(options.endpoint.clone()),
            gate: Gate::new(options.account.clone(), options.rate, telemetry.clone()),
            options,
            credentials,
            transport,
            clock,
            telemetry,
        }))
    }

    /// Makes a call, several times if need be.
    ///
    /// The parameters come in any order. `RegionId` is added where the
    /// operation wants one and the caller gave none.
    ///
    /// # Errors
    ///
    /// The failure of the last attempt. A write whose outcome is unknown is
    /// not attempted again.
    pub async fn call<K: AsRef<str>, V: AsRef<str>>(
        &self,
        region: &Region,
        action: Action,
        parameters: &[(K, V)],
    ) -> Result<Reply, ApiError> {
        let query = request::query(region, action, parameters);
        self.0.call(region, action, &query).await
    }
}

impl Shared {
    async fn call(&self, region: &Region, action: Action, query: &str) -> Result<Reply, ApiError> {
        let target = self.targets.of(region);
        let target = target.map_err(|error| ApiError::transport(action, unsendable(error)))?;
        let mut course = Course::default();
        let mut attempts = 0;
        let mut renewed = false;
        loop {
            let outcome = self.attempt(&target, action, query, &mut course).await;
            let Err(error) = outcome else {
                return outcome;
            };
            attempts += 1;
            // Once in a call: what is refused a second time is refused.
            if std::mem::take(&mut course.renewable) && !renewed {
                renewed = true;
                continue;
            }
            let progress = Progress {
                attempts,
                elapsed: course
                    .first
                    .map_or_else(Default::default, |first| first.elapsed()),
            };
            let random = rand::random();
            let pause = retry::pause(&self.options.retry, action, &error, progress, random);
            let Some(pause) = pause else {
                return Err(error.with_attempts(attempts));
            };
            tracing::debug!(action = action.as_str(), kind = %error.kind(), ?pause, "call is repeated");
            sleep(pause).await;
        }
    }

    /// One attempt: credential, turn, signature, exchange, count.
    async fn attempt(
        &self,
        target: &Target,
        action: Action,
        query: &str,
        course: &mut Course,
    ) -> Result<Reply, ApiError> {
        self.gate.pass(action).await;
        let credential = self.credentials.credential().await;
        let credential = credential.map_err(|error| ApiError::credential(action, error))?;
        // After the wait, so that the date is not old when it is sent.
        let stamp = Stamp {
            now: self.clock.now(),
            nonce: rand::random(),
        };
        let request = request::signed(target, action, query, &credential, stamp)
            .map_err(|error| ApiError::transport(action, unsendable(error)))?;
        let began = Instant::now();
        course.first.get_or_insert(began);
        let outcome = match self.exchange(target, request).await {
            Ok(response) => self.reply(action, response, &credential),
            Err(error) => Err(ApiError::transport(action, error)),
        };
        let counted = outcome.as_ref().map(|_| ()).map_err(ApiError::kind);
        let account = &self.options.account;
        self.telemetry
            .api_request(account, action, counted, began.elapsed());
        self.gate
            .learn(action, outcome.as_ref().map(Reply::exhausted));
        if outcome.as_ref().is_err_and(ApiError::is_credential_refused) {
            course.renewable = self.credentials.invalidate(&credential);
        }
        outcome
    }

    async fn exchange(
        &self,
        target: &Target,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        let limit = self.options.attempt_timeout;
        let exchange = timeout(limit, self.transport.send(request)).await;
        exchange.unwrap_or_else(|_| {
            Err(TransportError::Timeout {
                host: target.name().to_owned(),
                limit,
            })
        })
    }

    fn reply(
        &self,
        action: Action,
        response: Response<Bytes>,
        credential: &Credential,
    ) -> Result<Reply, ApiError> {
        let body = response.body();
        if response.status().is_success() && is_object(body) && !is_refusal(body) {
            let (parts, body) = response.into_parts();
            return Ok(Reply::new(parts.headers, body));
        }
        let now = self.clock.now();
        Err(ApiError::answer(action, &response, credential, now))
    }
}

/// What the attempts of one call leave for the next.
#[derive(Debug, Default)]
struct Course {
    /// When the first one began.
    first: Option<Instant>,
    /// The last one was refused for its credential, and another can be had.
    renewable: bool,
}

/// Whether the bytes are a JSON object, whole. Checked here, so that a reply
/// cut short by a proxy is asked for again.
fn is_object(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// Whether the body holds a code that stands for a failure. Some gateways send
/// their refusals with the status of a success.
fn is_refusal(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Refusal {
        #[serde(rename = "Code")]
        code: Option<String>,
    }
    let may_be = body.windows(CODE.len()).any(|piece| piece == CODE);
    may_be
        && serde_json::from_slice(body)
            .is_ok_and(|refusal: Refusal| is_known(refusal.code.as_deref()))
}

fn unsendable(error: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::Unsendable {
        source: error.into(),
    }
}

/// How a code is written; replies of successful calls hold none.
const CODE: &[u8] = b"\"Code\"";
