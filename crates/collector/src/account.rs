//! The handles of an account, out of the pipeline file and the state directory.

use std::sync::Arc;

use cardata_api::Client;
use cardata_auth::{Authenticator, OAuthClient, TokenStore};
use collector_core::{LogId, Names, Trust};
use ledger::Ledger;
use pipeline::JournalOptions;
use runtime::Clock;
use source::{Budget, Handles, Hearing, LedgerGate, Login, Pace, WantedSets};

use crate::RunError;
use crate::state::StateDirectory;

/// Puts the handles of an account together, with its client and whom that trusts. Neither connects nor reads a file.
pub fn handles(
    account: &pipeline::Account,
    accounts: &[pipeline::Account],
    (http, trust): (reqwest::Client, Trust),
    state: &StateDirectory,
    ledger: &Arc<dyn Ledger>,
    log_id: &LogId,
    clock: &Arc<dyn Clock>,
) -> Handles {
    let authenticator = authenticator(account, accounts, &http, state, clock);
    let budget = Budget::new(account.name.clone(), ledger.clone(), account.calls_per_day);
    let gate = LedgerGate::new(clock.clone(), budget.clone());
    let client = Client::new(
        http,
        account.api.clone(),
        Arc::new(authenticator.clone()),
        Arc::new(gate),
    );
    Handles {
        login: Login {
            account: account.name.clone(),
            authenticator,
        },
        client,
        clock: clock.clone(),
        ledger: ledger.clone(),
        budget,
        hearing: Arc::new(Hearing::default()),
        sets: Arc::new(WantedSets::default()),
        stream: account.stream.clone(),
        pace: Arc::new(Pace::default()),
        trust,
        window: JournalOptions::default().window,
        log_id: log_id.clone(),
        names: Names::default(),
        images: state.images().into(),
    }
}

/// The login of one of these accounts, with its tokens in the state directory. Of two that turn out to be one BMW account, also
/// while they are in use, the first is taken.
pub fn authenticator(
    account: &pipeline::Account,
    accounts: &[pipeline::Account],
    http: &reqwest::Client,
    state: &StateDirectory,
    clock: &Arc<dyn Clock>,
) -> Authenticator {
    let oauth = OAuthClient::new(http.clone(), account.auth.clone(), clock.clone());
    let store = token_store(account, state);
    let before = accounts.iter().take_while(|other| other.name != account.name);
    let before = before.filter(|other| other.api == account.api);
    let others = before.map(|other| token_store(other, state)).collect();
    Authenticator::new(
        account.name.clone(),
        account.client_id.clone(),
        oauth,
        store,
        others,
    )
}

/// Where the tokens of an account are, encrypted if the pipeline file has a passphrase for them.
pub fn token_store(account: &pipeline::Account, state: &StateDirectory) -> TokenStore {
    let passphrase = account.passphrase.as_ref();
    TokenStore::new(state.tokens(), account.name.clone())
        .with_passphrase(passphrase.map(|passphrase| passphrase.expose().trim().into()))
}

/// The one of these accounts whose stored login is of this BMW account, at the same API, beside the account that is called
/// `name`. A login that cannot be read is of none.
pub fn other_of<'a>(
    gcid: Option<&str>,
    account: &pipeline::Account,
    accounts: &'a [pipeline::Account],
    state: &StateDirectory,
) -> Option<&'a pipeline::Account> {
    let gcid = gcid?;
    accounts.iter().find(|other| {
        let stored = token_store(other, state).load();
        let theirs = stored.ok().flatten().and_then(|tokens| tokens.gcid);
        other.name != account.name && other.api == account.api && theirs.as_deref() == Some(gcid)
    })
}

/// This user may see who is logged in, and no two accounts are logged in to one BMW account: it has one quota and one stream,
/// whatever they are called.
///
/// # Errors
/// [`RunError::Tokens`]; [`RunError::SameAccount`] names the first two that are.
pub fn check_logins(accounts: &[pipeline::Account], state: &StateDirectory) -> Result<(), RunError> {
    for account in accounts {
        token_store(account, state)
            .check_readable()
            .map_err(RunError::Tokens)?;
    }
    if accounts.len() < 2 {
        return Ok(());
    }
    for (index, account) in accounts.iter().enumerate() {
        let stored = token_store(account, state).load();
        let gcid = stored.ok().flatten().and_then(|tokens| tokens.gcid);
        if let Some(first) = other_of(gcid.as_deref(), account, &accounts[..index], state) {
            return Err(RunError::SameAccount {
                first: first.name.clone(),
                second: account.name.clone(),
            });
        }
    }
    Ok(())
}
