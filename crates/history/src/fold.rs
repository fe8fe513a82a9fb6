//! How readings get from the order in which they come into the order of their series.
//!
//! A page of the ordered table that is rewritten for one row costs as much as one for fifty, so readings gather in
//! `recent` and are moved many at a time. One transaction moves a piece and the border, so that a crash moves nothing
//! or all, and every reading lies in one table. Those that come behind the border go to `history` at once.

use rusqlite::{Connection, OptionalExtension, Result, TransactionBehavior};

/// Readings that are moved at a time.
const PIECE: i64 = 50_000;

/// Readings that stay: what comes late is seldom older.
pub const STAY: i64 = 5_000;

/// Memory for all pages of a piece, in KiB: one that finds no room there is written twice, the rows to be sorted too.
const ROOM: &str = "PRAGMA cache_size = -12000; PRAGMA temp_store = MEMORY";

/// The border, and how many readings wait in front of it.
pub struct Fold {
    /// Readings before this moment, in milliseconds, lie in `history`.
    pub until: i64,
    recent: i64,
}

impl Fold {
    pub fn of(connection: &Connection) -> Result<Self> {
        Ok(Self {
            until: connection.query_row("SELECT until FROM folded", [], |row| row.get(0))?,
            recent: connection.query_row("SELECT count(*) FROM recent", [], |row| row.get(0))?,
        })
    }

    /// So many readings were put into `recent`.
    pub fn gathered(&mut self, readings: i64) {
        self.recent += readings;
    }

    /// Moves a piece when there is one.
    pub fn work(&mut self, connection: &mut Connection) -> Result<()> {
        if self.recent < PIECE + STAY {
            return Ok(());
        }
        connection.execute_batch(ROOM)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Together with what is at the very moment where the piece ends.
        let border = "SELECT measured_at + 1 FROM recent ORDER BY measured_at LIMIT 1 OFFSET ?1";
        let until: Option<i64> = transaction
            .query_row(border, [PIECE - 1], |row| row.get(0))
            .optional()?;
        if let Some(until) = until {
            transaction.execute(
                "INSERT INTO history (series_id, measured_at, occurrence, value, delay, source_id, unit_id)
                 SELECT series_id, measured_at, occurrence, value, delay, source_id, unit_id FROM recent
                 WHERE measured_at < ?1 ORDER BY series_id, measured_at, occurrence",
                [until],
            )?;
            transaction.execute("DELETE FROM recent WHERE measured_at < ?1", [until])?;
            transaction.execute("UPDATE folded SET until = ?1", [until])?;
        }
        transaction.commit()?;
        connection.execute_batch("PRAGMA shrink_memory")?;
        *self = Self::of(connection)?;
        Ok(())
    }
}
