//! How things are now: the newest reading of every series.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use collector_core::{Ended, Name, Names, Reading, Snapshot, Vehicle, Vin};
use jiff::Timestamp;
use normalise::known::{FixedTypes, KnownDescriptors};
use store::Database;
use store::sql::Access;

use super::append::Latest;
use super::decoder::Decoder;
use super::unfolded;
use crate::{JournalError, Reader, Result};

/// A series whose newest value is in the log.
struct Newest {
    seq: u64,
    descriptor: String,
    /// Milliseconds since the epoch.
    at: i64,
    occurrence: u32,
    /// Behind it, where the value has ended since.
    ended_at: Option<i64>,
}

impl Reader {
    /// The newest reading of every descriptor of every vehicle by the time of its measurement; of two with one time
    /// the later occurrence. One snapshot for each vehicle and way that readings came, ordered by vehicle. Of a value that
    /// has ended since there is the end instead, in the snapshot where its last reading would be. What was forgotten,
    /// is damaged or fits no type any more is left out.
    pub async fn latest(&self) -> Result<Vec<Snapshot>> {
        self.ask(latest).await
    }

    /// Every vehicle of which something came, ordered by VIN, with the account that brought it last.
    pub async fn vehicles(&self) -> Result<Vec<(Vehicle, Option<Name>)>> {
        self.ask(vehicles).await
    }
}

/// The present, for who looks beside the process that writes. Holds nothing up between two looks.
pub struct Look {
    decoder: Decoder,
    /// What SQLite calls the state of the database at the last look.
    seen: Option<i64>,
}

impl Look {
    /// At the journal in `state`, whose owner fixes these types; `None` where there is none yet.
    ///
    /// # Errors
    /// As [`Overview::open`](super::overview::Overview::open).
    pub fn open(state: &Path, names: &Names, types: FixedTypes) -> Result<Option<Self>> {
        if Database::look(state)?.is_none() {
            return Ok(None);
        }
        let path = state.join(store::FILE);
        let decoder = Decoder::open(&path, names.settings(), KnownDescriptors::fixing(types))?;
        Ok(Some(Self { decoder, seen: None }))
    }

    /// As [`Reader::latest`], everything that is committed; `None` where nothing was written since the last look.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn latest(&mut self) -> Result<Option<Vec<Snapshot>>> {
        let connection = self.decoder.connection();
        let state = connection.one("pragma data_version", [], |row| row.get(0))?;
        if self.seen == Some(state) {
            return Ok(None);
        }
        let snapshots = latest(&mut self.decoder)?;
        self.seen = Some(state);
        Ok(Some(snapshots))
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
        let Some(found) = entry.snapshot() else {
            continue;
        };
        let key = (
            found.vehicle.vin.clone(),
            found.account.clone(),
            found.source.clone(),
            found.origin.as_str(),
        );
        let none = || found.with(Vec::new(), Vec::new());
        let snapshot = snapshots.entry(key).or_insert_with(none);
        snapshot.received_at = snapshot.received_at.max(found.received_at);
        for newest in series {
            let Some(reading) = reading(&found.readings, newest) else {
                continue;
            };
            match newest.ended_at.map(Timestamp::from_millisecond) {
                None => snapshot.readings.push(reading.clone()),
                Some(Ok(at)) => snapshot.ended.push(Ended {
                    descriptor: reading.descriptor.clone(),
                    at,
                }),
                // No stamp of a vehicle is that far away.
                Some(Err(_)) => {}
            }
        }
    }
    let filled = snapshots.into_values().filter(|snapshot| !snapshot.is_empty());
    Ok(filled.collect())
}

/// By number of their entries.
fn newest(decoder: &Decoder) -> Result<Vec<Newest>> {
    // The tables, and the entries that are not folded into them yet, as one moment has them.
    let look = decoder.connection().unchecked_transaction()?;
    let query =
        "select vehicle_id, descriptor, latest_at, latest_occurrence, latest_seq, ended_at from series
         where descriptor not like 'cardata:%'";
    let mut known: HashMap<(i64, String), (Option<Latest>, Option<i64>)> = HashMap::new();
    for (vehicle, descriptor, latest, ended_at) in look.all(query, [], |row| {
        let (at, seq): (Option<i64>, _) = (row.get(2)?, row.get(4)?);
        let occurrence = row.get::<_, Option<u32>>(3)?.unwrap_or(0);
        let latest = at.map(|at| Latest { at, occurrence, seq });
        Ok((row.get(0)?, row.get(1)?, latest, row.get(5)?))
    })? {
        known.insert((vehicle, descriptor), (latest, ended_at));
    }
    for (series, unfolded) in unfolded::series(&look, decoder.known.clone())? {
        let (latest, ended_at) = known.entry(series).or_default();
        *ended_at = unfolded.ended_at.max(*ended_at);
        if let Some(new) = unfolded.latest.filter(|new| new.follows(*latest)) {
            *latest = Some(new);
        }
    }
    let present = known
        .into_iter()
        .filter_map(|((_, descriptor), (latest, ended_at))| {
            let latest = latest?;
            Some(Newest {
                seq: latest.seq?,
                descriptor,
                at: latest.at,
                occurrence: latest.occurrence,
                ended_at: ended_at.filter(|ended| *ended > latest.at),
            })
        });
    let mut present: Vec<Newest> = present.collect();
    present.sort_by(|one, other| (one.seq, &one.descriptor).cmp(&(other.seq, &other.descriptor)));
    Ok(present)
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
    let query = "select vin, (select feed.account from arrival join feed on feed.id = feed_id
             where arrival.vehicle_id = vehicle.id order by last_received_at desc, feed_id limit 1)
         from vehicle order by vin";
    let found: Vec<(String, Option<String>)> = decoder.connection().all(query, [], |row| row.try_into())?;
    let vehicles = found.into_iter().filter_map(|(vin, account)| {
        let vin: Vin = vin.parse().ok().filter(|vin: &Vin| !vin.is_nobody())?;
        Some((decoder.vehicle(&vin), account.map(Name::from)))
    });
    Ok(vehicles.collect())
}
