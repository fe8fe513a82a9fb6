//! `cardata journal strays`.

use std::io::{self, ErrorKind, Write};

use journal::log::overview::Overview;
use journal::log::strays::StrayEntry;
use serde_json::{Value, json};

use super::args::StraysArgs;
use super::{failure, size, state};
use status::table::table;

use crate::{CommandResult, Failure, terminal};

pub fn run(options: &StraysArgs) -> CommandResult {
    let state = state(&options.pipeline)?;
    let overview = Overview::open(&state)
        .map_err(|error| failure(&error))?
        .ok_or_else(|| Failure::new(2, format!("there is no journal in {} yet", state.display())))?;
    if let Some(id) = options.show {
        return show(&overview, id);
    }
    let entries = overview.stray_entries().map_err(|error| failure(&error))?;
    let text = if options.json {
        json(&entries)
    } else {
        text(&entries)
    };
    terminal::say(&text);
    Ok(())
}

fn show(overview: &Overview, id: i64) -> CommandResult {
    let payload = overview.stray_payload(id).map_err(|error| failure(&error))?;
    let Some(payload) = payload else {
        return Err(Failure::new(
            2,
            format!("there is no stray message {id}: `cardata journal strays` lists them"),
        ));
    };
    let mut out = io::stdout().lock();
    match out.write_all(&payload).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
            2,
            format!("cannot write to standard output: {error}"),
        )),
        _ => Ok(()),
    }
}

fn text(entries: &[StrayEntry]) -> String {
    if entries.is_empty() {
        return "Every message could be read.".to_owned();
    }
    let header = [
        "id", "account", "source", "times", "first", "last", "size", "reason",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(entries.iter().map(|entry| {
        vec![
            entry.id.to_string(),
            entry.account.clone(),
            entry.source.clone(),
            entry.times.to_string(),
            format!("{:.0}", entry.first_at),
            format!("{:.0}", entry.last_at),
            size(entry.bytes),
            entry.reason.clone(),
        ]
    }));
    format!(
        "{}\n\n`--show ID` writes one of them to standard output, as it came.",
        table(&rows)
    )
}

fn json(entries: &[StrayEntry]) -> String {
    let entries = entries.iter().map(|entry| {
        json!({
            "id": entry.id,
            "account": entry.account,
            "source": entry.source,
            "times": entry.times,
            "first_at": entry.first_at.to_string(),
            "last_at": entry.last_at.to_string(),
            "bytes": entry.bytes,
            "reason": entry.reason,
        })
    });
    format!("{:#}", entries.collect::<Value>())
}
