//! `sinks`: where snapshots go, and how.

use std::fmt;
use std::path::Path;

use collector_core::registry::{ReadSink, SinkBuilder};
use collector_core::table::{Mistake, Node};
use collector_core::{Batch, Exclusive, Name, Retry, SinkError, SinkPlugin, Start, sink_plugins};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::names::{self, GivenName};
use super::places::Places;
use super::plugin_table::{self, Plugin};
use super::problems::Problems;
use super::section::{self, Placed, Section};
use collector_core::Select;
use collector_core::duration;

const EXAMPLE: &str = "sinks:\n  - type: csv\n    dir: data/csv";

/// A sink of the pipeline file, ready to be built.
pub struct SinkSpec {
    /// Unique; its type where the file gives none, numbered if repeated. The journal remembers under it how far the
    /// sink has got.
    pub name: Name,
    pub plugin: &'static SinkPlugin,
    pub select: Select,
    pub batch: Batch,
    pub retry: Retry,
    pub start: Start,
    pub builder: SinkBuilder,
}

/// What the engine reads of a sink.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SinkKeys {
    /// A name of your choice for logs and `status`; the type if left out. The journal remembers under it how far the
    /// sink has got: under a new name it begins anew.
    name: Option<GivenName>,
    select: Option<Select>,
    /// How much is delivered at once.
    #[serde(default)]
    batch: Batch,
    /// What happens when the store does not take a batch.
    #[serde(default)]
    retry: Retry,
    /// Where in the journal a new sink begins.
    #[serde(default)]
    start: Start,
}

impl fmt::Debug for SinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkSpec")
            .field("name", &self.name)
            .field("type", &self.plugin.type_name)
            .field("batch", &self.batch)
            .field("retry", &self.retry)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

impl Plugin for SinkPlugin {
    type Keys = SinkKeys;
    type Read = ReadSink;
    const KIND: &'static str = "sink";

    fn all() -> Vec<&'static Self> {
        sink_plugins()
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

    fn read(&self, options: &Node) -> Result<ReadSink, Vec<Mistake>> {
        (self.read)(options)
    }
}

pub(super) fn read(root: &Node, base_dir: &Path, problems: &mut Problems) -> Section<SinkSpec> {
    let Some(items) = section::items(root, "sinks", EXAMPLE, problems) else {
        return Section::default();
    };
    let mut read = Vec::new();
    let mut exclusives = Vec::new();
    for item in items {
        if let Some((sink, exclusive)) = sink(item, problems) {
            read.push(sink);
            exclusives.push((exclusive, item));
        }
    }
    names::settle(items, &mut read, "sinks", |sink| &mut sink.name, problems);
    let mut places = Places::new(base_dir);
    for (sink, (exclusive, item)) in read.iter().zip(exclusives) {
        if let Some(exclusive) = exclusive {
            places.take(&sink.value.name, &exclusive, item, problems);
        }
    }
    Section {
        complete: read.len() == items.len(),
        items: read,
    }
}

/// Under its given name, or that of its type; with the place that it has for itself.
fn sink(item: &Node, problems: &mut Problems) -> Option<(Placed<SinkSpec>, Option<Exclusive>)> {
    let table = plugin_table::split::<SinkPlugin>(item, problems)?;
    let keys = table.keys;
    check(&table.node, &keys, problems);
    // The table has mistakes: nobody will build from it, but its names and its selection can be checked.
    let read = table.read.unwrap_or_else(|| ReadSink {
        builder: Box::new(|_| Err(SinkError::misconfigured("the options have mistakes"))),
        exclusive: None,
    });
    let value = SinkSpec {
        name: keys
            .name
            .map_or_else(|| table.plugin.type_name.into(), |name| name.0),
        plugin: table.plugin,
        select: keys.select.unwrap_or_default(),
        batch: keys.batch,
        retry: keys.retry,
        start: keys.start,
        builder: read.builder,
    };
    let sink = Placed {
        value,
        node: table.node,
    };
    Some((sink, read.exclusive))
}

fn check(item: &Node, keys: &SinkKeys, problems: &mut Problems) {
    if !(1..=1_000_000).contains(&keys.batch.readings) {
        problems
            .add(
                &item.locate("batch.readings"),
                "a batch has from 1 to 1000000 readings",
            )
            .help("leave it out for 10000");
    }
    if keys.retry.first > keys.retry.longest {
        let place = if item
            .get("retry")
            .is_some_and(|retry| retry.get("first").is_some())
        {
            "retry.first"
        } else {
            "retry.longest"
        };
        let (first, longest) = (
            duration::format(keys.retry.first),
            duration::format(keys.retry.longest),
        );
        problems
            .add(
                &item.locate(place),
                format!("the first wait, {first}, is longer than the longest, {longest}"),
            )
            .help("write a `longest` of at least `first`");
    }
}
