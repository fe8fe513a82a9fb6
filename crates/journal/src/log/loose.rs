//! What is known in memory alone until it is written: no entry tells of it.
//!
//! That is how far sinks have got, and what came and left no entry. A kill loses at most what came since the last
//! [`Journal::flush`](crate::Journal::flush): sinks are given those entries again, and a few repeats are not counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, params};
use store::sql::Access;

use super::append::{Arrival, Arrivals, Ids};
use crate::Result;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Loose {
    /// By name of the sink.
    sinks: HashMap<String, Reached>,
    arrivals: Arrivals,
    /// By series: how many, and when the last came.
    absences: HashMap<i64, (u64, i64)>,
}

/// What a sink acknowledged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached {
    pub last: u64,
    pub readings: usize,
    /// Milliseconds since the epoch.
    pub at: i64,
}

impl Reached {
    /// Moves the cursor of a sink, never backwards.
    pub(crate) fn write(self, connection: &Connection, sink: &str) -> Result<()> {
        connection.run(
            "update cursor set seq = ?2, delivered_readings = delivered_readings + ?3, delivered_at = ?4
             where sink = ?1 and seq <= ?2",
            params![sink, self.last, self.readings, self.at],
        )?;
        Ok(())
    }
}

impl Loose {
    pub fn acknowledge(&mut self, sink: &str, reached: Reached) {
        let nothing = Reached {
            readings: 0,
            ..reached
        };
        let known = self.sinks.entry(sink.to_owned()).or_insert(nothing);
        // One that falls behind what was acknowledged says nothing.
        if known.last <= reached.last {
            let readings = known.readings + reached.readings;
            *known = Reached { readings, ..reached };
        }
    }

    /// A snapshot came that left no entry.
    pub fn arrived(&mut self, ids: Ids, repeats: u64, received_at: i64) {
        let arrival = Arrival {
            snapshots: 1,
            repeats,
            received_at,
            ..Arrival::default()
        };
        self.arrivals.add(ids, arrival);
    }

    /// An absence came that is no news.
    pub fn absent(&mut self, series_id: i64, times: u64, received_at: i64) {
        let (sum, last) = self.absences.entry(series_id).or_insert((0, received_at));
        *sum += times;
        *last = received_at.max(*last);
    }

    pub fn merge(&mut self, other: Self) {
        for (sink, reached) in other.sinks {
            self.acknowledge(&sink, reached);
        }
        self.arrivals.merge(other.arrivals);
        for (series_id, (times, at)) in other.absences {
            self.absent(series_id, times, at);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.sinks.is_empty() && self.arrivals.is_empty() && self.absences.is_empty()
    }

    fn write(&self, connection: &Connection) -> Result<()> {
        for (sink, reached) in &self.sinks {
            reached.write(connection, sink)?;
        }
        self.arrivals.write(connection)?;
        for (series_id, (times, at)) in &self.absences {
            connection.run(
                "update series set absent = absent + ?2, last_absent_at = max(coalesce(last_absent_at, ?3), ?3)
                 where id = ?1",
                params![series_id, times, at],
            )?;
        }
        Ok(())
    }
}

/// What waits, for all threads of a journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Loose>>);

impl Waiting {
    pub fn lock(&self) -> MutexGuard<'_, Loose> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits; `None` where that is nothing. It waits again where what this returns is dropped before it is
    /// [kept on disk](Written::keep).
    pub(crate) fn write(&self, connection: &Connection) -> Result<Option<Written>> {
        let taken = std::mem::take(&mut *self.lock());
        if taken.is_empty() {
            return Ok(None);
        }
        let written = Written {
            taken,
            of: self.clone(),
        };
        written.taken.write(connection)?;
        Ok(Some(written))
    }
}

/// What was written in a transaction that may still fail.
#[derive(Debug)]
pub(crate) struct Written {
    taken: Loose,
    of: Waiting,
}

impl Written {
    /// It was committed.
    pub fn keep(mut self) {
        self.taken = Loose::default();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        if !taken.is_empty() {
            self.of.lock().merge(taken);
        }
    }
}
