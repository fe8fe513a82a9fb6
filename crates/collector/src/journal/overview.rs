//! What `cardata status` shows, read beside the process that may be writing.

use std::collections::HashMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::append::BLOCK;
use super::read::timestamp;
use super::{FILE, Journal, JournalError, ledger, open_read_only, schema};
use crate::quota::Spent;

/// A read-only look at a journal.
#[derive(Debug)]
pub struct Overview {
    pub(super) connection: Connection,
}

/// The log as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogTotals {
    /// Entries and readings that are in it.
    pub snapshots: u64,
    pub readings: u64,
    /// Readings that came again and were left out, ever.
    pub repeats: u64,
    pub newest: u64,
    /// Readings that fit no sink.
    pub rejected: u64,
}

/// The entries behind a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behind {
    pub entries: u64,
    /// Entries with readings.
    pub filled: u64,
    pub readings: u64,
}

/// What came for one vehicle by one way since the journal was begun, also what was forgotten since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrivals {
    pub vin: String,
    pub account: String,
    pub source: String,
    /// `poll`, `stream` or `archive`.
    pub origin: String,
    /// Polls or messages, whether or not something of them was new.
    pub snapshots: u64,
    /// Those that left an entry.
    pub entries: u64,
    /// New readings, and readings that were left out as repeats.
    pub readings: u64,
    pub repeats: u64,
    pub last_received_at: Timestamp,
}

/// What came for one vehicle since the journal was begun, also what was forgotten since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VehicleTotals {
    pub vin: String,
    /// Entries, and readings in them.
    pub snapshots: u64,
    pub readings: u64,
    /// When the last poll or message came, whatever was new in it.
    pub last_snapshot_at: Option<Timestamp>,
    /// Descriptors that ever had a value, and descriptors for which BMW only ever sent none.
    pub descriptors: u64,
    pub never_reported: u64,
}

/// One sink that has a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkTotals {
    pub sink: String,
    pub cursor: u64,
    pub delivered_readings: u64,
    pub delivered_at: Option<Timestamp>,
    /// Snapshots and readings of the log that it has not acknowledged.
    pub waiting_snapshots: u64,
    pub waiting_readings: u64,
    pub dead_letters: u64,
}

/// A component's last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub kind: String,
    pub name: String,
    pub state: String,
    pub message: Option<String>,
    pub since: Timestamp,
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
    /// What the scheduler knew of the vehicle's activity, in its own JSON.
    pub activity: Option<String>,
}

impl Journal {
    /// The same look from the process that has the journal open.
    pub fn overview(&self) -> Result<Overview, JournalError> {
        Ok(Overview {
            connection: self.read_only()?,
        })
    }
}

impl Overview {
    /// Opens the journal in `state`; `None` where there is none yet.
    ///
    /// # Errors
    /// [`JournalError::Older`] where it lacks tables of this version.
    pub fn open(state: &Path) -> Result<Option<Self>, JournalError> {
        let path = state.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let connection = open_read_only(&path)?;
        match schema::is_older(&connection)? {
            true => Err(JournalError::Older { path }),
            false => Ok(Some(Self { connection })),
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub fn log(&self) -> Result<LogTotals, JournalError> {
        Ok(self.connection.query_row(
            "select (select coalesce(sum(entries), 0) from tally), (select coalesce(sum(readings), 0) from tally),
                 (select coalesce(sum(repeats), 0) from total), (select coalesce(max(seq), 0) from log),
                 (select count(*) from dead_letter where sink = '')",
            [],
            |row| {
                Ok(LogTotals {
                    snapshots: row.get(0)?,
                    readings: row.get(1)?,
                    repeats: row.get(2)?,
                    newest: row.get(3)?,
                    rejected: row.get(4)?,
                })
            },
        )?)
    }

    /// What is in the log behind number `seq`. Counts few entries, however many there are.
    pub fn behind(&self, seq: u64) -> Result<Behind, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "select coalesce(sum(entries), 0), coalesce(sum(filled), 0), coalesce(sum(readings), 0) from
                 (select entries, filled, readings from tally where block > ?1 / ?2
                  union all
                  select count(*), coalesce(sum(readings > 0), 0), coalesce(sum(readings), 0)
                      from log where seq > ?1 and seq < (?1 / ?2 + 1) * ?2)",
        )?;
        Ok(statement.query_row([seq, BLOCK], |row| {
            Ok(Behind {
                entries: row.get(0)?,
                filled: row.get(1)?,
                readings: row.get(2)?,
            })
        })?)
    }

    /// What came by each way, ordered by vehicle.
    pub fn arrivals(&self) -> Result<Vec<Arrivals>, JournalError> {
        let mut statement = self.connection.prepare(
            "select vin, feed.account, source, origin, snapshots, entries, readings, repeats, last_received_at
             from total join vehicle on vehicle.id = vehicle_id join feed on feed.id = feed_id
             order by vehicle.id, feed.id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Arrivals {
                vin: row.get(0)?,
                account: row.get(1)?,
                source: row.get(2)?,
                origin: row.get(3)?,
                snapshots: row.get(4)?,
                entries: row.get(5)?,
                readings: row.get(6)?,
                repeats: row.get(7)?,
                last_received_at: timestamp(row.get(8)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The readings that each sink has received.
    pub fn delivered_readings(&self) -> Result<HashMap<String, u64>, JournalError> {
        let mut statement = self
            .connection
            .prepare("select sink, delivered_readings from cursor")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest moment that the journal knows of: of the last snapshot or a call.
    pub fn newest_moment(&self) -> Result<Option<Timestamp>, JournalError> {
        let newest: Option<i64> = self.connection.query_row(
            "select max(at) from (select received_at as at from log where seq = (select max(seq) from log)
                 union all select max(at) from quota)",
            [],
            |row| row.get(0),
        )?;
        Ok(newest.map(timestamp))
    }

    pub fn vehicles(&self) -> Result<Vec<VehicleTotals>, JournalError> {
        let mut statement = self.connection.prepare(
            "select vin, coalesce(sum(entries), 0), coalesce(sum(readings), 0), max(last_received_at),
                 (select count(*) from series where vehicle_id = vehicle.id and latest_at is not null),
                 (select count(*) from series where vehicle_id = vehicle.id and latest_at is null)
             from vehicle left join total on total.vehicle_id = vehicle.id
             group by vehicle.id order by vehicle.id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(VehicleTotals {
                vin: row.get(0)?,
                snapshots: row.get(1)?,
                readings: row.get(2)?,
                last_snapshot_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
                descriptors: row.get(4)?,
                never_reported: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn sinks(&self) -> Result<Vec<SinkTotals>, JournalError> {
        let mut statement = self.connection.prepare(
            "select sink, seq, delivered_readings, delivered_at,
                 (select count(*) from dead_letter where dead_letter.sink = cursor.sink)
             from cursor order by sink",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(SinkTotals {
                sink: row.get(0)?,
                cursor: row.get(1)?,
                delivered_readings: row.get(2)?,
                delivered_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
                waiting_snapshots: 0,
                waiting_readings: 0,
                dead_letters: row.get(4)?,
            })
        })?;
        let mut sinks = rows.collect::<Result<Vec<_>, _>>()?;
        for sink in &mut sinks {
            let behind = self.behind(sink.cursor)?;
            sink.waiting_snapshots = behind.filled;
            sink.waiting_readings = behind.readings;
        }
        Ok(sinks)
    }

    pub fn components(&self) -> Result<Vec<Published>, JournalError> {
        components(&self.connection)
    }

    pub fn polls(&self) -> Result<Vec<LastPoll>, JournalError> {
        let mut statement = self.connection.prepare(
            "select account, source, vin, last_at, last_success_at, failures, problem, next_at, every, reason,
                 activity
             from poll order by account, source, vin",
        )?;
        let rows = statement.query_map([], |row| {
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
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn spent_calls(&self, account: &str, now: Timestamp) -> Result<Spent, JournalError> {
        ledger::spent(&self.connection, account, now)
    }
}

/// The last word of every component.
pub(super) fn components(connection: &Connection) -> Result<Vec<Published>, JournalError> {
    let mut statement = connection
        .prepare_cached("select kind, name, state, message, since from component order by kind, name")?;
    let rows = statement.query_map([], |row| {
        Ok(Published {
            kind: row.get(0)?,
            name: row.get(1)?,
            state: row.get(2)?,
            message: row.get(3)?,
            since: timestamp(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
