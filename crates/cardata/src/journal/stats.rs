//! `cardata journal stats`: what is in the journal and what it takes.

use status::stats::stats;

use super::{failure, names, overview, size, state};
use crate::args::AnswerArgs;
use crate::{CommandResult, terminal};

pub fn run(options: &AnswerArgs) -> CommandResult {
    let state = state(&options.pipeline)?;
    let bytes = store::bytes_on_disk(&state);
    let stats = stats(&overview(&state)?, bytes, &names(&options.pipeline)).map_err(failure)?;
    if options.json {
        return terminal::answer(1, &stats);
    }
    terminal::say(&stats.text(size));
    Ok(())
}
