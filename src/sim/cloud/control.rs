//! What those may do who own the cloud: see the truth, change the world, make
//! things go wrong. None of it costs quota or needs a signature.

use std::net::Ipv4Addr;

use bytes::Bytes;
use hyper::Request;
use jiff::Timestamp;

use crate::model::Action;
use crate::sim::cloud::{Calls, Cloud};
use crate::sim::fault::Rule;
use crate::sim::options::Credential;
use crate::sim::quota::Throttling;
use crate::sim::request::Call;
use crate::sim::verify;
use crate::sim::world::{
    InstanceTruth, NewUser, Person, SessionTruth, Truth, UserTruth, WorldError,
};

/// The truth.
impl Cloud {
    /// The whole world at a moment.
    pub fn truth(&self, at: Timestamp) -> Truth {
        let state = self.state();
        let instances = state.world.instances().iter();
        Truth {
            at,
            instances: instances
                .map(|instance| InstanceTruth::of(instance, at.as_second()))
                .collect(),
        }
    }

    /// One user at a moment.
    ///
    /// # Errors
    ///
    /// If there is no such user.
    pub fn user(&self, sag_id: &str, user: &str, at: Timestamp) -> Result<UserTruth, WorldError> {
        let describe = |person: &mut Person| UserTruth::of(user, person, at.as_second());
        self.person(sag_id, user, describe)
    }

    /// Traffic of a user between two moments, in bytes.
    ///
    /// # Errors
    ///
    /// If there is no such user.
    pub fn traffic_bytes(
        &self,
        sag_id: &str,
        user: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<u64, WorldError> {
        let (from, to) = (from.as_second(), to.as_second());
        let bytes = self.person(sag_id, user, |person| person.traffic_bytes(from, to))?;
        Ok(bytes.unsigned_abs())
    }

    /// The ids of the instances with their regions, in the order in which they
    /// were made.
    pub fn instances(&self) -> Vec<(String, String)> {
        let state = self.state();
        let instances = state.world.instances().iter();
        instances
            .map(|instance| (instance.sag_id.clone(), instance.region.to_owned()))
            .collect()
    }

    /// How often an operation was called so far.
    pub fn calls(&self, action: Action) -> Calls {
        let state = self.state();
        state.calls.get(action.index()).copied().unwrap_or_default()
    }
}

/// The world, by hand.
impl Cloud {
    /// Logs a user in with one more client, from the given address or from the
    /// user's own.
    ///
    /// # Errors
    ///
    /// If there is no such user.
    pub fn login(
        &self,
        sag_id: &str,
        user: &str,
        client_ip: Option<Ipv4Addr>,
    ) -> Result<SessionTruth, WorldError> {
        let now = self.now().as_second();
        let session = self.person(sag_id, user, |person| person.login(now, client_ip))?;
        Ok(session.into())
    }

    /// Ends every session of a user, and says how many there were.
    ///
    /// # Errors
    ///
    /// If there is no such user.
    pub fn logout(&self, sag_id: &str, user: &str) -> Result<usize, WorldError> {
        let now = self.now().as_second();
        self.person(sag_id, user, |person| person.logout(now))
    }

    /// Enables or disables a user. Sessions that come by habit end with it;
    /// sessions from [`Cloud::login`] stay.
    ///
    /// # Errors
    ///
    /// If there is no such user.
    pub fn set_enabled(&self, sag_id: &str, user: &str, enabled: bool) -> Result<(), WorldError> {
        let now = self.now().as_second();
        self.person(sag_id, user, |person| person.set_enabled(enabled, now))
    }

    /// Changes the bandwidth of a user, in Kbit/s.
    ///
    /// # Errors
    ///
    /// If there is no such user.
    pub fn set_bandwidth(&self, sag_id: &str, user: &str, kbps: u32) -> Result<(), WorldError> {
        self.person(sag_id, user, |person| person.set_bandwidth(kbps))
    }

    /// Creates a user, who is offline and comes first in the list. The name may
    /// hold anything.
    ///
    /// # Errors
    ///
    /// If there is no such instance, or the name is taken.
    pub fn create_user(&self, sag_id: &str, user: &str, new: NewUser) -> Result<(), WorldError> {
        let mut state = self.state();
        let person = state.world.instance_mut(sag_id)?.create(user)?;
        if let Some(kbps) = new.bandwidth_kbps {
            person.set_bandwidth(kbps);
        }
        if let Some(mail) = new.mail {
            person.mail = mail;
        }
        person.static_ip = new.static_ip;
        Ok(())
    }

    /// Deletes a user with all sessions.
    ///
    /// # Errors
    ///
    /// If there is no such user.
    pub fn delete_user(&self, sag_id: &str, user: &str) -> Result<(), WorldError> {
        self.state().world.instance_mut(sag_id)?.delete(user)
    }

    /// Adds the next instance that the seed has, and says its id.
    ///
    /// # Errors
    ///
    /// If there are as many as there may be.
    pub fn add_instance(&self) -> Result<String, WorldError> {
        self.state().world.add_instance()
    }

    /// Removes an instance.
    ///
    /// # Errors
    ///
    /// If there is no such instance.
    pub fn remove_instance(&self, sag_id: &str) -> Result<(), WorldError> {
        self.state().world.remove_instance(sag_id)
    }

    fn person<T>(
        &self,
        sag_id: &str,
        user: &str,
        act: impl FnOnce(&mut Person) -> T,
    ) -> Result<T, WorldError> {
        let mut state = self.state();
        let person = state.world.instance_mut(sag_id)?.person_mut(user)?;
        Ok(act(person))
    }
}

/// What goes wrong.
impl Cloud {
    /// Adds a rule to those in force.
    pub fn add_fault(&self, rule: Rule) {
        self.state().faults.add(rule);
    }

    /// Replaces all rules; none means that all goes well again.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.state().faults.set(rules);
    }

    /// Changes the quota, in calls per second, of one operation or of all; 0
    /// means none.
    pub fn set_quota(&self, action: Option<Action>, per_second: f64) {
        self.state().quotas.set(action, per_second);
    }

    /// Changes how the cloud says that a quota is used up.
    pub fn set_throttling(&self, throttling: Throttling) {
        self.state().throttling = throttling;
    }

    /// Changes which access keys are accepted.
    pub fn set_credentials(&self, credentials: Vec<Credential>) {
        self.state().keys = credentials;
    }

    /// Checks the signature of a request and nothing else: a recorded request
    /// passes although its date is long gone.
    ///
    /// # Errors
    ///
    /// The code with which the cloud would refuse it.
    pub fn check_signature(&self, request: Request<Bytes>) -> Result<(), String> {
        let checked = Call::read(request).and_then(|call| {
            let state = self.state();
            verify::check_signature(&call, &state.keys, self.now()).map(|_| ())
        });
        checked.map_err(|refusal| refusal.code.into_owned())
    }
}
