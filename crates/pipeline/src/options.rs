//! The small tables of the pipeline file: `state`, `journal`, `clock`, `simulator`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use collector_core::table::{Kind, Node};
use schemars::JsonSchema;
use serde::Deserialize;

use super::accounts::Account;
use super::problems::Problems;
use super::section::Section;
use collector_core::duration;
use collector_core::scalar::Wrong;
use collector_core::written_as_text;

pub(super) const STATE: &str = "./state";
const FASTEST: f64 = 100_000.0;

/// How long the journal keeps what every sink has received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is the history.
    Forever,
    For(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalOptions {
    pub keep: Keep,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockOptions {
    /// Seconds of the collector's time in one real second.
    pub speed: f64,
}

/// The built-in backend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulatorOptions {
    /// The same as the clock's.
    pub speed: f64,
    /// The same seed gives the same drives and charges.
    pub seed: u64,
}

/// The durable log between sources and sinks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "journal")]
pub(super) struct JournalTable {
    /// How long entries stay: `forever`, because the journal is the history that new sinks are filled from, or a
    /// duration such as `90d`. What a sink has not received yet always stays.
    #[serde(default)]
    keep: KeepText,
}

/// The collector's own time, for simulations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "clock")]
pub(super) struct ClockTable {
    /// How many times as fast as real time schedules, quota days and token lifetimes run: at most 100000.
    #[serde(default = "real_time")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100_000))]
    speed: f64,
}

/// A simulated BMW with an electric car, instead of the real one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "simulator")]
pub(super) struct SimulatorTable {
    /// How many times as fast as real time the simulator and the collector run: at most 100000.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100_000))]
    speed: Option<f64>,
    /// The same seed gives the same drives and charges.
    #[serde(default = "first_seed")]
    seed: u64,
}

struct KeepText(Keep);

written_as_text!(KeepText, keep, {
    "type": "string", "pattern": format!("^forever$|{}", duration::PATTERN)
});

impl Default for KeepText {
    fn default() -> Self {
        Self(Keep::Forever)
    }
}

impl serde::Serialize for KeepText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Keep::Forever => serializer.serialize_str("forever"),
            Keep::For(time) => serializer.serialize_str(&duration::format(time)),
        }
    }
}

fn keep(text: &str) -> Result<KeepText, Wrong> {
    if text == "forever" {
        return Ok(KeepText(Keep::Forever));
    }
    match duration::parse_positive(text) {
        Ok(time) => Ok(KeepText(Keep::For(time))),
        Err(wrong) => Err(wrong.help("write `forever`, or a duration such as `90d`")),
    }
}

fn real_time() -> f64 {
    1.0
}

fn first_seed() -> u64 {
    1
}

/// The state directory, absolute.
pub(super) fn state(root: &Node, base_dir: &Path, problems: &mut Problems) -> PathBuf {
    let absolute = |path: &str| {
        let path = base_dir.join(path);
        std::path::absolute(&path).unwrap_or(path)
    };
    let Some((key, node)) = root.entry("state") else {
        return absolute(STATE);
    };
    let help = "write a folder such as `./state`, relative to the pipeline file";
    let place = if node.span.is_empty() {
        &key.span
    } else {
        &node.span
    };
    match &node.kind {
        Kind::Scalar { text, .. } if text.starts_with('~') && !node.is_null() => {
            problems
                .add(place, "`~` is not the home folder here")
                .help("write `${HOME}/…`");
        }
        Kind::Scalar { text, .. } if !node.is_null() && !text.trim().is_empty() => return absolute(text),
        _ => {
            problems.add(place, "`state` is the path of a folder").help(help);
        }
    }
    absolute(STATE)
}

pub(super) fn journal(root: &Node, problems: &mut Problems) -> JournalOptions {
    let table: Option<JournalTable> = root
        .get("journal")
        .cloned()
        .and_then(|mut node| problems.read(&mut node));
    JournalOptions {
        keep: table.map_or(Keep::Forever, |table| table.keep.0),
    }
}

/// The clock and the simulator, which share their speed.
pub(super) fn time(
    root: &Node,
    accounts: &Section<Account>,
    problems: &mut Problems,
) -> (ClockOptions, Option<SimulatorOptions>) {
    let mut clock_node = root.get("clock").cloned();
    let mut simulator_node = root.get("simulator").cloned();
    let clock: Option<ClockTable> = clock_node.as_mut().and_then(|node| problems.read(node));
    let simulator: Option<SimulatorTable> = simulator_node.as_mut().and_then(|node| problems.read(node));
    if let Some((key, _)) = root.entry("simulator").filter(|_| !cfg!(feature = "simulator")) {
        problems
            .add(&key.span, "this program was built without the simulator")
            .help("remove `simulator`, or build with the feature `simulator`, which is on by default");
    }
    let (clock_node, simulator_node) = (clock_node.as_ref(), simulator_node.as_ref());
    let own = clock.as_ref().map(|table| table.speed);
    let simulated = simulator.as_ref().and_then(|table| table.speed);
    let possible = check_speed(own, clock_node, problems) & check_speed(simulated, simulator_node, problems);

    if let (Some(own), Some(simulated), Some(clock), Some(simulator)) =
        (own, simulated, clock_node, simulator_node)
        && possible
        && (own - simulated).abs() > f64::EPSILON
    {
        problems
            .add(
                &clock.locate("speed"),
                "the clock runs at another speed than the simulator",
            )
            .help("leave `clock` out: the simulator sets it")
            .also(&simulator.locate("speed"), "the simulator");
    }
    let speed = simulated.or(own).unwrap_or_else(real_time);
    if let (None, Some(clock)) = (simulator_node, clock_node)
        && possible
        && (speed - 1.0).abs() > f64::EPSILON
        && accounts.values().any(Account::is_at_bmw)
    {
        problems
            .add(&clock.locate("speed"), "BMW's time cannot run at another speed")
            .help("add `simulator: {}`, point every account at another backend with `endpoints`, or remove `clock`");
    }
    let simulator = simulator.map(|table| SimulatorOptions {
        speed,
        seed: table.seed,
    });
    (ClockOptions { speed }, simulator)
}

fn check_speed(speed: Option<f64>, node: Option<&Node>, problems: &mut Problems) -> bool {
    let (Some(speed), Some(node)) = (speed, node) else {
        return true;
    };
    let possible = speed > 0.0 && speed <= FASTEST;
    if !possible {
        problems
            .add(&node.locate("speed"), "`speed` is more than 0 and at most 100000")
            .help("write `speed: 900` for a quarter of an hour in each second");
    }
    possible
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
