//! The command line's words, as clap reads them and `--help` shows them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::completions::Shell;
use crate::dead_letters::DeadLettersCommand;
use crate::init::args::InitArgs;
use crate::journal::args::{BackupArgs, JournalCommand, RestoreArgs};
use crate::man::ManArgs;
use crate::replay::ReplayArgs;
use crate::values::ValuesArgs;
use crate::why::WhyArgs;

/// Keeps the whole history of your BMW, MINI, Supra or Rolls-Royce: logs in to BMW CarData, polls within the
/// 50 calls a day, and delivers every reading to the stores you use.
#[derive(Debug, Parser)]
#[command(name = "cardata", version, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,

    /// How log lines look; they go to standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, help_heading = EVERYWHERE)]
    pub log_format: LogFormat,

    /// Tell more: -v for each step, -vv for everything, -vvv for what libraries say too. Never a secret.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = EVERYWHERE)]
    pub verbose: u8,
}

/// What stands above the options that every command takes.
const EVERYWHERE: &str = "Options of every command";

const EXAMPLES: &str = "\
First steps:
  cardata init      makes the pipeline file, asking little
  cardata login     once: shows a link and a code to approve
  cardata run       listens, polls and delivers until it is stopped
  cardata values    what the cars say now
  cardata status    how it is doing, also while it runs
  cardata doctor    why there is no data, and what to do
  cardata check     finds every mistake in the pipeline file

Exit codes: 0 done, 2 the configuration has to change, 3 a login is needed,
            4 a check failed, 5 the state directory is in use, 70 a bug,
            130 stopped at once by a second signal";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Whether these arguments say `--log-format json`, also where they cannot be read otherwise.
pub fn ask_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let mut before = OsString::new();
    for argument in arguments {
        if argument == "--log-format=json" || before == "--log-format" && argument == "json" {
            return true;
        }
        before = argument;
    }
    false
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a pipeline file: asks what to collect and where to store it, checks it, logs in, starts. Without a
    /// terminal, and with --yes, it asks nothing. A file that is there stays. Ctrl-C ends it with 130.
    Init(InitArgs),
    /// Poll and deliver until stopped (Ctrl-C or SIGTERM; a second one ends at once).
    Run(PipelineArgs),
    /// Log in to BMW: shows a link and a code, waits for the approval, stores the tokens. Takes over the login of
    /// another client with --import.
    Login(LoginArgs),
    /// Find every mistake in a pipeline file; changes nothing, and touches no network without --connect.
    Check(CheckArgs),
    /// Accounts, calls left, vehicles and sinks; works while `run` runs.
    Status(StatusArgs),
    /// Why there is no data: looks at everything that goes wrong, in that order, and says what to do. Spends two calls at most.
    Doctor(DoctorArgs),
    /// What the cars say now: charge, mileage and all else, with age and origin; works while `run` runs.
    Values(ValuesArgs),
    /// Why a charging session, a trip or another record is what it is: the rule and the readings behind each value. Shows
    /// positions.
    Why(WhyArgs),
    /// Send a test to everybody who is told when a person must act.
    Notify(NotifyArgs),
    /// The vehicles of each account. Spends a call only when they are not known yet.
    Vehicles(VehiclesArgs),
    /// The containers of each account, and what to do about them. The list spends a call for each account.
    Containers(ContainersArgs),
    /// Give a sink its history again from the journal, while `run` runs or not.
    Replay(ReplayArgs),
    /// Readings that a sink refused or that fitted no type: show them, try them again, drop them.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Remove a vehicle that was sold, and all that is known of it, from the state directory. Not while `run` runs.
    Forget(ForgetArgs),
    /// Care of the history: sums, checks, export and import.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Write one file with the journal and the logins. Works while `run` runs.
    Backup(BackupArgs),
    /// Put a backup into the state directory. Not while `run` runs.
    Restore(RestoreArgs),
    /// The sources and sinks, or the options and a sample of one: `cardata plugins csv`.
    Plugins(PluginsArgs),
    /// The JSON Schema of pipeline files, for editors.
    Schema,
    /// A script with which a shell completes this command line: `cardata completions bash`.
    Completions { shell: Shell },
    /// Write the pages of the manual: one for cardata and one for each command.
    Man(ManArgs),
    /// A simulated BMW with a car that drives and charges.
    #[cfg(feature = "simulator")]
    Sim(SimArgs),
}

#[derive(Debug, Clone, Args)]
pub struct PipelineArgs {
    /// The pipeline file. Without it: $CARDATA_CONFIG, ./pipeline.yaml, ~/.config/cardata/pipeline.yaml,
    /// /etc/cardata/pipeline.yaml, the first that is there.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct LoginArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Which account, where the file names several.
    #[arg(long)]
    pub account: Option<String>,
    /// Take over the login of another client from its token file: a bare refresh token, or JSON with
    /// `refresh_token`. `-` reads standard input. The other client loses it.
    #[arg(long, value_name = "FILE")]
    pub import: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct NotifyArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Send one test message to each channel of `notify:` and say what was answered.
    #[arg(long, required = true)]
    pub test: bool,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Also try the state directory, the login, the addresses of API and stream, and every sink. Writes nothing, spends no
    /// call, and does not log in to the stream, which would take it from a program that runs.
    #[arg(long)]
    pub connect: bool,
    /// Print what the file means, secrets hidden.
    #[arg(long)]
    pub show: bool,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long, conflicts_with = "show")]
    pub json: bool,
}

/// Of a command that answers, and takes nothing else.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
    /// One line for a container's health check: exit code 0 where a process runs this pipeline and can write its
    /// journal, else 4. What is tried again by itself or needs a person, such as a store that is away or a login that
    /// ended, is not unhealthy: starting again would not mend it. Spends no call.
    #[arg(long, conflicts_with = "json")]
    pub healthcheck: bool,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
    /// Ask BMW nothing that counts.
    #[arg(long)]
    pub no_calls: bool,
}

#[derive(Debug, Args)]
pub struct VehiclesArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Ask BMW again: one call for the account and one for each vehicle.
    #[arg(long)]
    pub refresh: bool,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ForgetArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Its name, as `cardata status` shows it, or its VIN.
    #[arg(long, value_name = "NAME")]
    pub vehicle: String,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ContainersArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub action: Option<ContainersAction>,
}

#[derive(Debug, Subcommand)]
pub enum ContainersAction {
    /// Create what sources miss and delete what cardata created and no source uses. Spends a call for each account
    /// and one for each container that is created or deleted.
    Sync {
        /// Say what would happen. Spends a call for each account and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Delete one container that cardata made. Spends two calls.
    Delete {
        /// As `cardata containers` shows it.
        id: String,
        /// Delete it also when another program made it, which may need it.
        #[arg(long)]
        foreign: bool,
    },
}

#[derive(Debug, Args)]
pub struct PluginsArgs {
    /// A source or sink type.
    pub name: Option<String>,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

#[cfg(feature = "simulator")]
#[derive(Debug, Args)]
pub struct SimArgs {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8910)]
    pub port: u16,
    /// The port of the stream on 127.0.0.1; 0 takes a free one. By default the one behind `--port`.
    #[arg(long)]
    pub stream_port: Option<u16>,
    /// How many times as fast as the world its time runs.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// Another car's life.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A car of this kind; once for each: i4, i5, neue_klasse, phev, british, british_bare, old_idrive or
    /// undecided. Cars with the same
    /// number behind a colon live the same life: `--vehicle i4:1 --vehicle british:1`.
    #[arg(long = "vehicle", value_name = "KIND[:LIFE]", default_value = "i4")]
    pub vehicles: Vec<SimulatedVehicle>,
}

/// A car of `cardata sim`.
#[cfg(feature = "simulator")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulatedVehicle {
    pub kind: cardata_sim::CarKind,
    pub life: Option<u64>,
}

#[cfg(feature = "simulator")]
impl std::str::FromStr for SimulatedVehicle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, life) = match text.split_once(':') {
            Some((name, life)) => (name, Some(life)),
            None => (text, None),
        };
        let kind = cardata_sim::CarKind::named(name).ok_or_else(|| {
            let names = cardata_sim::CarKind::ALL.map(cardata_sim::CarKind::name);
            format!(
                "there is no kind of car `{name}`: take one of {}",
                names.join(", ")
            )
        })?;
        let number = |life: &str| {
            let wrong = |_| format!("the life `{life}` is no number: write `{name}:1`");
            life.parse().map_err(wrong)
        };
        let life = life.map(number).transpose()?;
        Ok(Self { kind, life })
    }
}
