//! The command line of `cardata journal`, `backup` and `restore`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use collector_core::Vin;
use jiff::Timestamp;

use crate::args::{AnswerArgs, PipelineArgs};

#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// What is in the journal and what it takes.
    Stats(AnswerArgs),
    /// Messages and answers to polls that cannot be read: when, how often, why. Works while `run` runs.
    Strays(StraysArgs),
    /// Check every entry; tells each damage with its place and what to do. Works while `run` runs.
    Verify(AnswerArgs),
    /// Give the space of forgotten entries back. Not while `run` runs.
    Compact(AnswerArgs),
    /// Write the history as lines of JSON, for another machine. Works while `run` runs.
    Export(ExportArgs),
    /// Take in the lines that `export` wrote; what is here already is left out. Not while `run` runs.
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub struct StraysArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Write the payload of one message to standard output, byte by byte as it came. It may say where a car is.
    #[arg(long, value_name = "ID", conflicts_with = "json")]
    pub show: Option<i64>,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Where to; standard output without it. An export that is there already is replaced when all is written.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only what was received at this time or later: 2026-03-01, 2026-03-01T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<Timestamp>,
    /// Only what was received before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
    /// Only this vehicle.
    #[arg(long, value_name = "VIN")]
    pub vehicle: Option<Vin>,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long, requires = "output")]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// What `cardata journal export` wrote; standard input where it is `-`.
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// The file to write. Whoever can read it can log in to the account.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace a backup that is there.
    #[arg(long)]
    pub force: bool,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// What `cardata backup` wrote.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Move the state that is there aside and take the backup's place.
    #[arg(long)]
    pub force: bool,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

/// A time of RFC 3339, or a date, which is its midnight in UTC.
fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC);
        return midnight
            .map(|at| at.timestamp())
            .map_err(|error| error.to_string());
    }
    text.parse::<Timestamp>()
        .map_err(|_| "give a date like 2026-03-01, or a time like 2026-03-01T12:00:00Z".to_owned())
}
