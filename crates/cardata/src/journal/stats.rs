//! `cardata journal stats`: what is in the journal and what it takes.

use journal::care::stats::{Stats, stats};
use status::table::table;

use super::{failure, names, size, state};
use crate::args::AnswerArgs;
use crate::{CommandResult, terminal};

pub fn run(options: &AnswerArgs) -> CommandResult {
    let mut stats = stats(&state(&options.pipeline)?).map_err(failure)?;
    let names = names(&options.pipeline);
    for feed in &mut stats.feeds {
        if let Ok(vin) = feed.vin.parse() {
            feed.vehicle = names.of(&vin).to_string();
        }
    }
    if options.json {
        return terminal::answer(1, &stats);
    }
    terminal::say(&text(&stats));
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
    let header = "vehicle | origin | entries | readings | last received";
    let feeds = stats.feeds.iter().map(|feed| {
        let last = feed.last_received_at.map(|at| format!("{at:.0}"));
        vec![
            feed.vehicle.clone(),
            feed.origin.clone(),
            feed.entries.to_string(),
            feed.readings.to_string(),
            last.unwrap_or_default(),
        ]
    });
    lines.push(format!("\n{}", table(header, feeds)));
    if !stats.cursors.is_empty() {
        let header = "sink | cursor | waiting entries | waiting readings | dead letters";
        let cursors = stats.cursors.iter().map(|cursor| {
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
