//! The lists of the pipeline file: accounts, vehicles, sources, sinks.

use std::path::{Path, PathBuf};

use collector_core::table::{Key, Kind, Node, Span, suggest};

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

    /// Of the items that can be read.
    pub(super) fn of(items: &[Node], read: impl FnMut(&Node) -> Option<Placed<T>>) -> Self {
        let read: Vec<_> = items.iter().filter_map(read).collect();
        Self {
            complete: !items.is_empty() && read.len() == items.len(),
            items: read,
        }
    }

    pub(super) fn into_values(self) -> Vec<T> {
        self.items.into_iter().map(|item| item.value).collect()
    }
}

/// The items of a list that must be there and have something in it: none after the mistake, which shows `example`.
pub(super) fn items<'n>(root: &'n Node, key: &str, example: &str, problems: &mut Problems) -> &'n [Node] {
    let (place, message) = match root.entry(key).map(|(place, list)| (&place.span, list)) {
        None => (&root.span, format!("there are no `{key}`")),
        Some((place, list)) => match &list.kind {
            Kind::Sequence(items) if !items.is_empty() => return items,
            Kind::Sequence(_) => (place, format!("`{key}` is an empty list")),
            _ if list.is_null() => (place, format!("there are no `{key}`")),
            _ => (
                &list.span,
                format!("`{key}` is a list: each item begins with `- `"),
            ),
        },
    };
    problems
        .add(place, message)
        .help(format!("write for example:\n\n{example}"));
    &[]
}

/// The items of a list that may be left out or empty: none after the mistake, which shows `example`.
pub(super) fn optional<'n>(root: &'n Node, key: &str, example: &str, problems: &mut Problems) -> &'n [Node] {
    let Some(node) = root.get(key).filter(|node| !node.is_null()) else {
        return &[];
    };
    node.items().unwrap_or_else(|| {
        let message = format!("`{key}` is a list: each item begins with `- `");
        let help = format!("write for example:\n\n{example}");
        problems.add(&node.span, message).help(help);
        &[]
    })
}

/// The `type` of an item that is a table, one of these `names`; the mistake otherwise.
pub(super) fn type_of<'n>(
    item: &'n Node,
    kind: &str,
    names: &[&str],
    possible: &str,
    problems: &mut Problems,
) -> Option<&'n str> {
    let Some(entry @ (_, node)) = item.entry("type") else {
        let message = format!("this {kind} has no `type`");
        let help = format!("add `type: …`; possible are {possible}");
        return problems.refuse(&item.span, message, help);
    };
    let Some(word) = node.as_text().filter(|_| !node.is_null()) else {
        let place = if node.is_null() { &entry.0.span } else { &node.span };
        return problems.refuse(place, "`type` is one word", format!("possible are {possible}"));
    };
    if names.contains(&word) {
        return Some(word);
    }
    let message = format!("there is no {kind} of type `{word}`");
    problems.refuse(&node.span, message, suggest(word, names))
}

/// Where a value stands; its key where nothing is written.
pub(super) fn written((key, value): &(Key, Node)) -> &Span {
    if value.span.is_empty() {
        &key.span
    } else {
        &value.span
    }
}

/// A path of the file, which begins in `base_dir` if it is relative.
pub(super) fn absolute(base_dir: &Path, path: &Path) -> PathBuf {
    let path = base_dir.join(path);
    std::path::absolute(&path).unwrap_or(path)
}

/// Whether an item is a table; the mistake where it is not.
pub(super) fn is_table(item: &Node, what: &str, problems: &mut Problems) -> bool {
    if matches!(item.kind, Kind::Mapping(_)) {
        return true;
    }
    let help = "write `- ` in front of the first key, and indent the others like it";
    let message = format!("{what} is a table of `key: value` lines");
    problems.add(&item.span, message).help(help);
    false
}
