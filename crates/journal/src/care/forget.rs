//! A vehicle taken out of the journal: what `cardata forget` does.
//!
//! Sinks know entries by their numbers, and a block holds every number between its first and its last. So an entry of the
//! vehicle keeps its number and is [emptied](entry_form::Stored::emptied): it holds nothing, is nobody's, and reaches no
//! sink, no export and no list.

use collector_core::Vin;
use rusqlite::{Connection, params};
use store::Tx;
use store::sql::Access;

use crate::log::append::{self, BLOCK, Ids};
use crate::log::feeds::Feeds;
use crate::log::memory::Memory;
use crate::log::packed::{self, Blocks};
use crate::log::scan::{COLUMNS, Damage, stored};
use crate::{Journal, Result, settle};

/// What was taken out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Entries, and readings in them.
    pub entries: u64,
    pub readings: u64,
    pub dead_letters: u64,
    /// Blocks that cannot be read and stay as they are: nobody can tell whether it is in them.
    pub unreadable: Vec<Damage>,
}

impl Journal {
    /// Takes a vehicle out of all tables, in a transaction that others share. What is deleted is overwritten. Of strays those go
    /// that name it.
    ///
    /// # Errors
    /// The database refuses it; nothing has changed then.
    pub fn forget_within(&self, tx: &mut Tx<'_>, vin: &Vin) -> Result<Forgotten> {
        settle(tx, &self.memory, &self.waiting)?;
        self.within(tx, |connection, memory| {
            connection.pragma_update(None, "secure_delete", true)?;
            let mut forgotten = Forgotten::default();
            forgotten.rows(connection, memory, vin)?;
            forgotten.blocks(connection, vin)?;
            connection.execute_batch(&format!(include_str!("forget.sql"), vin = vin.as_str()))?;
            memory.distrust();
            Ok(forgotten)
        })
    }
}

impl Forgotten {
    fn rows(&mut self, connection: &Connection, memory: &mut Memory, vin: &Vin) -> Result<()> {
        let query = "select seq, feed_id from log where vehicle_id = (select id from vehicle where vin = ?1)";
        let rows: Vec<(u64, i64)> = connection.all(query, [vin.as_str()], |row| row.try_into())?;
        let query = format!("select {COLUMNS} from log where seq = ?1");
        let mut feeds = Feeds::default();
        for (seq, feed) in rows {
            let read =
                connection.one(&query, [seq], |row| Ok(stored(connection, &mut feeds, row, seq)))??;
            let Ok(entry) = read else {
                // It is told as damage as before.
                connection.run("delete from log where seq = ?1", [seq])?;
                connection.run("delete from dead_letter where seq = ?1", [seq])?;
                continue;
            };
            self.count(connection, seq, entry.readings)?;
            let (emptied, replace) = (entry.emptied(), append::INSERT.replacen("insert", "replace", 1));
            let vehicle = append::vehicle_id(connection, memory, &emptied.vin)?;
            let ids = Ids { vehicle, feed };
            append::store(connection, memory, &replace, ids, emptied.content(), None)?;
        }
        Ok(())
    }

    fn blocks(&mut self, connection: &Connection, vin: &Vin) -> Result<()> {
        let firsts: Vec<u64> = connection.all("select first_seq from packed", [], |row| row.get(0))?;
        for first in firsts {
            let mut entries = match connection.one(packed::BEHIND, [first.saturating_sub(1); 2], |row| {
                Ok(Blocks::default().of(row))
            })? {
                Ok((_, entries)) => entries.to_vec(),
                Err(damage) => {
                    self.unreadable.extend(damage);
                    continue;
                }
            };
            let its: Vec<_> = entries.iter_mut().filter(|entry| entry.vin == *vin).collect();
            if its.is_empty() {
                continue;
            }
            for entry in its {
                self.count(connection, entry.seq, entry.readings)?;
                *entry = entry.emptied();
            }
            packed::put(connection, "replace", &entries)?.ok_or(store::StoreError::Bug)?;
        }
        Ok(())
    }

    /// Counts an entry as empty.
    fn count(&mut self, connection: &Connection, seq: u64, readings: usize) -> Result<()> {
        self.entries += 1;
        self.readings += readings as u64;
        let update = "update tally set filled = filled - (?2 > 0), readings = readings - ?2 where block = ?1";
        connection.run(update, params![seq / BLOCK, readings])?;
        let letters = connection.run("delete from dead_letter where seq = ?1", [seq])?;
        self.dead_letters += letters as u64;
        Ok(())
    }
}
