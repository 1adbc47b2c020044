//! The simulator: a cloud on loopback.
//!
//! [`Cloud`] answers the nine operations of the SAG API out of a seeded world.
//! It checks every signature (V3 and V1), dates, nonces and STS tokens, counts
//! quotas, pages and clamps, and can be told to misbehave ([`Rule`]). Tests talk
//! to it in process ([`Cloud::handle`]) or over a socket ([`run`]), and read the
//! truth beside it ([`Cloud::truth`]).
//!
//! It builds its own replies and parses its own requests, so that the client
//! is never checked against itself. Only the canonical form of a signed request
//! is shared; published vectors, recorded requests and the official SDKs pin it.
//! It knows nothing of the exporter.

mod cloud;
mod fault;
mod operations;
mod options;
mod quota;
mod refusal;
mod reply;
mod request;
mod seed;
mod server;
mod verify;
mod world;

pub use self::cloud::{Broken, Calls, Cloud};
pub use self::fault::{Effect, Rule, Script, ScriptError, ScriptProblem};
pub use self::options::{
    Credential, InvalidOptions, KeyState, LIMIT_INSTANCES, LIMIT_TOTAL_USERS, LIMIT_USERS, Options,
    Scenario, SecurityToken, Tempo, UnknownScenario,
};
pub use self::quota::{Hint, Throttling};
pub use self::reply::{ListShape, NumberShape};
pub use self::server::run;
pub use self::world::{InstanceTruth, NewUser, SessionTruth, Truth, UserTruth, WorldError};
