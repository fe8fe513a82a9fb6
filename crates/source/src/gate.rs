//! The gate in front of every call: it writes the call into the ledger before it leaves.

use std::sync::Arc;

use async_trait::async_trait;
use cardata_api::{Call, CallGate, Outcome, Refusal};
use jiff::{SignedDuration, Timestamp};
use planner::quota::{Allowance, next_utc_midnight};
use runtime::{Chain, Clock};
use tokio::sync::Mutex;

use crate::Budget;

/// Admits a call when the ledger has room for it and has written it down.
#[derive(Debug)]
pub struct LedgerGate {
    clock: Arc<dyn Clock>,
    budget: Budget,
    /// The ledger's number of the call that is under way. An account makes one call at a time.
    open: Mutex<Option<i64>>,
}

impl LedgerGate {
    /// The gate of the account that `budget` is for.
    pub fn new(clock: Arc<dyn Clock>, budget: Budget) -> Self {
        Self {
            clock,
            budget,
            open: Mutex::new(None),
        }
    }

    /// Somebody else spends calls of this account, or BMW allows fewer: no more until the day ends.
    async fn block(&self, now: Timestamp) {
        let until = next_utc_midnight(now) + behind_midnight(&self.budget.account);
        tracing::warn!(account = %self.budget.account, %until, "BMW says that the calls of the day are used up; another program may use this account");
        if let Err(error) = self.budget.block(until).await {
            tracing::warn!(account = %self.budget.account, error = %Chain(&error), "could not note that the calls are used up");
        }
    }
}

#[async_trait]
impl CallGate for LedgerGate {
    async fn admit(&self, call: Call) -> Result<(), Refusal> {
        let now = self.clock.now();
        let calls_per_day = self.budget.calls_per_day();
        let allowance = match call {
            Call::TelematicData => Allowance::for_polls(calls_per_day),
            _ => Allowance::for_necessities(calls_per_day),
        };
        match self.budget.spend(call.as_str(), now, allowance).await {
            Ok(Ok(id)) => {
                *self.open.lock().await = Some(id);
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
            && let Err(error) = self.budget.settle(id, outcome_name(outcome)).await
        {
            tracing::warn!(account = %self.budget.account, error = %Chain(&error), "could not note how a call ended");
        }
        if matches!(outcome, Outcome::QuotaExceeded { .. }) {
            self.block(self.clock.now()).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_tells_polls_from_upkeep_by_the_same_word() {
        assert_eq!(Call::TelematicData.as_str(), ledger::POLL);
    }
}
