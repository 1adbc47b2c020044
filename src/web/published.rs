//! What scrapes and the status page read between two publications.

use bytes::Bytes;
use jiff::Timestamp;

use crate::httpd::gzip;
use crate::model::{AccountName, Region, SagId};

/// One consistent moment of the fleet, ready to be handed out. It is swapped as
/// a whole, so no answer mixes two sweeps.
#[derive(Debug)]
pub struct Published {
    text: Bytes,
    gzip: gzip::Prefix,
    instances: Vec<InstanceRow>,
}

/// What the status page tells of an instance. What is unknown is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRow {
    /// The instance.
    pub sag_id: SagId,
    /// The cloud account through which it is read.
    pub account: AccountName,
    /// Where it lives.
    pub region: Region,
    /// The name that people gave it.
    pub name: Option<String>,
    /// Whether its last sweep was complete.
    pub complete: bool,
    /// When its last sweep ended.
    pub swept: Timestamp,
    /// How many client accounts it has.
    pub users: Option<u64>,
    /// How many of them are online.
    pub online_users: Option<u64>,
    /// How many clients are online.
    pub online_clients: Option<u64>,
}

impl Published {
    /// Before the first sweep: no families of the fleet.
    pub fn nothing() -> Self {
        Self::new(Bytes::new(), Vec::new())
    }

    /// Takes the families of the fleet in the text format, and compresses them.
    /// That takes time in proportion: call it off the threads that serve.
    pub fn new(text: Bytes, instances: Vec<InstanceRow>) -> Self {
        Self {
            gzip: gzip::Prefix::compress([text.clone()]),
            text,
            instances,
        }
    }

    /// The families of the fleet in the text format.
    pub(super) fn text(&self) -> Bytes {
        self.text.clone()
    }

    /// The same, compressed.
    pub(super) fn gzip(&self) -> &gzip::Prefix {
        &self.gzip
    }

    /// The instances, in the order of the exposition.
    pub(super) fn instances(&self) -> &[InstanceRow] {
        &self.instances
    }
}
