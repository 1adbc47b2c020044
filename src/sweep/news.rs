//! The log of a sweep: a failure is news when it starts, when its kind changes
//! and when it ends.

use std::collections::HashMap;

use super::CallError;
use crate::model::{AccountName, Collector, FailureKind, Region, SagId, Severity};

/// What can fail on its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// A collector of an instance.
    Instance(SagId, Collector),
    /// The discovery of instances in a region.
    Discovery(Region),
}

/// The failures that stand.
#[derive(Debug)]
pub(super) struct News {
    account: AccountName,
    standing: HashMap<Subject, Standing>,
}

/// A subject that fails.
#[derive(Debug, Default)]
struct Standing {
    /// The kinds that were logged where people look, each once.
    told: Vec<FailureKind>,
}

/// What the end of a run means to those who read the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It went well, as before.
    Nothing,
    /// It fails in a way in which it did not fail before.
    Failed,
    /// It fails as before, or because others do.
    StillFails,
    /// It went well again, after a failure that was logged.
    Recovered,
}

impl News {
    pub(super) fn new(account: AccountName) -> Self {
        Self {
            account,
            standing: HashMap::new(),
        }
    }

    /// Takes note of how a run went, and logs what is new.
    pub(super) fn note(&mut self, subject: &Subject, trouble: Option<&CallError>) {
        let turn = self.turn(subject, trouble);
        match (turn, trouble) {
            (Turn::Recovered, _) => self.log_recovery(subject),
            (Turn::Failed, Some(trouble)) => self.log_failure(subject, trouble),
            (Turn::StillFails, Some(trouble)) => self.log_repetition(subject, trouble),
            (Turn::Nothing | Turn::Failed | Turn::StillFails, _) => {}
        }
    }

    /// Forgets an instance that is no longer there.
    pub(super) fn forget(&mut self, gone: &SagId) {
        let account = &self.account;
        tracing::info!(%account, sag_id = %gone, "instance is no longer there");
        self.standing
            .retain(|subject, _| !matches!(subject, Subject::Instance(id, _) if id == gone));
    }

    /// A call that was refused because others failed is not news: they were. A
    /// failure that goes back and forth between kinds is news once for each.
    fn turn(&mut self, subject: &Subject, trouble: Option<&CallError>) -> Turn {
        let Some(trouble) = trouble else {
            return match self.standing.remove(subject) {
                Some(standing) if !standing.told.is_empty() => Turn::Recovered,
                _ => Turn::Nothing,
            };
        };
        let standing = self.standing.entry(subject.clone()).or_default();
        if trouble.refused || standing.told.contains(&trouble.kind) {
            return Turn::StillFails;
        }
        standing.told.push(trouble.kind);
        Turn::Failed
    }

    /// Nobody collects in vain in normal operation, so even a kind that is
    /// harmless for a single call is worth a warning here.
    fn log_failure(&self, subject: &Subject, trouble: &CallError) {
        let (account, kind, error) = (&self.account, trouble.kind, trouble.to_string());
        let (sag_id, region, collector) = subject.fields();
        match kind.severity() {
            Severity::Error => {
                tracing::error!(%account, sag_id, region, collector, %kind, error, "collection is not complete");
            }
            Severity::Warn | Severity::Debug => {
                tracing::warn!(%account, sag_id, region, collector, %kind, error, "collection is not complete");
            }
        }
    }

    fn log_repetition(&self, subject: &Subject, trouble: &CallError) {
        let (account, kind, error) = (&self.account, trouble.kind, trouble.to_string());
        let (sag_id, region, collector) = subject.fields();
        tracing::debug!(%account, sag_id, region, collector, %kind, error, "collection is still not complete");
    }

    fn log_recovery(&self, subject: &Subject) {
        let account = &self.account;
        let (sag_id, region, collector) = subject.fields();
        tracing::info!(%account, sag_id, region, collector, "collection is complete again");
    }
}

impl Subject {
    /// The fields of a log line: instance or region, and collector.
    fn fields(&self) -> (Option<&str>, Option<&str>, &'static str) {
        match self {
            Self::Instance(sag_id, collector) => (Some(sag_id.as_str()), None, collector.as_str()),
            Self::Discovery(region) => (None, Some(region.as_str()), "discovery"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_news() {
        use FailureKind::{Auth, Remote, Timeout};
        let mut news = News::new(AccountName::parse("main").unwrap());
        let sag_id = SagId::parse("sag-a").unwrap();
        let subject = Subject::Instance(sag_id.clone(), Collector::Sessions);
        let failure = |kind| Some(CallError::new(kind, "it failed"));
        let refusal = |kind| failure(kind).map(|error| error.refusal());
        for (trouble, expected) in [
            (None, Turn::Nothing),
            (failure(Timeout), Turn::Failed),
            (failure(Timeout), Turn::StillFails),
            (failure(Remote), Turn::Failed),
            (failure(Timeout), Turn::StillFails),
            (refusal(Auth), Turn::StillFails),
            (None, Turn::Recovered),
            (None, Turn::Nothing),
            // What was never told needs no end.
            (refusal(Auth), Turn::StillFails),
            (None, Turn::Nothing),
            (refusal(Auth), Turn::StillFails),
            (failure(Auth), Turn::Failed),
        ] {
            assert_eq!(
                news.turn(&subject, trouble.as_ref()),
                expected,
                "{trouble:?}"
            );
        }
        let other = Subject::Instance(sag_id.clone(), Collector::Accounts);
        assert_eq!(news.turn(&other, failure(Auth).as_ref()), Turn::Failed);
        news.forget(&sag_id);
        assert_eq!(news.turn(&subject, None), Turn::Nothing);
    }
}
