//! What is known of each series: one descriptor of one vehicle.
//!
//! Kept in memory while its transaction is open and as long as there is room, so that hundreds of messages about
//! one value are one update.

use hashbrown::HashMap;
use rusqlite::{Connection, params};
use store::sql::Access;

use crate::Result;

/// How many series are kept between two jobs: some megabytes.
const KEPT: usize = 16_384;

/// A row of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    pub id: i64,
    /// The newest value by its own time, whenever it arrived.
    pub latest: Option<Latest>,
    /// Of the value at `latest`.
    pub last_hash: Option<i64>,
    /// What came since the last value that is none: an absence or a misfit.
    pub last_misfit: Option<i64>,
    /// Absences that are not written yet.
    absent: u64,
    last_absent_at: Option<i64>,
    is_changed: bool,
}

/// Where the newest value is. No reading of the series was ever measured later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Latest {
    /// Milliseconds since the epoch.
    pub at: i64,
    pub occurrence: u32,
    /// `None` where its entry was forgotten.
    pub seq: Option<u64>,
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
        self.series.push(load(connection, vehicle_id, descriptor)?);
        of_vehicle.insert(descriptor.into(), index);
        Ok(index)
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

    /// A value came: whatever follows it that is none is news.
    pub fn end_misfits(&mut self, index: SeriesIndex) {
        if self.get(index).last_misfit.is_some() {
            self.change(index).last_misfit = None;
        }
    }

    /// Whether this is another misfit than the last, or the first behind a value. From now on it is the last.
    pub fn misfit(&mut self, index: SeriesIndex, hash: i64) -> bool {
        let is_new = self.get(index).last_misfit != Some(hash);
        if is_new {
            self.change(index).last_misfit = Some(hash);
        }
        is_new
    }

    /// BMW sent no value.
    pub fn absent(&mut self, index: SeriesIndex, received_at: i64) {
        let series = self.change(index);
        series.absent += 1;
        series.last_absent_at = Some(received_at);
    }

    /// A value takes its place in the history; it is the newest if it was measured last.
    pub fn advance(&mut self, index: SeriesIndex, latest: Latest, hash: i64) {
        let is_newest = self
            .get(index)
            .latest
            .is_none_or(|known| (latest.at, latest.occurrence) >= (known.at, known.occurrence));
        if is_newest {
            let series = self.change(index);
            series.latest = Some(latest);
            series.last_hash = Some(hash);
        }
    }

    /// Brings the table up to date. Indexes are void from here on.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let mut update = connection.prepare_cached(
            "update series set latest_at = ?2, latest_occurrence = ?3, latest_seq = ?4, last_hash = ?5,
                 last_misfit = ?6, absent = absent + ?7, last_absent_at = coalesce(?8, last_absent_at)
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
                series.last_hash,
                series.last_misfit,
                std::mem::take(&mut series.absent),
                series.last_absent_at.take(),
            ])?;
            series.is_changed = false;
        }
        if self.series.len() > KEPT {
            self.clear();
        }
        Ok(())
    }
}

fn load(connection: &Connection, vehicle_id: i64, descriptor: &str) -> Result<Series> {
    let query = "select id, latest_at, latest_occurrence, latest_seq, last_hash, last_misfit from series
         where vehicle_id = ?1 and descriptor = ?2";
    let found = connection.first(query, params![vehicle_id, descriptor], |row| {
        let (at, occurrence): (Option<i64>, Option<u32>) = (row.get(1)?, row.get(2)?);
        let seq = row.get(3)?;
        Ok(Series {
            id: row.get(0)?,
            latest: at.map(|at| Latest {
                at,
                occurrence: occurrence.unwrap_or(0),
                seq,
            }),
            last_hash: row.get(4)?,
            last_misfit: row.get(5)?,
            ..Series::default()
        })
    })?;
    if let Some(series) = found {
        return Ok(series);
    }
    let insert = "insert into series (vehicle_id, descriptor) values (?1, ?2) returning id";
    Ok(Series {
        id: connection.one(insert, params![vehicle_id, descriptor], |row| row.get(0))?,
        ..Series::default()
    })
}
