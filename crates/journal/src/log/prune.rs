//! Forgetting, where the pipeline file asks for it: `journal: { keep: 90d }`.

use jiff::Timestamp;
use rusqlite::params;

use super::append;
use crate::{Journal, Result};
use store::sql::Access;

/// Entries removed in one transaction, so that nobody waits long for the writer.
const AT_ONCE: usize = 2_000;

impl Journal {
    /// Removes entries received before `before` that every sink in `sinks` has acknowledged and no replay of
    /// theirs still has to deliver. An entry with dead letters stays as long as they do. What was seen stays
    /// known, so that a repeat is still a repeat. Returns how many entries went.
    pub async fn prune(&self, before: Timestamp, sinks: Vec<String>) -> Result<u64> {
        let mut removed = 0;
        loop {
            let sinks = sinks.clone();
            let step = self.transact(move |connection, memory| {
                let mut delivered = i64::MAX;
                for sink in &sinks {
                    let query = "select coalesce(min(
                             (select seq from cursor where sink = ?1),
                             (select coalesce(min(position), 9223372036854775807) from replay
                                  where sink = ?1 and finished_at is null)), 0)";
                    delivered = delivered.min(connection.one(query, [sink], |row| row.get(0))?);
                }
                let removed: Vec<(u64, u64)> = connection.all(
                    "delete from log where seq in (select seq from log
                         where received_at < ?1 and seq <= ?2
                             and not exists (select 1 from dead_letter where dead_letter.seq = log.seq)
                         order by seq limit ?3) returning seq, readings",
                    params![before.as_millisecond(), delivered, AT_ONCE],
                    |row| row.try_into(),
                )?;
                let last = removed.iter().map(|(seq, _)| *seq).max().unwrap_or(0);
                if last > 0 {
                    // Entries up to this number may be missing.
                    connection.run(
                        "insert into gap (first_seq, last_seq) values (1, ?1)
                         on conflict do update set last_seq = max(last_seq, excluded.last_seq)",
                        [last],
                    )?;
                }
                append::forgotten(connection, &removed)?;
                // The newest values among them are known no longer, only their times.
                connection.run(
                    "update series set latest_seq = null
                     where latest_seq <= ?1 and not exists (select 1 from log where seq = latest_seq)",
                    [last],
                )?;
                memory.series.clear();
                Ok(removed.len())
            });
            let step = step.await?;
            removed += step as u64;
            if step < AT_ONCE {
                return Ok(removed);
            }
        }
    }
}
