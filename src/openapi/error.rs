//! Why a call failed, with all that helps to find out.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use hyper::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::classify::{classify, is_known};
use super::credentials::{Credential, CredentialError};
use super::excerpt::{body_excerpt, excerpt, identifier};
use super::hint::hint;
use super::reply::{Reply, date};
use super::transport::TransportError;
use crate::model::{Action, FailureKind};

/// A call that failed, after all attempts.
///
/// Nothing in it, and nothing that it prints, holds a secret or a mail address.
#[derive(Debug)]
pub struct ApiError(Box<Details>);

#[derive(Debug)]
struct Details {
    action: Action,
    kind: FailureKind,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    hint: Option<Duration>,
    date: Option<Timestamp>,
    clock_ahead: Option<SignedDuration>,
    attempts: u32,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What does not exist, where the code says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The user, who may have been deleted since the list was read.
    User,
    /// The instance.
    Instance,
    /// The region.
    Region,
    /// The operation itself.
    Operation,
}

impl ApiError {
    /// An error of which nothing more is known.
    pub fn new(action: Action, kind: FailureKind) -> Self {
        Self(Box::new(Details {
            action,
            kind,
            status: None,
            code: None,
            message: None,
            request_id: None,
            hint: None,
            date: None,
            clock_ahead: None,
            attempts: 1,
            source: None,
        }))
    }

    /// The same with the cloud's code for it, if it looks like one.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        self.0.code = identifier(code).map(str::to_owned);
        self
    }

    /// The same with what lies behind it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// A reply that arrived whole but is not what the operation answers. The
    /// source must not quote the reply, which can hold mail addresses.
    pub fn undecodable(
        action: Action,
        reply: &Reply,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let mut error = Self::new(action, FailureKind::Decode).with_source(source);
        error.0.status = Some(200);
        error.0.request_id = reply.request_id();
        error.0.date = reply.date();
        error
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// The operation.
    pub fn action(&self) -> Action {
        self.0.action
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The cloud's code, such as `Throttling.User`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The cloud's message, or the first bytes of an answer that is no JSON;
    /// shortened, and cleaned of secrets and mail addresses.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The id under which the cloud's support finds the call.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the cloud asks to wait.
    pub fn hint(&self) -> Option<Duration> {
        self.0.hint
    }

    /// The time of the cloud's own clock when it answered.
    pub fn date(&self) -> Option<Timestamp> {
        self.0.date
    }

    /// How many times the call was made.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What does not exist, where the code says so.
    pub fn missing(&self) -> Option<Missing> {
        match self.code()? {
            "ClientUser.NameInvalid" | "ResourceNotFound.User" => Some(Missing::User),
            "SAG.InstanceNoFound" | "InvalidId.SMARTAG" => Some(Missing::Instance),
            "InvalidRegionId" => Some(Missing::Region),
            "InvalidApi.NotFound" | "InvalidAction.NotFound" => Some(Missing::Operation),
            _ => None,
        }
    }

    /// Whether the cloud does not know the credential, or no longer: a wrong
    /// signature or a wrong clock would be as wrong with another one.
    pub(super) fn is_credential_refused(&self) -> bool {
        let family = |code: &str| {
            code.starts_with("InvalidAccessKeyId") || code.starts_with("InvalidSecurityToken")
        };
        self.0.code.as_deref().is_some_and(family)
    }

    pub(super) fn with_hint(mut self, hint: Option<Duration>) -> Self {
        self.0.hint = hint;
        self
    }

    pub(super) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(super) fn credential(action: Action, source: CredentialError) -> Self {
        Self::new(action, FailureKind::Auth).with_source(source)
    }

    pub(super) fn transport(action: Action, source: TransportError) -> Self {
        Self::new(action, source.kind()).with_source(source)
    }

    /// An answer that is no success, or none that can be read.
    pub(super) fn answer(
        action: Action,
        response: &Response<Bytes>,
        credential: &Credential,
        now: Timestamp,
    ) -> Self {
        let status = response.status().as_u16();
        let secrets = credential.secrets();
        let body: Option<Value> = serde_json::from_slice(response.body()).ok();
        let body = body.filter(Value::is_object);
        let field = |name| body.as_ref().and_then(|body| body.get(name)?.as_str());
        let code = field("Code").and_then(identifier);
        let kind = if response.status().is_success() && !is_known(code) {
            FailureKind::Decode
        } else {
            classify(code, status)
        };
        let mut error = Self::new(action, kind).with_hint(hint(response.headers()));
        error.0.status = Some(status);
        error.0.code = code.map(str::to_owned);
        error.0.request_id = field("RequestId").and_then(identifier).map(str::to_owned);
        error.0.message = Some(match &body {
            Some(_) => excerpt(field("Message").unwrap_or_default(), &secrets),
            None => body_excerpt(response.body(), &secrets),
        });
        error.0.date = date(response.headers());
        error.0.clock_ahead = error.0.date.map(|date| now.duration_since(date));
        error
    }

    /// How far the clock here is ahead, where the cloud refused the time.
    fn refused_clock(&self) -> Option<SignedDuration> {
        let refused = self.code()?.starts_with("InvalidTimeStamp");
        self.0.clock_ahead.filter(|_| refused)
    }

    fn facts(&self) -> Vec<String> {
        let mut facts = Vec::new();
        facts.extend(self.0.status.map(|status| format!("status {status}")));
        facts.extend(self.code().map(|code| format!("code {code}")));
        facts.extend(self.request_id().map(|id| format!("request {id}")));
        if self.0.attempts > 1 {
            facts.push(format!("{} attempts", self.0.attempts));
        }
        facts
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (action, summary) = (self.action().as_str(), summary(self.kind()));
        write!(f, "{action}: {summary}")?;
        let facts = self.facts();
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        if let Some(ahead) = self.refused_clock() {
            let seconds = ahead.as_secs();
            let side = if seconds < 0 { "behind" } else { "ahead of" };
            let apart = Duration::from_secs(seconds.unsigned_abs());
            let apart = humantime::format_duration(apart);
            write!(f, ": the clock here is {apart} {side} the cloud's")?;
        }
        match self.message() {
            Some(message) if !message.is_empty() => write!(f, ": {message}"),
            _ => Ok(()),
        }
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

fn summary(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Throttled => "refused as one call too many",
        FailureKind::Denied => "not permitted",
        FailureKind::NotFound => "not found",
        FailureKind::Timeout => "not answered in time",
        FailureKind::Transport => "not answered",
        FailureKind::Decode => "the answer is not what was expected",
        FailureKind::Remote => "the cloud reported an error",
        FailureKind::Auth => "the credential was not accepted",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::Secret;

    proptest! {
        #[test]
        fn any_answer_makes_an_error_that_can_be_shown(
            status in 100..600_u16, body in prop::collection::vec(any::<u8>(), 0..500)
        ) {
            let text = shown(status, body.into());
            prop_assert!(!text.contains('@'));
        }

        #[test]
        fn any_json_error_makes_an_error_that_can_be_shown(
            code in any::<String>(), message in any::<String>(), id in any::<String>()
        ) {
            let body = serde_json::json!({"Code": code, "Message": message, "RequestId": id});
            let text = shown(400, body.to_string().into());
            prop_assert!(!text.contains(['@', '\n']));
            prop_assert!(text.chars().count() < 4000);
        }
    }

    fn shown(status: u16, body: Bytes) -> String {
        let mut response = Response::new(body);
        *response.status_mut() = status.try_into().unwrap();
        let credential = Credential::new("id", Secret::new("MARKED"), None).unwrap();
        let action = Action::DescribeRegions;
        ApiError::answer(action, &response, &credential, Timestamp::UNIX_EPOCH).to_string()
    }
}
