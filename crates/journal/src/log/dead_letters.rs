//! Dead letters: readings that a sink refused or that fitted no type. Each has one line until its owner had it
//! delivered or dropped it.

use collector_core::{Reading, Vin};
use entry_form::Stored;
use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};

use super::deliver::{ReadingKey, Rejected};
use super::feeds::Feeds;
use super::overview::Overview;
use super::packed::{self, Blocks};
use super::scan::{COLUMNS, Damage, stored};
use crate::{Journal, Result};
use entry_form::payload;
use store::sql::Access;
use store::timestamp;

/// A reading that did not reach a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub id: i64,
    /// When it was refused first.
    pub at: Timestamp,
    /// Empty where the reading fits no sink, because it does not fit its type.
    pub sink: String,
    pub seq: u64,
    /// Empty where the whole entry is meant.
    pub descriptor: String,
    /// Which of the entry's readings of the descriptor, where that is known.
    pub reading: Option<ReadingKey>,
    /// The same for what is no reading: its place in the payload.
    pub position: Option<usize>,
    pub reason: String,
    /// How often it was tried again in vain.
    pub attempts: u32,
    /// Whether it is about to be tried again.
    pub retry: bool,
    /// `None` where the journal does not have the entry any more, or cannot read it.
    pub vin: Option<Vin>,
    /// Whether the journal has the entry, but cannot read it.
    pub is_damaged: bool,
}

/// What BMW sent, with the entry in which it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub account: String,
    pub source: String,
    pub origin: String,
    pub received_at: Timestamp,
    /// Descriptor and JSON object; of the letter's reading, or of the whole entry where that is meant or the
    /// entry cannot be taken apart.
    pub readings: Vec<(String, String)>,
}

const QUERY: &str = "select dead_letter.id, at, sink, dead_letter.seq, descriptor, measured_at, occurrence,
         position, reason, attempts, retry
     from dead_letter";

impl DeadLetter {
    /// Whether a reading of the entry is the one.
    pub fn names(&self, reading: &Reading) -> bool {
        self.is_about_the_entry()
            || (self.descriptor == reading.descriptor.as_str()
                && self.reading.is_none_or(|key| key == ReadingKey::of(reading)))
    }

    /// The same of what BMW sent, by where it stands in the entry.
    pub(super) fn means(&self, at: usize, descriptor: &str) -> bool {
        self.is_about_the_entry()
            || (descriptor == self.descriptor && self.position.is_none_or(|position| position == at))
    }

    pub fn is_about_the_entry(&self) -> bool {
        self.descriptor.is_empty()
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (measured_at, occurrence): (Option<i64>, Option<u32>) = (row.get(5)?, row.get(6)?);
        Ok(Self {
            id: row.get(0)?,
            at: timestamp(row.get(1)?),
            sink: row.get(2)?,
            seq: row.get(3)?,
            descriptor: row.get(4)?,
            reading: measured_at.map(|measured_at| ReadingKey {
                measured_at,
                occurrence: occurrence.unwrap_or(0),
            }),
            position: row.get(7)?,
            reason: row.get(8)?,
            attempts: row.get(9)?,
            retry: row.get(10)?,
            vin: None,
            is_damaged: false,
        })
    }
}

impl Overview {
    /// All letters, the oldest entry first.
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        read(&self.database, "order by dead_letter.seq, dead_letter.id", ())
    }

    pub fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        Ok(read(&self.database, "where dead_letter.id = ?1", [id])?.pop())
    }

    /// What BMW sent; `None` where the journal does not have the entry any more.
    ///
    /// # Errors
    /// [`JournalError::DamagedEntry`] where it cannot be read.
    pub fn sent(&self, letter: &DeadLetter) -> Result<Option<Sent>> {
        let seq = letter.seq;
        match readable(&self.database, seq, || self.read_sent(letter))? {
            Content::Read(sent) => Ok(Some(sent)),
            Content::Gone => Ok(None),
            Content::Damaged => Err(Damage::of(seq, seq, "a part of the database is damaged").into()),
        }
    }

    fn read_sent(&self, letter: &DeadLetter) -> Result<Option<Sent>> {
        let stored = entry(&self.database, &mut Blocks::default(), letter.seq)?;
        Ok(stored.map(|stored| Sent {
            account: stored.feed.account.to_string(),
            source: stored.feed.source.to_string(),
            origin: stored.feed.origin.as_str().to_owned(),
            received_at: stored.received_at,
            readings: readings_of(letter, stored.payload),
        }))
    }
}

/// What a letter is about; all of the payload as it is where it cannot be taken apart.
fn readings_of(letter: &DeadLetter, payload: String) -> Vec<(String, String)> {
    let Ok(raw) = payload::raw(&payload) else {
        return vec![(String::new(), payload)];
    };
    raw.readings
        .iter()
        .enumerate()
        .filter(|(at, item)| letter.means(*at, &item.0))
        .map(|(_, item)| (item.0.to_string(), item.1.get().to_owned()))
        .collect()
}

impl Journal {
    /// Asks for letters to be delivered again, by whatever process holds the state directory.
    pub async fn retry_dead_letters(&self, ids: Vec<i64>) -> Result<()> {
        self.for_each_dead_letter(ids, "update dead_letter set retry = 1 where id = ?1")
            .await
    }

    /// Removes letters: what they are about will not reach their sinks.
    pub async fn drop_dead_letters(&self, ids: Vec<i64>) -> Result<()> {
        self.for_each_dead_letter(ids, "delete from dead_letter where id = ?1")
            .await
    }

    async fn for_each_dead_letter(&self, ids: Vec<i64>, statement: &'static str) -> Result<()> {
        self.transact(move |connection, _| {
            for id in ids {
                connection.run(statement, [id])?;
            }
            Ok(())
        })
        .await
    }
}

/// Letters, with what stands behind the table of the query.
pub(super) fn read(of: &impl Access, rest: &str, parameters: impl Params) -> Result<Vec<DeadLetter>> {
    let mut letters = of.all(&format!("{QUERY} {rest}"), parameters, DeadLetter::of)?;
    let mut blocks = Blocks::default();
    for letter in &mut letters {
        match readable(of, letter.seq, || entry(of, &mut blocks, letter.seq))? {
            Content::Read(entry) => letter.vin = Some(entry.vin),
            Content::Gone => {}
            Content::Damaged => letter.is_damaged = true,
        }
    }
    Ok(letters)
}

/// What there is of an entry.
enum Content<T> {
    Read(T),
    Gone,
    Damaged,
}

/// What `read` finds of an entry: a page that is damaged keeps no letter from being shown.
fn readable<T>(of: &impl Access, seq: u64, read: impl FnOnce() -> Result<Option<T>>) -> Result<Content<T>> {
    let found = read().and_then(|found| match found {
        Some(found) => Ok(Content::Read(found)),
        None if packed::count(of, seq.saturating_sub(1), seq)? == 0 => Ok(Content::Gone),
        None => Ok(Content::Damaged),
    });
    match found {
        Err(error) if error.is_in_database() => Ok(Content::Damaged),
        found => found,
    }
}

/// The entry of this number, a row or packed; `None` where there is none that can be believed.
fn entry(of: &impl Access, blocks: &mut Blocks, seq: u64) -> Result<Option<Stored>> {
    let (connection, mut feeds) = (of.connection(), Feeds::default());
    let query = format!("select {COLUMNS} from log where seq = ?1");
    match connection.first(&query, [seq], |row| Ok(stored(connection, &mut feeds, row, seq)))? {
        Some(read) => Ok(read?.ok()),
        None => packed::entry(connection, blocks, seq),
    }
}

/// Keeps what a sink refused. A reading that it had refused before keeps its letter, with the new reason.
pub(super) fn keep(connection: &Connection, sink: &str, at: Timestamp, rejected: &Rejected) -> Result<()> {
    let measured_at = rejected.reading.map(|key| key.measured_at);
    let occurrence = rejected.reading.map(|key| key.occurrence);
    let letter = params![
        sink,
        rejected.seq,
        rejected.descriptor,
        measured_at,
        occurrence,
        rejected.reason
    ];
    let known = connection.run(
        "update dead_letter set reason = ?6, attempts = attempts + 1, retry = 0,
             measured_at = ?4, occurrence = ?5
         where seq = ?2 and sink = ?1 and descriptor = ?3
             and (measured_at is null or (measured_at is ?4 and occurrence is ?5))",
        letter,
    )?;
    if known == 0 {
        connection.run(
            "insert into dead_letter (sink, seq, descriptor, measured_at, occurrence, reason, at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &*[letter, params![at.as_millisecond()]].concat(),
        )?;
    }
    Ok(())
}

/// Notes that a letter was tried again in vain.
pub(super) fn fail(connection: &Connection, id: i64, reason: &str) -> Result<()> {
    let update = "update dead_letter set attempts = attempts + 1, retry = 0, reason = ?2 where id = ?1";
    connection.run(update, params![id, reason])?;
    Ok(())
}
