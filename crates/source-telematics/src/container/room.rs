//! When BMW allows no further container: an obsolete one of ours goes where that frees a place, those of others stay.

use std::collections::HashSet;

use cardata_api::{Container, ErrorKind};
use source::{DescriptorSet, Handles};

use super::error::ContainerError;
use super::is_ours;
use super::keeper::Keeper;
use super::places::{MOST, Places};

/// The containers that the sources of the pipeline poll.
pub async fn in_use(account: &Handles) -> Result<HashSet<String>, ContainerError> {
    polled(account, &account.sets.all()).await
}

/// The containers that are polled for these sets.
pub async fn polled(account: &Handles, sets: &[DescriptorSet]) -> Result<HashSet<String>, ContainerError> {
    let mut ids = HashSet::new();
    for set in sets {
        let keeper = Keeper::load(account, set).await?;
        ids.extend(keeper.state.polled().map(str::to_owned));
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

/// Removes the oldest container that this installation created and no source uses, and says so. Only where ten are active:
/// where deleted ones take the places, to delete another frees nothing. Spends a call.
pub async fn make(
    account: &Handles,
    places: &mut Places,
    listed: &[Container],
) -> Result<String, ContainerError> {
    let in_use = in_use(account).await?;
    let active: Vec<_> = listed
        .iter()
        .filter(|container| !container.state.is_gone())
        .collect();
    let exists = |id: &str| active.iter().any(|one| one.id.as_str() == id);
    let created = account.ledger.created_containers(&account.login.account).await?;
    let obsolete = created
        .into_iter()
        .find(|created| !in_use.contains(&created.id) && exists(&created.id));
    let Some(obsolete) = obsolete.filter(|_| active.len() >= MOST) else {
        let described: Vec<_> = active
            .iter()
            .map(|container| describe(container, &in_use))
            .collect();
        return Err(ContainerError::Full {
            places: places.words(),
            existing: described.join(", "),
        });
    };
    delete(account, &obsolete.id).await?;
    places.deleted(&obsolete.id, account.clock.now());
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
