//! Sums that are kept as entries come and go, so that nobody counts over the log.
//!
//! Those of entries wait in memory and can be had from the log again. What left no entry is counted apart
//! ([`Arrivals`]): that is known nowhere else.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};
use store::sql::Access;

use super::Ids;
use crate::Result;

/// How many neighbouring numbers the table `tally` counts together.
pub(crate) const BLOCK: u64 = 4_096;

/// What came of one vehicle by one way.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Arrival {
    /// Polls and messages, whether or not they left an entry.
    pub snapshots: u64,
    pub entries: u64,
    /// New readings, and readings that were left out as repeats.
    pub readings: u64,
    pub repeats: u64,
    /// Milliseconds since the epoch.
    pub received_at: i64,
}

/// What came by each way.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(HashMap<Ids, Arrival>);

impl Arrivals {
    pub fn add(&mut self, ids: Ids, arrival: Arrival) {
        let sum = self.0.entry(ids).or_insert(Arrival {
            received_at: arrival.received_at,
            ..Arrival::default()
        });
        sum.snapshots += arrival.snapshots;
        sum.entries += arrival.entries;
        sum.readings += arrival.readings;
        sum.repeats += arrival.repeats;
        sum.received_at = sum.received_at.max(arrival.received_at);
    }

    pub fn merge(&mut self, others: Self) {
        for (ids, arrival) in others.0 {
            self.add(ids, arrival);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds them to the table.
    pub(crate) fn write(&self, connection: &Connection) -> Result<()> {
        for (ids, arrival) in &self.0 {
            connection.run(
                "insert into total (vehicle_id, feed_id, snapshots, entries, readings, repeats, last_received_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 on conflict do update set snapshots = snapshots + excluded.snapshots,
                     entries = entries + excluded.entries, readings = readings + excluded.readings,
                     repeats = repeats + excluded.repeats,
                     last_received_at = max(last_received_at, excluded.last_received_at)",
                params![
                    ids.vehicle,
                    ids.feed,
                    arrival.snapshots,
                    arrival.entries,
                    arrival.readings,
                    arrival.repeats,
                    arrival.received_at
                ],
            )?;
        }
        Ok(())
    }
}

/// What is in the log of one block of numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    entries: i64,
    /// Entries with readings.
    filled: i64,
    readings: i64,
}

/// What of entries is not written yet.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    arrivals: Arrivals,
    /// By number of the block.
    tallies: BTreeMap<u64, Tally>,
}

impl Counts {
    /// Counts an entry.
    pub(crate) fn entry(&mut self, ids: Ids, seq: u64, readings: u64, repeats: u64, received_at: i64) {
        let arrival = Arrival {
            snapshots: 1,
            entries: 1,
            readings,
            repeats,
            received_at,
        };
        self.arrivals.add(ids, arrival);
        self.tally(seq, readings, 1);
    }

    fn tally(&mut self, seq: u64, readings: u64, sign: i64) {
        let tally = self.tallies.entry(seq / BLOCK).or_default();
        tally.entries += sign;
        tally.filled += sign * i64::from(readings > 0);
        tally.readings += sign * i64::try_from(readings).unwrap_or(0);
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Brings the tables up to date.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        std::mem::take(&mut self.arrivals).write(connection)?;
        for (block, sum) in std::mem::take(&mut self.tallies) {
            connection.run(
                "insert into tally (block, entries, filled, readings) values (?1, ?2, ?3, ?4)
                 on conflict do update set entries = entries + excluded.entries, filled = filled + excluded.filled,
                     readings = readings + excluded.readings",
                params![block, sum.entries, sum.filled, sum.readings],
            )?;
        }
        Ok(())
    }
}

/// Takes entries that were removed out of the tally of the log. What arrived stays counted.
pub(in crate::log) fn forgotten(
    connection: &Connection,
    removed: impl Iterator<Item = (u64, u64)>,
) -> Result<()> {
    let mut counts = Counts::default();
    for (seq, readings) in removed {
        counts.tally(seq, readings, -1);
    }
    counts.write(connection)?;
    connection.run("delete from tally where entries <= 0", [])?;
    Ok(())
}
