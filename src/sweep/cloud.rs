//! The seam to the cloud: what a sweep needs of it, and no more.

use std::error::Error as _;
use std::future::Future;

use crate::model::{ClientUser, FailureKind, Region, SagId, Session, UserName};
use crate::openapi::{ApiError, Missing};
use crate::sag::{self, Gateway, Listed, Page, PageRequest, RegionEntry, Traffic};

/// The operations of one cloud account that a sweep calls.
///
/// An implementation paces and repeats calls as it sees fit; an error means that
/// it has given up. A future may be dropped at any time.
pub trait Cloud: Send + Sync {
    /// A page of the users of an instance.
    fn client_users(
        &self,
        region: &Region,
        sag_id: &SagId,
        page: PageRequest,
    ) -> impl Future<Output = Result<Page<ClientUser>, CallError>> + Send;

    /// The sessions of one user; `None` if there is no such user (any more),
    /// which is not the same as an instance that is not found.
    fn online_clients(
        &self,
        region: &Region,
        sag_id: &SagId,
        user: &UserName,
    ) -> impl Future<Output = Result<Option<Vec<Session>>, CallError>> + Send;

    /// A page of the instances of a region, of every hardware.
    fn gateways(
        &self,
        region: &Region,
        page: PageRequest,
    ) -> impl Future<Output = Result<Page<Gateway>, CallError>> + Send;

    /// The number of sessions of up to [`sag::BULK_LIMIT`] users.
    fn online_counts(
        &self,
        region: &Region,
        sag_id: &SagId,
        users: &[UserName],
    ) -> impl Future<Output = Result<Listed<(UserName, u32)>, CallError>> + Send;

    /// The traffic of this month of up to [`sag::BULK_LIMIT`] users.
    fn traffic(
        &self,
        region: &Region,
        sag_id: &SagId,
        users: &[UserName],
    ) -> impl Future<Output = Result<Listed<Traffic>, CallError>> + Send;

    /// The number of sessions of up to [`sag::BULK_LIMIT`] instances.
    fn instance_online_counts(
        &self,
        region: &Region,
        sag_ids: &[SagId],
    ) -> impl Future<Output = Result<Listed<(SagId, u32)>, CallError>> + Send;

    /// The regions of the product, asked in any one of them.
    fn regions(
        &self,
        ask_in: &Region,
    ) -> impl Future<Output = Result<Listed<RegionEntry>, CallError>> + Send;
}

/// A call that failed for good, as far as this sweep is concerned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct CallError {
    /// Why it failed.
    pub kind: FailureKind,
    /// The whole story, for the log.
    pub detail: String,
    /// What does not exist, where the cloud says so.
    pub missing: Option<Missing>,
    /// Whether the call was not made at all, because others failed before.
    pub refused: bool,
}

impl CallError {
    /// A call that was made and failed.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            missing: None,
            refused: false,
        }
    }

    /// The same failure for a call that was not made.
    pub(super) fn refusal(&self) -> Self {
        Self {
            refused: true,
            ..self.clone()
        }
    }
}

impl Cloud for sag::Client {
    async fn client_users(
        &self,
        region: &Region,
        sag_id: &SagId,
        page: PageRequest,
    ) -> Result<Page<ClientUser>, CallError> {
        Ok(Self::client_users(self, region, sag_id, page).await?)
    }

    async fn online_clients(
        &self,
        region: &Region,
        sag_id: &SagId,
        user: &UserName,
    ) -> Result<Option<Vec<Session>>, CallError> {
        match Self::online_clients(self, region, sag_id, user).await {
            Ok(sessions) => Ok(Some(sessions)),
            Err(error) if error.missing() == Some(Missing::User) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn gateways(
        &self,
        region: &Region,
        page: PageRequest,
    ) -> Result<Page<Gateway>, CallError> {
        Ok(Self::gateways(self, region, page).await?)
    }

    async fn online_counts(
        &self,
        region: &Region,
        sag_id: &SagId,
        users: &[UserName],
    ) -> Result<Listed<(UserName, u32)>, CallError> {
        Ok(Self::online_counts(self, region, sag_id, users).await?)
    }

    async fn traffic(
        &self,
        region: &Region,
        sag_id: &SagId,
        users: &[UserName],
    ) -> Result<Listed<Traffic>, CallError> {
        Ok(Self::traffic(self, region, sag_id, users).await?)
    }

    async fn instance_online_counts(
        &self,
        region: &Region,
        sag_ids: &[SagId],
    ) -> Result<Listed<(SagId, u32)>, CallError> {
        Ok(Self::instance_online_counts(self, region, sag_ids).await?)
    }

    async fn regions(&self, ask_in: &Region) -> Result<Listed<RegionEntry>, CallError> {
        Ok(Self::regions(self, ask_in).await?)
    }
}

impl From<ApiError> for CallError {
    /// Keeps the kind, and of the rest the text: the error and its causes.
    fn from(error: ApiError) -> Self {
        let (kind, missing) = (error.kind(), error.missing());
        let mut detail = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            detail.push_str(": ");
            detail.push_str(&error.to_string());
            cause = error.source();
        }
        Self {
            missing,
            ..Self::new(kind, detail)
        }
    }
}
