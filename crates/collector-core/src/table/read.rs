//! Reading a type out of a table with every mistake reported, not only the first.

use serde::de::DeserializeOwned;

use super::{Key, Kind, Node, Span};

/// A mistake in the pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub span: Span,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Reads a `T` out of `node`.
pub fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Vec<Mistake>> {
    match read_rest(&mut node.clone()) {
        (Some(value), mistakes) if mistakes.is_empty() => Ok(value),
        (_, mistakes) => Err(mistakes),
    }
}

/// Reads a `T` out of what is right of `node`. serde stops at the first mistake, so each one found is cut out of the
/// table and the table is read again, until it reads well or nothing more can be cut: then there is no `T`.
pub fn read_rest<T: DeserializeOwned>(node: &mut Node) -> (Option<T>, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let mut removed: Vec<String> = Vec::new();
    loop {
        let error = match T::deserialize(&*node) {
            Ok(value) => return (Some(value), mistakes),
            Err(error) => error,
        };
        let span = error.span.unwrap_or_else(|| node.span.clone());
        // A key that was cut out for a mistake of its own is not missing.
        let is_cut = |key: &str| removed.iter().any(|cut| cut == key);
        if !error.missing.is_some_and(is_cut) {
            mistakes.push(Mistake {
                span: span.clone(),
                message: error.message,
                help: error.help,
            });
        }
        // Nothing behind a missing key can be read, so this is the last round.
        match cut(node, &span) {
            Some(key) if error.missing.is_none() => removed.push(key),
            _ => return (None, mistakes),
        }
    }
}

/// Removes the entry or item at `span`; the key it stood under, or an empty text for an item of a list.
fn cut(node: &mut Node, span: &Span) -> Option<String> {
    match &mut node.kind {
        Kind::Scalar { .. } => None,
        Kind::Sequence(items) => {
            if let Some(position) = items.iter().position(|item| is_leaf_at(item, span)) {
                items.remove(position);
                return Some(String::new());
            }
            items.iter_mut().find_map(|item| cut(item, span))
        }
        Kind::Mapping(entries) => {
            let here = |(key, value): &(Key, Node)| key.span == *span || is_leaf_at(value, span);
            if let Some(position) = entries.iter().position(here) {
                return Some(entries.remove(position).0.text);
            }
            if let Some(key) = entries.iter_mut().find_map(|(_, value)| cut(value, span)) {
                return Some(key);
            }
            // A mapping or list of the wrong kind: its place is its first key or item.
            let position = entries.iter().position(|(_, value)| value.span == *span)?;
            Some(entries.remove(position).0.text)
        }
    }
}

fn is_leaf_at(node: &Node, span: &Span) -> bool {
    matches!(node.kind, Kind::Scalar { .. }) && node.span == *span
}

/// "did you mean …?" for a near miss, else all that is possible.
pub fn suggest<S: AsRef<str>>(word: &str, expected: &[S]) -> String {
    let word = word.to_lowercase();
    let candidates = expected.iter().map(AsRef::as_ref);
    let near = candidates
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None if expected.is_empty() => "nothing can stand here".to_owned(),
        None => format!("possible are {}", listed(expected)),
    }
}

/// The words one after the other, each in back quotes.
pub fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    quoted.join(", ")
}
