//! The container that a source polls: found again by name and fingerprint, created when missing.
//!
//! The API lists containers without their descriptors, so the fingerprint of the set stands in `purpose`.
//! Containers that do not carry our mark belong to somebody else and are never touched.

use cardata_api::{ApiError, ContainerId};
use sha2::{Digest, Sha256};

use crate::account::{Account, Chain};

/// The beginning of every purpose that we write; the number is the version of the mark.
const MARK: &str = "cardata/1 ";

/// A set of descriptors and the container that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSet {
    pub name: String,
    /// Sorted, each once.
    pub descriptors: Vec<String>,
    pub fingerprint: String,
}

/// Whether a container with this purpose was made by this program.
pub fn is_ours(purpose: Option<&str>) -> bool {
    purpose.is_some_and(|purpose| purpose.starts_with(MARK))
}

impl ContainerSet {
    /// `label` is the preset's name, or `custom`.
    pub fn new(label: &str, mut descriptors: Vec<String>) -> Self {
        descriptors.sort();
        descriptors.dedup();
        let digest = Sha256::digest(descriptors.join("\n").as_bytes());
        let fingerprint = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            name: format!("cardata {label}"),
            descriptors,
            fingerprint,
        }
    }

    fn purpose(&self) -> String {
        format!("{MARK}{}", self.fingerprint)
    }

    /// The container of this set: from the state database, else from the account (one call), else newly
    /// created (one more).
    pub async fn find_or_create(&self, account: &Account) -> Result<ContainerId, ApiError> {
        if let Some(id) = self.remembered(account).await {
            return Ok(id);
        }
        let existing = account.client.containers().await?;
        let found = existing.into_iter().find(|container| {
            !container.state.is_gone()
                && container.name.as_deref() == Some(&self.name)
                && container.purpose.as_deref() == Some(&self.purpose())
        });
        let id = match found {
            Some(container) => container.id,
            None => {
                let created = account
                    .client
                    .create_container(&self.name, &self.purpose(), &self.descriptors)
                    .await?;
                tracing::info!(account = %account.name, container = %created.container.id, descriptors = self.descriptors.len(), "created a container");
                created.container.id
            }
        };
        self.remember(account, Some(id.to_string())).await;
        Ok(id)
    }

    /// Makes the next [`find_or_create`](Self::find_or_create) ask the account again: the container is gone.
    pub async fn forget(&self, account: &Account) {
        self.remember(account, None).await;
    }

    async fn remembered(&self, account: &Account) -> Option<ContainerId> {
        let found = account.journal.container(&account.name, &self.fingerprint).await;
        found.ok().flatten().and_then(|text| text.parse().ok())
    }

    /// A container that cannot be remembered costs one call at the next start, no more.
    async fn remember(&self, account: &Account, container: Option<String>) {
        let done = account
            .journal
            .remember_container(&account.name, &self.fingerprint, container)
            .await;
        if let Err(error) = done {
            tracing::warn!(account = %account.name, error = %Chain(&error), "could not remember the container");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_depends_on_the_set_alone() {
        let one = ContainerSet::new("custom", vec!["b".into(), "a".into(), "a".into()]);
        let same = ContainerSet::new("battery", vec!["a".into(), "b".into()]);
        let other = ContainerSet::new("custom", vec!["a".into()]);
        assert_eq!(one.fingerprint, same.fingerprint);
        assert_eq!(one.fingerprint.len(), 16);
        assert_ne!(one.fingerprint, other.fingerprint);
    }

    #[test]
    fn only_our_mark_makes_a_container_ours() {
        let set = ContainerSet::new("battery", vec!["a".into()]);
        assert!(is_ours(Some(&set.purpose())));
        assert!(!is_ours(Some("Get battery info")));
        assert!(!is_ours(None));
    }
}
