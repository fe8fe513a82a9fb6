//! What `cardata check` finds out about streams. It never logs in to one: BMW allows each account one connection, and
//! a second login would take it from the program that has it.

use cardata_api::stream::{BrokerConnector, MqttConnector as _};
use cardata_auth::{STREAM_SCOPE, TokenSet};
use collector::http::Clients;
use pipeline::{Account, Pipeline};
use runtime::Chain;
use store::Store;

use super::{PATIENCE, Probe};
use crate::{CommandResult, Failure, context};

/// The accounts that have a stream.
fn accounts(pipeline: &Pipeline) -> Vec<&Account> {
    let streams = pipeline.streams();
    let has_stream = |account: &&Account| streams.iter().any(|stream| stream.account == account.name);
    pipeline.accounts.iter().filter(has_stream).collect()
}

/// Logins that are stored and cannot be used for the stream that the file asks for. One that is not there yet is no
/// mistake: it comes next.
pub async fn logins(pipeline: &Pipeline, clients: &Clients) -> CommandResult {
    if pipeline.simulator.is_some() {
        return Ok(());
    }
    let accounts = accounts(pipeline);
    if !accounts.is_empty() {
        // Whose logins are not this user's to see is told.
        Store::exists(&pipeline.state)?;
    }
    let mut problems = Vec::new();
    for account in accounts {
        if let Some(problem) = stored_hindrance(account, pipeline, clients).await? {
            problems.push(format!("the login of account {} {problem}", account.name));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::new(3, problems.join("\n")))
}

/// Why the login that is stored for an account is no good for a stream. What cannot be read is told elsewhere.
async fn stored_hindrance(
    account: &Account,
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<Option<String>, Failure> {
    let authenticator = context::authenticator(account, pipeline, clients)?;
    let stored = authenticator.tokens().await.ok().flatten();
    Ok(stored.as_ref().and_then(hindrance))
}

/// Why a login is no good for a stream.
fn hindrance(tokens: &TokenSet) -> Option<String> {
    let advice =
        "in the BMW portal, subscribe the client to CarData Stream, wait two minutes and run `cardata login`";
    if !tokens.scope.has(STREAM_SCOPE) {
        return Some(format!("does not cover the stream ({STREAM_SCOPE}): {advice}"));
    }
    let lacks = tokens.lacks_for_stream()?;
    Some(format!(
        "has no {lacks}, with which a stream logs in: run `cardata login`"
    ))
}

/// Whether the logins, which were just refreshed, do for the streams; and connects TCP and TLS to their addresses,
/// where nothing is said.
pub async fn probes(pipeline: &Pipeline, clients: &Clients) -> Result<Vec<Probe>, Failure> {
    let mut probes = Vec::new();
    for account in accounts(pipeline) {
        if let Some(problem) = stored_hindrance(account, pipeline, clients).await? {
            probes.push(Probe {
                what: format!("login of account {} for the stream", account.name),
                problem: Some(problem),
                remarks: Vec::new(),
                needs_login: true,
            });
        }
        let (_, trust) = clients.of(account)?;
        let connector = BrokerConnector::new(account.stream.clone(), &trust).with_patience(PATIENCE);
        let reached = connector.reach().await;
        probes.push(Probe {
            what: format!("address of the stream, {}", account.stream),
            problem: reached.err().map(|error| Chain(&error).to_string()),
            remarks: Vec::new(),
            needs_login: false,
        });
    }
    Ok(probes)
}
