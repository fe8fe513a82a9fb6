//! How readings get from the order in which they come into the order of their series.
//!
//! A page that is rewritten for one row costs as much as one for fifty, so readings gather in `recent`, are moved many at
//! a time to `middle`, and from there again many more at a time to `history`. One transaction moves a piece and its
//! border, so that a crash moves nothing or all, and every reading lies in one table. Those that come late go at once to
//! the table where their moment lies.

use collector_core::Entry;
use rusqlite::{Connection, OptionalExtension, Result};

use crate::{battery, rollup};

/// The tables whose rows lie by series, from the oldest.
pub const ORDERED: [&str; 2] = ["history", "middle"];
/// All tables of readings, from the oldest.
pub const TABLES: [&str; 3] = ["history", "middle", "recent"];

/// Those that stay in `recent`: what comes late is seldom older.
pub const STAY: i64 = 2_000;

/// How much gathers before it is moved.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Readings that are moved out of `recent` at a time, and those that stay.
    pub piece: i64,
    pub stay: i64,
    /// Readings in `middle` when they are moved to `history`.
    pub middle: i64,
}

const SIZES: Sizes = Sizes {
    piece: 10_000,
    stay: STAY,
    middle: 100_000,
};

/// Readings behind the last row of the battery that is kept, and those that stay behind it.
const TOLD: i64 = 2_000;
const TOLD_STAY: i64 = 500;

/// A batch of so many readings makes room before it is written: most of it would be moved by the next one.
const MANY: usize = 5_000;

/// The borders, and how many readings lie behind them.
pub struct Fold {
    /// Readings before these moments, in milliseconds, lie in the tables of [`ORDERED`].
    pub borders: [i64; 2],
    /// Before this moment rows of the battery are kept.
    pub battery: i64,
    pub has_rollups: bool,
    pub sizes: Sizes,
    middle: i64,
    recent: i64,
    /// Those in `recent` for which no rows of the battery are kept.
    told: i64,
}

impl Fold {
    pub fn of(connection: &Connection) -> Result<Self> {
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get(0));
        let borders = "SELECT history, middle, battery FROM folded";
        let (history, middle, battery) =
            connection.query_row(borders, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(Self {
            borders: [history, middle],
            battery,
            has_rollups: rollup::exist(connection)?,
            sizes: SIZES,
            middle: count("SELECT count(*) FROM middle")?,
            recent: count("SELECT count(*) FROM recent")?,
            told: count("SELECT count(*) FROM recent WHERE measured_at >= (SELECT battery FROM folded)")?,
        })
    }

    /// The place in [`TABLES`] of the table where a moment lies.
    pub fn table(&self, measured_at: i64) -> usize {
        self.borders
            .iter()
            .filter(|border| measured_at >= **border)
            .count()
    }

    /// So many readings were put into each of the tables.
    pub fn gathered(&mut self, [_, middle, recent]: [i64; 3]) {
        self.middle += middle;
        self.recent += recent;
        self.told += recent;
    }

    /// Moves what has gathered, before a batch is written in the same transaction.
    pub fn work(&mut self, transaction: &Connection, batch: &[Entry]) -> Result<()> {
        if let Some(border) = border_of(batch) {
            self.order(transaction, border)?;
        } else if self.recent >= self.sizes.piece + self.sizes.stay
            && let Some(border) = moment(transaction, self.sizes.piece)?
        {
            self.order(transaction, border)?;
        } else if self.told >= TOLD + TOLD_STAY
            && let Some(border) = moment(transaction, self.recent - TOLD_STAY)?
        {
            self.keep(transaction, border)?;
        }
        if self.middle >= self.sizes.middle {
            self.archive(transaction)?;
        }
        Ok(())
    }

    /// Readings before a moment go to `middle`.
    fn order(&mut self, transaction: &Connection, border: i64) -> Result<()> {
        if border <= self.borders[1] {
            return Ok(());
        }
        self.keep(transaction, border)?;
        if self.has_rollups {
            rollup::totals::add_all(transaction, "recent", border)?;
        }
        transaction.execute(
            "INSERT INTO middle SELECT series_id, measured_at, occurrence, value, delay, source_id, unit_id FROM recent
             WHERE measured_at < ?1 ORDER BY series_id, measured_at, occurrence",
            [border],
        )?;
        let moved = transaction.execute("DELETE FROM recent WHERE measured_at < ?1", [border])? as i64;
        transaction.execute("UPDATE folded SET middle = ?1", [border])?;
        self.borders[1] = border;
        self.middle += moved;
        self.recent -= moved;
        Ok(())
    }

    /// Rows of the battery before a moment are kept.
    fn keep(&mut self, transaction: &Connection, border: i64) -> Result<()> {
        if border <= self.battery {
            return Ok(());
        }
        battery::keep(transaction, self.battery, border)?;
        let behind = "SELECT count(*) FROM recent WHERE measured_at >= ?1";
        self.told = transaction.query_row(behind, [border], |row| row.get(0))?;
        self.battery = border;
        Ok(())
    }

    /// All of `middle` goes to `history`.
    fn archive(&mut self, transaction: &Connection) -> Result<()> {
        if self.has_rollups {
            rollup::gather(transaction, "middle")?;
        }
        // Without a condition SQLite empties a table without going through its rows.
        transaction.execute_batch(
            "INSERT INTO history SELECT * FROM middle ORDER BY series_id, measured_at, occurrence;
             DELETE FROM middle;
             UPDATE folded SET history = middle;",
        )?;
        (self.borders[0], self.middle) = (self.borders[1], 0);
        Ok(())
    }
}

/// Behind the first so many readings of `recent`, together with what is at the very moment of the last.
fn moment(connection: &Connection, readings: i64) -> Result<Option<i64>> {
    let sql = "SELECT measured_at + 1 FROM recent ORDER BY measured_at LIMIT 1 OFFSET ?1";
    connection
        .query_row(sql, [readings - 1], |row| row.get(0))
        .optional()
}

/// Before which most readings of a large batch lie. The last ones stay: a moment may be wrong and far in the future.
fn border_of(batch: &[Entry]) -> Option<i64> {
    let readings = batch.iter().flat_map(Entry::readings);
    let mut moments: Vec<i64> = readings
        .map(|reading| reading.measured_at.as_millisecond())
        .collect();
    let stay = usize::try_from(TOLD_STAY).unwrap_or(usize::MAX);
    let last = moments
        .len()
        .checked_sub(stay)
        .filter(|_| moments.len() >= MANY)?;
    Some(*moments.select_nth_unstable(last).1)
}
