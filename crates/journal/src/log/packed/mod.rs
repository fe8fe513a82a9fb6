//! The history in few bytes: neighbouring entries as one row, compressed.
//!
//! A block holds every number from its first to its last. It names vehicles, feeds and contexts itself and has a checksum
//! over all of it, so that it depends on no other table. No block goes beyond a multiple of [`MOST`] numbers: which one
//! holds a number, and which sums it belongs to, is seen from the number.
//!
//! [`pack`]: entries into blocks. [`block`]: what stands in one. [`whole`]: what the other tables ask: counts, and one entry.

pub mod pack;
#[cfg(test)]
mod tests;
mod whole;

use std::collections::VecDeque;
use std::sync::Arc;

use crc32fast::Hasher;
use entry_form::{Stored, block};
use rusqlite::{Connection, Row, params};

use super::scan::Damage;
use crate::Result;
use store::sql::Access;
use store::timestamp;
pub(crate) use whole::{count, heal};
pub(super) use whole::{entry, forget, old, sums};

/// The most entries of a block. More take fewer bytes and cost more when they are damaged.
pub(super) const MOST: u64 = 1_024;
/// So many opened blocks are kept: entries are read in their order, or a few of one block.
const KEPT: usize = 2;

/// A row of the table without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub first: u64,
    pub last: u64,
    /// Entries with readings, and readings.
    pub filled: u64,
    pub readings: u64,
    /// When the last of them came, in milliseconds since the epoch.
    pub received_at: i64,
    checksum: u32,
}

/// What [`Head::of`] reads.
const HEAD: &str = "first_seq, last_seq, filled, readings, received_at, checksum";

impl Head {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            first: row.get(0)?,
            last: row.get(1)?,
            filled: row.get(2)?,
            readings: row.get(3)?,
            received_at: row.get(4)?,
            checksum: row.get(5)?,
        })
    }

    /// Of entries and of what they are packed into.
    fn new(entries: &[Stored], content: &[u8]) -> Option<Self> {
        let mut head = Self {
            first: entries.first()?.seq,
            last: entries.last()?.seq,
            filled: entries.iter().filter(|entry| entry.readings > 0).count() as u64,
            readings: entries.iter().map(|entry| entry.readings as u64).sum(),
            received_at: entries
                .iter()
                .map(|entry| entry.received_at.as_millisecond())
                .max()?,
            checksum: 0,
        };
        head.checksum = head.sum(content);
        Some(head)
    }

    /// How many entries it has, as far as it can be believed.
    pub fn count(&self) -> u64 {
        (self.last + 1).saturating_sub(self.first).min(MOST)
    }

    /// CRC-32 over the numbers, each 64 bits in big-endian order, and the content.
    fn sum(&self, content: &[u8]) -> u32 {
        let mut hasher = Hasher::new();
        for number in [self.first, self.last, self.filled, self.readings] {
            hasher.update(&number.to_be_bytes());
        }
        hasher.update(&self.received_at.to_be_bytes());
        hasher.update(content);
        hasher.finalize()
    }

    /// A block that cannot be believed. It holds no more than one may.
    pub fn suspect(&self) -> Damage {
        let reason = "the block that holds them is damaged";
        let last = self.last.clamp(self.first, self.first | (MOST - 1));
        Damage {
            received_at: Some(timestamp(self.received_at)),
            ..Damage::of(self.first, last, reason)
        }
    }
}

/// The number before the first that may stand in one block with `seq`.
pub(super) fn before_block_of(seq: u64) -> u64 {
    (seq - seq % MOST).saturating_sub(1)
}

/// The blocks that begin behind one number and end behind another, in the order in which they stand. A number that is
/// damaged hides none behind it as long as nobody asks for a block by its number.
pub(crate) const BEHIND: &str = "select first_seq, last_seq, filled, readings, received_at, checksum, content
     from packed where first_seq >= ?1 + 1 and last_seq > ?2 order by first_seq";
/// The column of the content.
const CONTENT: usize = 6;

/// Entries of blocks, with those that were opened last.
#[derive(Default)]
pub(crate) struct Blocks {
    kept: VecDeque<(Head, Arc<[Stored]>)>,
}

impl Blocks {
    /// The number of the first entry of the block in a row of [`BEHIND`], and its entries, or what is known of it where they
    /// cannot be believed.
    pub(crate) fn of(&mut self, row: &Row<'_>) -> Result<(u64, Arc<[Stored]>), Option<Damage>> {
        let head = Head::of(row).map_err(|_| None)?;
        if let Some((_, entries)) = self.kept.iter().find(|(kept, _)| *kept == head) {
            return Ok((head.first, entries.clone()));
        }
        let content = row
            .get_ref(CONTENT)
            .ok()
            .and_then(|content| content.as_blob().ok());
        let entries = content.and_then(|content| open(&head, content));
        let entries: Arc<[Stored]> = entries.ok_or_else(|| Some(head.suspect()))?.into();
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((head, entries.clone()));
        Ok((head.first, entries))
    }
}

/// The entries in the content of a block that is as it was written.
fn open(head: &Head, content: &[u8]) -> Option<Vec<Stored>> {
    if head.sum(content) != head.checksum {
        return None;
    }
    let entries = block::unpack(head.first, content)?;
    (entries.last()?.seq == head.last).then_some(entries)
}

/// Entries as the row of a block; `None` where they would not come out of it as they are.
fn close(entries: &[Stored]) -> Option<(Head, Vec<u8>)> {
    let content = block::pack(entries)?;
    let head = Head::new(entries, &content)?;
    (open(&head, &content)? == entries).then_some((head, content))
}

/// Writes entries as a block: to `insert` it, or to `replace` the one that begins with the same. `None`, and nothing is
/// written, where they cannot be one.
pub(crate) fn put(connection: &Connection, verb: &str, entries: &[Stored]) -> Result<Option<Head>> {
    let Some((head, content)) = close(entries) else {
        return Ok(None);
    };
    let statement = format!("{verb} into packed ({HEAD}, content) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    let [first, last, filled, readings] = [head.first, head.last, head.filled, head.readings];
    let (at, sum) = (head.received_at, head.checksum);
    connection.run(
        &statement,
        params![first, last, filled, readings, at, sum, content],
    )?;
    Ok(Some(head))
}
