//! `cardata journal`: care of the history.

pub mod args;
mod compact;
mod export;
mod import;
mod stats;
mod strays;
mod verify;

use std::path::{Path, PathBuf};

use collector_core::Names;
use indicatif::{ProgressBar, ProgressStyle};
use journal::JournalError;
use journal::log::overview::Overview;
use journal::log::scan::Damage;
use serde_json::{Value, json};
use store::{Store, StoreError};

use crate::args::PipelineArgs;
use crate::{CommandResult, Failure, context};
use args::JournalCommand;

pub async fn run(command: JournalCommand) -> CommandResult {
    match command {
        JournalCommand::Stats(options) => stats::run(&options),
        JournalCommand::Strays(options) => strays::run(&options),
        JournalCommand::Verify(options) => verify::run(&options),
        JournalCommand::Compact(options) => compact::run(&options),
        JournalCommand::Export(options) => export::run(&options),
        JournalCommand::Import(options) => import::run(&options).await,
    }
}

/// The state directory of a pipeline that has a journal.
pub fn state(options: &PipelineArgs) -> Result<PathBuf, Failure> {
    let pipeline = context::load(options)?;
    if !Store::exists(&pipeline.state)? {
        return Err(Failure::no_journal(&pipeline.state));
    }
    Ok(pipeline.state)
}

/// A look at the journal in this directory.
fn overview(state: &Path) -> Result<Overview, Failure> {
    let overview = Overview::open(state).map_err(failure)?;
    overview.ok_or_else(|| Failure::no_journal(state))
}

/// How many entries there are, for whoever shows how far something has got; 0 where that cannot be told.
fn entries(state: &Path) -> u64 {
    let log = overview(state).and_then(|overview| overview.log().map_err(failure));
    log.map_or(0, |log| log.entries)
}

/// What vehicles are called, as far as the database tells it.
fn names(options: &PipelineArgs) -> Names {
    let names = context::load(options).and_then(|pipeline| context::names(&pipeline));
    names.unwrap_or_default()
}

/// Here, damage is what a check finds.
pub fn failure(error: JournalError) -> Failure {
    let is_damage = matches!(
        error,
        JournalError::Store(StoreError::Damaged(_) | StoreError::Corrupt { .. })
    );
    Failure::of(if is_damage { 4 } else { 2 }, &error)
}

/// A bar for so many of something; invisible where standard error is no terminal.
fn bar(message: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {percent}% ({eta})") {
        bar.set_style(style);
    }
    bar.set_message(message);
    bar
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// Damages for programs.
pub fn damages(damages: &[Damage]) -> Value {
    let damages = damages.iter().map(|damage| {
        json!({
            "first_entry": damage.first,
            "last_entry": damage.last,
            "reason": damage.reason,
            "vehicle": damage.vehicle.as_ref().map(|vehicle| &*vehicle.name),
            "received_at": damage.received_at,
        })
    });
    damages.collect()
}

/// One thing or several.
pub fn count(number: u64, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}
