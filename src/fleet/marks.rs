//! What the rules found in an instance, as it is carried with the snapshot.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::Rule;

/// An anomaly that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: Rule,
    /// The row of the user; `None` if it concerns the instance as a whole.
    pub row: Option<usize>,
    /// When it was first seen.
    pub since: Timestamp,
    /// What was seen then, for people. It names no user.
    pub reason: Arc<str>,
}

/// What the rules say of an instance and its users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    findings: Box<[Finding]>,
    session_limits: Arc<[u32]>,
}

impl Marks {
    /// Findings and, for each row, how many sessions the policy allows the user;
    /// 0 stands for no limit, and so does a row that is missing.
    pub fn new(mut findings: Vec<Finding>, session_limits: Arc<[u32]>) -> Self {
        findings.sort_by_key(|finding| (finding.rule, finding.row));
        Self {
            findings: findings.into_boxed_slice(),
            session_limits,
        }
    }

    /// The findings, ordered by rule and row.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings of one rule, in the order of the rows.
    pub fn of_rule(&self, rule: Rule) -> &[Finding] {
        let start = self.findings.partition_point(|finding| finding.rule < rule);
        let end = self
            .findings
            .partition_point(|finding| finding.rule <= rule);
        self.findings.get(start..end).unwrap_or_default()
    }

    /// How many sessions the policy allows the user in this row.
    #[inline]
    pub fn session_limit(&self, row: usize) -> Option<u32> {
        let limit = self.session_limits.get(row).copied()?;
        (limit > 0).then_some(limit)
    }
}
