//! The same inputs for the official Python library: the same provider has to
//! be chosen, and the same requests have to be sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sag_exporter::openapi::CredentialSource;
use serde_json::{Value, json};

use crate::double::{Answer, Asked};
use crate::machine::{token_refused, without_token};
use crate::world::{World, good, shown};

#[tokio::test]
async fn the_first_providers_agree_with_the_official_library() {
    let key = [("ACCESS_KEY_ID", "k"), ("ACCESS_KEY_SECRET", "s")];
    let oidc = || {
        let world = World::new().set_all(&OIDC);
        world.write("token", "oidc-token")
    };
    let mut library = Library::start();
    for (name, world, expected) in [
        ("key", World::new().set_all(&key), "default/env"),
        (
            "token",
            World::new().set_all(&key).set("SECURITY_TOKEN", "t"),
            "default/env",
        ),
        (
            "empty secret",
            World::new().set("ACCESS_KEY_ID", "k"),
            "default/ecs_ram_role",
        ),
        ("oidc", oidc(), "default/oidc_role_arn"),
        (
            "oidc session",
            oidc().set("ROLE_SESSION_NAME", "a b+c"),
            "default/oidc_role_arn",
        ),
        (
            "oidc region",
            oidc().set("STS_REGION", "cn-x"),
            "default/oidc_role_arn",
        ),
        (
            "oidc in a network",
            oidc()
                .set("STS_REGION", "cn-x")
                .set("VPC_ENDPOINT_ENABLED", "true"),
            "default/oidc_role_arn",
        ),
        (
            "oidc network only",
            oidc().set("VPC_ENDPOINT_ENABLED", "true"),
            "default/oidc_role_arn",
        ),
        (
            "oidc without its file",
            World::new().set_all(&OIDC),
            "default/ecs_ram_role",
        ),
    ] {
        check(&mut library, name, &world, expected).await;
    }
}

#[tokio::test]
async fn cli_profiles_agree_with_the_official_library() {
    let mut library = Library::start();
    for (profile, expected) in [
        ("key", "default/cli_profile/static_ak"),
        ("token", "default/cli_profile/static_sts"),
        ("role", "default/cli_profile/ram_role_arn/static_ak"),
        ("full", "default/cli_profile/ram_role_arn/static_ak"),
        ("server", "default/cli_profile/ecs_ram_role"),
        ("found", "default/cli_profile/ecs_ram_role"),
        ("oidc", "default/cli_profile/oidc_role_arn"),
        (
            "chain",
            "default/cli_profile/ram_role_arn/ram_role_arn/static_ak",
        ),
        ("onserver", "default/cli_profile/ram_role_arn/ecs_ram_role"),
        ("program", "default/cli_profile/external"),
        ("odd", "default/ecs_ram_role"),
        ("nobody", "default/ecs_ram_role"),
    ] {
        let world = World::new()
            .write("token", "oidc-token")
            .write("output", OUTPUT)
            .write(".aliyun/config.json", CLI)
            .set("PROFILE", profile);
        check(&mut library, profile, &world, expected).await;
    }
    let current = World::new().write(".aliyun/config.json", CLI);
    check(
        &mut library,
        "current",
        &current,
        "default/cli_profile/static_sts",
    )
    .await;
    let disabled = current.set("CLI_PROFILE_DISABLED", "true");
    check(&mut library, "disabled", &disabled, "default/ecs_ram_role").await;
    let broken = World::new().write(".aliyun/config.json", "{");
    check(&mut library, "broken", &broken, "default/ecs_ram_role").await;
    let environment = World::new().write(".aliyun/config.json", CLI).set_all(&[
        ("PROFILE", "role"),
        ("ROLE_SESSION_NAME", "named"),
        ("STS_REGION", "cn-e"),
    ]);
    let expected = "default/cli_profile/ram_role_arn/static_ak";
    check(&mut library, "environment", &environment, expected).await;
}

#[tokio::test]
async fn the_credentials_file_agrees_with_the_official_library() {
    let mut library = Library::start();
    for (section, expected) in [
        ("default", "default/profile/static_ak"),
        ("role", "default/profile/ram_role_arn/static_ak"),
        ("oidc", "default/profile/oidc_role_arn"),
        ("server", "default/profile/ecs_ram_role"),
        ("odd", "default/ecs_ram_role"),
        ("nobody", "default/ecs_ram_role"),
    ] {
        let world = World::new()
            .write("token", "oidc-token")
            .write(".alibabacloud/credentials.ini", INI)
            .set("PROFILE", section);
        check(&mut library, section, &world, expected).await;
    }
    let elsewhere = World::new()
        .write("elsewhere", INI)
        .set("CREDENTIALS_FILE", "HOME/elsewhere");
    check(
        &mut library,
        "elsewhere",
        &elsewhere,
        "default/profile/static_ak",
    )
    .await;
    for (name, text) in [
        ("no section", "type = access_key\n"),
        ("twice", "[default]\n[default]\n"),
        (
            "key twice",
            "[default]\ntype = access_key\nTYPE = access_key\n",
        ),
        ("no key", "[default]\ntype\n"),
        (
            "no secret",
            "[default]\ntype = access_key\naccess_key_id = k\n",
        ),
    ] {
        let world = World::new().write(".alibabacloud/credentials.ini", text);
        check(&mut library, name, &world, "default/ecs_ram_role").await;
    }
}

#[tokio::test]
async fn the_last_providers_agree_with_the_official_library() {
    let server = "default/ecs_ram_role";
    let mut library = Library::start();
    for (name, world, expected) in [
        ("discovered", World::new(), server),
        ("named", World::new().set("ECS_METADATA", "by-name"), server),
        ("no token", World::with(without_token), server),
        ("token refused", World::with(token_refused), server),
        (
            "v2 only",
            World::new().set("IMDSV1_DISABLED", "true"),
            server,
        ),
        (
            "v2 only, no token",
            World::with(without_token).set("IMDSV1_DISABLED", "true"),
            "",
        ),
        (
            "v2 only, refused",
            World::with(token_refused).set("IMDSV1_DISABLED", "true"),
            "",
        ),
        (
            "uri",
            no_server(World::new()).set("CREDENTIALS_URI", "URL/uri"),
            "default/credential_uri",
        ),
        (
            "uri with a query",
            no_server(World::new()).set("CREDENTIALS_URI", "URL/uri?a=1&b=x%20y"),
            "default/credential_uri",
        ),
        (
            "uri after the server",
            World::with(uri_only).set("CREDENTIALS_URI", "URL/uri"),
            "default/credential_uri",
        ),
        ("nothing", no_server(World::new()), ""),
        (
            "all refuse",
            World::with(|_| Answer::Reply(500, String::new())),
            "",
        ),
    ] {
        check(&mut library, name, &world, expected).await;
    }
}

fn no_server(world: World) -> World {
    world.set("ECS_METADATA_DISABLED", "true")
}

fn uri_only(asked: &Asked) -> Answer {
    match asked.path.as_str() {
        "/uri" => good(asked),
        _ => Answer::Reply(404, String::new()),
    }
}

const OIDC: [(&str, &str); 3] = [
    ("ROLE_ARN", "acs:ram::1:role/oidc"),
    ("OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/p"),
    ("OIDC_TOKEN_FILE", "HOME/token"),
];

const CLI: &str = include_str!("../data/credentials/config.json");
const INI: &str = include_str!("../data/credentials/credentials.ini");
const OUTPUT: &str = r#"{"mode": "StsToken", "access_key_id": "printed",
    "access_key_secret": "s", "sts_token": "t", "expiration": "2999-01-01T00:00:00Z"}"#;

/// The library in a process of its own, which answers case by case.
struct Library {
    process: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Library {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let chosen = std::env::vars_os().find(|(name, _)| name == "SAG_TEST_PYTHON");
        let python = chosen.map_or_else(
            || root.join("target/python/bin/python"),
            |(_, path)| PathBuf::from(path),
        );
        let mut process = Command::new(&python)
            .arg(root.join("tests/python/credentials_official.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; scripts/test sets it up", python.display())
            });
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self {
            questions: process.stdin.take().unwrap(),
            answers: answers.lines(),
            process,
        }
    }

    /// Which credential the library yields in a world, and from whom.
    fn ask(&mut self, world: &World) -> Value {
        let mut variables: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, value) in &world.variables {
            variables.insert(name, value);
        }
        variables.insert("HOME", world.home().to_str().unwrap());
        variables.insert("PATH", "/usr/bin:/bin");
        let question = json!({"variables": variables, "double": world.double.url()});
        writeln!(self.questions, "{question}").unwrap();
        let answer = self.answers.next();
        let answer = answer.expect("an answer; does the library import? scripts/test sets it up");
        serde_json::from_str(&answer.unwrap()).unwrap()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A request with all that matters of it, so that requests can be compared.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Essence {
    line: String,
    query: BTreeMap<String, String>,
    token: String,
    lifetime: String,
}

impl Essence {
    fn of(asked: &Asked) -> Self {
        let mut query = asked.query.clone();
        for fresh in ["Timestamp", "SignatureNonce", "Signature"] {
            if let Some(value) = query.get_mut(fresh) {
                assert!(!value.is_empty(), "{fresh}");
                fresh.clone_into(value);
            }
        }
        if let Some(name) = query.get_mut("RoleSessionName")
            && (name.starts_with("credentials-python-") || name.starts_with("sag-exporter-"))
        {
            "made up".clone_into(name);
        }
        // The library names the double without its port, and this does not
        // matter for a URI that is given.
        let host = asked.host().split(':').next().unwrap();
        Self {
            line: format!("{} {host}{}", asked.method, asked.path),
            query,
            token: asked.header("x-aliyun-ecs-metadata-token").to_owned(),
            lifetime: asked
                .header("x-aliyun-ecs-metadata-token-ttl-seconds")
                .to_owned(),
        }
    }
}

/// In order; one that was made before is left out, because the library takes a
/// second token from the metadata service where one would do.
fn essences(asked: &[Asked]) -> Vec<Essence> {
    let mut seen = BTreeSet::new();
    let first = |asked: &&Asked| seen.insert(Essence::of(asked));
    asked.iter().filter(first).map(Essence::of).collect()
}

/// Runs both in a world and compares provider, credential and requests.
async fn check(library: &mut Library, name: &str, world: &World, expected: &str) {
    let theirs = library.ask(world);
    let their_requests = essences(&world.double.take());
    let provider = world.provider(&CredentialSource::Chain);
    let ours = provider.credential().await;
    let our_requests = essences(&world.double.take());
    assert_eq!(our_requests, their_requests, "{name}: requests");
    let text = |key: &str| theirs[key].as_str().unwrap_or_default().to_owned();
    if expected.is_empty() {
        assert!(ours.is_err(), "{name}: {ours:?}");
        assert!(!text("error").is_empty(), "{name}: {theirs}");
        return;
    }
    let found = ours.unwrap_or_else(|error| panic!("{name}: {error}"));
    let their_key = format!("{}/{}/{}", text("id"), text("secret"), text("token"));
    assert_eq!(shown(&found), their_key, "{name}: {theirs}");
    assert_eq!(text("provider"), expected, "{name}");
    let provenance = provider.provenance().unwrap();
    assert_eq!(provenance.provider, expected, "{name}");
}
