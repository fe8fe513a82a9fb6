//! The calls of an account: spent, written down, and how many it can spare for what can wait.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cardata_api::{Call, Class};
use collector_core::Name;
use jiff::{SignedDuration, Timestamp};
use ledger::{Calls, Fact, StoreError};
use planner::quota::{Allowance, Denied, RESERVED, Spent};

/// What was spent is read again after this: another process may have spent something, which a call would tell at once.
const TRUSTED: SignedDuration = SignedDuration::from_mins(15);

/// What may be spent, as the poller last planned it. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    pub(crate) account: Name,
    pub(crate) ledger: Arc<dyn Calls>,
    calls_per_day: u32,
    /// Calls that left since the program started.
    calls: Arc<AtomicU32>,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    planned: Option<Planned>,
    /// What was spent, as the ledger last said, and when that was.
    spent: Option<(Spent, Timestamp)>,
    poll: Option<UnderWay>,
}

/// A poll that is being made, and what the ledger is told of it when it is told of something else.
#[derive(Debug)]
struct UnderWay {
    /// Whether the owner asked for it.
    is_demanded: bool,
    /// Written with the first call that leaves.
    begun: Option<Fact>,
    /// How its calls ended.
    settled: Vec<Fact>,
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
            memory: Arc::default(),
        }
    }

    pub fn calls_per_day(&self) -> u32 {
        self.calls_per_day
    }

    /// The calls that left since the program started.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// A poll begins: `begun` is written together with its first call. How its calls end is written by whoever ends it.
    /// One that the owner demanded may use what the owner's own calls may.
    pub fn begin_poll(&self, begun: Fact, is_demanded: bool) {
        self.memory().poll = Some(UnderWay {
            is_demanded,
            begun: Some(begun),
            settled: Vec::new(),
        });
    }

    /// The poll is over; what is still to be written of its calls.
    pub fn end_poll(&self) -> Vec<Fact> {
        let poll = self.memory().poll.take();
        poll.map(|poll| poll.settled).unwrap_or_default()
    }

    /// The word by which the ledger knows a call that is about to leave, and what that may use of the quota.
    pub fn terms(&self, call: Call) -> (&'static str, Allowance) {
        let is_demanded = self.memory().poll.as_ref().is_some_and(|poll| poll.is_demanded);
        match (call, call.class()) {
            (Call::TelematicData, _) if is_demanded => {
                (ledger::DEMANDED, Allowance::for_necessities(self.calls_per_day))
            }
            (_, Class::Poll) => (call.as_str(), Allowance::for_polls(self.calls_per_day)),
            (_, Class::Upkeep | Class::Owner) => {
                (call.as_str(), Allowance::for_necessities(self.calls_per_day))
            }
        }
    }

    /// Writes a call down before it leaves, if it may: the number of the call.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn spend(
        &self,
        call: &'static str,
        now: Timestamp,
        allowance: Allowance,
    ) -> Result<Result<i64, Denied>, StoreError> {
        let facts = self
            .memory()
            .poll
            .as_ref()
            .map(UnderWay::unwritten)
            .unwrap_or_default();
        let written = facts.len();
        let spent = self.ledger.spend_call(&self.account, call, now, allowance, facts);
        let spent = spent.await?;
        let mut memory = self.memory();
        let admitted = match spent {
            Ok(admitted) => admitted,
            Err(denied) => {
                memory.spent = None;
                return Ok(Err(denied));
            }
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        memory.spent = Some((admitted.spent, now));
        if let Some(poll) = &mut memory.poll {
            poll.written(written);
        }
        Ok(Ok(admitted.id))
    }

    /// Notes how a call ended; that of a poll together with what the poll brought.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn settle(&self, id: i64, outcome: &'static str) -> Result<(), StoreError> {
        let settled = Fact::Settled { id, outcome };
        if let Some(poll) = &mut self.memory().poll {
            poll.settled.push(settled);
            return Ok(());
        }
        self.ledger.note(vec![settled]).await
    }

    /// No call may leave before `until`: BMW says that none is left.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn block(&self, until: Timestamp) -> Result<(), StoreError> {
        self.memory().spent = None;
        self.ledger.block_calls(&self.account, until).await
    }

    /// The clock was set: the calls keep their age.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn move_with_the_clock(&self, by: SignedDuration) -> Result<(), StoreError> {
        self.memory().spent = None;
        self.ledger.move_with_the_clock(&self.account, by).await
    }

    /// So many calls no promise of the next 24 hours needs, as planned `at` this moment.
    pub fn publish(&self, spare: u32, at: Timestamp) {
        self.memory().planned = Some(Planned { spare, at });
    }

    /// How many calls may leave now for what can wait: what the promised polls do not need, or what was not spent of the
    /// reserve in the last 24 hours where that is more. In a process that polls nothing, the reserve alone. 0 where the
    /// ledger cannot be read.
    pub async fn spare_calls(&self, now: Timestamp) -> u32 {
        let Ok(spent) = self.spent_calls(now).await else {
            return 0;
        };
        let left = spent.left(Allowance::for_necessities(self.calls_per_day), now);
        self.beside_promises(&spent)
            .max(spent.reserve_left(now))
            .min(left)
    }

    /// Whether so many calls may leave now for a poll that the owner demands, which can wait: it takes nothing that the promised
    /// polls need beside the reserve. Else when they may, as far as is known: that may be sooner.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn admits(&self, calls: u32, now: Timestamp) -> Result<Result<(), Denied>, StoreError> {
        let spent = self.spent_calls(now).await?;
        let allowance = Allowance::for_necessities(self.calls_per_day);
        let spare = self.beside_promises(&spent).max(spent.reserve_left(now));
        if calls <= spare.min(spent.left(allowance, now)) {
            return Ok(Ok(()));
        }
        let day_opens = allowance.permits(&spent, now).err().map(|denied| denied.until);
        let until = day_opens.max(Some(spent.reserve_opens(now)));
        // Later than now also where one is left, and several are wanted.
        let until = until
            .filter(|until| *until > now)
            .unwrap_or(now + SignedDuration::from_mins(1));
        Ok(Err(Denied { until }))
    }

    /// The same for polls, which leave the reserve alone: what the promised ones do not need.
    pub async fn spare_polls(&self, now: Timestamp) -> u32 {
        let Ok(spent) = self.spent_calls(now).await else {
            return 0;
        };
        let left = spent.left(Allowance::for_polls(self.calls_per_day), now);
        self.beside_promises(&spent).min(left)
    }

    /// What is left of the calls that no promise needed when it was planned. Whoever spent since, be it another process,
    /// spent of that.
    fn beside_promises(&self, spent: &Spent) -> u32 {
        let Some(planned) = self.memory().planned else {
            return 0;
        };
        let since = spent.calls.iter().filter(|at| **at >= planned.at).count();
        planned
            .spare
            .saturating_sub(u32::try_from(since).unwrap_or(u32::MAX))
    }

    /// What was spent, by this process or another.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn spent_calls(&self, now: Timestamp) -> Result<Spent, StoreError> {
        let spent = self.ledger.spent_calls(&self.account, now).await?;
        self.memory().spent = Some((spent.clone(), now));
        Ok(spent)
    }

    /// The same for a plan, without a look at the ledger where it said so not long ago: what another process spent since
    /// makes a plan too hopeful, and lets no call leave.
    ///
    /// # Errors
    /// As [`spent_calls`](Self::spent_calls).
    pub async fn known_calls(&self, now: Timestamp) -> Result<Spent, StoreError> {
        let known = self.memory().known(now);
        match known {
            Some(spent) => Ok(spent),
            None => self.spent_calls(now).await,
        }
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

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn known(&self, now: Timestamp) -> Option<Spent> {
        let (spent, at) = self.spent.as_ref()?;
        let age = now.duration_since(*at);
        (!age.is_negative() && age < TRUSTED).then(|| Spent {
            blocked_until: spent.blocked_until.filter(|until| *until > now),
            ..spent.clone()
        })
    }
}

impl UnderWay {
    fn unwritten(&self) -> Vec<Fact> {
        self.begun.iter().chain(&self.settled).cloned().collect()
    }

    /// The first of these are on disk.
    fn written(&mut self, facts: usize) {
        let begun = usize::from(self.begun.take().is_some());
        self.settled
            .drain(..facts.saturating_sub(begun).min(self.settled.len()));
    }
}

#[cfg(test)]
mod tests {
    use ledger::testing::MemoryLedger;

    use super::*;

    #[tokio::test]
    async fn a_demanded_poll_takes_of_the_reserve_and_of_what_no_promise_needs() {
        let budget = Budget::new("home".into(), Arc::new(MemoryLedger::default()), 50);
        let mut now: Timestamp = "2026-03-01T06:00:00Z".parse().unwrap();
        let begun = Fact::Settled { id: 0, outcome: "ok" };
        budget.begin_poll(begun, true);
        budget.publish(3, now);
        let mut made = Vec::new();
        while let Ok(()) = budget.admits(1, now).await.unwrap() {
            now += SignedDuration::from_mins(10);
            let (call, allowance) = budget.terms(Call::TelematicData);
            assert_eq!(call, ledger::DEMANDED);
            budget.spend(call, now, allowance).await.unwrap().unwrap();
            made.push(now);
        }
        assert_eq!(made.len(), 3, "and two of them count for the reserve");
        let denied = budget.admits(1, now).await.unwrap().unwrap_err();
        assert_eq!(denied.until, made[1] + SignedDuration::from_hours(24));
        assert_eq!(budget.admits(1, denied.until).await.unwrap(), Ok(()));
        budget.end_poll();
        assert_eq!(budget.terms(Call::TelematicData).1, Allowance::for_polls(50));
    }

    #[tokio::test]
    async fn a_poll_takes_nothing_of_the_reserve() {
        let budget = Budget::new("home".into(), Arc::new(MemoryLedger::default()), 50);
        let now: Timestamp = "2026-03-01T06:00:00Z".parse().unwrap();
        assert_eq!(
            (budget.spare_calls(now).await, budget.spare_polls(now).await),
            (2, 0)
        );
        budget.publish(5, now);
        let spend = budget.spend("telematic_data", now, Allowance::for_polls(50));
        spend.await.unwrap().unwrap();
        assert_eq!(
            (budget.spare_calls(now).await, budget.spare_polls(now).await),
            (4, 4)
        );
        budget.publish(60, now);
        assert_eq!(
            (budget.spare_calls(now).await, budget.spare_polls(now).await),
            (49, 47)
        );
    }
}
