//! The world: the same for the same seed, varied, and as the scenario says.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use jiff::Timestamp;
use sag_exporter::sim::{
    Cloud, InstanceTruth, NewUser, Options, Scenario, Tempo, UserTruth, WorldError,
};

use crate::caller::{NOON, cloud, quiet};

fn world(scenario: Scenario) -> std::sync::Arc<Cloud> {
    cloud(Options {
        instances: 1,
        users: 100,
        scenario,
        tempo: Tempo::DEMO,
        ..Options::default()
    })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOON + second).unwrap()
}

/// The only instance, at so many moments of a day.
fn day(cloud: &Cloud) -> Vec<InstanceTruth> {
    let moments = (0..600).step_by(5);
    moments
        .map(|second| cloud.truth(at(second)).instances.remove(0))
        .collect()
}

/// Every twentieth user, at all of these moments.
fn afflicted(day: &[InstanceTruth]) -> impl Iterator<Item = &UserTruth> {
    day.iter()
        .flat_map(|instance| instance.users.iter().step_by(20))
}

fn addresses_of_several(instance: &InstanceTruth) -> usize {
    let mut owners: HashMap<Ipv4Addr, HashSet<&str>> = HashMap::new();
    for user in &instance.users {
        for session in &user.sessions {
            owners
                .entry(session.client_ip)
                .or_default()
                .insert(&user.name);
        }
    }
    owners.values().filter(|users| users.len() > 1).count()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_world() {
    let with = |seed| {
        let options = Options {
            seed,
            instances: 3,
            users: 40,
            ..Options::default()
        };
        cloud(options).truth(at(0))
    };
    assert_eq!(with(7), with(7));
    let (seven, eight) = (with(7), with(8));
    assert_ne!(seven.instances[0].sag_id, eight.instances[0].sag_id);
    assert_ne!(seven.instances[0].users, eight.instances[0].users);
}

#[tokio::test(start_paused = true)]
async fn people_are_varied_and_well_formed() {
    let cloud = cloud(Options {
        instances: 1,
        users: 2_000,
        ..Options::default()
    });
    let users = cloud.truth(at(0)).instances.remove(0).users;
    assert_eq!(users.len(), 2_000);
    let names: HashSet<_> = users.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names.len(), 2_000);
    for mark in ['@', '.', '-', '_', 'Z', '7'] {
        assert!(names.iter().any(|name| name.contains(mark)), "{mark}");
    }
    for name in &names {
        let good = |c: char| c.is_ascii_alphanumeric() || "_@.-".contains(c);
        assert!(
            name.chars().all(good) && (2..=128).contains(&name.len()),
            "{name}"
        );
    }
    let share = |test: fn(&UserTruth) -> bool| users.iter().filter(|user| test(user)).count();
    assert!((20..300).contains(&share(|user| !user.enabled)));
    assert!((200..800).contains(&share(|user| user.static_ip)));
    assert!((200..1_200).contains(&share(|user| user.listed_ip.is_none())));
    assert!((200..1_600).contains(&share(|user| !user.sessions.is_empty())));
    assert!((10..600).contains(&share(|user| user.sessions.len() == 2)));
    let shared = |user: &UserTruth| {
        user.sessions.len() == 2 && user.sessions[0].client_ip == user.sessions[1].client_ip
    };
    assert!(share(shared) > 3);
}

#[tokio::test(start_paused = true)]
async fn a_healthy_world_is_healthy_and_lively() {
    let cloud = world(Scenario::Steady);
    let day = day(&cloud);
    let online: HashSet<_> = day.iter().map(InstanceTruth::online_clients).collect();
    assert!(online.len() > 10, "people come and go: {online:?}");
    assert!(online.iter().all(|&count| count > 5), "{online:?}");
    for instance in &day {
        assert_eq!(addresses_of_several(instance), 0);
        for user in &instance.users {
            assert!(user.enabled || user.sessions.is_empty(), "{user:?}");
            assert!(user.sessions.len() <= 2, "{user:?}");
            if user.static_ip {
                let own = |s: &sag_exporter::sim::SessionTruth| Some(s.client_ip) == user.listed_ip;
                assert!(user.sessions.iter().all(own), "{user:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_scenarios_are_what_their_names_say() {
    let disabled = day(&world(Scenario::DisabledOnline));
    assert!(afflicted(&disabled).all(|user| !user.enabled && !user.sessions.is_empty()));

    let shared = day(&world(Scenario::SharedAccount));
    let most = afflicted(&shared)
        .filter(|user| user.sessions.len() == 6)
        .count();
    assert!(most * 10 > afflicted(&shared).count() * 8);

    let flapping = day(&world(Scenario::Flapping));
    let first = flapping.iter().map(|instance| &instance.users[0].sessions);
    let starts: HashSet<_> = first.flatten().map(|session| session.started).collect();
    assert!(starts.len() > 30, "{}", starts.len());

    let duplicate = day(&world(Scenario::DuplicateIp));
    assert!(
        duplicate
            .iter()
            .filter(|instance| addresses_of_several(instance) >= 1)
            .count()
            > 100
    );

    let wandering = day(&world(Scenario::StaticIpMismatch));
    assert!(afflicted(&wandering).all(|user| user.static_ip));
    assert!(afflicted(&wandering).all(|user| {
        user.sessions
            .iter()
            .all(|s| Some(s.client_ip) != user.listed_ip)
    }));

    let drift = day(&world(Scenario::BandwidthDrift));
    let bandwidths: HashSet<_> = drift.iter().map(|i| i.users[0].bandwidth_kbps).collect();
    assert_eq!(bandwidths.len(), 2);

    let dormant = day(&world(Scenario::Dormant));
    assert!(afflicted(&dormant).all(|user| user.sessions.is_empty()));

    let long = day(&world(Scenario::LongSession));
    let starts: HashSet<_> = long
        .iter()
        .flat_map(|i| &i.users[0].sessions)
        .map(|s| s.started)
        .collect();
    assert!(starts.len() <= 2, "{starts:?}");

    let quiet = day(&world(Scenario::Quiet));
    assert!(quiet.iter().all(|instance| instance.online_clients() == 0));

    let mass = day(&world(Scenario::MassDisconnect));
    let empty = mass
        .iter()
        .filter(|instance| instance.online_clients() == 0)
        .count();
    assert!((8..=24).contains(&empty), "{empty}");

    let skewed = world(Scenario::ClockSkew);
    assert_eq!(skewed.now(), at(600));
}

#[tokio::test(start_paused = true)]
async fn a_test_can_change_the_world() {
    let cloud = quiet(1, 3);
    let sag_id = cloud.instances()[0].0.clone();
    let name = cloud.truth(at(0)).instances[0].users[0].name.clone();
    let user = || cloud.user(&sag_id, &name, cloud.now()).unwrap();
    let address = Ipv4Addr::new(10, 9, 8, 7);
    let first = cloud.login(&sag_id, &name, Some(address)).unwrap();
    assert_eq!((first.client_ip, first.started), (address, at(0)));
    tokio::time::advance(Duration::from_secs(5)).await;
    cloud.login(&sag_id, &name, Some(address)).unwrap();
    assert_eq!(user().sessions.len(), 2);
    assert_eq!(cloud.logout(&sag_id, &name), Ok(2));
    assert_eq!(user().sessions, []);
    assert_eq!(
        cloud.user(&sag_id, &name, at(1)).unwrap().sessions,
        [first],
        "history stays"
    );

    cloud.set_bandwidth(&sag_id, &name, 123).unwrap();
    cloud.set_enabled(&sag_id, &name, false).unwrap();
    assert_eq!((user().bandwidth_kbps, user().enabled), (123, false));

    let new = NewUser {
        bandwidth_kbps: Some(7),
        mail: Some("m".to_owned()),
        static_ip: true,
    };
    cloud.create_user(&sag_id, "new", new.clone()).unwrap();
    let created = cloud.truth(at(0)).instances[0].users[0].clone();
    assert_eq!(
        (
            created.name.as_str(),
            created.bandwidth_kbps,
            created.mail.as_str()
        ),
        ("new", 7, "m")
    );
    assert!(created.static_ip && created.enabled && created.listed_ip.is_some());
    let exists = cloud.create_user(&sag_id, "new", new);
    assert!(matches!(exists, Err(WorldError::UserExists { .. })));
    cloud.delete_user(&sag_id, "new").unwrap();
    assert!(matches!(
        cloud.delete_user(&sag_id, "new"),
        Err(WorldError::NoUser { .. })
    ));
    assert!(matches!(
        cloud.logout("sag-none", "new"),
        Err(WorldError::NoInstance(_))
    ));

    let added = cloud.add_instance().unwrap();
    assert_eq!(cloud.instances().len(), 2);
    cloud.remove_instance(&added).unwrap();
    assert!(cloud.remove_instance(&added).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_ban_ends_habitual_sessions_until_it_is_lifted() {
    let cloud = world(Scenario::LongSession);
    let sag_id = cloud.instances()[0].0.clone();
    let name = cloud.truth(at(0)).instances[0].users[0].name.clone();
    let sessions = || {
        cloud
            .user(&sag_id, &name, cloud.now())
            .unwrap()
            .sessions
            .len()
    };
    let traffic = || {
        cloud
            .traffic_bytes(&sag_id, &name, at(-10_000), cloud.now())
            .unwrap()
    };
    assert_eq!(sessions(), 1);
    cloud.set_enabled(&sag_id, &name, false).unwrap();
    let before = traffic();
    tokio::time::advance(Duration::from_secs(100)).await;
    assert_eq!((sessions(), traffic()), (0, before));
    cloud.set_enabled(&sag_id, &name, true).unwrap();
    assert_eq!(
        (sessions(), traffic()),
        (0, before),
        "the person has to log in again"
    );
    tokio::time::advance(Duration::from_secs(600)).await;
    assert_eq!(sessions(), 0, "the session of the week was cut");
    tokio::time::advance(Duration::from_secs(4_200)).await;
    assert_eq!(sessions(), 1);
}
