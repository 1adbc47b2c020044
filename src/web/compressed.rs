//! Compressed bodies: each made once, when it is first asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _, Shared, ready};
use tokio::task::spawn_blocking;

use crate::catalog::Format;
use crate::exposition::Writer;
use crate::httpd::gzip::{Compressor, Prefix};
use crate::model::SagId;

/// A compressed body that is there or is being made; `None` if that failed.
pub(super) type Ticket = Shared<BoxFuture<'static, Option<Arc<Prefix>>>>;

/// One text in each format, compressed.
///
/// Whoever asks first sets the work off; it goes on even if that client goes
/// away, so that clients who come and go cannot multiply it.
#[derive(Debug, Default)]
pub(super) struct Compressed {
    text: Mutex<Option<Ticket>>,
    openmetrics: Mutex<Option<Ticket>>,
}

impl Compressed {
    /// The body, which is made of what `writer` writes if there is none yet.
    pub(super) fn get(&self, format: Format, writer: impl FnOnce() -> Writer) -> Ticket {
        let mut slot = lock(self.slot(format));
        slot.get_or_insert_with(|| {
            let writer = writer();
            spawn_blocking(move || Arc::new(compress(writer)))
                .map(Result::ok)
                .boxed()
                .shared()
        })
        .clone()
    }

    /// Keeps a body that is there already.
    pub(super) fn put(&self, format: Format, prefix: Prefix) {
        let there = ready(Some(Arc::new(prefix))).boxed().shared();
        *lock(self.slot(format)) = Some(there);
    }

    /// How long the plain text is, if the compressed one is there.
    pub(super) fn plain_bytes(&self, format: Format) -> Option<u64> {
        let ticket = lock(self.slot(format)).clone()?;
        let prefix = ticket.now_or_never()??;
        Some(prefix.plain_bytes())
    }

    fn slot(&self, format: Format) -> &Mutex<Option<Ticket>> {
        match format {
            Format::Text => &self.text,
            Format::OpenMetrics => &self.openmetrics,
        }
    }
}

/// The texts of single instances, compressed; those that were asked for.
#[derive(Debug, Default)]
pub(super) struct Instances(Mutex<HashMap<SagId, Arc<Compressed>>>);

impl Instances {
    /// Those of one instance. The caller has made sure that there is such an
    /// instance, so that strangers cannot make the map grow.
    pub(super) fn of(&self, sag_id: &SagId) -> Arc<Compressed> {
        let mut instances = lock(&self.0);
        Arc::clone(instances.entry(sag_id.clone()).or_default())
    }
}

/// Compresses frame by frame, so that the plain text never exists as a whole.
pub(super) fn compress(writer: Writer) -> Prefix {
    let mut compressor = Compressor::new();
    writer.for_each_frame(|frame| compressor.write(frame));
    compressor.finish()
}

/// Nobody panics while holding one of these locks, and a half-made map or slot
/// would still be whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{Exposition, Options};
    use crate::fleet::Snapshot;

    fn writer() -> Writer {
        let snapshot = Arc::new(Snapshot::default());
        Exposition::new(snapshot, Options::default()).writer(Format::Text)
    }

    #[tokio::test]
    async fn a_body_is_made_once_for_each_format() {
        let compressed = Compressed::default();
        assert_eq!(compressed.plain_bytes(Format::Text), None);
        drop(compressed.get(Format::Text, writer));
        let first = compressed.get(Format::Text, || panic!("made twice")).await;
        let second = compressed.get(Format::Text, || panic!("made twice")).await;
        assert!(Arc::ptr_eq(&first.unwrap(), &second.unwrap()));
        assert_eq!(compressed.plain_bytes(Format::Text), Some(0));
        assert_eq!(compressed.plain_bytes(Format::OpenMetrics), None);
        compressed.put(Format::OpenMetrics, compress(writer()));
        assert_eq!(compressed.plain_bytes(Format::OpenMetrics), Some(0));
    }

    #[tokio::test]
    async fn a_body_that_cannot_be_made_fails_for_everyone_alike() {
        let compressed = Compressed::default();
        let broken = spawn_blocking(|| panic!("on purpose"))
            .map(Result::ok)
            .boxed();
        *lock(&compressed.text) = Some(broken.shared());
        for _ in 0..2 {
            assert!(compressed.get(Format::Text, writer).await.is_none());
        }
    }

    #[test]
    fn instances_have_bodies_of_their_own() {
        let instances = Instances::default();
        let [a, b] = ["a", "b"].map(|id| SagId::parse(id).unwrap());
        assert!(Arc::ptr_eq(&instances.of(&a), &instances.of(&a)));
        assert!(!Arc::ptr_eq(&instances.of(&a), &instances.of(&b)));
    }
}
