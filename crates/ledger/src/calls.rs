//! The calls that were spent. A call is written here, on disk, before it leaves.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use async_trait::async_trait;
use planner::quota::{Allowance, Denied, Spent};
use store::sql::Access;
use store::{Database, timestamp};

use crate::{Fact, Facts, Result, SqlLedger, facts};

/// The word of a poll of telematic data. `source` names its calls so.
pub const POLL: &str = "telematic_data";
/// The same where the owner asked for it: it is one of the owner's own calls, and takes of the reserve.
pub const DEMANDED: &str = "demanded_telematic_data";
/// The words of polls of documents.
const DOCUMENTS: [&str; 5] = [
    "vehicle",
    "charging_history",
    "tyres",
    "charging_settings",
    "image",
];

const DAY_MILLISECONDS: i64 = 24 * 3_600 * 1_000;
/// Rows older than this no longer count towards any window.
const KEPT_MILLISECONDS: i64 = 8 * DAY_MILLISECONDS;
/// So many of the newest rows stay all the same: a clock that was far ahead for a moment must not make the program
/// forget the calls of the day.
const KEPT_ROWS: i64 = 1_000;

/// Whether the schedule makes calls of this name; all others are upkeep, or the owner's own.
pub fn is_poll(call: &str) -> bool {
    call == POLL || DOCUMENTS.contains(&call)
}

/// Whether a run alone makes calls of this name: its own polls, and those that its owner has it make.
pub(crate) fn is_of_run(call: &str) -> bool {
    call == DEMANDED || is_poll(call)
}

/// The names of such calls, as SQL lists them.
pub(crate) fn of_run() -> String {
    let names = [POLL, DEMANDED].into_iter().chain(DOCUMENTS);
    names
        .map(|name| format!("'{name}'"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A call that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// Names the call for [`Fact::Settled`].
    pub id: i64,
    /// What is spent with it.
    pub spent: Spent,
}

/// The calls that accounts spend.
#[async_trait]
pub trait Calls: Facts {
    /// Writes a call into the ledger, and with it what else there is to tell, if `allowance` permits one now; else
    /// says when it will, and nothing is told.
    async fn spend_call(
        &self,
        account: &str,
        call: &'static str,
        now: Timestamp,
        allowance: Allowance,
        facts: Vec<Fact>,
    ) -> Result<Result<Admitted, Denied>>;

    /// Lets no call of `account` leave before `until`: BMW says that none is left.
    async fn block_calls(&self, account: &str, until: Timestamp) -> Result<()>;

    /// What `account` has spent.
    async fn spent_calls(&self, account: &str, now: Timestamp) -> Result<Spent>;

    /// Moves the times of the calls and last polls of `account` with the clock, which was set forward or back by `by`:
    /// they are as old as they were before.
    async fn move_with_the_clock(&self, account: &str, by: SignedDuration) -> Result<()>;
}

#[async_trait]
impl Calls for SqlLedger {
    async fn spend_call(
        &self,
        account: &str,
        call: &'static str,
        now: Timestamp,
        allowance: Allowance,
        facts: Vec<Fact>,
    ) -> Result<Result<Admitted, Denied>> {
        let account = account.to_owned();
        self.transact(move |connection| {
            leave_no_call_in_the_future(connection, &account, now)?;
            let mut spent = spent(connection, &account, now)?;
            if let Err(denied) = allowance.permits(&spent, now) {
                return Ok(Err(denied));
            }
            spent.calls.push(now);
            if !is_poll(call) {
                spent.upkeep.push(now);
            }
            let now = now.as_millisecond();
            connection.run(
                "delete from quota where account = ?1 and at < ?2 and id <= (select max(id) from quota) - ?3",
                params![account, now - KEPT_MILLISECONDS, KEPT_ROWS],
            )?;
            let insert = "insert into quota (account, at, call) values (?1, ?2, ?3)";
            connection.run(insert, params![account, now, call])?;
            let id = connection.last_insert_rowid();
            facts::write(connection, &facts)?;
            Ok(Ok(Admitted { id, spent }))
        })
        .await
    }

    async fn block_calls(&self, account: &str, until: Timestamp) -> Result<()> {
        self.run(
            "insert into quota_block (account, until) values (?1, ?2)
             on conflict do update set until = excluded.until",
            (account.to_owned(), until.as_millisecond()),
        )
        .await
    }

    async fn spent_calls(&self, account: &str, now: Timestamp) -> Result<Spent> {
        let account = account.to_owned();
        self.transact(move |connection| {
            leave_no_call_in_the_future(connection, &account, now)?;
            spent(connection, &account, now)
        })
        .await
    }

    async fn move_with_the_clock(&self, account: &str, by: SignedDuration) -> Result<()> {
        let account = account.to_owned();
        let by = i64::try_from(by.as_millis()).unwrap_or_default();
        self.transact(move |connection| {
            for update in [
                "update quota set at = at + ?2 where account = ?1",
                "update poll set last_at = last_at + ?2 where account = ?1",
            ] {
                connection.run(update, params![account, by])?;
            }
            Ok(())
        })
        .await
    }
}

/// After the clock was set back, calls and a block lie in its future. The calls are moved together, the newest to
/// the latest moment at which it can have been made, so that they count for a day and not until the clock gets
/// there again, and leave the window one by one as they entered it.
fn leave_no_call_in_the_future(connection: &Connection, account: &str, now: Timestamp) -> Result<()> {
    let now = now.as_millisecond();
    let query = "select max(at) from quota where account = ?1";
    let newest: Option<i64> = connection.one(query, [account], |row| row.get(0))?;
    if let Some(ahead) = newest.map(|newest| newest - now).filter(|ahead| *ahead > 0) {
        let update = "update quota set at = at - ?3 where account = ?1 and at > ?2";
        connection.run(update, params![account, now, ahead])?;
    }
    connection.run(
        "update quota_block set until = ?2 where account = ?1 and until > ?2",
        params![account, now + DAY_MILLISECONDS],
    )?;
    Ok(())
}

/// The calls of `account` that can still count at `now`. Calls that lie in the future, because the clock was
/// set back, count too.
pub(crate) fn spent(of: &impl Access, account: &str, now: Timestamp) -> Result<Spent> {
    let now = now.as_millisecond();
    let calls = "select at, call from quota where account = ?1 and at >= ?2 order by at";
    let blocked = "select until from quota_block where account = ?1 and until > ?2";
    let calls: Vec<(i64, String)> = of.all(calls, params![account, now - 2 * DAY_MILLISECONDS], |row| {
        row.try_into()
    })?;
    Ok(Spent {
        upkeep: calls
            .iter()
            .filter(|(_, call)| !is_poll(call))
            .map(|(at, _)| timestamp(*at))
            .collect(),
        calls: calls.iter().map(|(at, _)| timestamp(*at)).collect(),
        blocked_until: of.first(blocked, params![account, now], |row| row.get(0).map(timestamp))?,
    })
}

/// Calls that the old ledger knows of were spent: a restored one takes over those that can be read.
///
/// # Errors
/// Some of them cannot be read or written. The others are there.
pub fn carry_over(old: &Database, new: &Database) -> Result<()> {
    let calls = each(
        old,
        "select account, at, call, outcome from quota order by id",
        |row| {
            let call: (String, i64, String, Option<String>) = row.try_into()?;
            new.run(
                "insert into quota (account, at, call, outcome) select ?1, ?2, ?3, ?4
                 where not exists (select 1 from quota where account = ?1 and at = ?2 and call = ?3)",
                call,
            )
        },
    );
    let blocks = each(
        old,
        "select account, until from quota_block order by account",
        |row| {
            let block: (String, i64) = row.try_into()?;
            new.run(
                "insert into quota_block (account, until) values (?1, ?2)
                 on conflict do update set until = max(until, excluded.until)",
                block,
            )
        },
    );
    calls.and(blocks)
}

/// Takes every row of an ordered query that can be read: up to a page that cannot, and from the other end up to it.
///
/// # Errors
/// Not every row could be read and taken.
fn each(old: &Database, query: &str, mut take: impl FnMut(&Row<'_>) -> Result<usize>) -> Result<()> {
    let mut pass = |query: &str| {
        let mut statement = old.connection().prepare(query)?;
        let (mut rows, mut taken) = (statement.query([])?, Ok(()));
        while let Some(row) = rows.next()? {
            taken = taken.and(take(row).map(drop));
        }
        taken
    };
    pass(query).inspect_err(|_| _ = pass(&format!("{query} desc")))
}
