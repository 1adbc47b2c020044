//! The credentials file of the official libraries.

use std::path::PathBuf;
use std::sync::Arc;

use super::environment::Environment;
use super::formats::Ini;
use super::lease::Lease;
use super::plan::Plan;
use super::profiles::PROFILE;
use super::reason::Reason;
use super::role::{OidcRole, Role, StsSite};
use super::surroundings::Surroundings;
use super::{Credential, read, sts};
use crate::secret::Secret;

/// Reads `ALIBABA_CLOUD_CREDENTIALS_FILE` or `~/.alibabacloud/credentials.ini`
/// and does what a section of it says: the named one, that of
/// `ALIBABA_CLOUD_PROFILE`, or `default`.
pub(super) async fn credentials_file(
    name: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Lease, Reason> {
    let environment = &surroundings.environment;
    let path = match environment.get(FILE) {
        Some(path) => PathBuf::from(path),
        None => environment
            .home()?
            .join(".alibabacloud")
            .join("credentials.ini"),
    };
    let (bytes, witness) = read::file(&path).await?;
    let ini = Ini::parse(&bytes).map_err(|source| Reason::Malformed {
        object: path.display().to_string(),
        source,
    })?;
    let name = name.or_else(|| environment.get(PROFILE));
    let section = Section {
        ini: &ini,
        name: name.unwrap_or("default"),
    };
    let plan = section.plan(environment)?;
    let mut lease = plan.obtain(surroundings).await?.by_way_of("profile");
    lease.files.push(witness);
    Ok(lease)
}

struct Section<'a> {
    ini: &'a Ini,
    name: &'a str,
}

impl Section<'_> {
    fn plan(&self, environment: &Environment) -> Result<Plan, Reason> {
        if !self.ini.has(self.name) {
            return Err(self.unusable("not in the file", "a section of this name"));
        }
        match self.text("type").as_deref().unwrap_or_default() {
            "access_key" => self.key(),
            "ram_role_arn" => self.assumed(environment),
            "oidc_role_arn" => Ok(Plan::Oidc(self.oidc())),
            "ecs_ram_role" => Ok(Plan::EcsRamRole(self.text("role_name"))),
            "rsa_key_pair" => Err(self.unusable("type rsa_key_pair is not supported", TYPES)),
            other => Err(self.unusable(&format!("type {other:?}"), TYPES)),
        }
    }

    fn key(&self) -> Result<Plan, Reason> {
        let id = self.required("access_key_id")?;
        let secret = self.required("access_key_secret")?.clone();
        let credential = Credential::new(id.reveal(), secret, None);
        Ok(Plan::Fixed(Arc::new(credential.map_err(Reason::Parts)?)))
    }

    fn assumed(&self, environment: &Environment) -> Result<Plan, Reason> {
        let arn = self.text("role_arn");
        let arn = arn.or_else(|| environment.get(sts::ROLE_ARN).map(str::to_owned));
        let role = Role {
            arn: arn.ok_or_else(|| self.unusable("role_arn", "the name of a role"))?,
            session_name: self.text("role_session_name"),
            policy: self.text("policy"),
            ..Role::default()
        };
        Ok(Plan::AssumeRole(Box::new(self.key()?), role))
    }

    fn oidc(&self) -> OidcRole {
        OidcRole {
            arn: self.text("role_arn"),
            provider_arn: self.text("oidc_provider_arn"),
            token_file: self.text("oidc_token_file_path").map(PathBuf::from),
            session_name: self.text("role_session_name"),
            policy: self.text("policy"),
            duration: None,
            sts: StsSite::default(),
        }
    }

    fn required(&self, key: &str) -> Result<&Secret, Reason> {
        let value = self.ini.value(self.name, key);
        value.ok_or_else(|| self.unusable(key, "a text"))
    }

    fn text(&self, key: &str) -> Option<String> {
        let value = self.ini.value(self.name, key);
        value.map(|value| value.reveal().to_owned())
    }

    fn unusable(&self, what: &str, expected: &'static str) -> Reason {
        Reason::Unusable {
            object: format!("section [{}]: {what}", self.name),
            expected,
        }
    }
}

const FILE: &str = "ALIBABA_CLOUD_CREDENTIALS_FILE";

const TYPES: &str = "access_key, ram_role_arn, oidc_role_arn or ecs_ram_role";
