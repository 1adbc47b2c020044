//! Credentials that end, are refused or rotate, under paused time.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, join_all, ready, select};
use hyper::{Request, Response};
use sag_exporter::clock::Clock;
use sag_exporter::model::{AccountName, Action, Region};
use sag_exporter::openapi::credentials::{CredentialProvider, Environment, Surroundings, provider};
use sag_exporter::openapi::transport::{Transport, TransportError};
use sag_exporter::openapi::{Client, CredentialSource, Endpoint, Options};
use sag_exporter::pacing::Rate;
use sag_exporter::secret::Secret;
use tokio_util::sync::CancellationToken;

use crate::issuer::setup;
use crate::world::{telemetry, whole};

fn uri() -> CredentialSource {
    CredentialSource::Uri(Secret::new("http://127.0.0.1/uri"))
}

fn server() -> CredentialSource {
    CredentialSource::EcsRamRole(Some("r".to_owned()))
}

/// Which of its credentials the issuer's provider yields, or the error.
async fn yields(provider: &dyn CredentialProvider) -> String {
    match provider.credential().await {
        Ok(credential) => credential.access_key_id().to_owned(),
        Err(error) => whole(&error),
    }
}

/// Lets the refreshing task run beside a test.
async fn tended(provider: &dyn CredentialProvider, test: impl Future<Output = ()>) {
    let task = provider.refresh_loop(CancellationToken::new());
    select(pin!(test), task).await;
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn the_next_credential_is_obtained_fifteen_minutes_before_the_end() {
    let (issuer, provider) = setup(&uri());
    tended(&*provider, async {
        seconds(45 * 60 - 1).await;
        assert_eq!(yields(&*provider).await, "k0");
        assert_eq!(issuer.asked(), 1);
        seconds(2).await;
        assert_eq!(yields(&*provider).await, "k1");
        seconds(24 * 3600).await;
        assert_eq!(issuer.asked(), 1 + 24 * 60 / 45 + 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_is_short_from_the_start_is_not_asked_for_all_the_time() {
    let (issuer, provider) = setup(&uri());
    issuer.lifetime.store(900, Ordering::SeqCst);
    tended(&*provider, async {
        seconds(3600).await;
        assert_eq!(yields(&*provider).await, "k7");
        assert_eq!(issuer.asked(), 8);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn while_a_renewal_fails_the_valid_one_is_served_without_delay() {
    let (issuer, provider) = setup(&uri());
    tended(&*provider, async {
        seconds(60).await;
        issuer.status(503);
        seconds(3600 - 60 - 5).await;
        let began = tokio::time::Instant::now();
        assert_eq!(yields(&*provider).await, "k0");
        assert_eq!(began.elapsed(), Duration::ZERO);
        let asked = issuer.asked();
        assert!((15..60).contains(&asked), "{asked} times in 15 minutes");

        // Past its real end it is served no more.
        seconds(10).await;
        let error = "the credentials URI: status 503";
        assert_eq!(yields(&*provider).await, error);

        // It comes back by itself.
        issuer.status(200);
        seconds(120).await;
        let asked = issuer.asked();
        assert_eq!(yields(&*provider).await, "k1");
        assert_eq!(issuer.asked(), asked);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn only_the_server_role_outlives_its_end() {
    let (issuer, provider) = setup(&server());
    tended(&*provider, async {
        seconds(60).await;
        issuer.status(503);
        seconds(3 * 3600).await;
        assert_eq!(yields(&*provider).await, "k0");
        *issuer.stuck.lock().unwrap() = true;
        seconds(300).await;
        let began = tokio::time::Instant::now();
        assert_eq!(yields(&*provider).await, "k0");
        assert_eq!(began.elapsed(), Duration::ZERO);
        issuer.status(200);
        *issuer.stuck.lock().unwrap() = false;
        seconds(120).await;
        assert_eq!(yields(&*provider).await, "k1");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_requests_make_one_request_and_share_its_outcome() {
    let (issuer, provider) = setup(&uri());
    let all = || join_all((0..100).map(|_| yields(&*provider)));
    assert!(all().await.iter().all(|id| id == "k0"));
    assert_eq!(issuer.asked(), 1);

    let (issuer, provider) = setup(&uri());
    *issuer.stuck.lock().unwrap() = true;
    let began = tokio::time::Instant::now();
    let outcomes = join_all((0..100).map(|_| yields(&*provider))).await;
    let expected = "the credentials URI: no complete answer from 127.0.0.1 within 10s";
    assert!(
        outcomes.iter().all(|error| error == expected),
        "{outcomes:?}"
    );
    assert_eq!(
        (issuer.asked(), began.elapsed()),
        (1, Duration::from_secs(10))
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_gives_up_leaves_the_work_to_the_next() {
    let (issuer, provider) = setup(&uri());
    *issuer.stuck.lock().unwrap() = true;
    let impatient = tokio::time::timeout(Duration::from_secs(1), provider.credential());
    assert!(impatient.await.is_err());
    *issuer.stuck.lock().unwrap() = false;
    assert_eq!(yields(&*provider).await, "k0");
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_renewed_once_for_all_who_used_it() {
    let (issuer, provider) = setup(&uri());
    let first = provider.credential().await.unwrap();
    for _ in 0..50 {
        assert!(provider.invalidate(&first));
    }
    assert_eq!(yields(&*provider).await, "k1");
    assert!(provider.invalidate(&first), "another is there already");
    assert_eq!(
        (yields(&*provider).await.as_str(), issuer.asked()),
        ("k1", 2)
    );

    // The cloud refuses the new one too: not again at once.
    let second = provider.credential().await.unwrap();
    assert!(!provider.invalidate(&second));
    assert_eq!(issuer.asked(), 2);
    seconds(61).await;
    assert!(provider.invalidate(&second));
    assert_eq!(yields(&*provider).await, "k2");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_is_read_again_by_the_task() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("credentials.ini");
    let write = |id: &str| {
        let text =
            format!("[default]\ntype = access_key\naccess_key_id = {id}\naccess_key_secret = s\n");
        std::fs::write(&path, text).unwrap();
    };
    write("one");
    let variables = [("ALIBABA_CLOUD_CREDENTIALS_FILE", path.to_str().unwrap())];
    let environment = Environment::new(variables.map(|(n, v)| (n.into(), v.into())));
    let surroundings = Surroundings::new(environment, Clock::system(), telemetry()).unwrap();
    let account = AccountName::parse("main").unwrap();
    let source = CredentialSource::Profile("default".to_owned());
    let provider = provider(&account, &source, &surroundings).unwrap();
    tended(&*provider, async {
        assert_eq!(yields(&*provider).await, "one");
        write("two");
        until(&*provider, "two").await;
        // A file that is half written changes nothing.
        std::fs::write(&path, "[default\n").unwrap();
        seconds(300).await;
        assert_eq!(yields(&*provider).await, "two");
        write("six");
        until(&*provider, "six").await;
    })
    .await;
}

/// Waits for a credential, for a few minutes of virtual time at most.
async fn until(provider: &dyn CredentialProvider, id: &str) {
    for _ in 0..1000 {
        if yields(provider).await == id {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{id} does not come");
}

/// A cloud that takes one access key only.
#[derive(Debug)]
struct Cloud {
    accepted: Mutex<&'static str>,
    calls: AtomicUsize,
}

impl Transport for Cloud {
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let accepted = format!("Credential={},", self.accepted.lock().unwrap());
        let mut response = Response::new(Bytes::from_static(b"{}"));
        if !authorization.contains(&accepted) {
            let body = r#"{"Code":"InvalidSecurityToken.Expired","Message":"over"}"#;
            *response.body_mut() = Bytes::from_static(body.as_bytes());
            *response.status_mut() = 400.try_into().unwrap();
        }
        ready(Ok(response)).boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_recovers_from_a_revoked_credential_without_a_restart() {
    let (issuer, provider) = setup(&uri());
    let cloud = Arc::new(Cloud {
        accepted: Mutex::new("k0"),
        calls: AtomicUsize::new(0),
    });
    let account = AccountName::parse("main").unwrap();
    let rate = Rate::new(1000.0).unwrap();
    let options = Options::new(account, Endpoint::default(), rate);
    let clock = Clock::system();
    let client = Client::new(options, provider, cloud.clone(), clock, telemetry());
    let region = Region::parse("cn-shanghai").unwrap();
    let call = async || {
        let before = cloud.calls.load(Ordering::SeqCst);
        let parameters: [(&str, &str); 0] = [];
        let outcome = client
            .call(&region, Action::DescribeRegions, &parameters)
            .await;
        let calls = cloud.calls.load(Ordering::SeqCst) - before;
        (
            outcome
                .map(|_| ())
                .map_err(|e| e.code().unwrap().to_owned()),
            calls,
        )
    };
    let refused = || Err("InvalidSecurityToken.Expired".to_owned());
    assert_eq!(call().await, (Ok(()), 1));
    *cloud.accepted.lock().unwrap() = "k1";
    assert_eq!(call().await, (Ok(()), 2));
    // Another revocation, and the renewal does not help: bounded.
    *cloud.accepted.lock().unwrap() = "k9";
    assert_eq!(call().await, (refused(), 1), "too soon to renew");
    seconds(61).await;
    assert_eq!(call().await, (refused(), 2), "renewed once");
    assert_eq!(call().await, (refused(), 1), "too soon again");
    assert_eq!(issuer.asked(), 3);
}
