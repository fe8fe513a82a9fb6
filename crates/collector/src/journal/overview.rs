//! What `cardata status` shows, read beside the process that may be writing.

use std::collections::HashMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::read::timestamp;
use super::{FILE, Journal, JournalError, ledger, open_read_only};
use crate::quota::Spent;

/// A read-only look at a journal.
#[derive(Debug)]
pub struct Overview {
    pub(super) connection: Connection,
}

/// The log as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogTotals {
    pub snapshots: u64,
    pub readings: u64,
    pub repeats: u64,
    pub newest: u64,
    /// Readings that fit no sink.
    pub rejected: u64,
}

/// One vehicle that is in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VehicleTotals {
    pub vin: String,
    pub snapshots: u64,
    pub readings: u64,
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
    pub fn open(state: &Path) -> Result<Option<Self>, JournalError> {
        let path = state.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        Ok(Some(Self {
            connection: open_read_only(&path)?,
        }))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub fn log(&self) -> Result<LogTotals, JournalError> {
        self.log_after(0)
    }

    /// The entries behind number `seq` alone.
    pub fn log_after(&self, seq: u64) -> Result<LogTotals, JournalError> {
        let rejected = self.connection.query_row(
            "select count(*) from dead_letter where sink = '' and seq > ?1",
            [seq],
            |row| row.get(0),
        )?;
        Ok(self.connection.query_row(
            "select count(*), coalesce(sum(readings), 0), coalesce(sum(repeats), 0), coalesce(max(seq), 0)
             from log where seq > ?1",
            [seq],
            |row| {
                Ok(LogTotals {
                    snapshots: row.get(0)?,
                    readings: row.get(1)?,
                    repeats: row.get(2)?,
                    newest: row.get(3)?,
                    rejected,
                })
            },
        )?)
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
            "select vin, count(seq), coalesce(sum(readings), 0), max(received_at),
                 (select count(*) from series where vehicle_id = vehicle.id
                      and exists (select 1 from seen where series_id = series.id)),
                 (select count(*) from series where vehicle_id = vehicle.id
                      and not exists (select 1 from seen where series_id = series.id))
             from vehicle left join log on log.vehicle_id = vehicle.id
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
                 (select count(*) from log where log.seq > cursor.seq and readings > 0),
                 (select coalesce(sum(readings), 0) from log where log.seq > cursor.seq),
                 (select count(*) from dead_letter where dead_letter.sink = cursor.sink)
             from cursor order by sink",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(SinkTotals {
                sink: row.get(0)?,
                cursor: row.get(1)?,
                delivered_readings: row.get(2)?,
                delivered_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
                waiting_snapshots: row.get(4)?,
                waiting_readings: row.get(5)?,
                dead_letters: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
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
