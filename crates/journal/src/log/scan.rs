//! The log read in order, whatever is damaged in it: every entry is handed out as it was written, or told as
//! damage with its place, and neither hides the others.
//!
//! An entry counts when its checksum is right; the number of one whose checksum is wrong may itself be wrong.
//! So what is told as damaged are the numbers that are missing between entries that count, without the known
//! gaps. Where a page of the database cannot be read, the [`probe`] finds the next number that can.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use collector_core::Vin;
use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::checksum::Content;
use super::feeds::{Feed, Feeds};
use super::{append, probe};
use crate::Result;
use store::sql::{Access, Damage as _};
use store::{Database, timestamp};

/// An entry as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub seq: u64,
    pub vin: Vin,
    pub feed: Arc<Feed>,
    pub requested_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub readings: usize,
    pub repeats: u64,
    pub payload: String,
    pub checksum: u32,
}

/// Entries that cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The first and the last of their numbers.
    pub first: u64,
    pub last: u64,
    pub reason: String,
    /// The end of the VIN, and when the entry was received, as far as they can be believed.
    pub vehicle: Option<String>,
    pub received_at: Option<Timestamp>,
}

/// Some entries in the order of their numbers, and what is damaged before and between them.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    pub entries: Vec<Stored>,
    pub damaged: Vec<Damage>,
    /// The number up to which everything is in `entries` or `damaged`.
    pub last: u64,
}

/// A connection that reads the log.
pub(crate) struct Scan {
    database: Database,
    feeds: Feeds,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "entry {}", self.first)?;
        } else {
            write!(f, "entries {} to {}", self.first, self.last)?;
        }
        if let Some(vehicle) = &self.vehicle {
            write!(f, " (…{vehicle}")?;
            match self.received_at {
                Some(at) => write!(f, ", {at:.0})")?,
                None => f.write_str(")")?,
            }
        }
        write!(f, ": {}", self.reason)
    }
}

impl Scan {
    /// Reads the journal at `path`, beside a process that may be writing to it.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            database: Database::read_only(path)?,
            feeds: Feeds::default(),
        })
    }

    pub(crate) fn connection(&self) -> &Connection {
        self.database.connection()
    }

    /// What may stand behind the last entry that can be read, where the database does not tell how many there are.
    pub fn beyond(&self, last: u64) -> Option<Damage> {
        let _unknown = append::newest(self.connection()).err()?;
        Some(Damage {
            first: last + 1,
            last: last + 1,
            reason: "this one, and more behind it: the database does not tell how many there are".to_owned(),
            vehicle: None,
            received_at: None,
        })
    }

    /// The entries after number `after`, as many as hold about `readings` readings, at least one; `None` where
    /// there is nothing more.
    pub fn stretch(&mut self, after: u64, readings: usize) -> Result<Option<Stretch>> {
        // One look at the log, its gaps and its newest number: others may be writing.
        let look = self.database.connection().unchecked_transaction()?;
        let newest = append::newest(&*look).unwrap_or(0);
        let mut walk = Walk {
            limit: readings,
            readings: 0,
            trusted: after,
            place: after,
            newest,
            entries: Vec::new(),
            suspects: Vec::new(),
            holes: Vec::new(),
        };
        let finished = walk.run(&look, &mut self.feeds)?;
        if finished && newest > walk.trusted {
            walk.hole(newest);
            walk.trusted = newest;
        }
        if walk.trusted == after {
            return Ok(None);
        }
        let gaps = match walk.holes.is_empty() {
            true => Vec::new(),
            false => gaps(&look),
        };
        let holes = walk.holes.iter().flat_map(|&hole| without(hole, &gaps));
        Ok(Some(Stretch {
            damaged: holes.flat_map(|hole| told(hole, &walk.suspects)).collect(),
            last: walk.trusted,
            entries: walk.entries,
        }))
    }
}

/// One pass over rows.
struct Walk {
    limit: usize,
    readings: usize,
    /// Everything up to here is told.
    trusted: u64,
    /// Where the reading goes on; ahead of `trusted` behind rows that cannot be believed.
    place: u64,
    newest: u64,
    entries: Vec<Stored>,
    /// Rows that cannot be believed.
    suspects: Vec<Damage>,
    holes: Vec<(u64, u64)>,
}

/// Why a stream of rows ended.
enum End {
    Enough,
    Log,
    Damage,
}

impl Walk {
    /// Returns whether the end of the log was reached.
    fn run(&mut self, connection: &Connection, feeds: &mut Feeds) -> Result<bool> {
        loop {
            let before = self.place;
            match self.stream(connection, feeds)? {
                End::Enough => return Ok(false),
                End::Log => return Ok(true),
                End::Damage => {}
            }
            if self.place > before {
                continue;
            }
            match probe::next(connection, self.place, self.newest)? {
                None => return Ok(true),
                Some(place) => self.place = place,
            }
        }
    }

    fn stream(&mut self, connection: &Connection, feeds: &mut Feeds) -> Result<End> {
        let mut statement = connection.prepare_cached(
            "select seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, payload, checksum
             from log where seq > ?1 order by seq",
        )?;
        let mut rows = statement.query([self.place])?;
        while self.readings < self.limit && self.entries.len() < self.limit {
            match rows.next() {
                Ok(None) => return Ok(End::Log),
                Ok(Some(row)) => self.row(connection, feeds, row)?,
                Err(error) if error.is_damage() => return Ok(End::Damage),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(End::Enough)
    }

    fn row(&mut self, connection: &Connection, feeds: &mut Feeds, row: &Row<'_>) -> Result<()> {
        let Ok(seq) = row.get::<_, u64>(0) else {
            return Ok(());
        };
        if seq <= self.trusted {
            return Ok(());
        }
        match stored(connection, feeds, row, seq)? {
            Ok(entry) => {
                if seq > self.trusted + 1 {
                    self.hole(seq - 1);
                }
                self.trusted = seq;
                self.place = seq;
                self.readings += entry.readings;
                self.entries.push(entry);
            }
            Err(suspect) => {
                if seq <= self.newest {
                    self.place = self.place.max(seq);
                }
                self.suspects.push(suspect);
            }
        }
        Ok(())
    }

    fn hole(&mut self, last: u64) {
        self.holes.push((self.trusted + 1, last));
    }
}

/// The entry in a row, or why it cannot be believed.
fn stored(
    connection: &Connection,
    feeds: &mut Feeds,
    row: &Row<'_>,
    seq: u64,
) -> Result<Result<Stored, Damage>> {
    let mut suspect = Damage {
        first: seq,
        last: seq,
        reason: "its checksum is wrong".to_owned(),
        vehicle: None,
        received_at: None,
    };
    let mut read = || -> Result<Option<Stored>, rusqlite::Error> {
        let requested_at: Option<i64> = row.get(3)?;
        let vin = feeds.vin(connection, row.get(1)?)?;
        suspect.vehicle = Some(vin.short().to_owned());
        let received_at: i64 = row.get(4)?;
        suspect.received_at = Timestamp::from_millisecond(received_at).ok();
        let feed = feeds.feed(connection, row.get(2)?)?;
        let (readings, repeats): (u64, u64) = (row.get(5)?, row.get(6)?);
        let payload: String = row.get(7)?;
        let content = Content {
            seq,
            vin: vin.as_str(),
            account: &feed.account,
            source: &feed.source,
            origin: feed.origin.as_str(),
            requested_at,
            received_at,
            readings,
            repeats,
            payload: &payload,
        };
        let checksum = content.checksum();
        let entry = Stored {
            seq,
            vin,
            requested_at: requested_at.map(timestamp),
            received_at: timestamp(received_at),
            readings: usize::try_from(readings).unwrap_or(usize::MAX),
            repeats,
            checksum,
            feed,
            payload,
        };
        Ok((row.get::<_, Option<u32>>(8)? == Some(checksum)).then_some(entry))
    };
    match read() {
        Ok(entry) => Ok(entry.ok_or(suspect)),
        Err(error) if error.is_damage() => {
            suspect.reason = "a part of it is not what was written".to_owned();
            Ok(Err(suspect))
        }
        Err(error) => Err(error.into()),
    }
}

/// Where numbers may be missing. Without them, which damage can bring about, too much is told.
fn gaps(connection: &Connection) -> Vec<(u64, u64)> {
    let query = "select first_seq, last_seq from gap order by first_seq";
    connection
        .all(query, [], |row| row.try_into())
        .unwrap_or_default()
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

/// Entries that were seen but cannot be believed one by one, the numbers between them as ranges.
fn told((first, last): (u64, u64), suspects: &[Damage]) -> Vec<Damage> {
    let is_in = |suspect: &&Damage| (first..=last).contains(&suspect.first);
    let mut seen: Vec<&Damage> = suspects.iter().filter(is_in).collect();
    seen.sort_by_key(|suspect| suspect.first);
    seen.dedup_by_key(|suspect| suspect.first);
    let missing = |first, last| Damage {
        first,
        last,
        reason: "missing: a part of the database is damaged".to_owned(),
        vehicle: None,
        received_at: None,
    };
    let (mut damages, mut next) = (Vec::new(), first);
    for suspect in seen {
        if suspect.first > next {
            damages.push(missing(next, suspect.first - 1));
        }
        next = suspect.last + 1;
        damages.push(suspect.clone());
    }
    if next <= last {
        damages.push(missing(next, last));
    }
    damages
}
