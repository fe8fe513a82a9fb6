//! What is in the journal and what it takes: what `cardata journal stats` tells.

use std::path::Path;

use collector_core::Vin;
use jiff::Timestamp;
use serde::Serialize;

use store::sql::Access;
use store::{Database, FILE, timestamp};

use crate::log::overview::{Overview, SinkTotals};
use crate::log::{append, packed};
use crate::{Result, log_id};

/// Sums over the whole journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    pub log_id: String,
    /// Entries and readings that are in the log.
    pub entries: u64,
    pub readings: u64,
    /// Readings that were left out because they were in the journal already, ever.
    pub repeats: u64,
    /// When the first entry of the log came, and the last poll or message of all.
    pub first_received_at: Option<Timestamp>,
    pub last_received_at: Option<Timestamp>,
    /// With the write-ahead log.
    pub bytes: u64,
    pub bytes_per_reading: Option<f64>,
    /// What `cardata journal compact` would give back.
    pub free_bytes: u64,
    pub dead_letters: u64,
    pub feeds: Vec<FeedStats>,
    /// How far each sink has got.
    pub cursors: Vec<SinkTotals>,
}

/// What came for one vehicle in one way, also what was forgotten since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedStats {
    #[serde(skip)]
    pub vin: String,
    /// Its name.
    pub vehicle: String,
    pub origin: String,
    pub entries: u64,
    pub readings: u64,
    pub last_received_at: Option<Timestamp>,
}

/// Looks at the journal in `state`, beside a process that may be writing to it.
pub fn stats(state: &Path) -> Result<Stats> {
    let database = Database::read_only(&state.join(FILE))?;
    let overview = Overview::open(state)?;
    let (log, cursors) = match &overview {
        Some(overview) => (overview.log()?, overview.sinks()?),
        None => Default::default(),
    };
    let number = |query: &str| database.one(query, [], |row| row.get::<_, u64>(0));
    let time = |query: &str| database.one(query, [], |row| Ok(row.get::<_, Option<i64>>(0)?.map(timestamp)));
    let query = "select vin, origin, sum(entries), sum(readings), max(last_received_at)
         from arrival join vehicle on vehicle.id = vehicle_id join feed on feed.id = feed_id
         group by vehicle.id, origin order by vehicle.id, origin";
    let feeds = database.all(query, [], |row| {
        let vin: String = row.get(0)?;
        Ok(FeedStats {
            vehicle: vin
                .parse()
                .map_or_else(|_| String::new(), |vin: Vin| vin.key_name()),
            vin,
            origin: row.get(1)?,
            entries: row.get(2)?,
            readings: row.get(3)?,
            last_received_at: row.get::<_, Option<i64>>(4)?.map(timestamp),
        })
    })?;
    let bytes = store::bytes_on_disk(state);
    Ok(Stats {
        log_id: log_id(&database)?,
        entries: log.entries,
        readings: log.readings,
        repeats: log.repeats,
        first_received_at: packed::first_received_at(&database)?,
        last_received_at: time("select max(last_received_at) from arrival")?,
        bytes,
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        bytes_per_reading: (log.readings > 0).then(|| bytes as f64 / log.readings as f64),
        free_bytes: number("pragma freelist_count")? * number("pragma page_size")?,
        dead_letters: number("select count(*) from dead_letter")?,
        feeds,
        cursors,
    })
}

/// How many entries there are, for whoever shows how far something has got.
pub fn entries(state: &Path) -> Result<u64> {
    let database = Database::read_only(&state.join(FILE))?;
    packed::count(&database, 0, append::newest(&database)?)
}
