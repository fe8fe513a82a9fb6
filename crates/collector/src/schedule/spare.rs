//! Calls that no planned poll needs.

use std::sync::atomic::Ordering;

use crate::account::Account;
use crate::quota::{Allowance, RESERVED};

impl Account {
    /// How many calls may leave now for what can wait: what the plan of polls leaves over and the reserve, less
    /// what was spent in the last 24 hours on anything but polls. 0 where the ledger cannot be read.
    pub async fn spare_calls(&self) -> u32 {
        let now = self.clock.now();
        let (Ok(upkeep), Ok(spent)) = (
            self.journal.upkeep_calls(&self.name, now).await,
            self.journal.spent_calls(&self.name, now).await,
        ) else {
            return 0;
        };
        let left = spent.left(Allowance::for_necessities(self.calls_per_day), now);
        let unplanned = self.unplanned.load(Ordering::Relaxed);
        RESERVED
            .saturating_add(unplanned)
            .saturating_sub(upkeep)
            .min(left)
    }

    /// How many calls of a whole day the plan of polls leaves over.
    pub(super) fn leaves_unplanned(&self, calls: u32) {
        self.unplanned.store(calls, Ordering::Relaxed);
    }
}
