//! A bar on the terminal while users are read or changed.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::users::Progress;

/// Shows progress on standard error if that is a terminal, else nothing.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(stage: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(UNMEASURED));
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
        self.0.set_style(style(UNMEASURED));
        self.0.set_message(what);
        self.0.set_length(0);
        self.0.set_position(0);
    }

    fn expect(&self, users: u64) {
        self.0.set_style(style(MEASURED));
        self.0
            .set_length(self.0.length().unwrap_or(0).saturating_add(users));
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

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// How much there is to do, is not known yet: a bar would be full.
const UNMEASURED: &str = "{msg}";

const MEASURED: &str = "{msg} {wide_bar} {pos}/{len} users, {eta} left";
