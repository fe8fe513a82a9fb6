//! `cardata restore`: a backup becomes the state, and what that means for logins and sinks is told.

use collector::state::StateDirectory;
use journal::care::restore::{RestoreError, Restored, restore};
use runtime::{Clock, SystemClock};
use serde_json::json;
use status::table::counted;

use crate::journal::args::RestoreArgs;
use crate::journal::damages;
use crate::{CommandResult, Failure, context, terminal};

pub fn run(options: &RestoreArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let state = StateDirectory::create(&pipeline.state)?;
    let _lock = state.lock()?;
    let spinner = terminal::spinner("checking the backup");
    let result = restore(
        &options.file,
        state.path(),
        &state.tokens(),
        SystemClock.now(),
        options.force,
        ledger::carry_over,
    );
    spinner.finish_and_clear();
    let restored = result.map_err(|error| {
        let code = match error {
            RestoreError::Foreign(_) | RestoreError::Newer(_) | RestoreError::Damaged { .. } => 4,
            _ => 2,
        };
        Failure::of(code, &error)
    })?;
    match options.json {
        true => terminal::answer(1, &document(&restored))?,
        false => terminal::say(&report(&restored)),
    }
    if restored.damaged.is_empty() && restored.damaged_files.is_empty() {
        return Ok(());
    }
    Err(Failure::new(4, losses(&restored)))
}

fn document(restored: &Restored) -> serde_json::Value {
    json!({
        "made_at": restored.made_at,
        "entries": restored.entries,
        "logins": restored.token_files,
        "damaged": damages(&restored.damaged),
        "damaged_logins": restored.damaged_files,
        "moved_aside_to": restored.aside,
        "lacks_calls": restored.lacks_calls,
    })
}

fn report(restored: &Restored) -> String {
    let mut lines = vec![format!(
        "Restored {} and {} of {:.0}.",
        counted(restored.entries, "snapshot"),
        counted(restored.token_files, "login"),
        restored.made_at
    )];
    if let Some(aside) = &restored.aside {
        lines.push(format!(
            "The state that was here before is in {}.",
            aside.display()
        ));
    }
    if restored.lacks_calls {
        lines.push(
            "The state that was here before is damaged: calls that were spent with it may be missing from the count. If \
             BMW says that none is left, cardata waits until midnight UTC by itself."
                .to_owned(),
        );
    }
    lines.push(
        "A login in a backup is good until the login that it was copied from is refreshed, which happens every \
         hour while `cardata run` runs. If `cardata run` asks for a login now, run `cardata login` once.\n\
         Never run two copies of one login at the same time: each refresh ends the other."
            .to_owned(),
    );
    lines.push(
        "Sinks go on where they were when the backup was made. One whose store is empty now is filled with \
         `cardata replay --sink NAME`."
            .to_owned(),
    );
    lines.join("\n")
}

fn losses(restored: &Restored) -> String {
    let mut lines: Vec<_> = restored.damaged.iter().map(ToString::to_string).collect();
    let files = restored.damaged_files.iter();
    lines.extend(files.map(|name| format!("the login {name} is damaged and was left out: log in again")));
    format!("Some of the backup was damaged:\n  {}", lines.join("\n  "))
}
