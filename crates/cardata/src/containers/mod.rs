//! `cardata containers`: what is there, brought in line with the pipeline, and one deleted by hand.

mod sync;

use std::collections::HashSet;

use cardata_api::{Container, ContainerId, ContainerState};
use pipeline::Pipeline;
use runtime::Chain;
use serde_json::{Value, json};
use source::Handles;
use source_telematics::container::ContainerError;
use source_telematics::is_ours;

use status::table::table;

use crate::args::{ContainersAction, ContainersArgs};
use crate::{CommandResult, Failure, OrFail, context, terminal};

pub async fn run(options: ContainersArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let accounts = context::accounts(&pipeline)?;
    build_sources(&pipeline, &accounts)?;
    match options.action {
        None => list(&accounts, options.json).await,
        Some(ContainersAction::Sync { dry_run }) => sync::run(&accounts, dry_run, options.json).await,
        Some(ContainersAction::Delete { id, foreign }) => delete(&accounts, &id, foreign, options.json).await,
    }
}

/// Builds the sources of each account, whose sets are then known.
fn build_sources(pipeline: &Pipeline, accounts: &[Handles]) -> Result<(), Failure> {
    for account in accounts {
        let name = &account.login.account;
        for source in pipeline.sources.iter().filter(|source| source.is_for(name)) {
            collector::build_source(source, account).or_fail(2)?;
        }
    }
    Ok(())
}

async fn list(accounts: &[Handles], json: bool) -> CommandResult {
    let mut rows = Vec::new();
    for account in accounts {
        let containers = listed(account).await?;
        let created = created(account).await?;
        for container in containers {
            let by = maker(container.id.as_str(), container.purpose.as_deref(), &created);
            rows.push([
                account.login.account.to_string(),
                container.id.to_string(),
                container.name.unwrap_or_default(),
                state(&container.state).to_owned(),
                by.to_owned(),
            ]);
        }
    }
    if json {
        let containers = rows.iter().map(|row| {
            let [account, id, name, state, made_by] = row;
            json!({ "account": account, "id": id, "name": name, "state": state, "made_by": made_by })
        });
        return terminal::answer(1, &json!({ "containers": containers.collect::<Value>() }));
    }
    let rows = rows.into_iter().map(Vec::from);
    terminal::say(&table("account | id | name | state | made by", rows));
    Ok(())
}

/// What BMW has; spends a call.
async fn listed(account: &Handles) -> Result<Vec<Container>, Failure> {
    let listed = account.client.containers().await;
    listed.map_err(|error| context::api_failure(account, &error))
}

/// The containers that this installation created.
async fn created(account: &Handles) -> Result<HashSet<String>, Failure> {
    let created = account.ledger.created_containers(&account.login.account).await;
    Ok(created
        .or_fail(2)?
        .into_iter()
        .map(|created| created.id)
        .collect())
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
async fn delete(accounts: &[Handles], id: &str, foreign: bool, json: bool) -> CommandResult {
    let id: ContainerId = id
        .parse()
        .map_err(|_| Failure::new(2, format!("`{id}` is no container id")))?;
    for account in accounts {
        let name = &account.login.account;
        let mut containers = listed(account).await?.into_iter();
        let Some(found) = containers.find(|container| container.id == id) else {
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
        let deleted = account.client.delete_container(&id).await;
        deleted.map_err(|error| context::api_failure(account, &error))?;
        let forgotten = account.ledger.forget_container(name, id.as_str()).await;
        forgotten.or_fail(2)?;
        if json {
            return terminal::answer(1, &json!({ "account": &**name, "deleted": id.as_str() }));
        }
        terminal::say(&format!("{name}: deleted {id}"));
        return Ok(());
    }
    Err(Failure::new(4, format!("no account has a container {id}")))
}

fn failure(account: &Handles, error: &ContainerError) -> Failure {
    let code = match error {
        error if error.needs_login() => 3,
        ContainerError::Ledger(_) => 2,
        _ => 4,
    };
    Failure::new(code, format!("{}: {}", account.login.account, Chain(error)))
}
