//! What the tests start from.

use std::num::NonZeroU32;
use std::time::Duration;

use sag_exporter::pacing::Rate;
use sag_exporter::plan::{Habits, Inventory, Pace, RegionInventory, Schedule, Sessions};

/// Ten percent online, of whom one percent changes in a minute.
pub(crate) fn schedule(sessions: Sessions) -> Schedule {
    Schedule {
        interval: Duration::from_secs(60),
        accounts_interval: Duration::from_secs(300),
        traffic_interval: Duration::ZERO,
        page_size: 50,
        sessions,
        habits: Habits {
            online: 0.1,
            changes_per_minute: 0.01,
        },
    }
}

/// One region with these instances and no other gateways.
pub(crate) fn inventory(users: &[u64]) -> Inventory {
    Inventory {
        finds_regions: false,
        regions: vec![RegionInventory {
            gateways: users.len() as u64,
            users: users.to_vec(),
        }],
    }
}

/// So many calls per second, in no time.
pub(crate) fn pace(per_second: f64) -> Pace {
    Pace {
        rate: Rate::new(per_second).unwrap(),
        concurrency: NonZeroU32::new(4).unwrap(),
        latency: Duration::ZERO,
    }
}

pub(crate) const AUTO: Sessions = Sessions::Auto { recheck_sweeps: 10 };
