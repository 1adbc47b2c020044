//! The whole engine over the simulated cloud: sweeps, fold and snapshots, held
//! against the truth of the world.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]
#![expect(unreachable_pub, reason = "the modules of a test are its own")]

mod day;
mod economy;
#[path = "../sag/in_process.rs"]
mod in_process;
mod optional;
mod pace;
mod regions;
mod rig;
mod socket;
