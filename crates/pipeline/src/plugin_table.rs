//! One item of `sources` or `sinks`: the engine takes its own keys, the plugin reads the rest.

use collector_core::table::{self, Key, Kind, Mistake, Node};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problems::Problems;
use super::section;

/// What sources and sinks have in common.
pub(super) trait Plugin: 'static {
    /// The engine's keys in the plugin's table.
    type Keys: DeserializeOwned + JsonSchema;
    /// What a plugin makes of its own part of a table.
    type Read;
    /// `source` or `sink`, for people.
    const KIND: &'static str;

    fn all() -> Vec<&'static Self>;
    fn type_name(&self) -> &'static str;
    fn summary(&self) -> &'static str;
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
    fn read(&self, options: &Node) -> Result<Self::Read, Vec<Mistake>>;
}

/// A table whose type is known, split.
pub(super) struct PluginTable<P: Plugin> {
    pub(super) plugin: &'static P,
    pub(super) keys: P::Keys,
    /// The engine's part with `type`, without what is wrong in it.
    pub(super) node: Node,
    /// What the plugin made of its own part; `None` after a mistake.
    pub(super) read: Option<P::Read>,
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
    let plugin_keys = plugin
        .map(|plugin| properties(&plugin.schema(generator)))
        .unwrap_or_default();

    let mut node = Node {
        span: item.span.clone(),
        kind: Kind::Mapping(Vec::new()),
    };
    let mut options = node.clone();
    let mut mistakes = Vec::new();
    let Kind::Mapping(entries) = &item.kind else {
        return None;
    };
    for entry in entries {
        let (key, _) = entry;
        if engine_keys.contains(&key.text) {
            push(&mut node, entry);
        } else if key.text != "type" && (plugin_keys.is_empty() || plugin_keys.contains(&key.text)) {
            // A plugin that lists no keys judges them itself.
            push(&mut options, entry);
        } else if key.text != "type" {
            let all: Vec<String> = plugin_keys.iter().chain(&engine_keys).cloned().collect();
            let unknown = Mistake::new(key.span.clone(), format!("unknown key `{}`", key.text));
            mistakes.push(unknown.help(table::suggest(&key.text, &all)));
        }
    }
    let read = match plugin.map(|plugin| plugin.read(&options)) {
        Some(Ok(read)) => Some(read),
        Some(Err(found)) => {
            mistakes.extend(found);
            None
        }
        None => None,
    };
    problems.extend(mistakes);
    let keys = problems.read(&mut node)?;
    item.entry("type")
        .into_iter()
        .for_each(|entry| push(&mut node, entry));
    Some(PluginTable {
        plugin: plugin?,
        keys,
        node,
        read,
    })
}

fn push(table: &mut Node, entry: &(Key, Node)) {
    if let Kind::Mapping(entries) = &mut table.kind {
        entries.push(entry.clone());
    }
}

fn find<P: Plugin>(item: &Node, problems: &mut Problems) -> Option<&'static P> {
    let names: Vec<String> = P::all()
        .iter()
        .map(|plugin| plugin.type_name().to_owned())
        .collect();
    let possible = names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let Some((key, node)) = item.entry("type") else {
        problems
            .add(&item.span, format!("this {} has no `type`", P::KIND))
            .help(format!("add `type: …`; possible are {possible}"));
        return None;
    };
    let word = match &node.kind {
        Kind::Scalar { text, .. } if !node.is_null() => text,
        _ => {
            problems
                .add(
                    if node.is_null() { &key.span } else { &node.span },
                    "`type` is one word",
                )
                .help(format!("possible are {possible}"));
            return None;
        }
    };
    let found = P::all().into_iter().find(|plugin| plugin.type_name() == word);
    if found.is_none() {
        problems
            .add(&node.span, format!("there is no {} of type `{word}`", P::KIND))
            .help(table::suggest(word, &names));
    }
    found
}

/// The keys that a schema lists.
fn properties(schema: &Schema) -> Vec<String> {
    match schema.get("properties") {
        Some(Value::Object(properties)) => properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
