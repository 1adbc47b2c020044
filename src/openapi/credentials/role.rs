//! Roles that credentials are assumed for.

use std::path::PathBuf;
use std::time::Duration;

/// A RAM role to assume on top of another credential (AssumeRole).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Role {
    /// `acs:ram::<account>:role/<name>`.
    pub arn: String,
    /// How the session is called in the audit log; made up if there is none.
    pub session_name: Option<String>,
    /// What the role's trust policy may ask for.
    pub external_id: Option<String>,
    /// A policy that narrows the permissions further, as JSON.
    pub policy: Option<String>,
    /// How long a credential is to last; an hour if not said.
    pub duration: Option<Duration>,
    /// Where the role is assumed.
    pub sts: StsSite,
}

/// A RAM role that an OIDC token stands for (AssumeRoleWithOIDC), such as RRSA
/// gives to a pod. What is not said comes from the official variables of the
/// environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OidcRole {
    /// `acs:ram::<account>:role/<name>`; `ALIBABA_CLOUD_ROLE_ARN`.
    pub arn: Option<String>,
    /// `acs:ram::<account>:oidc-provider/<name>`;
    /// `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`.
    pub provider_arn: Option<String>,
    /// Read anew at each refresh; `ALIBABA_CLOUD_OIDC_TOKEN_FILE`.
    pub token_file: Option<PathBuf>,
    /// `ALIBABA_CLOUD_ROLE_SESSION_NAME`; made up if there is none.
    pub session_name: Option<String>,
    /// A policy that narrows the permissions further, as JSON.
    pub policy: Option<String>,
    /// How long a credential is to last; an hour if not said.
    pub duration: Option<Duration>,
    /// Where the role is assumed.
    pub sts: StsSite,
}

/// Which site of the Security Token Service is asked. What is not said comes
/// from the environment; without a region it is the central one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StsSite {
    /// `ALIBABA_CLOUD_STS_REGION`.
    pub region: Option<String>,
    /// Whether it is reached inside the VPC of that region;
    /// `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED`.
    pub vpc: Option<bool>,
}
