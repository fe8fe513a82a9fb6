//! How things are now: the newest reading of every series.

use std::collections::BTreeMap;

use collector_core::{Name, Reading, Snapshot, Vehicle, Vin};
use store::sql::Access;

use super::decoder::Decoder;
use crate::{JournalError, Reader, Result};

/// A series whose newest value is in the log.
struct Newest {
    seq: u64,
    descriptor: String,
    /// Milliseconds since the epoch.
    at: i64,
    occurrence: u32,
}

impl Reader {
    /// The newest reading of every descriptor of every vehicle by the time of its measurement; of two with one time
    /// the later occurrence. One snapshot for each vehicle and way that readings came, ordered by vehicle. What was
    /// forgotten, is damaged or fits no type any more is left out.
    pub async fn latest(&self) -> Result<Vec<Snapshot>> {
        self.ask(latest).await
    }

    /// Every vehicle of which something came, ordered by VIN, with the account that brought it last.
    pub async fn vehicles(&self) -> Result<Vec<(Vehicle, Option<Name>)>> {
        self.ask(vehicles).await
    }
}

fn latest(decoder: &mut Decoder) -> Result<Vec<Snapshot>> {
    let mut snapshots: BTreeMap<(Vin, Name, Name, &'static str), Snapshot> = BTreeMap::new();
    for series in newest(decoder)?.chunk_by(|one, other| one.seq == other.seq) {
        let entry = match decoder.one(series[0].seq) {
            Ok(Some(entry)) => entry,
            Ok(None) | Err(JournalError::DamagedEntry(_)) => continue,
            Err(error) => return Err(error),
        };
        let found = &entry.snapshot;
        let readings = series
            .iter()
            .filter_map(|newest| reading(&found.readings, newest))
            .cloned();
        let key = (
            found.vehicle.vin.clone(),
            found.account.clone(),
            found.source.clone(),
            found.origin.as_str(),
        );
        let snapshot = snapshots.entry(key).or_insert_with(|| Snapshot {
            readings: Vec::new(),
            vehicle: found.vehicle.clone(),
            account: found.account.clone(),
            source: found.source.clone(),
            ..**found
        });
        snapshot.received_at = snapshot.received_at.max(found.received_at);
        snapshot.readings.extend(readings);
    }
    let filled = snapshots
        .into_values()
        .filter(|snapshot| !snapshot.readings.is_empty());
    Ok(filled.collect())
}

fn newest(decoder: &Decoder) -> Result<Vec<Newest>> {
    let query = "select latest_seq, descriptor, latest_at, latest_occurrence from series
         where latest_seq is not null order by latest_seq, descriptor";
    let newest = decoder.connection().all(query, [], |row| {
        Ok(Newest {
            seq: row.get(0)?,
            descriptor: row.get(1)?,
            at: row.get(2)?,
            occurrence: row.get::<_, Option<u32>>(3)?.unwrap_or(0),
        })
    })?;
    Ok(newest)
}

/// The reading of an entry that is the newest of its series. An entry that got its place back as it was may count
/// occurrences in another way than the series.
fn reading<'a>(readings: &'a [Reading], newest: &Newest) -> Option<&'a Reading> {
    readings
        .iter()
        .filter(|reading| {
            reading.descriptor.as_str() == newest.descriptor
                && reading.measured_at.as_millisecond() == newest.at
        })
        .max_by_key(|reading| (reading.occurrence == newest.occurrence, reading.occurrence))
}

fn vehicles(decoder: &mut Decoder) -> Result<Vec<(Vehicle, Option<Name>)>> {
    let query = "select vin, (select feed.account from total join feed on feed.id = feed_id
             where total.vehicle_id = vehicle.id order by last_received_at desc, feed_id limit 1)
         from vehicle order by vin";
    let found: Vec<(String, Option<String>)> = decoder.connection().all(query, [], |row| row.try_into())?;
    let vehicles = found.into_iter().filter_map(|(vin, account)| {
        let vin: Vin = vin.parse().ok()?;
        Some((decoder.vehicle(&vin), account.map(Name::from)))
    });
    Ok(vehicles.collect())
}
