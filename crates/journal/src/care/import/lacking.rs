//! What sinks lack of damaged stretches: when it comes back, each of its entries gets a dead letter of its own.
//!
//! The letter that a sink has of a stretch names its first entry, and brings that one alone when it is tried again.

use std::ops::RangeInclusive;

use rusqlite::{Connection, params};

use crate::Result;
use store::sql::Access;

/// What sinks passed over.
#[derive(Debug)]
pub(super) struct Lacking(Vec<Passed>);

/// A part of a damaged stretch that a sink has passed.
#[derive(Debug)]
struct Passed {
    sink: String,
    /// From the letter to the end of the stretch.
    numbers: RangeInclusive<u64>,
    /// When it was passed, in milliseconds since the epoch.
    at: i64,
}

impl Lacking {
    /// What the letters of these damaged stretches say. A sink without one had got the entries, or its owner wants none.
    pub(super) fn read(connection: &Connection, damaged: &[RangeInclusive<u64>]) -> Result<Self> {
        let query = "select sink, min(seq), min(?2, coalesce((select seq from cursor where cursor.sink = letter.sink), ?2)),
                 min(at)
             from dead_letter as letter where sink <> '' and descriptor = '' and seq between ?1 and ?2 group by sink";
        let mut all = Vec::new();
        for stretch in damaged.iter().filter(|stretch| stretch.start() < stretch.end()) {
            all.extend(connection.all(query, [stretch.start(), stretch.end()], |row| {
                Ok(Passed {
                    sink: row.get(0)?,
                    numbers: row.get(1)?..=row.get(2)?,
                    at: row.get(3)?,
                })
            })?);
        }
        Ok(Self(all))
    }

    /// Entry `seq` came back. The number behind it gets a letter too: where no more comes, that is the one of the rest.
    pub(super) fn tell(&self, connection: &Connection, seq: u64) -> Result<()> {
        let reason = "it was damaged in the journal when the sink came to it";
        let lacking = self.0.iter().filter(|passed| passed.numbers.contains(&seq));
        for Passed { sink, numbers, at } in lacking {
            for seq in (seq..=seq + 1).filter(|seq| numbers.contains(seq)) {
                connection.run(
                    "insert into dead_letter (sink, seq, descriptor, reason, at) select ?1, ?2, '', ?3, ?4
                     where not exists (select 1 from dead_letter where sink = ?1 and seq = ?2 and descriptor = '')",
                    params![sink, seq, reason, at],
                )?;
            }
        }
        Ok(())
    }
}
