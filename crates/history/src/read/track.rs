//! Where a vehicle was.

use std::collections::HashSet;

use collector_core::Vin;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row};

use super::reader::{ReadError, Reader};
use super::series::Range;
use super::vehicles::keys;
use crate::fold::TABLES;

const PLACE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.";

/// Places that can be asked for.
const POINTS: std::ops::RangeInclusive<usize> = 2..=2_000;

/// What was measured at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackPoint {
    /// In milliseconds since 1970.
    pub at_ms: i64,
    /// In degrees, as the vehicle told it.
    pub latitude: f64,
    pub longitude: f64,
}

/// Places in the order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Track {
    pub places: Vec<TrackPoint>,
    /// There are more of them: of several in one span of time the last one is here.
    pub is_thinned: bool,
}

/// Latitudes (of the series `?1`) from a moment (`?2`) to before another (`?3`), in the order of time or against it.
pub fn north(table: &str, order: &str) -> String {
    format!(
        "SELECT measured_at, CAST(value AS REAL), source_id FROM {table}
         WHERE series_id = ?1 AND measured_at >= ?2 AND measured_at < ?3 AND occurrence >= 0
         ORDER BY measured_at {order}, occurrence {order}"
    )
}

/// Longitudes (of the series `?1`) of one moment (`?2`), the last first.
pub fn east(table: &str) -> String {
    format!(
        "SELECT CAST(value AS REAL), source_id FROM {table}
         WHERE series_id = ?1 AND measured_at = ?2 AND occurrence >= 0 ORDER BY occurrence DESC"
    )
}

impl Reader {
    /// At most `points` (2 to 2,000) places. Parts that were measured at different times are never put together.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn track(&self, vin: &Vin, range: Range, points: usize) -> std::result::Result<Track, ReadError> {
        let points = points.clamp(*POINTS.start(), *POINTS.end());
        self.read(|connection| {
            let half = |name: &str| -> Result<Option<i64>> {
                let descriptor = format!("{PLACE}{name}");
                Ok(keys(connection, vin, Some(&descriptor))?
                    .pop()
                    .map(|key| key.series))
            };
            match (half("latitude")?, half("longitude")?) {
                (Some(north), Some(east)) => {
                    let [from, to] = range.milliseconds();
                    track(connection, [north, east], [from, to.max(from)], points)
                }
                _ => Ok(Track::default()),
            }
        })
    }
}

/// Both halves of places in one table, where all of a moment lie. The last one of a moment counts; what was stamped with
/// the time of a call says nothing of where the vehicle was then.
struct Halves<'a> {
    forth: CachedStatement<'a>,
    back: CachedStatement<'a>,
    east: CachedStatement<'a>,
    /// The series of both.
    series: [i64; 2],
    /// Sources whose readings were measured when they say.
    measured: &'a HashSet<i64>,
}

fn track(connection: &Connection, series: [i64; 2], [from, to]: [i64; 2], points: usize) -> Result<Track> {
    let mut measured = connection.prepare_cached("SELECT id FROM source WHERE stamp = 'measured'")?;
    let measured = measured.query_map([], |row| row.get(0))?;
    let measured = measured.collect::<Result<HashSet<i64>>>()?;
    let halves = |table: &str| Halves::of(connection, table, series, &measured);
    let width = (to - from - 1).max(0) / i64::try_from(points).unwrap_or(i64::MAX) + 1;
    let [history, later @ ..] = TABLES;
    let mut places = halves(history)?.places([from, to], points + 1)?;
    let mut is_thinned = places.len() > points;
    if is_thinned {
        places = halves(history)?.spans([from, to], width)?;
    }
    for table in later {
        places.extend(halves(table)?.places([from, to], usize::MAX)?);
    }
    if places.len() > points {
        is_thinned = true;
        places = last_of_each(places, |place| (place.at_ms - from) / width);
    }
    Ok(Track { places, is_thinned })
}

fn last_of_each(places: Vec<TrackPoint>, of: impl Fn(&TrackPoint) -> i64) -> Vec<TrackPoint> {
    let mut kept: Vec<TrackPoint> = Vec::new();
    for place in places {
        if kept.last().is_some_and(|last| of(last) == of(&place)) {
            kept.pop();
        }
        kept.push(place);
    }
    kept
}

impl<'a> Halves<'a> {
    fn of(
        connection: &'a Connection,
        table: &str,
        series: [i64; 2],
        measured: &'a HashSet<i64>,
    ) -> Result<Self> {
        Ok(Self {
            forth: connection.prepare_cached(&north(table, "ASC"))?,
            back: connection.prepare_cached(&north(table, "DESC"))?,
            east: connection.prepare_cached(&east(table))?,
            series,
            measured,
        })
    }

    /// The first so many places.
    fn places(&mut self, [from, to]: [i64; 2], limit: usize) -> Result<Vec<TrackPoint>> {
        let mut rows = self.forth.query([self.series[0], from, to])?;
        let mut places: Vec<TrackPoint> = Vec::new();
        while let Some(row) = rows.next()?
            && places.len() < limit
        {
            let Some(place) = place(row, &mut self.east, self.series[1], self.measured)? else {
                continue;
            };
            if places.last().is_some_and(|last| last.at_ms == place.at_ms) {
                places.pop();
            }
            places.push(place);
        }
        Ok(places)
    }

    /// The last place of each span, from one that has latitudes to the next.
    fn spans(&mut self, [from, to]: [i64; 2], width: i64) -> Result<Vec<TrackPoint>> {
        let [north, east] = self.series;
        let (mut places, mut at) = (Vec::new(), from);
        loop {
            let found = self.forth.query_row([north, at, to], |row| row.get::<_, i64>(0));
            let Some(first) = found.optional()? else {
                return Ok(places);
            };
            let begin = first - (first - from) % width;
            at = to.min(begin + width);
            let mut rows = self.back.query([north, begin, at])?;
            while let Some(row) = rows.next()? {
                if let Some(place) = place(row, &mut self.east, east, self.measured)? {
                    places.push(place);
                    break;
                }
            }
        }
    }
}

/// From a row of [`north`], with the longitude of its moment.
fn place(
    row: &Row<'_>,
    east: &mut CachedStatement<'_>,
    series: i64,
    measured: &HashSet<i64>,
) -> Result<Option<TrackPoint>> {
    if !measured.contains(&row.get(2)?) {
        return Ok(None);
    }
    let at_ms = row.get(0)?;
    let mut rows = east.query([series, at_ms])?;
    while let Some(other) = rows.next()? {
        if measured.contains(&other.get(1)?) {
            return Ok(Some(TrackPoint {
                at_ms,
                latitude: row.get(1)?,
                longitude: other.get(0)?,
            }));
        }
    }
    Ok(None)
}
