//! What only one sink can use: a folder, a database.

use std::path::{Component, Path, PathBuf};

use collector_core::table::{Node, Span};
use collector_core::{Exclusive, Name};

use super::problems::Problems;

/// Gives every sink what it has for itself; the mistake where another has it. Relative paths begin in `base_dir`; each
/// sink comes with its table.
pub(super) fn check<'a>(
    sinks: impl Iterator<Item = (&'a Name, &'a Exclusive, &'a Node)>,
    base_dir: &Path,
    problems: &mut Problems,
) {
    let mut taken: Vec<(PathBuf, &Name, &Span)> = Vec::new();
    for (sink, Exclusive { key, path }, item) in sinks {
        let own = normal(&base_dir.join(path));
        let written = item.entry(key).map_or(&item.span, |(key, _)| &key.span);
        let Some((_, first, span)) = taken.iter().find(|(taken, ..)| *taken == own) else {
            taken.push((own, sink, written));
            continue;
        };
        // A merged key stands at the first sink.
        let here = if written == *span { &item.span } else { written };
        let message = format!("the sinks `{first}` and `{sink}` write to the same place");
        let help = format!("give `{sink}` a `{key}` of its own, or remove one of the two");
        problems.add(here, message).help(help).also(span, "the first one");
    }
}

/// The path without `.` and `..`, by its text alone: what does not exist yet has a path as well.
fn normal(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut normal = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_can_be_written_in_many_ways() {
        for path in ["/b/d", "/b/d/", "/b/./d", "/b/x/../d", "/b//d/.", "/../b/d"] {
            assert_eq!(normal(Path::new(path)), Path::new("/b/d"), "{path}");
        }
        assert_ne!(normal(Path::new("/b/D")), Path::new("/b/d"));
    }
}
