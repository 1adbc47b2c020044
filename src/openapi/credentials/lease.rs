//! A credential that was obtained, and what is known of how long it lasts.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Credential;
use super::formats::Grant;
use super::read::Witness;
use super::reason::Reason;
use crate::clock::between;

#[derive(Debug, Clone)]
pub(super) struct Lease {
    pub(super) credential: Arc<Credential>,
    /// Which provider it came from, in the words of the official library.
    pub(super) origin: String,
    /// The end; nothing if it has none.
    pub(super) expires: Option<Timestamp>,
    /// Whether it may be used past its end while no other can be had.
    pub(super) outlives: bool,
    /// The files it was read from; if one changes, another is to be obtained.
    pub(super) files: Vec<Witness>,
    /// How long to keep it without an end before it is looked for anew.
    pub(super) recheck: Option<Duration>,
}

impl Lease {
    /// One that lasts until something outside changes.
    pub(super) fn lasting(credential: Arc<Credential>, origin: &str) -> Self {
        Self {
            credential,
            origin: origin.to_owned(),
            expires: None,
            outlives: false,
            files: Vec::new(),
            recheck: None,
        }
    }

    /// One that a service handed out.
    ///
    /// # Errors
    ///
    /// If it ended before it arrived.
    pub(super) fn granted(
        grant: Grant,
        origin: &str,
        service: &'static str,
        now: Timestamp,
    ) -> Result<Self, Reason> {
        match grant.expires {
            Some(at) if at <= now => Err(Reason::Ended { service, at }),
            expires => Ok(Self {
                expires,
                ..Self::lasting(Arc::new(grant.credential), origin)
            }),
        }
    }

    /// The same, found by way of another provider.
    pub(super) fn by_way_of(mut self, provider: &str) -> Self {
        self.origin = format!("{provider}/{}", self.origin);
        self
    }

    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }

    /// How long after `now`, when it was obtained, to look for the next one:
    /// from 15 minutes before the end. Of one that was that short from the
    /// start, half of what is left, so that services which hand out the same
    /// until it ends are not asked all the time.
    pub(super) fn refresh_in(&self, now: Timestamp) -> Option<Duration> {
        let Some(end) = self.expires else {
            return self.recheck;
        };
        let left = between(now, end);
        let ahead = left.saturating_sub(AHEAD);
        Some(if ahead.is_zero() {
            (left / 2).max(SHORTEST)
        } else {
            ahead
        })
    }
}

/// As in the official library.
const AHEAD: Duration = Duration::from_secs(15 * 60);

/// No credential is looked for more often than this while all is well.
const SHORTEST: Duration = Duration::from_secs(10);
