//! A credential of which some parts stand in files.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use futures_util::future::BoxFuture;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Credential, CredentialError, CredentialProvider, ID, PRINTABLE, SECRET, TOKEN};
use crate::openapi::options::SecretSource;
use crate::secret::Secret;

/// Reads the files anew when one of them changed, which is looked into at most
/// once in [`RECHECK`].
///
/// A file that cannot be read is an error, even if it could be read before: a
/// secret that somebody took away is not to be used on.
#[derive(Debug)]
pub(super) struct FileCredentials {
    parts: Vec<Part>,
    current: ArcSwapOption<Loaded>,
    /// Held while the files are looked at, so that one caller does it for all.
    checking: Mutex<()>,
}

#[derive(Debug)]
struct Part {
    what: &'static str,
    source: SecretSource,
}

#[derive(Debug)]
struct Loaded {
    credential: Arc<Credential>,
    stamps: Vec<Option<Stamp>>,
    checked: Instant,
}

/// What tells one content of a file from the next without reading it.
type Stamp = (SystemTime, u64);

impl FileCredentials {
    pub(super) fn new(
        id: &SecretSource,
        secret: &SecretSource,
        token: Option<&SecretSource>,
    ) -> Self {
        let part = |what, source: &SecretSource| Part {
            what,
            source: source.clone(),
        };
        let mut parts = vec![part(ID, id), part(SECRET, secret)];
        parts.extend(token.map(|token| part(TOKEN, token)));
        Self {
            parts,
            current: ArcSwapOption::empty(),
            checking: Mutex::new(()),
        }
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        let _checking = self.checking.lock().await;
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        // The stamps come first: a change in between is seen next time.
        let stamps = self.stamps().await?;
        let credential = match self.current.load_full() {
            Some(loaded) if loaded.stamps == stamps => Arc::clone(&loaded.credential),
            _ => Arc::new(self.load().await?),
        };
        self.current.store(Some(Arc::new(Loaded {
            credential: Arc::clone(&credential),
            stamps,
            checked: Instant::now(),
        })));
        Ok(credential)
    }

    /// What was loaded, if it was looked into a moment ago.
    fn fresh(&self) -> Option<Arc<Credential>> {
        let loaded = self.current.load();
        let loaded = loaded.as_ref().filter(|l| l.checked.elapsed() < RECHECK)?;
        Some(Arc::clone(&loaded.credential))
    }

    async fn stamps(&self) -> Result<Vec<Option<Stamp>>, CredentialError> {
        let mut stamps = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            stamps.push(part.stamp().await?);
        }
        Ok(stamps)
    }

    async fn load(&self) -> Result<Credential, CredentialError> {
        let mut texts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            texts.push(part.text().await?);
        }
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_else(|| Secret::new(""));
        let (id, secret) = (next(), next());
        Credential::new(id.reveal(), secret, texts.next())
    }
}

impl CredentialProvider for FileCredentials {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(self.current())
    }
}

impl Part {
    async fn stamp(&self) -> Result<Option<Stamp>, CredentialError> {
        let SecretSource::File(path) = &self.source else {
            return Ok(None);
        };
        let metadata = tokio::fs::metadata(path).await;
        let stamp = metadata.and_then(|metadata| Ok((metadata.modified()?, metadata.len())));
        stamp
            .map(Some)
            .map_err(|error| self.unreadable(path, error))
    }

    async fn text(&self) -> Result<Secret, CredentialError> {
        let path = match &self.source {
            SecretSource::Inline(text) => return Ok(text.clone()),
            SecretSource::File(path) => path,
        };
        let content = read(path)
            .await
            .map_err(|error| self.unreadable(path, error))?;
        let text = content.reveal().trim();
        let unusable = |expected| CredentialError::Unusable {
            what: self.what,
            path: Some(path.clone()),
            expected,
        };
        if content.reveal().len() > LIMIT_BYTES {
            return Err(unusable("at most 64 KiB"));
        }
        if text.is_empty() {
            return Err(unusable("some text, but the file is empty"));
        }
        super::check(self.what, text).map_err(|_| unusable(PRINTABLE))?;
        Ok(Secret::new(text))
    }

    fn unreadable(&self, path: &Path, source: io::Error) -> CredentialError {
        CredentialError::Unreadable {
            what: self.what,
            path: path.to_owned(),
            source,
        }
    }
}

async fn read(path: &Path) -> io::Result<Secret> {
    let mut content = String::new();
    let one_too_many = u64::try_from(LIMIT_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut file = File::open(path).await?.take(one_too_many);
    file.read_to_string(&mut content).await?;
    Ok(Secret::new(content))
}

/// How long the files go unwatched. A rotated key is in use after this time.
const RECHECK: Duration = Duration::from_secs(1);

/// Far more than any secret; the longest token that was seen has 2 kB.
const LIMIT_BYTES: usize = 64 << 10;
