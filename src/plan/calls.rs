//! Numbers of calls.

use crate::model::Action;

/// How many calls of each operation. Expected values, so not always whole.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Calls([f64; Action::ALL.len()]);

impl Calls {
    /// The calls of one operation.
    pub fn of(&self, action: Action) -> f64 {
        self.0.get(action.index()).copied().unwrap_or_default()
    }

    /// The calls of all operations.
    pub fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    /// The calls of the operation that has the most.
    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// Adds calls of one operation.
    pub fn add(&mut self, action: Action, calls: f64) {
        if let Some(sum) = self.0.get_mut(action.index()) {
            *sum += calls;
        }
    }

    /// The same, with as many calls of one operation as is said here.
    #[must_use]
    pub fn with(mut self, action: Action, calls: f64) -> Self {
        self.add(action, calls - self.of(action));
        self
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for action in Action::ALL {
            self.add(action, other.of(action));
        }
        self
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self(self.0.map(|calls| calls * factor))
    }
}
