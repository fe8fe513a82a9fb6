//! One item of `sources` or `sinks`: the engine takes its own keys, the plugin reads the rest.

use collector_core::registry::ReadSink;
use collector_core::table::{self, Kind, Mistake, Node};
use collector_core::{SinkPlugin, SourcePlugin, sink_plugins, source_plugins};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problems::Problems;
use super::section;
use super::sinks::SinkKeys;
use super::sources::SourceKeys;

/// What sources and sinks have in common.
pub(super) trait Plugin: 'static {
    /// The engine's keys in the plugin's table.
    type Keys: DeserializeOwned + Serialize + JsonSchema;
    /// What a plugin makes of its own part of a table.
    type Read;
    /// `source` or `sink`, for people.
    const KIND: &'static str;

    fn all() -> Vec<&'static Self>;
    fn type_name(&self) -> &'static str;
    fn summary(&self) -> &'static str;
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
    fn read(&self, options: &Node) -> Result<Self::Read, Vec<Mistake>>;
    /// Its own part with its defaults.
    fn shown(read: &Self::Read) -> &Value;
}

/// Sources and sinks are listed by types of their own with fields of the same names.
macro_rules! plugin {
    ($plugin:ty, $kind:literal, $all:path, $keys:ty, $read:ty, $shown:expr) => {
        impl Plugin for $plugin {
            type Keys = $keys;
            type Read = $read;
            const KIND: &'static str = $kind;

            fn all() -> Vec<&'static Self> {
                $all()
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

            fn read(&self, options: &Node) -> Result<$read, Vec<Mistake>> {
                (self.read)(options)
            }

            fn shown(read: &$read) -> &Value {
                let shown: fn(&$read) -> &Value = $shown;
                shown(read)
            }
        }
    };
}

plugin!(SinkPlugin, "sink", sink_plugins, SinkKeys, ReadSink, |sink| &sink
    .shown);
plugin!(
    SourcePlugin,
    "source",
    source_plugins,
    SourceKeys,
    Value,
    |shown| shown
);

/// A table whose type is known, split.
pub(super) struct PluginTable<P: Plugin> {
    pub(super) plugin: &'static P,
    pub(super) keys: P::Keys,
    /// The engine's part with `type`, without what is wrong in it.
    pub(super) node: Node,
    /// The plugin's part.
    pub(super) options: Node,
    /// What the plugin made of its own part; `None` after a mistake.
    pub(super) read: Option<P::Read>,
    /// All of it with its defaults.
    pub(super) shown: Map<String, Value>,
}

/// Finds the plugin of a table and lets both parts be read. Keys that nobody knows are reported here, with the names
/// of both.
pub(super) fn split<P: Plugin>(item: &Node, problems: &mut Problems) -> Option<PluginTable<P>> {
    if !section::is_table(item, &format!("a {}", P::KIND), problems) {
        return None;
    }
    let plugin = find::<P>(item, problems);
    let generator = &mut super::schema::generator();
    let engine_keys = properties(&P::Keys::json_schema(generator));
    let plugin_keys = plugin.map_or_else(Vec::new, |plugin| properties(&plugin.schema(generator)));

    let (mut own, mut options) = (Vec::new(), Vec::new());
    let mut mistakes = Vec::new();
    let entries = item.entries().unwrap_or_default().iter().cloned();
    let (kind, entries): (Vec<_>, Vec<_>) = entries.partition(|(key, _)| key.text == "type");
    for (key, value) in entries {
        if engine_keys.contains(&key.text) {
            own.push((key, value));
        } else if plugin_keys.is_empty() || plugin_keys.contains(&key.text) {
            // A plugin that lists no keys judges them itself.
            options.push((key, value));
        } else {
            let all: Vec<_> = plugin_keys.iter().chain(&engine_keys).collect();
            mistakes.push(Mistake {
                message: format!("unknown key `{}`", key.text),
                help: Some(table::suggest(&key.text, &all)),
                span: key.span,
            });
        }
    }
    let part = |entries| Node {
        span: item.span.clone(),
        kind: Kind::Mapping(entries),
    };
    let (mut node, options) = (part(own), part(options));
    let read = plugin.map(|plugin| plugin.read(&options).map_err(|found| mistakes.extend(found)));
    let read = read.and_then(Result::ok);
    problems.extend(mistakes);
    let keys: P::Keys = problems.read(&mut node)?;
    if let Kind::Mapping(entries) = &mut node.kind {
        entries.extend(kind);
    }
    let plugin = plugin?;
    let mut shown = Map::from_iter([("type".to_owned(), plugin.type_name().into())]);
    let own = read.as_ref().map(P::shown).cloned();
    for part in own.into_iter().chain(serde_json::to_value(&keys)) {
        if let Value::Object(entries) = part {
            shown.extend(entries);
        }
    }
    Some(PluginTable {
        plugin,
        keys,
        node,
        options,
        read,
        shown,
    })
}

fn find<P: Plugin>(item: &Node, problems: &mut Problems) -> Option<&'static P> {
    let names: Vec<_> = P::all().into_iter().map(P::type_name).collect();
    let word = section::type_of(item, P::KIND, &names, &table::listed(&names), problems)?;
    P::all().into_iter().find(|plugin| plugin.type_name() == word)
}

/// The keys that a schema lists.
fn properties(schema: &Schema) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
}
