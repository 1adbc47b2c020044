//! A bar on the terminal while a sweep goes on.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::{AccountName, SagId};
use crate::sweep::Progress;

/// Shows progress on standard error if that is a terminal, else nothing.
#[derive(Debug)]
pub(super) struct Terminal {
    bar: ProgressBar,
    users: AtomicU64,
}

impl Terminal {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(TEMPLATE);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message("finding instances");
        Self {
            bar,
            users: AtomicU64::new(0),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Terminal {
    fn instances_found(&self, account: &AccountName, instances: usize) {
        self.bar
            .set_message(format!("{account}: {instances} instances"));
    }

    fn users_found(&self, _: &AccountName, _: &SagId, users: usize) {
        let users = u64::try_from(users).unwrap_or(u64::MAX);
        let before = self.users.fetch_add(users, Ordering::Relaxed);
        self.bar.set_length(before.saturating_add(users));
    }

    fn user_done(&self, _: &AccountName, _: &SagId) {
        self.bar.inc(1);
    }
}

const TEMPLATE: &str = "{msg} {wide_bar} {pos}/{len} users, {eta} left";
