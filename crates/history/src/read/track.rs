//! Where a vehicle was.

use collector_core::Vin;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

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

/// Both halves of places, which lie in one table. The last one of a moment counts; what was stamped with the time of a call
/// says nothing of where the vehicle was then.
pub fn between(table: &str, order: &str) -> String {
    let measured = |half: &str| {
        format!(
            "{half}.occurrence >= 0 AND {half}.source_id IN (SELECT id FROM source WHERE stamp = 'measured')"
        )
    };
    let desc = if order == "DESC" { "DESC" } else { "" };
    format!(
        "SELECT north.measured_at, CAST(north.value AS REAL), CAST(east.value AS REAL) FROM {table} AS north
         CROSS JOIN {table} AS east ON east.series_id = ?2 AND east.measured_at = north.measured_at
         WHERE north.series_id = ?1 AND north.measured_at >= ?3 AND north.measured_at < ?4 AND {} AND {}
         ORDER BY north.measured_at {desc}, north.occurrence {desc}, east.occurrence {desc} LIMIT ?5",
        measured("north"),
        measured("east")
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

fn track(connection: &Connection, halves: [i64; 2], [from, to]: [i64; 2], points: usize) -> Result<Track> {
    let width = (to - from - 1).max(0) / i64::try_from(points).unwrap_or(i64::MAX) + 1;
    let (mut places, mut is_thinned) = (Vec::new(), false);
    for (place, table) in TABLES.into_iter().enumerate() {
        // What has an end is gone through.
        let limit = if place == 0 { points + 1 } else { usize::MAX };
        let found = all(connection, table, halves, [from, to], limit, &mut places)?;
        if place == 0 && found > points {
            is_thinned = true;
            places = spans(connection, table, halves, [from, to], width)?;
        }
    }
    if places.len() > points {
        is_thinned = true;
        let span = |place: &TrackPoint| (place.at_ms - from) / width;
        places = last_of_each(places, span);
    }
    Ok(Track { places, is_thinned })
}

fn all(
    connection: &Connection,
    table: &str,
    [north, east]: [i64; 2],
    [from, to]: [i64; 2],
    limit: usize,
    places: &mut Vec<TrackPoint>,
) -> Result<usize> {
    let limit = i64::try_from(limit).unwrap_or(-1);
    let mut find = connection.prepare_cached(&between(table, "ASC"))?;
    let mut rows = find.query(params![north, east, from, to, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(place(row)?);
    }
    let count = found.len();
    places.extend(last_of_each(found, |place| place.at_ms));
    Ok(count)
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

/// The last place of each span, from one that has places to the next.
fn spans(
    connection: &Connection,
    table: &str,
    [north, east]: [i64; 2],
    [from, to]: [i64; 2],
    width: i64,
) -> Result<Vec<TrackPoint>> {
    let mut next = connection.prepare_cached(&between(table, "ASC"))?;
    let mut last = connection.prepare_cached(&between(table, "DESC"))?;
    let mut places = Vec::new();
    let mut at = from;
    loop {
        let found = next.query_row(params![north, east, at, to, 1], place);
        let Some(first) = found.optional()? else {
            return Ok(places);
        };
        let begin = first.at_ms - (first.at_ms - from) % width;
        at = to.min(begin + width);
        places.push(last.query_row(params![north, east, begin, at, 1], place)?);
    }
}

fn place(row: &Row<'_>) -> Result<TrackPoint> {
    Ok(TrackPoint {
        at_ms: row.get(0)?,
        latitude: row.get(1)?,
        longitude: row.get(2)?,
    })
}
