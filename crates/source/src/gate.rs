//! The gate in front of every call: it writes the call into the ledger before it leaves.

use std::sync::Arc;

use async_trait::async_trait;
use cardata_api::{Call, CallGate, Outcome, Refusal};
use jiff::{SignedDuration, Timestamp};
use planner::quota::next_utc_midnight;
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
    async fn block_the_day(&self, now: Timestamp) {
        let until = next_utc_midnight(now) + behind_midnight(&self.budget.account);
        tracing::warn!(account = %self.budget.account, %until, "BMW says that the calls of the day are used up; another program may use this account");
        self.block(until).await;
    }

    async fn block(&self, until: Timestamp) {
        if let Err(error) = self.budget.block(until).await {
            tracing::warn!(account = %self.budget.account, error = %Chain(&error), "could not note that no call may leave");
        }
    }
}

#[async_trait]
impl CallGate for LedgerGate {
    async fn admit(&self, call: Call) -> Result<(), Refusal> {
        let now = self.clock.now();
        let (word, allowance) = self.budget.terms(call);
        match self.budget.spend(word, now, allowance).await {
            Ok(Ok(id)) => {
                *self.open.lock().await = Some(id);
                Ok(())
            }
            Ok(Err(denied)) => Err(Refusal {
                reason: "no call of the account may leave for now".to_owned(),
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
        let now = self.clock.now();
        match outcome {
            Outcome::QuotaExceeded { .. } => self.block_the_day(now).await,
            // At most a day, which no timestamp is short of.
            Outcome::Slowed { retry_after } => self.block(now + retry_after).await,
            Outcome::Ok | Outcome::Failed => {}
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
        Outcome::Failed | Outcome::Slowed { .. } => "failed",
        Outcome::QuotaExceeded { .. } => "quota",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cardata_api::Class;
    use ledger::testing::MemoryLedger;
    use runtime::testing::ManualClock;

    use super::*;

    #[test]
    fn the_ledger_tells_polls_from_upkeep_by_the_same_words() {
        let calls = [
            Call::Mappings,
            Call::BasicData,
            Call::Containers,
            Call::CreateContainer,
            Call::DeleteContainer,
            Call::TelematicData,
            Call::Vehicle,
            Call::ChargingHistory,
            Call::Tyres,
            Call::ChargingSettings,
            Call::Image,
        ];
        for call in calls {
            let is_poll = call.class() == Class::Poll;
            assert_eq!(ledger::is_poll(call.as_str()), is_poll, "{call}");
        }
        assert_eq!(Call::TelematicData.as_str(), ledger::POLL);
    }

    #[tokio::test]
    async fn a_document_leaves_the_reserve_alone() {
        let clock = Arc::new(ManualClock::jumping("2026-03-01T06:00:00Z".parse().unwrap()));
        let budget = Budget::new("home".into(), Arc::new(MemoryLedger::default()), 3);
        let gate = LedgerGate::new(clock.clone(), budget.clone());
        gate.admit(Call::ChargingHistory).await.unwrap();
        gate.admit(Call::Image).await.unwrap_err();
        assert_eq!(budget.spent_calls(clock.now()).await.unwrap().upkeep.len(), 0);
        gate.admit(Call::BasicData).await.unwrap();
        gate.admit(Call::Containers).await.unwrap();
    }

    #[tokio::test]
    async fn a_pause_that_is_asked_for_is_no_lost_day() {
        let clock = Arc::new(ManualClock::jumping("2026-03-01T06:00:00Z".parse().unwrap()));
        let ledger = Arc::new(MemoryLedger::default());
        let budget = Budget::new("home".into(), ledger, 50);
        let gate = LedgerGate::new(clock.clone(), budget);
        let retry_after = Duration::from_secs(90);
        for outcome in [
            Outcome::Slowed { retry_after },
            Outcome::QuotaExceeded {
                retry_after: Some(retry_after),
            },
        ] {
            gate.admit(Call::Mappings).await.unwrap();
            gate.settle(Call::Mappings, outcome).await;
            clock.advance(Duration::from_secs(89));
            gate.admit(Call::TelematicData).await.unwrap_err();
            clock.advance(Duration::from_secs(2));
            let admitted = gate.admit(Call::TelematicData).await;
            let is_day = matches!(outcome, Outcome::QuotaExceeded { .. });
            assert_eq!(admitted.is_err(), is_day, "{outcome:?}");
        }
    }
}
