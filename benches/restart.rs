//! What a state file of 100,000 users costs: the publisher, who hands it over;
//! the thread that writes it; and the next start.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(missing_docs, reason = "nobody imports a benchmark")]

mod support;

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sag_exporter::fleet::{self, Extent, Fleet, Recalled, Snapshot, UserKeys};
use sag_exporter::model::SagId;
use sag_exporter::rules::{Entry, Judge, Limits, Notes, Options, Pattern, Policy, Recollection};
use sag_exporter::state::{self, Header, State, Writer};

use self::support::{Outcome, news, observation};

fn main() -> Outcome<()> {
    println!("{USERS} users, 50 instances");
    for (online_percent, extent) in [
        (10, Extent::Lasting),
        (10, Extent::Everything),
        (100, Extent::Everything),
    ] {
        measure(online_percent, extent)?;
    }
    Ok(())
}

fn measure(online_percent: u32, extent: Extent) -> Outcome<()> {
    let (fleet, judge) = swept(online_percent, None)?;
    let keys = Arc::new(UserKeys::new([7; 16], None));
    let handed_over = best(|| (fleet.snapshot(), notes(&judge)));
    let (snapshot, notes) = (fleet.snapshot(), notes(&judge));
    let bytes = text(&snapshot, &notes, &keys, extent)?;
    let made = best(|| text(&snapshot, &notes, &keys, extent));
    let disk = tempfile::NamedTempFile::new()?;
    let to_disk = best(|| {
        let mut file = BufWriter::new(File::create(disk.path())?);
        file.write_all(&bytes)?;
        file.into_inner()?.sync_all()?;
        Outcome::Ok(())
    });
    let read = best(|| state::read(&bytes));
    let without = first_sweep(online_percent, None)?;
    let with = first_sweep(online_percent, Some((&bytes, &keys)))?;
    println!(
        "{online_percent:>3} % online, {extent:?}: {:.1} MB, {} findings; \
         handing over {}, making {}, to the disk {}, reading {}, \
         first sweep {} (without a state {})",
        f64::from(u32::try_from(bytes.len())?) / 1e6,
        judge
            .notes()
            .map(|(_, notes)| notes.sealed(&keys).findings.len())
            .sum::<usize>(),
        ms(handed_over),
        ms(made),
        ms(to_disk),
        ms(read),
        ms(with),
        ms(without),
    );
    Ok(())
}

/// Everything after a sweep of all instances, before which the memories were
/// taken in.
fn swept(online_percent: u32, legacy: Option<(State, Arc<UserKeys>)>) -> Outcome<(Fleet, Judge)> {
    let (mut fleet, mut judge) = begun(legacy)?;
    for instance in 0..INSTANCES {
        let swept = observation(instance, USERS / INSTANCES, online_percent, START)?;
        take(&mut fleet, &mut judge, swept);
    }
    Ok((fleet, judge))
}

fn begun(legacy: Option<(State, Arc<UserKeys>)>) -> Outcome<(Fleet, Judge)> {
    let mut fleet = Fleet::new(fleet::Options { retain: 3 });
    let mut judge = Judge::new(options()?);
    if let Some((state, keys)) = legacy {
        let kept: BTreeMap<SagId, Recollection> = state
            .instances
            .into_iter()
            .map(|kept| {
                let fleet = Recalled {
                    keys: Arc::clone(&keys),
                    memory: Arc::new(kept.fleet),
                };
                let rules = Arc::new(kept.rules);
                (kept.sag_id, Recollection { fleet, rules })
            })
            .collect();
        let of_fleet = kept.iter();
        fleet.recall(
            of_fleet
                .map(|(sag_id, kept)| (sag_id.clone(), kept.fleet.clone()))
                .collect(),
        );
        judge.recall(kept);
    }
    Ok((fleet, judge))
}

/// How long the fold and the rules take for the first sweep of everything.
fn first_sweep(online_percent: u32, legacy: Option<(&[u8], &Arc<UserKeys>)>) -> Outcome<Duration> {
    let mut shortest = Duration::MAX;
    for _ in 0..ROUNDS {
        let state = legacy
            .map(|(bytes, keys)| Ok::<_, state::Damage>((state::read(bytes)?, Arc::clone(keys))));
        let (mut fleet, mut judge) = begun(state.transpose()?)?;
        let mut took = Duration::ZERO;
        for instance in 0..INSTANCES {
            let swept = observation(instance, USERS / INSTANCES, online_percent, START + 60)?;
            let start = Instant::now();
            take(&mut fleet, &mut judge, swept);
            took += start.elapsed();
        }
        shortest = shortest.min(took);
    }
    Ok(shortest)
}

fn take(fleet: &mut Fleet, judge: &mut Judge, observation: fleet::InstanceObservation) {
    let sag_id = observation.instance.sag_id.clone();
    let before = fleet.instance(sag_id.as_str()).cloned();
    fleet.apply(news(observation));
    if let Some(now) = fleet.instance(sag_id.as_str()) {
        let verdict = judge.look(before.as_deref(), now);
        fleet.mark(sag_id.as_str(), verdict.marks);
    }
}

fn notes(judge: &Judge) -> BTreeMap<SagId, Notes> {
    let notes = judge.notes();
    notes.map(|(id, notes)| (id.clone(), notes)).collect()
}

fn text(
    snapshot: &Snapshot,
    notes: &BTreeMap<SagId, Notes>,
    keys: &UserKeys,
    extent: Extent,
) -> Outcome<Vec<u8>> {
    let header = Header {
        written: Timestamp::from_second(START)?,
        salt: keys.salt(),
        fingerprint: keys.fingerprint(),
    };
    let mut writer = Writer::begin(Vec::new(), &header)?;
    for instance in snapshot.instances() {
        let memory = instance.remember(keys, extent);
        let rules = notes.get(instance.sag_id()).ok_or("no notes")?;
        writer.instance(instance.sag_id(), &memory, &rules.sealed(keys))?;
    }
    Ok(writer.finish()?.0)
}

/// A hundredth of the users has more sessions than the policy allows; nobody
/// else is conspicuous.
fn options() -> Outcome<Options> {
    let entry = Entry {
        users: Pattern::parse("user*00")?,
        sag_id: None,
        limits: Limits {
            sessions: NonZeroU32::new(2),
            session_length: Some(Duration::from_secs(60)),
            ..Limits::default()
        },
    };
    Ok(Options {
        policy: Policy::new(vec![entry])?,
        ..Options::default()
    })
}

fn best<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(work());
        shortest = shortest.min(start.elapsed());
    }
    shortest
}

fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

const USERS: u32 = 100_000;
const INSTANCES: u32 = 50;
const ROUNDS: u32 = 10;
const START: i64 = 1_800_000_000;
