//! How a credential is to be obtained.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::first_of::FirstOf;
use super::formats::Grant;
use super::lease::Lease;
use super::read::Witness;
use super::reason::Reason;
use super::role::{OidcRole, Role};
use super::surroundings::Surroundings;
use super::{Credential, external, files, from_environment, metadata, profiles, read, sts, uri};
use crate::openapi::options::SecretSource;
use crate::secret::Secret;

/// A source of credentials in its simplest terms. It keeps nothing of what it
/// obtained; a chain keeps what it chose.
#[derive(Debug)]
pub(super) enum Plan {
    /// The access key of the environment.
    Environment,
    /// An access key that is known already.
    Fixed(Arc<Credential>),
    /// An access key of which parts may stand in files: id, secret, token.
    AccessKey(SecretSource, SecretSource, Option<SecretSource>),
    /// A role that a token stands for.
    Oidc(OidcRole),
    /// The role of this server, by name or by discovery.
    EcsRamRole(Option<String>),
    /// A URI, or that of the environment.
    Uri(Option<Secret>),
    /// A program that prints it.
    External(Secret),
    /// A role, on top of another plan.
    AssumeRole(Box<Plan>, Role),
    /// A profile of the command line tool, by name or the current one.
    CliProfile(Option<String>),
    /// A section of the credentials file, by name or the usual one.
    CredentialsFile(Option<String>),
    /// The first of several that works.
    FirstOf(FirstOf),
}

impl Plan {
    /// Carries the plan out. Boxed, because plans hold plans.
    pub(super) fn obtain<'a>(
        &'a self,
        surroundings: &'a Surroundings,
    ) -> BoxFuture<'a, Result<Lease, Reason>> {
        Box::pin(async move {
            match self {
                Self::Environment => environment(surroundings),
                Self::Fixed(credential) => Ok(fixed(credential)),
                Self::AccessKey(id, secret, token) => access_key(id, secret, token.as_ref()).await,
                Self::Oidc(role) => oidc(role, surroundings).await,
                Self::EcsRamRole(name) => ecs_ram_role(name.as_deref(), surroundings).await,
                Self::Uri(uri) => credentials_uri(uri.as_ref(), surroundings).await,
                Self::External(command) => external(command, surroundings).await,
                Self::AssumeRole(base, role) => assume_role(base, role, surroundings).await,
                Self::CliProfile(name) => profiles::cli(name.as_deref(), surroundings).await,
                Self::CredentialsFile(name) => {
                    files::credentials_file(name.as_deref(), surroundings).await
                }
                Self::FirstOf(plans) => plans.obtain(surroundings).await,
            }
        })
    }

    /// The provider, for messages.
    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Fixed(_) | Self::AccessKey(..) => "access key",
            Self::Oidc(_) => "OIDC role",
            Self::EcsRamRole(_) => "ECS RAM role",
            Self::Uri(_) => "credentials URI",
            Self::External(_) => "external program",
            Self::AssumeRole(..) => "assumed role",
            Self::CliProfile(_) => "CLI profile",
            Self::CredentialsFile(_) => "credentials file",
            Self::FirstOf(plans) => plans.whole(),
        }
    }
}

fn environment(surroundings: &Surroundings) -> Result<Lease, Reason> {
    let credential = from_environment(&surroundings.environment).map_err(Reason::Parts)?;
    Ok(Lease::lasting(Arc::new(credential), "env"))
}

fn fixed(credential: &Arc<Credential>) -> Lease {
    let temporary = credential.security_token().is_some();
    let origin = if temporary { "static_sts" } else { "static_ak" };
    Lease::lasting(Arc::clone(credential), origin)
}

async fn access_key(
    id: &SecretSource,
    secret: &SecretSource,
    token: Option<&SecretSource>,
) -> Result<Lease, Reason> {
    let mut files = Vec::new();
    let id = text(id, &mut files).await?;
    let secret = text(secret, &mut files).await?;
    let token = match token {
        Some(token) => Some(text(token, &mut files).await?),
        None => None,
    };
    let credential = Credential::new(id.reveal(), secret, token).map_err(Reason::Parts)?;
    Ok(Lease {
        files,
        ..fixed(&Arc::new(credential))
    })
}

async fn text(source: &SecretSource, files: &mut Vec<Witness>) -> Result<Secret, Reason> {
    let path = match source {
        SecretSource::Inline(text) => return Ok(text.clone()),
        SecretSource::File(path) => path,
    };
    let (bytes, witness) = read::file(path).await?;
    files.push(witness);
    let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
    if text.is_empty() {
        return Err(Reason::Unusable {
            object: path.display().to_string(),
            expected: "a file with nothing but the key",
        });
    }
    Ok(Secret::new(text))
}

async fn oidc(role: &OidcRole, surroundings: &Surroundings) -> Result<Lease, Reason> {
    // All three, before anything is read or sent.
    let environment = &surroundings.environment;
    for (given, variable) in [
        (role.arn.is_some(), sts::ROLE_ARN),
        (role.provider_arn.is_some(), sts::OIDC_PROVIDER_ARN),
        (role.token_file.is_some(), TOKEN_FILE),
    ] {
        if !given {
            environment.required(variable)?;
        }
    }
    let path = match &role.token_file {
        Some(path) => path.clone(),
        None => environment.required(TOKEN_FILE)?.into(),
    };
    // The cluster writes a new token long before the old one ends, so a new
    // file alone is no reason to ask for a new credential.
    let (bytes, _) = read::file(&path).await?;
    let token = std::str::from_utf8(&bytes).unwrap_or_default().trim();
    if token.is_empty() {
        return Err(Reason::Unusable {
            object: path.display().to_string(),
            expected: "an OIDC token",
        });
    }
    let grant = sts::assume_role_with_oidc(role, token, surroundings).await?;
    lease(grant, "oidc_role_arn", sts::NAME, surroundings)
}

async fn ecs_ram_role(name: Option<&str>, surroundings: &Surroundings) -> Result<Lease, Reason> {
    let grant = metadata::ecs_ram_role(name, surroundings).await?;
    // The service is on the same machine: while it is away, what it said last
    // is the best there is.
    Ok(Lease {
        outlives: true,
        ..lease(grant, "ecs_ram_role", metadata::NAME, surroundings)?
    })
}

async fn credentials_uri(
    uri: Option<&Secret>,
    surroundings: &Surroundings,
) -> Result<Lease, Reason> {
    let uri = uri.map(Secret::reveal);
    let grant = uri::credentials_uri(uri, surroundings).await?;
    lease(grant, "credential_uri", uri::NAME, surroundings)
}

async fn external(command: &Secret, surroundings: &Surroundings) -> Result<Lease, Reason> {
    let grant = external::process_command(command.reveal()).await?;
    Ok(Lease {
        recheck: Some(EXTERNAL_RECHECK),
        ..lease(grant, "external", "the external program", surroundings)?
    })
}

async fn assume_role(
    base: &Plan,
    role: &Role,
    surroundings: &Surroundings,
) -> Result<Lease, Reason> {
    let base = base
        .obtain(surroundings)
        .await
        .map_err(|source| Reason::Base {
            arn: role.arn.clone(),
            source: Box::new(source),
        })?;
    let grant = sts::assume_role(role, &base.credential, surroundings).await?;
    let origin = format!("ram_role_arn/{}", base.origin);
    Ok(Lease {
        files: base.files,
        ..lease(grant, &origin, sts::NAME, surroundings)?
    })
}

fn lease(
    grant: Grant,
    origin: &str,
    service: &'static str,
    surroundings: &Surroundings,
) -> Result<Lease, Reason> {
    Lease::granted(grant, origin, service, surroundings.clock.now())
}

const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";

/// A program that gives no end may print another key any time; the official
/// library runs it for every request, which a sweep cannot afford.
const EXTERNAL_RECHECK: Duration = Duration::from_secs(15 * 60);
