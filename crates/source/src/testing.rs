//! One account for tests of what stands on its handles: a ledger in memory, tokens in a folder, a clock of the test.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cardata_api::Client;
use cardata_auth::{Authenticator, OAuthClient, TokenStore};
use collector_core::LogId;
use ledger::testing::MemoryLedger;
use runtime::Clock;

use crate::{Budget, Handles, Hearing, LedgerGate, Login, Pace, WantedSets};

/// The account of a test.
#[derive(Debug, Clone)]
pub struct TestAccount {
    pub handles: Handles,
    /// The ledger in the handles.
    pub ledger: Arc<MemoryLedger>,
}

/// The account `home` at this backend, with its tokens in a folder. Needs a crypto provider, connects to nothing.
pub fn account(
    http: &reqwest::Client,
    backend: &url::Url,
    tokens: &Path,
    clock: &Arc<dyn Clock>,
) -> TestAccount {
    let ledger = Arc::new(MemoryLedger::default());
    let name = collector_core::Name::from("home");
    let oauth = OAuthClient::new(http.clone(), backend.clone(), clock.clone());
    let client_id = "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse();
    #[expect(clippy::unwrap_used, reason = "a literal")]
    let authenticator = Authenticator::new(
        name.clone(),
        client_id.unwrap(),
        oauth,
        TokenStore::new(tokens.to_owned(), name.clone()),
        Vec::new(),
    );
    let budget = Budget::new(name.clone(), ledger.clone(), 50);
    let gate = LedgerGate::new(clock.clone(), budget.clone());
    let client = Client::new(
        http.clone(),
        backend.clone(),
        Arc::new(authenticator.clone()),
        Arc::new(gate),
    );
    #[expect(clippy::unwrap_used, reason = "a literal")]
    let stream = "mqtt://127.0.0.1:9".parse().unwrap();
    let handles = Handles {
        login: Login {
            account: name,
            authenticator,
        },
        client,
        clock: clock.clone(),
        ledger: ledger.clone(),
        budget,
        hearing: Arc::new(Hearing::default()),
        sets: Arc::new(WantedSets::default()),
        stream,
        pace: Arc::new(Pace::default()),
        trust: collector_core::Trust::default(),
        window: Duration::from_secs(1),
        log_id: LogId::new("test"),
        names: collector_core::Names::default(),
        images: tokens.join("images").into(),
    };
    TestAccount { handles, ledger }
}
