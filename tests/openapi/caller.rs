//! A client as the tests use it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use sag_exporter::clock::Clock;
use sag_exporter::model::{AccountName, Action, Region};
use sag_exporter::openapi::credentials::{Credential, fixed};
use sag_exporter::openapi::transport::{HttpOptions, HttpTransport};
use sag_exporter::openapi::{ApiError, Client, Endpoint, Options, Reply};
use sag_exporter::pacing::Rate;
use sag_exporter::secret::Secret;
use sag_exporter::telemetry::{BuildInfo, Telemetry};

/// Marked, so that they are found wherever they turn up.
pub(crate) const SECRET: &str = "s3cr3t-MARK";
pub(crate) const TOKEN: &str = "t0k3n+MARK";

/// A client with a marked credential and short limits.
#[derive(Debug)]
pub(crate) struct Caller {
    client: Client,
    options: Options,
    telemetry: Telemetry,
}

impl Caller {
    pub(crate) fn new(endpoint: &str) -> Self {
        let account = AccountName::parse("main").unwrap();
        let endpoint = Endpoint::parse(endpoint).unwrap();
        let mut options = Options::new(account, endpoint, Rate::new(1000.0).unwrap());
        options.attempt_timeout = Duration::from_millis(500);
        options.retry.backoff.base = Duration::from_millis(2);
        let build = BuildInfo {
            version: "",
            revision: "",
            rustversion: "",
        };
        let telemetry = Telemetry::new(build).unwrap();
        Self {
            client: client(&options, &telemetry),
            options,
            telemetry,
        }
    }

    /// From now on a call is attempted once.
    pub(crate) fn once(&mut self) {
        self.options.retry.attempts = NonZeroU32::MIN;
        self.client = client(&self.options, &self.telemetry);
    }

    pub(crate) async fn call(&self, action: Action) -> Result<Reply, ApiError> {
        let region = Region::parse("cn-shanghai").unwrap();
        let parameters = [("UserName", "a b+c@x.com"), ("SmartAGId", "sag-1")];
        self.client.call(&region, action, &parameters).await
    }

    /// These outcomes were counted for the operation, and no others.
    pub(crate) fn counted(&self, action: Action, expected: &[(&str, u32)]) {
        for (outcome, count) in expected {
            self.shown(&format!(
                "sag_exporter_api_requests_total{{account=\"main\",action=\"{}\",outcome=\"{outcome}\"}} {count}",
                action.as_str()
            ));
        }
        let series = self
            .text()
            .matches("\nsag_exporter_api_requests_total{")
            .count();
        assert_eq!(series, expected.len());
    }

    pub(crate) fn shown(&self, line: &str) {
        let text = self.text();
        assert!(text.lines().any(|shown| shown == line), "{line} in\n{text}");
    }

    fn text(&self) -> String {
        String::from_utf8(self.telemetry.encode().unwrap()).unwrap()
    }
}

fn client(options: &Options, telemetry: &Telemetry) -> Client {
    let token = Some(Secret::new(TOKEN));
    let credential = Credential::new("testid", Secret::new(SECRET), token).unwrap();
    let http = HttpOptions {
        body_limit_bytes: 4000,
        ..HttpOptions::default()
    };
    Client::new(
        options.clone(),
        fixed(credential),
        Arc::new(HttpTransport::new(&http).unwrap()),
        Clock::system(),
        telemetry.clone(),
    )
}
