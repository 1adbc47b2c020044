//! The rules over made-up sweeps and over the simulated world.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]
#![expect(unreachable_pub, reason = "the modules of a test are its own")]

mod properties;
mod published;
mod restart;
mod scenarios;
mod tables;
mod world;
