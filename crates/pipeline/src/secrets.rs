//! Which parts of the pipeline file must not be shown: what a plugin calls a secret, and what looks like one.

use cardata_auth::ClientId;
use collector_core::table::{Key, Kind, Node, Span};
use serde_json::Value;

/// Words in keys whose values are taken for secrets, wherever they stand.
const SECRET_WORDS: [&str; 7] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "api_key",
    "authorization",
];

const CLIENT_ID: &str = "client_id";

/// Stands for a secret.
pub(super) const HIDDEN: &str = "***";

/// The places of all secrets of a tree, by the schema.
pub(super) fn find(root: &Node, schema: &Value) -> Vec<Span> {
    let mut found = Vec::new();
    visit(root, &[schema], &mut found);
    found
}

fn visit(node: &Node, schemas: &[&Value], found: &mut Vec<Span>) {
    let alternatives = alternatives(schemas, node);
    if alternatives.iter().any(|schema| schema["writeOnly"] == true) {
        return mark(node, found);
    }
    match &node.kind {
        Kind::Scalar { .. } => {}
        Kind::Sequence(items) => {
            let below: Vec<_> = alternatives
                .iter()
                .flat_map(|schema| schema.get("items"))
                .collect();
            items.iter().for_each(|item| visit(item, &below, found));
        }
        Kind::Mapping(entries) => {
            let has_secret = alternatives.iter().any(|schema| has_secret(schema));
            for (key, value) in entries {
                let below = alternatives
                    .iter()
                    .filter_map(|schema| property(schema, &key.text));
                let below: Vec<_> = below.collect();
                // A key that is misspelt may well be that of the secret.
                if is_named_so(key, value) || (below.is_empty() && has_secret && key.text != "type") {
                    mark(value, found);
                } else {
                    visit(value, &below, found);
                }
            }
        }
    }
}

/// The schema of a key: its own, or that of the keys that the user chooses.
fn property<'s>(schema: &'s Value, key: &str) -> Option<&'s Value> {
    let any = schema
        .get("additionalProperties")
        .filter(|schema| schema.is_object());
    schema["properties"].get(key).or(any)
}

/// The schemas that a node may be meant for, `anyOf` and the like resolved.
fn alternatives<'s>(schemas: &[&'s Value], node: &Node) -> Vec<&'s Value> {
    let mut found: Vec<&'s Value> = Vec::new();
    for schema in schemas {
        found.push(schema);
        for word in ["anyOf", "oneOf", "allOf"] {
            let inner = schema.get(word).and_then(Value::as_array).into_iter().flatten();
            let chosen: Vec<_> = inner.clone().filter(|schema| is_chosen(schema, node)).collect();
            let meant = if chosen.is_empty() {
                inner.collect()
            } else {
                chosen
            };
            found.extend(alternatives(&meant, node));
        }
    }
    found
}

/// Whether a table's `type` is the one of this schema.
fn is_chosen(schema: &Value, node: &Node) -> bool {
    let wanted = schema["properties"]["type"]["const"].as_str();
    wanted.is_some() && wanted == node.get("type").and_then(Node::as_text)
}

fn has_secret(schema: &Value) -> bool {
    let mut properties = schema["properties"].as_object().into_iter().flatten();
    properties.any(|(_, property)| property["writeOnly"] == true)
}

/// Whether a key says that its value is secret. A client id is none, but what else stands in its place may be a
/// token that was pasted by mistake.
fn is_named_so(key: &Key, value: &Node) -> bool {
    let key = key.text.to_lowercase();
    let is_client_id = key.replace('-', "_") == CLIENT_ID;
    SECRET_WORDS.iter().any(|word| key.contains(word))
        || (is_client_id && !value.as_text().is_some_and(is_client_id_text))
}

/// Whether this is a client id, or a reference to one.
fn is_client_id_text(text: &str) -> bool {
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let default = inner.and_then(|inner| inner.split_once(":-"));
    let text = default.map_or(text, |(_, default)| default);
    is_reference(text) || text.parse::<ClientId>().is_ok()
}

/// Marks a value that is in no tree, if its key says that it is secret.
pub(super) fn mark_if_named_so(key: &Key, value: &Node, found: &mut Vec<Span>) {
    if is_named_so(key, value) {
        mark(value, found);
    }
}

fn mark(node: &Node, found: &mut Vec<Span>) {
    match &node.kind {
        Kind::Scalar { .. } if !node.span.is_empty() => found.push(node.span.clone()),
        Kind::Scalar { .. } => {}
        Kind::Sequence(items) => items.iter().for_each(|item| mark(item, found)),
        Kind::Mapping(entries) => entries.iter().for_each(|(_, value)| mark(value, found)),
    }
}

/// The values of keys that look secret, in a text that need not be YAML, to the end of their lines.
pub(super) fn find_in_text(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        for word in SECRET_WORDS.into_iter().chain([CLIENT_ID]) {
            for (position, _) in lower.match_indices(word) {
                let Some(colon) = line[position..].find(':') else {
                    continue;
                };
                let value = position + colon + 1;
                let written = line[value..].trim_end();
                let blank = written.len() - written.trim_start().len();
                let span = start + value + blank..start + value + written.len();
                let written = &text[span.clone()];
                let is_client_id = word == CLIENT_ID && is_client_id_text(written.trim_matches(['"', '\'']));
                if !written.is_empty() && !is_reference(written) && !is_client_id {
                    found.push(span);
                }
            }
        }
        start += line.len();
    }
    found
}

/// Shorter secrets are parts of too many words to be looked for where nothing says that they are secret.
const RECOGNISABLE: usize = 8;

/// The secrets that stand in the text itself, without their quotes.
pub(super) fn literals<'t>(text: &'t str, secrets: &[Span]) -> Vec<&'t str> {
    let written = secrets.iter().filter_map(|secret| text.get(secret.clone()));
    let bare = written
        .flat_map(str::lines)
        .map(|line| line.trim().trim_matches(['"', '\'']));
    bare.filter(|secret| secret.chars().count() >= RECOGNISABLE && !is_reference(secret))
        .collect()
}

/// Where the secrets of a text stand once more, such as under the wrong key.
pub(super) fn repeated(text: &str, secrets: &[Span]) -> Vec<Span> {
    let found = literals(text, secrets)
        .into_iter()
        .flat_map(|secret| text.match_indices(secret).map(|(at, found)| at..at + found.len()));
    found.collect()
}

/// Whether a value is nothing but `${NAME}`, which tells no secret; a default in it may.
pub(super) fn is_reference(written: &str) -> bool {
    let bare = written.trim().trim_matches(['"', '\'']);
    let inner = bare.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| {
        let default = inner.split_once(":-").map_or("", |(_, default)| default);
        !inner.contains('}') && default.is_empty()
    })
}

/// The text with its secrets covered; every offset outside of them stays as it is.
pub(super) fn cover(text: &str, secrets: &[Span]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for secret in secrets {
        if text.get(secret.clone()).is_none_or(is_reference) {
            continue;
        }
        for (offset, byte) in bytes[secret.clone()].iter_mut().enumerate() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = if offset < HIDDEN.len() { b'*' } else { b' ' };
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covering_keeps_offsets_and_references() {
        let text = "a: hünter2 # c\nb: ${B}\n";
        let covered = cover(text, &[3..11, 19..23]);
        assert_eq!(covered, "a: ***      # c\nb: ${B}\n");
        assert_eq!(covered.len(), text.len());
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        let text = "token: 'hunter2-1'\nname: xhunter2-1x\nother: short\n";
        assert_eq!(literals(text, &[7..18, 44..49]), ["hunter2-1"]);
        assert_eq!(repeated(text, std::slice::from_ref(&(7..18))), [8..17, 26..35]);
    }

    #[test]
    fn secrets_are_found_in_what_is_no_yaml() {
        let text = "token: abc\nx: [\n  Password : \"d e\"\n  token: ${T}\n  a_secret:\n\
                    client_id: x\nclient_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n";
        let found: Vec<&str> = find_in_text(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["abc", "\"d e\"", "x"]);
    }
}
