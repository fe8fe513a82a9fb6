//! What is in the journal and what it takes: what `cardata journal stats` tells.

use std::collections::BTreeMap;

use collector_core::{Names, Vin};
use jiff::Timestamp;
use journal::JournalError;
use journal::log::overview::{Arrivals, Overview, SinkTotals};
use serde::Serialize;

use crate::table::table;

/// Sums over the whole journal.
#[derive(Debug, Serialize)]
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
    pub feeds: Vec<Feed>,
    /// How far each sink has got.
    pub cursors: Vec<SinkTotals>,
}

/// What came for one vehicle in one way, also what was forgotten since.
#[derive(Debug, Serialize)]
pub struct Feed {
    /// Its name.
    pub vehicle: String,
    pub origin: String,
    pub entries: u64,
    pub readings: u64,
    pub last_received_at: Timestamp,
}

impl Stats {
    /// For people, with bytes as `size` tells them.
    pub fn text(&self, size: fn(u64) -> String) -> String {
        let mut lines = vec![format!(
            "{} entries with {} readings; {} repeats were left out",
            self.entries, self.readings, self.repeats
        )];
        if let (Some(first), Some(last)) = (self.first_received_at, self.last_received_at) {
            lines.push(format!("received from {first:.0} to {last:.0}"));
        }
        let each = self
            .bytes_per_reading
            .map(|bytes| format!(", {bytes:.0} bytes a reading"))
            .unwrap_or_default();
        lines.push(format!(
            "{} on disk{each}; `cardata journal compact` would give back {}",
            size(self.bytes),
            size(self.free_bytes)
        ));
        lines.push(format!("{} dead letters", self.dead_letters));
        let header = "vehicle | origin | entries | readings | last received";
        let feeds = self.feeds.iter().map(|feed| {
            vec![
                feed.vehicle.clone(),
                feed.origin.clone(),
                feed.entries.to_string(),
                feed.readings.to_string(),
                format!("{:.0}", feed.last_received_at),
            ]
        });
        lines.push(format!("\n{}", table(header, feeds)));
        if !self.cursors.is_empty() {
            let header = "sink | cursor | waiting entries | waiting readings | dead letters";
            let cursors = self.cursors.iter().map(|cursor| {
                vec![
                    cursor.sink.clone(),
                    cursor.cursor.to_string(),
                    cursor.waiting_entries.to_string(),
                    cursor.waiting_readings.to_string(),
                    cursor.dead_letters.to_string(),
                ]
            });
            lines.push(format!("\n{}", table(header, cursors)));
        }
        lines.join("\n")
    }
}

/// Looks at a journal of so many bytes, beside a process that may be writing to it.
///
/// # Errors
/// It cannot be read.
pub fn stats(journal: &Overview, bytes: u64, names: &Names) -> Result<Stats, JournalError> {
    let (log, arrivals) = (journal.log()?, journal.arrivals()?);
    let letters = journal.dead_letter_counts()?;
    Ok(Stats {
        log_id: journal.log_id()?,
        entries: log.entries,
        readings: log.readings,
        repeats: log.repeats,
        first_received_at: journal.first_received_at()?,
        last_received_at: arrivals.iter().map(|came| came.last_received_at).max(),
        bytes,
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        bytes_per_reading: (log.readings > 0).then(|| bytes as f64 / log.readings as f64),
        free_bytes: journal.free_bytes()?,
        dead_letters: letters.iter().map(|(_, letters)| letters).sum(),
        feeds: feeds(arrivals, names),
        cursors: journal.sinks()?,
    })
}

/// By the names of vehicles, whatever account and source brought it.
fn feeds(arrivals: Vec<Arrivals>, names: &Names) -> Vec<Feed> {
    let mut feeds: BTreeMap<(String, String, String), Feed> = BTreeMap::new();
    for came in arrivals {
        let vin = came.vin.parse();
        let vehicle = vin.map_or_else(|_| String::new(), |vin: Vin| names.of(&vin).to_string());
        let key = (vehicle.clone(), came.vin, came.origin.clone());
        let feed = feeds.entry(key).or_insert(Feed {
            vehicle,
            origin: came.origin,
            entries: 0,
            readings: 0,
            last_received_at: came.last_received_at,
        });
        feed.entries += came.entries;
        feed.readings += came.readings;
        feed.last_received_at = feed.last_received_at.max(came.last_received_at);
    }
    feeds.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_by_one_way_is_one_whichever_account_brought_it() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let came = |vin: &str, account: &str, origin: &str, day: &str| Arrivals {
            vin: vin.to_owned(),
            account: account.to_owned(),
            source: "telematics".to_owned(),
            origin: origin.to_owned(),
            snapshots: 5,
            entries: 3,
            readings: 7,
            repeats: 1,
            last_received_at: at(&format!("{day}T12:00:00Z")),
        };
        let feeds = feeds(
            vec![
                came("WBY00000000000002", "home", "stream", "2026-03-02"),
                came("WBY00000000000001", "home", "poll", "2026-03-03"),
                came("WBY00000000000001", "work", "poll", "2026-03-01"),
                came("WBY00000000000001", "home", "archive", "2026-02-01"),
            ],
            &Names::default(),
        );
        let told = feeds.iter().map(|feed| {
            let last = feed.last_received_at.strftime("%-d %b").to_string();
            (&*feed.vehicle, &*feed.origin, feed.entries, feed.readings, last)
        });
        let expected = [
            ("v0000001", "archive", 3, 7, "1 Feb"),
            ("v0000001", "poll", 6, 14, "3 Mar"),
            ("v0000002", "stream", 3, 7, "2 Mar"),
        ];
        let expected = expected.map(|(name, origin, entries, readings, last)| {
            (name, origin, entries, readings, last.to_owned())
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
