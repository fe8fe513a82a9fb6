//! What is known of each series: one descriptor of one vehicle.
//!
//! Kept in memory as long as there is room, and written with all that waits, so that hundreds of messages about one value
//! are one update.

use collector_core::Stamp;
use entry_form::observe::{Observed, What};
use hashbrown::HashMap;
use rusqlite::{Connection, params};
use store::sql::Access;

use crate::Result;

/// How many series are kept when they are written: some megabytes.
const KEPT: usize = 16_384;

/// A row of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    pub id: i64,
    /// The newest value by its own time, whenever it arrived.
    pub latest: Option<Latest>,
    /// The newest that is in `seen`: that value, or one that fits no type.
    pub last: Option<Last>,
    /// The newest of those that the call stamped.
    called: Option<Last>,
    /// The last that came was no value.
    is_absent: bool,
    /// When the newest absence that has a stamp of the vehicle was stamped.
    ended_at: Option<i64>,
    /// Absences that are not written yet.
    absent: u64,
    last_absent_at: Option<i64>,
    is_changed: bool,
}

/// Where the newest value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Latest {
    /// Milliseconds since the epoch.
    pub at: i64,
    pub occurrence: u32,
    /// `None` where its entry was forgotten.
    pub seq: Option<u64>,
}

/// No row of the series has a later time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Last {
    pub at: i64,
    /// `None` where the entry was forgotten by a version that knew repeats by other hashes.
    pub hash: Option<i64>,
}

impl Latest {
    /// Whether this is the newest value where `known` was it before.
    pub fn follows(self, known: Option<Self>) -> bool {
        known.is_none_or(|known| (self.at, self.occurrence) >= (known.at, known.occurrence))
    }
}

impl Series {
    /// Whether there was a value, and none any more at this time.
    pub fn has_ended_by(&self, at: i64) -> bool {
        let latest = self.latest.map(|latest| latest.at);
        self.ended_at
            .is_some_and(|ended| latest.is_some_and(|latest| latest < ended) && ended <= at)
    }

    /// Whether a value that the call stamped with this time is news: it differs from the one that a call stamped before it,
    /// whatever was measured in between, or from none.
    pub fn is_called_anew(&self, at: i64, hash: i64) -> bool {
        let is_other = self.called.is_none_or(|called| called.hash != Some(hash));
        is_other || self.has_ended_by(at)
    }

    /// Whether an absence is news: the first behind what is none, or one that ends the value. `at` is its own stamp.
    pub fn absence_is_news(&self, at: Option<i64>) -> bool {
        let is_ended = self.has_ended_by(i64::MAX);
        let ends = at.is_some_and(|at| self.latest.is_some_and(|latest| latest.at < at));
        !self.is_absent || (ends && !is_ended)
    }
}

/// Where a series is in the memory, until the next [`SeriesCache::write`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeriesIndex(usize);

/// Series that were looked up.
#[derive(Debug, Default)]
pub(crate) struct SeriesCache {
    /// By vehicle and descriptor.
    indexes: HashMap<i64, HashMap<Box<str>, SeriesIndex>>,
    series: Vec<Series>,
    changed: Vec<SeriesIndex>,
}

impl SeriesCache {
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Forgets everything, also what is not written.
    pub fn clear(&mut self) {
        self.indexes.clear();
        self.series.clear();
        self.changed.clear();
    }

    /// The series of a descriptor, made where there is none.
    pub(crate) fn find(
        &mut self,
        connection: &Connection,
        vehicle_id: i64,
        descriptor: &str,
    ) -> Result<SeriesIndex> {
        let of_vehicle = self.indexes.entry(vehicle_id).or_default();
        if let Some(&index) = of_vehicle.get(descriptor) {
            return Ok(index);
        }
        let index = SeriesIndex(self.series.len());
        self.series.push(match load(connection, vehicle_id, descriptor)? {
            Some(series) => series,
            None => made(connection, vehicle_id, descriptor)?,
        });
        of_vehicle.insert(descriptor.into(), index);
        Ok(index)
    }

    /// The entry with the newest value of a descriptor.
    pub(crate) fn newest(&self, connection: &Connection, vehicle: i64, of: &str) -> Result<Option<u64>> {
        let known = self.indexes.get(&vehicle).and_then(|series| series.get(of));
        let latest = match known {
            Some(index) => self.get(*index).latest,
            None => load(connection, vehicle, of)?.and_then(|series| series.latest),
        };
        Ok(latest.and_then(|latest| latest.seq))
    }

    pub fn get(&self, index: SeriesIndex) -> &Series {
        &self.series[index.0]
    }

    fn change(&mut self, index: SeriesIndex) -> &mut Series {
        let series = &mut self.series[index.0];
        if !series.is_changed {
            series.is_changed = true;
            self.changed.push(index);
        }
        series
    }

    /// What was observed stands in entry `seq`. `is_late` where newer things are known of the vehicle: of what is no
    /// value it has not the last word then. Whether it is the newest value of the series.
    pub fn stored(
        &mut self,
        index: SeriesIndex,
        observed: &Observed,
        occurrence: u32,
        seq: u64,
        is_late: bool,
    ) -> bool {
        let series = self.change(index);
        if matches!(observed.what, What::Absent) {
            series.is_absent |= !is_late;
            series.ended_at = series.ended_at.max(observed.ended_at);
            series.absent += 1;
            series.last_absent_at = series.last_absent_at.max(Some(observed.received_at));
            return false;
        }
        series.is_absent &= is_late;
        let at = observed.measured.at;
        let last = Last {
            at,
            hash: Some(observed.hash),
        };
        let newest = |known: Option<Last>| known.filter(|known| known.at > at).or(Some(last));
        series.last = newest(series.last);
        if observed.stamp == Stamp::Requested {
            series.called = newest(series.called);
        }
        let is_value = matches!(observed.what, What::Value);
        is_value && self.advance(index, at, occurrence, seq)
    }

    /// A value takes its place in the history. Whether it is the newest: whether it was measured last.
    pub fn advance(&mut self, index: SeriesIndex, at: i64, occurrence: u32, seq: u64) -> bool {
        let latest = Latest {
            at,
            occurrence,
            seq: Some(seq),
        };
        let is_newest = latest.follows(self.get(index).latest);
        if is_newest {
            self.change(index).latest = Some(latest);
        }
        is_newest
    }

    /// Brings the table up to date. Indexes are void from here on.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let mut update = connection.prepare_cached(
            "update series set latest_at = ?2, latest_occurrence = ?3, latest_seq = ?4, last_at = ?5, last_hash = ?6,
                 is_absent = ?7, ended_at = ?8, absent = absent + ?9,
                 last_absent_at = max(coalesce(last_absent_at, ?10), coalesce(?10, last_absent_at)),
                 called_at = ?11, called_hash = ?12
             where id = ?1",
        )?;
        // In the order in which they were loaded, as a rule that of the rows.
        self.changed.sort_unstable();
        for index in self.changed.drain(..) {
            let series = &mut self.series[index.0];
            update.execute(params![
                series.id,
                series.latest.map(|latest| latest.at),
                series.latest.map(|latest| latest.occurrence),
                series.latest.and_then(|latest| latest.seq),
                series.last.map(|last| last.at),
                series.last.and_then(|last| last.hash),
                series.is_absent,
                series.ended_at,
                std::mem::take(&mut series.absent),
                series.last_absent_at.take(),
                series.called.map(|called| called.at),
                series.called.and_then(|called| called.hash),
            ])?;
            series.is_changed = false;
        }
        if self.series.len() > KEPT {
            self.clear();
        }
        Ok(())
    }
}

fn load(connection: &Connection, vehicle_id: i64, descriptor: &str) -> Result<Option<Series>> {
    let query = "select id, latest_at, latest_occurrence, latest_seq, last_at, last_hash, is_absent, ended_at, called_at, called_hash
         from series where vehicle_id = ?1 and descriptor = ?2";
    Ok(connection.first(query, params![vehicle_id, descriptor], |row| {
        let (at, occurrence): (Option<i64>, Option<u32>) = (row.get(1)?, row.get(2)?);
        let seq = row.get(3)?;
        let last = |at: Option<i64>, hash| at.map(|at| Last { at, hash });
        Ok(Series {
            id: row.get(0)?,
            latest: at.map(|at| Latest {
                at,
                occurrence: occurrence.unwrap_or(0),
                seq,
            }),
            last: last(row.get(4)?, row.get(5)?),
            is_absent: row.get(6)?,
            ended_at: row.get(7)?,
            called: last(row.get(8)?, row.get(9)?),
            ..Series::default()
        })
    })?)
}

fn made(connection: &Connection, vehicle_id: i64, descriptor: &str) -> Result<Series> {
    let insert = "insert into series (vehicle_id, descriptor) values (?1, ?2) returning id";
    Ok(Series {
        id: connection.one(insert, params![vehicle_id, descriptor], |row| row.get(0))?,
        ..Series::default()
    })
}
