//! `sources`: where snapshots come from, and how often.

use std::fmt;

use collector_core::table::{Mistake, Node};
use collector_core::{Cadence, Every, Name, SourcePlugin, source_plugins};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::accounts::{self, Account};
use super::names::{self, GivenName};
use super::plugin_table::{self, Plugin};
use super::problems::Problems;
use super::section::{self, Placed, Section};
use collector_core::Patterns;

const EXAMPLE: &str = "sources:\n  - type: telematics\n    every: 30m";

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
}

impl SourceSpec {
    /// Whether it serves the account of this name.
    pub fn is_for(&self, account: &Name) -> bool {
        self.account.as_ref().is_none_or(|name| name == account)
    }
}

/// What the engine reads of a source.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceKeys {
    /// A name of your choice for logs, `status` and `select`; the type if left out.
    name: Option<GivenName>,
    /// The account that it uses; every account if left out.
    account: Option<GivenName>,
    /// How often each vehicle is polled: a duration such as `30m`, or `auto` to share what the quota allows: more
    /// often while it charges or drives, less while it is parked and by night.
    #[serde(default = "auto")]
    every: Every,
    /// The vehicles that it is for, by VIN or name; all if left out. `*` stands for any characters, `!` in front
    /// excludes.
    #[serde(default)]
    vehicles: Patterns,
}

impl fmt::Debug for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceSpec")
            .field("name", &self.name)
            .field("type", &self.plugin.type_name)
            .field("account", &self.account)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

impl Plugin for SourcePlugin {
    type Keys = SourceKeys;
    type Read = Node;
    const KIND: &'static str = "source";

    fn all() -> Vec<&'static Self> {
        source_plugins()
    }

    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.schema)(generator)
    }

    fn read(&self, options: &Node) -> Result<Node, Vec<Mistake>> {
        (self.check)(options).map(|()| options.clone())
    }
}

fn auto() -> Every {
    Every::Auto
}

pub(super) fn read(root: &Node, accounts: &Section<Account>, problems: &mut Problems) -> Section<SourceSpec> {
    let Some(items) = section::items(root, "sources", EXAMPLE, problems) else {
        return Section::default();
    };
    let mut read: Vec<_> = items
        .iter()
        .filter_map(|item| source(item, accounts, problems))
        .collect();
    names::settle(items, &mut read, "sources", |source| &mut source.name, problems);
    Section {
        complete: read.len() == items.len(),
        items: read,
    }
}

/// Under its given name, or that of its type.
fn source(item: &Node, accounts: &Section<Account>, problems: &mut Problems) -> Option<Placed<SourceSpec>> {
    let table = plugin_table::split::<SourcePlugin>(item, problems)?;
    let keys = table.keys;
    let account = keys.account.map(|name| name.0);
    if let (Some(name), Some(place)) = (&account, table.node.get("account")) {
        accounts::check_reference(name, place, accounts, problems);
    }
    if let (Cadence::Continuous, Some((key, _))) = (table.plugin.cadence, table.node.entry("every")) {
        problems
            .add(
                &key.span,
                format!("a source of type `{}` is not polled", table.plugin.type_name),
            )
            .help("remove `every`: it speaks when there is something to say");
    }
    // Where the table has mistakes, nobody will build from it, but its names and its plan can be checked.
    let options = table.read.unwrap_or_else(|| table.node.clone());
    let value = SourceSpec {
        name: keys
            .name
            .map_or_else(|| table.plugin.type_name.into(), |name| name.0),
        account,
        every: keys.every,
        vehicles: keys.vehicles,
        plugin: table.plugin,
        options,
    };
    Some(Placed {
        value,
        node: table.node,
    })
}
