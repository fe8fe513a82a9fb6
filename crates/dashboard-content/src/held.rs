//! A series of numbers as a chart shows it: from one edge of a range to the other, with its table.

use collector_core::{UnitSystem, Value};
use history::read::{Range, Series, Told};
use jiff::Timestamp;

use crate::cells::Reading;
use crate::drawn::{drawn, reads};
use crate::view::chart;
use crate::view::parts::{Cell, Column};
use crate::view::texts;

/// Rows of a table.
const ROWS: usize = 100;

/// A moment, or the begin of a span, in milliseconds since 1970, with the lowest, the highest and the last number.
pub type Part = (f64, f64, f64, f64);

/// The line of a chart, in the units of its reader.
#[derive(Default)]
pub struct Held {
    /// Empty where it has none.
    pub unit: String,
    pub points: Vec<(f64, Option<f64>)>,
    pub parts: Vec<chart::Part>,
}

/// The line ends where the value did. What held before enters at the edge; where the value has not ended, the last one
/// holds to the other edge.
pub fn held(told: &Series, range: Range, units: UnitSystem) -> Held {
    let drawn = drawn(told, units);
    let (from, to) = (ms(range.from), ms(range.to));
    let inside = |at: i64| (at as f64).max(from);
    let points = drawn.points.unwrap_or_default().into_iter();
    let mut points: Vec<_> = points.map(|(at, value)| (inside(at), value)).collect();
    let parts = drawn.parts.unwrap_or_default().into_iter();
    let mut parts: Vec<_> = parts
        .map(|(at, min, max, last)| (inside(at), min, max, last))
        .collect();
    if parts.first().is_some_and(|first| first.0 > from)
        && let Some(value) = before(told, units)
    {
        let value = Some(value);
        parts.insert(0, (from, value, value, value));
    }
    let last = points.last().filter(|last| last.0 < to && last.1.is_some());
    let held = last.map(|last| (to, last.1));
    points.extend(held);
    let last = parts.last().filter(|last| last.0 < to && last.3.is_some());
    let held = last.map(|last| (to, last.3, last.3, last.3));
    parts.extend(held);
    Held {
        unit: drawn.unit,
        points,
        parts,
    }
}

/// What was told, after what held before; empty where nothing was, and for what is no number.
pub fn parts(told: &Series, range: Range, units: UnitSystem) -> Vec<Part> {
    let from = ms(range.from);
    let read = reads(told, units);
    let before = before(told, units).map(|value| (from, value, value, value));
    let told: Vec<Part> = match &told.told {
        Told::Readings { points, .. } => points
            .iter()
            .map(|&(at, it)| (at as f64, read(it), read(it), read(it)))
            .collect(),
        Told::Parts { points, .. } => points
            .iter()
            .map(|part| {
                let at = (part.at_ms as f64).max(from);
                (at, read(part.min), read(part.max), read(part.last))
            })
            .collect(),
        Told::Changes { .. } => Vec::new(),
    };
    before.into_iter().chain(told).collect()
}

fn before(told: &Series, units: UnitSystem) -> Option<f64> {
    match told.before.as_ref()?.value {
        Value::Number(number) => Some(reads(told, units)(number)),
        _ => None,
    }
}

/// The lowest and the highest of all; `None` where there is none.
pub fn ends(parts: &[Part]) -> Option<(f64, f64)> {
    let low = parts.iter().map(|part| part.1).reduce(f64::min)?;
    let high = parts.iter().map(|part| part.2).reduce(f64::max)?;
    Some((low, high))
}

/// The columns of [`rows`], the third of what is told by the text of `last`.
pub fn columns(last: &'static str) -> Vec<Column> {
    vec![
        Column::text(texts::t("level.time")),
        Column::number(texts::t(last)),
        Column::number(texts::t("level.low")),
        Column::number(texts::t("level.high")),
    ]
}

/// The newest first, in as many rows as people read: the last, the lowest and the highest number of a time.
pub fn rows(reading: &Reading<'_>, parts: &[Part], show: impl Fn(f64) -> String) -> Vec<Vec<Cell>> {
    let together = parts.len().div_ceil(ROWS).max(1);
    let rows = parts.chunks(together).rev().filter_map(|parts| {
        let (first, last) = (parts.first()?, parts.last()?);
        let (low, high) = ends(parts)?;
        let at = Timestamp::from_millisecond(first.0 as i64).ok()?;
        let time = Cell::sorted(reading.moment(at).text, first.0);
        let cell = |value: f64| Cell::sorted(show(value), value);
        Some(vec![time, cell(last.3), cell(low), cell(high)])
    });
    rows.collect()
}

pub(crate) fn ms(at: Timestamp) -> f64 {
    at.as_millisecond() as f64
}
