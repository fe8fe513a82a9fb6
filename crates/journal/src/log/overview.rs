//! What `cardata status` shows, read beside the process that may be writing.

use std::path::Path;

use collector_core::{Origin, Vin};
use jiff::Timestamp;
use rusqlite::{Row, params};
use serde::Serialize;
use store::sql::Access;
use store::{Database, timestamp};

use super::append::BLOCK;
use super::{packed, unfolded};
use crate::{Journal, Result, log_id};

/// A read-only look at a journal.
#[derive(Debug)]
pub struct Overview {
    pub(crate) database: Database,
}

/// The log as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogTotals {
    /// Entries that are no records, and readings. Where entries were forgotten, records may be among them.
    pub snapshots: u64,
    /// The same with records.
    pub entries: u64,
    pub readings: u64,
    /// Readings that came again and were left out, ever.
    pub repeats: u64,
    /// Readings that fit no sink.
    pub rejected: u64,
    /// Those of them that are numbers which no vehicle can mean.
    pub impossible: u64,
}

/// The entries behind a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behind {
    pub entries: u64,
    /// Entries with readings.
    pub filled: u64,
    pub readings: u64,
}

/// What came for one vehicle by one way since the journal was begun, also what was forgotten since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrivals {
    pub vin: String,
    pub account: String,
    pub source: String,
    /// `poll`, `stream` or `archive`.
    pub origin: String,
    /// Polls or messages, whether or not something of them was new.
    pub snapshots: u64,
    /// Those that left an entry.
    pub entries: u64,
    /// New readings, and readings that were left out as repeats.
    pub readings: u64,
    pub repeats: u64,
    pub last_received_at: Timestamp,
}

/// What came for one vehicle since the journal was begun, also what was forgotten since; no records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VehicleTotals {
    pub vin: String,
    /// Entries, and readings in them.
    pub snapshots: u64,
    pub readings: u64,
    /// When the last poll or message came, whatever was new in it.
    pub last_snapshot_at: Option<Timestamp>,
    /// Descriptors that ever had a value, and descriptors for which BMW only ever sent none.
    pub descriptors: u64,
    pub never_reported: u64,
}

/// One sink that has a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkTotals {
    pub sink: String,
    pub cursor: u64,
    #[serde(skip)]
    pub delivered_readings: u64,
    #[serde(skip)]
    pub delivered_at: Option<Timestamp>,
    /// Entries with readings, and readings of the log, that it has not acknowledged.
    pub waiting_entries: u64,
    pub waiting_readings: u64,
    pub dead_letters: u64,
}

impl Journal {
    /// The same look from the process that has the journal open.
    pub fn overview(&self) -> Result<Overview> {
        Ok(Overview {
            database: Database::read_only(self.path())?,
        })
    }
}

impl Overview {
    /// Opens the journal in `state`; `None` where there is none yet.
    ///
    /// # Errors
    /// [`StoreError::Older`](store::StoreError::Older) where it lacks tables of this version.
    pub fn open(state: &Path) -> Result<Option<Self>> {
        Ok(Database::look(state)?.map(|database| Self { database }))
    }

    pub(super) fn rows<T>(
        &self,
        query: &str,
        of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        Ok(self.database.all(query, [], of)?)
    }

    /// The journal's random name.
    pub fn log_id(&self) -> Result<String> {
        log_id(&self.database)
    }

    /// What `cardata journal compact` would give back.
    pub fn free_bytes(&self) -> Result<u64> {
        let number = |query: &str| self.database.one(query, [], |row| row.get::<_, u64>(0));
        Ok(number("pragma freelist_count")? * number("pragma page_size")?)
    }

    pub fn log(&self) -> Result<LogTotals> {
        let query = "select entries, readings, (select coalesce(sum(repeats), 0) from arrival),
                 count(dead_letter.id), count(*) filter (where reason like ?1 || '%')
             from counted left join dead_letter on sink = ''";
        let received: u64 = self.received()?;
        let totals = self.database.one(query, [normalise::IMPOSSIBLE], |row| {
            let entries: u64 = row.get(0)?;
            Ok(LogTotals {
                snapshots: entries.min(received),
                entries,
                readings: row.get(1)?,
                repeats: row.get(2)?,
                rejected: row.get(3)?,
                impossible: row.get(4)?,
            })
        });
        Ok(totals?)
    }

    /// How many snapshots have left an entry, ever.
    pub fn received(&self) -> Result<u64> {
        let query = "select coalesce(sum(entries), 0) from arrival join feed on feed.id = feed_id
             where origin <> ?1";
        Ok(self
            .database
            .one(query, [Origin::Derived.as_str()], |row| row.get(0))?)
    }

    /// What is in the log behind number `seq`. Counts few entries, however many there are.
    pub fn behind(&self, seq: u64) -> Result<Behind> {
        let query =
            "select coalesce(sum(entries), 0), coalesce(sum(filled), 0), coalesce(sum(readings), 0) from
                 (select entries, filled, readings from tally where block > ?1 / ?2
                  union all
                  select count(*), coalesce(sum(readings > 0), 0), coalesce(sum(readings), 0)
                      from log where seq > ?1 and (seq < (?1 / ?2 + 1) * ?2
                          or seq > (select cast(value as integer) from meta where key = 'folded')))";
        let look = self.database.connection().unchecked_transaction()?;
        let rows: (u64, u64, u64) = look.one(query, [seq, BLOCK], |row| row.try_into())?;
        let end_of_block = (seq / BLOCK + 1) * BLOCK - 1;
        let packed = packed::sums(&look, seq, end_of_block)?;
        Ok(Behind {
            entries: rows.0 + packed.0,
            filled: rows.1 + packed.1,
            readings: rows.2 + packed.2,
        })
    }

    /// What came by each way, ordered by vehicle.
    pub fn arrivals(&self) -> Result<Vec<Arrivals>> {
        self.rows("select vin, feed.account, source, origin, snapshots, entries, readings, repeats, last_received_at
             from arrival join vehicle on vehicle.id = vehicle_id join feed on feed.id = feed_id
             order by vehicle.id, feed.id", |row| {
            Ok(Arrivals {
                vin: row.get(0)?,
                account: row.get(1)?,
                source: row.get(2)?,
                origin: row.get(3)?,
                snapshots: row.get(4)?,
                entries: row.get(5)?,
                readings: row.get(6)?,
                repeats: row.get(7)?,
                last_received_at: timestamp(row.get(8)?),
            })
        })
    }

    /// When the newest entry came that is no record.
    pub fn newest_arrival(&self) -> Result<Option<Timestamp>> {
        let query = "select received_at from (
                 select * from (select seq, received_at from log
                     where feed_id not in (select id from feed where origin = 'derived') order by seq desc limit 1)
                 union all
                 select * from (select last_seq, received_at from packed order by first_seq desc limit 1))
             order by seq desc limit 1";
        let newest: Option<i64> = self.database.first(query, [], |row| row.get(0))?;
        Ok(newest.map(timestamp))
    }

    pub fn vehicles(&self) -> Result<Vec<VehicleTotals>> {
        let look = self.database.connection().unchecked_transaction()?;
        let query = "with told as (select vehicle_id, latest_at from series where descriptor not like 'cardata:%')
             select vehicle.id, vin, coalesce(sum(entries), 0), coalesce(sum(readings), 0), max(last_received_at),
                 (select count(*) from told where vehicle_id = vehicle.id and latest_at is not null),
                 (select count(*) from told where vehicle_id = vehicle.id and latest_at is null)
             from vehicle left join arrival on arrival.vehicle_id = vehicle.id
                 and feed_id not in (select id from feed where origin = 'derived')
             group by vehicle.id order by vehicle.id";
        let mut vehicles: Vec<(i64, VehicleTotals)> = look.all(query, [], |row| {
            let totals = VehicleTotals {
                vin: row.get(1)?,
                snapshots: row.get(2)?,
                readings: row.get(3)?,
                last_snapshot_at: row.get::<_, Option<i64>>(4)?.map(timestamp),
                descriptors: row.get(5)?,
                never_reported: row.get(6)?,
            };
            Ok((row.get(0)?, totals))
        })?;
        let query = "select 1 from series where vehicle_id = ?1 and descriptor = ?2 and latest_at is null";
        for ((vehicle, descriptor), unfolded) in unfolded::series(&look, Default::default())? {
            let Some((_, totals)) = vehicles.iter_mut().find(|(id, _)| *id == vehicle) else {
                continue;
            };
            let is_first = || look.first(query, params![vehicle, descriptor], |_| Ok(()));
            if unfolded.latest.is_some() && is_first()?.is_some() {
                totals.descriptors += 1;
                totals.never_reported -= 1;
            }
        }
        let vehicles = vehicles.into_iter().map(|(_, totals)| totals);
        Ok(vehicles
            .filter(|totals| totals.vin != Vin::nobody().as_str())
            .collect())
    }

    /// Dead letters of each sink that has some; of the sink with the empty name, readings that fit no sink.
    pub fn dead_letter_counts(&self) -> Result<Vec<(String, u64)>> {
        self.rows(
            "select sink, count(*) from dead_letter group by sink order by sink",
            |row| row.try_into(),
        )
    }

    pub fn sinks(&self) -> Result<Vec<SinkTotals>> {
        let mut sinks = self.rows(
            "select sink, seq, delivered_readings, delivered_at,
                 (select count(*) from dead_letter where dead_letter.sink = cursor.sink)
             from cursor order by sink",
            |row| {
                Ok(SinkTotals {
                    sink: row.get(0)?,
                    cursor: row.get(1)?,
                    delivered_readings: row.get(2)?,
                    delivered_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
                    waiting_entries: 0,
                    waiting_readings: 0,
                    dead_letters: row.get(4)?,
                })
            },
        )?;
        for sink in &mut sinks {
            let behind = self.behind(sink.cursor)?;
            sink.waiting_entries = behind.filled;
            sink.waiting_readings = behind.readings;
        }
        Ok(sinks)
    }

    /// Those of `descriptors` for which a vehicle never sent a value: absent in every answer, or null.
    pub fn silent(&self, vin: &str, descriptors: &[String]) -> Result<Vec<String>> {
        let look = self.database.connection().unchecked_transaction()?;
        let unfolded = unfolded::series(&look, Default::default())?;
        let query = "select vehicle.id, absent, last_at is not null from vehicle
             left join series on vehicle_id = vehicle.id and descriptor = ?2 where vin = ?1";
        let mut silent = Vec::new();
        for descriptor in descriptors {
            let found: Option<(i64, Option<u64>, bool)> =
                look.first(query, [vin, descriptor], |row| row.try_into())?;
            let Some((vehicle, Some(absent), is_seen)) = found else {
                silent.push(descriptor.clone());
                continue;
            };
            let new = unfolded.get(&(vehicle, descriptor.clone()));
            let absent = absent + new.map_or(0, |new| new.absences);
            let is_seen = is_seen || new.is_some_and(|new| new.latest.is_some() || new.has_misfits);
            if absent > 0 && !is_seen {
                silent.push(descriptor.clone());
            }
        }
        Ok(silent)
    }
}
