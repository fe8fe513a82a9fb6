//! A tree of what the pipeline file says, in which every node knows its place in the text.
//!
//! The engine parses YAML into it, each plugin reads its own table out of it with serde, and every mistake
//! still points at the characters that caused it. It knows nothing of YAML.

mod de;
mod read;

use std::ops::Range;

pub use read::{Mistake, listed, read, read_rest, suggest};

/// A range of bytes of the pipeline file.
pub type Span = Range<usize>;

/// One value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Of a scalar, its text; of a mapping or sequence, where it begins: its first key or item.
    pub span: Span,
    pub kind: Kind,
}

/// What a node holds. Scalars keep their text: what it means depends on the type that is asked for, so that
/// a `String` may be written `no`, `1.10` or `0123`.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `quoted` scalars are text and nothing else.
    Scalar {
        text: String,
        quoted: bool,
    },
    Sequence(Vec<Node>),
    /// In the order of the file. Keys are unique.
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

impl Node {
    pub fn scalar(text: impl Into<String>, span: Span) -> Self {
        Self {
            span,
            kind: Kind::Scalar {
                text: text.into(),
                quoted: false,
            },
        }
    }

    /// The value of a key; `None` where this is no mapping or has no such key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key of this mapping with its place and value.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.entries()?.iter().find(|(k, _)| k.text == key)
    }

    /// The keys of a mapping with their values.
    pub fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.kind {
            Kind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The text of a scalar.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Nothing, as YAML writes it: an empty plain scalar, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The place that a dotted path such as `tags.vehicle` or `columns.2` names, or as far as it exists.
    pub fn locate(&self, path: &str) -> Span {
        let mut node = self;
        let mut span = self.span.clone();
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let next = match &node.kind {
                Kind::Mapping(_) => node.get(step),
                Kind::Sequence(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
                Kind::Scalar { .. } => None,
            };
            let Some(next) = next else { break };
            node = next;
            span = next.span.clone();
        }
        span
    }
}
