//! The handles of an account, out of the pipeline file and the state directory.

use std::sync::Arc;

use cardata_api::Client;
use cardata_auth::{Authenticator, OAuthClient, TokenStore};
use collector_core::{LogId, Names, Trust};
use ledger::Ledger;
use pipeline::JournalOptions;
use runtime::Clock;
use source::{Budget, Handles, Hearing, LedgerGate, Login, WantedSets};

use crate::state::StateDirectory;

/// Puts the handles of an account together, with its client and whom that trusts. Neither connects nor reads a file.
pub fn handles(
    account: &pipeline::Account,
    (http, trust): (reqwest::Client, Trust),
    state: &StateDirectory,
    ledger: &Arc<dyn Ledger>,
    log_id: &LogId,
    clock: &Arc<dyn Clock>,
) -> Handles {
    let authenticator = authenticator(account, &http, state, clock);
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
        trust,
        window: JournalOptions::default().window,
        log_id: log_id.clone(),
        names: Names::default(),
    }
}

/// The login of an account, with its tokens in the state directory.
pub fn authenticator(
    account: &pipeline::Account,
    http: &reqwest::Client,
    state: &StateDirectory,
    clock: &Arc<dyn Clock>,
) -> Authenticator {
    let oauth = OAuthClient::new(http.clone(), account.auth.clone(), clock.clone());
    let store = token_store(account, state);
    Authenticator::new(account.name.clone(), account.client_id.clone(), oauth, store)
}

/// Where the tokens of an account are, encrypted if the pipeline file has a passphrase for them.
pub fn token_store(account: &pipeline::Account, state: &StateDirectory) -> TokenStore {
    let passphrase = account.passphrase.as_ref();
    TokenStore::new(state.tokens(), account.name.clone())
        .with_passphrase(passphrase.map(|passphrase| passphrase.expose().trim().into()))
}
