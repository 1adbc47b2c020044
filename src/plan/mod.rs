//! How many calls the sweeps of a cloud account need, and whether the rate
//! allows them.
//!
//! Arithmetic and nothing else: what there is ([`Inventory`]), what the operator
//! wants ([`Schedule`]) and what the cloud grants ([`Pace`]) come in, calls,
//! seconds and advice go out. The command `plan` prints the result, and a sweep
//! publishes its demand by the same functions. What this room refuses to know:
//! where the numbers come from.

mod advice;
mod budget;
mod calls;
mod load;

pub use self::advice::{Advice, advice};
pub use self::budget::{Budget, Pace, Verdict, demand_ratio, shortest_interval};
pub use self::calls::Calls;
pub use self::load::{Habits, Inventory, Load, RegionInventory, Schedule, Sessions};
