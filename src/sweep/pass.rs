//! One pass over a paged list, and whether it can be believed. Pure: pages come
//! in, a verdict goes out.
//!
//! Entries may be added and removed while the pages are read. An addition pushes
//! entries on to a later page, where they are seen twice; a removal pulls one
//! from an unread page on to one already read, where it is never seen. Either
//! changes TotalCount, so a pass is *settled* only if TotalCount never changed
//! and equals the number of distinct entries.
//!
//! What TotalCount cannot show is a removal together with an addition between the
//! same two pages. Then one entry is missing that existed all the time, one is
//! present that no longer exists, and one is present that did not exist before.
//! So a settled pass of several pages is believed only if the reading before it,
//! be it the last list or another pass, had the very same names.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::CallError;
use crate::model::{ClientUser, FailureKind, SagId, UserName};
use crate::sag::{Contact, Gateway, Page, PageRequest};

/// An entry that is known by a name.
pub trait Named {
    /// What tells entries apart.
    type Name: Clone + Eq + Hash;

    /// The name.
    fn name(&self) -> &Self::Name;
}

impl Named for ClientUser {
    type Name = UserName;

    fn name(&self) -> &UserName {
        &self.name
    }
}

impl Named for Contact {
    type Name = UserName;

    fn name(&self) -> &UserName {
        &self.user.name
    }
}

impl Named for Gateway {
    type Name = SagId;

    fn name(&self) -> &SagId {
        &self.sag_id
    }
}

/// One pass over a list.
#[derive(Debug)]
pub(super) struct Pass<T: Named> {
    size: u32,
    entries: Vec<T>,
    positions: HashMap<T::Name, usize>,
    total: Option<u64>,
    pages: u32,
    longest_page: usize,
    pages_with_news: u32,
    unreadable: usize,
    silent_about_total: bool,
    unsettled: bool,
    endless: bool,
}

/// Whether there is more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// There may be.
    Page,
    /// No, or not within the limits.
    End,
}

/// Why a pass cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The list changed while it was read; another pass may settle it.
    Unsettled,
    /// The cloud did not say how many entries there are.
    NoTotal,
    /// Entries could not be read.
    Unreadable,
    /// The pages do not end.
    Endless,
}

impl<T: Named> Pass<T> {
    pub(super) fn new(size: u32) -> Self {
        Self {
            size,
            entries: Vec::new(),
            positions: HashMap::new(),
            total: None,
            pages: 0,
            longest_page: 0,
            pages_with_news: 0,
            unreadable: 0,
            silent_about_total: false,
            unsettled: false,
            endless: false,
        }
    }

    /// The page to ask for next.
    pub(super) fn request(&self) -> PageRequest {
        PageRequest {
            number: self.pages.saturating_add(1),
            size: self.size,
        }
    }

    /// Takes in the page that was asked for.
    ///
    /// A short page ends nothing, since the cloud may give fewer entries than it
    /// was asked for. What ends the list is a page with nothing new (an empty
    /// one, or the same one over again), or TotalCount; but if the page that
    /// reaches TotalCount is full, one more is asked for, in case TotalCount
    /// counts the page instead of the list.
    pub(super) fn absorb(&mut self, page: Page<T>) -> Next {
        self.pages = self.pages.saturating_add(1);
        let rows = page.entries.len() + page.unreadable;
        let full = rows >= self.full_page(page.size);
        self.longest_page = self.longest_page.max(rows);
        self.note_total(page.total);
        if !self.take(page) || (self.has_reached_total() && !full) {
            return Next::End;
        }
        self.endless = self.pages >= self.page_limit();
        if self.endless { Next::End } else { Next::Page }
    }

    /// Why the pass by itself cannot be believed, if it cannot.
    pub(super) fn doubt(&self) -> Option<Doubt> {
        let distinct = u64::try_from(self.entries.len()).ok();
        if self.endless {
            Some(Doubt::Endless)
        } else if self.unreadable > 0 {
            Some(Doubt::Unreadable)
        } else if self.silent_about_total {
            Some(Doubt::NoTotal)
        } else if self.unsettled || self.total != distinct {
            Some(Doubt::Unsettled)
        } else {
            None
        }
    }

    /// Whether everything came in one page, so that nothing can have changed in
    /// between.
    pub(super) fn is_of_one_page(&self) -> bool {
        self.pages_with_news <= 1
    }

    /// Whether the entries have these names and no others.
    pub(super) fn has_names(&self, names: &HashSet<T::Name>) -> bool {
        self.len() == names.len() && names.iter().all(|name| self.positions.contains_key(name))
    }

    /// Whether the entries have the same names as those of the other pass.
    pub(super) fn has_names_of(&self, other: &Self) -> bool {
        let mut names = other.positions.keys();
        self.len() == other.len() && names.all(|name| self.positions.contains_key(name))
    }

    /// How many distinct entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entries, each name once, and TotalCount as last heard of.
    pub(super) fn into_parts(self) -> (Vec<T>, Option<u64>) {
        (self.entries, self.total)
    }

    fn full_page(&self, echoed: Option<u64>) -> usize {
        let asked = u64::from(self.size);
        let size = echoed
            .filter(|size| *size > 0)
            .map_or(asked, |size| size.min(asked));
        usize::try_from(size).unwrap_or(usize::MAX)
    }

    fn note_total(&mut self, total: Option<u64>) {
        match total {
            None => self.silent_about_total = true,
            Some(_) if self.total.is_some() && self.total != total => self.unsettled = true,
            Some(_) => {}
        }
        self.total = total.or(self.total);
    }

    /// Takes the entries of a page in; whether there was anything new.
    fn take(&mut self, page: Page<T>) -> bool {
        let before = self.entries.len();
        let mut repeated = false;
        for entry in page.entries {
            match self.positions.entry(entry.name().clone()) {
                Entry::Vacant(vacant) => {
                    vacant.insert(self.entries.len());
                    self.entries.push(entry);
                }
                Entry::Occupied(at) => {
                    repeated = true;
                    // The later reading is the truer one.
                    if let Some(earlier) = self.entries.get_mut(*at.get()) {
                        *earlier = entry;
                    }
                }
            }
        }
        self.unreadable += page.unreadable;
        let news = self.entries.len() > before || page.unreadable > 0;
        self.pages_with_news += u32::from(news);
        // A page with nothing new is how some lists end, not a change.
        self.unsettled |= repeated && news;
        news
    }

    fn has_reached_total(&self) -> bool {
        let seen = self.entries.len() + self.unreadable;
        self.total
            .is_some_and(|total| u64::try_from(seen).is_ok_and(|seen| seen >= total))
    }

    /// Twice the pages that TotalCount promises, and some; every page brings
    /// something new, so an honest list ends far below.
    fn page_limit(&self) -> u32 {
        let Some(total) = self.total else {
            return PAGES_LIMIT;
        };
        let rows = u64::try_from(self.longest_page.max(1)).unwrap_or(u64::MAX);
        let promised = u32::try_from(total.div_ceil(rows)).unwrap_or(PAGES_LIMIT);
        promised
            .saturating_mul(2)
            .saturating_add(SPARE_PAGES)
            .min(PAGES_LIMIT)
    }
}

impl Doubt {
    /// Whether another pass may do better.
    pub(super) fn may_pass(self) -> bool {
        match self {
            Self::Unsettled => true,
            Self::NoTotal | Self::Unreadable | Self::Endless => false,
        }
    }

    /// The doubt as the failure of the list.
    pub(super) fn to_error(self) -> CallError {
        let (kind, detail) = match self {
            Self::Unsettled => (
                FailureKind::Remote,
                "the pages of the list do not add up, read several times",
            ),
            Self::NoTotal => (FailureKind::Decode, "the list came without a TotalCount"),
            Self::Unreadable => (
                FailureKind::Decode,
                "the list holds entries without a usable name",
            ),
            Self::Endless => (
                FailureKind::Remote,
                "the list has far more pages than its TotalCount promises",
            ),
        };
        CallError::new(kind, detail)
    }
}

/// An instance has at most 2,000 users, and a page rarely fewer than 10.
const PAGES_LIMIT: u32 = 2_000;

/// Room for a list that grows while it is read.
const SPARE_PAGES: u32 = 8;
