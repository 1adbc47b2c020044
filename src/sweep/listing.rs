//! Reading a whole list, with a second look where the first is in doubt.

use std::collections::HashSet;
use std::future::Future;

use super::CallError;
use super::pass::{Doubt, Named, Next, Pass};
use crate::sag::{Page, PageRequest};

/// A list as far as it could be read.
#[derive(Debug)]
pub(super) struct Listing<T> {
    /// The entries, each name once.
    pub(super) entries: Vec<T>,
    /// TotalCount as last heard of.
    pub(super) total: Option<u64>,
    /// Why the list is not known to be whole, if it is not.
    pub(super) trouble: Option<CallError>,
}

/// Reads a list page by page. `known` are the names of the last list that was
/// whole, if there was one.
pub(super) async fn list<T, F>(
    size: u32,
    known: Option<&HashSet<T::Name>>,
    fetch: impl Fn(PageRequest) -> F,
) -> Listing<T>
where
    T: Named,
    F: Future<Output = Result<Page<T>, CallError>>,
{
    let (first, failure) = read(size, &fetch).await;
    if failure.is_some() {
        return listing(first, failure);
    }
    match first.doubt() {
        Some(doubt) if !doubt.may_pass() => return listing(first, Some(doubt.to_error())),
        None if is_confirmed(&first, known) => return listing(first, None),
        _ => {}
    }
    let (second, failure) = read(size, &fetch).await;
    if failure.is_some() {
        return listing(first, failure);
    }
    let believed = second.is_of_one_page() || second.covers(&first);
    let doubt = second.doubt().or((!believed).then_some(Doubt::Unsettled));
    listing(second, doubt.map(Doubt::to_error))
}

async fn read<T, F>(size: u32, fetch: &impl Fn(PageRequest) -> F) -> (Pass<T>, Option<CallError>)
where
    T: Named,
    F: Future<Output = Result<Page<T>, CallError>>,
{
    let mut pass = Pass::new(size);
    loop {
        match fetch(pass.request()).await {
            Err(error) => return (pass, Some(error)),
            Ok(page) => {
                if pass.absorb(page) == Next::End {
                    return (pass, None);
                }
            }
        }
    }
}

/// Whether a settled pass needs no second look. A list that was suddenly empty
/// gets one, since it would take the series of all users away.
fn is_confirmed<T: Named>(pass: &Pass<T>, known: Option<&HashSet<T::Name>>) -> bool {
    if pass.is_of_one_page() {
        return pass.len() > 0 || known.is_none_or(HashSet::is_empty);
    }
    known.is_some_and(|known| {
        known.len() == pass.len() && known.iter().all(|name| pass.contains(name))
    })
}

fn listing<T: Named>(pass: Pass<T>, trouble: Option<CallError>) -> Listing<T> {
    let (entries, total) = pass.into_parts();
    Listing {
        entries,
        total,
        trouble,
    }
}
