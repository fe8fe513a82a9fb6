//! What can go wrong with the journal.

use store::StoreError;
use store::sql::Damage as _;

use crate::log::scan::Damage;

/// An error of the journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One entry that was asked for cannot be believed.
    #[error("the journal is damaged: {0}")]
    DamagedEntry(Damage),
}

impl JournalError {
    /// Whether storing it panicked, and always will.
    pub fn is_bug(&self) -> bool {
        matches!(self, Self::Store(StoreError::Bug))
    }

    /// Whether something that the database needed was not as it was written.
    pub(crate) fn is_in_database(&self) -> bool {
        match self {
            Self::Store(StoreError::Damaged(_)) => true,
            Self::Store(StoreError::Sqlite(error)) => error.is_damage(),
            _ => false,
        }
    }

    /// Whether the database's thread has ended: nothing more will come.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Store(StoreError::Stopped))
    }
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<Damage> for JournalError {
    fn from(damage: Damage) -> Self {
        Self::DamagedEntry(damage)
    }
}
