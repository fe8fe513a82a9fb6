//! The log read in order, whatever is damaged in it: every entry is handed out as it was written, or told as
//! damage with its place, and neither hides the others.
//!
//! An entry counts when its checksum is right; the number of one whose checksum is wrong may itself be wrong.
//! So what is told as damaged are the numbers that are missing between entries that count, without those in known
//! gaps under which there is nothing. How they are found, be they rows or [packed](super::packed): [`walk`].

mod walk;

use std::path::Path;

pub use entry_form::damage::Damage;
use entry_form::{Stored, payload};
use rusqlite::Connection;

use super::append;
use super::decoder;
use super::feeds::Feeds;
use super::packed::Blocks;
use crate::Result;
use store::Database;
use store::sql::Access;
pub(super) use walk::{BEYOND, rows};
pub(crate) use walk::{COLUMNS, stored};
use walk::{Most, Walk};

/// Some entries in the order of their numbers, and what is damaged before and between them.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    pub entries: Vec<Stored>,
    pub damaged: Vec<Damage>,
    /// The number up to which everything is in `entries` or `damaged`.
    pub last: u64,
}

/// So many bytes of payload are held at a time: readings may be long.
const BYTES_AT_ONCE: usize = 16 << 20;
/// The same of readings, by who looks at all of them.
pub(crate) const READINGS_AT_ONCE: usize = 5_000;

/// A connection that reads the log.
pub(crate) struct Scan {
    /// A stretch ends with the entry that reaches so many bytes of payload.
    pub bytes: usize,
    database: Database,
    feeds: Feeds,
    blocks: Blocks,
}

impl Scan {
    /// Reads the journal at `path`, beside a process that may be writing to it.
    pub fn open(path: &Path) -> Result<Self> {
        let database = Database::read_only(path)?;
        append::convert::read_as_format_5(&database)?;
        Ok(Self {
            bytes: BYTES_AT_ONCE,
            database,
            feeds: Feeds::default(),
            blocks: Blocks::default(),
        })
    }

    pub(crate) fn connection(&self) -> &Connection {
        self.database.connection()
    }

    /// What may stand behind the last entry that can be read, where the database does not tell how many there are.
    pub fn beyond(&self, last: u64) -> Option<Damage> {
        let _unknown = append::newest(self.connection()).err()?;
        let reason = "this one, and more behind it: the database does not tell how many there are";
        Some(Damage::of(last + 1, last + 1, reason))
    }

    /// What cannot be read of the entries up to number `up_to`. Reads all of them; `progress` is told how many were read,
    /// and how many of these are as they were written.
    pub fn damage(&mut self, up_to: u64, mut progress: impl FnMut(u64, u64)) -> Result<Vec<Damage>> {
        let (mut damaged, mut after) = (Vec::new(), 0);
        while after < up_to {
            let Some(stretch) = self.stretch(after, READINGS_AT_ONCE)? else {
                damaged.extend(self.beyond(after));
                break;
            };
            after = stretch.last;
            damaged.extend(stretch.damaged);
            let read = stretch.entries.len() as u64;
            let unreadable = |entry: &Stored| {
                let error = payload::for_each(&entry.payload, |_, _, _| ()).err()?;
                Some(decoder::unreadable(entry, &error))
            };
            let unreadable: Vec<_> = stretch.entries.iter().filter_map(unreadable).collect();
            progress(read, read - unreadable.len() as u64);
            damaged.extend(unreadable);
        }
        damaged.retain(|damage| damage.first <= up_to);
        Ok(damaged)
    }

    /// The entry of this number; `None` where there is none.
    ///
    /// # Errors
    /// [`JournalError::DamagedEntry`](crate::JournalError::DamagedEntry) where it is there and cannot be believed.
    pub fn entry(&mut self, seq: u64) -> Result<Option<Stored>> {
        let stretch = self.stretch(seq.saturating_sub(1), 1)?.unwrap_or_default();
        let is_here = |damage: &Damage| (damage.first..=damage.last).contains(&seq);
        match stretch.damaged.into_iter().find(is_here) {
            Some(damage) => Err(damage.into()),
            None => Ok(stretch.entries.into_iter().find(|stored| stored.seq == seq)),
        }
    }

    /// The entries after number `after`, as many as hold about `readings` readings, at least one; `None` where
    /// there is nothing more.
    pub fn stretch(&mut self, after: u64, readings: usize) -> Result<Option<Stretch>> {
        // One look at the log, its gaps and its newest number: others may be writing.
        let look = self.database.connection().unchecked_transaction()?;
        let newest = append::newest(&*look).unwrap_or(0);
        let most = Most {
            readings,
            bytes: self.bytes,
        };
        let mut walk = Walk::new(after, most, newest);
        let mut finished = walk.run(&look, &mut self.feeds, &mut self.blocks)?;
        if walk.lacks_its_beginning(after) {
            // A number that is damaged may have led past the block in which it begins.
            walk = Walk::new(after, most, newest).over_all_blocks();
            finished = walk.run(&look, &mut self.feeds, &mut self.blocks)?;
        }
        if finished && newest > walk.trusted {
            walk.hole(newest);
            walk.trusted = newest;
        }
        if walk.trusted == after {
            return Ok(None);
        }
        let gaps = match walk.holes.is_empty() {
            true => Vec::new(),
            false => without_any(gaps(&look), &walk.suspects),
        };
        let holes = walk.holes.iter().flat_map(|&hole| without(hole, &gaps));
        Ok(Some(Stretch {
            damaged: holes.flat_map(|hole| told(hole, &walk.suspects)).collect(),
            last: walk.trusted,
            entries: walk.entries,
        }))
    }
}

/// Where numbers may be missing. Without them, which damage can bring about, too much is told.
fn gaps(connection: &Connection) -> Vec<(u64, u64)> {
    let query = "select first_seq, last_seq from gap order by first_seq";
    connection
        .all(query, [], |row| row.try_into())
        .unwrap_or_default()
}

/// The gaps without what is there all the same: of it nobody else tells that it is damaged.
fn without_any(gaps: Vec<(u64, u64)>, suspects: &[Damage]) -> Vec<(u64, u64)> {
    let mut there: Vec<_> = suspects.iter().map(|it| (it.first, it.last)).collect();
    there.sort_unstable();
    gaps.into_iter().flat_map(|gap| without(gap, &there)).collect()
}

/// The parts of a range that lie in none of the gaps, which are ordered by where they begin.
fn without((first, last): (u64, u64), gaps: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (mut parts, mut next) = (Vec::new(), first);
    for &(from, to) in gaps.iter().filter(|(_, to)| *to >= first) {
        if next < from && next <= last {
            parts.push((next, last.min(from - 1)));
        }
        next = next.max(to.saturating_add(1));
    }
    if next <= last {
        parts.push((next, last));
    }
    parts
}

/// What was seen but cannot be believed as it was seen, the numbers between as ranges.
fn told((first, last): (u64, u64), suspects: &[Damage]) -> Vec<Damage> {
    let is_in = |suspect: &&Damage| suspect.first <= last && suspect.last >= first;
    let mut seen: Vec<&Damage> = suspects.iter().filter(is_in).collect();
    seen.sort_by_key(|suspect| suspect.first);
    let missing = |first, last| Damage::of(first, last, "missing: a part of the database is damaged");
    let (mut damages, mut next) = (Vec::new(), first);
    for suspect in seen {
        if suspect.last < next {
            continue;
        }
        if suspect.first > next {
            damages.push(missing(next, suspect.first - 1));
        }
        damages.push(Damage {
            first: suspect.first.max(next),
            last: suspect.last.min(last),
            ..suspect.clone()
        });
        next = suspect.last.saturating_add(1);
    }
    if next <= last {
        damages.push(missing(next, last));
    }
    damages
}
