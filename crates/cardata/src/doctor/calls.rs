//! The calls of a diagnosis: two at most, none where the ledger knows enough, and each written there before it leaves.

use cardata_api::{ApiError, ErrorKind};
use collector::network;
use collector::poller::Mapping;
use pipeline::Pipeline;
use planner::quota::RESERVED;
use reqwest::Url;
use runtime::Chain;
use source::Handles;
use status::doctor::{AccountLook, Asked, Failed, Network, Trouble};
use status::{AccountStatus, Status};

use crate::context;

/// Whatever the accounts.
const MOST: u32 = 2;

/// Asks BMW what the ledger does not know, and says how many calls that took.
pub async fn ask(
    pipeline: &Pipeline,
    status: &Status,
    network: &Network,
    no_calls: bool,
    looks: &mut [AccountLook],
) -> u32 {
    let mut wanted = Vec::new();
    for (index, (look, account)) in looks.iter_mut().zip(&status.accounts).enumerate() {
        let hindrance = match no_calls {
            true => Some("--no-calls"),
            false if is_away(&pipeline.accounts[index].api, network) => Some("its server cannot be reached"),
            false => hindrance(look, account, status),
        };
        match hindrance {
            Some(why) => leave(look, why),
            None => wanted.push(index),
        }
    }
    if wanted.is_empty() {
        return 0;
    }
    // Opens the ledger, and makes it where a login is all that there is yet.
    let accounts = match context::accounts(pipeline) {
        Ok(accounts) => accounts,
        Err(failure) => {
            tracing::debug!(error = %failure.message, "the ledger cannot be opened");
            for index in wanted {
                leave(
                    &mut looks[index],
                    "the ledger, in which calls are counted, cannot be opened",
                );
            }
            return 0;
        }
    };
    let spent = || accounts.iter().map(|account| account.budget.calls()).sum::<u32>();
    for index in wanted {
        let (look, account) = (&mut looks[index], &accounts[index]);
        if spent() >= MOST {
            leave(look, "two calls were spent for this already");
            continue;
        }
        look.vehicles = told(Mapping(account).ask().await.map(drop));
        // Of a container that was never made there is nothing to ask.
        let is_worth_it =
            look.vehicles == Asked::Answered(()) && has_container(&status.accounts[index], status);
        look.containers = match is_worth_it && spent() < MOST {
            true => told(containers(account).await),
            false => Asked::Not("nothing is known of it yet"),
        };
    }
    spent()
}

fn leave(look: &mut AccountLook, why: &'static str) {
    look.vehicles = Asked::Not(why);
    look.containers = Asked::Not(why);
}

/// Whether a call could only be lost, and would count all the same.
fn is_away(api: &Url, network: &Network) -> bool {
    let mut hosts = network.hosts.iter();
    hosts.any(|host| network::is_at(host, api) && !host.is_well())
}

/// Why an account is not asked for.
fn hindrance(look: &AccountLook, account: &AccountStatus, status: &Status) -> Option<&'static str> {
    let Some(login) = &look.login else {
        return Some("nobody has logged in yet");
    };
    if login
        .error
        .as_ref()
        .is_some_and(cardata_auth::AuthError::needs_login)
    {
        return Some("the login is no good");
    }
    if login.missing.iter().any(|scope| scope == cardata_auth::API_SCOPE) {
        return Some("the login does not cover the API");
    }
    if login.is_over && login.error.is_some() {
        return Some("there is no fresh token");
    }
    if account.blocked_until.is_some_and(|until| until > status.now) {
        return Some("it allows no call now");
    }
    if account.calls_left <= RESERVED {
        return Some("hardly a call is left");
    }
    is_known(account, status).then_some("it is known")
}

/// Whether the ledger knows who may be asked for, and of no poll that fails: there is nothing to ask then.
fn is_known(account: &AccountStatus, status: &Status) -> bool {
    let mut mapped = account.mapped.iter();
    let mut polls = status.polls.iter().filter(|poll| poll.account == account.name);
    mapped.any(|(_, primary)| *primary || !account.is_polled) && polls.all(|poll| poll.failures == 0)
}

fn has_container(account: &AccountStatus, status: &Status) -> bool {
    status.containers.iter().any(|set| set.is_of(&account.name))
}

/// The containers that are there.
async fn containers(account: &Handles) -> Result<Vec<String>, ApiError> {
    let listed = account.client.containers().await?;
    let active = listed.into_iter().filter(|container| !container.state.is_gone());
    Ok(active.map(|container| container.id.to_string()).collect())
}

fn told<T>(answer: Result<T, ApiError>) -> Asked<T> {
    let error = match answer {
        Ok(answer) => return Asked::Answered(answer),
        Err(error) => error,
    };
    let trouble = match error.kind() {
        Some(ErrorKind::Token) => Trouble::Token,
        Some(ErrorKind::Scope) => Trouble::Scope,
        _ if error.is_quota() => Trouble::Quota,
        _ => Trouble::Other,
    };
    Asked::Failed(Failed {
        trouble,
        words: Chain(&error).to_string(),
    })
}
