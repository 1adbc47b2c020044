//! What would be changed: the state of the users against what is wanted of
//! them. Pure: the state was read before, and nothing is called.

use std::collections::{HashMap, HashSet};

use super::error::list;
use super::roll::Entry;
use crate::model::{BandwidthSetting, Kbps, SagId, UserName};
use crate::rules::{Pattern, Policy};
use crate::sag::Email;

/// One change to one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The instance.
    pub sag_id: SagId,
    /// The user.
    pub user: UserName,
    /// The bandwidth as it was read, where the cloud told.
    pub before: Option<Kbps>,
    /// The bandwidth that is sent; the same as before if only the e-mail address
    /// changes, since the cloud wants it in every call.
    pub after: BandwidthSetting,
    /// The new e-mail address, if it changes.
    pub email: Option<Email>,
}

/// A user who stays as is, because everything is as wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchanged {
    /// The instance.
    pub sag_id: SagId,
    /// The user.
    pub user: UserName,
    /// The bandwidth, where the cloud told.
    pub bandwidth: Option<Kbps>,
}

/// A wish that cannot be fulfilled, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The instance, where it is known.
    pub sag_id: Option<SagId>,
    /// The user.
    pub user: UserName,
    /// The line of the file that asks for it.
    pub line: Option<u64>,
    /// Why not.
    pub why: String,
}

/// What is to be done, before anything is done. Each list is by instance and
/// name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// What would be changed.
    pub changes: Vec<Change>,
    /// Who is as wanted.
    pub unchanged: Vec<Unchanged>,
    /// What cannot be done.
    pub refused: Vec<Refused>,
}

/// One line of a file of wishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The line, counted from 1.
    pub line: u64,
    /// The instance; if it is left out, the only one with such a user.
    pub sag_id: Option<SagId>,
    /// The user.
    pub user: UserName,
    /// The bandwidth.
    pub bandwidth: BandwidthSetting,
}

/// A user as read, for a decision.
#[derive(Debug, Clone)]
pub(super) struct Subject<'a> {
    pub(super) sag_id: &'a SagId,
    pub(super) user: &'a UserName,
    pub(super) bandwidth: Option<Kbps>,
    pub(super) email: Option<&'a Email>,
}

impl<'a> From<&'a Entry> for Subject<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            sag_id: &entry.sag_id,
            user: &entry.user.name,
            bandwidth: entry.user.bandwidth,
            email: None,
        }
    }
}

impl Proposal {
    /// One user, of whom a bandwidth or an e-mail address is wanted, or both.
    pub(super) fn for_one(
        subject: &Subject<'_>,
        bandwidth: Option<BandwidthSetting>,
        email: Option<Email>,
    ) -> Self {
        let mut proposal = Self::default();
        let kept = subject.bandwidth.map(|kbps| u64::from(kbps.0));
        let kept = kept.and_then(|kbps| BandwidthSetting::new(kbps).ok());
        match bandwidth.or(kept) {
            Some(after) => proposal.decide(subject, after, email),
            None => proposal.refuse(subject, NO_BANDWIDTH_TO_KEEP),
        }
        proposal
    }

    /// Everybody with such a name, in whichever instance.
    pub(super) fn for_all(entries: &[Entry], names: &Pattern, bandwidth: BandwidthSetting) -> Self {
        let mut proposal = Self::default();
        for entry in entries {
            if names.matches(entry.user.name.as_str()) {
                proposal.decide(&entry.into(), bandwidth, None);
            }
        }
        proposal
    }

    /// Everybody of whom the policy expects a bandwidth. A bandwidth that the
    /// cloud does not tell is no drift.
    pub(super) fn for_policy(entries: &[Entry], names: Option<&Pattern>, policy: &Policy) -> Self {
        let mut proposal = Self::default();
        for entry in entries {
            let name = entry.user.name.as_str();
            if !names.is_none_or(|names| names.matches(name)) {
                continue;
            }
            let Some(expected) = policy.limits(&entry.sag_id, name).bandwidth else {
                continue;
            };
            match BandwidthSetting::new(expected.0.into()) {
                Ok(_) if entry.user.bandwidth.is_none() => {
                    proposal.refuse(&entry.into(), NOT_TOLD);
                }
                Ok(after) => proposal.decide(&entry.into(), after, None),
                Err(error) => proposal.refuse(&entry.into(), error.to_string()),
            }
        }
        proposal
    }

    /// What a file asks for. `sag_ids` are the instances that were read.
    pub(super) fn for_wishes(entries: &[Entry], sag_ids: &[SagId], wishes: &[Wish]) -> Self {
        let mut by_name: HashMap<&UserName, Vec<&Entry>> = HashMap::new();
        for entry in entries {
            by_name.entry(&entry.user.name).or_default().push(entry);
        }
        let mut proposal = Self::default();
        let mut taken = HashSet::new();
        for wish in wishes {
            match meant(
                wish,
                by_name.get(&wish.user).map_or(&[], Vec::as_slice),
                sag_ids,
            ) {
                Ok(entry) if taken.insert((&entry.sag_id, &entry.user.name)) => {
                    proposal.decide(&entry.into(), wish.bandwidth, None);
                }
                Ok(entry) => proposal.refused.push(Refused {
                    sag_id: Some(entry.sag_id.clone()),
                    ..refused(wish, "an earlier line asks for this user")
                }),
                Err(why) => proposal.refused.push(refused(wish, why)),
            }
        }
        proposal.sort();
        proposal
    }

    fn decide(&mut self, subject: &Subject<'_>, after: BandwidthSetting, email: Option<Email>) {
        let email = email.filter(|email| subject.email != Some(email));
        if email.is_none() && subject.bandwidth == Some(Kbps(after.kbps())) {
            self.unchanged.push(Unchanged {
                sag_id: subject.sag_id.clone(),
                user: subject.user.clone(),
                bandwidth: subject.bandwidth,
            });
            return;
        }
        self.changes.push(Change {
            sag_id: subject.sag_id.clone(),
            user: subject.user.clone(),
            before: subject.bandwidth,
            after,
            email,
        });
    }

    fn refuse(&mut self, subject: &Subject<'_>, why: impl Into<String>) {
        self.refused.push(Refused {
            sag_id: Some(subject.sag_id.clone()),
            user: subject.user.clone(),
            line: None,
            why: why.into(),
        });
    }

    fn sort(&mut self) {
        let changes = &mut self.changes;
        changes.sort_by(|a, b| (&a.sag_id, &a.user).cmp(&(&b.sag_id, &b.user)));
        let unchanged = &mut self.unchanged;
        unchanged.sort_by(|a, b| (&a.sag_id, &a.user).cmp(&(&b.sag_id, &b.user)));
    }
}

impl Change {
    /// Whether the bandwidth is another one afterwards.
    pub fn changes_bandwidth(&self) -> bool {
        self.before != Some(Kbps(self.after.kbps()))
    }
}

fn refused(wish: &Wish, why: impl Into<String>) -> Refused {
    Refused {
        sag_id: wish.sag_id.clone(),
        user: wish.user.clone(),
        line: Some(wish.line),
        why: why.into(),
    }
}

/// The user that a line means, among those of that name.
fn meant<'a>(wish: &Wish, namesakes: &[&'a Entry], sag_ids: &[SagId]) -> Result<&'a Entry, String> {
    let is_meant = |entry: &&&Entry| wish.sag_id.as_ref().is_none_or(|id| *id == entry.sag_id);
    let found: Vec<&'a Entry> = namesakes.iter().filter(is_meant).copied().collect();
    match (&found[..], &wish.sag_id) {
        ([one], _) => Ok(one),
        ([], Some(id)) if !sag_ids.contains(id) => {
            Err(format!("instance {id} is not one of those that were read"))
        }
        ([], _) => Err("the user does not exist".to_owned()),
        (several, _) => {
            let ids: Vec<SagId> = several.iter().map(|entry| entry.sag_id.clone()).collect();
            let ids = list(&ids);
            Err(format!(
                "the user exists in several instances, {ids}: expected a sag_id"
            ))
        }
    }
}

const NO_BANDWIDTH_TO_KEEP: &str = "the cloud wants a bandwidth in every change and does not tell \
                                    the one in force: expected --bandwidth";

const NOT_TOLD: &str = "the cloud does not tell its bandwidth, so there is no drift to be seen";
