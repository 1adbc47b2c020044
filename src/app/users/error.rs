//! Why the users cannot be read, or not all, or not the one that was meant.

use crate::app::SetupError;
use crate::model::{AccountName, SagId, UserName};
use crate::sweep::CallError;

/// What a command about users ends with if it cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The configuration cannot be carried out.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The instances cannot be listed.
    #[error("account {account}: the instances cannot be listed")]
    Instances {
        /// The cloud account.
        account: AccountName,
        /// Why.
        source: CallError,
    },
    /// An instance of the configuration is in none of its regions.
    #[error(
        "account {account}: instance {sag_id} was not found: expected it in one of the configured \
         regions"
    )]
    Lost {
        /// The cloud account.
        account: AccountName,
        /// Which instance.
        sag_id: SagId,
    },
    /// The users of an instance cannot be read.
    #[error("the users of instance {sag_id} cannot be read")]
    Users {
        /// Which instance.
        sag_id: SagId,
        /// Why.
        source: CallError,
    },
    /// A list of users is not whole.
    #[error("nothing was changed")]
    Incomplete(#[source] Gap),
    /// The sessions of a user cannot be read.
    #[error("the sessions of user {user} of instance {sag_id} cannot be read")]
    Sessions {
        /// Which instance.
        sag_id: SagId,
        /// Which user.
        user: UserName,
        /// Why.
        source: CallError,
    },
    /// There is no such user.
    #[error("user {user} does not exist: looked in {looked_in} instances")]
    Unknown {
        /// The name that was asked for.
        user: UserName,
        /// How many instances were searched.
        looked_in: usize,
    },
    /// There are several such users.
    #[error("user {user} exists in several instances, {}: expected --sag.instance=ID", list(.sag_ids))]
    Ambiguous {
        /// The name that was asked for.
        user: UserName,
        /// Where it was found.
        sag_ids: Vec<SagId>,
    },
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("instance {sag_id}: {what}: {why}")]
pub struct Gap {
    /// The instance.
    pub sag_id: SagId,
    /// What is not whole.
    pub what: &'static str,
    /// Why.
    pub why: String,
}

/// Ids in a sentence.
pub(super) fn list(sag_ids: &[SagId]) -> String {
    let ids: Vec<&str> = sag_ids.iter().map(SagId::as_str).collect();
    ids.join(", ")
}
