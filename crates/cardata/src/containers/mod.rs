//! `cardata containers`: what is there, brought in line with the pipeline, and one deleted by hand.

mod sync;

use std::collections::HashSet;

use cardata_api::{ContainerId, ContainerState};
use pipeline::Pipeline;
use runtime::Chain;
use source::Handles;
use source_telematics::container::ContainerError;
use source_telematics::{Access, is_ours};

use status::table::table;

use crate::args::{ContainersAction, ContainersArgs, PipelineArgs};
use crate::{CommandResult, Failure, context, terminal};

pub async fn run(options: ContainersArgs) -> CommandResult {
    let pipeline = context::load(&PipelineArgs {
        config: options.config,
    })?;
    let accounts = context::accounts(&pipeline)?;
    let accounts = with_sources(&pipeline, &accounts)?;
    match options.action {
        None => list(&accounts).await,
        Some(ContainersAction::Sync { dry_run }) => sync::run(&accounts, dry_run).await,
        Some(ContainersAction::Delete { id, foreign }) => delete(&accounts, &id, foreign).await,
    }
}

/// Builds the sources of each account, whose sets are then known.
fn with_sources(pipeline: &Pipeline, accounts: &[Handles]) -> Result<Vec<Access>, Failure> {
    for account in accounts {
        let name = &account.login.account;
        for source in pipeline.sources.iter().filter(|source| source.is_for(name)) {
            let built = collector::build(source, account);
            built.map_err(|error| Failure::new(2, context::chain(&error)))?;
        }
    }
    Ok(accounts.iter().map(Access::new).collect())
}

async fn list(accounts: &[Access]) -> CommandResult {
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
        let created = created(account).await?;
        for container in containers {
            let by = maker(container.id.as_str(), container.purpose.as_deref(), &created);
            rows.push(vec![
                account.name.to_string(),
                container.id.to_string(),
                container.name.unwrap_or_default(),
                state(&container.state).to_owned(),
                by.to_owned(),
            ]);
        }
    }
    terminal::say(&table(&rows));
    Ok(())
}

/// The containers that this installation created.
async fn created(account: &Access) -> Result<HashSet<String>, Failure> {
    let created = account.ledger.created_containers(&account.name).await;
    let created = created.map_err(|error| Failure::new(2, context::chain(&error)))?;
    Ok(created.into_iter().map(|created| created.id).collect())
}

fn maker(id: &str, purpose: Option<&str>, created: &HashSet<String>) -> &'static str {
    match is_ours(purpose) {
        true if created.contains(id) => "cardata",
        true => "cardata, another installation",
        false => "another program",
    }
}

fn state(state: &ContainerState) -> &str {
    match state {
        ContainerState::Active => "active",
        ContainerState::Inactive => "inactive",
        ContainerState::Deleted => "deleted",
        ContainerState::Other(word) => word,
    }
}

/// Deletes a container of ours. One of another program is left alone unless that is what is wanted: it may need
/// it.
async fn delete(accounts: &[Access], id: &str, foreign: bool) -> CommandResult {
    let id: ContainerId = id
        .parse()
        .map_err(|_| Failure::new(2, format!("`{id}` is no container id")))?;
    for account in accounts {
        let failed = |error| context::api_failure(&account.name, &error);
        let containers = account.client.containers().await.map_err(failed)?;
        let Some(found) = containers.into_iter().find(|container| container.id == id) else {
            continue;
        };
        if !foreign && !is_ours(found.purpose.as_deref()) {
            return Err(Failure::new(
                4,
                format!(
                    "{id} was not made by cardata; delete it with the program that made it, or with --foreign if \
                     nobody needs it"
                ),
            ));
        }
        account.client.delete_container(&id).await.map_err(failed)?;
        let forgotten = account.ledger.forget_container(&account.name, id.as_str()).await;
        forgotten.map_err(|error| Failure::new(2, context::chain(&error)))?;
        terminal::say(&format!("{}: deleted {id}", account.name));
        return Ok(());
    }
    Err(Failure::new(4, format!("no account has a container {id}")))
}

fn failure(account: &Access, error: &ContainerError) -> Failure {
    let code = match error {
        error if error.needs_login() => 3,
        ContainerError::Ledger(_) => 2,
        _ => 4,
    };
    Failure::new(code, format!("{}: {}", account.name, Chain(error)))
}
