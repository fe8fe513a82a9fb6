//! What the third version keeps, out of what the second had: the newest values, and the sums.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;

use super::append::{Arrival, Counts, Latest, SeriesCache, hash, identity};
use super::scan::{Scan, Stored};
use super::{JournalError, decode, decoder};
use crate::normalise::known::KnownDescriptors;

/// How many readings are held at a time.
const AT_ONCE: usize = 5_000;

/// Fills the new tables and columns of the database at `path`, inside the migration on `connection`. What is
/// damaged is passed over: a damaged journal must open. The memory it takes does not depend on the length of the log.
pub fn fill(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    // Of values that were forgotten, the time and the hash are known.
    connection.execute_batch(
        "update series set latest_at = (select max(measured_at) from seen where series_id = series.id);
         update series set
             latest_occurrence =
                 (select count(*) - 1 from seen where series_id = series.id and measured_at = latest_at),
             last_hash = coalesce(
                 (select hash from seen
                      where series_id = series.id and measured_at = latest_at and hash = last_hash),
                 (select max(hash) from seen where series_id = series.id and measured_at = latest_at))
         where latest_at is not null",
    )?;
    let is_empty = !connection.prepare("select 1 from log")?.exists([])?;
    if is_empty {
        return Ok(());
    }
    let mut filling = Filling {
        vehicles: numbers(connection, "select vin, id from vehicle")?,
        feeds: numbers(
            connection,
            "select json_array(account, source, origin), id from feed",
        )?,
        series: SeriesCache::default(),
        counts: Counts::default(),
        known: KnownDescriptors::default(),
    };
    decode::load_learned(connection, &mut filling.known)?;
    let (mut scan, mut after) = (Scan::open(path)?, 0);
    while let Some(stretch) = scan.stretch(after, AT_ONCE)? {
        after = stretch.last;
        for entry in &stretch.entries {
            filling.take(connection, entry)?;
        }
        filling.series.write(connection)?;
        filling.counts.write(connection)?;
    }
    Ok(())
}

fn numbers(connection: &Connection, query: &str) -> Result<HashMap<String, i64>, JournalError> {
    let mut statement = connection.prepare(query)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

struct Filling {
    vehicles: HashMap<String, i64>,
    feeds: HashMap<String, i64>,
    series: SeriesCache,
    counts: Counts,
    known: KnownDescriptors,
}

impl Filling {
    fn take(&mut self, connection: &Connection, entry: &Stored) -> Result<(), JournalError> {
        let feed = &entry.feed;
        let feed = serde_json::json!([&*feed.account, &*feed.source, feed.origin.as_str()]).to_string();
        let (Some(&vehicle_id), Some(&feed_id)) =
            (self.vehicles.get(entry.vin.as_str()), self.feeds.get(&feed))
        else {
            return Ok(());
        };
        let arrival = Arrival {
            snapshots: 1,
            entries: 1,
            readings: entry.readings as u64,
            repeats: entry.repeats,
            received_at: entry.received_at.as_millisecond(),
        };
        self.counts.arrived(vehicle_id, feed_id, arrival);
        self.counts.added(entry.seq, entry.readings as u64);
        let window = decoder::window(entry);
        let Ok(decoded) = decode::readings(&entry.payload, entry.readings, window, &self.known) else {
            return Ok(());
        };
        for reading in decoded.readings {
            let place = self
                .series
                .find(connection, vehicle_id, reading.descriptor.as_str())?;
            let latest = Latest {
                at: reading.measured_at.as_millisecond(),
                occurrence: reading.occurrence,
                seq: Some(entry.seq),
            };
            let is_known = self
                .series
                .get(place)
                .latest
                .is_some_and(|known| latest.at <= known.at);
            if is_known {
                self.series
                    .advance(place, latest, hash(&identity(&reading.value)));
            }
        }
        Ok(())
    }
}
