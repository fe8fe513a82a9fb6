//! Histories that are delivered to a sink again: asked for by any process, carried out by the one that holds
//! the state directory.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::append::fold;
use super::overview::Overview;
use super::packed;
use super::redelivery::ReplayStep;
use crate::{Journal, JournalError, Result};
use store::sql::Access;
use store::{StoreError, timestamp};

/// A part of the history that a sink is to be given again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayRequest {
    pub sink: String,
    /// The first and the last moment of measurement, both included.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// What of it, as the JSON of a `select`; everything that the sink selects where there is none.
    pub selection: Option<String>,
    /// Whether the sink erases what it holds of this before it is delivered.
    pub rewrite: bool,
}

/// A request with how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    pub id: i64,
    pub request: ReplayRequest,
    /// The last entry that it covers.
    pub last_seq: u64,
    /// Everything up to this entry is done.
    pub position: u64,
    /// How many entries it covers, and how many of them are done.
    pub entries: u64,
    pub done: u64,
    /// Readings that were stored, and readings that were refused.
    pub readings: u64,
    pub rejected: u64,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub cancelled: bool,
    /// Why it does not go on.
    pub problem: Option<String>,
    /// When the sink had erased what it held; `None` before that, and where nothing is to be erased.
    pub erased_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, sink, entries, position, last_seq, since, until, selection, readings, rejected,
     created_at, finished_at, cancelled, problem, done, rewrite, erased_at";

impl Replay {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let moment = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.map(timestamp));
        Ok(Self {
            id: row.get(0)?,
            request: ReplayRequest {
                sink: row.get(1)?,
                since: moment(5)?,
                until: moment(6)?,
                selection: row.get(7)?,
                rewrite: row.get(15)?,
            },
            entries: row.get(2)?,
            position: row.get(3)?,
            last_seq: row.get(4)?,
            readings: row.get(8)?,
            rejected: row.get(9)?,
            created_at: timestamp(row.get(10)?),
            finished_at: moment(11)?,
            cancelled: row.get(12)?,
            problem: row.get(13)?,
            done: row.get(14)?,
            erased_at: moment(16)?,
        })
    }
}

impl Journal {
    /// Puts a replay in line, behind others of the same sink. It covers what the sink has acknowledged: the
    /// rest comes by itself. `None` where that is nothing.
    pub async fn request_replay(&self, request: ReplayRequest, at: Timestamp) -> Result<Option<Replay>> {
        self.transact(move |connection, _| {
            // A reading may have been measured long before or, by a wrong clock, after it came: entries are
            // not told by their times.
            let last = cursor(connection, &request.sink)?;
            let entries = count(connection, 0, last)?;
            if last == 0 || entries == Some(0) {
                return Ok(None);
            }
            let query = "select min(coalesce((select min(seq) from log), ?1),
                     coalesce((select min(first_seq) from packed), ?1))";
            let first = beside(connection, |of| Ok(of.one(query, [last], |row| row.get(0))?))?;
            let milliseconds = |at: Option<Timestamp>| at.map(|at| at.as_millisecond());
            let insert = format!(
                "insert into replay
                     (sink, entries, position, last_seq, since, until, selection, created_at, rewrite)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) returning {COLUMNS}"
            );
            let replay = connection.one(
                &insert,
                params![
                    request.sink,
                    entries.unwrap_or(0),
                    first.unwrap_or(0_u64).saturating_sub(1),
                    last,
                    milliseconds(request.since),
                    milliseconds(request.until),
                    request.selection,
                    at.as_millisecond(),
                    request.rewrite
                ],
                Replay::of,
            )?;
            Ok(Some(replay))
        })
        .await
    }

    /// Takes a replay out of the line. Whether there was one that was not finished.
    pub async fn cancel_replay(&self, id: i64, at: Timestamp) -> Result<bool> {
        self.transact(move |connection, _| {
            let update = "update replay set finished_at = ?2, cancelled = 1, problem = null
                 where id = ?1 and finished_at is null";
            Ok(connection.run(update, params![id, at.as_millisecond()])? > 0)
        })
        .await
    }

    /// Notes that a replay begins. From here on it covers also what was delivered since it was asked for: another process
    /// has asked by the cursor on disk, behind which the sink may be. `None` where the replay is finished.
    pub async fn note_begun(&self, id: i64) -> Result<Option<Replay>> {
        self.transact(move |connection, _| extend(connection, id, None))
            .await
    }

    /// Notes that the sink has erased what it held of a replay that rewrites. From here on the replay covers also what was
    /// delivered since it was asked for: that may be gone with the rest. `None` where the replay is finished.
    pub async fn note_erased(&self, id: i64, at: Timestamp) -> Result<Option<Replay>> {
        self.transact(move |connection, _| extend(connection, id, Some(at)))
            .await
    }

    /// Notes why a replay does not go on, or that it does again.
    pub async fn note_replay_problem(&self, id: i64, problem: Option<String>) -> Result<()> {
        self.transact(move |connection, _| {
            connection.run(
                "update replay set problem = ?2 where id = ?1 and finished_at is null and problem is not ?2",
                params![id, problem],
            )?;
            Ok(())
        })
        .await
    }
}

impl Overview {
    pub fn replay(&self, id: i64) -> Result<Option<Replay>> {
        let query = format!("select {COLUMNS} from replay where id = ?1");
        Ok(self.database.first(&query, [id], Replay::of)?)
    }

    /// Every replay that is not finished and the newest of the others, in the order of the requests.
    pub fn replays(&self) -> Result<Vec<Replay>> {
        let query = format!(
            "select {COLUMNS} from replay where finished_at is null
                 or id in (select id from replay where finished_at is not null order by id desc limit 20)
             order by id"
        );
        self.rows(&query, Replay::of)
    }
}

/// How many entries there are with a number greater than `after` and up to `last`, which is only to tell how far a replay
/// is; `None` where damage keeps them from being counted.
fn count(connection: &Connection, after: u64, last: u64) -> Result<Option<u64>> {
    beside(connection, |of| packed::count(of, after, last))
}

/// What the log tells; `None` where a page of it cannot be read. It is asked beside the transaction, in which SQLite lets
/// nothing more be written once it has met such a page.
fn beside<T>(connection: &Connection, ask: impl FnOnce(&Connection) -> Result<T>) -> Result<Option<T>> {
    let scan = fold::beside(connection)?;
    match ask(scan.as_ref().map_or(connection, |scan| scan.connection())) {
        Ok(told) => Ok(Some(told)),
        Err(JournalError::Store(StoreError::Damaged(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Has a replay cover all that its sink has acknowledged; `None` where it is finished.
fn extend(connection: &Connection, id: i64, erased_at: Option<Timestamp>) -> Result<Option<Replay>> {
    let query = format!("select {COLUMNS} from replay where id = ?1 and finished_at is null");
    let Some(replay) = connection.first(&query, [id], Replay::of)? else {
        return Ok(None);
    };
    let last = cursor(connection, &replay.request.sink)?.max(replay.last_seq);
    let more = count(connection, replay.last_seq, last)?.unwrap_or(0);
    let update = format!(
        "update replay set erased_at = coalesce(?2, erased_at), last_seq = ?3, entries = entries + ?4 where id = ?1
         returning {COLUMNS}"
    );
    let erased_at = erased_at.map(|at| at.as_millisecond());
    let replay = connection.one(&update, params![id, erased_at, last, more], Replay::of)?;
    Ok(Some(replay))
}

/// The last entry that a sink has acknowledged.
fn cursor(connection: &Connection, sink: &str) -> Result<u64> {
    let query = "select seq from cursor where sink = ?1";
    Ok(connection.first(query, [sink], |row| row.get(0))?.unwrap_or(0))
}

/// Notes that one batch of a replay is done.
pub(super) fn advance(connection: &Connection, step: &ReplayStep, at: Timestamp) -> Result<()> {
    let query = "select position from replay where id = ?1 and finished_at is null";
    let Some(before) = connection.first(query, [step.id], |row| row.get(0))? else {
        return Ok(());
    };
    connection.run(
        "update replay set done = done + ?6, position = ?2, readings = readings + ?3, rejected = rejected + ?4,
             problem = null, finished_at = iif(?2 >= last_seq, ?5, null)
         where id = ?1",
        params![
            step.id,
            step.position,
            step.readings,
            step.rejected,
            at.as_millisecond(),
            count(connection, before, step.position)?.unwrap_or(0)
        ],
    )?;
    Ok(())
}

/// The next replay in the line of a sink.
pub(super) fn next(connection: &Connection, sink: &str) -> Result<Option<Replay>> {
    let query =
        format!("select {COLUMNS} from replay where sink = ?1 and finished_at is null order by id limit 1");
    Ok(connection.first(&query, [sink], Replay::of)?)
}
