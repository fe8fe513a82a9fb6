//! `cardata login`: the owner approves once, and the tokens are kept.

pub mod qr;

use std::sync::Arc;

use cardata_auth::{API_SCOPE, AuthError, DeviceCode, TokenSet, TokenStore, login};
use collector::account::token_store;
use collector::state::StateDirectory;
use pipeline::{Account, Pipeline};
use runtime::{Chain, Clock, SystemClock};

use crate::args::LoginArgs;
use crate::terminal::Place;
use crate::{CommandResult, Failure, OrFail, context, import, terminal};

pub async fn run(options: LoginArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    if pipeline.simulator.is_some() {
        return Err(Failure::new(
            2,
            "this pipeline runs on a simulator and logs in by itself",
        ));
    }
    let state =
        StateDirectory::create(&pipeline.state).map_err(|error| Failure::new(2, error.to_string()))?;
    // An approval that cannot be stored would be lost.
    state.probe()?;
    let accounts = chosen(&pipeline, options.account.as_deref())?;
    if let Some(file) = &options.import {
        return import::import(file, &accounts, &pipeline, &state).await;
    }
    for account in accounts {
        log_in(account, &pipeline, &state).await?;
    }
    Ok(())
}

fn chosen<'a>(pipeline: &'a Pipeline, name: Option<&str>) -> Result<Vec<&'a Account>, Failure> {
    let Some(name) = name else {
        return Ok(pipeline.accounts.iter().collect());
    };
    if let Some(found) = pipeline.accounts.iter().find(|account| &*account.name == name) {
        return Ok(vec![found]);
    }
    let names: Vec<_> = pipeline.accounts.iter().map(|account| &*account.name).collect();
    Err(Failure::new(
        2,
        format!("there is no account `{name}`; the file has {}", names.join(", ")),
    ))
}

async fn log_in(account: &Account, pipeline: &Pipeline, state: &StateDirectory) -> CommandResult {
    let store = place(account, state).await?;
    if let Ok(Some(stored)) = store.load()
        && stored.refresh_days_left(SystemClock.now()) > 0.0
    {
        terminal::say(&format!(
            "{}: there is a login, good for {:.0} days. It stays until a new one is approved and stored; Ctrl-C keeps it.",
            account.name,
            stored.refresh_days_left(SystemClock.now())
        ));
    }
    let oauth = context::oauth(account, Arc::new(SystemClock))?;
    let waiting = terminal::spinner("waiting for the approval");
    let result = login(&oauth, &account.client_id, |code| {
        waiting.suspend(|| terminal::say(&invitation(&account.name, code)));
    })
    .await;
    waiting.finish_and_clear();
    let tokens = result.map_err(|error| failure(&account.name, &error))?;
    let missing = tokens.missing_scopes();
    let days = tokens.refresh_days_left(SystemClock.now());
    keep(tokens, store, account, pipeline, state).await?;
    scopes(&account.name, &missing)?;
    terminal::say(&format!(
        "{}: logged in for {days:.0} days; `cardata run` keeps it alive.",
        account.name
    ));
    Ok(())
}

/// Where the tokens of an account go, asked for before anybody approves anything: what cannot be stored would be lost.
pub async fn place(account: &Account, state: &StateDirectory) -> Result<TokenStore, Failure> {
    let store = token_store(account, state);
    store.check_replaceable().or_fail(2)?;
    drop(store.lock().await.or_fail(2)?);
    Ok(store)
}

/// Stores the tokens of a login that was approved, but not while a running collector refreshes the one before.
pub async fn keep(
    tokens: TokenSet,
    store: TokenStore,
    account: &Account,
    pipeline: &Pipeline,
    state: &StateDirectory,
) -> CommandResult {
    context::check_new_login(&tokens, account, pipeline, state)?;
    let _lock = store.lock().await.or_fail(2)?;
    let saved = tokio::task::spawn_blocking(move || store.save(&tokens)).await;
    saved.or_fail(70)?.or_fail(2)
}

/// Without the API nothing can be polled; without the stream only the stream is missing.
pub fn scopes(account: &str, missing: &[String]) -> CommandResult {
    let Some(advice) = advice(account, missing) else {
        return Ok(());
    };
    if missing.iter().any(|scope| scope == API_SCOPE) {
        return Err(Failure::new(4, advice));
    }
    terminal::error(&advice);
    Ok(())
}

/// What to do where BMW did not grant all that is needed.
pub fn advice(account: &str, missing: &[String]) -> Option<String> {
    (!missing.is_empty()).then(|| {
        format!(
            "{account}: BMW did not grant {}. In the BMW portal, under CarData, subscribe this client to \"CarData API\" \
             and \"CarData Stream\", wait two minutes, and log in again.",
            missing.join(" ")
        )
    })
}

/// Why nobody is logged in now, and what to do.
pub fn failure(account: &str, error: &AuthError) -> Failure {
    let code = match error {
        AuthError::InvalidClient { .. } => 2,
        _ => 3,
    };
    let advice = match error.is_transient() {
        true => "; `cardata doctor` looks for what is in the way",
        false => "",
    };
    Failure::new(code, format!("{account}: {}{advice}", Chain(error)))
}

fn invitation(account: &str, code: &DeviceCode) -> String {
    let link = code.link();
    let minutes = code.expires_in.as_secs().div_ceil(60);
    let place = Place::stdout();
    let qr = qr::picture(&link, &place);
    let qr = qr.map_or_else(String::new, |qr| format!("{qr}\n\n"));
    let mut open = format!("  Open   {link}");
    if place.width.is_some_and(|width| open.len() > width) {
        // From the edge on, it is one link to the terminal even where it goes on on the next line.
        open = format!("  Open\n{link}");
    }
    format!(
        "\nAccount {account}: approve this device within {minutes} minutes.\n\n{qr}{open}\n  Code   {}\n",
        code.user_code
    )
}
