//! `cardata journal verify`: checks every entry, and says what to do about damage.

use journal::care::stats;
use journal::care::verify::{Verified, verify};

use super::{bar, count, failure, names, state};
use crate::args::PipelineArgs;
use crate::{CommandResult, Failure, lookup, terminal};

pub fn run(options: &PipelineArgs) -> CommandResult {
    let state = state(options)?;
    let bar = bar("checking", stats::entries(&state).unwrap_or(0));
    let verified = verify(&state, |entries| bar.inc(entries));
    bar.finish_and_clear();
    let mut verified = verified.map_err(failure)?;
    let names = names(options);
    for damage in &mut verified.damaged {
        let vehicle = damage.vehicle.take();
        damage.vehicle = vehicle.map(|vehicle| names.vehicle(&vehicle.vin));
        terminal::say(&damage.to_string());
    }
    for complaint in &verified.database {
        terminal::say(&format!("database: {complaint}"));
    }
    if verified.is_sound() {
        terminal::say(&format!(
            "{} checked, all sound.",
            count(verified.entries, "entry", "entries")
        ));
        return Ok(());
    }
    Err(Failure::new(4, advice(&verified, options)))
}

fn advice(verified: &Verified, options: &PipelineArgs) -> String {
    let config = lookup::repeated(options);
    let sound = count(verified.entries, "entry is", "entries are");
    let what = if verified.database.is_empty() {
        "The damaged entries cannot be brought back from here; sinks pass over them and note a dead letter. \
         A backup from before may have them."
            .to_owned()
    } else {
        format!(
            "The database itself is damaged. Save what can be read, and put it into a new state or into a backup \
             (RECOVERY.md, \"The journal is damaged\"):\n  cardata journal export{config} --output history.jsonl"
        )
    };
    format!("The journal is damaged; {sound} sound. {what}")
}
