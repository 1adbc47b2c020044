//! What an operator may choose about the exposition.

/// What is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How users are named in the label `user`.
    pub user_labels: UserLabels,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            user_labels: UserLabels::Plain,
        }
    }
}

/// How users are named in the label `user`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserLabels {
    /// By their names.
    Plain,
    /// Not at all: only aggregates are published.
    None,
}
