//! The configuration of the cloud's command line tool, `~/.aliyun/config.json`.

use serde::{Deserialize, Deserializer};

use super::{FormatError, json, secret};
use crate::secret::Secret;

/// The profiles of the file and which of them is the current one. Whatever
/// else the tool keeps there is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CliConfig {
    #[serde(default, deserialize_with = "text")]
    current: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    profiles: Vec<Profile>,
}

/// One profile; a text that is empty counts as none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(in crate::openapi::credentials) struct Profile {
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) mode: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) access_key_id: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(in crate::openapi::credentials) access_key_secret: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub(in crate::openapi::credentials) sts_token: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) ram_role_arn: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) ram_session_name: Option<String>,
    /// The session name in the mode OIDC, by the official library.
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) role_session_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) ram_role_name: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::openapi::credentials) expired_seconds: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) policy: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) external_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) sts_region: Option<String>,
    pub(in crate::openapi::credentials) enable_vpc: Option<bool>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) oidc_provider_arn: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) oidc_token_file: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(in crate::openapi::credentials) source_profile: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(in crate::openapi::credentials) process_command: Option<Secret>,
}

impl CliConfig {
    /// Decodes the file.
    ///
    /// # Errors
    ///
    /// Names the line that is no JSON or does not have the usual shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        json(bytes)
    }

    /// The name of the current profile.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// The first profile of this name, as the official library takes it.
    pub(in crate::openapi::credentials) fn profile(&self, name: &str) -> Option<&Profile> {
        let named = |profile: &&Profile| profile.name.as_deref() == Some(name);
        self.profiles.iter().find(named)
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// The tool writes null for what is not there.
fn or_default<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
