//! The client over a transport of the test's own, under paused time.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, pending, ready};
use hyper::{Request, Response};
use tokio::time::Instant;

use super::credentials::{Environment, Surroundings, provider};
use super::transport::{Transport, TransportError};
use super::*;
use crate::clock::Clock;
use crate::model::{AccountName, Action, FailureKind, Region};
use crate::pacing::Rate;
use crate::secret::Secret;
use crate::telemetry::{BuildInfo, Telemetry};

const READ: Action = Action::DescribeUserOnlineClients;

/// Answers by the number of the request, from 0; nothing means never.
struct Scripted {
    answer: fn(usize) -> Option<Response<Bytes>>,
    requests: AtomicUsize,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl Transport for Scripted {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        match (self.answer)(number) {
            Some(response) => ready(Ok(response)).boxed(),
            None => pending().boxed(),
        }
    }
}

fn response(status: u16, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status.try_into().unwrap();
    response
}

fn client(answer: fn(usize) -> Option<Response<Bytes>>, secret: SecretSource) -> Client {
    let source = CredentialSource::AccessKey {
        id: SecretSource::Inline(Secret::new("testid")),
        secret,
        security_token: None,
    };
    let build = BuildInfo {
        version: "",
        revision: "",
        rustversion: "",
    };
    let transport = Scripted {
        answer,
        requests: AtomicUsize::new(0),
    };
    let account = AccountName::parse("main").unwrap();
    let clock = Clock::anchored("2026-01-02T03:04:05Z".parse().unwrap());
    let telemetry = Telemetry::new(build).unwrap();
    let nothing = Environment::default();
    let surroundings = Surroundings::new(nothing, clock, telemetry.clone()).unwrap();
    let credentials = provider(&account, &source, &surroundings).unwrap();
    Client::new(
        Options::new(account, Endpoint::default(), Rate::new(2.0).unwrap()),
        credentials,
        Arc::new(transport),
        clock,
        telemetry,
    )
}

fn inline() -> SecretSource {
    SecretSource::Inline(Secret::new("testsecret"))
}

async fn call(client: &Client) -> Result<Reply, ApiError> {
    let region = Region::parse("cn-shanghai").unwrap();
    client.call(&region, READ, &[("SmartAGId", "sag-1")]).await
}

#[tokio::test(start_paused = true)]
async fn silence_ends_in_a_timeout_within_the_bounds() {
    let client = client(|_| None, inline());
    let start = Instant::now();
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (FailureKind::Timeout, 3));
    // Three attempts of 10 s and two waits of at most 250 ms and 500 ms.
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(30), "{took:?}");
    assert!(took <= Duration::from_millis(30_750), "{took:?}");
    let source = error.source().unwrap().to_string();
    let host = "smartag.cn-shanghai.aliyuncs.com";
    assert_eq!(source, format!("no complete answer from {host} within 10s"));
}

#[tokio::test(start_paused = true)]
async fn every_attempt_waits_for_its_turn() {
    let failing_once = |number| match number {
        1 => Some(response(500, "{}")),
        _ => Some(response(200, "{}")),
    };
    let client = client(failing_once, inline());
    let start = Instant::now();
    let mut taken = Vec::new();
    for _ in 0..3 {
        call(&client).await.unwrap();
        taken.push(start.elapsed().as_millis());
    }
    // The second call took two turns.
    assert_eq!(taken, [0, 1000, 1500]);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_stretches_the_turns_of_all() {
    let throttled_once = |number| match number {
        0 => Some(response(400, r#"{"Code":"Throttling.User"}"#)),
        _ => Some(response(200, "{}")),
    };
    let client = client(throttled_once, inline());
    let start = Instant::now();
    call(&client).await.unwrap();
    call(&client).await.unwrap();
    // Half the rate, which then climbs a little.
    let took = start.elapsed();
    assert!(took > Duration::from_millis(1900), "{took:?}");
    assert!(took <= Duration::from_millis(2000), "{took:?}");
}

#[tokio::test]
async fn a_missing_credential_ends_the_call_before_it_is_sent() {
    let nowhere = SecretSource::File("/nonexistent/secret".into());
    let client = client(|_| panic!("nothing is sent"), nowhere);
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (FailureKind::Auth, 1));
    assert_eq!(
        error.to_string(),
        "DescribeUserOnlineClients: the credential was not accepted"
    );
    let source = error.source().unwrap();
    assert_eq!(
        source.to_string(),
        "cannot read the access key secret from /nonexistent/secret"
    );
    assert!(source.source().is_some());
}
