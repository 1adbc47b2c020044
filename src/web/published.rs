//! What scrapes and the status page read between two publications.

use std::sync::Arc;

use bytes::Bytes;

use crate::exposition::Exposition;
use crate::fleet::Snapshot;
use crate::httpd::gzip;

/// One consistent moment of the fleet, ready to be handed out. It is swapped as
/// a whole, so no answer mixes two sweeps.
#[derive(Debug)]
pub struct Published {
    exposition: Exposition,
    gzip: gzip::Prefix,
}

impl Published {
    /// Before the first sweep: no families of the fleet.
    pub fn nothing() -> Self {
        Self::new(Exposition {
            snapshot: Arc::default(),
            text: Bytes::new(),
        })
    }

    /// Takes an exposition and compresses it. That takes time in proportion:
    /// call it off the threads that serve.
    pub fn new(exposition: Exposition) -> Self {
        Self {
            gzip: gzip::Prefix::compress([exposition.text.clone()]),
            exposition,
        }
    }

    /// What is known of the fleet.
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.exposition.snapshot
    }

    /// The families of the fleet in the text format.
    pub(super) fn text(&self) -> Bytes {
        self.exposition.text.clone()
    }

    /// The same, compressed.
    pub(super) fn gzip(&self) -> &gzip::Prefix {
        &self.gzip
    }
}
