//! `cardata journal compact`: gives the space of forgotten entries back to the disk.

use collector::state::{OWNERS, StateDirectory};

use serde_json::json;

use super::{failure, size, state};
use crate::args::AnswerArgs;
use crate::{CommandResult, terminal};

pub fn run(options: &AnswerArgs) -> CommandResult {
    let state = state(&options.pipeline)?;
    // So that `run` does not take it.
    let _lock = StateDirectory::at(&state).lock()?;
    let spinner = terminal::spinner("writing the journal anew");
    let compacted = store::compact(&state, &OWNERS);
    spinner.finish_and_clear();
    let compacted = compacted.map_err(|error| failure(error.into()))?;
    if options.json {
        let (before, after) = (compacted.before, compacted.after);
        return terminal::answer(1, &json!({ "bytes_before": before, "bytes_after": after }));
    }
    terminal::say(&format!(
        "The journal took {} and takes {} now.",
        size(compacted.before),
        size(compacted.after)
    ));
    Ok(())
}
