//! The calls that were spent. A call is written here, on disk, before it leaves.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use async_trait::async_trait;
use planner::quota::{Allowance, Denied, Spent};
use store::sql::Access;
use store::{Database, StoreError, timestamp};

use crate::SqlLedger;

const DAY_MILLISECONDS: i64 = 24 * 3_600 * 1_000;
/// Rows older than this no longer count towards any window.
const KEPT_MILLISECONDS: i64 = 8 * DAY_MILLISECONDS;
/// So many of the newest rows stay all the same: a clock that was far ahead for a moment must not make the program
/// forget the calls of the day.
const KEPT_ROWS: i64 = 1_000;

/// The calls that accounts spend.
#[async_trait]
pub trait Calls: std::fmt::Debug + Send + Sync {
    /// Writes a call into the ledger if `allowance` permits one now, else says when it will. The number
    /// names the call for [`settle_call`](Self::settle_call).
    async fn spend_call(
        &self,
        account: &str,
        call: &'static str,
        now: Timestamp,
        allowance: Allowance,
    ) -> Result<Result<i64, Denied>, StoreError>;

    /// Notes how a call ended.
    async fn settle_call(&self, id: i64, outcome: &'static str) -> Result<(), StoreError>;

    /// Lets no call of `account` leave before `until`: BMW says that none is left.
    async fn block_calls(&self, account: &str, until: Timestamp) -> Result<(), StoreError>;

    /// What `account` has spent.
    async fn spent_calls(&self, account: &str, now: Timestamp) -> Result<Spent, StoreError>;

    /// Moves everything that is noted of `account` with the clock, which was set forward or back by `by`: the calls
    /// are as old as they were before.
    async fn move_with_the_clock(&self, account: &str, by: SignedDuration) -> Result<(), StoreError>;

    /// The calls of `account` in the 24 hours before `now` that were no polls.
    async fn upkeep_calls(&self, account: &str, now: Timestamp) -> Result<u32, StoreError>;
}

#[async_trait]
impl Calls for SqlLedger {
    async fn spend_call(
        &self,
        account: &str,
        call: &'static str,
        now: Timestamp,
        allowance: Allowance,
    ) -> Result<Result<i64, Denied>, StoreError> {
        let account = account.to_owned();
        self.transact(move |connection| {
            leave_no_call_in_the_future(connection, &account, now)?;
            let spent = spent(connection, &account, now)?;
            if let Err(denied) = allowance.permits(&spent, now) {
                return Ok(Err(denied));
            }
            connection
                .prepare_cached(
                    "delete from quota where account = ?1 and at < ?2 and id <= (select max(id) from quota) - ?3",
                )?
                .execute(params![account, now.as_millisecond() - KEPT_MILLISECONDS, KEPT_ROWS])?;
            connection
                .prepare_cached("insert into quota (account, at, call) values (?1, ?2, ?3)")?
                .execute(params![account, now.as_millisecond(), call])?;
            Ok(Ok(connection.last_insert_rowid()))
        })
        .await
    }

    async fn settle_call(&self, id: i64, outcome: &'static str) -> Result<(), StoreError> {
        self.transact(move |connection| {
            connection
                .prepare_cached("update quota set outcome = ?2 where id = ?1")?
                .execute(params![id, outcome])?;
            Ok(())
        })
        .await
    }

    async fn block_calls(&self, account: &str, until: Timestamp) -> Result<(), StoreError> {
        let account = account.to_owned();
        self.transact(move |connection| {
            connection.execute(
                "insert into quota_block (account, until) values (?1, ?2)
                 on conflict do update set until = excluded.until",
                params![account, until.as_millisecond()],
            )?;
            Ok(())
        })
        .await
    }

    async fn spent_calls(&self, account: &str, now: Timestamp) -> Result<Spent, StoreError> {
        let account = account.to_owned();
        self.transact(move |connection| {
            leave_no_call_in_the_future(connection, &account, now)?;
            spent(connection, &account, now)
        })
        .await
    }

    async fn move_with_the_clock(&self, account: &str, by: SignedDuration) -> Result<(), StoreError> {
        let account = account.to_owned();
        let by = i64::try_from(by.as_millis()).unwrap_or_default();
        self.transact(move |connection| {
            connection.execute(
                "update quota set at = at + ?2 where account = ?1",
                params![account, by],
            )?;
            connection.execute(
                "update poll set last_at = last_at + ?2 where account = ?1",
                params![account, by],
            )?;
            Ok(())
        })
        .await
    }

    async fn upkeep_calls(&self, account: &str, now: Timestamp) -> Result<u32, StoreError> {
        let account = account.to_owned();
        self.transact(move |connection| {
            Ok(connection
                .prepare_cached(
                    "select count(*) from quota where account = ?1 and at > ?2 and call <> 'telematic_data'",
                )?
                .query_row(params![account, now.as_millisecond() - 86_400_000], |row| {
                    row.get(0)
                })?)
        })
        .await
    }
}

/// After the clock was set back, calls and a block lie in its future. The calls are moved together, the newest to
/// the latest moment at which it can have been made, so that they count for a day and not until the clock gets
/// there again, and leave the window one by one as they entered it.
fn leave_no_call_in_the_future(
    connection: &Connection,
    account: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let now = now.as_millisecond();
    let newest: Option<i64> = connection
        .prepare_cached("select max(at) from quota where account = ?1")?
        .query_row(params![account], |row| row.get(0))?;
    if let Some(ahead) = newest.map(|newest| newest - now).filter(|ahead| *ahead > 0) {
        connection
            .prepare_cached("update quota set at = at - ?3 where account = ?1 and at > ?2")?
            .execute(params![account, now, ahead])?;
    }
    connection
        .prepare_cached("update quota_block set until = ?2 where account = ?1 and until > ?2")?
        .execute(params![account, now + DAY_MILLISECONDS])?;
    Ok(())
}

/// The calls of `account` that can still count at `now`. Calls that lie in the future, because the clock was
/// set back, count too.
pub(crate) fn spent(connection: &Connection, account: &str, now: Timestamp) -> Result<Spent, StoreError> {
    let oldest = now.as_millisecond() - 2 * DAY_MILLISECONDS;
    let mut statement =
        connection.prepare_cached("select at from quota where account = ?1 and at >= ?2 order by at")?;
    let calls = statement
        .query_map(params![account, oldest], |row| row.get(0).map(timestamp))?
        .collect::<Result<Vec<Timestamp>, _>>()?;
    let blocked_until = connection
        .prepare_cached("select until from quota_block where account = ?1 and until > ?2")?
        .query_row(params![account, now.as_millisecond()], |row| {
            row.get(0).map(timestamp)
        })
        .optional()?;
    Ok(Spent { calls, blocked_until })
}

/// Calls that the old ledger knows of were spent: a restored one takes them over.
///
/// # Errors
/// One of the two cannot be read or written.
pub fn carry_over(old: &Database, new: &Database) -> Result<(), StoreError> {
    let (old, new) = (old.connection(), new.connection());
    let mut calls = old.prepare("select account, at, call, outcome from quota")?;
    let mut rows = calls.query([])?;
    while let Some(row) = rows.next()? {
        let (account, at, call): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        new.execute(
            "insert into quota (account, at, call, outcome) select ?1, ?2, ?3, ?4
             where not exists (select 1 from quota where account = ?1 and at = ?2 and call = ?3)",
            params![account, at, call, row.get::<_, Option<String>>(3)?],
        )?;
    }
    let mut blocks = old.prepare("select account, until from quota_block")?;
    let mut rows = blocks.query([])?;
    while let Some(row) = rows.next()? {
        new.execute(
            "insert into quota_block (account, until) values (?1, ?2)
             on conflict do update set until = max(until, excluded.until)",
            params![row.get::<_, String>(0)?, row.get::<_, i64>(1)?],
        )?;
    }
    Ok(())
}
