//! What an operator may choose about the exposition.

/// What is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How users are named in the label `user`.
    pub user_labels: UserLabels,
    /// Whether the addresses are published from which users are online. Without
    /// names of users there are none.
    pub user_info: bool,
    /// How many series of users there may be, over all instances. If there
    /// would be more, none is published, only aggregates are.
    pub user_series_limit: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            user_labels: UserLabels::Plain,
            user_info: false,
            user_series_limit: 200_000,
        }
    }
}

/// How users are named in the label `user`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserLabels {
    /// By what the fleet calls them: their names, or pseudonyms.
    #[default]
    Plain,
    /// Not at all: only aggregates are published.
    None,
}
