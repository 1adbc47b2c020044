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

#[derive(Debug)]
struct Standing {
    kind: FailureKind,
    /// Whether it was logged where people look.
    was_told: bool,
}

impl News {
    pub(super) fn new(account: AccountName) -> Self {
        Self {
            account,
            standing: HashMap::new(),
        }
    }

    /// Takes note of how a run went, and logs what is new. A call that was
    /// refused because others failed is not news: they were.
    pub(super) fn note(&mut self, subject: Subject, trouble: Option<&CallError>) {
        let before = self.standing.remove(&subject);
        let Some(trouble) = trouble else {
            if before.is_some_and(|before| before.was_told) {
                self.recovered(&subject);
            }
            return;
        };
        let told_before = before.is_some_and(|b| b.kind == trouble.kind && b.was_told);
        let is_news = !told_before && !trouble.refused;
        self.failed(&subject, trouble, is_news);
        let standing = Standing {
            kind: trouble.kind,
            was_told: told_before || is_news,
        };
        self.standing.insert(subject, standing);
    }

    /// Forgets an instance that is no longer there.
    pub(super) fn forget(&mut self, gone: &SagId) {
        let account = &self.account;
        tracing::info!(%account, sag_id = %gone, "instance is no longer there");
        self.standing.retain(
            |subject, _| !matches!(subject, Subject::Instance(sag_id, _) if sag_id == gone),
        );
    }

    fn failed(&self, subject: &Subject, trouble: &CallError, is_news: bool) {
        let (account, kind) = (&self.account, trouble.kind);
        let error: &dyn std::error::Error = trouble;
        // Nobody asks for something in vain in normal operation, so even the
        // mildest failure of a whole collector is worth a warning.
        match (is_news, kind.severity(), subject) {
            (true, Severity::Error, Subject::Instance(sag_id, collector)) => {
                tracing::error!(%account, %sag_id, collector = collector.as_str(), %kind, error, "collection is not complete");
            }
            (true, _, Subject::Instance(sag_id, collector)) => {
                tracing::warn!(%account, %sag_id, collector = collector.as_str(), %kind, error, "collection is not complete");
            }
            (false, _, Subject::Instance(sag_id, collector)) => {
                tracing::debug!(%account, %sag_id, collector = collector.as_str(), %kind, error, "collection is still not complete");
            }
            (true, Severity::Error, Subject::Discovery(region)) => {
                tracing::error!(%account, %region, %kind, error, "discovery is not complete");
            }
            (true, _, Subject::Discovery(region)) => {
                tracing::warn!(%account, %region, %kind, error, "discovery is not complete");
            }
            (false, _, Subject::Discovery(region)) => {
                tracing::debug!(%account, %region, %kind, error, "discovery is still not complete");
            }
        }
    }

    fn recovered(&self, subject: &Subject) {
        let account = &self.account;
        match subject {
            Subject::Instance(sag_id, collector) => {
                let collector = collector.as_str();
                tracing::info!(%account, %sag_id, collector, "collection is complete again");
            }
            Subject::Discovery(region) => {
                tracing::info!(%account, %region, "discovery is complete again");
            }
        }
    }
}
