//! When each vehicle was last asked, so that a restart asks no earlier than the schedule says.

use collector_core::Vin;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};

use async_trait::async_trait;
use store::{StoreError, timestamp};

use crate::SqlLedger;

/// The last attempts of one source to ask for one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollRecord {
    pub last_at: Timestamp,
    pub last_success_at: Option<Timestamp>,
    /// Failures since the last success.
    pub failures: u32,
    /// Why the last attempt failed.
    pub problem: Option<String>,
    /// What was known of the vehicle's activity, in the scheduler's own JSON. `None` leaves what is there.
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
    async fn poll_record(
        &self,
        account: &str,
        source: &str,
        vin: &Vin,
    ) -> Result<Option<PollRecord>, StoreError>;

    async fn remember_poll(
        &self,
        account: &str,
        source: &str,
        vin: &Vin,
        record: PollRecord,
    ) -> Result<(), StoreError>;

    /// Notes when polls come next. One that was never made has no row yet, and is due at once.
    async fn remember_plan(&self, account: &str, polls: Vec<PlannedPoll>) -> Result<(), StoreError>;
}

#[async_trait]
impl Polls for SqlLedger {
    async fn poll_record(
        &self,
        account: &str,
        source: &str,
        vin: &Vin,
    ) -> Result<Option<PollRecord>, StoreError> {
        let key = (account.to_owned(), source.to_owned(), vin.clone());
        self.transact(move |connection| {
            Ok(connection
                .query_row(
                    "select last_at, last_success_at, failures, problem, activity from poll
                     where account = ?1 and source = ?2 and vin = ?3",
                    params![key.0, key.1, key.2.as_str()],
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
                .optional()?)
        })
        .await
    }

    async fn remember_poll(
        &self,
        account: &str,
        source: &str,
        vin: &Vin,
        record: PollRecord,
    ) -> Result<(), StoreError> {
        let key = (account.to_owned(), source.to_owned(), vin.clone());
        self.transact(move |connection| {
            connection.execute(
                "insert into poll (account, source, vin, last_at, last_success_at, failures, problem, activity)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 on conflict do update set last_at = excluded.last_at,
                     last_success_at = coalesce(excluded.last_success_at, last_success_at),
                     failures = excluded.failures, problem = excluded.problem,
                     activity = coalesce(excluded.activity, activity)",
                params![
                    key.0,
                    key.1,
                    key.2.as_str(),
                    record.last_at.as_millisecond(),
                    record.last_success_at.map(|at| at.as_millisecond()),
                    record.failures,
                    record.problem,
                    record.activity
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn remember_plan(&self, account: &str, polls: Vec<PlannedPoll>) -> Result<(), StoreError> {
        let account = account.to_owned();
        self.transact(move |connection| {
            let mut statement = connection.prepare_cached(
                "update poll set next_at = ?4, every = ?5, reason = ?6
                 where account = ?1 and source = ?2 and vin = ?3",
            )?;
            for poll in polls {
                let every = i64::try_from(poll.every.as_millis()).unwrap_or(i64::MAX);
                statement.execute(params![
                    account,
                    poll.source,
                    poll.vin.as_str(),
                    poll.next_at.as_millisecond(),
                    every,
                    poll.reason
                ])?;
            }
            Ok(())
        })
        .await
    }
}
