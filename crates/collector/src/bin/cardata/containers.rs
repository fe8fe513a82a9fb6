//! `cardata containers`.

use cardata_api::{ContainerId, ContainerState};
use collector::account::Account;
use collector::sources::is_ours;

use crate::args::ContainersArgs;
use crate::{CommandResult, Failure, context, terminal};

pub async fn run(options: ContainersArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let accounts = context::accounts(&pipeline)?;
    match options.delete {
        Some(id) => delete(&accounts, &id).await,
        None => list(&accounts).await,
    }
}

async fn list(accounts: &[Account]) -> CommandResult {
    let mut rows = vec![
        ["account", "id", "name", "state", "made by"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for account in accounts {
        let containers = account
            .client
            .containers()
            .await
            .map_err(|error| context::api_failure(&account.name, &error))?;
        for container in containers {
            let ours = is_ours(container.purpose.as_deref());
            rows.push(vec![
                account.name.to_string(),
                container.id.to_string(),
                container.name.unwrap_or_default(),
                state(&container.state).to_owned(),
                if ours { "cardata" } else { "another program" }.to_owned(),
            ]);
        }
    }
    terminal::say(&terminal::table(&rows));
    Ok(())
}

fn state(state: &ContainerState) -> &str {
    match state {
        ContainerState::Active => "active",
        ContainerState::Inactive => "inactive",
        ContainerState::Deleted => "deleted",
        ContainerState::Other(word) => word,
    }
}

/// Deletes a container of ours. One of another program is left alone: it may need it.
async fn delete(accounts: &[Account], id: &str) -> CommandResult {
    let id: ContainerId = id
        .parse()
        .map_err(|_| Failure::new(2, format!("`{id}` is no container id")))?;
    for account in accounts {
        let failed = |error| context::api_failure(&account.name, &error);
        let containers = account.client.containers().await.map_err(failed)?;
        let Some(found) = containers.into_iter().find(|container| container.id == id) else {
            continue;
        };
        if !is_ours(found.purpose.as_deref()) {
            return Err(Failure::new(
                4,
                format!("{id} was not made by cardata; delete it with the program that made it"),
            ));
        }
        account.client.delete_container(&id).await.map_err(failed)?;
        terminal::say(&format!("{}: deleted {id}", account.name));
        return Ok(());
    }
    Err(Failure::new(4, format!("no account has a container {id}")))
}
