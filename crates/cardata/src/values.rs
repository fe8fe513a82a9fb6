//! `cardata values`: what the cars say now, once or as it changes, beside the process that may run the pipeline.

use std::time::Duration;

use clap::Args;
use collector::state::StateDirectory;
use collector_core::Vin;
use pipeline::Pipeline;
use runtime::{Clock, SystemClock};
use serde_json::json;
use status::values::changes::changes;
use status::values::json::json;
use status::values::text::{Form, text};
use status::values::{Look, Values};
use status::vehicle;

use crate::args::PipelineArgs;
use crate::{CommandResult, Failure, context, signals, terminal};

/// How often somebody who watches is shown something new.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Lines of a car that are none of a value: its name, its quantities, those between, and what is said below.
const BESIDE_VALUES: usize = 8;
/// Of the answer for programs.
const VERSION: u32 = 1;

#[derive(Debug, Args)]
pub struct ValuesArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Only this one: its name as `cardata status` shows it, its VIN, or the end of its VIN.
    #[arg(long, value_name = "NAME")]
    pub vehicle: Option<String>,
    /// Show every change until Ctrl-C: on a terminal what was measured last, as much as it has room for, else a line for each.
    #[arg(long)]
    pub watch: bool,
    /// Also values that have ended, with since when there is none.
    #[arg(long)]
    pub all: bool,
    /// Whole texts, with source and BMW's identifiers; wider than 80 columns.
    #[arg(long)]
    pub long: bool,
    /// For programs, in canonical units; with --watch one object for each change.
    #[arg(long)]
    pub json: bool,
}

pub async fn run(options: ValuesArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let mut shown = Shown {
        look: None,
        values: Values::default(),
        pipeline: &pipeline,
        options: &options,
    };
    shown.renew()?;
    match (options.watch, options.json) {
        (true, false) if terminal::redraws() => shown.redraw().await,
        (true, _) => shown.follow().await,
        (false, true) => terminal::answer(VERSION, &shown.document()?),
        (false, false) => {
            terminal::say(&shown.page()?);
            Ok(())
        }
    }
}

/// What is shown, and where it comes from.
struct Shown<'a> {
    /// `None` as long as there is no journal.
    look: Option<Look>,
    values: Values,
    pipeline: &'a Pipeline,
    options: &'a ValuesArgs,
}

impl Shown<'_> {
    /// Takes what was written since. Whether anything was.
    fn renew(&mut self) -> Result<bool, Failure> {
        if self.look.is_none() {
            self.look = Look::open(self.pipeline, &self.pipeline.state)?;
        }
        let Some(look) = &mut self.look else {
            return match &self.options.vehicle {
                Some(name) => Err(unknown(name, &[], &context::names(self.pipeline)?)),
                None => Ok(false),
            };
        };
        let Some(mut values) = look.values()? else {
            return Ok(false);
        };
        if let Some(name) = &self.options.vehicle {
            let known: Vec<_> = values.cars.iter().map(|car| car.vehicle.vin.clone()).collect();
            let meant = vehicle::meant(name, &known, look.names()).map_err(|why| Failure::new(2, why))?;
            let Some(meant) = meant else {
                return Err(unknown(name, &known, look.names()));
            };
            values.cars.retain(|car| car.vehicle.vin == *meant);
        }
        self.values = values;
        Ok(true)
    }

    fn now(&self) -> jiff::Timestamp {
        self.values.now(SystemClock.now())
    }

    /// Who runs the pipeline.
    fn running(&self) -> Result<Option<String>, Failure> {
        Ok(StateDirectory::at(&self.pipeline.state).running()?)
    }

    /// By how much this may be behind what came, in seconds.
    fn behind(&self) -> f64 {
        self.pipeline.journal.window.as_secs_f64()
    }

    fn page(&self) -> Result<String, Failure> {
        let state = match self.running()? {
            Some(holder) => format!("running ({holder}); what came is here within {} s", self.behind()),
            None => "not running: the last values that came".to_owned(),
        };
        let form = Form {
            units: self.pipeline.units,
            all: self.options.all,
            long: self.options.long,
            most: self.share(),
        };
        Ok(format!("{state}\n\n{}", text(&self.values, self.now(), form)))
    }

    /// How many values of a car a screen has room for that shows all cars anew.
    fn share(&self) -> Option<usize> {
        let height = (self.options.watch && terminal::redraws()).then(terminal::height)?;
        let share = height / self.values.cars.len().max(1);
        Some(share.saturating_sub(BESIDE_VALUES).max(1))
    }

    fn document(&self) -> Result<serde_json::Value, Failure> {
        let mut document = json(&self.values, self.now());
        document["running"] = json!(self.running()?);
        document["behind_seconds"] = json!(self.behind());
        Ok(document)
    }

    /// Shows the whole on a terminal, anew when something of it has changed.
    async fn redraw(&mut self) -> CommandResult {
        let mut end = Box::pin(end());
        let mut drawn = String::new();
        loop {
            let page = self.page()?;
            if page != drawn {
                terminal::redraw(&page);
                drawn = page;
            }
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                () = &mut end => return Ok(()),
            }
            self.renew()?;
        }
    }

    /// Writes a line for each change, beginning with how things are.
    async fn follow(&mut self) -> CommandResult {
        let mut end = Box::pin(end());
        let mut told = Values::default();
        if self.values.cars.is_empty() {
            terminal::note(&text(&self.values, self.now(), Form::default()));
        }
        loop {
            for change in changes(&told, &self.values) {
                match self.options.json {
                    true => terminal::answer_line(VERSION, &change.json(self.now()))?,
                    false => terminal::say(&change.text(self.pipeline.units)),
                }
            }
            terminal::all_said()?;
            told = self.values.clone();
            loop {
                tokio::select! {
                    () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                    () = &mut end => return Ok(()),
                }
                if self.renew()? {
                    break;
                }
            }
        }
    }
}

/// Nobody wants to see more: a signal came, or who read has gone away.
async fn end() {
    tokio::select! {
        () = signals::signal() => {}
        () = terminal::unread() => {}
    }
}

fn unknown(name: &str, known: &[Vin], names: &collector_core::Names) -> Failure {
    Failure::new(2, vehicle::unknown(name, known, names))
}
