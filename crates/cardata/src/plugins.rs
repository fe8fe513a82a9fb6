//! `cardata plugins` and `cardata schema`: what a pipeline file may say, for people and for editors.

use collector_core::{sink_plugins, source_plugins};
use serde_json::{Value, json};

use status::table::columns;

use crate::args::PluginsArgs;
use crate::{CommandResult, Failure, terminal};

pub fn run(options: &PluginsArgs) -> CommandResult {
    match &options.name {
        None => list(options.json),
        Some(name) => describe(name, options.json),
    }
}

pub fn schema() -> CommandResult {
    terminal::document(&format!("{:#}", pipeline::schema()));
    Ok(())
}

fn list(json: bool) -> CommandResult {
    if json {
        let of = |name: &str, summary: &str| json!({ "type": name, "summary": summary });
        let sources = source_plugins().into_iter();
        let sources = sources.map(|one| of(one.type_name, one.summary));
        let sinks = sink_plugins().into_iter();
        let sinks = sinks.map(|one| of(one.type_name, one.summary));
        let (sources, sinks): (Value, Value) = (sources.collect(), sinks.collect());
        return terminal::answer(1, &json!({ "sources": sources, "sinks": sinks }));
    }
    let row = |name: &str, summary: &str| vec![name.to_owned(), summary.to_owned()];
    let sources = source_plugins().into_iter();
    let sources: Vec<_> = sources.map(|one| row(one.type_name, one.summary)).collect();
    let sinks = sink_plugins().into_iter();
    let sinks: Vec<_> = sinks.map(|one| row(one.type_name, one.summary)).collect();
    terminal::say(&format!(
        "Sources\n{}\n\nSinks\n{}\n\n`cardata plugins NAME` prints the options and a sample.",
        columns(&sources),
        columns(&sinks)
    ));
    Ok(())
}

fn describe(name: &str, json: bool) -> CommandResult {
    let mut generator = schemars::generate::SchemaSettings::draft07().into_generator();
    let sink = sink_plugins().into_iter().find(|plugin| plugin.type_name == name);
    let source = source_plugins()
        .into_iter()
        .find(|plugin| plugin.type_name == name);
    let (summary, sample, schema) = match (sink, source) {
        (Some(plugin), _) => (plugin.summary, plugin.sample, (plugin.schema)(&mut generator)),
        (None, Some(plugin)) => (plugin.summary, plugin.sample, (plugin.schema)(&mut generator)),
        (None, None) => {
            return Err(Failure::new(
                2,
                format!("there is no plugin `{name}`; `cardata plugins` lists them"),
            ));
        }
    };
    let definitions = Value::Object(generator.take_definitions(true));
    if json {
        let document = json!({
            "type": name,
            "summary": summary,
            "sample": sample,
            "schema": schema,
            "definitions": definitions,
        });
        return terminal::answer(1, &document);
    }
    let options = options(schema.as_value(), &definitions);
    terminal::say(&format!("{summary}\n\nOptions\n{options}\n\nSample\n"));
    terminal::document(sample.trim_end());
    Ok(())
}

/// Each option with whether it is required or its default, and below that its description and the words that it takes.
fn options(schema: &Value, definitions: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return "  none".to_owned();
    };
    let required: Vec<_> = items(schema, "required").filter_map(Value::as_str).collect();
    let row = |(key, option): (&String, &Value)| {
        let default = option.get("default").filter(|default| !default.is_null());
        let presence = match default {
            _ if required.contains(&key.as_str()) => "required".to_owned(),
            Some(Value::String(default)) => format!("default {default}"),
            Some(default) => format!("default {default}"),
            None => "optional".to_owned(),
        };
        let description = option.get("description").and_then(Value::as_str);
        let description = description.unwrap_or_default().replace('\n', " ");
        let mut words = Vec::new();
        collect_words(option, definitions, &mut words);
        let words = if words.is_empty() {
            String::new()
        } else {
            format!(" [{}]", words.join(", "))
        };
        format!("  {key}  ({presence})\n      {description}{words}")
    };
    properties.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// The words of an enumeration, wherever its schema keeps them.
fn collect_words(option: &Value, definitions: &Value, words: &mut Vec<String>) {
    let texts = |value: &Value| value.as_str().map(str::to_owned);
    words.extend(option.get("const").and_then(texts));
    words.extend(items(option, "enum").filter_map(texts));
    for key in ["oneOf", "anyOf", "allOf"] {
        items(option, key).for_each(|branch| collect_words(branch, definitions, words));
    }
    let path = option.get("$ref").and_then(Value::as_str);
    let name = path.and_then(|path| path.rsplit('/').next());
    if let Some(definition) = name.and_then(|name| definitions.get(name)) {
        collect_words(definition, definitions, words);
    }
}

/// The items of a list in a schema; none where it has no such list.
fn items<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    let list = schema.get(key).and_then(Value::as_array);
    list.into_iter().flatten()
}
