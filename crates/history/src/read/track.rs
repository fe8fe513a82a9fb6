//! Where a vehicle was.

use std::collections::HashSet;

use collector_core::Vin;
use rusqlite::{Connection, OptionalExtension, Result};

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

/// Both halves of places, of which all that were measured at one moment lie in one table. The last one of a moment counts;
/// what was stamped with the time of a call says nothing of where the vehicle was then.
struct Halves<'a> {
    connection: &'a Connection,
    north: i64,
    east: i64,
    /// Sources whose readings were measured when they say.
    measured: HashSet<i64>,
}

fn track(
    connection: &Connection,
    [north, east]: [i64; 2],
    [from, to]: [i64; 2],
    points: usize,
) -> Result<Track> {
    let mut measured = connection.prepare_cached("SELECT id FROM source WHERE stamp = 'measured'")?;
    let measured = measured.query_map([], |row| row.get(0))?;
    let halves = Halves {
        connection,
        north,
        east,
        measured: measured.collect::<Result<_>>()?,
    };
    let width = (to - from - 1).max(0) / i64::try_from(points).unwrap_or(i64::MAX) + 1;
    let [history, later @ ..] = TABLES;
    let mut places = halves.places(history, [from, to], points + 1)?;
    let mut is_thinned = places.len() > points;
    if is_thinned {
        places = halves.spans(history, [from, to], width)?;
    }
    for table in later {
        places.extend(halves.places(table, [from, to], usize::MAX)?);
    }
    if places.len() > points {
        is_thinned = true;
        let mut thin: Vec<TrackPoint> = Vec::new();
        for place in places {
            let span = |place: &TrackPoint| (place.at_ms - from) / width;
            if thin.last().is_some_and(|last| span(last) == span(&place)) {
                thin.pop();
            }
            thin.push(place);
        }
        places = thin;
    }
    Ok(Track { places, is_thinned })
}

impl Halves<'_> {
    /// The first so many places of a table.
    fn places(&self, table: &str, [from, to]: [i64; 2], limit: usize) -> Result<Vec<TrackPoint>> {
        let mut places: Vec<TrackPoint> = Vec::new();
        self.each(table, "ASC", [from, to], |place| {
            if places.last().is_some_and(|last| last.at_ms == place.at_ms) {
                places.pop();
            }
            places.push(place);
            places.len() < limit
        })?;
        Ok(places)
    }

    /// The last place of each span, from one that has latitudes to the next.
    fn spans(&self, table: &str, [from, to]: [i64; 2], width: i64) -> Result<Vec<TrackPoint>> {
        let mut next = self.connection.prepare_cached(&north(table, "ASC"))?;
        let (mut places, mut at) = (Vec::new(), from);
        loop {
            let found = next.query_row([self.north, at, to], |row| row.get::<_, i64>(0));
            let Some(first) = found.optional()? else {
                return Ok(places);
            };
            let begin = first - (first - from) % width;
            at = to.min(begin + width);
            self.each(table, "DESC", [begin, at], |place| {
                places.push(place);
                false
            })?;
        }
    }

    /// Goes through places until `take` wants no more.
    fn each(
        &self,
        table: &str,
        order: &str,
        [from, to]: [i64; 2],
        mut take: impl FnMut(TrackPoint) -> bool,
    ) -> Result<()> {
        let mut north = self.connection.prepare_cached(&north(table, order))?;
        let mut rows = north.query([self.north, from, to])?;
        while let Some(row) = rows.next()? {
            let at_ms = row.get(0)?;
            if !self.measured.contains(&row.get(2)?) {
                continue;
            }
            let Some(longitude) = self.east_of(table, at_ms)? else {
                continue;
            };
            let latitude = row.get(1)?;
            if !take(TrackPoint {
                at_ms,
                latitude,
                longitude,
            }) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn east_of(&self, table: &str, moment: i64) -> Result<Option<f64>> {
        let mut east = self.connection.prepare_cached(&east(table))?;
        let mut rows = east.query([self.east, moment])?;
        while let Some(row) = rows.next()? {
            if self.measured.contains(&row.get(1)?) {
                return row.get(0).map(Some);
            }
        }
        Ok(None)
    }
}
