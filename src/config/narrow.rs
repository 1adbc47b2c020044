//! `--sag.instance` beside a file: only these instances, of whichever account.

use super::{Account, Config};
use crate::model::SagId;

/// Keeps the given instances and the accounts that have one of them. An
/// instance belongs to the account that lists it, else to the only account that
/// discovers its instances.
pub(super) fn to_instances(mut config: Config, wanted: &[SagId]) -> Result<Config, String> {
    if wanted.is_empty() {
        return Ok(config);
    }
    let mut chosen: Vec<Vec<SagId>> = vec![Vec::new(); config.accounts.len()];
    for id in wanted {
        let owner = owner(&config.accounts, id)?;
        if let Some(ids) = chosen.get_mut(owner)
            && !ids.contains(id)
        {
            ids.push(id.clone());
        }
    }
    for (account, ids) in config.accounts.iter_mut().zip(chosen) {
        account.sweep.instances = ids;
    }
    config
        .accounts
        .retain(|account| !account.sweep.instances.is_empty());
    Ok(config)
}

/// The index of the account through which the instance is read.
fn owner(accounts: &[Account], id: &SagId) -> Result<usize, String> {
    let lists_it = |account: &Account| account.sweep.instances.contains(id);
    if let Some(owner) = accounts.iter().position(lists_it) {
        return Ok(owner);
    }
    let discovers = |account: &Account| account.sweep.instances.is_empty();
    let mut candidates = (0..)
        .zip(accounts)
        .filter(|(_, account)| discovers(account));
    match (candidates.next(), candidates.next()) {
        (Some((owner, _)), None) => Ok(owner),
        (None, _) => Err(format!(
            "--sag.instance={id}: no account lists it: expected an instance of the file"
        )),
        (Some((_, one)), Some((_, other))) => Err(format!(
            "--sag.instance={id}: it may belong to the account {} or {}: expected it under \
             instances of one of them",
            one.sweep.name, other.sweep.name
        )),
    }
}
