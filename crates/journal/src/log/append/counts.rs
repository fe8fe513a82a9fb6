//! Sums that are kept as entries come and go, so that nobody counts over the log.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};
use store::sql::Access;

use super::Ids;
use crate::Result;
use crate::log::checksum::Content;

/// How many neighbouring numbers the table `tally` counts together.
pub(in crate::log) const BLOCK: u64 = 4_096;

/// What came of one vehicle by one way.
#[derive(Debug, Default)]
struct Arrival {
    /// Polls and messages, whether or not they left an entry.
    snapshots: u64,
    entries: u64,
    /// New readings, and readings that were left out as repeats.
    readings: u64,
    repeats: u64,
    /// Milliseconds since the epoch.
    received_at: Option<i64>,
}

/// What is in the log of one block of numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    entries: i64,
    /// Entries with readings.
    filled: i64,
    readings: i64,
}

/// What is not written yet.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    arrivals: HashMap<Ids, Arrival>,
    /// By number of the block.
    tallies: BTreeMap<u64, Tally>,
}

impl Counts {
    /// Counts what arrived of a vehicle by a feed, whether or not it is kept as an entry of the log.
    pub(crate) fn arrived(&mut self, ids: Ids, content: &Content<'_>, is_kept: bool) {
        let sum = self.arrivals.entry(ids).or_default();
        sum.snapshots += 1;
        sum.entries += u64::from(is_kept);
        sum.readings += content.readings;
        sum.repeats += content.repeats;
        sum.received_at = sum.received_at.max(Some(content.received_at));
        if is_kept {
            self.tally(content.seq, content.readings, 1);
        }
    }

    fn tally(&mut self, seq: u64, readings: u64, sign: i64) {
        let tally = self.tallies.entry(seq / BLOCK).or_default();
        tally.entries += sign;
        tally.filled += sign * i64::from(readings > 0);
        tally.readings += sign * i64::try_from(readings).unwrap_or(0);
    }

    pub fn clear(&mut self) {
        self.arrivals.clear();
        self.tallies.clear();
    }

    /// Brings the tables up to date.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        for (ids, arrival) in self.arrivals.drain() {
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
pub(in crate::log) fn forgotten(connection: &Connection, removed: &[(u64, u64)]) -> Result<()> {
    let mut counts = Counts::default();
    for &(seq, readings) in removed {
        counts.tally(seq, readings, -1);
    }
    counts.write(connection)?;
    connection.run("delete from tally where entries <= 0", [])?;
    Ok(())
}
