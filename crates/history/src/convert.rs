//! Readings of an older version, brought into the tables of this one a piece at a time.
//!
//! `reading_3` has what is still to come, by vehicle and time. Each transaction moves a piece, so that a crash costs one
//! and the next opening goes on; no second copy of millions of rows is needed on the disk.

use rusqlite::{Connection, OptionalExtension, Result, Transaction, TransactionBehavior};

use crate::{battery, fold};

/// Readings that are moved at a time.
const PIECE: i64 = 200_000;

const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'reading_3')";

/// Says which readings are the recent ones.
pub fn begin(transaction: &Transaction<'_>) -> Result<()> {
    if !transaction.query_row(IS_THERE, [], |row| row.get(0))? {
        return Ok(());
    }
    transaction.execute(
        "UPDATE folded SET (history, middle, battery) = (
            SELECT border, border, border FROM (
                SELECT coalesce(max((SELECT measured_at FROM reading_3 WHERE vehicle_id = vehicle.id
                                     ORDER BY measured_at DESC LIMIT 1 OFFSET ?1)), history) AS border
                FROM vehicle
            )
         )",
        [fold::STAY],
    )?;
    Ok(())
}

/// Moves what is there, to the end.
pub fn finish(connection: &mut Connection) -> Result<()> {
    while connection.query_row(IS_THERE, [], |row| row.get(0))? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        piece(&transaction, PIECE)?;
        transaction.commit()?;
    }
    Ok(())
}

/// So many of the first readings of one vehicle, and what else was measured at the moment of the last.
fn piece(transaction: &Transaction<'_>, readings: i64) -> Result<()> {
    let first = "SELECT vehicle_id, measured_at FROM reading_3 ORDER BY vehicle_id, measured_at LIMIT 1";
    let first: Option<(i64, i64)> = transaction
        .query_row(first, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((vehicle, first)) = first else {
        return transaction.execute_batch("DROP TABLE reading_3");
    };
    let last: i64 = transaction.query_row(
        "SELECT coalesce(
            (SELECT measured_at FROM reading_3 WHERE vehicle_id = ?1 ORDER BY measured_at LIMIT 1 OFFSET ?2),
            (SELECT max(measured_at) FROM reading_3 WHERE vehicle_id = ?1)
         )",
        [vehicle, readings],
        |row| row.get(0),
    )?;
    transaction.execute(
        "INSERT OR IGNORE INTO series (vehicle_id, descriptor_id)
         SELECT DISTINCT vehicle_id, descriptor_id FROM reading_3 WHERE vehicle_id = ?1 AND measured_at <= ?2",
        [vehicle, last],
    )?;
    transaction.execute_batch(&battery::number_series())?;
    for (table, side) in [("history", "<"), ("recent", ">=")] {
        transaction.execute(
            &format!(
                "INSERT INTO {table} (series_id, measured_at, occurrence, value, delay, source_id, unit_id)
                 SELECT series.id, measured_at, occurrence, value, delay, source_id, unit_id
                 FROM reading_3 JOIN series USING (vehicle_id, descriptor_id)
                 WHERE vehicle_id = ?1 AND measured_at <= ?2 AND measured_at {side} (SELECT history FROM folded)
                 ORDER BY series.id, measured_at, occurrence"
            ),
            [vehicle, last],
        )?;
    }
    transaction.execute(
        "DELETE FROM reading_3 WHERE vehicle_id = ?1 AND measured_at <= ?2",
        [vehicle, last],
    )?;
    battery::refresh(transaction, vehicle, first, last).map(drop)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::schema;

    #[test]
    fn what_was_interrupted_goes_on_and_moves_every_reading_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::create(&mut connection, Path::new("data/cardata.db")).unwrap();
        connection
            .execute_batch(
                "INSERT INTO vehicle VALUES (1, 'one', 'one'), (2, 'two', 'two');
                 INSERT INTO descriptor VALUES (1, 'vehicle.drivetrain.batteryManagement.header', 'soc', 'number', '%');
                 INSERT INTO descriptor VALUES (2, 'b', 'b', 'number', NULL);
                 INSERT INTO source VALUES (1, 'stream', 'stream', 'home', 'measured');
                 UPDATE folded SET history = 7, middle = 7, battery = 7;
                 CREATE TABLE reading_3 (vehicle_id, measured_at, descriptor_id, occurrence, value, delay, source_id,
                   unit_id, PRIMARY KEY (vehicle_id, measured_at, descriptor_id, occurrence)) WITHOUT ROWID;
                 WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 39)
                 INSERT INTO reading_3 SELECT 1 + n / 20, n % 20 / 2, 1 + n % 2, 0, n, 0, 1, NULL FROM n",
            )
            .unwrap();
        for _ in 0..3 {
            let transaction = connection.transaction().unwrap();
            piece(&transaction, 3).unwrap();
            transaction.commit().unwrap();
        }
        // The one that a crash undid.
        piece(&connection.transaction().unwrap(), 3).unwrap();
        finish(&mut connection).unwrap();
        finish(&mut connection).unwrap();
        let shown: (i64, f64, i64, i64, i64) = connection
            .query_row(
                "SELECT count(*), sum(value), (SELECT count(*) FROM recent), (SELECT min(measured_at) FROM recent),
                   (SELECT count(*) FROM battery) FROM readings",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
            )
            .unwrap();
        assert_eq!(shown, (40, 780.0, 12, 7, 20));
    }
}
