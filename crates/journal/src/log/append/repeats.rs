//! When two readings of one series are one observation.
//!
//! Their values are the same in their [canonical](entry_form::canonical) form, and so are their stamps. A message gives its
//! stamps in whole seconds, a poll in milliseconds: a stamp of a whole second names every moment within it. Whichever
//! comes second is the repeat.

use std::collections::BTreeMap;

use entry_form::observe::MeasuredAt;
use rusqlite::{Connection, params};
use store::sql::Access;

use super::series::Series;
use crate::Result;

/// The table `seen`, with rows that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct SeenTable {
    /// By series, time and hash: whether the stamp was given in whole seconds.
    waiting: BTreeMap<(i64, i64, i64), bool>,
}

/// Time, hash, and whether the stamp was given in whole seconds.
type Row = (i64, i64, bool);

impl SeenTable {
    /// How many rows wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    pub fn insert(&mut self, series_id: i64, measured: MeasuredAt, hash: i64) {
        let key = (series_id, measured.at, hash);
        self.waiting.insert(key, measured.whole_second);
    }

    /// The occurrence of a value that is in the log for the first time, counted from 0; `None` where it was there
    /// before. It is remembered from now on.
    pub(crate) fn remember(
        &mut self,
        connection: &Connection,
        series: &Series,
        measured: MeasuredAt,
        hash: i64,
    ) -> Result<Option<u32>> {
        let occurrence = match series.last {
            Some(last) if last.at >= measured.second() => {
                if last.at == measured.at && last.hash == Some(hash) {
                    return Ok(None);
                }
                match self.look(connection, series.id, measured, hash)? {
                    Some(occurrence) => occurrence,
                    None => return Ok(None),
                }
            }
            // Nothing was ever measured in this second, or later.
            _ => 0,
        };
        self.insert(series.id, measured, hash);
        Ok(Some(occurrence))
    }

    /// How many values were measured at this moment; `None` where this is one of them.
    fn look(
        &self,
        connection: &Connection,
        series_id: i64,
        measured: MeasuredAt,
        hash: i64,
    ) -> Result<Option<u32>> {
        let mut occurrence = 0;
        for (at, other, whole_second) in self.near(connection, series_id, measured)? {
            let is_one = at == measured.at || measured.whole_second || whole_second;
            if is_one && other == hash {
                return Ok(None);
            }
            occurrence += u32::from(at == measured.at);
        }
        Ok(Some(occurrence))
    }

    /// The rows that may name the same moment.
    fn near(&self, connection: &Connection, series_id: i64, measured: MeasuredAt) -> Result<Vec<Row>> {
        let second = measured.second();
        // Of the others in the second, only one that names all of it can be the moment of a fraction.
        let (query, other) = match measured.whole_second {
            true => (
                "select measured_at, hash, whole_second from seen
                 where measured_at between ?1 and ?2 and series_id = ?3",
                second + 999,
            ),
            false => (
                "select measured_at, hash, whole_second from seen
                 where measured_at in (?1, ?2) and series_id = ?3",
                measured.at,
            ),
        };
        let mut near: Vec<Row> = connection.all(query, [second, other, series_id], |row| {
            let whole_second: Option<bool> = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, whole_second.unwrap_or(false)))
        })?;
        let waiting = (series_id, second, i64::MIN)..=(series_id, second + 999, i64::MAX);
        let waiting = self.waiting.range(waiting);
        near.extend(waiting.map(|(&(_, at, hash), &whole_second)| (at, hash, whole_second)));
        // Another program may have folded what waits here: then it stands in both.
        near.sort_unstable();
        near.dedup_by_key(|&mut (at, hash, _)| (at, hash));
        Ok(near)
    }

    /// Writes what waits, in the order of the table.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let mut rows: Vec<_> = waiting
            .map(|((series_id, at, hash), whole_second)| (at, series_id, hash, whole_second))
            .collect();
        rows.sort_unstable();
        let mut insert = connection.prepare_cached(
            "insert into seen (measured_at, series_id, hash, whole_second) values (?1, ?2, ?3, ?4)
             on conflict do nothing",
        )?;
        for (at, series_id, hash, whole_second) in rows {
            insert.execute(params![at, series_id, hash, whole_second.then_some(true)])?;
        }
        Ok(())
    }
}
