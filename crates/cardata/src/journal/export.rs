//! `cardata journal export`.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use journal::care::export::{ExportError, Exported, Wanted, export};
use journal::care::stats;
use journal::log::scan::Damage;
use runtime::{Clock, SystemClock};

use super::args::ExportArgs;
use super::{bar, count, failure, state};
use crate::{CommandResult, Failure, context, terminal};

pub fn run(options: &ExportArgs) -> CommandResult {
    let state = state(&options.pipeline)?;
    let mut damaged = 0_u64;
    let result = match &options.output {
        Some(path) => to_file(&state, options, path, &mut damaged),
        None => to_stdout(&state, options, &mut damaged),
    };
    let exported = result?;
    terminal::error(&format!(
        "{} with {} written.",
        count(exported.entries, "entry", "entries"),
        count(exported.readings, "reading", "readings")
    ));
    if damaged > 0 {
        return Err(Failure::new(
            4,
            "What is damaged, as told above, was left out.".to_owned(),
        ));
    }
    Ok(())
}

/// A file that is whole or not there.
fn to_file(state: &Path, options: &ExportArgs, path: &Path, damaged: &mut u64) -> Result<Exported, Failure> {
    let failed = |error: &io::Error| Failure::new(2, format!("cannot write {}: {error}", path.display()));
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Made for its owner alone: a history says where somebody was.
    let mut file = tempfile::Builder::new()
        .prefix(".cardata-export-")
        .tempfile_in(folder)
        .map_err(|error| failed(&error))?;
    let mut output = BufWriter::new(file.as_file_mut());
    let exported = write(state, options, &mut output, damaged)?;
    drop(output);
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    Ok(exported)
}

fn to_stdout(state: &Path, options: &ExportArgs, damaged: &mut u64) -> Result<Exported, Failure> {
    let mut output = BufWriter::new(io::stdout().lock());
    write(state, options, &mut output, damaged)
}

fn write(
    state: &Path,
    options: &ExportArgs,
    output: &mut dyn Write,
    damaged: &mut u64,
) -> Result<Exported, Failure> {
    let wanted = Wanted {
        since: options.since,
        until: options.until,
        vehicle: options.vehicle.clone(),
    };
    let bar = bar("exporting", stats::entries(state).unwrap_or(0));
    let tell = |damage: Damage| {
        *damaged += 1;
        bar.suspend(|| terminal::error(&format!("left out: {damage}")));
    };
    let exported = export(state, &wanted, SystemClock.now(), output, tell, |entries| {
        bar.inc(entries)
    });
    bar.finish_and_clear();
    match exported {
        Ok(exported) => Ok(exported),
        // A reader that has gone away, as with `| head`.
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Exported::default())
        }
        Err(ExportError::Journal(error)) => Err(failure(&error)),
        Err(error) => Err(Failure::new(2, context::chain(&error))),
    }
}
