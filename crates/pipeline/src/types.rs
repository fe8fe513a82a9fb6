//! `types`: what descriptors are that are in no catalogue, where somebody knows better than their first value.

use std::collections::BTreeMap;
use std::sync::Arc;

use collector_core::scalar::Wrong;
use collector_core::table::{Node, suggest};
use collector_core::{Glob, ValueType, written_as_text};

use super::problems::Problems;

const WORDS: [(&str, ValueType); 4] = [
    ("number", ValueType::Number),
    ("text", ValueType::Text),
    ("boolean", ValueType::Bool),
    ("timestamp", ValueType::Timestamp),
];

/// The section.
pub(super) type Types = BTreeMap<NewDescriptor, Word>;

/// A descriptor that no catalogue has.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NewDescriptor(String);

/// A type as the file names it.
pub(super) struct Word(ValueType);

written_as_text!(NewDescriptor, new_descriptor, |descriptor| descriptor.0.clone(), { "type": "string" });
written_as_text!(Word, word, |word| name(word.0).to_owned(), { "enum": WORDS.map(|(name, _)| name) });

fn new_descriptor(text: &str) -> Result<NewDescriptor, Wrong> {
    let named = |entry: &&catalogue::CatalogueEntry| entry.descriptor == text || entry.name == text;
    if let Some(entry) = catalogue::CATALOGUE.iter().find(named) {
        let message = format!(
            "`{text}` is in the catalogue, and is of the type {} for ever",
            name(entry.value_type)
        );
        return Err(
            Wrong::new(message).help("remove it: `types` is for descriptors that the catalogue lacks")
        );
    }
    let glob = Glob::new(text);
    if !text.starts_with("vehicle.") || !glob.fits_descriptors() || glob.has_wildcard() {
        let help = "write it as BMW does, whole and without `*`, such as `vehicle.some.newKey`";
        return Err(Wrong::new(format!("`{text}` is no descriptor")).help(help));
    }
    Ok(NewDescriptor(text.to_owned()))
}

fn word(text: &str) -> Result<Word, Wrong> {
    let found = WORDS.iter().find(|(name, _)| *name == text);
    let wrong =
        || Wrong::new(format!("there is no type `{text}`")).help(suggest(text, &WORDS.map(|(name, _)| name)));
    found.map(|(_, value_type)| Word(*value_type)).ok_or_else(wrong)
}

fn name(of: ValueType) -> &'static str {
    let found = WORDS.iter().find(|(_, value_type)| *value_type == of);
    found.map_or("", |(name, _)| name)
}

pub(super) fn read(root: &Node, problems: &mut Problems) -> Arc<BTreeMap<String, ValueType>> {
    let node = root.get("types").cloned();
    let types: Types = node
        .and_then(|mut node| problems.read(&mut node))
        .unwrap_or_default();
    Arc::new(
        types
            .into_iter()
            .map(|(descriptor, word)| (descriptor.0, word.0))
            .collect(),
    )
}
