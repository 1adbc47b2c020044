//! Whether the sweeps of a cloud account can keep up with their interval.

use super::{AccountOptions, Context, Options};
use crate::model::Action;
use crate::pacing::Rate;
use crate::plan::{Habits, Inventory, Load, demand_ratio};

/// Compares what sweeps need with what the rate allows.
#[derive(Debug, Default)]
pub(super) struct Demand {
    rate: Option<Rate>,
    is_above: bool,
}

impl Demand {
    /// Calls per second that each operation may make.
    pub(super) fn within(rate: Rate) -> Self {
        Self {
            rate: Some(rate),
            is_above: false,
        }
    }

    /// Publishes the demand of the sweep that ended, and logs when it goes above
    /// the budget or comes back. `queries` is how many users it wanted to ask
    /// for, which is known better now than any assumption can tell.
    pub(super) fn note(
        &mut self,
        inventory: &Inventory,
        queries: u64,
        options: &Options,
        account: &AccountOptions,
        context: &Context,
    ) {
        let Some(rate) = self.rate else { return };
        let load = Load::of(inventory, &options.schedule(NOBODY));
        let calls = load
            .mean
            .with(Action::DescribeUserOnlineClients, queries as f64);
        let ratio = demand_ratio(&calls, rate, options.interval);
        context.telemetry.api_demand_ratio(&account.name, ratio);
        let is_above = ratio > 1.0;
        if is_above != self.is_above {
            self.is_above = is_above;
            tell(is_above, ratio, account);
        }
    }
}

fn tell(is_above: bool, ratio: f64, account: &AccountOptions) {
    let ratio = format!("{ratio:.2}");
    if is_above {
        tracing::warn!(account = %account.name, ratio, "sweeps need more calls than the rate allows in an interval: `sag-exporter plan --live` says what to change");
    } else {
        tracing::info!(account = %account.name, ratio, "the rate allows the calls that sweeps need again");
    }
}

/// The queries come from the sweep itself.
const NOBODY: Habits = Habits {
    online: 0.0,
    changes_per_minute: 0.0,
};
