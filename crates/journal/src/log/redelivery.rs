//! Redelivery: what a sink is given though it has passed it, and what came of it.

use std::sync::Arc;

use collector_core::{Body, Entry, Name, Reading};
use jiff::Timestamp;
use rusqlite::params;

use super::append;
use super::dead_letters::{self, DeadLetter};
use super::decoder::Decoder;
use super::deliver::{ReadingKey, Rejected};
use super::replay::{self, Replay};
use crate::{Batch, Journal, JournalError, Reader, Result};
use normalise::Meaning;
use store::sql::Access;

/// What is next in the line of a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Dead letters of some neighbouring entries, at least one.
    DeadLetters(Vec<DeadLetter>),
    Replay(Box<Replay>),
}

/// What came of a redelivery.
#[derive(Debug, Clone, Default)]
pub struct Redelivered {
    /// Readings that were stored for the first time.
    pub stored: usize,
    /// Letters that have come to their end.
    pub settled: Vec<i64>,
    /// Letters that could not be tried, and why.
    pub failed: Vec<(i64, String)>,
    pub rejected: Vec<Rejected>,
    pub replay: Option<ReplayStep>,
}

/// One batch of a replay.
#[derive(Debug, Clone)]
pub struct ReplayStep {
    pub id: i64,
    /// Everything up to this entry is done.
    pub position: u64,
    pub readings: usize,
    pub rejected: usize,
}

/// What the present program makes of a letter that fitted no type.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// It is a reading: the entry with it alone, or whole where the letter is about the entry.
    Fits(Entry),
    Refused(String),
}

impl Reader {
    /// What is to be redelivered to a sink, dead letters before replays; `None` where there is nothing. As many
    /// dead letters as about `limit` readings.
    pub async fn due(&self, sink: &Name, limit: usize) -> Result<Option<Due>> {
        let sink = sink.clone();
        self.ask(move |decoder| {
            let letters = dead_letters::read(
                decoder.connection(),
                "where retry = 1 and sink = ?1 order by dead_letter.seq, dead_letter.id limit ?2",
                params![&*sink, limit],
            )?;
            if !letters.is_empty() {
                return Ok(Some(Due::DeadLetters(letters)));
            }
            let replay = replay::next(decoder.connection(), &sink)?;
            Ok(replay.map(|replay| Due::Replay(Box::new(replay))))
        })
        .await
    }

    /// The letters of a sink that are about these entries.
    pub async fn dead_letters_between(&self, sink: &Name, first: u64, last: u64) -> Result<Vec<DeadLetter>> {
        let sink = sink.clone();
        self.ask(move |decoder| {
            dead_letters::read(
                decoder.connection(),
                "where dead_letter.seq between ?1 and ?2 and sink = ?3",
                params![first, last, &*sink],
            )
        })
        .await
    }

    /// One entry as a batch of its own; `None` where the journal does not have it.
    ///
    /// # Errors
    /// [`JournalError::DamagedEntry`] where it cannot be believed.
    pub async fn entry(&self, seq: u64) -> Result<Option<Batch>> {
        self.ask(move |decoder| decoder.alone(seq)).await
    }

    /// Interprets what a letter without a sink is about, with what is known today.
    pub async fn judge(&self, letter: DeadLetter) -> Result<Judgement> {
        self.ask(move |decoder| match judge(decoder, &letter) {
            Err(error @ JournalError::DamagedEntry(_)) => Ok(Judgement::Refused(error.to_string())),
            judged => judged,
        })
        .await
    }
}

fn judge(decoder: &mut Decoder, letter: &DeadLetter) -> Result<Judgement> {
    let gone = || Judgement::Refused(format!("entry {} is no longer in the journal", letter.seq));
    if letter.is_about_the_entry() {
        return Ok(decoder.one(letter.seq)?.map_or_else(gone, Judgement::Fits));
    }
    let (value, measured_at) = match decoder.meaning(letter)? {
        Some(Meaning::Reading {
            value, measured_at, ..
        }) => (value, measured_at),
        Some(Meaning::Rejected(reason)) => return Ok(Judgement::Refused(reason)),
        Some(Meaning::Absent) => return Ok(Judgement::Refused("no value".to_owned())),
        None => return Ok(gone()),
    };
    let Some(mut entry) = decoder.one(letter.seq)? else {
        return Ok(gone());
    };
    let Body::Snapshot(snapshot) = &mut entry.body else {
        return Ok(gone());
    };
    let is_meant = |reading: &&Reading| {
        reading.descriptor.as_str() == letter.descriptor
            && reading.measured_at == measured_at
            && reading.value == value
    };
    let readings = snapshot.readings.iter().filter(is_meant).cloned().collect();
    *snapshot = Arc::new(snapshot.with(readings, Vec::new()));
    Ok(Judgement::Fits(entry))
}

impl Journal {
    /// Notes what came of a redelivery to `sink`, in one transaction.
    pub async fn redelivered(&self, sink: &str, at: Timestamp, redelivered: Redelivered) -> Result<()> {
        let sink = sink.to_owned();
        self.transact(move |connection, _| {
            connection.run(
                "update cursor set delivered_readings = delivered_readings + ?2 where sink = ?1",
                params![sink, redelivered.stored],
            )?;
            for id in redelivered.settled {
                connection.run("delete from dead_letter where id = ?1", [id])?;
            }
            for (id, reason) in redelivered.failed {
                dead_letters::fail(connection, id, &reason)?;
            }
            for rejected in &redelivered.rejected {
                dead_letters::keep(connection, &sink, at, rejected)?;
            }
            if let Some(step) = redelivered.replay {
                replay::advance(connection, &step, at)?;
            }
            Ok(())
        })
        .await
    }

    /// Addresses a letter without a sink to those sinks that missed the readings of `entry` because of it; each
    /// then delivers it as a letter of its own.
    pub async fn readdress_dead_letter(
        &self,
        letter: DeadLetter,
        entry: Entry,
        sinks: Vec<Name>,
    ) -> Result<()> {
        self.transact(move |connection, memory| {
            let whole = letter.is_about_the_entry();
            if let Some(snapshot) = entry.snapshot().filter(|_| !whole) {
                for reading in &snapshot.readings {
                    append::remember_late(connection, memory, entry.seq, &snapshot.vehicle.vin, reading)?;
                }
            }
            let key = entry.readings().first().map(ReadingKey::of).filter(|_| !whole);
            for sink in &sinks {
                let rejected = Rejected {
                    seq: letter.seq,
                    descriptor: letter.descriptor.clone(),
                    reading: key,
                    reason: format!("it was not delivered when it came: {}", letter.reason),
                };
                dead_letters::keep(connection, sink, letter.at, &rejected)?;
                connection.run(
                    "update dead_letter set retry = 1
                     where seq = ?1 and sink = ?2 and descriptor = ?3 and measured_at is ?4",
                    params![
                        letter.seq,
                        &**sink,
                        letter.descriptor,
                        key.map(|key| key.measured_at)
                    ],
                )?;
            }
            connection.run("delete from dead_letter where id = ?1", [letter.id])?;
            Ok(())
        })
        .await
    }

    /// Notes that a letter was tried again in vain.
    pub async fn fail_dead_letter(&self, id: i64, reason: String) -> Result<()> {
        self.transact(move |connection, _| dead_letters::fail(connection, id, &reason))
            .await
    }
}
