//! The lines of the addresses: one for each user and distinct address among
//! its sessions. They are published only on demand and only of users that are
//! online, so they are written plainly.

use std::net::IpAddr;

use super::page::Page;
use super::text;
use crate::catalog::Family;
use crate::fleet::{InstanceSnapshot, Online, Users};

/// Appends the lines of the users from `row` on until the page holds enough.
/// Gives the row to go on with, or `None` at the end.
pub(super) fn write(
    family: &Family,
    instance: &InstanceSnapshot,
    row: usize,
    page: &mut Page<'_>,
    enough: usize,
) -> Option<usize> {
    let users = instance.users()?;
    let prefix = text::user_prefix(family, instance.sag_id().as_str(), None);
    let mut addresses = Vec::new();
    for online in users.online(row..users.rows()) {
        let user = users.labels().get(online.row).unwrap_or_default();
        read(online, &mut addresses);
        for address in &addresses {
            page.append(&prefix);
            text::escape(page, user);
            page.append(b"\",client_ip=\"");
            // An address has nothing that would have to be escaped.
            page.append(address.to_string().as_bytes());
            page.append(b"\"} 1\n");
        }
        // Only now, so that every call comes further.
        if page.len() >= enough {
            return Some(online.row + 1);
        }
    }
    None
}

/// How many lines the users of an instance have.
pub(super) fn count(users: Users<'_>) -> usize {
    let mut addresses = Vec::new();
    let online = users.online(0..users.rows());
    let lines = online.map(|online| {
        read(online, &mut addresses);
        addresses.len()
    });
    lines.sum()
}

/// Puts the addresses from which a user is online in place of those of another
/// one. Two sessions with one address are one series: the second would make
/// the whole scrape fail.
fn read(online: Online<'_>, addresses: &mut Vec<IpAddr>) {
    addresses.clear();
    addresses.extend(online.sessions().filter_map(|session| session.client_ip));
    addresses.sort_unstable();
    addresses.dedup();
}
