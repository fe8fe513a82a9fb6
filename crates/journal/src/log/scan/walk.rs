//! The way through the log: rows and packed blocks, by number.
//!
//! A block holds every number from its first to its last, so the way goes over the rows before a block, then over the
//! block, and so on. Whatever cannot be believed is passed over: a hole in what can. Where a page of the database cannot
//! be read, a [`Probe`] finds the next number that can.

use std::ops::ControlFlow;

use collector_core::Vehicle;
use entry_form::Stored;
use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::Damage;
use crate::log::feeds::Feeds;
use crate::log::packed::{self, Blocks};
use crate::{JournalError, Result};
use store::probe::Probe;
use store::sql::Damage as _;
use store::timestamp;

const LOG: Probe = Probe("select seq from log where seq >= ?1 + 1 order by seq limit 1");
const PACKED: Probe =
    Probe("select first_seq from packed where first_seq >= ?1 + 1 order by first_seq limit 1");

/// Behind every number.
pub(in crate::log) const BEYOND: u64 = i64::MAX as u64;

/// What ends a stretch: about so many readings, or bytes of payload.
#[derive(Clone, Copy, Default)]
pub(super) struct Most {
    pub readings: usize,
    pub bytes: usize,
}

/// One pass over the log.
pub(super) struct Walk {
    most: Most,
    held: Most,
    /// Everything up to here is told.
    pub trusted: u64,
    /// Where the reading of rows goes on; ahead of `trusted` behind rows that cannot be believed.
    place: u64,
    /// The same of the blocks: those that begin behind it.
    block: u64,
    newest: u64,
    pub entries: Vec<Stored>,
    /// Rows and blocks that cannot be believed.
    pub suspects: Vec<Damage>,
    pub holes: Vec<(u64, u64)>,
}

impl Walk {
    /// From behind `after`.
    pub fn new(after: u64, most: Most, newest: u64) -> Self {
        Self {
            most,
            held: Most::default(),
            trusted: after,
            place: after,
            block: packed::before_block_of(after.saturating_add(1)),
            newest,
            entries: Vec::new(),
            suspects: Vec::new(),
            holes: Vec::new(),
        }
    }

    /// Whether something is missing at its very beginning.
    pub fn lacks_its_beginning(&self, after: u64) -> bool {
        let found_nothing = self.entries.is_empty() && self.newest > after;
        found_nothing || self.holes.first().is_some_and(|(first, _)| *first == after + 1)
    }

    /// Goes over all blocks, whatever their numbers say.
    pub fn over_all_blocks(self) -> Self {
        Self { block: 0, ..self }
    }

    /// Goes over the blocks that hold something behind what is told, and over the rows before and behind each of them. Returns
    /// whether the end of the log was reached.
    pub(crate) fn run(
        &mut self,
        connection: &Connection,
        feeds: &mut Feeds,
        blocks: &mut Blocks,
    ) -> Result<bool> {
        let (mut place, trusted, newest) = (self.block, self.trusted, self.newest);
        let ended = PACKED.read(
            connection,
            packed::BEHIND,
            &mut place,
            trusted,
            newest,
            |row, place| {
                match blocks.of(row) {
                    Ok((first, entries)) if self.rows(connection, feeds, first)? && self.take(&entries) => {
                        *place = first
                    }
                    Ok(_) => return Ok(ControlFlow::Break(())),
                    // Its number may itself be wrong, so it leads nowhere.
                    Err(suspect) => self.suspects.extend(suspect),
                }
                Ok::<_, JournalError>(ControlFlow::Continue(()))
            },
        )?;
        Ok(ended && self.rows(connection, feeds, BEYOND)?)
    }

    fn is_full(&self) -> bool {
        self.held.readings.max(self.entries.len()) >= self.most.readings || self.held.bytes >= self.most.bytes
    }

    /// Takes what a block holds behind what is told; whether there was room for all of it.
    fn take(&mut self, entries: &[Stored]) -> bool {
        let known = entries.partition_point(|entry| entry.seq <= self.trusted);
        for entry in &entries[known..] {
            if self.is_full() {
                return false;
            }
            self.believe(entry.clone());
        }
        true
    }

    /// Reads the rows up to the number `before`; whether there is room for more.
    fn rows(&mut self, connection: &Connection, feeds: &mut Feeds, before: u64) -> Result<bool> {
        if self.is_full() {
            return Ok(false);
        }
        let (mut place, newest) = (self.place, self.newest);
        let ended = rows(connection, &mut place, before, newest, |row, place| {
            if self.is_full() {
                return Ok(ControlFlow::Break(()));
            }
            self.row(connection, feeds, row)?;
            *place = self.place.max(*place);
            Ok(ControlFlow::Continue(()))
        })?;
        self.place = self.place.max(place);
        Ok(ended)
    }

    fn row(&mut self, connection: &Connection, feeds: &mut Feeds, row: &Row<'_>) -> Result<()> {
        let Ok(seq) = row.get::<_, u64>(0) else {
            return Ok(());
        };
        if seq <= self.trusted {
            return Ok(());
        }
        match stored(connection, feeds, row, seq)? {
            Ok(entry) => self.believe(entry),
            Err(suspect) => {
                if seq <= self.newest {
                    self.place = self.place.max(seq);
                }
                self.suspects.push(suspect);
            }
        }
        Ok(())
    }

    /// The next entry that counts.
    fn believe(&mut self, entry: Stored) {
        if entry.seq > self.trusted + 1 {
            self.hole(entry.seq - 1);
        }
        self.trusted = entry.seq;
        self.place = self.place.max(entry.seq);
        self.held.readings += entry.readings;
        self.held.bytes += entry.payload.len();
        self.entries.push(entry);
    }

    /// Nothing can be believed up to this number.
    pub fn hole(&mut self, last: u64) {
        self.holes.push((self.trusted + 1, last));
    }
}

/// Hands the [`COLUMNS`] of the rows behind `place` and before `before` to `each`, as [`Probe::read`] does.
pub(in crate::log) fn rows(
    connection: &Connection,
    place: &mut u64,
    before: u64,
    newest: u64,
    each: impl FnMut(&Row<'_>, &mut u64) -> Result<ControlFlow<()>>,
) -> Result<bool> {
    let query = format!("select {COLUMNS} from log where seq >= ?1 + 1 and seq < ?2 order by seq");
    LOG.read(connection, &query, place, before, newest.min(before), each)
}

/// What [`stored`] reads of a row.
pub(crate) const COLUMNS: &str = "seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, \
     payload, checksum, context_id";

/// The entry in a row, or why it cannot be believed.
pub(crate) fn stored(
    connection: &Connection,
    feeds: &mut Feeds,
    row: &Row<'_>,
    seq: u64,
) -> Result<Result<Stored, Damage>> {
    let mut suspect = Damage::of(seq, seq, "its checksum is wrong");
    let mut read = || -> Result<Option<Stored>, rusqlite::Error> {
        let requested_at: Option<i64> = row.get(3)?;
        let vin = feeds.vin(connection, row.get(1)?)?;
        suspect.vehicle = Some(Vehicle::named(vin.clone(), None));
        let received_at: i64 = row.get(4)?;
        suspect.received_at = Timestamp::from_millisecond(received_at).ok();
        let feed = feeds.feed(connection, row.get(2)?)?;
        let (readings, repeats): (u64, u64) = (row.get(5)?, row.get(6)?);
        let context = match row.get(9)? {
            Some(id) => Some(feeds.context(connection, id)?),
            None => None,
        };
        let entry = Stored {
            seq,
            vin,
            feed,
            requested_at: requested_at.map(timestamp),
            received_at: timestamp(received_at),
            readings: usize::try_from(readings).unwrap_or(usize::MAX),
            repeats,
            payload: row.get(7)?,
            context,
            checksum: 0,
        }
        .summed();
        Ok((row.get::<_, Option<u32>>(8)? == Some(entry.checksum)).then_some(entry))
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
