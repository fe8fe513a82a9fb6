//! `cardata replay --rewrite`: what the sink holds goes first, so its owner is asked.

use collector::state::OpenState;
use collector_core::Redelivery;
use journal::log::replay::{Replay, ReplayRequest};
use pipeline::Pipeline;

use super::ReplayArgs;
use crate::{CommandResult, Failure, terminal};

/// Whether the journal can bring back what goes, and its owner wants it.
pub async fn agreed(
    options: &ReplayArgs,
    pipeline: &Pipeline,
    state: &OpenState,
    request: &ReplayRequest,
) -> CommandResult {
    let sink = &request.sink;
    let mut sinks = pipeline.sinks.iter();
    if let Some(spec) = sinks.find(|spec| *spec.name == **sink)
        && spec.plugin.redelivery == Redelivery::Duplicates
    {
        let kind = spec.plugin.type_name;
        return Err(Failure::new(
            2,
            format!(
                "`{sink}` hands on what it is given and holds nothing that could be replaced ({kind}): leave out \
                 --rewrite, and it is given its history again"
            ),
        ));
    }
    let lack = collector::lacks(state, request).await?;
    if let Some(lack) = lack {
        return Err(Failure::new(4, format!("nothing was removed: {lack}")));
    }
    if options.yes {
        return Ok(());
    }
    let what = warning(options, request);
    match terminal::confirm(&format!("{what}\nReplace it?")) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(4, "nothing was removed")),
        None => Err(Failure::new(
            4,
            format!("{what}\nnothing was removed: nobody can be asked here, so say --yes"),
        )),
    }
}

fn warning(options: &ReplayArgs, request: &ReplayRequest) -> String {
    let mut of = String::new();
    let patterns = options.select.iter().chain(&options.vehicle);
    let patterns: Vec<&str> = patterns.map(String::as_str).collect();
    if !patterns.is_empty() {
        of += &format!(" of {}", patterns.join(", "));
    }
    let bounds = [("since", request.since), ("until", request.until)];
    for (word, at) in bounds.iter().filter_map(|(word, at)| Some((word, at.as_ref()?))) {
        of += &format!(" {word} {at:.0}");
    }
    format!(
        "Everything{of} that `{}` holds by its `select` is removed from it, and then delivered again out of the \
         journal, as this version of cardata reads what BMW sent. Until that is done, it lacks a part.",
        request.sink
    )
}

/// What becomes of what the sink held when it was asked for.
pub fn held_before(replay: &Replay) -> &'static str {
    match (replay.request.rewrite, replay.erased_at) {
        (false, _) => "stays",
        (true, None) => "goes",
        (true, Some(_)) => "is gone",
    }
}
