//! What other tables ask of the log as a whole, be its entries rows or packed.

use std::ops::ControlFlow;
use std::sync::Arc;

use entry_form::Stored;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{BEHIND, Blocks, HEAD, Head, before_block_of};
use crate::Result;
use crate::log::append::BLOCK;
use crate::log::overview::Overview;
use store::sql::Access;
use store::timestamp;

/// How many entries have a number greater than `after` and up to `last`.
pub(crate) fn count(of: &impl Access, after: u64, last: u64) -> Result<u64> {
    let query = "select (select count(*) from log where seq > ?1 and seq <= ?2)
         + (select coalesce(sum(min(last_seq, ?2) - max(first_seq, ?1 + 1) + 1), 0) from packed
                where first_seq > ?3 and first_seq <= ?2 and last_seq > ?1)";
    let begin = before_block_of(after.saturating_add(1));
    Ok(of.one(query, [after, last, begin], |row| row.get(0))?)
}

/// How many packed entries there are with a number greater than `after` and up to `last`, how many of them have readings,
/// and how many readings. Those of a block that is damaged are left out where it is not wholly within.
pub(in crate::log) fn sums(connection: &Connection, after: u64, last: u64) -> Result<(u64, u64, u64)> {
    let query =
        format!("select {HEAD} from packed where first_seq > ?1 and first_seq <= ?2 and last_seq > ?3");
    let heads = connection.all(
        &query,
        [before_block_of(after.saturating_add(1)), last, after],
        Head::of,
    )?;
    let (mut sums, mut blocks) = ((0, 0, 0), Blocks::default());
    for head in heads {
        let (entries, filled, readings) = match head.first > after && head.last <= last {
            true => (head.count(), head.filled, head.readings),
            false => sums_within(&mut blocks, connection, &head, after, last)?,
        };
        sums = (sums.0 + entries, sums.1 + filled, sums.2 + readings);
    }
    Ok(sums)
}

fn sums_within(
    blocks: &mut Blocks,
    connection: &Connection,
    head: &Head,
    after: u64,
    last: u64,
) -> Result<(u64, u64, u64)> {
    let (after, last) = (after.max(head.first.saturating_sub(1)), last.min(head.last));
    let entries = holding(connection, blocks, head.first)?;
    let entries = entries.iter().flat_map(|entries| entries.iter());
    let within = entries.filter(|entry| entry.seq > after && entry.seq <= last);
    Ok(within.fold((0, 0, 0), |(entries, filled, readings), entry| {
        (
            entries + 1,
            filled + u64::from(entry.readings > 0),
            readings + entry.readings as u64,
        )
    }))
}

impl Overview {
    /// When the first entry of the log was received.
    pub fn first_received_at(&self) -> Result<Option<Timestamp>> {
        let of = &self.database;
        let query = "select seq, received_at from log order by seq limit 1";
        let row: Option<(u64, i64)> = of.first(query, [], |row| row.try_into())?;
        let block: Option<u64> = of.one("select min(first_seq) from packed", [], |row| row.get(0))?;
        match (row, block) {
            (Some((seq, at)), block) if block.is_none_or(|block| seq < block) => Ok(Some(timestamp(at))),
            (_, Some(block)) => {
                let entry = entry(of.connection(), &mut Blocks::default(), block)?;
                Ok(entry.map(|entry| entry.received_at))
            }
            _ => Ok(None),
        }
    }
}

/// The packed entry of a number; `None` where there is none that can be believed.
pub(in crate::log) fn entry(
    connection: &Connection,
    blocks: &mut Blocks,
    seq: u64,
) -> Result<Option<Stored>> {
    let entries = holding(connection, blocks, seq)?;
    Ok(entries.and_then(|entries| {
        let place = entries.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
        entries.get(place).cloned()
    }))
}

/// The entries of the first block that may hold this number, of those that can be believed.
fn holding(connection: &Connection, blocks: &mut Blocks, seq: u64) -> Result<Option<Arc<[Stored]>>> {
    let mut found = None;
    let places = [before_block_of(seq), seq.saturating_sub(1)];
    connection.readable(BEHIND, places, |row| {
        found = blocks.of(row).ok().map(|(_, entries)| entries);
        Ok::<_, crate::JournalError>(match found {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        })
    })?;
    Ok(found)
}

/// Blocks of which everything was received before `before`, in milliseconds since the epoch, is known up to `last` and has
/// no dead letter.
pub(in crate::log) fn old(
    connection: &Connection,
    before: i64,
    last: i64,
    limit: usize,
) -> Result<Vec<Head>> {
    let query = format!(
        "select {HEAD} from packed where received_at < ?1 and last_seq <= ?2
             and not exists (select 1 from dead_letter
                 where dead_letter.seq between packed.first_seq and packed.last_seq)
         order by first_seq limit ?3"
    );
    Ok(connection.all(&query, params![before, last, limit], Head::of)?)
}

/// Removes a block whose entries are forgotten, and takes them out of the tally of the log.
pub(in crate::log) fn forget(connection: &Connection, head: &Head) -> Result<()> {
    connection.run("delete from packed where first_seq = ?1", [head.first])?;
    connection.run(
        "update tally set entries = entries - ?2, filled = filled - ?3, readings = readings - ?4 where block = ?1",
        params![
            head.first / BLOCK,
            head.count(),
            head.filled,
            head.readings
        ],
    )?;
    Ok(())
}

/// Removes the damaged blocks of which every entry has come back as a row.
pub(crate) fn heal(connection: &Connection) -> Result<()> {
    connection.run(
        "delete from packed where last_seq - first_seq + 1
             = (select count(*) from log where seq between packed.first_seq and packed.last_seq)",
        [],
    )?;
    Ok(())
}
