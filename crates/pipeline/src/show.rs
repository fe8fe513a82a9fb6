//! `check --show`: what a pipeline file says, as a pipeline file again, with its defaults and without its secrets.
//!
//! The types that read the file write it. Beside them goes the tree of the file, for what no type knows: the order of
//! its keys, its quotes, what came from outside, and which of its texts are secret.

use collector_core::table::{self, Kind, Node, Span};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::logins;
use super::secrets::{self, HIDDEN};
use super::{Pipeline, schema};

/// The file as it was understood, in YAML: every default is written out, secrets are hidden, and what comes from
/// outside stands there as its reference.
pub fn show(pipeline: &Pipeline) -> String {
    pipeline.shown.clone()
}

/// What a table or list that was found right says, with its defaults; null where there is none.
pub(super) fn typed<T: DeserializeOwned + Serialize>(node: Option<&Node>) -> Value {
    let read: Option<T> = node.and_then(|node| table::read(node).ok());
    serde_json::to_value(read).unwrap_or_default()
}

/// The sections of a file in YAML, in the order of the documentation.
pub(super) fn text(sections: &Value, raw: &Node, secrets: &[Span]) -> String {
    let mut writer = Writer {
        secrets,
        text: String::new(),
    };
    for key in schema::KEYS {
        writer.entry(key, &sections[key], raw.get(key), 0);
    }
    writer.text
}

struct Writer<'a> {
    secrets: &'a [Span],
    text: String,
}

impl Writer<'_> {
    fn entry(&mut self, key: &str, value: &Value, raw: Option<&Node>, indent: usize) {
        if value.is_null() {
            return;
        }
        // The first key of an item stands behind its dash.
        if !self.text.ends_with("- ") {
            self.text.push_str(&" ".repeat(indent));
        }
        self.text.push_str(&word(key, false));
        self.text.push(':');
        self.value(value, raw, indent + 2);
    }

    /// Behind a key or a dash.
    fn value(&mut self, value: &Value, raw: Option<&Node>, indent: usize) {
        let is_reference = raw.is_some_and(refers);
        match value {
            Value::Object(entries) if !entries.is_empty() && !is_reference => {
                self.text.push('\n');
                self.table(entries, raw, indent);
            }
            Value::Array(items) if !items.is_empty() && !is_reference => {
                self.text.push('\n');
                self.list(items, raw, indent);
            }
            _ => {
                let scalar = self.scalar(value, raw);
                self.text.push_str(&format!(" {scalar}\n"));
            }
        }
    }

    fn table(&mut self, entries: &Map<String, Value>, raw: Option<&Node>, indent: usize) {
        let own = raw.and_then(Node::entries).unwrap_or_default();
        let own = own.iter().map(|(key, _)| key.text.as_str());
        let is_named = own.clone().any(|key| key == "name");
        let first = ["type"].into_iter().chain((!is_named).then_some("name"));
        let rest = entries.keys().map(String::as_str);
        let mut written = Vec::new();
        for key in first.chain(own.clone()).chain(rest) {
            if !written.contains(&key)
                && let Some(value) = entries.get(key)
            {
                self.entry(key, value, raw.and_then(|raw| raw.get(key)), indent);
                written.push(key);
            }
        }
    }

    fn list(&mut self, items: &[Value], raw: Option<&Node>, indent: usize) {
        let own = raw.and_then(Node::items).unwrap_or_default();
        // A type may bring its items into an order of its own, in which nobody finds the references.
        let as_written: Vec<Value> = own.iter().map_while(Node::as_text).map(Value::from).collect();
        let is_as_written = as_written.len() == own.len() && own.iter().any(refers);
        let items = if is_as_written { &as_written } else { items };
        for (index, item) in items.iter().enumerate() {
            self.text.push_str(&" ".repeat(indent));
            self.text.push('-');
            match item {
                Value::Object(entries) if !entries.is_empty() => {
                    self.text.push(' ');
                    self.table(entries, own.get(index), indent + 2);
                }
                _ => self.value(item, own.get(index), indent + 2),
            }
        }
    }

    fn scalar(&self, value: &Value, raw: Option<&Node>) -> String {
        let (written, quoted) = match raw.map(|raw| &raw.kind) {
            Some(Kind::Scalar { text, quoted }) => (text.as_str(), *quoted),
            _ => ("", false),
        };
        let is_secret = raw.is_some_and(|raw| self.secrets.contains(&raw.span));
        match value {
            _ if raw.is_some_and(refers) && (!is_secret || secrets::is_reference(written)) => {
                word(&logins::hide(written), quoted)
            }
            // A type may know how to cover its secret, so that the rest of it can be seen.
            Value::String(text) if is_secret && text.ends_with(HIDDEN) => word(text, true),
            _ if is_secret => word(HIDDEN, true),
            Value::String(text) => word(
                &logins::hide(text),
                quoted || (text != written && is_ambiguous(text)),
            ),
            Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
            other => other.to_string(),
        }
    }
}

/// Whether this is a text that refers to what is outside of the file, or escapes it.
fn refers(node: &Node) -> bool {
    node.as_text().is_some_and(|text| text.contains("${"))
}

/// Whether a text without quotes is something else for who takes anything.
fn is_ambiguous(text: &str) -> bool {
    let is_bool = matches!(text.to_lowercase().as_str(), "true" | "false");
    is_bool || text.parse::<f64>().is_ok() || Node::scalar(text, 0..0).is_null()
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
