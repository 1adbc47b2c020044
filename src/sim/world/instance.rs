//! One instance and the list of its users.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::sim::options::LIMIT_USERS;
use crate::sim::seed::Seed;
use crate::sim::world::person::{Person, Society};
use crate::sim::world::{WorldError, names};

/// A SAG APP instance.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) sag_id: String,
    pub(crate) region: &'static str,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    /// How many users may exist.
    pub(crate) account_quota: usize,
    /// In the cloud's own spelling, Mbit/s with a unit.
    pub(crate) max_bandwidth: String,
    /// Gigabytes per user and month.
    pub(crate) data_plan_gb: u32,
    pub(crate) created_ms: i64,
    pub(crate) end_ms: i64,
    seed: Seed,
    society: Society,
    next_person: usize,
    people: HashMap<Arc<str>, Person>,
    /// The order of the list, newest first: whoever is created while a client
    /// pages pushes the others back.
    order: VecDeque<Arc<str>>,
}

impl Instance {
    /// The instance with this number and seed.
    pub(crate) fn drawn(society: Society, seed: Seed, index: usize, users: usize) -> Self {
        let megabits = seed.child(3).pick(MEGABITS).unwrap_or(10);
        let space = if index % 2 == 1 { " " } else { "" };
        let mut instance = Self {
            sag_id: names::sag_id(seed.child(1)),
            region: if index % 4 == 3 {
                REGIONS[1].id
            } else {
                REGIONS[0].id
            },
            name: names::instance_name(seed.child(2), index),
            status: "Active",
            account_quota: users.next_multiple_of(50).saturating_add(50),
            max_bandwidth: format!("{megabits}{space}M"),
            data_plan_gb: seed.child(4).pick(DATA_PLANS_GB).unwrap_or(5),
            created_ms: (CREATED_SECOND + seed.child(5).below_signed(YEAR_SECONDS)) * 1_000,
            end_ms: (END_SECOND + seed.child(6).below_signed(YEAR_SECONDS)) * 1_000,
            seed,
            society,
            next_person: 0,
            people: HashMap::with_capacity(users),
            order: VecDeque::with_capacity(users),
        };
        for index in 0..users {
            instance.settle(index);
        }
        instance.next_person = users;
        instance
    }

    /// How many users there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// The users in the order of the list.
    pub(crate) fn people(&self) -> impl Iterator<Item = (&str, &Person)> {
        self.page(0, usize::MAX)
    }

    /// Some users in the order of the list.
    pub(crate) fn page(&self, skip: usize, count: usize) -> impl Iterator<Item = (&str, &Person)> {
        let from = skip.min(self.order.len());
        let to = skip.saturating_add(count).min(self.order.len());
        let names = self.order.range(from..to);
        names.filter_map(|name| Some((name.as_ref(), self.people.get(name)?)))
    }

    pub(crate) fn person(&self, user: &str) -> Option<&Person> {
        self.people.get(user)
    }

    pub(crate) fn person_mut(&mut self, user: &str) -> Result<&mut Person, WorldError> {
        let sag_id = &self.sag_id;
        self.people.get_mut(user).ok_or_else(|| WorldError::NoUser {
            sag_id: sag_id.clone(),
            user: user.to_owned(),
        })
    }

    /// Creates a user who is offline and logs in only when told to. The name may
    /// hold anything: it is for tests to try.
    pub(crate) fn create(&mut self, user: &str) -> Result<&mut Person, WorldError> {
        if self.people.contains_key(user) {
            return Err(WorldError::UserExists {
                sag_id: self.sag_id.clone(),
                user: user.to_owned(),
            });
        }
        if self.len() >= LIMIT_USERS {
            return Err(WorldError::Full(LIMIT_USERS));
        }
        let name: Arc<str> = user.into();
        let person = Person::created(self.society, self.seed, self.next_person, user);
        self.next_person += 1;
        self.order.push_front(Arc::clone(&name));
        Ok(self.people.entry(name).insert_entry(person).into_mut())
    }

    pub(crate) fn delete(&mut self, user: &str) -> Result<(), WorldError> {
        self.person_mut(user)?;
        self.people.remove(user);
        self.order.retain(|name| name.as_ref() != user);
        Ok(())
    }

    /// Deletes the first of the list and creates others in front of it.
    pub(crate) fn churn(&mut self, delete: usize, create: usize) {
        for _ in 0..delete {
            let Some(name) = self.order.pop_front() else {
                break;
            };
            self.people.remove(&name);
        }
        for _ in 0..create.min(LIMIT_CHURN) {
            let name = format!("newcomer.{}", self.next_person);
            if self.create(&name).is_err() {
                // A test took the name already.
                self.next_person += 1;
            }
        }
    }

    fn settle(&mut self, index: usize) {
        let drawn = names::user_name(self.seed.child(2_000_000 + index as u64));
        let taken = self.people.contains_key(drawn.as_str());
        let name: Arc<str> = if taken {
            names::numbered(&drawn, index).into()
        } else {
            drawn.into()
        };
        let person = Person::drawn(self.society, self.seed, index, &name);
        if self.people.insert(Arc::clone(&name), person).is_none() {
            self.order.push_back(name);
        }
    }
}

/// A region of the simulated cloud.
#[derive(Debug)]
pub(crate) struct RegionFacts {
    pub(crate) id: &'static str,
    pub(crate) local_name: &'static str,
    pub(crate) endpoint: &'static str,
}

/// The regions. Every fourth instance is in the second one.
pub(crate) const REGIONS: [RegionFacts; 2] = [
    RegionFacts {
        id: "cn-shanghai",
        local_name: "华东2（上海）",
        endpoint: "smartag.cn-shanghai.aliyuncs.com",
    },
    RegionFacts {
        id: "ap-southeast-1",
        local_name: "新加坡",
        endpoint: "smartag.ap-southeast-1.aliyuncs.com",
    },
];

/// How many users may be created by one call, whatever a fault script says.
const LIMIT_CHURN: usize = 1_000;

const MEGABITS: &[u32] = &[10, 20, 50, 100];

const DATA_PLANS_GB: &[u32] = &[5, 10, 20];

/// 2024-01-01, from when on instances were created.
const CREATED_SECOND: i64 = 1_704_067_200;

/// 2029-01-01, from when on subscriptions end. It does not depend on the
/// present, because the same seed gives the same world.
const END_SECOND: i64 = 1_861_920_000;

const YEAR_SECONDS: i64 = 31_536_000;
