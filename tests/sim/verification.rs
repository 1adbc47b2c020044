//! Who is let in and who is not.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use jiff::Timestamp;
use sag_exporter::secret::Secret;
use sag_exporter::signature::v3;
use sag_exporter::sim::{Cloud, Credential, Options};

use crate::caller::{Caller, NOON, Reply, VERSION, cloud, date, quiet};

async fn send(cloud: &Cloud, request: Request<Bytes>) -> Result<(), (u16, String)> {
    let reply = Reply::of(cloud.handle(request).await.unwrap());
    if reply.status == 200 {
        return Ok(());
    }
    Err(reply.refusal())
}

fn refused(status: u16, code: &str) -> Result<(), (u16, String)> {
    Err((status, code.to_owned()))
}

/// Sends the same call with either signature.
async fn both(cloud: &Cloud, caller: &Caller, off: i64) -> [Result<(), (u16, String)>; 2] {
    let at = date(Timestamp::from_second(NOON + off).unwrap());
    let v3 = caller.v3("DescribeRegions", &[], &at);
    let v1 = caller.v1("DescribeRegions", &[], &at);
    [send(cloud, v3).await, send(cloud, v1).await]
}

#[tokio::test(start_paused = true)]
async fn dates_may_be_off_by_fifteen_minutes() {
    let cloud = quiet(0, 0);
    let caller = Caller::new();
    let expired = || refused(400, "InvalidTimeStamp.Expired");
    for (off, expected) in [
        (0, Ok(())),
        (900, Ok(())),
        (-900, Ok(())),
        (901, expired()),
        (-901, expired()),
        (1_000_000_000, expired()),
    ] {
        let found = both(&cloud, &caller, off).await;
        assert_eq!(found, [expected.clone(), expected], "{off}");
    }
    for malformed in ["", "now", "2026-11-21", "2026-11-21T00:00:00+08:00"] {
        let sent = send(&cloud, caller.v3("DescribeRegions", &[], malformed)).await;
        assert_eq!(sent, refused(400, "InvalidTimeStamp.Format"), "{malformed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_nonce_is_used_once() {
    let cloud = quiet(0, 0);
    let now = date(cloud.now());
    let again = |request: &Request<Bytes>| {
        let mut copy = Request::post(request.uri().clone());
        for (name, value) in request.headers() {
            copy = copy.header(name, value);
        }
        copy.body(Bytes::new()).unwrap()
    };
    let used = refused(400, "SignatureNonceUsed");
    let requests = [
        Caller::new().v3("DescribeRegions", &[], &now),
        Caller::with("second", "secret").v1("DescribeRegions", &[], &now),
    ];
    cloud.set_credentials(vec![
        Credential::new("testid", Secret::new("testsecret")),
        Credential::new("second", Secret::new("secret")),
    ]);
    for request in &requests {
        assert_eq!(send(&cloud, again(request)).await, Ok(()));
        assert_eq!(send(&cloud, again(request)).await, used);
    }
    tokio::time::advance(Duration::from_secs(900)).await;
    for request in &requests {
        assert_eq!(send(&cloud, again(request)).await, used);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_does_not_use_up_its_nonce() {
    let cloud = quiet(0, 0);
    let now = date(cloud.now());
    let forged = Caller::with("testid", "guess").v3("DescribeRegions", &[], &now);
    let refused = refused(400, "SignatureDoesNotMatch");
    assert_eq!(send(&cloud, forged).await, refused);
    let genuine = Caller::new().v3("DescribeRegions", &[], &now);
    assert_eq!(send(&cloud, genuine).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn keys_and_tokens_are_checked() {
    let at = |off| Timestamp::from_second(NOON + off).unwrap();
    let key = |id: &str| Credential::new(id, Secret::new("secret"));
    let token = || Secret::new("token");
    let cloud = cloud(Options {
        instances: 0,
        credentials: vec![
            key("good"),
            key("off").inactive(),
            key("fresh").with_token(token(), at(60)),
            key("stale").with_token(token(), at(0)),
        ],
        ..Options::default()
    });
    let caller = |id| Caller::with(id, "secret");
    let mismatch = "InvalidSecurityToken.MismatchWithAccessKey";
    for (caller, expected) in [
        (caller("good"), Ok(())),
        (
            caller("unknown"),
            refused(404, "InvalidAccessKeyId.NotFound"),
        ),
        (caller("off"), refused(403, "InvalidAccessKeyId.Inactive")),
        (
            Caller::with("good", "guess"),
            refused(400, "SignatureDoesNotMatch"),
        ),
        (caller("fresh").token("token"), Ok(())),
        (caller("fresh"), refused(400, "MissingSecurityToken")),
        (caller("fresh").token("other"), refused(400, mismatch)),
        (caller("good").token("token"), refused(400, mismatch)),
        (
            caller("stale").token("token"),
            refused(400, "InvalidSecurityToken.Expired"),
        ),
    ] {
        let found = both(&cloud, &caller, 0).await;
        let what = (&caller.key_id, &caller.token);
        assert_eq!(found, [expected.clone(), expected], "{what:?}");
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    let expired = both(&cloud, &caller("fresh").token("token"), 60).await;
    let expected = || refused(400, "InvalidSecurityToken.Expired");
    assert_eq!(expired, [expected(), expected()]);
}

#[tokio::test(start_paused = true)]
async fn a_v3_signature_must_cover_what_counts() {
    let cloud = quiet(0, 0);
    let caller = Caller::new();
    let now = date(cloud.now());
    let nonces: Vec<_> = (0..20).map(|_| caller.nonce()).collect();
    let all = |nonce| {
        vec![
            ("host", "sim.example"),
            ("x-acs-action", "DescribeRegions"),
            ("x-acs-version", VERSION),
            ("x-acs-date", now.as_str()),
            ("x-acs-signature-nonce", nonce),
            ("x-acs-content-sha256", v3::EMPTY_PAYLOAD_SHA256),
        ]
    };
    let mut nonces = nonces.iter().map(String::as_str);
    for left_out in 0..6 {
        let sent = all(nonces.next().unwrap());
        let mut signed = sent.clone();
        signed.remove(left_out);
        let request = caller.v3_with(&[], &signed, &sent);
        let expected = refused(400, "SignatureDoesNotMatch");
        assert_eq!(
            send(&cloud, request).await,
            expected,
            "{:?}",
            sent[left_out]
        );
    }
    for (extra, signed_too, passes) in [
        (("x-acs-extra", "1"), false, false),
        (("x-acs-extra", "1"), true, true),
        (("content-type", "application/json"), false, false),
        (("content-type", "application/json"), true, true),
        (("accept", "*/*"), false, true),
        (("accept", "*/*"), true, true),
    ] {
        let mut sent = all(nonces.next().unwrap());
        let mut signed = sent.clone();
        sent.push(extra);
        if signed_too {
            signed.push(extra);
        }
        let found = send(&cloud, caller.v3_with(&[], &signed, &sent)).await;
        assert_eq!(found.is_ok(), passes, "{extra:?} signed: {signed_too}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_payload_is_hashed() {
    let cloud = quiet(0, 0);
    let now = date(cloud.now());
    let request = Caller::new().v3("DescribeRegions", &[], &now);
    let request = request.map(|_| Bytes::from_static(b"more"));
    let expected = refused(400, "SignatureDoesNotMatch");
    assert_eq!(send(&cloud, request).await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_signature_is_refused() {
    let cloud = quiet(0, 0);
    let now = date(cloud.now());
    let incomplete = || refused(400, "IncompleteSignature");
    let bare = Request::post("/?Action=DescribeRegions&Version=2018-03-13");
    let bare = bare.body(Bytes::new()).unwrap();
    assert_eq!(send(&cloud, bare).await, incomplete());
    for text in [
        "",
        "Basic x",
        "ACS3-HMAC-SHA256",
        "ACS3-HMAC-SHA256 Credential=a,Signature=b",
    ] {
        let mut request = Caller::new().v3("DescribeRegions", &[], &now);
        let header = text.parse().unwrap();
        request.headers_mut().insert("authorization", header);
        assert_eq!(send(&cloud, request).await, incomplete(), "{text:?}");
    }
    let request = Caller::new().v1("DescribeRegions", &[], &now);
    let query = request
        .uri()
        .query()
        .unwrap()
        .replace("HMAC-SHA1", "HMAC-MD5");
    let request = Request::post(format!("/?{query}"));
    let request = request.body(Bytes::new()).unwrap();
    assert_eq!(send(&cloud, request).await, incomplete());
}
