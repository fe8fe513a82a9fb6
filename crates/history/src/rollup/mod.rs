//! Roll-ups of readings, so that a chart of years reads thousands of rows and not millions.
//!
//! Hours and days tell of the table `history` alone: they grow when `middle` is moved there, a hundred thousand readings at a time,
//! and what lies in `middle` and `recent` is taken in when it is read. What comes late into `history`, and what is
//! erased there, makes the hours that it touches anew, and their days out of them. A database that has the tables keeps them right, whoever opens it.

mod gather;
mod part;
mod remake;
#[cfg(test)]
mod tests;
pub mod totals;

use rusqlite::{Connection, Result, TransactionBehavior};

use crate::fold::ORDERED;

pub use gather::gather;
pub use part::{Part, Width};
pub use remake::{Late, removed, widened};

const TABLES: &str = include_str!("tables.sql");

/// Whether a database has them.
pub fn exist(connection: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'rollup_total')";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Makes them where a database has none, from all that is in it.
pub fn make(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if exist(&transaction)? {
        return Ok(());
    }
    transaction.execute_batch(TABLES)?;
    gather(&transaction, "history")?;
    for table in ORDERED {
        totals::add_all(&transaction, table, i64::MAX)?;
    }
    transaction.commit()
}
