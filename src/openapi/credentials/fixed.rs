//! A credential that never changes.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};

use super::{Credential, CredentialError, CredentialProvider};

#[derive(Debug)]
pub(super) struct FixedCredential(Arc<Credential>);

impl FixedCredential {
    pub(super) fn new(credential: Credential) -> Self {
        Self(Arc::new(credential))
    }
}

impl CredentialProvider for FixedCredential {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        ready(Ok(Arc::clone(&self.0))).boxed()
    }
}
