//! Numbers over time: as they were told while they are few, else by spans whose width follows from the points.

use rusqlite::{Connection, Result, params};

use super::series::{Part, Told};
use crate::fold::TABLES;
use crate::rollup::{Part as Span, Width};

/// So many rows of `history` are gone through where spans are shorter than an hour. With more of them hours are shown.
const MOST: i64 = 200_000;

/// Numbers of a series (`?1`) from a moment (`?2`) to before another (`?3`), at most so many (`?4`); NULL is an end.
pub fn between(table: &str) -> String {
    format!(
        "SELECT measured_at, iif(occurrence < 0, NULL, CAST(value AS REAL)) FROM {table}
         WHERE series_id = ?1 AND measured_at >= ?2 AND measured_at < ?3
         ORDER BY measured_at, occurrence LIMIT ?4"
    )
}

/// Roll-ups of a series (`?1`) from one number (`?2`) to before another (`?3`).
pub fn spans(width: Width) -> String {
    format!(
        "SELECT at, count, min, max, last, ended FROM {}
         WHERE series_id = ?1 AND at >= ?2 AND at < ?3 ORDER BY at",
        width.table()
    )
}

/// How many readings the hours of a series have.
pub const WEIGHT: &str =
    "SELECT coalesce(sum(count), 0) FROM rollup_hour WHERE series_id = ?1 AND at >= ?2 AND at < ?3";

pub fn told(
    connection: &Connection,
    series: i64,
    range: [i64; 2],
    points: usize,
    has_rollups: bool,
) -> Result<Told> {
    if let Some(told) = few(connection, series, range, points)? {
        return Ok(told);
    }
    let width = width(range, points);
    let mut unit = [Width::Day, Width::Hour]
        .into_iter()
        .find(|unit| width >= unit.milliseconds());
    if unit.is_none() && has_rollups && is_much(connection, series, range)? {
        unit = Some(Width::Hour);
    }
    // A span has whole hours, or whole days.
    let whole = unit.map_or(1, Width::milliseconds);
    let width = ((width - 1).div_euclid(whole) + 1) * whole;
    let rolled = unit.filter(|_| has_rollups);
    let mut spans = Spans {
        width,
        spans: Vec::new(),
    };
    let from = range[0].div_euclid(width) * width;
    let to = ((range[1] - 1).div_euclid(width) + 1) * width;
    if let Some(rolled) = rolled {
        spans.rolled(connection, rolled, series, [from, to])?;
    }
    let tables = if rolled.is_some() {
        &TABLES[1..]
    } else {
        &TABLES[..]
    };
    for table in tables {
        each(connection, table, series, [from, to], -1, |at, value| {
            spans.at(at).tell(value)
        })?;
    }
    Ok(Told::Parts {
        width_ms: width,
        points: spans.finish(),
    })
}

/// Whether so much of `history` lies in a range that it takes too long to go through it.
fn is_much(connection: &Connection, series: i64, range: [i64; 2]) -> Result<bool> {
    let [from, to] = range.map(|moment| moment.div_euclid(Width::Hour.milliseconds()));
    let mut weight = connection.prepare_cached(WEIGHT)?;
    let weight: i64 = weight.query_row([series, from, to + 1], |row| row.get(0))?;
    Ok(weight > MOST)
}

/// The width of a span, so that a range has no more of them than points, however they lie in it.
fn width([from, to]: [i64; 2], points: usize) -> i64 {
    let spans = i64::try_from(points).unwrap_or(i64::MAX) - 1;
    ((to - from - 1).max(0) / spans + 1).max(1)
}

/// All of them, where they are no more than points.
fn few(connection: &Connection, series: i64, range: [i64; 2], points: usize) -> Result<Option<Told>> {
    let (mut numbers, mut ends) = (Vec::new(), Vec::new());
    for table in TABLES {
        let left = points + 1 - numbers.len() - ends.len();
        let limit = i64::try_from(left).unwrap_or(i64::MAX);
        each(connection, table, series, range, limit, |at, value| match value {
            Some(value) => numbers.push((at, value)),
            None => ends.push(at),
        })?;
        if numbers.len() + ends.len() > points {
            return Ok(None);
        }
    }
    Ok(Some(Told::Readings {
        points: numbers,
        ends,
    }))
}

fn each(
    connection: &Connection,
    table: &str,
    series: i64,
    [from, to]: [i64; 2],
    limit: i64,
    mut take: impl FnMut(i64, Option<f64>),
) -> Result<()> {
    let mut find = connection.prepare_cached(&between(table))?;
    let mut rows = find.query(params![series, from, to, limit])?;
    while let Some(row) = rows.next()? {
        take(row.get(0)?, row.get(1)?);
    }
    Ok(())
}

/// Gathers what is told in the order of time.
struct Spans {
    width: i64,
    spans: Vec<Span>,
}

impl Spans {
    fn at(&mut self, moment: i64) -> &mut Span {
        let at = moment.div_euclid(self.width);
        let place = match self.spans.last() {
            Some(last) if last.at == at => self.spans.len() - 1,
            _ => {
                self.spans.push(Span::empty(at));
                self.spans.len() - 1
            }
        };
        &mut self.spans[place]
    }

    fn rolled(&mut self, connection: &Connection, width: Width, series: i64, range: [i64; 2]) -> Result<()> {
        let unit = width.milliseconds();
        let [from, to] = range.map(|moment| moment.div_euclid(unit));
        let mut find = connection.prepare_cached(&spans(width))?;
        let mut rows = find.query([series, from, to])?;
        while let Some(row) = rows.next()? {
            let span = Span::read(row)?;
            self.at(span.at * unit).follow(&span);
        }
        Ok(())
    }

    /// A span that has only an end ends the one before it.
    fn finish(self) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for span in self.spans {
            match span.numbers {
                Some(numbers) => parts.push(Part {
                    at_ms: span.at * self.width,
                    min: numbers.min,
                    max: numbers.max,
                    last: numbers.last,
                    is_ended: span.is_ended,
                }),
                None => {
                    if let Some(last) = parts.last_mut() {
                        last.is_ended = true;
                    }
                }
            }
        }
        parts
    }
}
