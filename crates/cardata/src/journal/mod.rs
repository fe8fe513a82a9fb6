//! `cardata journal`: care of the history.

pub mod args;
mod compact;
mod export;
mod import;
mod stats;
mod strays;
mod verify;

use std::path::PathBuf;

use collector_core::Names;
use indicatif::{ProgressBar, ProgressStyle};
use journal::JournalError;
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
