//! What an operator may choose about calls to the cloud.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::credentials::{OidcRole, Role};
use crate::model::{AccountName, Region};
use crate::pacing::{Backoff, Bucket, Rate};
use crate::secret::Secret;

/// How the calls for one cloud account are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cloud account, as the label `account` has it.
    pub account: AccountName,
    /// Where the calls go.
    pub endpoint: Endpoint,
    /// The ceiling of the adaptive rate of each operation; without it calls
    /// are not paced, which is for benchmarks.
    pub rate: Option<Rate>,
    /// How long one attempt may take, from the connection to the last byte.
    pub attempt_timeout: Duration,
    /// When a failed call is made again.
    pub retry: Retry,
}

impl Options {
    /// What an operator gets who chooses nothing but these.
    pub fn new(account: AccountName, endpoint: Endpoint, rate: Rate) -> Self {
        Self {
            account,
            endpoint,
            rate: Some(rate),
            attempt_timeout: ATTEMPT_TIMEOUT,
            retry: Retry::default(),
        }
    }
}

/// When a failed call is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often a call is made at most, the first time included.
    pub attempts: NonZeroU32,
    /// No attempt starts later than this after the first one. Waiting for the
    /// pacing of the first is not counted.
    pub total: Duration,
    /// How long to wait in between.
    pub backoff: Backoff,
}

impl Default for Retry {
    /// Three attempts get a call past a blip; what lasts longer is for the
    /// next sweep. The total leaves room for the longest pause that a hint can
    /// ask for.
    fn default() -> Self {
        Self {
            attempts: NonZeroU32::MIN.saturating_add(2),
            total: Duration::from_secs(90),
            backoff: Backoff {
                base: Duration::from_millis(250),
                cap: Duration::from_secs(5),
                hint_cap: Bucket::LONGEST_PAUSE,
            },
        }
    }
}

/// Where the credential of a cloud account comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CredentialSource {
    /// The official default chain: environment, OIDC role, CLI profile,
    /// credentials file, ECS RAM role, credentials URI; the first that works.
    #[default]
    Chain,
    /// The environment variables of the official default chain, and nothing
    /// else of it.
    Environment,
    /// An access key from the configuration.
    AccessKey {
        /// The id of the access key.
        id: SecretSource,
        /// Its secret.
        secret: SecretSource,
        /// The STS token of a temporary access key.
        security_token: Option<SecretSource>,
    },
    /// A profile of the command line tool (`~/.aliyun/config.json`), or else
    /// the section of that name in the credentials file.
    Profile(String),
    /// The RAM role of the ECS server that this runs on; by name, or as the
    /// metadata service knows it.
    EcsRamRole(Option<String>),
    /// A RAM role that an OIDC token stands for.
    Oidc(OidcRole),
    /// A URL that answers with a credential. It may hold a secret itself.
    Uri(Secret),
    /// A RAM role, assumed with another credential.
    AssumeRole {
        /// Where the other credential comes from.
        base: Box<CredentialSource>,
        /// The role.
        role: Role,
    },
}

/// Where one secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// It stands in the configuration itself.
    Inline(Secret),
    /// It is the content of a file, without surrounding white space. The file
    /// is read anew when it changes.
    File(PathBuf),
}

/// The address of the API: a URL in which `{region}` stands for the region.
///
/// The scheme is https, or http where the host is a loopback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// The text is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not an endpoint: expected {expected}")]
pub struct EndpointError {
    found: String,
    expected: &'static str,
}

impl Endpoint {
    /// Checks the text.
    ///
    /// # Errors
    ///
    /// Names the text and what was expected of it.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let refuse = |expected| {
            Err(EndpointError {
                found: text.to_owned(),
                expected,
            })
        };
        let Ok(url) = Url::parse(&text.replace(PLACEHOLDER, "cn-shanghai")) else {
            return refuse("a URL such as https://smartag.{region}.aliyuncs.com");
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return refuse("a URL without path, query and fragment");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("a URL without user name and password");
        }
        match url.scheme() {
            "https" => Ok(Self(text.to_owned())),
            "http" if is_loopback(&url) => Ok(Self(text.to_owned())),
            "http" => refuse("https; http is for loopback addresses only"),
            _ => refuse("the scheme https"),
        }
    }

    /// The URL for a region, with an empty path.
    ///
    /// # Errors
    ///
    /// Never for an endpoint that was parsed and a region that was parsed; the
    /// error is there so that no panic has to be.
    pub fn url(&self, region: &Region) -> Result<Url, EndpointError> {
        Url::parse(&self.0.replace(PLACEHOLDER, region.as_str())).map_err(|_| EndpointError {
            found: self.0.clone(),
            expected: "a URL",
        })
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Endpoint {
    /// The template of the documentation; the region maps of the official SDKs
    /// are incomplete.
    fn default() -> Self {
        Self("https://smartag.{region}.aliyuncs.com".to_owned())
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

const PLACEHOLDER: &str = "{region}";

/// The official SDKs allow as much for reading alone.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for (text, valid) in [
            ("https://smartag.{region}.aliyuncs.com", true),
            ("https://smartag-vpc.{region}.aliyuncs.com/", true),
            ("http://127.0.0.1:10725", true),
            ("http://[::1]:10725", true),
            ("http://localhost:10725", true),
            ("http://127.0.0.1.evil.example", false),
            ("http://smartag.cn-shanghai.aliyuncs.com", false),
            ("https://id:secret@example.com", false),
            ("https://example.com/path", false),
            ("https://example.com?x=1", false),
            ("ftp://127.0.0.1", false),
            ("smartag.cn-shanghai.aliyuncs.com", false),
        ] {
            assert_eq!(Endpoint::parse(text).is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn the_region_takes_the_place_of_its_placeholder() {
        let region = Region::parse("eu-central-1").unwrap();
        let url = Endpoint::default().url(&region).unwrap();
        assert_eq!(url.as_str(), "https://smartag.eu-central-1.aliyuncs.com/");
    }
}
