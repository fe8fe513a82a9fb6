//! `sources`: where snapshots come from, and how often.

use std::fmt;
use std::time::Duration;

use collector_core::table::Node;
use collector_core::{Cadence, Every, Name, Patterns, SourcePlugin, duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::accounts::{self, Account};
use super::names::{self, GivenName};
use super::plugin_table;
use super::problems::Problems;
use super::section::{self, Placed, Section};

const EXAMPLE: &str = "sources:\n  - type: telematics\n    every: 30m";
/// More often nobody asks for what changes seldom.
const SHORTEST_OF_SELDOM: Duration = Duration::from_secs(6 * 3_600);

/// A source of the pipeline file, ready to be built.
pub struct SourceSpec {
    /// Unique; its type where the file gives none, numbered if repeated.
    pub name: Name,
    /// `None` for every account.
    pub account: Option<Name>,
    pub every: Every,
    /// Which vehicles of the account it is for.
    pub vehicles: Patterns,
    pub plugin: &'static SourcePlugin,
    /// The plugin's own options, found right.
    pub options: Node,
    /// Its table with all defaults.
    pub(super) shown: Map<String, Value>,
}

impl SourceSpec {
    /// Whether it serves the account of this name.
    pub fn is_for(&self, account: &Name) -> bool {
        self.account.as_ref().is_none_or(|name| name == account)
    }
}

/// What the engine reads of a source.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceKeys {
    /// A name of your choice for logs, `status` and `select`; the type if left out.
    name: Option<GivenName>,
    /// The account that it uses; every account if left out.
    account: Option<GivenName>,
    /// How often each vehicle is polled: a duration such as `30m`, or `auto` to share what the quota allows: more
    /// often while it charges or drives, less while it is parked and by night. Of what changes seldom, such as
    /// `charging_history`, `auto` is the source's own interval, and 6h the shortest.
    #[serde(default)]
    every: Every,
    /// The vehicles that it is for, by VIN or name; all if left out. `*` stands for any characters, `!` in front
    /// excludes.
    #[serde(default, skip_serializing_if = "Patterns::is_all")]
    vehicles: Patterns,
}

impl fmt::Debug for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceSpec({}, {})", self.name, self.plugin.type_name)
    }
}

pub(super) fn read(root: &Node, accounts: &Section<Account>, problems: &mut Problems) -> Section<SourceSpec> {
    let items = section::items(root, "sources", EXAMPLE, problems);
    let mut section = Section::of(items, |item| source(item, accounts, problems));
    names::settle(
        items,
        &mut section,
        "sources",
        |source| &mut source.name,
        problems,
    );
    section
}

/// Under its given name, or that of its type.
fn source(item: &Node, accounts: &Section<Account>, problems: &mut Problems) -> Option<Placed<SourceSpec>> {
    let mut table = plugin_table::split::<SourcePlugin>(item, problems)?;
    let keys = table.keys;
    let account = keys.account.map(|name| name.0);
    if let (Some(name), Some(place)) = (&account, table.node.get("account")) {
        accounts::check_reference(name, place, accounts, problems);
    }
    if table.plugin.cadence == Cadence::Continuous {
        table.shown.remove("every");
        if let Some((key, _)) = table.node.entry("every") {
            let message = format!("a source of type `{}` is not polled", table.plugin.type_name);
            let help = "remove `every`: it speaks when there is something to say";
            problems.add(&key.span, message).help(help);
        }
    }
    let every = match table.plugin.cadence {
        Cadence::Seldom { every } => {
            let every = seldom(keys.every, every, &table.node, problems);
            table
                .shown
                .insert("every".to_owned(), duration::format(every).into());
            Every::Fixed(every)
        }
        _ => keys.every,
    };
    // Where the table has mistakes, nobody will build from it, but its names and its plan can be checked.
    let value = SourceSpec {
        name: names::or_type(keys.name, table.plugin.type_name),
        account,
        every,
        vehicles: keys.vehicles,
        plugin: table.plugin,
        options: table.options,
        shown: table.shown,
    };
    let node = table.node;
    Some(Placed { value, node })
}

/// The interval of a source that is asked seldom: its own where the file names none.
fn seldom(asked: Every, own: Duration, item: &Node, problems: &mut Problems) -> Duration {
    let Every::Fixed(every) = asked else {
        return own;
    };
    if every < SHORTEST_OF_SELDOM {
        let message = format!(
            "`{}` is too often: what this source asks for changes seldom",
            duration::format(every)
        );
        let help = format!(
            "write `every: 6h` or more, or leave it out: then it is {}",
            duration::format(own)
        );
        problems.add(&item.locate("every"), message).help(help);
    }
    every
}
