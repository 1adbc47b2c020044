//! A cloud in memory behind the seam of the sweep, without sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sag_exporter::model::{ClientUser, FailureKind, Region, SagId, Session, UserName};
use sag_exporter::sag::{Gateway, Listed, Page, PageRequest, RegionEntry, Traffic};
use sag_exporter::sweep::{CallError, Cloud};
use tokio::time::Instant;

/// A call that the fake received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Users { sag_id: String, page: u32 },
    Sessions { sag_id: String, user: String },
    Gateways { region: String, page: u32 },
    Counts { sag_id: String, users: usize },
    Traffic { sag_id: String, users: usize },
    InstanceCounts { instances: usize },
    Regions,
}

/// What to do with a call instead of answering it.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub kind: FailureKind,
    pub after: Duration,
}

/// What happens to the users of an instance right before a page is read.
pub type Change = Box<dyn FnMut(u32, &mut Vec<String>) + Send>;

/// Picks the calls that fail.
pub type Faults = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

/// How the fake answers lists.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paging {
    /// The largest page it gives.
    pub clamp: Option<u32>,
    /// Whether it says so.
    pub echoes: bool,
    /// What it says about the length of the list.
    pub total: Total,
    /// Whether it ignores the number of the page.
    pub stuck: bool,
    /// How many entries of each page have no usable name.
    pub unreadable: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Total {
    #[default]
    Honest,
    Absent,
    OfThePage,
    Plus(u64),
}

#[derive(Default)]
pub struct World {
    /// Users by instance, each with the number of its sessions.
    pub users: BTreeMap<String, Vec<String>>,
    /// Region and hardware of each instance.
    pub places: BTreeMap<String, (String, String)>,
    pub online: BTreeSet<String>,
    /// Users that are listed, and denied when asked for.
    pub disowned: BTreeSet<String>,
    pub paging: Paging,
    pub change: Option<Change>,
    pub faults: Option<Faults>,
    pub latency: Duration,
    /// Every call with the time since the start.
    pub calls: Vec<(Duration, Call)>,
    pub under_way: usize,
    pub most_under_way: usize,
    /// Names that existed at all times, and at any time, since they were asked
    /// for by [`World::watch`].
    pub throughout: BTreeSet<String>,
    pub ever: BTreeSet<String>,
    watched: bool,
    user_pages: u32,
}

#[derive(Clone)]
pub struct Fake {
    world: Arc<Mutex<World>>,
    start: Instant,
}

impl Fake {
    pub fn new() -> Self {
        let world = World {
            latency: Duration::from_millis(100),
            ..World::default()
        };
        Self {
            world: Arc::new(Mutex::new(world)),
            start: Instant::now(),
        }
    }

    /// A fake with one APP instance in cn-shanghai.
    pub fn with_users(sag_id: &str, users: usize) -> Self {
        let fake = Self::new();
        fake.add(sag_id, "cn-shanghai", users);
        fake
    }

    pub fn add(&self, sag_id: &str, region: &str, users: usize) {
        let names = (0..users).map(|n| format!("user-{n:04}")).collect();
        let place = (region.to_owned(), "sag-software".to_owned());
        let mut world = self.world();
        world.users.insert(sag_id.to_owned(), names);
        world.places.insert(sag_id.to_owned(), place);
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails the calls that the function picks, after the usual latency.
    pub fn fail(&self, mut pick: impl FnMut(&Call) -> Option<FailureKind> + Send + 'static) {
        let after = self.world().latency;
        self.world().faults = Some(Box::new(move |call| {
            pick(call).map(|kind| Fault { kind, after })
        }));
    }

    pub fn count(&self, pick: impl Fn(&Call) -> bool) -> usize {
        self.world()
            .calls
            .iter()
            .filter(|(_, call)| pick(call))
            .count()
    }

    async fn received(&self, call: Call) -> Result<(), CallError> {
        let (fault, latency) = {
            let mut world = self.world();
            world.calls.push((self.start.elapsed(), call.clone()));
            world.under_way += 1;
            world.most_under_way = world.most_under_way.max(world.under_way);
            let fault = world.faults.as_mut().and_then(|pick| pick(&call));
            (fault, world.latency)
        };
        let _ended = Ended(self);
        tokio::time::sleep(fault.map_or(latency, |fault| fault.after)).await;
        fault.map_or(Ok(()), |fault| {
            Err(CallError::new(fault.kind, "as the test wants it"))
        })
    }
}

struct Ended<'a>(&'a Fake);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.world().under_way -= 1;
    }
}

impl World {
    /// Starts to record which users exist throughout, and which ever.
    pub fn watch(&mut self, sag_id: &str) {
        self.throughout = self.users[sag_id].iter().cloned().collect();
        self.ever = self.throughout.clone();
        self.watched = true;
        self.user_pages = 0;
    }

    fn next_page_is_read(&mut self, sag_id: &str) {
        self.user_pages += 1;
        let Some(users) = self.users.get_mut(sag_id) else {
            return;
        };
        if let Some(change) = &mut self.change {
            change(self.user_pages, users);
        }
        if self.watched {
            self.throughout.retain(|user| users.contains(user));
            self.ever.extend(users.iter().cloned());
        }
    }

    fn page<T>(&self, all: &[String], page: PageRequest, make: impl Fn(&str) -> T) -> Page<T> {
        let size = self
            .paging
            .clamp
            .map_or(page.size, |clamp| clamp.min(page.size));
        let number = if self.paging.stuck { 1 } else { page.number };
        let skip = (number - 1) as usize * size as usize;
        let rows: Vec<&String> = all.iter().skip(skip).take(size as usize).collect();
        let unreadable = self.paging.unreadable.min(rows.len());
        let of_page = rows.len() as u64;
        Page {
            total: match self.paging.total {
                Total::Honest => Some(all.len() as u64),
                Total::Absent => None,
                Total::OfThePage => Some(of_page),
                Total::Plus(more) => Some(all.len() as u64 + more),
            },
            size: self.paging.echoes.then_some(u64::from(size)),
            entries: rows
                .into_iter()
                .skip(unreadable)
                .map(|name| make(name))
                .collect(),
            unreadable,
        }
    }
}

impl Cloud for Fake {
    async fn client_users(
        &self,
        _region: &Region,
        sag_id: &SagId,
        page: PageRequest,
    ) -> Result<Page<ClientUser>, CallError> {
        let (sag_id, number) = (sag_id.to_string(), page.number);
        let call = Call::Users {
            sag_id: sag_id.clone(),
            page: number,
        };
        self.received(call).await?;
        let mut world = self.world();
        world.next_page_is_read(&sag_id);
        let missing = CallError::new(FailureKind::NotFound, "no such instance");
        let users = world.users.get(&sag_id).ok_or(missing)?;
        Ok(world.page(users, page, client_user))
    }

    async fn online_clients(
        &self,
        _region: &Region,
        sag_id: &SagId,
        user: &UserName,
    ) -> Result<Option<Vec<Session>>, CallError> {
        let (sag_id, user) = (sag_id.to_string(), user.to_string());
        let call = Call::Sessions {
            sag_id: sag_id.clone(),
            user: user.clone(),
        };
        self.received(call).await?;
        let world = self.world();
        let missing = CallError::new(FailureKind::NotFound, "no such instance");
        let users = world.users.get(&sag_id).ok_or(missing)?;
        let session = Session {
            started: Some(crate::rig::start()),
            client_ip: None,
        };
        let online = world.online.contains(&user);
        let exists = users.contains(&user) && !world.disowned.contains(&user);
        Ok(exists.then(|| if online { vec![session] } else { Vec::new() }))
    }

    async fn gateways(
        &self,
        region: &Region,
        page: PageRequest,
    ) -> Result<Page<Gateway>, CallError> {
        let (region, number) = (region.to_string(), page.number);
        self.received(Call::Gateways {
            region: region.clone(),
            page: number,
        })
        .await?;
        let world = self.world();
        let places = world.places.iter();
        let here: Vec<String> = places
            .filter(|(_, (place, _))| *place == region)
            .map(|(sag_id, _)| sag_id.clone())
            .collect();
        let honest = World {
            paging: Paging::default(),
            ..World::default()
        };
        Ok(honest.page(&here, page, |sag_id| {
            gateway(sag_id, &world.places[sag_id].1)
        }))
    }

    async fn online_counts(
        &self,
        _region: &Region,
        sag_id: &SagId,
        users: &[UserName],
    ) -> Result<Listed<(UserName, u32)>, CallError> {
        self.received(Call::Counts {
            sag_id: sag_id.to_string(),
            users: users.len(),
        })
        .await?;
        let world = self.world();
        let known = users
            .iter()
            .filter(|user| world.users[sag_id.as_str()].contains(&user.to_string()));
        let entries = known.map(|user| {
            let online = world.online.contains(user.as_str());
            (user.clone(), u32::from(online))
        });
        Ok(listed(entries.collect()))
    }

    async fn traffic(
        &self,
        _region: &Region,
        sag_id: &SagId,
        users: &[UserName],
    ) -> Result<Listed<Traffic>, CallError> {
        self.received(Call::Traffic {
            sag_id: sag_id.to_string(),
            users: users.len(),
        })
        .await?;
        let entries = users.iter().map(|user| Traffic {
            user: user.clone(),
            bytes: Some(7),
            allowance_remaining_bytes: None,
        });
        Ok(listed(entries.collect()))
    }

    async fn instance_online_counts(
        &self,
        _region: &Region,
        sag_ids: &[SagId],
    ) -> Result<Listed<(SagId, u32)>, CallError> {
        let instances = sag_ids.len();
        self.received(Call::InstanceCounts { instances }).await?;
        let world = self.world();
        let online = |id: &SagId| {
            let users = world.users[id.as_str()].iter();
            let online = users.filter(|user| world.online.contains(*user)).count();
            u32::try_from(online).expect("a small number")
        };
        let entries = sag_ids.iter().map(|id| (id.clone(), online(id)));
        Ok(listed(entries.collect()))
    }

    async fn regions(&self, _ask_in: &Region) -> Result<Listed<RegionEntry>, CallError> {
        self.received(Call::Regions).await?;
        let world = self.world();
        let names: BTreeSet<&String> = world.places.values().map(|(region, _)| region).collect();
        let entries = names.into_iter().map(|name| RegionEntry {
            region: crate::rig::region(name),
            endpoint: None,
        });
        Ok(listed(entries.collect()))
    }
}

fn listed<T>(entries: Vec<T>) -> Listed<T> {
    Listed {
        entries,
        unreadable: 0,
    }
}

fn client_user(name: &str) -> ClientUser {
    ClientUser {
        name: UserName::parse(name).expect("a name"),
        state: None,
        bandwidth: None,
        acceleration_bandwidth: None,
        client_ip: None,
        static_ip: None,
    }
}

fn gateway(sag_id: &str, hardware: &str) -> Gateway {
    Gateway {
        sag_id: SagId::parse(sag_id).expect("an id"),
        name: Some(format!("name of {sag_id}")),
        status: None,
        hardware_version: Some(hardware.to_owned()),
        account_quota: Some(2000),
        bandwidth_limit_bytes_per_second: None,
        data_plan_gigabytes: None,
        created: None,
        expires: None,
    }
}
