//! The sources of the configuration, with files that come, change and go.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::telemetry::{BuildInfo, Telemetry};

fn inline(text: &str) -> SecretSource {
    SecretSource::Inline(Secret::new(text))
}

fn key(id: SecretSource, secret: SecretSource, token: Option<SecretSource>) -> CredentialSource {
    CredentialSource::AccessKey {
        id,
        secret,
        security_token: token,
    }
}

/// The provider of a source that needs nothing but these variables.
fn provider(
    source: &CredentialSource,
    variables: &[(&str, &str)],
) -> Result<Arc<dyn CredentialProvider>, CredentialError> {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let environment = Environment::new(variables);
    let build = BuildInfo {
        version: "",
        revision: "",
        rustversion: "",
    };
    let telemetry = Telemetry::new(build).unwrap();
    let surroundings = Surroundings::new(environment, Clock::system(), telemetry).unwrap();
    let account = AccountName::parse("main").unwrap();
    super::provider(&account, source, &surroundings)
}

/// As text: `id/secret/token`, or the error with everything behind it.
async fn outcome(provider: &dyn CredentialProvider) -> Result<String, String> {
    let credential = provider.credential().await.map_err(|e| chain(&e))?;
    let token = credential.security_token().map_or("-", Secret::reveal);
    let secret = credential.access_key_secret().reveal();
    Ok(format!("{}/{secret}/{token}", credential.access_key_id()))
}

fn chain(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |&error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[tokio::test]
async fn the_environment_is_read_by_its_official_names() {
    for (variables, expected) in [
        (vec![("ID", "k"), ("SECRET", "s")], Ok("k/s/-")),
        (
            vec![("ID", "k"), ("SECRET", "s"), ("TOKEN", "t")],
            Ok("k/s/t"),
        ),
        (
            vec![("ID", "k"), ("SECRET", "s"), ("TOKEN", "")],
            Ok("k/s/-"),
        ),
        (
            vec![("SECRET", "s")],
            Err(
                "environment variable ALIBABA_CLOUD_ACCESS_KEY_ID is not set: expected the access key id",
            ),
        ),
        (
            vec![("ID", "k"), ("SECRET", "")],
            Err(
                "environment variable ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set: expected the access key secret",
            ),
        ),
        (
            vec![("ID", "k"), ("SECRET", "s\n")],
            Err(
                "the access key secret is not usable: expected printable ASCII characters without spaces and commas",
            ),
        ),
    ] {
        let official = |short: &str| match short {
            "TOKEN" => "ALIBABA_CLOUD_SECURITY_TOKEN".to_owned(),
            part => format!("ALIBABA_CLOUD_ACCESS_KEY_{part}"),
        };
        let named: Vec<_> = variables.iter().map(|(n, v)| (official(n), *v)).collect();
        let named: Vec<_> = named.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        let found = match provider(&CredentialSource::Environment, &named) {
            Ok(provider) => outcome(&*provider).await,
            Err(error) => Err(chain(&error)),
        };
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(found, expected, "{variables:?}");
    }
}

#[tokio::test]
async fn an_inline_key_is_checked_at_once() {
    let good = key(inline("k"), inline("s"), Some(inline("t")));
    let good = provider(&good, &[]).unwrap();
    assert_eq!(outcome(&*good).await.as_deref(), Ok("k/s/t"));
    for bad in [
        key(inline("k,y"), inline("s"), None),
        key(inline(""), inline("s"), None),
        key(inline("k"), inline("s s"), None),
        key(inline("k"), inline("s"), Some(inline("tö"))),
    ] {
        let error = provider(&bad, &[]).unwrap_err();
        assert!(matches!(error, CredentialError::Unusable { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn files_are_read_again_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, " first \n").unwrap();
    let source = key(inline("k"), SecretSource::File(path.clone()), None);
    let provider = provider(&source, &[]).unwrap();
    let first = provider.credential().await.unwrap();
    assert_eq!(first.access_key_secret().reveal(), "first");

    // Unchanged, the very same credential is handed out, looked at or not.
    later().await;
    assert!(Arc::ptr_eq(&first, &provider.credential().await.unwrap()));

    fs::write(&path, "second").unwrap();
    assert_eq!(outcome(&*provider).await.as_deref(), Ok("k/first/-"));
    later().await;
    assert_eq!(outcome(&*provider).await.as_deref(), Ok("k/second/-"));

    fs::remove_file(&path).unwrap();
    later().await;
    let error = outcome(&*provider).await.unwrap_err();
    let expected = format!(
        "cannot read the access key secret from {}: ",
        path.display()
    );
    assert!(error.starts_with(&expected), "{error}");

    fs::write(&path, "third").unwrap();
    assert_eq!(outcome(&*provider).await.as_deref(), Ok("k/third/-"));
}

#[tokio::test]
async fn a_bad_file_is_named_and_its_content_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for (content, expected) in [
        (&b""[..], "the file is empty"),
        (b" \n\t", "the file is empty"),
        (b"hunter2 hunter3", "printable ASCII"),
        (b"hunter2\xff", "utf-8"),
        (&[b'x'; 70_000], "at most 64 KiB"),
    ] {
        let path = folder.path().join("token");
        fs::write(&path, content).unwrap();
        let token = Some(SecretSource::File(path.clone()));
        let provider = provider(&key(inline("k"), inline("s"), token), &[]).unwrap();
        let error = outcome(&*provider).await.unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains(&shown(&path)), "{error}");
        assert!(error.contains("the security token"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn debug_output_shows_no_secret() {
    let source = key(inline("k"), inline("hunter2"), Some(inline("hunter2")));
    let fixed = provider(&source, &[]).unwrap();
    let mixed = key(
        inline("k"),
        inline("hunter2"),
        Some(SecretSource::File("x".into())),
    );
    let files = provider(&mixed, &[]).unwrap();
    let shown = format!("{source:?} {fixed:?} {files:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

async fn later() {
    tokio::time::advance(Duration::from_secs(2)).await;
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
