//! Forgetting, where the pipeline file asks for it: `journal: { keep: 90d }`.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::append;
use crate::{Journal, JournalError};

/// Entries removed in one transaction, so that nobody waits long for the writer.
const AT_ONCE: u32 = 2_000;

impl Journal {
    /// Removes entries received before `before` that every sink in `sinks` has acknowledged and no replay of
    /// theirs still has to deliver. An entry with dead letters stays as long as they do. What was seen stays
    /// known, so that a repeat is still a repeat. Returns how many entries went.
    pub async fn prune(&self, before: Timestamp, sinks: Vec<String>) -> Result<u64, JournalError> {
        let mut removed = 0;
        loop {
            let sinks = sinks.clone();
            let step = self.transact(move |connection, memory| {
                let mut delivered = i64::MAX;
                for sink in &sinks {
                    let cursor: i64 = connection
                        .prepare_cached(
                            "select coalesce(min(
                                 (select seq from cursor where sink = ?1),
                                 (select coalesce(min(position), 9223372036854775807) from replay
                                      where sink = ?1 and finished_at is null)), 0)",
                        )?
                        .query_row([sink], |row| row.get(0))?;
                    delivered = delivered.min(cursor);
                }
                let mut delete = connection.prepare_cached(
                    "delete from log where seq in (select seq from log
                         where received_at < ?1 and seq <= ?2
                             and not exists (select 1 from dead_letter where dead_letter.seq = log.seq)
                         order by seq limit ?3) returning seq, readings",
                )?;
                let removed = delete
                    .query_map(params![before.as_millisecond(), delivered, AT_ONCE], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?
                    .collect::<Result<Vec<(u64, u64)>, _>>()?;
                let last = removed.iter().map(|(seq, _)| *seq).max().unwrap_or(0);
                forget_up_to(connection, last)?;
                append::forgotten(connection, &removed)?;
                // The newest values among them are known no longer, only their times.
                connection
                    .prepare_cached(
                        "update series set latest_seq = null
                         where latest_seq <= ?1 and not exists (select 1 from log where seq = latest_seq)",
                    )?
                    .execute([last])?;
                memory.series.clear();
                Ok(removed.len())
            });
            let step = step.await?;
            removed += u64::try_from(step).unwrap_or(0);
            if step < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
                return Ok(removed);
            }
        }
    }
}

/// Notes that entries up to this number may be missing.
fn forget_up_to(connection: &Connection, seq: u64) -> Result<(), rusqlite::Error> {
    if seq > 0 {
        connection
            .prepare_cached(
                "insert into gap (first_seq, last_seq) values (1, ?1)
                 on conflict do update set last_seq = max(last_seq, excluded.last_seq)",
            )?
            .execute([seq])?;
    }
    Ok(())
}
