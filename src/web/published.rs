//! What scrapes and the status page read between two publications.

use std::sync::Arc;

use super::anomalies::{self, Anomalies};
use super::compressed::{Compressed, Instances, compress};
use super::demand::Demand;
use crate::catalog::Format;
use crate::exposition::{Exposition, Writer};
use crate::fleet::Snapshot;
use crate::httpd::gzip;
use crate::model::SagId;

/// One consistent moment of the fleet, ready to be handed out. It is swapped as
/// a whole, so no answer mixes two sweeps.
///
/// The plain text is never kept: who asks for it gets frames that are written
/// while they are read. Compressed, it is a tenth as long and is kept, once it
/// was asked for.
#[derive(Debug)]
pub struct Published {
    exposition: Exposition,
    whole: Compressed,
    /// The length of the whole in the text format.
    text_bytes: u64,
    instances: Instances,
    anomalies: Vec<Anomalies>,
    demand: Arc<Demand>,
}

/// What a scrape is about: all instances, or one.
#[derive(Debug)]
pub(super) struct Extent<'a> {
    published: &'a Published,
    /// `None` for all instances.
    sag_id: Option<&'a SagId>,
}

impl Published {
    /// Before the first sweep: no families of the fleet.
    pub fn nothing() -> Self {
        let nothing = Exposition::new(Arc::default(), crate::exposition::Options::default());
        Self::over(nothing, Arc::default())
    }

    /// What comes after this. It is measured, summed up for people, and compressed in the formats that
    /// scrapes asked for of late, which takes time in proportion: call it off
    /// the threads that serve.
    #[must_use]
    pub fn followed_by(&self, exposition: Exposition) -> Self {
        let mut next = Self::over(exposition, Arc::clone(&self.demand));
        next.text_bytes = bytes(next.exposition.writer(Format::Text));
        next.anomalies = anomalies::digest(&next.exposition);
        for format in Format::ALL.into_iter().filter(|f| next.demand.lasts(*f)) {
            next.whole
                .put(format, compress(next.exposition.writer(format)));
        }
        next
    }

    fn over(exposition: Exposition, demand: Arc<Demand>) -> Self {
        Self {
            exposition,
            whole: Compressed::default(),
            text_bytes: 0,
            instances: Instances::default(),
            anomalies: Vec::new(),
            demand,
        }
    }

    /// What is known of the fleet.
    pub(super) fn snapshot(&self) -> &Snapshot {
        self.exposition.snapshot()
    }

    /// What the rules found, for people.
    pub(super) fn anomalies(&self) -> &[Anomalies] {
        &self.anomalies
    }

    /// Whether the series of users are left out because there would be too
    /// many.
    pub fn is_limited(&self) -> bool {
        self.exposition.is_limited()
    }

    /// All instances.
    pub(super) fn whole(&self) -> Extent<'_> {
        Extent {
            published: self,
            sag_id: None,
        }
    }

    /// One instance; `None` if there is no such instance.
    pub(super) fn instance<'a>(&'a self, sag_id: &'a SagId) -> Option<Extent<'a>> {
        self.snapshot().instance(sag_id.as_str())?;
        Some(Extent {
            published: self,
            sag_id: Some(sag_id),
        })
    }
}

impl Extent<'_> {
    /// Whether it is all instances.
    pub(super) fn is_whole(&self) -> bool {
        self.sag_id.is_none()
    }

    /// The text in frames, made while they are read, and how long it is as a
    /// whole if that is known: a client of HTTP/1.0 could not tell otherwise
    /// that an answer was cut short.
    pub(super) fn frames(&self, format: Format) -> (Writer, Option<u64>) {
        let published = self.published;
        let known = match (self.sag_id, format) {
            (None, Format::Text) => Some(published.text_bytes),
            (None, Format::OpenMetrics) => published.whole.plain_bytes(format),
            (Some(_), _) => None,
        };
        (self.writer(format), known)
    }

    /// The text, compressed. The first to ask waits until that is done, away
    /// from the threads that serve; `None` if it failed, which is a bug.
    pub(super) async fn gzip(&self, format: Format) -> Option<Arc<gzip::Prefix>> {
        let published = self.published;
        let writer = || self.writer(format);
        let prefix = match self.sag_id {
            None => {
                published.demand.note(format);
                published.whole.get(format, writer)
            }
            Some(sag_id) => published.instances.of(sag_id).get(format, writer),
        };
        prefix.await
    }

    fn writer(&self, format: Format) -> Writer {
        let exposition = &self.published.exposition;
        self.sag_id
            .and_then(|sag_id| exposition.writer_of(sag_id.as_str(), format))
            .unwrap_or_else(|| exposition.writer(format))
    }
}

/// How long the text is. Writing it is the surest way to know, and takes far
/// less time than compressing it.
fn bytes(writer: Writer) -> u64 {
    let mut bytes = 0;
    // A usize has at most 64 bits on every platform that Rust supports.
    writer.for_each_frame(|frame| bytes += u64::try_from(frame.len()).unwrap_or(u64::MAX));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::Options;

    #[tokio::test]
    async fn what_scrapes_ask_for_is_ready_from_the_next_publication_on() {
        let ready = |published: &Published| {
            Format::ALL.map(|format| published.whole.plain_bytes(format).is_some())
        };
        let next = |published: &Published| {
            published.followed_by(Exposition::new(Arc::default(), Options::default()))
        };
        let first = next(&Published::nothing());
        assert_eq!(ready(&first), [false, false]);
        assert!(first.whole().gzip(Format::OpenMetrics).await.is_some());
        let second = next(&first);
        assert_eq!(ready(&second), [false, true]);
        assert_eq!(ready(&next(&second)), [false, true], "it lasts for a while");
    }
}
