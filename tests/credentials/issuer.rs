//! A service in the process that hands out credentials, for paused time.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, pending, ready};
use hyper::{Request, Response};
use jiff::SignedDuration;
use sag_exporter::clock::Clock;
use sag_exporter::model::AccountName;
use sag_exporter::openapi::CredentialSource;
use sag_exporter::openapi::credentials::{
    CredentialProvider, Environment, Random, Surroundings, provider,
};
use sag_exporter::openapi::transport::{Transport, TransportError};
use sag_exporter::telemetry::Telemetry;

use crate::world::{telemetry, written};

/// Hands out numbered credentials.
pub(crate) struct Issuer {
    clock: Clock,
    /// How long a credential lasts, in seconds.
    pub(crate) lifetime: AtomicI64,
    /// The status that it answers instead, if it is not 200.
    status: Mutex<u16>,
    /// Takes no answer: the service is stuck.
    pub(crate) stuck: Mutex<bool>,
    issued: AtomicUsize,
    asked: AtomicUsize,
}

impl Issuer {
    fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            lifetime: AtomicI64::new(3600),
            status: Mutex::new(200),
            stuck: Mutex::new(false),
            issued: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
        })
    }

    pub(crate) fn status(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn answer(&self) -> Response<Bytes> {
        let status = *self.status.lock().unwrap();
        let mut body = "busy".to_owned();
        if status == 200 {
            let number = self.issued.fetch_add(1, Ordering::SeqCst);
            let lifetime = SignedDuration::from_secs(self.lifetime.load(Ordering::SeqCst));
            let end = written(self.clock.now() + lifetime);
            body = format!(
                r#"{{"Code":"Success","AccessKeyId":"k{number}","AccessKeySecret":"s","SecurityToken":"t","Expiration":"{end}"}}"#
            );
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status.try_into().unwrap();
        response
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuer")
    }
}

impl Transport for Issuer {
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        if request.uri().path() == "/latest/api/token" {
            return ready(Ok(Response::new(Bytes::from_static(b"token")))).boxed();
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        if *self.stuck.lock().unwrap() {
            return pending().boxed();
        }
        ready(Ok(self.answer())).boxed()
    }
}

/// The issuer, and a provider that asks it.
pub(crate) fn setup(source: &CredentialSource) -> (Arc<Issuer>, Arc<dyn CredentialProvider>) {
    counted(source, telemetry())
}

/// The same, counted there.
pub(crate) fn counted(
    source: &CredentialSource,
    telemetry: Telemetry,
) -> (Arc<Issuer>, Arc<dyn CredentialProvider>) {
    let clock = Clock::anchored("2026-01-02T03:04:05Z".parse().unwrap());
    let issuer = Issuer::new(clock);
    let mut surroundings = Surroundings::new(Environment::default(), clock, telemetry).unwrap();
    surroundings.outside = issuer.clone();
    surroundings.direct = issuer.clone();
    surroundings.random = Random::new(|| 7);
    let account = AccountName::parse("main").unwrap();
    let provider = provider(&account, source, &surroundings).unwrap();
    (issuer, provider)
}
