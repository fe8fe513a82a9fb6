//! `cardata why`: a record, and for each of its values the rule, the readings and how exact it is.

use clap::Args;

use status::why::choice::{self, Wanted};
use status::why::{document, text};

use crate::args::PipelineArgs;
use crate::{CommandResult, Failure, OrFail, context, journal, terminal};

#[derive(Debug, Args)]
pub struct WhyArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// The kind, the vehicle where there are several, and how the start begins, in UTC: `trip 2026-03-01T17:05`. Or `last`
    /// and the kind: `last charging_session`. Without it the newest records are shown.
    #[arg(value_name = "RECORD")]
    pub record: Vec<String>,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

pub fn run(options: &WhyArgs) -> CommandResult {
    let state = journal::state(&options.pipeline)?;
    let names = context::names(&context::load(&options.pipeline)?)?;
    let mut found = choice::records(&state.join(store::FILE), &names).map_err(journal::failure)?;
    let wanted = Wanted::read(&options.record, &found, &names).map_err(|why| Failure::new(2, why))?;
    wanted.choose(&mut found);
    let chosen = match (&*found, options.record.is_empty()) {
        ([one], false) => {
            let record = one.record().or_fail(4)?;
            let unknown = || Failure::new(4, format!("this version knows no {}", one.kind));
            Some(record.ok_or_else(unknown)?)
        }
        _ => None,
    };
    match (&chosen, options.json) {
        (_, true) => terminal::answer(1, &document::document(chosen.as_ref().zip(found.first()), &found))?,
        (Some(record), false) => terminal::say(&text::text(record, found[0].seq)),
        (None, false) if !found.is_empty() => terminal::say(&text::candidates(&found)),
        (None, false) if options.record.is_empty() => terminal::say(&wanted.advice()),
        (None, false) => {}
    }
    match (chosen, &*found) {
        (Some(_), _) => Ok(()),
        (None, _) if options.record.is_empty() => Ok(()),
        (None, []) => {
            let why = format!("the journal has no such record: {}", wanted.advice());
            Err(Failure::new(4, why))
        }
        (None, several) => Err(Failure::new(4, text::several(several))),
    }
}
