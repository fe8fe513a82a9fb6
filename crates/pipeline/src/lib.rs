//! The pipeline file: whose data is asked for, how often, and where it goes.
//!
//! Only this crate knows YAML. The way of a file:
//!
//! ```text
//! text ─yaml─► tree with places ─interpolate─► tree ─┬─ the engine's sections and keys
//!                                                    └─ each plugin reads its own table
//!         every mistake ─► problems ─► report: file, line, column, caret, advice
//! ```
//!
//! Nothing is touched but `${file:…}` and `${credential:…}`: no network, no folder is made. All mistakes are found in
//! one run, and no value that came from outside of the file is in any of them.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod accounts;
mod dashboard;
mod exclusives;
mod interpolate;
mod logins;
mod names;
mod notify;
mod options;
mod outside;
mod places;
mod plan;
mod plugin_table;
mod positions;
mod prices;
mod problems;
mod quantity;
mod remarks;
mod report;
mod schema;
mod secrets;
mod section;
mod selection;
mod show;
mod simulated;
mod sinks;
mod sources;
mod streams;
mod syntax;
mod tariffs;
pub mod testing;
mod timezone;
mod tokens;
mod types;
mod vehicles;
mod yaml;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use collector_core::table::{Kind, Node, Span, suggest};
use collector_core::{UnitSystem, ValueType};
use facts::Rules;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

pub use accounts::{Account, NO_CLIENT_ID};
pub use dashboard::{DashboardAuth, DashboardOptions};
pub use interpolate::{Environment, ProcessEnvironment};
pub use notify::{Channel, Form};
pub use options::{ClockOptions, JournalOptions, Keep, SimulatorOptions};
pub use report::{Mistake, Report};
pub use schema::schema;
pub use selection::descriptor_doubt;
pub use show::show;
pub use simulated::{SimulatedKind, SimulatedVehicle};
pub use sinks::SinkSpec;
pub use sources::SourceSpec;
pub use streams::AccountStream;
pub use vehicles::{VehicleSpec, Vehicles};

use dashboard::DashboardTable;
use interpolate::Interpolator;
use options::SimulatorTable;
use outside::Outside;
use problems::Problems;
use timezone::Zone;
use tokens::TokensTable;
use types::Types;

/// A pipeline file that was read and found right.
#[derive(Debug)]
pub struct Pipeline {
    /// The file.
    pub path: PathBuf,
    /// Its folder, absolute. Relative paths in the file begin here.
    pub base_dir: PathBuf,
    /// Where tokens, journal and ledger are; absolute.
    pub state: PathBuf,
    /// At least one.
    pub accounts: Vec<Account>,
    pub vehicles: Vehicles,
    /// At least one.
    pub sources: Vec<SourceSpec>,
    /// At least one.
    pub sinks: Vec<SinkSpec>,
    /// What records are derived by: places, tariffs, the time zone, what is known of batteries.
    pub rules: Rules,
    /// Who is told when a person must act.
    pub notify: Vec<Channel>,
    /// Where the page is served; nowhere without it.
    pub dashboard: Option<DashboardOptions>,
    pub journal: JournalOptions,
    pub clock: ClockOptions,
    /// Where the owner lives; the system's where the file does not say.
    pub timezone: TimeZone,
    /// In which units people read.
    pub units: UnitSystem,
    /// What descriptors are that no catalogue has, where the owner knows.
    pub types: Arc<BTreeMap<String, ValueType>>,
    /// With it, the backend of every account is the built-in one.
    pub simulator: Option<SimulatorOptions>,
    /// What [`show`] prints.
    shown: String,
}

impl Pipeline {
    /// What its owner should know though nothing in it is wrong, one sentence each: of accounts, of who is told, of
    /// proxies, and of tariffs that never count. Sinks speak for themselves.
    pub fn remarks(&self) -> Vec<String> {
        let remarks = remarks::of(&self.accounts, &self.notify, |name| std::env::var(name).ok());
        remarks
            .into_iter()
            .chain(tariffs::remarks(&self.rules.tariffs))
            .collect()
    }
}

/// The pipeline file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error("cannot read the pipeline file {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The text of all mistakes, drawn.
    #[error("{0}")]
    Mistakes(Report),
}

impl ConfigError {
    /// Every mistake in the order of the file; none where it could not be read at all.
    pub fn mistakes(&self) -> &[Mistake] {
        match self {
            Self::Read { .. } => &[],
            Self::Mistakes(report) => report.mistakes(),
        }
    }

    /// What a person reads: as `Display`, with the cause and what to do about it; `width` is that of a terminal, in
    /// columns.
    pub fn render(&self, colours: bool, width: Option<usize>) -> String {
        match self {
            Self::Read { source, .. } => format!("{self}: {source}; {}", advice(source)),
            Self::Mistakes(report) => report.render(colours, width),
        }
    }
}

/// What to do about a file that cannot be read.
fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => {
            "name an existing file with `--config`, or make this one with `cardata init` and the same `--config`"
        }
        ErrorKind::IsADirectory => "name the file in it, such as pipeline.yaml",
        ErrorKind::PermissionDenied => {
            "run it as the user that runs cardata (`sudo -u cardata cardata …`), or let this user read it"
        }
        _ => "name another file with `--config`",
    }
}

/// Reads a pipeline file, with the environment of this process.
///
/// # Errors
///
/// The file cannot be read, or has mistakes.
pub fn load(path: &Path) -> Result<Pipeline, ConfigError> {
    let failed = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let absolute = std::path::absolute(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(yaml::MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let name = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&name, &error))?;
    let base_dir = absolute.parent().unwrap_or(&absolute);
    let mut pipeline = parse(&name, &text, base_dir, &ProcessEnvironment)?;
    pipeline.path = absolute;
    Ok(pipeline)
}

/// Reads the text of a pipeline file that is called `name` and whose relative paths begin in `base_dir`. Pure, but
/// for `${file:…}` and `${credential:…}`.
///
/// # Errors
///
/// Every mistake of the file.
pub fn parse(
    name: &str,
    text: &str,
    base_dir: &Path,
    environment: &dyn Environment,
) -> Result<Pipeline, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut problems = Problems::default();
    let mut outside = Outside::default();
    let mut masks = Vec::new();
    let pipeline = match tree(text, &mut problems, &mut masks) {
        Some(raw) => {
            masks.extend(secrets::find(&raw, schema::inlined()));
            let mut root = raw.clone();
            let mut missing = Problems::default();
            let mut interpolator = Interpolator {
                text,
                base_dir,
                environment,
                problems: &mut missing,
                outside: &mut outside,
            };
            interpolator.visit(&mut root);
            let pipeline = read(name, base_dir, &root, &mut problems).map(|mut pipeline| {
                pipeline.shown = show::text(&sections(&root, &pipeline), &raw, &masks);
                pipeline
            });
            problems.drop_consequences(|span| outside.has_failed(span));
            problems.append(missing);
            pipeline
        }
        None => {
            masks.extend(secrets::find_in_text(text));
            None
        }
    };
    match pipeline {
        Some(pipeline) if problems.is_empty() => Ok(pipeline),
        _ => Err(ConfigError::Mistakes(Report::new(
            name, text, problems, &outside, &masks,
        ))),
    }
}

/// The tree of a text that can be a pipeline file at all.
fn tree(text: &str, problems: &mut Problems, masks: &mut Vec<Span>) -> Option<Node> {
    if text.len() > yaml::MAX_BYTES {
        let message = "a pipeline file has at most 1 MiB";
        return problems.refuse(&(0..0), message, "is this the right file?");
    }
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}');
    if let Some((at, c)) = text.char_indices().find(|(_, c)| control(*c)) {
        let message = "a control character cannot stand in YAML";
        let help = "remove it; in double quotes it can be written `\\x1b`";
        return problems.refuse(&(at..at + c.len_utf8()), message, help);
    }
    let root = yaml::parse(text, problems, masks)?;
    match &root.kind {
        Kind::Mapping(_) => Some(root),
        _ if root.is_null() => {
            let help =
                "begin with `accounts:`, `sources:` and `sinks:`, or remove the file and run `cardata init`";
            problems.refuse(&(0..0), "there is nothing in this file", help)
        }
        _ => {
            let message = "a pipeline file is a table: `accounts:`, `sources:`, `sinks:` …";
            problems.refuse(&root.span, message, "remove the file and run `cardata init`")
        }
    }
}

/// Reads every section, whatever is wrong with the others. Complete only if there are no problems.
fn read(name: &str, base_dir: &Path, root: &Node, problems: &mut Problems) -> Option<Pipeline> {
    check_keys(root, problems);
    let state = options::state(root, base_dir, problems);
    let passphrase = tokens::read(root, problems);
    let accounts = accounts::read(root, base_dir, passphrase.as_ref(), problems);
    let vehicles = vehicles::read(root, &accounts, problems);
    let sources = sources::read(root, &accounts, problems);
    let sinks = sinks::read(root, base_dir, problems);
    let places = places::read(root, problems);
    let tariffs = tariffs::read(root, &places, problems);
    let notify = notify::read(root, problems);
    let dashboard = dashboard::read(root, problems);
    let journal = options::journal(root, problems);
    let (clock, simulator) = options::time(root, &accounts, &sources, problems);
    let timezone = timezone::read(root, problems);
    let units = options::units(root, problems);
    let types = types::read(root, problems);
    streams::check(&accounts, &sources, problems);
    selection::check(&sources, &sinks, vehicles.as_ref(), problems);
    if let Some(vehicles) = &vehicles {
        plan::check(&accounts, &sources, vehicles, problems);
    }
    if !problems.is_empty() {
        return None;
    }
    let vehicles = vehicles?;
    let rules = Rules {
        timezone: timezone.clone(),
        places: places.into_values(),
        tariffs,
        vehicles: vehicles.rules(),
    };
    Some(Pipeline {
        path: PathBuf::from(name),
        base_dir: std::path::absolute(base_dir).unwrap_or_else(|_| base_dir.to_owned()),
        state,
        accounts: accounts.into_values(),
        vehicles,
        sources: sources.into_values(),
        sinks: sinks.into_values(),
        rules,
        notify,
        dashboard,
        journal,
        clock,
        timezone,
        units,
        types,
        simulator,
        shown: String::new(),
    })
}

/// What the file says, section by section, as the types say it that read it.
fn sections(root: &Node, pipeline: &Pipeline) -> Value {
    let named = |shown: &Map<String, Value>, name: &str| {
        let mut shown = shown.clone();
        shown.insert("name".to_owned(), name.into());
        Value::from(shown)
    };
    let sources = pipeline.sources.iter();
    let sinks = pipeline.sinks.iter();
    json!({
        "state": root.get("state").and_then(Node::as_text).unwrap_or(options::STATE),
        "accounts": accounts::shown(root),
        "tokens": show::typed::<TokensTable>(root.get("tokens")),
        "vehicles": vehicles::shown(root),
        "sources": sources.map(|source| named(&source.shown, &source.name)).collect::<Vec<_>>(),
        "sinks": sinks.map(|sink| named(&sink.shown, &sink.name)).collect::<Vec<_>>(),
        "places": places::shown(root),
        "tariffs": tariffs::shown(root),
        "notify": notify::shown(root),
        "dashboard": show::typed::<DashboardTable>(root.get("dashboard")),
        "journal": show::typed::<JournalOptions>(root.get("journal")),
        "clock": show::typed::<ClockOptions>(root.get("clock")),
        "timezone": show::typed::<Zone>(root.get("timezone")),
        "units": show::typed::<UnitSystem>(root.get("units")),
        "types": show::typed::<Types>(root.get("types")),
        "simulator": show::typed::<SimulatorTable>(root.get("simulator")),
    })
}

fn check_keys(root: &Node, problems: &mut Problems) {
    let entries = root.entries().unwrap_or_default().iter();
    for (key, _) in entries.filter(|(key, _)| !schema::KEYS.contains(&key.text.as_str())) {
        let message = format!("unknown key `{}`", key.text);
        let help = suggest(&key.text, &schema::KEYS);
        problems.add(&key.span, message).help(help);
    }
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> ConfigError {
    let text = String::from_utf8_lossy(error.as_bytes());
    let at = error.utf8_error().valid_up_to();
    let mut problems = Problems::default();
    let help = "save the file as UTF-8 in your editor";
    let message = "this is not text in UTF-8";
    problems.add(&(at..at + 1), message).help(help);
    let masks = secrets::find_in_text(&text);
    ConfigError::Mistakes(Report::new(name, &text, problems, &Outside::default(), &masks))
}
