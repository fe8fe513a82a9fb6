//! The gaps of streams: when nothing could come. What is sent meanwhile is gone, because BMW sends a message once. Beside them, by
//! the same rules, when the polls of an account could not be made or were not answered.

use jiff::{SignedDuration, Timestamp};
use planner::GAP_WORTH_A_POLL;
use rusqlite::{Connection, params};
use store::sql::Access;
use store::timestamp;

use crate::overview::Overview;
use crate::{Result, calls};

/// So many of the newest gaps of a stream are kept.
pub(crate) const KEPT: usize = 200;

/// Under which the gaps of an account's polls stand in the place of a source: none has this name.
pub const POLLS: &str = "";

/// Why a stream, or the polls of an account, brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapCause {
    /// The program did not run: it was stopped, or died.
    Restart,
    ConnectionLost,
    /// The login had ended or was refused.
    Login,
    /// Another program had the account's one connection.
    OtherProgram,
    /// Of polls: the calls of the day were used up.
    Quota,
    /// Of polls: BMW refused the container, or what is asked for with it.
    Container,
    /// Of polls: BMW or the network did not answer.
    PollsFailed,
}

/// A time in which a stream could bring nothing, or what it brought was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// When the connection ended, or the first message arrived that was not stored. Of a program that died, the latest
    /// sign of life that is known: nothing was lost before, and messages may have come since.
    pub from: Timestamp,
    /// `None` while it lasts.
    pub to: Option<Timestamp>,
    pub cause: GapCause,
}

/// A gap of one account's stream, or of its polls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamGap {
    pub account: String,
    pub source: String,
    pub gap: Gap,
}

impl GapCause {
    /// As it is written down and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::ConnectionLost => "connection lost",
            Self::Login => "login",
            Self::OtherProgram => "another program",
            Self::Quota => "quota",
            Self::Container => "container",
            Self::PollsFailed => "polls failed",
        }
    }

    /// A word of a later version says at least that there was a gap.
    fn of(word: &str) -> Self {
        let all = [
            Self::Restart,
            Self::Login,
            Self::OtherProgram,
            Self::Quota,
            Self::Container,
            Self::PollsFailed,
        ];
        let found = all.into_iter().find(|cause| cause.as_str() == word);
        found.unwrap_or(Self::ConnectionLost)
    }
}

impl Gap {
    /// How long it lasted, or has lasted by now.
    pub fn length(&self, now: Timestamp) -> SignedDuration {
        self.to
            .unwrap_or(now)
            .duration_since(self.from)
            .max(SignedDuration::ZERO)
    }
}

/// Begins a gap, and forgets the oldest of many.
pub(crate) fn open(
    connection: &Connection,
    account: &str,
    source: &str,
    from: i64,
    cause: GapCause,
) -> Result<()> {
    connection.run(
        "insert into stream_gap (account, source, began_at, cause) values (?1, ?2, ?3, ?4)
         on conflict do update set ended_at = null, cause = excluded.cause",
        params![account, source, from, cause.as_str()],
    )?;
    connection.run(
        "delete from stream_gap where account = ?1 and source = ?2 and began_at <=
             (select began_at from stream_gap where account = ?1 and source = ?2 order by began_at desc limit 1 offset ?3)",
        params![account, source, KEPT],
    )?;
    Ok(())
}

/// Ends what gap there is.
pub(crate) fn close(connection: &Connection, account: &str, source: &str, at: Timestamp) -> Result<()> {
    let update = "update stream_gap set ended_at = max(began_at, ?3)
         where account = ?1 and source = ?2 and ended_at is null";
    connection.run(update, params![account, source, at.as_millisecond()])?;
    Ok(())
}

/// The polls of an account are kept by this from now on, or by nothing.
pub(crate) fn polls(
    connection: &Connection,
    account: &str,
    at: Timestamp,
    kept_by: Option<GapCause>,
) -> Result<()> {
    let query = "select cause from stream_gap where account = ?1 and source = ?2 and ended_at is null";
    let cause: Option<String> = connection.first(query, [account, POLLS], |row| row.get(0))?;
    if cause.as_deref() == kept_by.map(GapCause::as_str) {
        return Ok(());
    }
    close(connection, account, POLLS, at)?;
    kept_by.map_or(Ok(()), |cause| {
        open(connection, account, POLLS, at.as_millisecond(), cause)
    })
}

/// The polls of an account begin. Where the program before could not say that it stopped, it did behind its last sign of life: a
/// poll, a message, or what it said of its polls; other calls its owner makes without it too. The first start leaves a gap without a length: from there on gaps are known.
pub(crate) fn polls_started(connection: &Connection, account: &str, at: Timestamp) -> Result<()> {
    let (now, stopped) = (at.as_millisecond(), GapCause::Restart.as_str());
    let query =
        "select 1 from stream_gap where account = ?1 and source = ?2 and ended_at is null and cause = ?3";
    if connection
        .first(query, [account, POLLS, stopped], |_| Ok(()))?
        .is_none()
    {
        let polls = calls::of_run();
        let query = format!(
            "select max(at) from (
                 select at from quota where account = ?1 and at <= ?3 and call in ({polls})
                 union all select last_message_at from stream where account = ?1 and last_message_at <= ?3
                 union all select began_at from stream_gap where account = ?1 and source = ?2 and began_at <= ?3
                 union all select ended_at from stream_gap where account = ?1 and source = ?2 and ended_at <= ?3)"
        );
        let alive: Option<i64> = connection.one(&query, params![account, POLLS, now], |row| row.get(0))?;
        let from = alive.unwrap_or(now);
        close(connection, account, POLLS, timestamp(from))?;
        open(connection, account, POLLS, from, GapCause::Restart)?;
    }
    close(connection, account, POLLS, at)
}

/// Since when there is a gap, if there is one.
pub(crate) fn begun(of: &impl Access, account: &str, source: &str) -> Result<Option<Timestamp>> {
    let query =
        "select max(began_at) from stream_gap where account = ?1 and source = ?2 and ended_at is null";
    let begun: Option<i64> = of.one(query, [account, source], |row| row.get(0))?;
    Ok(begun.map(timestamp))
}

/// The end of the last gap that is worth a poll and over by now.
pub(crate) fn missed(
    of: &impl Access,
    account: &str,
    source: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let query = "select max(ended_at) from stream_gap
         where account = ?1 and source = ?2 and ended_at - began_at >= ?3 and ended_at <= ?4";
    let worth = i64::try_from(GAP_WORTH_A_POLL.as_millis()).unwrap_or(i64::MAX);
    let missed: Option<i64> = of.one(
        query,
        params![account, source, worth, now.as_millisecond()],
        |row| row.get(0),
    )?;
    Ok(missed.map(timestamp))
}

impl Overview {
    /// The gaps of all streams, and of the polls of all accounts under [`POLLS`], the oldest first.
    pub fn gaps(&self) -> Result<Vec<StreamGap>> {
        gaps(&self.database)
    }
}

pub(crate) fn gaps(of: &impl Access) -> Result<Vec<StreamGap>> {
    let query = "select account, source, began_at, ended_at, cause from stream_gap order by account, source, began_at";
    of.all(query, [], |row| {
        let cause: String = row.get(4)?;
        Ok(StreamGap {
            account: row.get(0)?,
            source: row.get(1)?,
            gap: Gap {
                from: timestamp(row.get(2)?),
                to: row.get::<_, Option<i64>>(3)?.map(timestamp),
                cause: GapCause::of(&cause),
            },
        })
    })
}
