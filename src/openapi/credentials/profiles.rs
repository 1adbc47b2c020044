//! Profiles of the cloud's command line tool.

use std::sync::Arc;
use std::time::Duration;

use super::environment::Environment;
use super::formats::CliConfig;
use super::formats::cli_config::Profile;
use super::lease::Lease;
use super::plan::Plan;
use super::reason::Reason;
use super::role::{OidcRole, Role, StsSite};
use super::surroundings::Surroundings;
use super::{Credential, read, sts};
use crate::secret::Secret;

/// Reads `~/.aliyun/config.json` and does what a profile of it says: the named
/// one, that of `ALIBABA_CLOUD_PROFILE`, or the current one.
pub(super) async fn cli(name: Option<&str>, surroundings: &Surroundings) -> Result<Lease, Reason> {
    let environment = &surroundings.environment;
    if environment.is_true(DISABLED) {
        return Err(Reason::SwitchedOff { switch: DISABLED });
    }
    let path = environment.home()?.join(".aliyun").join("config.json");
    let (bytes, witness) = read::file(&path).await?;
    let config = CliConfig::parse(&bytes).map_err(|source| Reason::Malformed {
        object: path.display().to_string(),
        source,
    })?;
    let name = name.or_else(|| environment.get(PROFILE));
    let name = name.or_else(|| config.current());
    let name = name.ok_or_else(|| Reason::Unusable {
        object: format!("{}: current", path.display()),
        expected: "the name of a profile",
    })?;
    let plan = plan(&config, name, environment, 0)?;
    let mut lease = plan.obtain(surroundings).await?.by_way_of("cli_profile");
    lease.files.push(witness);
    Ok(lease)
}

/// What a profile means. `depth` counts the profiles that led here.
fn plan(
    config: &CliConfig,
    name: &str,
    environment: &Environment,
    depth: usize,
) -> Result<Plan, Reason> {
    let unusable = |what: &str, expected| Reason::Unusable {
        object: format!("profile {name:?}: {what}"),
        expected,
    };
    if depth > LONGEST_CHAIN {
        return Err(unusable("source_profile", "an end after a few profiles"));
    }
    let profile = config.profile(name);
    let profile = profile.ok_or_else(|| unusable("not in the file", "a profile of this name"))?;
    let mode = profile.mode.as_deref().unwrap_or_default();
    let own_key = |token| key(name, profile, token).map(Plan::Fixed);
    match mode {
        "AK" => own_key(false),
        "StsToken" => own_key(true),
        "RamRoleArn" => assumed(name, profile, own_key(false)?, environment),
        "ChainableRamRoleArn" => {
            let source = profile.source_profile.as_deref();
            let source =
                source.ok_or_else(|| unusable("source_profile", "the name of a profile"))?;
            let base = plan(config, source, environment, depth + 1)?;
            assumed(name, profile, base, environment)
        }
        "EcsRamRole" => Ok(Plan::EcsRamRole(profile.ram_role_name.clone())),
        "OIDC" => Ok(Plan::Oidc(oidc(profile))),
        "External" => {
            let command = profile.process_command.clone();
            let command = command.filter(|command| !command.is_empty());
            let command = command.map(Plan::External);
            command.ok_or_else(|| unusable("process_command", "a command line"))
        }
        "CloudSSO" | "OAuth" => Err(unusable(
            &format!("mode {mode} needs a person who signs in"),
            MODES,
        )),
        _ => Err(unusable(&format!("mode {mode:?}"), MODES)),
    }
}

fn key(name: &str, profile: &Profile, token: bool) -> Result<Arc<Credential>, Reason> {
    let missing = |part| Reason::Unusable {
        object: format!("profile {name:?}: {part}"),
        expected: "a text",
    };
    let present = |part: &Option<Secret>, name| {
        let part = part.clone().filter(|part| !part.is_empty());
        part.ok_or_else(|| missing(name))
    };
    let id = profile.access_key_id.as_deref();
    let id = id.ok_or_else(|| missing("access_key_id"))?;
    let secret = present(&profile.access_key_secret, "access_key_secret")?;
    let token = match token {
        true => Some(present(&profile.sts_token, "sts_token")?),
        false => None,
    };
    let credential = Credential::new(id, secret, token).map_err(Reason::Parts)?;
    Ok(Arc::new(credential))
}

fn assumed(
    name: &str,
    profile: &Profile,
    base: Plan,
    environment: &Environment,
) -> Result<Plan, Reason> {
    let arn = profile.ram_role_arn.as_deref();
    let arn = arn.or_else(|| environment.get(sts::ROLE_ARN));
    let arn = arn.ok_or_else(|| Reason::Unusable {
        object: format!("profile {name:?}: ram_role_arn"),
        expected: "the name of a role",
    })?;
    let role = Role {
        arn: arn.to_owned(),
        session_name: profile.ram_session_name.clone(),
        external_id: profile.external_id.clone(),
        policy: profile.policy.clone(),
        duration: duration(profile),
        sts: site(profile),
    };
    Ok(Plan::AssumeRole(Box::new(base), role))
}

fn oidc(profile: &Profile) -> OidcRole {
    // The tool itself writes ram_session_name, the official library reads the
    // other one.
    let session_name = profile.role_session_name.as_ref();
    OidcRole {
        arn: profile.ram_role_arn.clone(),
        provider_arn: profile.oidc_provider_arn.clone(),
        token_file: profile.oidc_token_file.as_ref().map(Into::into),
        session_name: session_name.or(profile.ram_session_name.as_ref()).cloned(),
        policy: profile.policy.clone(),
        duration: duration(profile),
        sts: site(profile),
    }
}

/// The tool writes 0 where nothing was chosen.
fn duration(profile: &Profile) -> Option<Duration> {
    let seconds = profile.expired_seconds.filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs)
}

fn site(profile: &Profile) -> StsSite {
    StsSite {
        region: profile.sts_region.clone(),
        vpc: profile.enable_vpc,
    }
}

const DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";

/// Which profile is meant, here and in the credentials file.
pub(super) const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";

const MODES: &str = "AK, StsToken, RamRoleArn, EcsRamRole, OIDC, ChainableRamRoleArn or External";

/// Roles on top of roles; a circle ends here too.
const LONGEST_CHAIN: usize = 8;
