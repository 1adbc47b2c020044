//! Paging.

use crate::sim::refusal::Refusal;
use crate::sim::reply::{Field, Fields};
use crate::sim::request::Call;

/// The page that a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads PageNumber and PageSize. A larger size is clamped, and the clamped
    /// one is echoed.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let number = positive(call, "PageNumber")?.unwrap_or(1);
        let size = positive(call, "PageSize")?.unwrap_or(DEFAULT_PAGE_SIZE);
        let size = size.min(LIMIT_PAGE_SIZE);
        Ok(Self { number, size })
    }

    pub(super) fn skip(self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    pub(super) fn size(self) -> usize {
        self.size
    }

    /// What a reply says about its page.
    pub(super) fn fields(self, total: usize) -> Fields {
        vec![
            ("TotalCount", Field::count(total)),
            ("PageNumber", Field::count(self.number)),
            ("PageSize", Field::count(self.size)),
        ]
    }
}

fn positive(call: &Call, name: &'static str) -> Result<Option<usize>, Refusal> {
    let Some(text) = call.filled(name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if number >= 1 => Ok(Some(number)),
        _ => Err(Refusal::parameter(name)),
    }
}

/// The documented default.
const DEFAULT_PAGE_SIZE: usize = 10;

/// What is used in practice; no limit is documented.
const LIMIT_PAGE_SIZE: usize = 50;
