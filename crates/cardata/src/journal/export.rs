//! `cardata journal export`: the history as lines of JSON, all of it that can be read.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use journal::care::export::{ExportError, Exported, Wanted, export};
use journal::log::scan::Damage;
use runtime::private::adopt;
use runtime::{Clock, SystemClock};
use serde_json::json;
use store::files::destination;

use super::args::ExportArgs;
use super::{bar, count, entries, failure, state};
use crate::{CommandResult, Failure, OrFail, terminal};

pub fn run(options: &ExportArgs) -> CommandResult {
    let state = state(&options.pipeline)?;
    let mut damaged = 0_u64;
    let exported = match &options.output {
        Some(path) => to_file(&state, options, path, &mut damaged)?,
        None => write(&state, options, terminal::raw(), &mut damaged)?,
    };
    match options.json {
        true => terminal::answer(1, &document(options, exported, damaged))?,
        false => terminal::note(&format!(
            "{} with {} written.",
            count(exported.entries, "entry", "entries"),
            count(exported.readings, "reading", "readings")
        )),
    }
    if damaged > 0 {
        return Err(Failure::new(4, "What is damaged, as told above, was left out."));
    }
    Ok(())
}

fn document(options: &ExportArgs, exported: Exported, damaged: u64) -> serde_json::Value {
    json!({
        "file": options.output,
        "entries": exported.entries,
        "readings": exported.readings,
        "left_out": damaged,
    })
}

/// A file that is whole or not there.
fn to_file(state: &Path, options: &ExportArgs, path: &Path, damaged: &mut u64) -> Result<Exported, Failure> {
    let (path, folder) = destination(path, is_export).or_fail(2)?;
    let failed = |error: io::Error| Failure::new(2, format!("cannot write {}: {error}", path.display()));
    // Made for its owner alone: a history says where somebody was.
    let mut file = tempfile::Builder::new()
        .prefix(".cardata-export-")
        .tempfile_in(folder)
        .map_err(failed)?;
    let exported = write(state, options, file.as_file_mut(), damaged)?;
    file.as_file().sync_all().map_err(failed)?;
    adopt(file.as_file(), &path);
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(exported)
}

fn is_export(head: &[u8]) -> bool {
    head.starts_with(br#"{"cardata_journal":"#)
}

fn write(
    state: &Path,
    options: &ExportArgs,
    output: impl Write,
    damaged: &mut u64,
) -> Result<Exported, Failure> {
    let mut output = BufWriter::new(output);
    let wanted = Wanted {
        since: options.since,
        until: options.until,
        vehicle: options.vehicle.clone(),
    };
    let bar = bar("exporting", entries(state));
    let tell = |damage: Damage| {
        *damaged += 1;
        bar.suspend(|| terminal::error(&format!("left out: {damage}")));
    };
    let written = |entries| bar.inc(entries);
    let exported = export(state, &wanted, SystemClock.now(), &mut output, tell, written);
    bar.finish_and_clear();
    match exported {
        Ok(exported) => Ok(exported),
        // A reader that has gone away, as with `| head`.
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Exported::default())
        }
        Err(ExportError::Journal(error)) => Err(failure(error)),
        Err(error) => Err(Failure::of(2, &error)),
    }
}
