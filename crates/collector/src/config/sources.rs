//! `sources`: where snapshots come from, and how often.

use std::fmt;
use std::time::Duration;

use collector_core::registry::SourceBuilder;
use collector_core::table::{Mistake, Node};
use collector_core::{Cadence, Name, SourceError, SourcePlugin, source_plugins};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::accounts::{self, Account};
use super::duration;
use super::names::{self, GivenName};
use super::plugin_table::{self, Plugin};
use super::problems::Problems;
use super::scalar::{self, Wrong};
use super::section::{self, Placed, Section};
use super::select::Patterns;

const EXAMPLE: &str = "sources:\n  - type: telematics\n    every: 30m";
const SHORTEST: Duration = Duration::from_secs(1);

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
    pub builder: SourceBuilder,
}

impl SourceSpec {
    /// Whether it serves the account of this name.
    pub fn is_for(&self, account: &Name) -> bool {
        self.account.as_ref().is_none_or(|name| name == account)
    }
}

/// How often each vehicle is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// At least a second.
    Fixed(Duration),
    /// As often as the quota allows, shared fairly among the vehicles.
    Auto,
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

scalar::written_as_text!(Every, every, {
    "type": "string", "pattern": format!("^auto$|{}", duration::PATTERN)
});

impl serde::Serialize for Every {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Fixed(time) => serializer.serialize_str(&duration::format(*time)),
        }
    }
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
    type Read = SourceBuilder;
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

    fn read(&self, options: &Node) -> Result<SourceBuilder, Vec<Mistake>> {
        (self.read)(options)
    }
}

fn auto() -> Every {
    Every::Auto
}

fn every(text: &str) -> Result<Every, Wrong> {
    if text == "auto" {
        return Ok(Every::Auto);
    }
    let time = duration::parse_positive(text)?;
    if time < SHORTEST {
        return Err(
            Wrong::new(format!("`{text}` is shorter than a second")).help("write for example `every: 30m`")
        );
    }
    Ok(Every::Fixed(time))
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
    // The table has mistakes: nobody will build from it, but its names and its plan can be checked.
    let builder = table.read.unwrap_or_else(|| {
        Box::new(|_| {
            Err(SourceError::Misconfigured {
                reason: "the options have mistakes".to_owned(),
            })
        })
    });
    let value = SourceSpec {
        name: keys
            .name
            .map_or_else(|| table.plugin.type_name.into(), |name| name.0),
        account,
        every: keys.every,
        vehicles: keys.vehicles,
        plugin: table.plugin,
        builder,
    };
    Some(Placed {
        value,
        node: table.node,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_is_a_duration_or_auto() {
        assert_eq!(every("auto"), Ok(Every::Auto));
        assert_eq!(every("1s"), Ok(Every::Fixed(SHORTEST)));
        for text in ["999ms", "0s", "30", "-1s", "Auto", "never"] {
            assert!(every(text).is_err(), "{text}");
        }
    }
}
