//! When each vehicle was last asked, so that a restart asks no earlier than the schedule says.

use collector_core::Vin;
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use async_trait::async_trait;
use store::sql::Access;
use store::timestamp;

use crate::{Result, SqlLedger};

/// The last attempts of one source to ask for one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollRecord {
    pub last_at: Timestamp,
    pub last_success_at: Option<Timestamp>,
    /// Failures since the last success.
    pub failures: u32,
    /// Why the last attempt failed.
    pub problem: Option<String>,
    /// What was known of the vehicle's activity, in the planner's own JSON. `None` leaves what is there.
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

/// When what was asked, and comes next.
#[async_trait]
pub trait Polls: std::fmt::Debug + Send + Sync {
    async fn poll_record(&self, account: &str, source: &str, vin: &Vin) -> Result<Option<PollRecord>>;

    async fn remember_poll(&self, account: &str, source: &str, vin: &Vin, record: PollRecord) -> Result<()>;

    /// Notes when polls come next. One that was never made has no row yet, and is due at once.
    async fn remember_plan(&self, account: &str, polls: Vec<PlannedPoll>) -> Result<()>;
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

    async fn remember_poll(&self, account: &str, source: &str, vin: &Vin, record: PollRecord) -> Result<()> {
        self.run(
            "insert into poll (account, source, vin, last_at, last_success_at, failures, problem, activity)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             on conflict do update set last_at = excluded.last_at,
                 last_success_at = coalesce(excluded.last_success_at, last_success_at),
                 failures = excluded.failures, problem = excluded.problem,
                 activity = coalesce(excluded.activity, activity)",
            (
                account.to_owned(),
                source.to_owned(),
                vin.as_str().to_owned(),
                record.last_at.as_millisecond(),
                record.last_success_at.map(|at| at.as_millisecond()),
                record.failures,
                record.problem,
                record.activity,
            ),
        )
        .await
    }

    async fn remember_plan(&self, account: &str, polls: Vec<PlannedPoll>) -> Result<()> {
        let account = account.to_owned();
        self.transact(move |connection| {
            for poll in polls {
                connection.run(
                    "update poll set next_at = ?4, every = ?5, reason = ?6
                     where account = ?1 and source = ?2 and vin = ?3",
                    params![
                        account,
                        poll.source,
                        poll.vin.as_str(),
                        poll.next_at.as_millisecond(),
                        i64::try_from(poll.every.as_millis()).unwrap_or(i64::MAX),
                        poll.reason
                    ],
                )?;
            }
            Ok(())
        })
        .await
    }
}
