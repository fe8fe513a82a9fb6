//! `cardata replay`: a sink is given its history again, beside what it holds or in the place of it; or records are derived
//! anew.

mod derived;
mod moment;
mod replacing;
pub mod request;

use clap::Args;
use collector::state::OpenState;
use journal::JournalError;
use journal::log::overview::Overview;
use journal::log::replay::Replay;
use pipeline::Pipeline;
use serde_json::{Value, json};
use status::table::{notes, or, table};

use crate::args::PipelineArgs;
use crate::redelivery::{self, Ended, Progress};
use crate::{CommandResult, Failure, context, terminal};

#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// The sink that is given its history again. What stands in it stays, once; with --rewrite it is replaced.
    #[arg(long, value_name = "NAME", required_unless_present_any = ["list", "cancel", "resume", "derived"])]
    pub sink: Option<String>,
    /// Readings measured at this time or later: a time (2026-03-01T12:00:00Z), a day of UTC (2026-03-01), or how
    /// long ago (30d).
    #[arg(long, value_name = "TIME", requires = "sink")]
    pub since: Option<String>,
    /// Readings measured at this time or earlier; a day is meant as a whole.
    #[arg(long, value_name = "TIME", requires = "sink")]
    pub until: Option<String>,
    /// Descriptors or their short names, as in the pipeline file's `select`; of what the sink selects.
    #[arg(long, value_name = "GLOB", num_args = 1.., requires = "sink")]
    pub select: Vec<String>,
    /// Vehicles by name or VIN.
    #[arg(long, value_name = "GLOB", num_args = 1.., requires = "sink")]
    pub vehicle: Vec<String>,
    /// Remove what the sink holds of this first, and deliver it as this version of cardata reads what BMW sent: for what
    /// an earlier version or another setting read otherwise.
    #[arg(long, requires = "sink")]
    pub rewrite: bool,
    /// Do not ask before --rewrite.
    #[arg(long, requires = "rewrite")]
    pub yes: bool,
    /// Derive all records (charging sessions, trips, ...) anew from the journal, and say what changed. Only what differs is
    /// told, with the next revision: for better rules, or other prices and places.
    #[arg(long, conflicts_with_all = ["sink", "list", "cancel", "resume", "detach"])]
    pub derived: bool,
    /// Do not wait for the end where `cardata run` delivers.
    #[arg(long)]
    pub detach: bool,
    /// Show the replays: those in line and the last that ended.
    #[arg(long, conflicts_with_all = ["sink", "cancel", "resume"])]
    pub list: bool,
    /// Take a replay out of the line; what it has delivered stays.
    #[arg(long, value_name = "ID", conflicts_with_all = ["sink", "resume"])]
    pub cancel: Option<i64>,
    /// Go on with what is in line, where nothing runs the pipeline.
    #[arg(long, conflicts_with = "sink")]
    pub resume: bool,
    /// With --list or --derived, for programs: one JSON object, as JSON.md describes it.
    #[arg(long, conflicts_with_all = ["sink", "cancel", "resume"])]
    pub json: bool,
}

pub async fn run(options: ReplayArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let state = redelivery::open(&pipeline)?;
    if options.derived {
        return derived::run(&pipeline, &state, options.json).await;
    }
    let overview = state.journal.overview()?;
    if options.list {
        return list(&overview, options.json);
    }
    if let Some(id) = options.cancel {
        return cancel(&state, &overview, id).await;
    }
    if options.resume {
        let ours = |replay: &Replay| {
            let sinks = &pipeline.sinks;
            replay.finished_at.is_none() && sinks.iter().any(|sink| *sink.name == *replay.request.sink)
        };
        let mut replays = overview.replays()?;
        replays.retain(ours);
        let ids: Vec<i64> = replays.iter().map(|replay| replay.id).collect();
        if ids.is_empty() {
            terminal::say("no replay is in line");
            return Ok(());
        }
        return follow(pipeline, &state, &ids).await;
    }
    let now = redelivery::now(&state)?;
    let names = state.names(&pipeline.vehicles)?;
    let request = request::read(&options, &pipeline, &overview, &names, now)?;
    if request.rewrite {
        replacing::agreed(&options, &pipeline, &state, &request).await?;
    }
    let sink = request.sink.clone();
    let Some(replay) = state.journal.request_replay(request, now).await? else {
        return Err(request::nothing_yet(&sink));
    };
    terminal::error(&format!(
        "replay {} of {sink}: {} entries to look through",
        replay.id, replay.entries
    ));
    if options.detach {
        terminal::say(&format!(
            "replay {} is in line: `cardata run` carries it out, `cardata replay --list` shows how far it is",
            replay.id
        ));
        return Ok(());
    }
    follow(pipeline, &state, &[replay.id]).await
}

async fn cancel(state: &OpenState, overview: &Overview, id: i64) -> CommandResult {
    if state.journal.cancel_replay(id, redelivery::now(state)?).await? {
        terminal::say(&format!(
            "replay {id} is cancelled; what it has delivered stays in the sink"
        ));
        let cancelled = overview.replay(id)?;
        if cancelled.is_some_and(|replay| replay.erased_at.is_some() && replay.position < replay.last_seq) {
            terminal::error("it had removed what the sink held: another replay brings that back");
        }
        return Ok(());
    }
    let reason = match overview.replay(id)? {
        Some(_) => format!("replay {id} has ended already"),
        None => format!("there is no replay {id}: `cardata replay --list` shows them"),
    };
    Err(Failure::new(4, reason))
}

/// Shows how these replays come along, and what came of them.
async fn follow(pipeline: Pipeline, state: &OpenState, ids: &[i64]) -> CommandResult {
    let read = |overview: &Overview| -> Result<Vec<Replay>, JournalError> {
        let found = ids.iter().filter_map(|id| overview.replay(*id).transpose());
        found.collect()
    };
    let ended = redelivery::follow(pipeline, state, |overview| Ok(progress(&read(overview)?))).await?;
    for replay in read(&state.journal.overview()?)? {
        terminal::say(&outcome(&replay));
    }
    if ended == Ended::Left {
        terminal::error(
            "what is left stays in line: it goes on when `cardata run` is started, or now with `cardata replay \
             --resume`",
        );
    }
    Ok(())
}

fn progress(replays: &[Replay]) -> Progress {
    let sum = |of: fn(&Replay) -> u64| replays.iter().map(of).sum::<u64>();
    let (done, of) = (sum(|replay| replay.done), sum(|replay| replay.entries));
    Progress {
        done,
        of,
        finished: replays.iter().all(|replay| replay.finished_at.is_some()),
        text: format!(
            "{done} of {of} entries, {} readings delivered",
            sum(|replay| replay.readings)
        ),
        problem: replays
            .iter()
            .find_map(|replay| Some(format!("{}: {}", replay.request.sink, replay.problem.as_ref()?))),
    }
}

fn outcome(replay: &Replay) -> String {
    let mut text = format!(
        "replay {} of {}: {}, {} readings delivered",
        replay.id,
        replay.request.sink,
        state(replay),
        replay.readings
    );
    if replay.rejected > 0 {
        text += &format!(
            ", {} refused: `cardata dead-letters list --sink {}` shows them",
            replay.rejected, replay.request.sink
        );
    }
    if replay.done == replay.entries && replay.readings + replay.rejected == 0 {
        text += "; nothing in the journal that the sink selects lies in this range";
    }
    text
}

fn state(replay: &Replay) -> String {
    let percent = redelivery::percent(replay.done, replay.entries);
    match (replay.finished_at, &replay.problem) {
        (Some(_), _) if replay.cancelled => format!("cancelled at {percent}%"),
        (Some(_), _) => "done".to_owned(),
        (None, Some(_)) => format!("failing at {percent}%"),
        (None, None) if replay.done == 0 && replay.erased_at.is_none() => "waiting".to_owned(),
        (None, None) => format!("at {percent}%"),
    }
}

fn document(replay: &Replay) -> Value {
    let request = &replay.request;
    json!({
        "id": replay.id,
        "sink": request.sink,
        "asked_at": replay.created_at,
        "since": request.since,
        "until": request.until,
        "rewrite": request.rewrite,
        "erased_at": replay.erased_at,
        "snapshots": replay.entries,
        "snapshots_done": replay.done,
        "readings": replay.readings,
        "refused": replay.rejected,
        "finished_at": replay.finished_at,
        "cancelled": replay.cancelled,
        "state": state(replay),
        "problem": replay.problem.as_ref().filter(|_| replay.finished_at.is_none()),
    })
}

fn list(overview: &Overview, json: bool) -> CommandResult {
    let replays = overview.replays()?;
    if json {
        let replays: Value = replays.iter().map(document).collect();
        return terminal::answer(1, &json!({ "replays": replays }));
    }
    if replays.is_empty() {
        terminal::say("no replay was ever asked for");
        return Ok(());
    }
    let header = "id | sink | asked for | since | until | held before | readings | refused | state";
    let shown = |at: Option<jiff::Timestamp>| or(at.map(|at| format!("{at:.0}")), "-");
    let rows = replays.iter().map(|replay| {
        vec![
            replay.id.to_string(),
            replay.request.sink.clone(),
            shown(Some(replay.created_at)),
            shown(replay.request.since),
            shown(replay.request.until),
            replacing::held_before(replay).to_owned(),
            replay.readings.to_string(),
            replay.rejected.to_string(),
            state(replay),
        ]
    });
    let problems = replays.iter().filter_map(|replay| {
        let problem = replay.problem.as_ref().filter(|_| replay.finished_at.is_none())?;
        Some(format!("{}: {problem}", replay.id))
    });
    terminal::say(&(table(header, rows) + &notes(problems)));
    Ok(())
}
