//! Readings of an older version, brought into the tables of this one a piece at a time.
//!
//! `reading_3` has what is still to come, by vehicle and time. Each transaction moves a piece, so that a crash costs one
//! and the next opening goes on; no second copy of millions of rows is needed on the disk.

use rusqlite::{Connection, OptionalExtension, Result, Transaction, TransactionBehavior, params};

use crate::{battery, fold};

/// Readings that are moved at a time.
const PIECE: i64 = 200_000;

/// Says which readings are the recent ones.
pub fn begin(transaction: &Transaction<'_>) -> Result<()> {
    transaction.execute(
        "UPDATE folded SET until = coalesce((
            SELECT max((SELECT measured_at FROM reading_3 WHERE vehicle_id = vehicle.id
                        ORDER BY measured_at DESC LIMIT 1 OFFSET ?1))
            FROM vehicle
         ), until)",
        [fold::STAY],
    )?;
    Ok(())
}

/// Moves what is there, to the end.
pub fn finish(connection: &mut Connection) -> Result<()> {
    let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'reading_3')";
    while connection.query_row(exists, [], |row| row.get(0))? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        piece(&transaction)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The first readings of one vehicle.
fn piece(transaction: &Transaction<'_>) -> Result<()> {
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
        [vehicle, PIECE],
        |row| row.get(0),
    )?;
    transaction.execute(
        "INSERT OR IGNORE INTO series (vehicle_id, descriptor_id)
         SELECT DISTINCT vehicle_id, descriptor_id FROM reading_3 WHERE vehicle_id = ?1 AND measured_at <= ?2",
        [vehicle, last],
    )?;
    for (table, side) in [("history", "<"), ("recent", ">=")] {
        transaction.execute(
            &format!(
                "INSERT INTO {table} (series_id, measured_at, occurrence, value, delay, source_id, unit_id)
                 SELECT series.id, measured_at, occurrence, value, delay, source_id, unit_id
                 FROM reading_3 JOIN series USING (vehicle_id, descriptor_id)
                 WHERE vehicle_id = ?1 AND measured_at <= ?2 AND measured_at {side} (SELECT until FROM folded)
                 ORDER BY series.id, measured_at, occurrence"
            ),
            [vehicle, last],
        )?;
    }
    transaction.execute(
        "DELETE FROM reading_3 WHERE vehicle_id = ?1 AND measured_at <= ?2",
        params![vehicle, last],
    )?;
    battery::refresh(transaction, vehicle, first, last).map(drop)
}
