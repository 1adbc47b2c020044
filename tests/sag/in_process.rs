//! The client and the simulated cloud in one process, without a socket, so that
//! time may be paused.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::{Request, Response};
use jiff::Timestamp;
use sag_exporter::clock::Clock;
use sag_exporter::model::AccountName;
use sag_exporter::openapi::credentials::{Credential, fixed};
use sag_exporter::openapi::transport::{Transport, TransportError};
use sag_exporter::openapi::{self, Endpoint};
use sag_exporter::pacing::Rate;
use sag_exporter::sag;
use sag_exporter::secret::Secret;
use sag_exporter::sim::{Cloud, Options};
use sag_exporter::telemetry::{BuildInfo, Telemetry};

/// Noon of a working day, on which the simulated world wakes up.
pub(crate) fn noon() -> Timestamp {
    Timestamp::from_second(1_795_233_600).expect("a time")
}

/// A simulated cloud whose time is that of the runtime.
pub(crate) fn cloud(options: Options) -> Arc<Cloud> {
    Cloud::new(options, Clock::anchored(noon())).expect("a cloud")
}

/// A client of the cloud, not paced unless a rate is given.
pub(crate) fn client(cloud: &Arc<Cloud>, rate: Option<f64>, telemetry: Telemetry) -> sag::Client {
    let transport = Arc::new(InProcess(Arc::clone(cloud)));
    client_over(transport, Endpoint::default(), rate, telemetry)
}

/// A client over any transport.
pub(crate) fn client_over(
    transport: Arc<dyn Transport>,
    endpoint: Endpoint,
    rate: Option<f64>,
    telemetry: Telemetry,
) -> sag::Client {
    let account = AccountName::parse("main").expect("a name");
    let highest = Rate::new(rate.unwrap_or(Rate::MAX)).expect("a rate");
    let mut options = openapi::Options::new(account, endpoint, highest);
    if rate.is_none() {
        options.rate = None;
    }
    let credential = Credential::new("testid", Secret::new("testsecret"), None);
    let credentials = fixed(credential.expect("a credential"));
    let clock = Clock::anchored(noon());
    sag::Client::new(openapi::Client::new(
        options,
        credentials,
        transport,
        clock,
        telemetry,
    ))
}

pub(crate) fn telemetry() -> Telemetry {
    let build = BuildInfo {
        version: "1",
        revision: "2",
        rustversion: "3",
    };
    Telemetry::new(build).expect("a registry")
}

#[derive(Debug)]
struct InProcess(Arc<Cloud>);

impl Transport for InProcess {
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let answer = self.0.handle(request).await;
            answer.map_err(|broken| TransportError::Interrupted {
                host: "the simulated cloud".to_owned(),
                source: broken.into(),
            })
        })
    }
}
