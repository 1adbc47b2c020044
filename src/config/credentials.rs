//! Where the credential of an account comes from.
//!
//! What stands here may be a secret in the wrong place, so that no value is
//! ever quoted.

use std::path::Path;
use std::time::Duration;

use reqwest::Url;

use super::decode::{Checked, Cursor, Fields};
use super::problem::ReferencedFile;
use super::scalars::{duration, path, text};
use crate::openapi::credentials::{OidcRole, Role, StsSite};
use crate::openapi::{CredentialSource, SecretSource};
use crate::secret::Secret;

/// Decodes the mapping `credentials`. Relative paths in it start at `base`.
pub(super) fn source(at: &Cursor<'_>, base: &Path) -> Checked<CredentialSource> {
    let mut fields = Fields::open(at, EXPECTED)?.holding_secrets();
    let key = access_key(&mut fields, base);
    let profile = fields.optional("profile", word("the name of a profile"));
    let ecs_ram_role = fields.optional("ecs_ram_role", ecs_ram_role);
    let oidc = fields.optional("oidc", |at| oidc(at, base));
    let uri = fields.optional("uri", uri);
    let role = fields.optional("assume_role", role);
    let mut given = Vec::new();
    let mut offer = |key, source: Checked<Option<CredentialSource>>| match source {
        Ok(Some(source)) => given.push((key, Ok(source))),
        Ok(None) => {}
        Err(refused) => given.push((key, Err(refused))),
    };
    offer("access_key_id", key);
    offer(
        "profile",
        profile.map(|it| it.map(CredentialSource::Profile)),
    );
    let server = |it: Option<_>| it.map(CredentialSource::EcsRamRole);
    offer("ecs_ram_role", ecs_ram_role.map(server));
    offer("oidc", oidc.map(|it| it.map(CredentialSource::Oidc)));
    offer("uri", uri.map(|it| it.map(CredentialSource::Uri)));
    let base = one(&fields, given, matches!(role, Ok(None)));
    fields.finish();
    match (base?, role?) {
        (base, None) => Ok(base),
        (base, Some(role)) => Ok(CredentialSource::AssumeRole {
            base: Box::new(base),
            role,
        }),
    }
}

/// The only one of the sources, or the default chain if there may be none.
fn one(
    fields: &Fields<'_>,
    mut given: Vec<(&'static str, Checked<CredentialSource>)>,
    is_needed: bool,
) -> Checked<CredentialSource> {
    let keys: Vec<&str> = given.iter().map(|(key, _)| *key).collect();
    match (given.pop(), &keys[..]) {
        (None, _) if is_needed => fields.refuse(format!("nothing is given: expected {EXPECTED}")),
        (None, _) => Ok(CredentialSource::Chain),
        (Some((_, only)), [_]) => only,
        (Some(_), several) => fields.refuse(format!(
            "{} are given together: expected one of them",
            several.join(" and ")
        )),
    }
}

fn access_key(fields: &mut Fields<'_>, base: &Path) -> Checked<Option<CredentialSource>> {
    let id = secret(fields, ACCESS_KEY_ID, base);
    let key_secret = secret(fields, ACCESS_KEY_SECRET, base);
    let security_token = secret(fields, SECURITY_TOKEN, base);
    if let (Ok(None), Ok(None), Ok(None)) = (&id, &key_secret, &security_token) {
        return Ok(None);
    }
    let id = present(fields, ACCESS_KEY_ID, id);
    let key_secret = present(fields, ACCESS_KEY_SECRET, key_secret);
    Ok(Some(CredentialSource::AccessKey {
        id: id?,
        secret: key_secret?,
        security_token: security_token?,
    }))
}

/// The name of the role, or `*` for the one that the server has.
fn ecs_ram_role(at: &Cursor<'_>) -> Checked<Option<String>> {
    let name = word("the name of a role, or * for the one that the server has")(at)?;
    Ok((name != "*").then_some(name))
}

fn oidc(at: &Cursor<'_>, base: &Path) -> Checked<OidcRole> {
    let mut fields = Fields::open(at, "a mapping such as {role_arn: …}")?.holding_secrets();
    let arn = fields.optional("role_arn", resource_name("role"));
    let provider_arn = fields.optional("provider_arn", resource_name("oidc-provider"));
    let token_file = fields.optional("token_file", |at| path(at, base));
    let session_name = fields.optional("session_name", word(SESSION_NAME));
    let policy = fields.optional("policy", policy);
    let duration = fields.optional("duration", duration(SHORTEST, LONGEST));
    let sts = site(&mut fields);
    fields.finish();
    Ok(OidcRole {
        arn: arn?,
        provider_arn: provider_arn?,
        token_file: token_file?,
        session_name: session_name?,
        policy: policy?,
        duration: duration?,
        sts: sts?,
    })
}

fn role(at: &Cursor<'_>) -> Checked<Role> {
    let mut fields = Fields::open(at, "a mapping such as {arn: …}")?.holding_secrets();
    let arn = fields.required("arn", ROLE, resource_name("role"));
    let session_name = fields.optional("session_name", word(SESSION_NAME));
    let external_id = fields.optional("external_id", word("the external id of the trust policy"));
    let policy = fields.optional("policy", policy);
    let duration = fields.optional("duration", duration(SHORTEST, LONGEST));
    let sts = site(&mut fields);
    fields.finish();
    Ok(Role {
        arn: arn?,
        session_name: session_name?,
        external_id: external_id?,
        policy: policy?,
        duration: duration?,
        sts: sts?,
    })
}

/// Which site of the Security Token Service is asked.
fn site(fields: &mut Fields<'_>) -> Checked<StsSite> {
    let region = fields.optional("sts_region", word("a region such as cn-shanghai"));
    let vpc = fields.optional("sts_vpc", |at| match text(at, "true or false")? {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => at.refuse("not a truth value: expected true or false"),
    });
    Ok(StsSite {
        region: region?,
        vpc: vpc?,
    })
}

/// A name of the Resource Access Management, such as that of a role.
fn resource_name(kind: &'static str) -> impl Fn(&Cursor<'_>) -> Checked<String> {
    move |at| {
        let expected = format!("acs:ram::<account id>:{kind}/<name>");
        let found = word("a resource name")(at)?;
        let begins = found.starts_with("acs:ram:");
        if !begins || !found.contains(&format!(":{kind}/")) {
            return at.refuse(format!("no resource name (not shown): expected {expected}"));
        }
        Ok(found)
    }
}

/// A policy is JSON, and text for YAML.
fn policy(at: &Cursor<'_>) -> Checked<String> {
    let found = text(at, "a policy as JSON in one piece of text")?;
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(found) {
        Ok(_) if found.len() <= MAX_WORD_BYTES => Ok(found.to_owned()),
        _ => at.refuse("no JSON object (not shown): expected a policy as JSON"),
    }
}

/// A credentials URI may hold a secret.
fn uri(at: &Cursor<'_>) -> Checked<Secret> {
    let found = word("a URL")(at)?;
    match Url::parse(&found) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            at.report.inline_secret();
            Ok(Secret::new(found))
        }
        _ => at.refuse("no URL (not shown): expected one such as http://127.0.0.1:8080/path"),
    }
}

/// A text without white space, which may be a secret by mistake.
fn word(expected: &'static str) -> impl Fn(&Cursor<'_>) -> Checked<String> {
    move |at| {
        let found = text(at, expected)?;
        let bad = found.is_empty()
            || found.len() > MAX_WORD_BYTES
            || found.chars().any(|c| c.is_whitespace() || c.is_control());
        if bad {
            return at.refuse(format!(
                "empty, too long or with white space (not shown): expected {expected}"
            ));
        }
        Ok(found.to_owned())
    }
}

/// The two keys under which a secret may stand.
type SecretKeys = (&'static str, &'static str);

/// A secret that stands in the file, or in a file of its own.
fn secret(
    fields: &mut Fields<'_>,
    (inline, file): SecretKeys,
    base: &Path,
) -> Checked<Option<SecretSource>> {
    match (fields.get(inline), fields.get(file)) {
        (None, None) => Ok(None),
        (Some(at), None) => {
            let found = inline_secret(&at)?;
            // The id of a key is no secret.
            if inline != ACCESS_KEY_ID.0 {
                at.report.inline_secret();
            }
            Ok(Some(found))
        }
        (None, Some(at)) => secret_file(&at, base).map(Some),
        (Some(_), Some(second)) => {
            second.refuse(format!("{inline} and {file} are both given: expected one"))
        }
    }
}

fn present(
    fields: &Fields<'_>,
    (inline, file): SecretKeys,
    found: Checked<Option<SecretSource>>,
) -> Checked<SecretSource> {
    match found? {
        Some(source) => Ok(source),
        None => fields.refuse(format!("a key is missing: expected {inline} or {file}")),
    }
}

/// Nothing of the value is ever quoted.
fn inline_secret(at: &Cursor<'_>) -> Checked<SecretSource> {
    let found = text(at, "text")?;
    if found.is_empty() || found.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return at.refuse("empty or with white space (not shown): expected the key itself");
    }
    if found.starts_with("${") {
        return at.refuse(
            "variables are not expanded here: expected the key itself, or leave credentials out \
             to take them from the environment",
        );
    }
    Ok(SecretSource::Inline(Secret::new(found)))
}

fn secret_file(at: &Cursor<'_>, base: &Path) -> Checked<SecretSource> {
    let file = path(at, base)?;
    at.report.needs_file(ReferencedFile {
        file: file.clone(),
        line: at.line,
        path: at.path.clone(),
    });
    Ok(SecretSource::File(file))
}

const ACCESS_KEY_ID: SecretKeys = ("access_key_id", "access_key_id_file");
const ACCESS_KEY_SECRET: SecretKeys = ("access_key_secret", "access_key_secret_file");
const SECURITY_TOKEN: SecretKeys = ("security_token", "security_token_file");

const EXPECTED: &str =
    "an access key, profile, ecs_ram_role, oidc, uri or assume_role; left out, the default chain";
const ROLE: &str = "acs:ram::<account id>:role/<name>";
const SESSION_NAME: &str = "a name for the audit log";

/// What STS allows.
const SHORTEST: Duration = Duration::from_secs(15 * 60);
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// A policy has 2,048 characters at most, names have fewer.
const MAX_WORD_BYTES: usize = 4096;
