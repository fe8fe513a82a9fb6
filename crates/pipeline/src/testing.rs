//! For tests of the crates above: a pipeline file as an editor sees it.

use collector_core::table;

use super::problems::Problems;
use super::yaml;

/// The values of a text as they are written: references are not resolved, no default is filled in.
///
/// # Panics
///
/// The text is no YAML.
pub fn document(text: &str) -> serde_json::Value {
    let mut problems = Problems::default();
    let root = yaml::parse(text, &mut problems, &mut Vec::new());
    let document = root.and_then(|root| table::read(&root).ok());
    match document {
        Some(document) if problems.is_empty() => document,
        _ => panic!("{problems:?}"),
    }
}
