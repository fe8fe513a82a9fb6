//! When each vehicle was last asked, so that a restart asks no earlier than the schedule says.

use collector_core::Vin;
use jiff::{SignedDuration, Timestamp};

use async_trait::async_trait;
use store::timestamp;

use crate::{Result, SqlLedger};

/// The problem of an attempt of which nothing is known but that it began: it is under way, or the program was killed.
pub const INTERRUPTED: &str = "interrupted";

/// The last attempts of one source to ask for one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollRecord {
    pub last_at: Timestamp,
    pub last_success_at: Option<Timestamp>,
    /// Failures since the last success.
    pub failures: u32,
    /// Why the last attempt failed.
    pub problem: Option<String>,
    /// What is remembered of the vehicle for the next poll: its activity, in the planner's own JSON, or what a source of
    /// documents says, a list. `None` leaves what is there.
    pub activity: Option<String>,
}

/// When one source asks for one vehicle next, for `cardata status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPoll {
    pub source: String,
    pub vin: Vin,
    pub next_at: Timestamp,
    /// The interval at which it goes on as things are.
    pub every: SignedDuration,
    /// In words.
    pub reason: String,
}

/// When what was asked. It is told by [`Fact::Polled`](crate::Fact::Polled) and [`Fact::Planned`](crate::Fact::Planned).
#[async_trait]
pub trait Polls: std::fmt::Debug + Send + Sync {
    async fn poll_record(&self, account: &str, source: &str, vin: &Vin) -> Result<Option<PollRecord>>;
}

#[async_trait]
impl Polls for SqlLedger {
    async fn poll_record(&self, account: &str, source: &str, vin: &Vin) -> Result<Option<PollRecord>> {
        self.first(
            "select last_at, last_success_at, failures, problem, activity from poll
             where account = ?1 and source = ?2 and vin = ?3",
            [account, source, vin.as_str()].map(str::to_owned),
            |row| {
                Ok(PollRecord {
                    last_at: timestamp(row.get(0)?),
                    last_success_at: row.get::<_, Option<i64>>(1)?.map(timestamp),
                    failures: row.get(2)?,
                    problem: row.get(3)?,
                    activity: row.get(4)?,
                })
            },
        )
        .await
    }
}
