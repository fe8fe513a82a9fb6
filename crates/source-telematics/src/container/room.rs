//! When as many containers exist as BMW allows: the obsolete ones of ours go, those of others stay.

use std::collections::HashSet;

use cardata_api::{Container, ErrorKind};
use source::Handles;

use super::error::ContainerError;
use super::is_ours;

/// The containers that the sources of the pipeline poll.
pub async fn in_use(account: &Handles) -> Result<HashSet<String>, ContainerError> {
    let mut ids = HashSet::new();
    for set in account.sets.all() {
        let id = account
            .ledger
            .container(&account.login.account, &set.fingerprint)
            .await?;
        ids.extend(id);
    }
    Ok(ids)
}

/// Deletes a container and forgets it. One that BMW no longer knows is a success.
pub async fn delete(account: &Handles, id: &str) -> Result<(), ContainerError> {
    if let Ok(container) = id.parse() {
        match account.client.delete_container(&container).await {
            Err(error) if error.reported() != Some(ErrorKind::Container) => return Err(error.into()),
            _ => {}
        }
    }
    account
        .ledger
        .forget_container(&account.login.account, id)
        .await?;
    Ok(())
}

/// Removes the oldest container that this installation created and no source uses, and says so. Spends a call
/// to list and one to delete.
pub async fn make(account: &Handles) -> Result<String, ContainerError> {
    let listed = account.client.containers().await?;
    let in_use = in_use(account).await?;
    let exists = |id: &str| {
        listed
            .iter()
            .any(|one| one.id.as_str() == id && !one.state.is_gone())
    };
    let created = account.ledger.created_containers(&account.login.account).await?;
    let obsolete = created
        .into_iter()
        .find(|created| !in_use.contains(&created.id) && exists(&created.id));
    let Some(obsolete) = obsolete else {
        let active = listed.iter().filter(|container| !container.state.is_gone());
        let described: Vec<_> = active.map(|container| describe(container, &in_use)).collect();
        return Err(ContainerError::Full {
            existing: described.join(", "),
        });
    };
    delete(account, &obsolete.id).await?;
    tracing::warn!(account = %account.login.account, container = obsolete.id, name = obsolete.name, "removed a container of ours that no source uses any more: BMW allows no further one");
    Ok(format!(
        "removed the container {} (`{}`), which no source used any more, because BMW allows no further one ({:.0})",
        obsolete.id,
        obsolete.name,
        account.clock.now()
    ))
}

fn describe(container: &Container, in_use: &HashSet<String>) -> String {
    let name = container.name.as_deref().unwrap_or("without a name");
    let by = match is_ours(container.purpose.as_deref()) {
        true if in_use.contains(container.id.as_str()) => "in use here",
        true => "another installation of cardata",
        false => "another program",
    };
    format!("{} `{name}` ({by})", container.id)
}
