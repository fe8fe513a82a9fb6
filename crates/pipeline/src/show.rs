//! `check --show`: the meaning of a pipeline file, with its defaults and without its secrets.

use collector_core::table::{Key, Kind, Node, Span};
use serde_json::Value;

use super::accounts::{self, Account};
use super::logins;
use super::secrets::{self, HIDDEN};
use super::section::Section;
use super::sinks::SinkSpec;
use super::sources::SourceSpec;
use super::{Pipeline, schema};

/// The file as it was understood, in YAML: every default is written out, secrets are hidden, and what comes from
/// outside stands there as its reference.
pub fn show(pipeline: &Pipeline) -> String {
    pipeline.shown.clone()
}

pub(super) fn text(
    raw: &Node,
    accounts: &Section<Account>,
    sources: &Section<SourceSpec>,
    sinks: &Section<SinkSpec>,
) -> String {
    let schema = schema::inlined();
    let mut root = raw.clone();
    let secrets = secrets::find(&root, schema);
    hide(&mut root, &secrets);
    fill(&mut root, &[schema]);
    if root.get("accounts").is_none()
        && let Some(account) = accounts.values().next()
    {
        add(
            &mut root,
            "accounts",
            list(vec![table(vec![
                ("name", scalar(&account.name)),
                ("client_id", scalar(account.client_id.as_str())),
                (
                    "calls_per_day",
                    scalar(&accounts::demo().calls_per_day.to_string()),
                ),
            ])]),
        );
    }
    name(&mut root, "sources", sources.values().map(|source| &*source.name));
    name(&mut root, "sinks", sinks.values().map(|sink| &*sink.name));
    order(&mut root);
    let mut text = String::new();
    write(&root, 0, &mut text);
    text
}

fn scalar(text: &str) -> Node {
    Node::scalar(text, 0..0)
}

fn list(items: Vec<Node>) -> Node {
    Node {
        span: 0..0,
        kind: Kind::Sequence(items),
    }
}

fn table(entries: Vec<(&str, Node)>) -> Node {
    let entries = entries.into_iter().map(|(text, value)| {
        (
            Key {
                text: text.to_owned(),
                span: 0..0,
            },
            value,
        )
    });
    Node {
        span: 0..0,
        kind: Kind::Mapping(entries.collect()),
    }
}

fn add(node: &mut Node, key: &str, value: Node) {
    if let Kind::Mapping(entries) = &mut node.kind {
        entries.push((
            Key {
                text: key.to_owned(),
                span: 0..0,
            },
            value,
        ));
    }
}

fn hide(node: &mut Node, secrets: &[Span]) {
    match &mut node.kind {
        Kind::Mapping(entries) => entries.iter_mut().for_each(|(_, value)| hide(value, secrets)),
        Kind::Sequence(items) => items.iter_mut().for_each(|item| hide(item, secrets)),
        Kind::Scalar { text, quoted } => {
            if secrets.contains(&node.span) && !secrets::is_reference(text) {
                *text = HIDDEN.to_owned();
                *quoted = true;
            } else {
                *text = logins::hide(text);
            }
        }
    }
}

/// Adds what the schemas say is there by default.
fn fill(node: &mut Node, schemas: &[&Value]) {
    let schemas = secrets::alternatives(schemas, node);
    let below = |key: &str| -> Vec<&Value> {
        schemas
            .iter()
            .filter_map(|schema| schema["properties"].get(key))
            .collect()
    };
    match &mut node.kind {
        Kind::Scalar { .. } => {}
        Kind::Sequence(items) => {
            let below: Vec<&Value> = schemas.iter().filter_map(|schema| schema.get("items")).collect();
            items.iter_mut().for_each(|item| fill(item, &below));
        }
        Kind::Mapping(entries) => {
            for (key, value) in entries.iter_mut() {
                fill(value, &below(&key.text));
            }
            let properties = schemas
                .iter()
                .filter_map(|schema| schema["properties"].as_object())
                .flatten();
            for (key, property) in properties {
                let given = entries.iter().any(|(own, _)| own.text == *key);
                if let (false, Some(default)) = (given, property.get("default").and_then(from_json)) {
                    entries.push((
                        Key {
                            text: key.clone(),
                            span: 0..0,
                        },
                        default,
                    ));
                }
            }
        }
    }
}

/// `None` for null: what is absent by default.
fn from_json(value: &Value) -> Option<Node> {
    Some(match value {
        Value::Null => return None,
        Value::String(text) => scalar(text),
        Value::Array(items) => list(items.iter().filter_map(from_json).collect()),
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .filter_map(|(key, value)| Some((key.as_str(), from_json(value)?)));
            table(entries.collect())
        }
        Value::Bool(_) | Value::Number(_) => scalar(&value.to_string()),
    })
}

/// Writes the names down that the engine gave.
fn name<'n>(root: &mut Node, key: &str, names: impl Iterator<Item = &'n str>) {
    let Kind::Mapping(entries) = &mut root.kind else {
        return;
    };
    let section = entries.iter_mut().find(|(own, _)| own.text == key);
    let Some((
        _,
        Node {
            kind: Kind::Sequence(items),
            ..
        },
    )) = section
    else {
        return;
    };
    for (item, name) in items.iter_mut().zip(names) {
        if item.get("name").is_none_or(Node::is_null) {
            item.take("name");
            let Kind::Mapping(entries) = &mut item.kind else {
                continue;
            };
            let after_type = entries
                .iter()
                .position(|(own, _)| own.text == "type")
                .map_or(0, |at| at + 1);
            entries.insert(
                after_type,
                (
                    Key {
                        text: "name".to_owned(),
                        span: 0..0,
                    },
                    scalar(name),
                ),
            );
        }
    }
}

/// The sections in the order of the documentation.
fn order(root: &mut Node) {
    if let Kind::Mapping(entries) = &mut root.kind {
        entries.sort_by_key(|(key, _)| schema::KEYS.iter().position(|known| *known == key.text));
    }
}

fn write(node: &Node, indent: usize, text: &mut String) {
    match &node.kind {
        Kind::Scalar { .. } => {}
        Kind::Mapping(entries) => {
            for (position, (key, value)) in entries.iter().enumerate() {
                // The first key of an item stands behind its dash.
                if position > 0 || !text.ends_with("- ") {
                    text.push_str(&" ".repeat(indent));
                }
                text.push_str(&word(&key.text, false));
                text.push(':');
                write_value(value, indent + 2, text);
            }
        }
        Kind::Sequence(items) => {
            for item in items {
                text.push_str(&" ".repeat(indent));
                text.push('-');
                match &item.kind {
                    Kind::Mapping(entries) if !entries.is_empty() => {
                        text.push(' ');
                        write(item, indent + 2, text);
                    }
                    _ => write_value(item, indent + 2, text),
                }
            }
        }
    }
}

fn write_value(value: &Node, indent: usize, text: &mut String) {
    match &value.kind {
        Kind::Scalar { text: scalar, quoted } if scalar.is_empty() && !quoted => text.push('\n'),
        Kind::Scalar { text: scalar, quoted } => {
            text.push(' ');
            text.push_str(&word(scalar, *quoted));
            text.push('\n');
        }
        Kind::Mapping(entries) if entries.is_empty() => text.push_str(" {}\n"),
        Kind::Sequence(items) if items.is_empty() => text.push_str(" []\n"),
        Kind::Mapping(_) | Kind::Sequence(_) => {
            text.push('\n');
            write(value, indent, text);
        }
    }
}

/// Plain where that means the same, else in double quotes. JSON's strings are YAML's.
fn word(text: &str, quoted: bool) -> String {
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '$' | '{' | '}' | '~' | '+')
    };
    let begins = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '$' | '~' | '-'));
    if !quoted
        && begins
        && text.chars().all(plain)
        && !text.ends_with(':')
        && text != "-"
        && !text.starts_with("---")
    {
        return text.to_owned();
    }
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}
