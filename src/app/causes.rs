//! Errors in words.

use std::error::Error;

/// An error with everything that caused it, on one line.
pub(super) fn whole(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}
