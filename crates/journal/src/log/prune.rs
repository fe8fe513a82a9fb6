//! Forgetting, where the pipeline file asks for it: `journal: { keep: 90d }`.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{append, missing, packed};
use crate::{Journal, Result};
use store::sql::Access;

/// Entries removed in one transaction, so that nobody waits long for the writer; and blocks of packed ones.
const AT_ONCE: usize = 2_000;
const BLOCKS_AT_ONCE: usize = 64;

impl Journal {
    /// Removes entries received before `before` that every sink in `sinks` has acknowledged and no replay of
    /// theirs still has to deliver, up to number `up_to`, from the first entry on up to one that is younger: what a clock that was wrong dated
    /// back is no gap among what is kept. An entry with dead letters stays as long as they do. Packed entries go together: a block
    /// stays until all of it may go, so that its oldest may be up to [eight days](super::packed::pack::PATIENCE) older. What
    /// was seen stays known, so that a repeat is still a repeat. Returns how many entries went.
    pub async fn prune(&self, before: Timestamp, sinks: Vec<String>, up_to: u64) -> Result<u64> {
        let mut removed = 0;
        loop {
            let sinks = sinks.clone();
            let step = self.transact(move |connection, memory| {
                let mut delivered = i64::try_from(up_to).unwrap_or(i64::MAX);
                for sink in &sinks {
                    let query = "select coalesce(min(
                             (select seq from cursor where sink = ?1),
                             (select coalesce(min(position), 9223372036854775807) from replay
                                  where sink = ?1 and finished_at is null)), 0)";
                    delivered = delivered.min(connection.one(query, [sink], |row| row.get(0))?);
                }
                delivered = delivered.min(older(connection, before.as_millisecond())?);
                let removed: Vec<(u64, u64, i64)> = connection.all(
                    "delete from log where seq in (select seq from log
                         where received_at < ?1 and seq <= ?2
                             and not exists (select 1 from dead_letter where dead_letter.seq = log.seq)
                         order by seq limit ?3) returning seq, readings, received_at",
                    params![before.as_millisecond(), delivered, AT_ONCE],
                    |row| row.try_into(),
                )?;
                let blocks = packed::old(connection, before.as_millisecond(), delivered, BLOCKS_AT_ONCE)?;
                blocks
                    .iter()
                    .try_for_each(|block| packed::forget(connection, block))?;
                let rows = removed.iter().map(|&(seq, _, received_at)| (seq, received_at));
                let gone = rows.chain(blocks.iter().map(|block| (block.last, block.received_at)));
                let (last, received_at) = gone.fold((0, i64::MIN), |(last, newest), (seq, at)| {
                    (last.max(seq), newest.max(at))
                });
                if last > 0 {
                    missing::note_forgotten(connection, received_at)?;
                    append::leave_out(connection, 1, last)?;
                }
                let rows = removed.iter().map(|&(seq, readings, _)| (seq, readings));
                append::forgotten(connection, rows)?;
                // The newest values among them are known no longer, only their times.
                connection.run(
                    "update series set latest_seq = null
                     where latest_seq <= ?1 and not exists (select 1 from log where seq = latest_seq)
                         and latest_seq > coalesce((select last_seq from packed
                             where first_seq <= latest_seq order by first_seq desc limit 1), 0)",
                    [last],
                )?;
                memory.series.clear();
                let packed: u64 = blocks.iter().map(packed::Head::count).sum();
                let is_end = removed.len() < AT_ONCE && blocks.len() < BLOCKS_AT_ONCE;
                Ok((removed.len() as u64 + packed, is_end))
            });
            let (step, is_end) = step.await?;
            removed += step;
            if is_end {
                return Ok(removed);
            }
        }
    }
}

/// The number before the first entry that was received at `before` or later.
fn older(connection: &Connection, before: i64) -> Result<i64> {
    let query = "select coalesce(min(
             coalesce((select min(seq) from log where received_at >= ?1), 9223372036854775807),
             coalesce((select min(first_seq) from packed where received_at >= ?1), 9223372036854775807)
         ), 9223372036854775807) - 1";
    Ok(connection.one(query, [before], |row| row.get(0))?)
}
