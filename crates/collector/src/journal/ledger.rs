//! The calls that were spent. A call is written here, on disk, before it leaves.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::read::timestamp;
use super::{Journal, JournalError};
use crate::quota::{Allowance, Denied, Spent};

const DAY_MILLISECONDS: i64 = 24 * 3_600 * 1_000;
/// Rows older than this no longer count towards any window.
const KEPT_MILLISECONDS: i64 = 8 * DAY_MILLISECONDS;
/// So many of the newest rows stay all the same: a clock that was far ahead for a moment must not make the program
/// forget the calls of the day.
const KEPT_ROWS: i64 = 1_000;

impl Journal {
    /// Writes a call into the ledger if `allowance` permits one now, else says when it will. The number
    /// names the call for [`Journal::settle_call`].
    pub async fn spend_call(
        &self,
        account: &str,
        call: &'static str,
        now: Timestamp,
        allowance: Allowance,
    ) -> Result<Result<i64, Denied>, JournalError> {
        let account = account.to_owned();
        self.transact(move |connection, _| {
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

    /// Notes how a call ended.
    pub async fn settle_call(&self, id: i64, outcome: &'static str) -> Result<(), JournalError> {
        self.transact(move |connection, _| {
            connection
                .prepare_cached("update quota set outcome = ?2 where id = ?1")?
                .execute(params![id, outcome])?;
            Ok(())
        })
        .await
    }

    /// Lets no call of `account` leave before `until`: BMW says that none is left.
    pub async fn block_calls(&self, account: &str, until: Timestamp) -> Result<(), JournalError> {
        let account = account.to_owned();
        self.transact(move |connection, _| {
            connection.execute(
                "insert into quota_block (account, until) values (?1, ?2)
                 on conflict do update set until = excluded.until",
                params![account, until.as_millisecond()],
            )?;
            Ok(())
        })
        .await
    }

    /// What `account` has spent.
    pub async fn spent_calls(&self, account: &str, now: Timestamp) -> Result<Spent, JournalError> {
        let account = account.to_owned();
        self.transact(move |connection, _| {
            leave_no_call_in_the_future(connection, &account, now)?;
            spent(connection, &account, now)
        })
        .await
    }

    /// Moves everything that is noted of `account` with the clock, which was set forward or back by `by`: the calls
    /// are as old as they were before.
    pub async fn move_with_the_clock(&self, account: &str, by: SignedDuration) -> Result<(), JournalError> {
        let account = account.to_owned();
        let by = i64::try_from(by.as_millis()).unwrap_or_default();
        self.transact(move |connection, _| {
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
}

/// After the clock was set back, calls and a block lie in its future. The calls are moved together, the newest to
/// the latest moment at which it can have been made, so that they count for a day and not until the clock gets
/// there again, and leave the window one by one as they entered it.
fn leave_no_call_in_the_future(
    connection: &Connection,
    account: &str,
    now: Timestamp,
) -> Result<(), JournalError> {
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
pub(super) fn spent(connection: &Connection, account: &str, now: Timestamp) -> Result<Spent, JournalError> {
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
