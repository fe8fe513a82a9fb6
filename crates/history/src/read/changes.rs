//! Texts, truths and times: where they changed.

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, OptionalExtension, Result};

use super::row::{between, each, last};
use super::series::{Change, Told};
use super::vehicles::Key;
use super::words::value;
use crate::fold::TABLES;

/// So many rows are gone through. Of more of them the last of each span is searched for.
const MOST: usize = 50_000;

/// A moment, and what stood there from then on; NULL is an end.
type Step = (i64, Stored);

pub fn told(connection: &Connection, key: &Key, [from, to]: [i64; 2], points: usize) -> Result<Told> {
    let width = (to - from - 1).max(0) / i64::try_from(points).unwrap_or(i64::MAX) + 1;
    let mut all: Vec<Step> = Vec::new();
    let mut rows = 0;
    each(connection, &TABLES[..1], key.series, [from, to], |row| {
        push(&mut all, (row.measured_at, row.value));
        rows += 1;
        rows <= MOST
    })?;
    let mut is_thinned = rows > MOST;
    if is_thinned {
        all = spans(connection, key.series, [from, to], width)?;
    }
    each(connection, &TABLES[1..], key.series, [from, to], |row| {
        push(&mut all, (row.measured_at, row.value));
        true
    })?;
    if all.len() > points {
        is_thinned = true;
        all = thin(all, from, width);
    }
    let changes = all.into_iter().map(|(at_ms, stored)| {
        let value = value(connection, key.value_type, &stored)?;
        Ok(Change { at_ms, value })
    });
    Ok(Told::Changes {
        changes: changes.collect::<Result<_>>()?,
        is_thinned,
    })
}

/// What says the same as before is no change.
fn push(all: &mut Vec<Step>, told: Step) {
    if all.last().is_none_or(|last| last.1 != told.1) {
        all.push(told);
    }
}

/// The last one of each span.
fn thin(all: Vec<Step>, from: i64, width: i64) -> Vec<Step> {
    let span = |step: &Step| (step.0 - from) / width;
    let mut kept: Vec<Step> = Vec::new();
    for step in all {
        if kept.last().is_some_and(|last| span(last) == span(&step)) {
            kept.pop();
        }
        push(&mut kept, step);
    }
    kept
}

/// The last row of each span of `history`, from one that has rows to the next.
fn spans(connection: &Connection, series: i64, [from, to]: [i64; 2], width: i64) -> Result<Vec<Step>> {
    let mut last = connection.prepare_cached(&last(TABLES[0], ""))?;
    let mut next = connection.prepare_cached(&between(TABLES[0]))?;
    let mut all = Vec::new();
    let mut at = from;
    loop {
        let found = next.query_row([series, at, to, 1], |row| row.get::<_, i64>(0));
        let Some(first) = found.optional()? else {
            return Ok(all);
        };
        at = to.min(first - (first - from) % width + width);
        push(
            &mut all,
            last.query_row([series, at], |row| Ok((row.get(0)?, row.get(2)?)))?,
        );
    }
}
