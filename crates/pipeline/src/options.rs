//! The small sections of the pipeline file: `state`, `journal`, `units`, `clock`, `simulator`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use collector_core::scalar::{self, Wrong};
use collector_core::table::Node;
use collector_core::{UnitSystem, duration, written_as_text};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::accounts::Account;
use super::problems::Problems;
use super::section::{Section, absolute, written};
use super::simulated::SimulatedVehicle;
use super::sources::SourceSpec;
use super::streams;

pub(super) const STATE: &str = "./state";
const FASTEST: f64 = 100_000.0;
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// How long the journal keeps what every sink has received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// It is the history.
    #[default]
    Forever,
    For(Duration),
}

/// The durable log between sources and sinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "journal")]
pub struct JournalOptions {
    /// How long entries stay: `forever`, because the journal is the history that new sinks are filled from, or a
    /// duration such as `90d`. What a sink has not received yet always stays.
    #[serde(default)]
    pub keep: Keep,
    /// How long messages of a stream are gathered that follow one which was stored: the first is stored at once, the rest
    /// of a burst together, which spares the flash. A power cut costs what is not stored. `0s` stores each by itself; at
    /// most `1m`.
    #[serde(
        default = "one_second",
        serialize_with = "duration::any::serialize",
        deserialize_with = "window"
    )]
    #[schemars(schema_with = "duration::schema")]
    pub window: Duration,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            keep: Keep::default(),
            window: one_second(),
        }
    }
}

/// The collector's own time, for simulations.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "clock")]
pub struct ClockOptions {
    /// How many times as fast as real time schedules, quota days and token lifetimes run: at most 100000.
    #[serde(default = "real_time")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100_000))]
    pub speed: f64,
}

/// The built-in backend.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatorOptions {
    /// The same as the clock's.
    pub speed: f64,
    /// The same seed gives the same drives and charges.
    pub seed: u64,
    /// At least one.
    pub vehicles: Vec<SimulatedVehicle>,
}

/// A simulated BMW with electric cars, instead of the real one.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "simulator")]
pub(super) struct SimulatorTable {
    /// How many times as fast as real time the simulator and the collector run: at most 100000.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100_000))]
    speed: Option<f64>,
    /// The same seed gives the same drives and charges.
    #[serde(default = "first_seed")]
    seed: u64,
    /// The cars of the account.
    #[serde(default = "one_vehicle")]
    #[schemars(length(min = 1))]
    vehicles: Vec<SimulatedVehicle>,
}

written_as_text!(Keep, keep, keep_text, {
    "type": "string", "pattern": format!("^forever$|{}", duration::PATTERN)
});

fn keep_text(keep: &Keep) -> String {
    match keep {
        Keep::Forever => "forever".to_owned(),
        Keep::For(time) => duration::format(*time),
    }
}

fn keep(text: &str) -> Result<Keep, Wrong> {
    if text == "forever" {
        return Ok(Keep::Forever);
    }
    let time = duration::parse_positive(text).map(Keep::For);
    time.map_err(|wrong| wrong.help("write `forever`, or a duration such as `90d`"))
}

fn one_second() -> Duration {
    Duration::from_secs(1)
}

fn window<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
    scalar::read(value, |text| match duration::parse(text)? {
        window if window > LONGEST_WINDOW => Err(Wrong::new(format!("`{}` is too long", text.trim()))
            .help("write at most `1m`: a power cut costs what is not stored yet")),
        window => Ok(window),
    })
}

fn real_time() -> f64 {
    1.0
}

fn one_vehicle() -> Vec<SimulatedVehicle> {
    vec![SimulatedVehicle::default()]
}

fn first_seed() -> u64 {
    1
}

/// The state directory, absolute.
pub(super) fn state(root: &Node, base_dir: &Path, problems: &mut Problems) -> PathBuf {
    let absolute = |path: &str| absolute(base_dir, Path::new(path));
    let Some(entry @ (_, node)) = root.entry("state") else {
        return absolute(STATE);
    };
    let text = node
        .as_text()
        .filter(|text| !node.is_null() && !text.trim().is_empty());
    let (message, help) = match text {
        Some(text) if text.starts_with('~') => ("`~` is not the home folder here", "write `${HOME}/…`"),
        Some(text) => return absolute(text),
        None => (
            "`state` is the path of a folder",
            "write a folder such as `./state`, relative to the pipeline file",
        ),
    };
    problems.add(written(entry), message).help(help);
    absolute(STATE)
}

pub(super) fn journal(root: &Node, problems: &mut Problems) -> JournalOptions {
    let node = root.get("journal").cloned();
    let table = node.and_then(|mut node| problems.read(&mut node));
    table.unwrap_or_default()
}

pub(super) fn units(root: &Node, problems: &mut Problems) -> UnitSystem {
    let node = root.get("units").cloned();
    let units = node.and_then(|mut node| problems.read(&mut node));
    units.unwrap_or_default()
}

/// The clock and the simulator, which share their speed.
pub(super) fn time(
    root: &Node,
    accounts: &Section<Account>,
    sources: &Section<SourceSpec>,
    problems: &mut Problems,
) -> (ClockOptions, Option<SimulatorOptions>) {
    let place = |node: Option<Node>| node.map(|node| node.locate("speed"));
    let mut node = root.get("clock").cloned();
    let clock: Option<ClockOptions> = node.as_mut().and_then(|node| problems.read(node));
    let own = clock.map(|table| table.speed).zip(place(node));
    let mut node = root.get("simulator").cloned();
    let simulator: Option<SimulatorTable> = node.as_mut().and_then(|node| problems.read(node));
    let simulated = simulator
        .as_ref()
        .and_then(|table| table.speed)
        .zip(place(node.clone()));

    let simulator_key = root.entry("simulator").map(|(key, _)| key);
    if let Some(key) = simulator_key.filter(|_| !cfg!(feature = "simulator")) {
        let help = "remove `simulator`, or build with the feature `simulator`, which is on by default";
        let message = "this program was built without the simulator";
        problems.add(&key.span, message).help(help);
    }
    if let Some((key, _)) = node.as_ref().and_then(|node| node.entry("vehicles"))
        && simulator.as_ref().is_some_and(|table| table.vehicles.is_empty())
    {
        let help = "name one, `vehicles: [{ kind: i4 }]`, or leave the key out";
        problems.add(&key.span, "`vehicles` is an empty list").help(help);
    }
    let mut possible = true;
    for (speed, place) in own.iter().chain(&simulated) {
        if !(*speed > 0.0 && *speed <= FASTEST) {
            let help = "write `speed: 900` for a quarter of an hour in each second";
            let message = "`speed` is more than 0 and at most 100000";
            problems.add(place, message).help(help);
            possible = false;
        }
    }
    let at_bmw = |account: &Account| account.is_at_bmw(streams::is_heard(account, sources));
    let differ = |a: &f64, b: &f64| possible && (a - b).abs() > f64::EPSILON;
    match (&own, &simulated) {
        (Some((own, place)), Some((simulated, other))) if differ(own, simulated) => {
            let message = "the clock runs at another speed than the simulator";
            let problem = problems
                .add(place, message)
                .help("leave `clock` out: the simulator sets it");
            problem.also(other, "the simulator");
        }
        (Some((own, place)), None)
            if simulator_key.is_none() && differ(own, &1.0) && accounts.values().any(at_bmw) =>
        {
            let help = "add `simulator: {}`, point every account at another backend with `endpoints` \
                        (its `stream` too, where a source listens to it), or remove `clock`";
            let message = "BMW's time cannot run at another speed";
            problems.add(place, message).help(help);
        }
        _ => {}
    }
    let speed = simulated.or(own).map_or_else(real_time, |(speed, _)| speed);
    let simulator = simulator.map(|table| SimulatorOptions {
        speed,
        seed: table.seed,
        vehicles: table.vehicles,
    });
    (ClockOptions { speed }, simulator)
}

#[cfg(all(test, not(feature = "simulator")))]
mod tests {
    use std::path::Path;

    use crate::{ProcessEnvironment, parse};

    #[test]
    fn a_simulator_that_is_not_built_in_is_a_mistake_with_its_place() {
        let text = "state: ./state\nsimulator: { speed: 900 }\nsources: []\nsinks: []\n";
        let error = parse("pipeline.yaml", text, Path::new("/"), &ProcessEnvironment).unwrap_err();
        let found = error
            .mistakes()
            .iter()
            .map(|mistake| (mistake.line, mistake.column, mistake.message.as_str()));
        let expected = (2, 1, "this program was built without the simulator");
        assert!(found.clone().any(|mistake| mistake == expected), "{error}");
        assert!(error.to_string().contains("pipeline.yaml:2:1"), "{error}");
    }
}

#[cfg(test)]
mod journal_tests {
    use super::*;

    #[test]
    fn a_window_is_a_second_and_at_most_a_minute() {
        let read = |text: &str| serde_json::from_str::<JournalOptions>(text);
        let window = |text: &str| read(text).map(|options| options.window.as_secs_f64());
        assert_eq!(read("{}").unwrap(), JournalOptions::default());
        for (text, seconds) in [
            (r#"{"keep":"90d"}"#, 1.0),
            (r#"{"window":"0s"}"#, 0.0),
            (r#"{"window":"250ms"}"#, 0.25),
            (r#"{"window":"1m"}"#, 60.0),
        ] {
            assert_eq!(window(text).unwrap(), seconds, "{text}");
        }
        for text in [r#"{"window":"61s"}"#, r#"{"window":"soon"}"#] {
            assert!(window(text).is_err(), "{text}");
        }
    }
}
