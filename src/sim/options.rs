//! What may be chosen about the simulated cloud.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use crate::secret::Secret;

/// A simulated cloud. The same options give the same world.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything random in the world comes from this number.
    pub seed: u64,
    /// How many instances there are, at most [`LIMIT_INSTANCES`].
    pub instances: usize,
    /// How many users each instance has, at most [`LIMIT_USERS`].
    pub users: usize,
    /// What goes on in the world.
    pub scenario: Scenario,
    /// Calls per second for each operation and cloud account; 0 means no quota.
    pub quota: f64,
    /// The access keys that are accepted.
    pub credentials: Vec<Credential>,
    /// How fast days pass for the people of the world.
    pub tempo: Tempo,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            instances: 2,
            users: 50,
            scenario: Scenario::Steady,
            quota: 0.0,
            credentials: vec![Credential::new("testid", Secret::new("testsecret"))],
            tempo: Tempo::REAL,
        }
    }
}

impl Options {
    /// Checks every number against its limit.
    ///
    /// # Errors
    ///
    /// Names the option, its value and the limit.
    pub fn validate(&self) -> Result<(), InvalidOptions> {
        let refuse = |option, found: String, expected: String| {
            Err(InvalidOptions {
                option,
                found,
                expected,
            })
        };
        if self.instances > LIMIT_INSTANCES {
            let expected = format!("at most {LIMIT_INSTANCES}");
            return refuse("instances", self.instances.to_string(), expected);
        }
        if self.users > LIMIT_USERS {
            let expected = format!("at most {LIMIT_USERS} an instance");
            return refuse("users", self.users.to_string(), expected);
        }
        let total = self.instances.saturating_mul(self.users);
        if total > LIMIT_TOTAL_USERS {
            let expected = format!("at most {LIMIT_TOTAL_USERS} over all instances");
            return refuse("users", total.to_string(), expected);
        }
        if !self.quota.is_finite() || self.quota < 0.0 {
            let expected = "calls per second, 0 for no quota".to_owned();
            return refuse("quota", self.quota.to_string(), expected);
        }
        Ok(())
    }
}

/// An option is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("simulator option {option} is {found}: expected {expected}")]
pub struct InvalidOptions {
    option: &'static str,
    found: String,
    expected: String,
}

/// An access key that the cloud accepts.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The id of the access key.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// The STS token that must come with it, for a temporary access key.
    pub security_token: Option<SecurityToken>,
    /// Whether it may be used.
    pub state: KeyState,
    /// The cloud account that it belongs to; quotas are counted by account.
    pub account: String,
}

/// The STS token of a temporary access key.
#[derive(Debug, Clone)]
pub struct SecurityToken {
    /// The token.
    pub token: Secret,
    /// From when on it is refused.
    pub expires: Timestamp,
}

/// Whether an access key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It may.
    Active,
    /// It was switched off in the console.
    Inactive,
}

impl Credential {
    /// An active, lasting access key of the one account that there is unless
    /// [`Credential::of_account`] says otherwise.
    pub fn new(id: impl Into<String>, secret: Secret) -> Self {
        Self {
            id: id.into(),
            secret,
            security_token: None,
            state: KeyState::Active,
            account: "1234567890123456".to_owned(),
        }
    }

    /// The same, as a temporary access key with a token.
    #[must_use]
    pub fn with_token(self, token: Secret, expires: Timestamp) -> Self {
        let security_token = Some(SecurityToken { token, expires });
        Self {
            security_token,
            ..self
        }
    }

    /// The same, switched off.
    #[must_use]
    pub fn inactive(self) -> Self {
        Self {
            state: KeyState::Inactive,
            ..self
        }
    }

    /// The same, of another cloud account.
    #[must_use]
    pub fn of_account(self, account: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            ..self
        }
    }
}

/// What goes on in the world. Where it says "some users", every twentieth user
/// of each instance is meant, the first one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// A healthy world: people log in and out through the day.
    Steady,
    /// Nobody logs in unless a test says so.
    Quiet,
    /// Some users have six sessions at once.
    SharedAccount,
    /// Some users are disabled and yet online.
    DisabledOnline,
    /// Some users connect and disconnect all the time.
    Flapping,
    /// Everybody loses the connection, eight times a day.
    MassDisconnect,
    /// Some users come from the address of another user.
    DuplicateIp,
    /// Some users with a static address come from another one.
    StaticIpMismatch,
    /// Some users get ten times their bandwidth for half of each day.
    BandwidthDrift,
    /// Some users never log in.
    Dormant,
    /// Some users stay online for a week.
    LongSession,
    /// The clock of the cloud is ten minutes ahead.
    ClockSkew,
    /// Some users are out of the ordinary, each in one of the ways above that
    /// concern single users.
    Mixed,
}

impl Scenario {
    /// Every scenario, in the order of declaration.
    pub const ALL: [Self; 13] = [
        Self::Steady,
        Self::Quiet,
        Self::SharedAccount,
        Self::DisabledOnline,
        Self::Flapping,
        Self::MassDisconnect,
        Self::DuplicateIp,
        Self::StaticIpMismatch,
        Self::BandwidthDrift,
        Self::Dormant,
        Self::LongSession,
        Self::ClockSkew,
        Self::Mixed,
    ];

    /// The scenarios that concern single users.
    pub(crate) const OF_USERS: [Self; 8] = [
        Self::SharedAccount,
        Self::DisabledOnline,
        Self::Flapping,
        Self::DuplicateIp,
        Self::StaticIpMismatch,
        Self::BandwidthDrift,
        Self::LongSession,
        Self::Dormant,
    ];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Quiet => "quiet",
            Self::SharedAccount => "shared-account",
            Self::DisabledOnline => "disabled-online",
            Self::Flapping => "flapping",
            Self::MassDisconnect => "mass-disconnect",
            Self::DuplicateIp => "duplicate-ip",
            Self::StaticIpMismatch => "static-ip-mismatch",
            Self::BandwidthDrift => "bandwidth-drift",
            Self::Dormant => "dormant",
            Self::LongSession => "long-session",
            Self::ClockSkew => "clock-skew",
            Self::Mixed => "mixed",
        }
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a scenario: expected one of {}", names())]
pub struct UnknownScenario {
    found: String,
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, UnknownScenario> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.as_str() == text)
            .ok_or_else(|| UnknownScenario {
                found: text.chars().take(60).collect(),
            })
    }
}

fn names() -> String {
    Scenario::ALL.map(Scenario::as_str).join(", ")
}

/// How long a day is for the people of the world, in seconds. All that they do
/// is a fraction of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tempo(u32);

impl Tempo {
    /// Days of 24 hours.
    pub const REAL: Self = Self(86_400);
    /// Days of ten minutes, so that graphs move at once.
    pub const DEMO: Self = Self(600);

    /// Days of the given length, forced into two minutes to one day.
    pub fn of_day(length: Duration) -> Self {
        let seconds = u32::try_from(length.as_secs()).unwrap_or(u32::MAX);
        Self(seconds.clamp(120, 86_400))
    }

    /// The length of a day.
    pub fn day(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }

    /// The length of a day in seconds.
    pub(crate) fn day_seconds(self) -> i64 {
        i64::from(self.0)
    }
}

/// What the cloud grants an account.
pub const LIMIT_INSTANCES: usize = 500;

/// Users in an instance. The cloud's own limit is 2,000; benchmarks need more.
pub const LIMIT_USERS: usize = 1_000_000;

/// Users in the world, 500 instances of 2,000: a few hundred megabytes.
pub const LIMIT_TOTAL_USERS: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let with = |instances, users, quota| Options {
            instances,
            users,
            quota,
            ..Options::default()
        };
        for (options, valid) in [
            (Options::default(), true),
            (with(0, 0, 0.0), true),
            (with(LIMIT_INSTANCES, 2_000, 0.5), true),
            (with(LIMIT_INSTANCES + 1, 1, 0.0), false),
            (with(1, LIMIT_USERS + 1, 0.0), false),
            (with(2, LIMIT_USERS, 0.0), false),
            (with(1, 1, -1.0), false),
            (with(1, 1, f64::NAN), false),
        ] {
            assert_eq!(options.validate().is_ok(), valid, "{options:?}");
        }
    }

    #[test]
    fn scenarios_round_trip_by_name() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.as_str().parse(), Ok(scenario));
        }
        let error = "storm".parse::<Scenario>().unwrap_err().to_string();
        assert!(error.contains("expected one of steady, quiet"), "{error}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = format!("{:?}", Options::default());
        assert!(!text.contains("testsecret"), "{text}");
    }
}
