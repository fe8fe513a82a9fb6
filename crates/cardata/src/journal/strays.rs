//! `cardata journal strays`: messages and answers that cannot be read, for whoever looks for the reason.

use std::io::{ErrorKind, Write};

use journal::log::overview::Overview;
use journal::log::strays::StrayEntry;
use serde_json::json;
use status::table::table;

use super::args::StraysArgs;
use super::{failure, overview, size, state};
use crate::{CommandResult, Failure, terminal};

pub fn run(options: &StraysArgs) -> CommandResult {
    let overview = overview(&state(&options.pipeline)?)?;
    if let Some(id) = options.show {
        return show(&overview, id);
    }
    let entries = overview.stray_entries().map_err(failure)?;
    if options.json {
        return terminal::answer(1, &json!({ "strays": entries }));
    }
    terminal::say(&text(&entries));
    Ok(())
}

fn show(overview: &Overview, id: i64) -> CommandResult {
    let Some(payload) = overview.stray_payload(id).map_err(failure)? else {
        return Err(Failure::new(
            2,
            format!("there is no stray {id}: `cardata journal strays` lists them"),
        ));
    };
    let mut out = terminal::raw();
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
        return "All that came could be read.".to_owned();
    }
    let header = "id | account | source | times | first | last | size | reason";
    let rows = entries.iter().map(|entry| {
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
    });
    format!(
        "{}\n\n`--show ID` writes one of them to standard output, as it came.",
        table(header, rows)
    )
}
