//! The lists of the pipeline file: accounts, vehicles, sources, sinks.

use collector_core::table::{Kind, Node};

use super::problems::Problems;

/// What was read of one item, with the tree that knows its places.
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) node: Node,
}

pub(super) struct Section<T> {
    pub(super) items: Vec<Placed<T>>,
    /// Whether every item could be read, so that what is missing is really missing.
    pub(super) complete: bool,
}

impl<T> Section<T> {
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.items.iter().map(|item| &item.value)
    }

    pub(super) fn into_values(self) -> Vec<T> {
        self.items.into_iter().map(|item| item.value).collect()
    }
}

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            complete: false,
        }
    }
}

/// The items of a list that must be there and have something in it; the mistake shows `example`.
pub(super) fn items<'n>(
    root: &'n Node,
    key: &str,
    example: &str,
    problems: &mut Problems,
) -> Option<&'n [Node]> {
    let help = format!("write for example:\n\n{example}");
    let Some((place, list)) = root.entry(key) else {
        problems
            .add(&root.span, format!("there are no `{key}`"))
            .help(help);
        return None;
    };
    match &list.kind {
        Kind::Sequence(items) if !items.is_empty() => Some(items),
        Kind::Sequence(_) => {
            problems
                .add(&place.span, format!("`{key}` is an empty list"))
                .help(help);
            None
        }
        Kind::Scalar { .. } if list.is_null() => {
            problems
                .add(&place.span, format!("there are no `{key}`"))
                .help(help);
            None
        }
        _ => {
            problems
                .add(
                    &list.span,
                    format!("`{key}` is a list: each item begins with `- `"),
                )
                .help(help);
            None
        }
    }
}

/// Whether an item is a table; the mistake where it is not.
pub(super) fn is_table(item: &Node, what: &str, problems: &mut Problems) -> bool {
    if matches!(item.kind, Kind::Mapping(_)) {
        return true;
    }
    problems
        .add(&item.span, format!("{what} is a table of `key: value` lines"))
        .help("write `- ` in front of the first key, and indent the others like it");
    false
}
