//! From what there is and what is wanted to numbers of calls.

use std::time::Duration;

use super::calls::Calls;
use crate::model::Action;

/// What there is to sweep in a cloud account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Whether the cloud is asked which regions there are.
    pub finds_regions: bool,
    /// What there is in each region in which instances are looked for.
    pub regions: Vec<RegionInventory>,
}

/// What there is to sweep in a region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegionInventory {
    /// The entries of the list in which instances are found.
    pub gateways: u64,
    /// The users of each instance that is swept.
    pub users: Vec<u64>,
}

/// What is read, and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// From the start of one sweep of the sessions to the start of the next.
    pub interval: Duration,
    /// How often instances and users are listed anew.
    pub accounts_interval: Duration,
    /// How often the traffic is read; zero means never.
    pub traffic_interval: Duration,
    /// How many users come in one page.
    pub page_size: u32,
    /// How the sessions are learned.
    pub sessions: Sessions,
    /// What the users do.
    pub habits: Habits,
}

/// How the sessions are learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// One query a user.
    Each,
    /// Counts of up to 50 users a call; then a query for those users whose count
    /// is above zero and has changed, and for every user that is online once in
    /// so many sweeps.
    Auto {
        /// In how many sweeps every user that is online has its turn.
        recheck_sweeps: u32,
    },
}

/// What the users of an instance do, on the average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    /// The part of the users that is online, 0 to 1.
    pub online: f64,
    /// The part of those online whose sessions change within a minute, 0 to 1.
    pub changes_per_minute: f64,
}

/// The calls that sweeps need, without calls that have to be repeated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// The first sweep, which reads everything, and long lists twice.
    pub first: Calls,
    /// A sweep in which nothing but the sessions is due.
    pub ordinary: Calls,
    /// A sweep in which everything is due.
    pub fullest: Calls,
    /// The average over all sweeps but the first.
    pub mean: Calls,
}

impl Inventory {
    /// How many instances are swept.
    pub fn instances(&self) -> usize {
        self.regions.iter().map(|region| region.users.len()).sum()
    }

    /// How many users they have together.
    pub fn users(&self) -> u64 {
        self.each_instance().sum()
    }

    fn each_instance(&self) -> impl Iterator<Item = u64> {
        self.regions.iter().flat_map(|region| region.users.clone())
    }
}

impl Load {
    /// What the sweeps of the inventory need.
    pub fn of(inventory: &Inventory, schedule: &Schedule) -> Self {
        let ordinary = sessions(inventory, schedule);
        let lists = lists(inventory, schedule, Reading::Again);
        let traffic = traffic(inventory, schedule);
        let list_sweeps = sweeps_between(schedule.accounts_interval, schedule.interval);
        let traffic_sweeps = sweeps_between(schedule.traffic_interval, schedule.interval);
        Self {
            first: first_sessions(inventory, schedule)
                .plus(&self::lists(inventory, schedule, Reading::First))
                .plus(&traffic),
            ordinary,
            fullest: ordinary.plus(&lists).plus(&traffic),
            mean: ordinary
                .plus(&lists.times(1.0 / list_sweeps))
                .plus(&traffic.times(1.0 / traffic_sweeps)),
        }
    }
}

/// Whether a list was read before.
#[derive(Clone, Copy)]
enum Reading {
    First,
    Again,
}

/// The sweep of the sessions after the first one.
fn sessions(inventory: &Inventory, schedule: &Schedule) -> Calls {
    match schedule.sessions {
        Sessions::Each => each(inventory),
        Sessions::Auto { recheck_sweeps } => {
            let minutes = schedule.interval.as_secs_f64() / 60.0;
            let changed = schedule.habits.changes_per_minute * minutes;
            let rechecked = 1.0 / f64::from(recheck_sweeps.max(1));
            counted(inventory, schedule.habits, (changed + rechecked).min(1.0))
        }
    }
}

/// The first sweep of the sessions: everybody online is new.
fn first_sessions(inventory: &Inventory, schedule: &Schedule) -> Calls {
    match schedule.sessions {
        Sessions::Each => each(inventory),
        Sessions::Auto { .. } => counted(inventory, schedule.habits, 1.0),
    }
}

fn each(inventory: &Inventory) -> Calls {
    Calls::default().with(QUERY, count(inventory.users()))
}

/// Counts in bulk, then queries for this part of those who are online.
fn counted(inventory: &Inventory, habits: Habits, queried: f64) -> Calls {
    let counts = inventory.each_instance().map(bulks).sum();
    let online = count(inventory.users()) * habits.online;
    let instances = inventory.regions.iter();
    let cross_checks = instances.map(|region| bulks(count_of(&region.users)));
    Calls::default()
        .with(Action::DescribeUserOnlineClientStatistics, counts)
        .with(QUERY, online * queried)
        .with(
            Action::DescribeSagOnlineClientStatistics,
            cross_checks.sum(),
        )
}

/// The lists of instances and of users.
fn lists(inventory: &Inventory, schedule: &Schedule, reading: Reading) -> Calls {
    let page = u64::from(schedule.page_size);
    let regions = inventory.regions.iter();
    let gateways = regions.map(|region| pages(region.gateways, GATEWAYS_PER_PAGE, reading));
    let regions = count(u64::from(inventory.finds_regions));
    let users = inventory.each_instance();
    let users = users.map(|users| pages(users, page, reading));
    Calls::default()
        .with(Action::DescribeRegions, regions)
        .with(Action::DescribeSmartAccessGateways, gateways.sum())
        .with(Action::DescribeSmartAccessGatewayClientUsers, users.sum())
}

fn traffic(inventory: &Inventory, schedule: &Schedule) -> Calls {
    let calls = match schedule.traffic_interval {
        Duration::ZERO => 0.0,
        _ => inventory.each_instance().map(bulks).sum(),
    };
    Calls::default().with(Action::DescribeUserFlowStatistics, calls)
}

/// The calls that read a list. A full page is never taken for the last one; a
/// list of several pages that was not read before is read twice, since it may
/// have changed between the pages.
fn pages(entries: u64, per_page: u64, reading: Reading) -> f64 {
    let pages = count(entries / per_page.max(1) + 1);
    match reading {
        Reading::First if entries > per_page => pages * 2.0,
        Reading::First | Reading::Again => pages,
    }
}

/// The calls of an operation that takes many names at once; none for nobody.
fn bulks(names: u64) -> f64 {
    count(names.div_ceil(NAMES_PER_CALL))
}

/// Every how many sweeps something is read. Sweeps do not fall on the moment at
/// which it is due, so the sweep nearest to it is the one.
fn sweeps_between(every: Duration, interval: Duration) -> f64 {
    let interval = interval.as_nanos().max(1);
    let whole = every.as_nanos().saturating_sub(interval / 2);
    whole.div_ceil(interval).max(1) as f64
}

fn count(number: u64) -> f64 {
    number as f64
}

fn count_of<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

const QUERY: Action = Action::DescribeUserOnlineClients;

/// The limit of DescribeSmartAccessGateways.
const GATEWAYS_PER_PAGE: u64 = 50;

/// The limit of the bulk operations.
const NAMES_PER_CALL: u64 = 50;
