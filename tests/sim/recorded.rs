//! Requests of both official SDKs, recorded from the wire.

use bytes::Bytes;
use hyper::Request;
use sag_exporter::secret::Secret;
use sag_exporter::sim::{Cloud, Credential};

use crate::caller::quiet;

/// A recorded request, before it is parsed.
#[derive(Debug, Clone)]
struct Recorded {
    query: String,
    headers: Vec<(String, String)>,
}

fn recorded() -> Vec<Recorded> {
    let text = include_str!("../data/sim/captured-requests.txt");
    let requests = text.split(">>> POST /?").skip(1);
    requests
        .map(|request| {
            let (query, rest) = request.split_once(" HTTP/1.1\n").unwrap();
            let headers = rest.lines().take_while(|line| !line.is_empty());
            let headers = headers.map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_lowercase(), value.to_owned())
            });
            Recorded {
                query: query.to_owned(),
                headers: headers.collect(),
            }
        })
        .collect()
}

impl Recorded {
    fn request(&self) -> Request<Bytes> {
        let mut request = Request::post(format!("/?{}", self.query));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Bytes::new()).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }

    fn is_v3(&self) -> bool {
        !self.header("authorization").is_empty()
    }

    /// The headers whose values are signed, and the signature itself.
    fn signed_headers(&self) -> Vec<String> {
        let (_, list) = match self.header("authorization").split_once("SignedHeaders=") {
            Some(found) => found,
            None => return Vec::new(),
        };
        let list = list.split(',').next().unwrap();
        let names = list.split(';').map(str::to_owned);
        names.chain(["authorization".to_owned()]).collect()
    }

    /// The request with the key that it was recorded with, temporary or not.
    fn cloud(&self) -> std::sync::Arc<Cloud> {
        let cloud = quiet(0, 0);
        let key = Credential::new("testid", Secret::new("testsecret"));
        if self.header("x-acs-security-token") == "STSTOKEN" {
            let token = Secret::new("STSTOKEN");
            cloud.set_credentials(vec![key.with_token(token, jiff::Timestamp::MAX)]);
        }
        cloud
    }
}

#[tokio::test]
async fn every_recorded_request_passes() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 15);
    assert_eq!(recorded.iter().filter(|r| r.is_v3()).count(), 9);
    for request in recorded {
        let checked = request.cloud().check_signature(request.request());
        assert_eq!(checked, Ok(()), "{request:?}");
    }
}

#[tokio::test]
async fn a_recorded_request_with_another_byte_in_the_query_fails() {
    for request in recorded() {
        let cloud = request.cloud();
        for (position, changed) in changes(&request.query) {
            let forged = Recorded {
                query: changed,
                ..request.clone()
            };
            let checked = cloud.check_signature(forged.request());
            assert!(checked.is_err(), "byte {position} of {:?}", request.query);
        }
    }
}

#[tokio::test]
async fn a_recorded_request_with_another_byte_in_a_signed_header_fails() {
    for request in recorded().into_iter().filter(Recorded::is_v3) {
        let cloud = request.cloud();
        for name in request.signed_headers() {
            for (position, changed) in changes(request.header(&name)) {
                let mut forged = request.clone();
                for header in forged.headers.iter_mut().filter(|h| h.0 == name) {
                    header.1.clone_from(&changed);
                }
                let checked = cloud.check_signature(forged.request());
                assert!(checked.is_err(), "byte {position} of {name} in {request:?}");
            }
        }
    }
}

/// The text with one byte changed, for every byte. What stands in its place
/// does not decode to the same: `%2b` for `%2B` would.
fn changes(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.bytes().enumerate().map(move |(position, byte)| {
        let other = match byte {
            b'a'..=b'y' | b'A'..=b'E' | b'G'..=b'Y' | b'0'..=b'8' => byte + 1,
            b'9' => b'0',
            b'F' => b'0',
            _ => b'x',
        };
        let mut changed = text.as_bytes().to_vec();
        changed[position] = other;
        (position, String::from_utf8(changed).unwrap())
    })
}
