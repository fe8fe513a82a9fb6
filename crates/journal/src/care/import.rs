//! Lines of another journal into this one, as if their entries had arrived here.
//!
//! What is here already is left out, so the same lines twice, or two histories of one car, add nothing twice.
//! Entries get new numbers behind the newest, and every sink gets them by its cursor. Only the lines of this very
//! journal fill the places of entries that it lost, by damage or because a backup was restored that was made
//! before them: with their own numbers, by which sinks know what they have.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{BufRead, Read};
use std::ops::RangeInclusive;

use collector_core::Origin;
use rusqlite::Connection;

use super::lines::{HeaderError, Imported, LONGEST, LineError, parse_entry, parse_header};
use crate::log::append::{Lost, Past, Provenance, append, newest};
use crate::log::scan::Scan;
use crate::{Journal, JournalError};

/// Entries in one transaction.
const AT_ONCE: usize = 2_000;
/// Bytes of lines in one transaction, about.
const BYTES_AT_ONCE: usize = 16 << 20;

/// What became of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// Entries that were taken in.
    pub entries: u64,
    pub readings: u64,
    /// Entries among them that got their lost places back.
    pub mended: u64,
    /// Readings that were here already.
    pub repeats: u64,
    /// Entries of which everything was here already.
    pub known: u64,
    /// Lines that were refused.
    pub bad: u64,
}

/// Why an import ended early. What was committed before stays, and importing again adds the rest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    #[error("the lines cannot be read")]
    Read(#[from] std::io::Error),
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What the journal held before, to know what comes again and what is older.
#[derive(Debug, Default)]
struct Held {
    /// Hashes of vehicle, feed and times of every entry, and how many of these no line was met for.
    entries: HashMap<u64, u32>,
    /// Hashes of the same and the payload of every message, here and among the lines.
    messages: HashSet<u64>,
    /// When the newest entry of each vehicle was received, in milliseconds.
    newest: HashMap<String, i64>,
    /// Where the lines are of this very journal.
    places: Option<Places>,
}

/// Numbers that entries of this journal may get back.
#[derive(Debug)]
struct Places {
    /// First and last numbers of what is damaged.
    damaged: Vec<(u64, u64)>,
    /// Behind every cursor, up to the newest number: no sink of this state has been there.
    unread: RangeInclusive<u64>,
}

impl Journal {
    /// Takes in the lines of `input`. Each line that is refused goes to `bad` with its number, counted from 1;
    /// `progress` is told the bytes of each that was read.
    pub async fn import(
        &self,
        input: &mut dyn BufRead,
        mut bad: impl FnMut(u64, LineError),
        mut progress: impl FnMut(u64),
    ) -> Result<ImportSummary, ImportError> {
        let mut lines = Lines { input, number: 0 };
        let header = lines
            .next()?
            .ok_or_else(|| HeaderError::Foreign("there is none".to_owned()))?;
        let header = match header {
            Ok(bytes) => parse_header(&bytes)?,
            Err(error) => return Err(HeaderError::Foreign(error.to_string()).into()),
        };
        let mut held = self.transact(|connection, _| held(connection)).await?;
        if header.log_id == self.log_id().as_str() {
            held.places = Some(self.places().await?);
        }
        let mut summary = ImportSummary::default();
        let (mut waiting, mut size) = (Vec::new(), 0);
        while let Some(line) = lines.next()? {
            let length = line.as_ref().map_or(0, Vec::len);
            progress(length as u64 + 1);
            match line.and_then(|bytes| parse_entry(&bytes)) {
                Ok(entry) => waiting.push(entry),
                Err(error) => {
                    summary.bad += 1;
                    bad(lines.number, error);
                }
            }
            size += length;
            if waiting.len() >= AT_ONCE || size >= BYTES_AT_ONCE {
                held = self
                    .take_in(std::mem::take(&mut waiting), held, &mut summary)
                    .await?;
                size = 0;
            }
        }
        self.take_in(waiting, held, &mut summary).await?;
        Ok(summary)
    }

    async fn places(&self) -> Result<Places, JournalError> {
        let mut scan = Scan::open(self.path())?;
        let (mut damaged, mut after) = (Vec::new(), 0);
        while let Some(stretch) = scan.stretch(after, AT_ONCE)? {
            after = stretch.last;
            let ranges = stretch.damaged.iter().map(|damage| (damage.first, damage.last));
            damaged.extend(ranges);
        }
        self.transact(move |connection, _| {
            let query = "select coalesce(max(seq), 0) from cursor";
            let read: u64 = connection.query_row(query, [], |row| row.get(0))?;
            Ok(Places {
                damaged,
                unread: read + 1..=newest(connection)?,
            })
        })
        .await
    }

    /// Appends entries in one transaction.
    async fn take_in(
        &self,
        entries: Vec<Imported>,
        mut held: Held,
        summary: &mut ImportSummary,
    ) -> Result<Held, JournalError> {
        let job = self.transact(move |connection, memory| {
            let mut sum = ImportSummary::default();
            for entry in &entries {
                let lost = held.lost(connection, entry)?;
                sum.mended += u64::from(lost.is_some());
                let mut past = held.meet(entry);
                past.known &= lost.is_none();
                past.lost = lost;
                let snapshot = &entry.snapshot;
                let from = Provenance {
                    account: &entry.account,
                    source: &entry.source,
                };
                let appended = append(connection, memory, from, snapshot, Some(past))?;
                match appended.seq {
                    Some(_) => sum.entries += 1,
                    None => sum.known += 1,
                }
                sum.readings += appended.new as u64;
                sum.repeats += appended.repeats as u64;
            }
            memory.write(connection)?;
            Ok((held, sum))
        });
        let (held, sum) = job.await?;
        summary.entries += sum.entries;
        summary.readings += sum.readings;
        summary.repeats += sum.repeats;
        summary.mended += sum.mended;
        summary.known += sum.known;
        Ok(held)
    }
}

impl Held {
    /// The place of an entry that this journal lost; `None` where it goes behind the newest.
    fn lost<'a>(
        &self,
        connection: &Connection,
        entry: &'a Imported,
    ) -> Result<Option<Lost<'a>>, JournalError> {
        let Some(places) = &self.places else {
            return Ok(None);
        };
        let seq = entry.seq;
        let is_damaged = places
            .damaged
            .iter()
            .any(|(first, last)| (first..=last).contains(&&seq));
        let is_free = || -> Result<bool, rusqlite::Error> {
            let mut find = connection.prepare_cached("select 1 from log where seq = ?1")?;
            Ok(places.unread.contains(&seq) && !find.exists([seq])?)
        };
        let lost = Lost {
            seq,
            readings: entry.readings,
            payload: &entry.payload,
            counted: is_damaged,
        };
        Ok((is_damaged || is_free()?).then_some(lost))
    }

    /// What is known of an entry before it is taken in; from now on it is held.
    fn meet<'a>(&mut self, entry: &Imported) -> Past<'a> {
        let snapshot = &entry.snapshot;
        let received_at = snapshot.received_at.as_millisecond();
        let identity = identity(
            snapshot.vin.as_str(),
            &entry.account,
            &entry.source,
            snapshot.origin.as_str(),
            snapshot.requested_at.map(|at| at.as_millisecond()),
            received_at,
        );
        let newest = self
            .newest
            .entry(snapshot.vin.as_str().to_owned())
            .or_insert(i64::MIN);
        let before = *newest;
        *newest = received_at.max(before);
        let known = match snapshot.origin {
            Origin::Stream => self.meet_message(identity, &entry.payload),
            _ => self.entries.insert(identity, 1).is_some(),
        };
        Past {
            repeats: entry.repeats,
            known,
            latest: received_at > before || (received_at == before && !known),
            lost: None,
        }
    }
}

impl Held {
    /// Whether a message is here. Those that came together have the same times, and part of one may have been left
    /// out here as a repeat.
    fn meet_message(&mut self, identity: u64, payload: &str) -> bool {
        let is_again = !self.messages.insert(message(identity, payload));
        let left = self.entries.entry(identity).or_default();
        let is_left = *left > 0;
        *left = left.saturating_sub(1);
        is_again || is_left
    }
}

fn message(identity: u64, payload: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((identity, payload))
}

fn identity(
    vin: &str,
    account: &str,
    source: &str,
    origin: &str,
    requested_at: Option<i64>,
    received_at: i64,
) -> u64 {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    hasher.hash_one((vin, account, source, origin, requested_at, received_at))
}

fn held(connection: &Connection) -> Result<Held, JournalError> {
    let mut held = Held::default();
    let mut statement = connection.prepare(
        "select vin, feed.account, source, origin, requested_at, received_at,
             case origin when ?1 then payload end
         from log join vehicle on vehicle.id = vehicle_id join feed on feed.id = feed_id",
    )?;
    let mut rows = statement.query([Origin::Stream.as_str()])?;
    while let Some(row) = rows.next()? {
        let text = |column| -> Result<&str, rusqlite::Error> { Ok(row.get_ref(column)?.as_str()?) };
        let (vin, received_at): (&str, i64) = (text(0)?, row.get(5)?);
        let identity = identity(vin, text(1)?, text(2)?, text(3)?, row.get(4)?, received_at);
        *held.entries.entry(identity).or_default() += 1;
        // Only messages have one here, and what is damaged may be no text.
        if let Ok(payload) = row.get_ref(6)?.as_str() {
            held.messages.insert(message(identity, payload));
        }
        match held.newest.get_mut(vin) {
            Some(newest) => *newest = received_at.max(*newest),
            None => {
                held.newest.insert(vin.to_owned(), received_at);
            }
        }
    }
    forgotten_entries(connection, &mut held)?;
    Ok(held)
}

/// Vehicles of which everything was forgotten still have last values; anything from before is older.
fn forgotten_entries(connection: &Connection, held: &mut Held) -> Result<(), JournalError> {
    let mut statement = connection.prepare(
        "select vin, (select max(measured_at) from series join seen on series_id = series.id
             where series.vehicle_id = vehicle.id) from vehicle",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (vin, at): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
        if let (Some(at), false) = (at, held.newest.contains_key(&vin)) {
            held.newest.insert(vin, at);
        }
    }
    Ok(())
}

/// Lines of any length and content, none of them held beyond [`LONGEST`].
struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: u64,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Result<Vec<u8>, LineError>>, std::io::Error> {
        let mut line = Vec::new();
        let limit = LONGEST as u64 + 2;
        let read = (&mut *self.input).take(limit).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if read as u64 == limit {
            skip_line(self.input)?;
            return Ok(Some(Err(LineError::Long)));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(Ok(line)))
    }
}

/// Reads to the end of a line without keeping it.
fn skip_line(input: &mut dyn BufRead) -> Result<(), std::io::Error> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
