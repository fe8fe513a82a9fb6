//! The ledger of calls while the clock cannot be trusted.

use super::*;
use crate::quota::Allowance;

const YEAR: i64 = 365 * 86_400_000;

/// Whether a call may leave when two a day may.
async fn may_call(journal: &Journal, at: i64) -> bool {
    let allowance = Allowance {
        calls_per_day: 2,
        reserved: 0,
    };
    let spent = journal.spend_call("home", "mappings", time(at), allowance).await;
    spent.unwrap().is_ok()
}

#[tokio::test]
async fn a_clock_that_was_a_year_ahead_for_a_moment_does_not_give_the_day_back() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::open(state.path()).unwrap();
    assert!(may_call(&journal, NOON).await);
    assert!(may_call(&journal, NOON).await);
    assert!(may_call(&journal, NOON + YEAR).await, "that is another day");
    assert!(!may_call(&journal, NOON + 60_000).await);
}
