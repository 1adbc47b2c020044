//! The world: instances and their people.
//!
//! It knows nothing of requests. Times are seconds since 1970 and are handed in.

mod habit;
mod instance;
mod names;
mod overrides;
mod person;
mod truth;

use crate::sim::options::{LIMIT_INSTANCES, Options};
use crate::sim::seed::Seed;

use self::person::Society;

pub(crate) use self::instance::{Instance, REGIONS};
pub(crate) use self::person::{Person, Session};
pub use self::truth::{InstanceTruth, NewUser, SessionTruth, Truth, UserTruth};

/// All that exists in the cloud.
#[derive(Debug)]
pub(crate) struct World {
    seed: Seed,
    society: Society,
    users: usize,
    next_instance: usize,
    instances: Vec<Instance>,
}

/// The world cannot be changed in this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// There is no such instance.
    #[error("instance {0:?} does not exist in the simulated cloud")]
    NoInstance(String),
    /// There is no such user.
    #[error("user {user:?} does not exist in instance {sag_id:?} of the simulated cloud")]
    NoUser {
        /// The instance.
        sag_id: String,
        /// The user.
        user: String,
    },
    /// A user of that name exists.
    #[error("user {user:?} exists already in instance {sag_id:?} of the simulated cloud")]
    UserExists {
        /// The instance.
        sag_id: String,
        /// The user.
        user: String,
    },
    /// There are as many as there may be.
    #[error("the simulated cloud is full: expected at most {0} of them")]
    Full(usize),
}

impl World {
    /// The world of these options.
    pub(crate) fn new(options: &Options) -> Self {
        let society = Society {
            scenario: options.scenario,
            tempo: options.tempo,
        };
        let mut world = Self {
            seed: Seed::new(options.seed),
            society,
            users: options.users,
            next_instance: 0,
            instances: Vec::with_capacity(options.instances),
        };
        for _ in 0..options.instances {
            world.settle();
        }
        world
    }

    /// Adds the next instance that the seed has, and says its id.
    pub(crate) fn add_instance(&mut self) -> Result<String, WorldError> {
        if self.instances.len() >= LIMIT_INSTANCES {
            return Err(WorldError::Full(LIMIT_INSTANCES));
        }
        Ok(self.settle())
    }

    fn settle(&mut self) -> String {
        let seed = self.seed.child(self.next_instance as u64);
        let instance = Instance::drawn(self.society, seed, self.next_instance, self.users);
        let sag_id = instance.sag_id.clone();
        self.next_instance += 1;
        self.instances.push(instance);
        sag_id
    }

    pub(crate) fn remove_instance(&mut self, sag_id: &str) -> Result<(), WorldError> {
        let before = self.instances.len();
        self.instances.retain(|instance| instance.sag_id != sag_id);
        if self.instances.len() == before {
            return Err(WorldError::NoInstance(sag_id.to_owned()));
        }
        Ok(())
    }

    /// The instances in the order in which they were made.
    pub(crate) fn instances(&self) -> &[Instance] {
        &self.instances
    }

    pub(crate) fn instance(&self, sag_id: &str) -> Result<&Instance, WorldError> {
        let mut instances = self.instances.iter();
        instances
            .find(|instance| instance.sag_id == sag_id)
            .ok_or_else(|| WorldError::NoInstance(sag_id.to_owned()))
    }

    pub(crate) fn instance_mut(&mut self, sag_id: &str) -> Result<&mut Instance, WorldError> {
        let mut instances = self.instances.iter_mut();
        instances
            .find(|instance| instance.sag_id == sag_id)
            .ok_or_else(|| WorldError::NoInstance(sag_id.to_owned()))
    }
}
