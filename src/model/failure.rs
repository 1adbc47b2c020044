//! Why a call to the cloud failed: one enum for every decision about it.

/// The kind of a failed call.
///
/// The retry verdict, the label `outcome` and the level of the log line all
/// come from here, so that they cannot disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// The quota of the operation is used up (`Throttling*`, HTTP 429).
    Throttled,
    /// The credential is valid but may not do this (`Forbidden*`, `NoPermission`).
    Denied,
    /// The instance, the user or the operation does not exist.
    NotFound,
    /// No complete answer within the time allowed.
    Timeout,
    /// The connection failed before or during the answer.
    Transport,
    /// The answer arrived whole but could not be understood.
    Decode,
    /// The cloud reported an error of its own (5xx) or one with an unknown code.
    Remote,
    /// The credential is missing, wrong, expired or its clock is off.
    Auth,
}

/// How loudly a failure is logged when the state changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Expected in normal operation.
    Debug,
    /// Passes by itself.
    Warn,
    /// Needs a person.
    Error,
}

impl FailureKind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::Throttled,
        Self::Denied,
        Self::NotFound,
        Self::Timeout,
        Self::Transport,
        Self::Decode,
        Self::Remote,
        Self::Auth,
    ];

    /// The value of the label `outcome`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Decode => "decode",
            Self::Remote => "remote",
            Self::Auth => "auth",
        }
    }

    /// Whether the same call may succeed if it is simply made again.
    ///
    /// A write is a different matter: after a timeout, a broken connection, an
    /// unreadable answer or a remote error its outcome is unknown.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Throttled | Self::Timeout | Self::Transport | Self::Decode | Self::Remote => true,
            Self::Denied | Self::NotFound | Self::Auth => false,
        }
    }

    /// Whether the cloud certainly did not carry the call out.
    pub fn is_certainly_undone(self) -> bool {
        match self {
            Self::Throttled | Self::Denied | Self::NotFound | Self::Auth => true,
            Self::Timeout | Self::Transport | Self::Decode | Self::Remote => false,
        }
    }

    /// How loudly to log it.
    pub fn severity(self) -> Severity {
        match self {
            Self::NotFound => Severity::Debug,
            Self::Throttled | Self::Timeout | Self::Transport | Self::Decode | Self::Remote => {
                Severity::Warn
            }
            Self::Denied | Self::Auth => Severity::Error,
        }
    }
}

impl std::fmt::Display for FailureKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
