//! Reading a whole list, more than once where it is in doubt.

use std::collections::HashSet;
use std::future::Future;

use super::CallError;
use super::pass::{Doubt, Named, Next, Pass};
use crate::sag::{Page, PageRequest};

/// A list as far as it could be read.
#[derive(Debug)]
pub struct Listing<T> {
    /// The entries, each name once.
    pub entries: Vec<T>,
    /// TotalCount as last heard of.
    pub total: Option<u64>,
    /// Why the list is not known to be whole, if it is not.
    pub trouble: Option<CallError>,
}

/// Reads a list page by page, again and again until it can be believed, at most
/// [`PASSES_LIMIT`] times. `known` are the names of the last list that was whole,
/// if there was one.
pub(super) async fn list<T, F>(
    size: u32,
    known: Option<&HashSet<T::Name>>,
    fetch: impl Fn(PageRequest) -> F,
) -> Listing<T>
where
    T: Named,
    F: Future<Output = Result<Page<T>, CallError>>,
{
    let mut before: Option<Pass<T>> = None;
    for _ in 0..PASSES_LIMIT {
        let (pass, failure) = read(size, &fetch).await;
        if failure.is_some() {
            // An earlier pass went to the end at least.
            return listing(before.unwrap_or(pass), failure);
        }
        match pass.doubt() {
            None if is_confirmed(&pass, before.as_ref(), known) => return listing(pass, None),
            Some(doubt) if !doubt.may_pass() => return listing(pass, Some(doubt.to_error())),
            _ => before = Some(pass),
        }
    }
    let last = before.unwrap_or_else(|| Pass::new(size));
    listing(last, Some(Doubt::Unsettled.to_error()))
}

/// Reads a list for somebody who looks once: the first reading that is whole by
/// its own TotalCount is believed. A removal and an addition between the same
/// two pages go unseen, which costs a daemon a series and a person nothing.
pub async fn list_once<T, F>(size: u32, fetch: impl Fn(PageRequest) -> F) -> Listing<T>
where
    T: Named,
    F: Future<Output = Result<Page<T>, CallError>>,
{
    let mut passes = 1;
    loop {
        let (pass, failure) = read(size, &fetch).await;
        let doubt = pass.doubt().filter(|_| failure.is_none());
        if passes < PASSES_LIMIT && doubt.is_some_and(Doubt::may_pass) {
            passes += 1;
            continue;
        }
        return listing(pass, failure.or(doubt.map(Doubt::to_error)));
    }
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

/// Whether a settled pass needs no other look: it is of one page, or the reading
/// before it has the very same names. A list that is suddenly empty gets another
/// look all the same, since it takes the series of all users away.
fn is_confirmed<T: Named>(
    pass: &Pass<T>,
    before: Option<&Pass<T>>,
    known: Option<&HashSet<T::Name>>,
) -> bool {
    match before {
        Some(before) => pass.is_of_one_page() || pass.has_names_of(before),
        None if pass.is_of_one_page() => pass.len() > 0 || known.is_none_or(HashSet::is_empty),
        None => known.is_some_and(|known| pass.has_names(known)),
    }
}

fn listing<T: Named>(pass: Pass<T>, trouble: Option<CallError>) -> Listing<T> {
    let (entries, total) = pass.into_parts();
    Listing {
        entries,
        total,
        trouble,
    }
}

/// One pass in normal operation, two when the list is new or was changed, three
/// when something was removed while it was read.
const PASSES_LIMIT: usize = 3;
