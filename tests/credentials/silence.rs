//! What is logged and counted about credentials, and what is not.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use sag_exporter::openapi::credentials::{OidcRole, Role};
use sag_exporter::openapi::{CredentialSource, SecretSource};
use sag_exporter::secret::Secret;
use tokio_util::sync::CancellationToken;
use tracing::Level;
use tracing::subscriber::DefaultGuard;

use crate::double::{Answer, Asked};
use crate::issuer::counted;
use crate::world::{World, good, telemetry, whole};

/// Everything that is logged in this thread while it lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start(level: Level) -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sources(world: &World) -> Vec<CredentialSource> {
    let inline = |text: &str| SecretSource::Inline(Secret::new(text));
    let key = CredentialSource::AccessKey {
        id: inline("base"),
        secret: inline("base-MARK"),
        security_token: Some(inline("base-token-MARK")),
    };
    let role = Role {
        arn: "x/r".to_owned(),
        ..Role::default()
    };
    let oidc = OidcRole {
        arn: Some("x/r".to_owned()),
        provider_arn: Some("p".to_owned()),
        token_file: Some(world.home().join("token")),
        ..OidcRole::default()
    };
    let uri = format!("{}/uri?key=query-MARK", world.double.url());
    vec![
        CredentialSource::Chain,
        CredentialSource::Profile("p".to_owned()),
        CredentialSource::EcsRamRole(None),
        CredentialSource::Oidc(oidc),
        CredentialSource::Uri(Secret::new(uri)),
        CredentialSource::AssumeRole {
            base: Box::new(key),
            role,
        },
    ]
}

#[tokio::test]
async fn no_secret_is_logged_even_at_the_finest_level() {
    let (log, _guard) = Log::start(Level::TRACE);
    let echo = |asked: &Asked| {
        let token = asked
            .query
            .get("OIDCToken")
            .or(asked.query.get("SecurityToken"));
        Answer::Reply(
            403,
            format!("echo {}", token.map_or("MARK", String::as_str)),
        )
    };
    let cli =
        r#"{"profiles": [{"name": "p", "mode": "External", "process_command": "echo out-MARK"}]}"#;
    for (script, fails) in [(good as fn(&Asked) -> Answer, false), (echo, true)] {
        let world = World::with(script)
            .set("ACCESS_KEY_ID", "k")
            .write("token", "oidc-MARK")
            .write(".aliyun/config.json", cli);
        for source in sources(&world) {
            let provider = world.provider(&source);
            let outcome = provider.credential().await;
            assert!(!fails || outcome.is_err(), "{source:?}");
            let shown = outcome.map_or_else(|error| whole(&error), |c| format!("{c:?}"));
            assert!(!shown.contains("MARK"), "{shown}");
        }
    }
    let text = log.text();
    assert!(text.contains("credential obtained"), "{text}");
    assert!(!text.contains("MARK"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_logged_when_it_begins_and_when_it_ends() {
    let (log, _guard) = Log::start(Level::INFO);
    let telemetry = telemetry();
    let uri = CredentialSource::Uri(Secret::new("http://127.0.0.1/uri"));
    let (issuer, provider) = counted(&uri, telemetry.clone());
    issuer.status(503);
    for _ in 0..3 {
        assert!(provider.credential().await.is_err());
        tokio::time::advance(Duration::from_secs(120)).await;
    }
    issuer.status(200);
    let credential = provider.credential().await.unwrap();
    assert!(provider.invalidate(&credential));
    assert!(provider.invalidate(&credential));
    provider.credential().await.unwrap();
    let text = log.text();
    let lines: Vec<_> = text
        .lines()
        .map(|line| line.split_once(" sag").unwrap().0.trim())
        .collect();
    assert_eq!(lines, ["WARN", "INFO", "WARN", "INFO"], "{text}");
    let counted = String::from_utf8(telemetry.encode().unwrap()).unwrap();
    for line in [
        r#"sag_exporter_credential_refreshes_total{account="main",outcome="failed"} 3"#,
        r#"sag_exporter_credential_refreshes_total{account="main",outcome="ok"} 2"#,
        r#"sag_exporter_credential_expiry_timestamp_seconds{account="main"} "#,
    ] {
        assert!(counted.contains(line), "{counted}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_stays_refused_is_logged_once() {
    let (log, _guard) = Log::start(Level::WARN);
    let world = World::new()
        .set("ACCESS_KEY_ID", "k")
        .set("ACCESS_KEY_SECRET", "s");
    let provider = world.provider(&CredentialSource::Chain);
    for _ in 0..5 {
        let credential = provider.credential().await.unwrap();
        assert!(provider.invalidate(&credential));
        assert_eq!(provider.credential().await.unwrap(), credential);
        assert!(!provider.invalidate(&credential), "bounded");
        tokio::time::advance(Duration::from_secs(61)).await;
    }
    assert_eq!(log.text().lines().count(), 1, "{}", log.text());
}

#[tokio::test]
async fn the_task_ends_with_the_process() {
    let world = World::new();
    let provider = world.provider(&CredentialSource::EcsRamRole(None));
    let shutdown = CancellationToken::new();
    let task = provider.refresh_loop(shutdown.clone());
    let stop = async {
        provider.credential().await.unwrap();
        shutdown.cancel();
    };
    tokio::join!(task, stop);
    // One that never ends has a task like any other.
    let fixed = world
        .set("ACCESS_KEY_ID", "k")
        .set("ACCESS_KEY_SECRET", "s");
    let fixed = fixed.provider(&CredentialSource::Environment);
    let unchanging = fixed.refresh_loop(CancellationToken::new());
    assert!(unchanging.now_or_never().is_none(), "until shutdown");
    fixed.refresh_loop(shutdown).await;
}
