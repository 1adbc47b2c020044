//! A call as an HTTP request: RPC style, signed with V3.

use bytes::Bytes;
use hyper::Request;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::http::Error;
use jiff::Timestamp;

use super::credentials::Credential;
use super::target::Target;
use crate::model::{Action, Region};
use crate::secret::Secret;
use crate::signature::{canonical, v3};

/// The canonical query of a call. `RegionId` is added where the operation
/// wants one and the caller gave none.
pub(super) fn query<K: AsRef<str>, V: AsRef<str>>(
    region: &Region,
    action: Action,
    parameters: &[(K, V)],
) -> String {
    let mut pairs = Vec::with_capacity(parameters.len() + 1);
    for (key, value) in parameters {
        pairs.push((key.as_ref(), value.as_ref()));
    }
    // DescribeRegions is how regions are found; it is the one without.
    let given = pairs.iter().any(|(key, _)| *key == REGION_ID);
    if action != Action::DescribeRegions && !given {
        pairs.push((REGION_ID, region.as_str()));
    }
    canonical::query(&pairs)
}

/// The request of one attempt. Each attempt has a time and a nonce of its own.
///
/// # Errors
///
/// If a part of the request is not allowed in HTTP; the types of the parts
/// keep that from happening.
pub(super) fn signed(
    target: &Target,
    action: Action,
    query: &str,
    credential: &Credential,
    stamp: Stamp,
) -> Result<Request<Bytes>, Error> {
    let date = stamp.date();
    let nonce = stamp.nonce();
    let token = credential.security_token().map(Secret::reveal);
    let mut signed = Vec::with_capacity(SIGNED_HEADERS);
    signed.push(("host", target.name()));
    signed.extend(token.map(|_| ("x-acs-accesskey-id", credential.access_key_id())));
    signed.push(("x-acs-action", action.as_str()));
    signed.push(("x-acs-content-sha256", v3::EMPTY_PAYLOAD_SHA256));
    signed.push(("x-acs-date", &date));
    signed.extend(token.map(|token| ("x-acs-security-token", token)));
    signed.push(("x-acs-signature-nonce", &nonce));
    signed.push(("x-acs-version", API_VERSION));
    let authorization = authorization(credential, query, &signed);

    let mut request = Request::post(target.uri(query)?).body(Bytes::new())?;
    let mut headers = fixed_headers(target, action);
    if let Some(token) = token {
        headers.insert(ACS_KEY_ID, credential.access_key_id().parse()?);
        headers.insert(ACS_TOKEN, sensitive(token.to_owned())?);
    }
    headers.insert(ACS_DATE, value(date)?);
    headers.insert(ACS_NONCE, value(nonce)?);
    headers.insert(AUTHORIZATION, sensitive(authorization)?);
    *request.headers_mut() = headers;
    Ok(request)
}

/// The headers that are the same in every call of an operation.
fn fixed_headers(target: &Target, action: Action) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(HOST, target.host.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers.insert(ACS_ACTION, HeaderValue::from_static(action.as_str()));
    headers.insert(ACS_VERSION, HeaderValue::from_static(API_VERSION));
    headers.insert(
        ACS_SHA256,
        HeaderValue::from_static(v3::EMPTY_PAYLOAD_SHA256),
    );
    headers
}

/// What makes one attempt differ from every other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    /// The time now.
    pub(super) now: Timestamp,
    /// A number that was never used before.
    pub(super) nonce: u128,
}

impl Stamp {
    /// UTC in whole seconds, as the cloud wants it.
    fn date(self) -> String {
        format!("{:.0}", self.now)
    }

    fn nonce(self) -> String {
        format!("{:032x}", self.nonce)
    }
}

fn authorization(credential: &Credential, query: &str, signed: &[(&str, &str)]) -> String {
    let request = v3::canonical_request("POST", "/", query, signed, v3::EMPTY_PAYLOAD_SHA256);
    let signature = v3::signature(credential.access_key_secret(), &request);
    let parts = [
        v3::ALGORITHM,
        " Credential=",
        credential.access_key_id(),
        ",SignedHeaders=",
        &v3::signed_headers(signed),
        ",Signature=",
        &signature,
    ];
    parts.concat()
}

fn value(text: String) -> Result<HeaderValue, Error> {
    Ok(HeaderValue::from_maybe_shared(Bytes::from(text))?)
}

/// A value that the `Debug` of a header map does not show.
fn sensitive(text: String) -> Result<HeaderValue, Error> {
    let mut value = value(text)?;
    value.set_sensitive(true);
    Ok(value)
}

const REGION_ID: &str = "RegionId";

/// The version of the SAG API.
const API_VERSION: &str = "2018-03-13";

pub(super) const AGENT: &str = concat!("sag-exporter/", env!("CARGO_PKG_VERSION"));

/// As many headers as a request can have, so that the map never grows.
const HEADERS: usize = 16;

/// As many of them as are signed.
const SIGNED_HEADERS: usize = 8;

const ACS_ACTION: HeaderName = HeaderName::from_static("x-acs-action");
const ACS_VERSION: HeaderName = HeaderName::from_static("x-acs-version");
const ACS_SHA256: HeaderName = HeaderName::from_static("x-acs-content-sha256");
const ACS_DATE: HeaderName = HeaderName::from_static("x-acs-date");
const ACS_NONCE: HeaderName = HeaderName::from_static("x-acs-signature-nonce");
const ACS_KEY_ID: HeaderName = HeaderName::from_static("x-acs-accesskey-id");
const ACS_TOKEN: HeaderName = HeaderName::from_static("x-acs-security-token");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::options::Endpoint;
    use crate::openapi::target::Targets;

    fn request(token: Option<&str>, parameters: &[(&str, &str)]) -> Request<Bytes> {
        let region = Region::parse("cn-shanghai").unwrap();
        let target = Targets::new(Endpoint::default()).of(&region).unwrap();
        let action = Action::DescribeUserOnlineClients;
        let token = token.map(Secret::new);
        let credential = Credential::new("testid", Secret::new("testsecret"), token).unwrap();
        let stamp = Stamp {
            now: "2026-01-02T03:04:05.999Z".parse().unwrap(),
            nonce: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
        };
        let query = query(&region, action, parameters);
        signed(&target, action, &query, &credential, stamp).unwrap()
    }

    /// The signatures are those of the golden vectors in tests/data/signature.
    #[test]
    fn a_request_is_the_one_that_the_official_sdk_makes() {
        let parameters = [("SmartAGId", "sag-abc"), ("UserName", "a b+c~*@x.com/é")];
        let request = request(None, &parameters);
        assert_eq!(request.method(), "POST");
        assert_eq!(
            request.uri(),
            "https://smartag.cn-shanghai.aliyuncs.com/?RegionId=cn-shanghai&SmartAGId=sag-abc\
             &UserName=a%20b%2Bc~%2A%40x.com%2F%C3%A9"
        );
        let header = |name| request.headers()[name].to_str().unwrap();
        assert_eq!(header("host"), "smartag.cn-shanghai.aliyuncs.com");
        assert_eq!(header("content-length"), "0");
        assert_eq!(header("x-acs-date"), "2026-01-02T03:04:05Z");
        assert_eq!(
            header("authorization"),
            "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;x-acs-action;\
             x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,\
             Signature=f2434d73ecfbd9c9f761c0507c0e98cda2fb64df7c5b4491b4e1df07c6bad589"
        );
        assert!(!format!("{request:?}").contains("f2434d73"));
    }

    #[test]
    fn a_token_is_sent_signed_and_hidden() {
        let parameters = [("UserName", "doctest"), ("SmartAGId", "sag-abc")];
        let request = request(Some("STSTOKEN"), &parameters);
        let header = |name| request.headers()[name].to_str().unwrap();
        assert_eq!(header("x-acs-security-token"), "STSTOKEN");
        assert_eq!(header("x-acs-accesskey-id"), "testid");
        let signature = "9522a134b4d3590d1cb3627d7f2c136a59aa92bf4250ccb5cb3aa426d1b4bdf5";
        assert!(header("authorization").ends_with(signature));
        assert!(!format!("{request:?}").contains("STSTOKEN"));
    }

    #[test]
    fn the_region_is_added_where_it_is_wanted_and_not_given() {
        let region = Region::parse("cn-shanghai").unwrap();
        for (action, parameters, expected) in [
            (Action::DescribeRegions, vec![], ""),
            (Action::KickOutClients, vec![], "RegionId=cn-shanghai"),
            (
                Action::KickOutClients,
                vec![("RegionId", "x")],
                "RegionId=x",
            ),
        ] {
            assert_eq!(query(&region, action, &parameters), expected);
        }
    }
}
