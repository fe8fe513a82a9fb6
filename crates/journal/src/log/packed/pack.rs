//! Entries that came long ago, into blocks.

use entry_form::Stored;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::{MOST, before_block_of, put};
use crate::log::append::fold;
use crate::log::feeds::Feeds;
use crate::log::scan::{COLUMNS, stored};
use crate::{Journal, Result};
use store::sql::{Access, Damage as _};

/// Entries stay rows for so long after they came: they are read often, and what comes late stands beside them.
pub const REST: SignedDuration = SignedDuration::from_hours(24);
/// Entries that could be packed wait so long for others to fill their block. So long `journal.keep` may be late.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A block is full with so many bytes of payload.
const FULL: usize = 256 << 10;
/// Fewer are not worth a block.
const FEW: usize = 16;
/// So many rows are looked at in one transaction.
const LOOKED_AT: usize = 4_096;

/// What was packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Packed {
    pub blocks: u64,
    pub entries: u64,
}

impl Journal {
    /// Packs the entries that were received before `before`, the oldest first: a block at a time, in a transaction of its
    /// own. What has no full block waits for more, but not longer than [`PATIENCE`]. What is damaged stays where it is.
    /// May end at any moment: every entry is a row or packed.
    ///
    /// # Errors
    /// The database refuses it.
    pub async fn pack(&self, before: Timestamp) -> Result<Packed> {
        let (mut packed, mut after) = (Packed::default(), 0);
        loop {
            let step = self
                .transact(move |connection, _| step(connection, after, before))
                .await?;
            if step.entries > 0 {
                packed.blocks += 1;
                packed.entries += step.entries;
            }
            match step.last {
                Some(last) => after = last,
                None => return Ok(packed),
            }
        }
    }
}

/// What one transaction did.
struct Step {
    /// That were packed.
    entries: u64,
    /// Where the next goes on; `None` where there is nothing more.
    last: Option<u64>,
}

/// Packs the first rows behind `after` that can be.
fn step(connection: &Connection, after: u64, before: Timestamp) -> Result<Step> {
    let mut run = Run::default();
    // A page that cannot be read must not be met in the transaction.
    let beside = fold::beside(connection)?;
    let committed = beside.as_ref().map_or(connection, |scan| scan.connection());
    let last = run.gather(committed, after, before)?;
    let is_late = |entry: &Stored| entry.received_at < before - PATIENCE;
    let entries = match run.end {
        End::Waits if !run.entries.first().is_some_and(is_late) => 0,
        _ => run.pack(connection)?,
    };
    Ok(Step { entries, last })
}

/// Why nothing can be added to a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum End {
    /// Nothing ever will: it is full, or something else stands behind it.
    Stays,
    /// What comes will be.
    #[default]
    Waits,
}

/// Entries whose numbers follow one another.
#[derive(Default)]
struct Run {
    entries: Vec<Stored>,
    bytes: usize,
    end: End,
}

impl Run {
    /// Takes the first rows behind `after` that may stand in one block. Returns behind which number to go on; `None` where
    /// the log ends.
    fn gather(&mut self, connection: &Connection, after: u64, before: Timestamp) -> Result<Option<u64>> {
        let query = format!("select {COLUMNS} from log where seq > ?1 order by seq limit ?2");
        let mut statement = connection.prepare_cached(&query)?;
        let mut rows = statement.query(params![after, LOOKED_AT])?;
        let (mut feeds, mut looked_at, mut count) = (Feeds::default(), after, 0);
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok((count == LOOKED_AT).then_some(looked_at)),
                // What is behind it is packed when that is mended, and so is what may stand on the page before.
                Err(error) if error.is_damage() => {
                    self.entries.clear();
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            count += 1;
            let (Ok(seq), Ok(received_at)) = (row.get::<_, u64>(0), row.get::<_, i64>(4)) else {
                return Ok(None);
            };
            let is_old = received_at < before.as_millisecond();
            let entry = match is_old {
                true => stored(connection, &mut feeds, row, seq)?.ok(),
                false => None,
            };
            match entry {
                Some(entry) if self.is_next(seq) => self.push(entry),
                None if self.entries.is_empty() => {}
                _ => {
                    self.end = if is_old { End::Stays } else { End::Waits };
                    return Ok(Some(looked_at));
                }
            }
            looked_at = seq;
            if self.bytes >= FULL || (seq + 1).is_multiple_of(MOST) && !self.entries.is_empty() {
                self.end = End::Stays;
                return Ok(Some(looked_at));
            }
        }
    }

    fn is_next(&self, seq: u64) -> bool {
        self.entries.last().is_none_or(|last| last.seq + 1 == seq)
    }

    fn push(&mut self, entry: Stored) {
        self.bytes += entry.payload.len();
        self.entries.push(entry);
    }

    /// Returns how many were packed.
    fn pack(&self, connection: &Connection) -> Result<u64> {
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else {
            return Ok(0);
        };
        // A damaged block that some of these have come back from keeps the others' place.
        let query = "select 1 from packed where first_seq > ?1 and first_seq <= ?2 and last_seq >= ?3";
        let is_taken = params![before_block_of(first.seq), last.seq, first.seq];
        let is_worth_it = self.entries.len() >= FEW || self.bytes >= FULL;
        if !is_worth_it || connection.first(query, is_taken, |_| Ok(()))?.is_some() {
            return Ok(0);
        }
        let Some(head) = put(connection, "insert", &self.entries)? else {
            return Ok(0);
        };
        let removed = connection.run(
            "delete from log where seq between ?1 and ?2",
            [head.first, head.last],
        )?;
        if removed != self.entries.len() {
            // A job before this one has removed some of them.
            return Err(rusqlite::Error::QueryReturnedNoRows.into());
        }
        Ok(removed as u64)
    }
}
