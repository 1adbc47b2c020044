//! Rules about tunnel addresses. The API knows no others.

use std::net::IpAddr;

use super::sessions::TWICE;
use super::track::{Hit, Inertia, Reason, Tracks, Turns};
use super::view::View;
use crate::model::Collector;

/// Two users of one instance online from the same address, in two sweeps in a
/// row: an address that changes hands within one sweep is seen with both.
pub(super) fn duplicate(view: &View<'_>, tracks: &mut Tracks) -> Turns {
    if !view.completed(Collector::Sessions) {
        return Turns::default();
    }
    let mut users: Vec<(IpAddr, usize)> = Vec::new();
    for online in view.online() {
        let addresses = online.sessions().filter_map(|session| session.client_ip);
        users.extend(addresses.map(|address| (address, online.row)));
    }
    users.sort_unstable();
    users.dedup();
    let shared = users
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|who| who.len() > 1);
    let mut hits: Vec<Hit> = shared
        .flatten()
        .map(|(address, row)| Hit {
            row: *row,
            why: Reason::SharesAddress(*address),
        })
        .collect();
    hits.sort_by_key(|hit| hit.row);
    hits.dedup_by_key(|hit| hit.row);
    let is_miss = |row| view.users.is_fresh(row) && view.knows_sessions(row);
    tracks.see(&hits, is_miss, view.at(), TWICE)
}

/// A user with a static address online from another one. Only sweeps that read
/// the accounts, too, say what the static address is; two of them, since the
/// address may have been changed between the list and the sessions.
pub(super) fn static_mismatch(view: &View<'_>, tracks: &mut Tracks) -> Turns {
    if !view.ran(Collector::Sessions) {
        return Turns::default();
    }
    let lists = view.completed(Collector::Accounts);
    let mut hits = Vec::new();
    if lists {
        hits.extend(view.online().filter_map(|online| {
            let is_static = view.users.static_ip(online.row)?;
            let listed = view.users.client_ip(online.row).filter(|_| is_static)?;
            let mut addresses = online.sessions().filter_map(|session| session.client_ip);
            let seen = addresses.find(|address| *address != listed)?;
            Some(Hit {
                row: online.row,
                why: Reason::Address { seen, listed },
            })
        }));
    }
    let is_miss = |row| {
        let is_offline = view.online_at(row).is_none();
        view.users.is_fresh(row) && (is_offline || lists && view.knows_sessions(row))
    };
    tracks.see(&hits, is_miss, view.at(), RISES_SLOWLY)
}

/// Two sweeps to rise, because two calls of one sweep look at different moments;
/// one to fall.
pub(super) const RISES_SLOWLY: Inertia = Inertia {
    raise_after: 2,
    clear_after: 1,
};
