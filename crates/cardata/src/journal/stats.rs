//! `cardata journal stats`.

use jiff::Timestamp;
use journal::care::stats::{Stats, stats};

use super::args::StatsArgs;
use super::{failure, size, state};
use status::table::table;

use crate::{CommandResult, Failure, terminal};

pub fn run(options: &StatsArgs) -> CommandResult {
    let state = state(&options.pipeline)?;
    let stats = stats(&state).map_err(|error| failure(&error))?;
    let text = if options.json {
        serde_json::to_string_pretty(&stats).map_err(|error| Failure::new(70, error.to_string()))?
    } else {
        text(&stats)
    };
    terminal::say(&text);
    Ok(())
}

fn text(stats: &Stats) -> String {
    let mut lines = vec![format!(
        "{} entries with {} readings; {} repeats were left out",
        stats.entries, stats.readings, stats.repeats
    )];
    if let (Some(first), Some(last)) = (stats.first_received_at, stats.last_received_at) {
        lines.push(format!("received from {first:.0} to {last:.0}"));
    }
    let each = stats
        .bytes_per_reading
        .map(|bytes| format!(", {bytes:.0} bytes a reading"))
        .unwrap_or_default();
    lines.push(format!(
        "{} on disk{each}; `cardata journal compact` would give back {}",
        size(stats.bytes),
        size(stats.free_bytes)
    ));
    lines.push(format!("{} dead letters", stats.dead_letters));
    let mut rows = vec![row(["vehicle", "origin", "entries", "readings", "last received"])];
    rows.extend(stats.feeds.iter().map(|feed| {
        row([
            &format!("…{}", feed.vehicle),
            &feed.origin,
            &feed.entries.to_string(),
            &feed.readings.to_string(),
            &feed.last_received_at.map(short).unwrap_or_default(),
        ])
    }));
    lines.push(format!("\n{}", table(&rows)));
    if !stats.cursors.is_empty() {
        let mut rows = vec![row([
            "sink",
            "cursor",
            "waiting entries",
            "waiting readings",
            "dead letters",
        ])];
        rows.extend(stats.cursors.iter().map(|cursor| {
            row([
                &cursor.sink,
                &cursor.cursor.to_string(),
                &cursor.waiting_entries.to_string(),
                &cursor.waiting_readings.to_string(),
                &cursor.dead_letters.to_string(),
            ])
        }));
        lines.push(format!("\n{}", table(&rows)));
    }
    lines.join("\n")
}

fn short(at: Timestamp) -> String {
    format!("{at:.0}")
}

fn row(cells: [&str; 5]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}
