//! What the journal does not have any more: who replaces what a sink holds by what the journal holds must know it first.

use std::ops::RangeInclusive;
use std::path::Path;
use std::thread;

use jiff::Timestamp;
use rusqlite::Connection;
use store::sql::Access;
use store::{StoreError, timestamp};
use tokio::sync::oneshot;

use super::scan::{Damage, Scan};
use crate::{Journal, Result};

/// What cannot be delivered again, up to some entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Entries that cannot be read any more.
    pub damaged: Vec<Damage>,
    /// What `journal.keep` forgot.
    pub forgotten: Option<Forgotten>,
    /// Numbers that a restore left out. What was received between the backup and the restore had some of them; mostly it
    /// was nothing.
    pub left_out: Vec<RangeInclusive<u64>>,
}

/// How far the journal has forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Entries up to this one may be gone, and none behind it.
    pub last: u64,
    /// When the last of them was received, where that is known.
    pub received_until: Option<Timestamp>,
}

impl Journal {
    /// What is missing of the entries up to number `up_to`. Reads all of them, beside whatever else is done.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn missing(&self, up_to: u64) -> Result<Missing> {
        let path = self.path().to_owned();
        let (answer, receiver) = oneshot::channel();
        let look = move || {
            // Whoever asked may have gone.
            let _ = answer.send(look(&path, up_to));
        };
        let spawned = thread::Builder::new().name("journal-look".to_owned()).spawn(look);
        spawned.map_err(|_| StoreError::Stopped)?;
        receiver.await.map_err(|_| StoreError::Stopped)?
    }
}

fn look(path: &Path, up_to: u64) -> Result<Missing> {
    let mut scan = Scan::open(path)?;
    let mut missing = gaps(scan.connection(), up_to)?;
    missing.damaged = scan.damage(up_to, |_, _| ())?;
    Ok(missing)
}

fn gaps(connection: &Connection, up_to: u64) -> Result<Missing> {
    let query = "select first_seq, last_seq from gap where first_seq <= ?1 order by first_seq";
    let gaps: Vec<(u64, u64)> = connection.all(query, [up_to], |row| row.try_into())?;
    let query = "select cast(value as integer) from meta where key = 'forgotten'";
    let received_until: Option<i64> = connection.first(query, [], |row| row.get(0))?;
    let mut missing = Missing::default();
    for (first, last) in gaps {
        match first {
            // Forgetting begins at the first entry.
            1 => {
                missing.forgotten = Some(Forgotten {
                    last,
                    received_until: received_until.map(timestamp),
                });
            }
            _ => missing.left_out.push(first..=last.min(up_to)),
        }
    }
    Ok(missing)
}

/// Entries were forgotten, the last of which was received at `received_at`.
pub(super) fn note_forgotten(connection: &Connection, received_at: i64) -> Result<()> {
    connection.run(
        "insert into meta (key, value) values ('forgotten', cast(?1 as text))
         on conflict do update set value = cast(max(cast(value as integer), ?1) as text)",
        [received_at],
    )?;
    Ok(())
}
