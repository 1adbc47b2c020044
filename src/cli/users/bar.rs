//! A bar on the terminal while users are read or changed.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::users::Progress;

/// Shows progress on standard error if that is a terminal, else nothing.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(stage: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(TEMPLATE);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(stage);
        Self(bar)
    }

    /// Does something, such as to print a line, while the bar is away.
    pub(super) fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        self.0.suspend(act)
    }
}

impl Progress for Bar {
    fn stage(&self, what: &'static str) {
        self.0.set_message(what);
        self.0.set_length(0);
        self.0.set_position(0);
    }

    fn expect(&self, users: u64) {
        self.0.inc_length(users);
    }

    fn advance(&self, users: u64) {
        self.0.inc(users);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

const TEMPLATE: &str = "{msg} {wide_bar} {pos}/{len} users, {eta} left";
