//! What `cardata status` shows of the ledger, read beside the process that may be writing.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use store::sql::Access;
use store::{Database, timestamp};

use crate::Result;
use planner::quota::Spent;

/// A read-only look at a ledger.
#[derive(Debug)]
pub struct Overview {
    pub(crate) database: Database,
}

/// The last attempt to ask for one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastPoll {
    pub account: String,
    pub source: String,
    pub vin: String,
    pub last_at: Timestamp,
    pub last_success_at: Option<Timestamp>,
    pub failures: u32,
    pub problem: Option<String>,
    /// When it is asked for next, at which interval it goes on from there, and why; `None` before the first plan.
    pub next_at: Option<Timestamp>,
    pub every: Option<SignedDuration>,
    pub reason: Option<String>,
    /// What is remembered of the vehicle, as in [`PollRecord`](crate::PollRecord).
    pub activity: Option<String>,
}

impl Overview {
    /// Opens the ledger in `state`; `None` where there is none yet.
    ///
    /// # Errors
    /// [`StoreError::Older`](crate::StoreError::Older) where it lacks tables of this version.
    pub fn open(state: &Path) -> Result<Option<Self>> {
        Ok(Database::look(state)?.map(|database| Self { database }))
    }

    /// The same of the file at `path`, which this process has open.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open_file(path: &Path) -> Result<Self> {
        Ok(Self {
            database: Database::read_only(path)?,
        })
    }

    /// The last attempts, and what is planned.
    pub fn polls(&self) -> Result<Vec<LastPoll>> {
        let query = "select account, source, vin, last_at, last_success_at, failures, problem, next_at, every, reason,
                 activity
             from poll order by account, source, vin";
        self.database.all(query, [], |row| {
            Ok(LastPoll {
                account: row.get(0)?,
                source: row.get(1)?,
                vin: row.get(2)?,
                last_at: timestamp(row.get(3)?),
                last_success_at: row.get::<_, Option<i64>>(4)?.map(timestamp),
                failures: row.get(5)?,
                problem: row.get(6)?,
                next_at: row.get::<_, Option<i64>>(7)?.map(timestamp),
                every: row.get::<_, Option<i64>>(8)?.map(SignedDuration::from_millis),
                reason: row.get(9)?,
                activity: row.get(10)?,
            })
        })
    }

    /// What `account` has spent.
    pub fn spent_calls(&self, account: &str, now: Timestamp) -> Result<Spent> {
        crate::calls::spent(&self.database, account, now)
    }

    /// When the newest call left.
    pub fn newest_call(&self) -> Result<Option<Timestamp>> {
        let query = "select max(at) from quota";
        let newest: Option<i64> = self.database.one(query, [], |row| row.get(0))?;
        Ok(newest.map(timestamp))
    }
}
