//! One account at run time: its login, its API client, and the gate that writes every call into the ledger
//! before it leaves.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use cardata_api::{Call, CallGate, Client, Outcome, Refusal};
use cardata_auth::{Authenticator, Clock, OAuthClient, TokenStore};
use collector_core::{BrokerAddress, Name, Trust};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::config;
use crate::journal::Journal;
use crate::quota::{Allowance, RESERVED, next_utc_midnight};
use crate::schedule::{self, Hearing, Situation, Target};
use crate::sources::WantedSets;
use crate::state::StateDirectory;

/// An account that can be called.
pub struct Account {
    pub name: Name,
    pub calls_per_day: u32,
    pub authenticator: Authenticator,
    pub client: Client,
    pub clock: Arc<dyn Clock>,
    pub journal: Journal,
    /// The sets of descriptors that its sources ask for.
    pub sets: WantedSets,
    /// Where its stream is.
    pub stream: BrokerAddress,
    /// Whom its stream trusts.
    pub trust: Trust,
    /// What its stream tells the scheduler.
    pub hearing: Hearing,
    calls: Arc<AtomicU32>,
    /// What the scheduler plans for, as it was when it last did.
    targets: std::sync::Mutex<Vec<Target>>,
}

impl Account {
    /// Puts the parts together. Neither connects nor reads a file. Its stream trusts nobody yet.
    pub fn new(
        options: &config::Account,
        http: &reqwest::Client,
        state: &StateDirectory,
        journal: &Journal,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let authenticator = authenticator(options, http, state, clock);
        let calls = Arc::new(AtomicU32::new(0));
        let gate = LedgerGate {
            account: options.name.clone(),
            calls_per_day: options.calls_per_day,
            journal: journal.clone(),
            clock: clock.clone(),
            calls: calls.clone(),
            open: Mutex::new(None),
        };
        let client = Client::new(
            http.clone(),
            options.api.clone(),
            Arc::new(authenticator.clone()),
            Arc::new(gate),
        );
        Self {
            name: options.name.clone(),
            calls_per_day: options.calls_per_day,
            authenticator,
            client,
            clock: clock.clone(),
            journal: journal.clone(),
            sets: WantedSets::default(),
            stream: options.stream.clone(),
            trust: Trust::default(),
            hearing: Hearing::default(),
            calls,
            targets: std::sync::Mutex::default(),
        }
    }

    /// Lets its stream trust these authorities.
    #[must_use]
    pub fn trusting(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// The calls that left since the program started.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many calls may leave now for what can wait: what was not spent of the reserve in the last 24 hours, and
    /// what the polls that were promised for the next 24 do not need. In a process that polls nothing, the
    /// reserve alone. 0 where the ledger cannot be read.
    pub async fn spare_calls(&self) -> u32 {
        let now = self.clock.now();
        let (Ok(upkeep), Ok(spent)) = (
            self.journal.upkeep_calls(&self.name, now).await,
            self.journal.spent_calls(&self.name, now).await,
        ) else {
            return 0;
        };
        let left = spent.left(Allowance::for_necessities(self.calls_per_day), now);
        let targets = self
            .targets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let situation = Situation {
            now,
            spent: &spent,
            limit: Allowance::for_polls(self.calls_per_day).limit(),
            night: false,
            targets: &targets,
        };
        let spare = if targets.is_empty() {
            0
        } else {
            schedule::plan(&situation).spare
        };
        spare.saturating_add(RESERVED.saturating_sub(upkeep)).min(left)
    }

    pub(crate) fn set_targets(&self, targets: Vec<Target>) {
        *self.targets.lock().unwrap_or_else(PoisonError::into_inner) = targets;
    }
}

/// The login of an account, with its tokens in the state directory.
pub fn authenticator(
    options: &config::Account,
    http: &reqwest::Client,
    state: &StateDirectory,
    clock: &Arc<dyn Clock>,
) -> Authenticator {
    let oauth = OAuthClient::new(http.clone(), options.auth.clone(), clock.clone());
    let store = token_store(options, state);
    Authenticator::new(options.name.clone(), options.client_id.clone(), oauth, store)
}

/// Where the tokens of an account are, encrypted if the pipeline file has a passphrase for them.
pub fn token_store(options: &config::Account, state: &StateDirectory) -> TokenStore {
    let passphrase = options.passphrase.as_ref();
    TokenStore::new(state.tokens(), options.name.clone())
        .with_passphrase(passphrase.map(|passphrase| passphrase.expose().trim().into()))
}

/// Admits a call when the ledger has room for it and has written it down.
#[derive(Debug)]
struct LedgerGate {
    account: Name,
    calls_per_day: u32,
    journal: Journal,
    clock: Arc<dyn Clock>,
    calls: Arc<AtomicU32>,
    /// The ledger's number of the call that is under way. An account makes one call at a time.
    open: Mutex<Option<i64>>,
}

#[async_trait]
impl CallGate for LedgerGate {
    async fn admit(&self, call: Call) -> Result<(), Refusal> {
        let now = self.clock.now();
        let allowance = match call {
            Call::TelematicData => Allowance::for_polls(self.calls_per_day),
            _ => Allowance::for_necessities(self.calls_per_day),
        };
        let spent = self
            .journal
            .spend_call(&self.account, call.as_str(), now, allowance)
            .await;
        match spent {
            Ok(Ok(id)) => {
                *self.open.lock().await = Some(id);
                self.calls.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Ok(Err(denied)) => Err(Refusal {
                reason: "the calls of the day are used up".to_owned(),
                retry_at: Some(denied.until),
            }),
            // Without a ledger no call is safe.
            Err(error) => Err(Refusal {
                reason: format!("the call could not be written into the ledger: {}", Chain(&error)),
                retry_at: None,
            }),
        }
    }

    async fn settle(&self, _: Call, outcome: Outcome) {
        let id = self.open.lock().await.take();
        if let Some(id) = id
            && let Err(error) = self.journal.settle_call(id, outcome_name(outcome)).await
        {
            tracing::warn!(account = %self.account, error = %Chain(&error), "could not note how a call ended");
        }
        if matches!(outcome, Outcome::QuotaExceeded { .. }) {
            self.block(self.clock.now()).await;
        }
    }
}

impl LedgerGate {
    /// Somebody else spends calls of this account, or BMW allows fewer: no more until the day ends.
    async fn block(&self, now: Timestamp) {
        let until = next_utc_midnight(now) + behind_midnight(&self.account);
        tracing::warn!(account = %self.account, %until, "BMW says that the calls of the day are used up; another program may use this account");
        if let Err(error) = self.journal.block_calls(&self.account, until).await {
            tracing::warn!(account = %self.account, error = %Chain(&error), "could not note that the calls are used up");
        }
    }
}

/// BMW's clock and ours need not agree, and not every account of the world comes back at once.
fn behind_midnight(account: &str) -> SignedDuration {
    let mixed = account.bytes().fold(7_u64, |mixed, byte| {
        mixed.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    SignedDuration::from_secs(20 + i64::try_from(mixed % 60).unwrap_or_default())
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Failed => "failed",
        Outcome::QuotaExceeded { .. } => "quota",
    }
}

/// An error with its sources, in one line.
pub struct Chain<'a, E: ?Sized>(pub &'a E);

impl<E: std::error::Error + ?Sized> std::fmt::Display for Chain<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
