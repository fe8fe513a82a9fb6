//! `cardata journal verify`: checks every entry, and says what to do about damage.

use journal::care::verify::{Verified, verify};
use pipeline_init::lookup;
use serde_json::json;

use super::{bar, count, damages, entries, failure, names, state};
use crate::args::{AnswerArgs, PipelineArgs};
use crate::{CommandResult, Failure, terminal};

pub fn run(options: &AnswerArgs) -> CommandResult {
    let state = state(&options.pipeline)?;
    let bar = bar("checking", entries(&state));
    let verified = verify(&state, |entries| bar.inc(entries));
    bar.finish_and_clear();
    let mut verified = verified.map_err(failure)?;
    let names = names(&options.pipeline);
    for damage in &mut verified.damaged {
        let vehicle = damage.vehicle.take();
        damage.vehicle = vehicle.map(|vehicle| names.vehicle(&vehicle.vin));
    }
    match options.json {
        true => terminal::answer(1, &document(&verified))?,
        false => tell(&verified),
    }
    match verified.is_sound() {
        true => Ok(()),
        false => Err(Failure::new(4, advice(&verified, &options.pipeline))),
    }
}

fn document(verified: &Verified) -> serde_json::Value {
    json!({
        "sound": verified.is_sound(),
        "sound_entries": verified.entries,
        "damaged": damages(&verified.damaged),
        "database": verified.database,
    })
}

fn tell(verified: &Verified) {
    for damage in &verified.damaged {
        terminal::say(&damage.to_string());
    }
    for complaint in &verified.database {
        terminal::say(&format!("database: {complaint}"));
    }
    if verified.is_sound() {
        let checked = count(verified.entries, "entry", "entries");
        terminal::say(&format!("{checked} checked, all sound."));
    }
}

fn advice(verified: &Verified, options: &PipelineArgs) -> String {
    let config = lookup::repeated(options.config.as_deref());
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
