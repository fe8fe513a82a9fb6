//! `cardata backup`: history and logins in one file, also while a pipeline runs.

use collector::state::StateDirectory;
use indicatif::BinaryBytes;
use journal::care::backup::{Backup, BackupError, backup};
use runtime::{Clock, SystemClock};
use serde_json::json;
use status::table::counted;

use crate::journal::args::BackupArgs;
use crate::journal::damages;
use crate::{CommandResult, Failure, context, terminal};

pub fn run(options: &BackupArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let state = StateDirectory::at(&pipeline.state);
    let spinner = terminal::spinner("copying the state");
    let result = backup(
        state.path(),
        &state.tokens(),
        &options.file,
        SystemClock.now(),
        options.force,
    );
    spinner.finish_and_clear();
    let made = result.map_err(|error| {
        let is_damaged = matches!(error, BackupError::Damaged(_));
        Failure::of(if is_damaged { 4 } else { 2 }, &error)
    })?;
    if options.json {
        terminal::answer(1, &document(options, &made))?;
    } else {
        terminal::say(&said(options, &made));
    }
    if let Some(first) = made.damaged.first() {
        return Err(Failure::new(
            4,
            format!(
                "The journal has damaged entries, and so has the backup: {first}. See `cardata journal verify`."
            ),
        ));
    }
    Ok(())
}

fn document(options: &BackupArgs, made: &Backup) -> serde_json::Value {
    json!({
        "file": options.file,
        "entries": made.entries,
        "logins": made.token_files,
        "bytes": made.bytes,
        "damaged": damages(&made.damaged),
    })
}

fn said(options: &BackupArgs, made: &Backup) -> String {
    format!(
        "{}: {} and {}, {}. Keep it as secret as a password: who can read it can use the logins.",
        options.file.display(),
        counted(made.entries, "snapshot"),
        counted(made.token_files, "login"),
        BinaryBytes(made.bytes)
    )
}
