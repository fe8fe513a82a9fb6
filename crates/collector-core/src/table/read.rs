//! Reading a type out of a table with every mistake reported, not only the first.

use serde::de::DeserializeOwned;

use super::de::MistakeKind;
use super::{Kind, Node, Span};

/// A mistake in the pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub span: Span,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Mistake {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads a `T` out of `node`. serde stops at the first mistake, so each one found is cut out of a copy of
/// the table and the copy is read again, until it reads well or nothing more can be cut.
pub fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Vec<Mistake>> {
    let mut copy = node.clone();
    let mut mistakes = Vec::new();
    let mut removed: Vec<String> = Vec::new();
    loop {
        let error = match T::deserialize(&copy) {
            Ok(value) if mistakes.is_empty() => return Ok(value),
            Ok(_) => return Err(mistakes),
            Err(error) => error,
        };
        let span = error.span.unwrap_or_else(|| node.span.clone());
        if let MistakeKind::MissingKey { key } = &error.kind {
            // A key that was cut out for a mistake of its own is not missing. Nothing behind a missing key
            // can be read, so this is the last round.
            if !removed.contains(key) {
                mistakes.push(describe(&error.kind, span));
            }
            return Err(mistakes);
        }
        mistakes.push(describe(&error.kind, span.clone()));
        match cut(&mut copy, &span) {
            Some(key) => removed.push(key),
            None => return Err(mistakes),
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
            let here = |(key, value): &(super::Key, Node)| key.span == *span || is_leaf_at(value, span);
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

fn describe(kind: &MistakeKind, span: Span) -> Mistake {
    match kind {
        MistakeKind::UnknownKey { key, expected } => {
            Mistake::new(span, format!("unknown key `{key}`")).help(suggest(key, expected))
        }
        MistakeKind::UnknownWord { word, expected } => {
            Mistake::new(span, format!("`{word}` is not possible here")).help(suggest(word, expected))
        }
        MistakeKind::MissingKey { key } => {
            Mistake::new(span, format!("`{key}` is missing")).help(format!("add `{key}: …` to this table"))
        }
        MistakeKind::Other { message } => Mistake::new(span, message.clone()),
    }
}

/// "did you mean …?" for a near miss, else all that is possible.
pub fn suggest(word: &str, expected: &[String]) -> String {
    let near = expected
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None if expected.is_empty() => "nothing can stand here".to_owned(),
        None => format!(
            "possible are {}",
            expected
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}
