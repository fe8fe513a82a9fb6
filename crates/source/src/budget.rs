//! How many calls an account can spare, for what can wait.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use collector_core::Name;
use jiff::Timestamp;
use ledger::{Calls, StoreError};
use planner::quota::{Allowance, RESERVED, Spent};

/// What may be spent, as the poller last planned it. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    pub(crate) account: Name,
    pub(crate) ledger: Arc<dyn Calls>,
    calls_per_day: u32,
    /// Calls that left since the program started.
    calls: Arc<AtomicU32>,
    planned: Arc<Mutex<Option<Planned>>>,
}

/// What a plan left over.
#[derive(Debug, Clone, Copy)]
struct Planned {
    spare: u32,
    at: Timestamp,
}

impl Budget {
    /// Of an account that nothing was planned for yet.
    pub fn new(account: Name, ledger: Arc<dyn Calls>, calls_per_day: u32) -> Self {
        Self {
            account,
            ledger,
            calls_per_day,
            calls: Arc::default(),
            planned: Arc::default(),
        }
    }

    pub fn calls_per_day(&self) -> u32 {
        self.calls_per_day
    }

    /// The calls that left since the program started.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// A call leaves.
    pub(crate) fn spent(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// So many calls no promise of the next 24 hours needs, as planned `at` this moment.
    pub fn publish(&self, spare: u32, at: Timestamp) {
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = Some(Planned { spare, at });
    }

    /// How many calls may leave now for what can wait: what the promised polls do not need, or what was not spent of the
    /// reserve in the last 24 hours where that is more. In a process that polls nothing, the reserve alone. 0 where the
    /// ledger cannot be read.
    pub async fn spare_calls(&self, now: Timestamp) -> u32 {
        let Ok(spent) = self.spent_calls(now).await else {
            return 0;
        };
        let left = spent.left(Allowance::for_necessities(self.calls_per_day), now);
        let planned = *self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever spent since the plan, be it another process, spent of that.
        let spare = planned.map_or(0, |planned| {
            let since = spent.calls.iter().filter(|at| **at >= planned.at).count();
            planned
                .spare
                .saturating_sub(u32::try_from(since).unwrap_or(u32::MAX))
        });
        spare.max(spent.reserve_left(now)).min(left)
    }

    /// What was spent.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn spent_calls(&self, now: Timestamp) -> Result<Spent, StoreError> {
        self.ledger.spent_calls(&self.account, now).await
    }

    /// How many calls could be made now that leave a whole reserve behind them.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn left_beside_reserve(&self, now: Timestamp) -> Result<u32, StoreError> {
        let spent = self.spent_calls(now).await?;
        let left = spent.left(Allowance::for_necessities(self.calls_per_day), now);
        Ok(left.saturating_sub(RESERVED))
    }
}
