//! Signs requests and calls a simulated cloud in process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use hyper::{Request, Response};
use jiff::Timestamp;
use sag_exporter::clock::Clock;
use sag_exporter::secret::Secret;
use sag_exporter::signature::{canonical, v1, v3};
use sag_exporter::sim::{Broken, Cloud, Options, Scenario};
use serde_json::Value;

/// The version of the API.
pub(crate) const VERSION: &str = "2018-03-13";

/// A moment on a working day.
pub(crate) const NOON: i64 = 1_795_233_600;

/// A client that signs with an access key.
pub(crate) struct Caller {
    pub(crate) key_id: String,
    pub(crate) secret: Secret,
    pub(crate) token: Option<String>,
    nonce: AtomicU64,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Value,
}

/// A quiet cloud at noon, with the given number of instances and users.
pub(crate) fn quiet(instances: usize, users: usize) -> Arc<Cloud> {
    cloud(Options {
        instances,
        users,
        scenario: Scenario::Quiet,
        ..Options::default()
    })
}

/// A cloud at noon.
pub(crate) fn cloud(options: Options) -> Arc<Cloud> {
    let noon = Timestamp::from_second(NOON).unwrap();
    Cloud::new(options, Clock::anchored(noon)).unwrap()
}

impl Caller {
    /// The access key that every cloud accepts.
    pub(crate) fn new() -> Self {
        Self::with("testid", "testsecret")
    }

    pub(crate) fn with(key_id: &str, secret: &str) -> Self {
        Self {
            key_id: key_id.to_owned(),
            secret: Secret::new(secret),
            token: None,
            nonce: AtomicU64::new(0),
        }
    }

    pub(crate) fn token(self, token: &str) -> Self {
        let token = Some(token.to_owned());
        Self { token, ..self }
    }

    pub(crate) fn nonce(&self) -> String {
        format!("nonce-{}", self.nonce.fetch_add(1, Ordering::Relaxed))
    }

    /// A request with signature V3.
    pub(crate) fn v3(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        date: &str,
    ) -> Request<Bytes> {
        let nonce = self.nonce();
        let mut headers = vec![
            ("host", "sim.example"),
            ("x-acs-action", action),
            ("x-acs-version", VERSION),
            ("x-acs-date", date),
            ("x-acs-signature-nonce", nonce.as_str()),
            ("x-acs-content-sha256", v3::EMPTY_PAYLOAD_SHA256),
        ];
        if let Some(token) = &self.token {
            headers.push(("x-acs-security-token", token));
        }
        self.v3_with(parameters, &headers, &headers)
    }

    /// A request with signature V3 that covers some headers and sends others.
    pub(crate) fn v3_with(
        &self,
        parameters: &[(&str, &str)],
        signed: &[(&str, &str)],
        sent: &[(&str, &str)],
    ) -> Request<Bytes> {
        let query = canonical::query(parameters);
        let payload = v3::EMPTY_PAYLOAD_SHA256;
        let canonical = v3::canonical_request("POST", "/", &query, signed, payload);
        let authorization = format!(
            "{} Credential={},SignedHeaders={},Signature={}",
            v3::ALGORITHM,
            self.key_id,
            v3::signed_headers(signed),
            v3::signature(&self.secret, &canonical)
        );
        let mut request = Request::post(format!("/?{query}"));
        for (name, value) in sent {
            request = request.header(*name, *value);
        }
        let request = request.header("authorization", authorization);
        request.body(Bytes::new()).unwrap()
    }

    /// A request with signature V1.
    pub(crate) fn v1(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        date: &str,
    ) -> Request<Bytes> {
        let nonce = self.nonce();
        let mut all = parameters.to_vec();
        all.extend([
            ("Action", action),
            ("Version", VERSION),
            ("Format", "JSON"),
            ("Timestamp", date),
            ("SignatureNonce", &nonce),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("AccessKeyId", &self.key_id),
        ]);
        if let Some(token) = &self.token {
            all.push(("SecurityToken", token));
        }
        let signature = v1::signature(&self.secret, &v1::string_to_sign("POST", &all));
        all.push(("Signature", &signature));
        let request = Request::post(format!("/?{}", canonical::query(&all)));
        request
            .header("host", "sim.example")
            .body(Bytes::new())
            .unwrap()
    }

    /// Calls an operation with signature V3, in Shanghai unless told otherwise.
    pub(crate) async fn call(
        &self,
        cloud: &Cloud,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, Broken> {
        let mut all = parameters.to_vec();
        if all.iter().all(|(name, _)| *name != "RegionId") {
            all.push(("RegionId", "cn-shanghai"));
        }
        let request = self.v3(action, &all, &date(cloud.now()));
        cloud.handle(request).await.map(Reply::of)
    }

    /// Calls an operation that must succeed.
    pub(crate) async fn ok(
        &self,
        cloud: &Cloud,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Value {
        let reply = self.call(cloud, action, parameters).await.unwrap();
        assert_eq!(
            reply.status, 200,
            "{action} {parameters:?}: {:?}",
            reply.body
        );
        reply.body
    }

    /// Calls an operation that must be refused: status and code.
    pub(crate) async fn refusal(
        &self,
        cloud: &Cloud,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> (u16, String) {
        let reply = self.call(cloud, action, parameters).await.unwrap();
        reply.refusal()
    }
}

impl Reply {
    /// Checks what every reply has in common.
    pub(crate) fn of(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let id = parts.headers.get("x-acs-request-id").unwrap();
        assert_eq!(body["RequestId"], id.to_str().unwrap());
        assert_eq!(id.len(), 36);
        assert!(parts.headers.contains_key("date"));
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    /// Status and code of an error, which has all of its fields.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_ne!(self.status, 200, "{:?}", self.body);
        for field in ["RequestId", "HostId", "Code", "Message", "Recommend"] {
            assert!(self.body[field].is_string(), "{field} in {:?}", self.body);
        }
        (self.status, text(&self.body["Code"]).to_owned())
    }
}

/// A date as requests carry it.
pub(crate) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The text of a value that must be one.
pub(crate) fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

/// The items of a list in the documented wrapping.
pub(crate) fn items<'a>(body: &'a Value, outer: &str, inner: &str) -> &'a [Value] {
    let items = body[outer][inner].as_array();
    items.unwrap_or_else(|| panic!("no {outer}.{inner} in {body}"))
}
