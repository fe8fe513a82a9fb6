//! When a vehicle told nothing.

use std::collections::BTreeSet;

use collector_core::{ValueType, Vin};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result};

use super::reader::{ReadError, Reader};
use super::row::last;
use super::series::Range;
use super::vehicles::{Key, keys};
use super::words::moment;
use crate::fold::TABLES;
use crate::rollup::Width;

/// Of longer ranges days are looked at.
const HOURS: SignedDuration = SignedDuration::from_hours(32 * 24);

/// The spans of a series (`?1`) from one number (`?2`) to before another (`?3`) in which `history` has a number or an end.
pub fn rolled(width: Width) -> String {
    format!(
        "SELECT at FROM {} WHERE series_id = ?1 AND at >= ?2 AND at < ?3",
        width.table()
    )
}

/// The first moment of a series (`?1`) from one (`?2`) to before another (`?3`) in a table whose rows lie by series.
pub fn first(table: &str) -> String {
    format!(
        "SELECT measured_at FROM {table} WHERE series_id = ?1 AND measured_at >= ?2 AND measured_at < ?3
         ORDER BY measured_at LIMIT 1"
    )
}

/// The series and the moment of all rows of `recent` from one moment (`?1`) to before another (`?2`).
pub const RECENT: &str =
    "SELECT series_id, measured_at FROM recent WHERE measured_at >= ?1 AND measured_at < ?2";

impl Reader {
    /// The hours of a range in which a vehicle measured nothing, neighbours joined; of more than 32 days the days, all in UTC. None
    /// is told before its first reading. The first and the last may begin and end with the range.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn silences(&self, vin: &Vin, range: Range) -> std::result::Result<Vec<Range>, ReadError> {
        let width = match range.to.duration_since(range.from) > HOURS {
            true => Width::Day,
            false => Width::Hour,
        };
        self.read(|connection| {
            let keys = keys(connection, vin, None)?;
            let mut busy = Busy {
                connection,
                width,
                range: range.milliseconds(),
                spans: BTreeSet::new(),
            };
            let rolled = |key: &&Key| key.value_type == ValueType::Number && self.has_rollups();
            for key in keys.iter().filter(rolled) {
                busy.rolled(key.series)?;
            }
            busy.recent(&keys)?;
            // What the roll-ups do not tell of is searched for where they are silent.
            for key in &keys {
                let tables = if rolled(&key) { &TABLES[1..2] } else { &TABLES[..2] };
                for table in tables {
                    busy.search(table, key.series)?;
                }
            }
            let knows_before = keys.iter().map(|key| busy.is_told_before(key.series));
            let knows_before = knows_before.collect::<Result<Vec<_>>>()?.contains(&true);
            busy.silences(knows_before)
        })
    }
}

/// The spans of a range, by their numbers, in which something was told.
struct Busy<'a> {
    connection: &'a Connection,
    width: Width,
    range: [i64; 2],
    spans: BTreeSet<i64>,
}

impl Busy<'_> {
    /// From the first span that the range touches to behind the last.
    fn numbers(&self) -> [i64; 2] {
        let [from, to] = self.range;
        [self.width.number(from), self.width.number(to - 1) + 1]
    }

    fn rolled(&mut self, series: i64) -> Result<()> {
        let [from, to] = self.numbers();
        let mut find = self.connection.prepare_cached(&rolled(self.width))?;
        let mut rows = find.query([series, from, to])?;
        while let Some(row) = rows.next()? {
            self.spans.insert(row.get(0)?);
        }
        Ok(())
    }

    fn recent(&mut self, keys: &[Key]) -> Result<()> {
        let its: BTreeSet<i64> = keys.iter().map(|key| key.series).collect();
        let mut find = self.connection.prepare_cached(RECENT)?;
        let mut rows = find.query(self.range)?;
        while let Some(row) = rows.next()? {
            if its.contains(&row.get(0)?) {
                self.spans.insert(self.width.number(row.get(1)?));
            }
        }
        Ok(())
    }

    /// From one span of which nothing is known yet to the next.
    fn search(&mut self, table: &str, series: i64) -> Result<()> {
        let mut find = self.connection.prepare_cached(&first(table))?;
        let [mut at, end] = self.range;
        loop {
            while self.spans.contains(&self.width.number(at)) {
                at = self.width.begin(self.width.number(at) + 1);
            }
            let found = find.query_row([series, at, end], |row| row.get(0));
            let Some(found) = found.optional()? else {
                return Ok(());
            };
            self.spans.insert(self.width.number(found));
            at = found;
        }
    }

    fn is_told_before(&self, series: i64) -> Result<bool> {
        for table in TABLES {
            let mut find = self.connection.prepare_cached(&last(table, ""))?;
            if find.exists([series, self.range[0]])? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What lies between the busy spans; before the first of them only where the vehicle was known already.
    fn silences(&self, knows_before: bool) -> Result<Vec<Range>> {
        let [first, end] = self.numbers();
        let mut next = knows_before.then_some(first);
        let mut silences = Vec::new();
        for span in self.spans.iter().copied().chain([end]) {
            if let Some(next) = next.filter(|next| *next < span) {
                silences.push(Range {
                    from: self.edge(next)?,
                    to: self.edge(span)?,
                });
            }
            next = Some(span + 1);
        }
        Ok(silences)
    }

    fn edge(&self, number: i64) -> Result<Timestamp> {
        moment(self.width.begin(number).clamp(self.range[0], self.range[1]))
    }
}
