//! `cardata dead-letters`: what did not reach a sink, and what is to become of it.

mod report;
mod retry;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use journal::JournalError;
use journal::log::dead_letters::DeadLetter;
use journal::log::overview::Overview;
use pipeline::Pipeline;
use serde_json::json;

use crate::args::PipelineArgs;
use crate::replay::request::sink_of;
use crate::{CommandResult, Failure, context, redelivery, terminal};

/// What stands for the sink of a reading that fitted no type.
const NO_SINK: &str = "(every sink)";

#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// One line for each reading that did not reach a sink.
    List(ListArgs),
    /// Everything about one, with what BMW sent.
    Show(ShowArgs),
    /// Deliver them again, when what was wrong is mended.
    Retry(ChoiceArgs),
    /// Give them up: they will not reach their sinks. The journal keeps what BMW sent.
    Drop(DropArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Those of one sink.
    #[arg(long, value_name = "NAME")]
    pub sink: Option<String>,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    pub id: i64,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ChoiceArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// These, by the numbers that `list` shows.
    #[arg(value_name = "ID")]
    pub ids: Vec<i64>,
    /// Those of one sink.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["ids", "all"])]
    pub sink: Option<String>,
    /// All of them.
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct DropArgs {
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

pub async fn run(command: DeadLettersCommand) -> CommandResult {
    match command {
        DeadLettersCommand::List(options) => list(&options),
        DeadLettersCommand::Show(options) => show(&options),
        DeadLettersCommand::Retry(options) => retry::run(options).await,
        DeadLettersCommand::Drop(options) => drop_dead_letters(options).await,
    }
}

fn list(options: &ListArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let mut found = overview(&pipeline)?.dead_letters()?;
    if let Some(sink) = &options.sink {
        found.retain(|letter| letter.sink == *sink);
        if found.is_empty() {
            sink_of(&pipeline, sink)?;
        }
    }
    let names = context::names(&pipeline)?;
    if options.json {
        return terminal::answer(1, &report::json(&found, &names));
    }
    terminal::say(&report::table(&found, &names));
    Ok(())
}

fn show(options: &ShowArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let unknown = || unknown(options.id);
    let overview = overview(&pipeline)?;
    let letter = overview.dead_letter(options.id)?.ok_or_else(unknown)?;
    let sent = match overview.sent(&letter) {
        Ok(Some(sent)) => Ok(sent),
        Ok(None) => Err(report::GONE),
        Err(JournalError::DamagedEntry(_)) => Err(report::DAMAGED),
        Err(error) => return Err(error.into()),
    };
    let sent = sent.as_ref().map_err(|why| *why);
    let names = context::names(&pipeline)?;
    if options.json {
        return terminal::answer(1, &report::whole_json(&letter, sent, &names));
    }
    terminal::say(&report::whole(&letter, sent, &names));
    Ok(())
}

fn overview(pipeline: &Pipeline) -> Result<Overview, Failure> {
    Overview::open(&pipeline.state)?.ok_or_else(|| Failure::no_journal(&pipeline.state))
}

fn unknown(id: i64) -> Failure {
    Failure::new(
        4,
        format!("there is no dead letter {id}: `cardata dead-letters list` shows them"),
    )
}

/// The letters that an owner chose; at least one.
fn chosen(
    all: Vec<DeadLetter>,
    choice: &ChoiceArgs,
    pipeline: &Pipeline,
) -> Result<Vec<DeadLetter>, Failure> {
    if choice.ids.is_empty() && choice.sink.is_none() && !choice.all {
        return Err(Failure::new(
            2,
            "say which: their numbers, --sink NAME, or --all (`cardata dead-letters list` shows them)",
        ));
    }
    let is_chosen = |letter: &DeadLetter| match &choice.sink {
        Some(sink) => letter.sink == *sink,
        None => choice.all || choice.ids.contains(&letter.id),
    };
    let found: Vec<DeadLetter> = all.into_iter().filter(is_chosen).collect();
    let is_missing = |id: &&i64| !found.iter().any(|letter| letter.id == **id);
    if let Some(id) = choice.ids.iter().find(is_missing) {
        return Err(unknown(*id));
    }
    if found.is_empty() {
        if let Some(sink) = &choice.sink {
            sink_of(pipeline, sink)?;
        }
        return Err(Failure::new(4, "there are no such dead letters"));
    }
    Ok(found)
}

async fn drop_dead_letters(options: DropArgs) -> CommandResult {
    let pipeline = context::load(&options.choice.pipeline)?;
    let journal = redelivery::open(&pipeline)?.journal;
    let all = journal.overview()?.dead_letters()?;
    let letters = chosen(all, &options.choice, &pipeline)?;
    let what = summary(&letters);
    if !options.yes {
        let question = format!("{what}\nDrop them? They will not reach their sinks.");
        let hindrance = match terminal::confirm(&question) {
            Some(true) => None,
            Some(false) => Some("nothing was dropped".to_owned()),
            None => Some(format!(
                "{what}\nnothing was dropped: nobody can be asked here, so say --yes"
            )),
        };
        if let Some(hindrance) = hindrance {
            return Err(Failure::new(4, hindrance));
        }
    }
    let ids: Vec<_> = letters.iter().map(|letter| letter.id).collect();
    journal.drop_dead_letters(ids.clone()).await?;
    if options.choice.json {
        return terminal::answer(1, &json!({ "dropped": ids }));
    }
    terminal::say(&format!(
        "dropped:\n{what}\nThe journal keeps what BMW sent; a replay delivers it again."
    ));
    Ok(())
}

/// How many of which descriptor for which sink.
fn summary(letters: &[DeadLetter]) -> String {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for letter in letters {
        let key = (report::sink(letter).to_owned(), report::subject(letter));
        *counts.entry(key).or_default() += 1;
    }
    let lines = counts
        .into_iter()
        .map(|((sink, subject), count)| format!("  {sink}: {count} of {subject}"));
    lines.collect::<Vec<_>>().join("\n")
}
